/*
 * view - borrowed bytes: a pointer and a size, without ownership.
 */
#ifndef S3DOCK_BASE_VIEW_H
#define S3DOCK_BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes belong to another object and must outlive the view. */
struct view {
    const uint8_t *data;
    size_t size;
};

struct view view_of(const void *data, size_t size);
/* Views a string without its NUL; NULL becomes the empty view. */
struct view view_str(const char *text);
bool view_equals(struct view a, struct view b);
bool view_equals_str(struct view a, const char *text);
/* Returns the first place of the short string `part` in the bytes, or NULL. */
const uint8_t *view_find_str(struct view in, const char *part);

#endif
