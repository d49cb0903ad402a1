/*
 * heap - the bytes that a test has allocated, for tests of bounds.
 */
#ifndef S3DOCK_TESTS_KIT_HEAP_H
#define S3DOCK_TESTS_KIT_HEAP_H

#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

/* glibc counts its allocations; its first function for that has numbers of 32 bits. Other C
 * libraries do not count, so the memory of the whole process must do there. */
static inline size_t heap_used(void)
{
#if defined __GLIBC__ && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
#elif defined __GLIBC__
    struct mallinfo info = mallinfo();

    return (size_t)(unsigned)info.uordblks + (size_t)(unsigned)info.hblkhd;
#else
    unsigned long whole, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file && fscanf(file, "%lu %lu", &whole, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
#endif
}

#endif
