/*
 * Anonymous private mappings are in no version of POSIX, but in every Unix system.
 */
#include "os/memory.h"

#include <sys/mman.h>

void *os_map(size_t size)
{
    void *start =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, (off_t)0);

    return start == MAP_FAILED ? NULL : start;
}

void os_unmap(void *start, size_t size)
{
    munmap(start, size);
}
