/* The capacity doubles, so that adding n elements one by one copies fewer than 2 n of them. */
#include "base/array.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 16

bool array_reserve(void *items, size_t *room, size_t count, size_t size)
{
    size_t more = *room ? *room : FIRST_ROOM, bytes;
    void *list, *grown;

    if (count < *room)
        return true;
    while (more <= count)
        if (__builtin_mul_overflow(more, (size_t)2, &more))
            return false;
    if (__builtin_mul_overflow(more, size, &bytes)) /* a sanitizer ends reallocarray for it */
        return false;
    memcpy(&list, items, sizeof list); /* the caller's pointer has another type than void * */
    grown = realloc(list, bytes);
    if (!grown)
        return false;
    memcpy(items, &grown, sizeof grown);
    *room = more;
    return true;
}
