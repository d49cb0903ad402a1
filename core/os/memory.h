/*
 * memory - mapped memory, the erasure of secrets, and the heap of a service.
 */
#ifndef S3DOCK_OS_MEMORY_H
#define S3DOCK_OS_MEMORY_H

#include <stddef.h>

/* Maps zeroed pages. A page takes memory when it is touched. Returns NULL and errno on failure. */
void *os_map(size_t size);
/* Unmaps what os_map returned, with the same size. */
void os_unmap(void *start, size_t size);

/* Makes a file in memory, close-on-exec. Returns its descriptor, or -1 and errno. On a system
 * without such files: a file of the temporary folder that has no name. */
int os_memory_file(void);

/* Overwrites a secret with zeros. The compiler does not remove the call. */
void os_wipe(void *data, size_t size);

/* Makes the allocator return freed memory early. Call it before other threads are started. Does
 * nothing where the allocator has no such rule. */
void os_heap_limit(void);
/* Returns free memory of the heap to the system. */
void os_heap_trim(void);

#endif
