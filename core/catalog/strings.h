/*
 * strings - many short strings at their length, freed at once.
 */
#ifndef S3DOCK_CATALOG_STRINGS_H
#define S3DOCK_CATALOG_STRINGS_H

#include <stddef.h>

struct err;

struct strings {
    struct strings_block *newest; /* zero: none */
};

/* Copies the text. NULL and err when there is no memory. The copy stays in place until
 * strings_finish. */
const char *strings_keep(struct strings *strings, const char *text, struct err *err);
void strings_finish(struct strings *strings);

#endif
