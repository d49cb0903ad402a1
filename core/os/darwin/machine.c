/*
 * getrusage of macOS counts bytes. All arm64 processors of Macs compute CRC-32.
 */
#include "os/machine.h"

#include <sys/resource.h>

uint64_t os_peak_memory(void)
{
    struct rusage usage;

    return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_maxrss : 0;
}

bool os_has_arm_crc32(void)
{
#ifdef __aarch64__
    return true;
#else
    return false;
#endif
}
