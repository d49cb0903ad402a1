/*
 * random - random bytes of the system's generator.
 */
#ifndef S3DOCK_OS_RANDOM_H
#define S3DOCK_OS_RANDOM_H

#include <stddef.h>

/* Fills `out`, at most 256 bytes. Waits until the generator has its seed, after the start of the
 * machine. Returns 0, or -1 if there is no generator. */
int os_random(void *out, size_t size);

#endif
