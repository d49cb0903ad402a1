/*
 * Large blocks are mapped, and returned to the system when they are freed. Without a fixed
 * threshold glibc raises it after the first large block. All threads share one heap: a heap for
 * each thread keeps its free memory. musl has no such rules, and returns large blocks by itself.
 */
#include "os/memory.h"

#include <malloc.h>
#include <string.h>
#include <sys/mman.h>

#define MMAP_THRESHOLD (128 * 1024)

int os_memory_file(void)
{
    return memfd_create("s3dock", MFD_CLOEXEC);
}

void os_wipe(void *data, size_t size)
{
    explicit_bzero(data, size);
}

#ifdef __GLIBC__

void os_heap_limit(void)
{
    mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
    mallopt(M_TRIM_THRESHOLD, MMAP_THRESHOLD);
    mallopt(M_ARENA_MAX, 1);
}

void os_heap_trim(void)
{
    malloc_trim(0);
}

#else

void os_heap_limit(void)
{
}

void os_heap_trim(void)
{
}

#endif
