/*
 * warnings - the lines of a text of warnings.
 */
#ifndef S3DOCK_CATALOG_WARNINGS_H
#define S3DOCK_CATALOG_WARNINGS_H

#include "base/bytes.h"

struct err;

/* Appends one line. A line end inside of it, which keys and documents may contain, becomes '?': no
 * key can add a warning of its own. If the text is full, its last line states that. */
void warnings_add(struct text *warnings, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Returns the key of an object for a message of the form "KEY: TEXT"; "" if the text contains the
 * key already, as errors of the store do. */
const char *warnings_key(const char *key, const char *text);
/* Appends the line "KEY: ERROR", or "ERROR" if that contains the key. */
void warnings_add_error(struct text *warnings, const char *key, const struct err *error);

#endif
