/*
 * session_name - the name that STS records for a session of a role.
 */
#ifndef S3DOCK_CREDENTIALS_SESSION_NAME_H
#define S3DOCK_CREDENTIALS_SESSION_NAME_H

#include "base/err.h"

struct aws_system;

#define SESSION_NAME_SIZE 65 /* 2 to 64 characters */

/* Checks a configured name; NULL is allowed. Fails with the given family and code; the message
 * names `setting`. */
int session_name_check(const char *name, enum err_family family, const char *code,
                       const char *setting, struct err *err);
/* Copies a configured name, or makes "s3dock-<seconds since 1970>" for NULL. */
void session_name_make(const char *name, const struct aws_system *system,
                       char out[SESSION_NAME_SIZE]);

#endif
