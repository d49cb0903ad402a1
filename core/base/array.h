/*
 * array - grows a list of elements of one type.
 */
#ifndef S3DOCK_BASE_ARRAY_H
#define S3DOCK_BASE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Makes room for at least one element behind the first `count`. `items` is the address of the list
 * pointer (T **); `size` is the size of an element. *room is the capacity in elements: at least
 * doubled if the list grows; 0, and a NULL list, at the beginning. New elements are not
 * initialised. Returns false if memory is short; list and room are unchanged then. The caller frees
 * the list.
 */
bool array_reserve(void *items, size_t *room, size_t count, size_t size);

#endif
