/*
 * late_error - a daemon that fails in the middle of an export has already said 200: its error is
 * JSON appended to the tar.
 */
#ifndef S3DOCK_MOVE_LATE_ERROR_H
#define S3DOCK_MOVE_LATE_ERROR_H

#include "base/bytes.h"

struct err;

/* `rest`: the bytes at which the stream stopped being a tar. When they are a daemon's error, puts
 * its words into *err (docker.export). Returns whether they are. */
bool late_error(struct view rest, struct err *err);

#endif
