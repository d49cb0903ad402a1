/*
 * strings - keeps many short strings and frees them together.
 */
#ifndef S3DOCK_CATALOG_STRINGS_H
#define S3DOCK_CATALOG_STRINGS_H

#include <stddef.h>

struct err;

struct strings {
    struct strings_block *newest; /* zero: none */
};

/* Returns a copy of the text, which stays in place until strings_finish. NULL, with err filled: no
 * memory. */
const char *strings_keep(struct strings *strings, const char *text, struct err *err);
void strings_finish(struct strings *strings);

#endif
