/*
 * Large blocks are mapped, and returned to the system when they are freed. Without a fixed threshold
 * glibc raises it after the first large block. All threads share one heap: a heap for each thread
 * keeps its free memory.
 */
#include "watch/memory.h"

#include <malloc.h>

#define MMAP_THRESHOLD (128 * 1024)

void memory_limit(void)
{
    mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
    mallopt(M_TRIM_THRESHOLD, MMAP_THRESHOLD);
    mallopt(M_ARENA_MAX, 1);
}

void memory_give_back(void)
{
    malloc_trim(0);
}
