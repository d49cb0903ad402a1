/*
 * machine - the processors and the memory of the machine, and the peak memory of this process.
 */
#ifndef S3DOCK_OS_MACHINE_H
#define S3DOCK_OS_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

/* Returns the number of processors that are on; at least 1. */
unsigned os_processors(void);
/* Returns the largest number of bytes of memory that this process has had; 0: unknown. */
uint64_t os_peak_memory(void);
/* Returns true if an arm64 processor computes CRC-32. */
bool os_has_arm_crc32(void);

#endif
