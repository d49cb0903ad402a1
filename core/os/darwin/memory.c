/*
 * The allocator of macOS returns large blocks by itself.
 */
#include "os/memory.h"

#include <malloc/malloc.h>
#include <string.h>

void os_wipe(void *data, size_t size)
{
    memset_s(data, size, 0, size);
}

void os_heap_limit(void)
{
}

void os_heap_trim(void)
{
    malloc_zone_pressure_relief(NULL, 0);
}
