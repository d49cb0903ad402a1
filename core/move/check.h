/*
 * check - the judge in front of a sink: what passes is a whole, verified image, or its end never
 * comes.
 *
 * Bytes go through as they come, except the tar's trailer: that is withheld until every layer, the
 * config and the names were verified. A daemon that was not given the end of its tar loads nothing.
 */
#ifndef S3DOCK_MOVE_CHECK_H
#define S3DOCK_MOVE_CHECK_H

#include <stdint.h>

#include "base/bytes.h"
#include "pack/image.h"

struct err;

struct check;
struct check *check_create(void); /* NULL: out of memory */
void check_destroy(struct check *check);

/* Looks at the next bytes of the stream; *pass is how many of them may go on. (What may not is the
 * beginning of the trailer, and nothing follows it but more of it.) */
int check_feed(struct check *check, struct view bytes, size_t *pass, struct err *err);
/* The stream has ended: verifies the image. *withheld is the number of zero bytes that were held
 * back. */
int check_finish(struct check *check, const struct image_info **info, uint64_t *withheld,
                 struct err *err);

/* Whether all the names in the image mean `reference`, or are `other` (may be NULL), which counts
 * only when it is `reference` with a registry or namespace before it: an image that brings further
 * names would move them on the host it is loaded into. conflict.name otherwise. */
int check_names(const struct image_info *info, const char *reference, const char *other,
                struct err *err);

#endif
