/*
 * The peak of memory is read from /proc where it is mounted: getrusage counts memory that the
 * parent process had before it started this program.
 */
#include "os/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>

/* Returns the peak of memory; 0: unknown. */
static uint64_t high_water_mark(void)
{
    char line[128];
    unsigned long long kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "re");

    if (!file)
        return 0;
    while (!kilobytes && fgets(line, sizeof line, file))
        if (strncmp(line, "VmHWM:", 6) == 0)
            kilobytes = strtoull(line + 6, NULL, 10);
    fclose(file);
    return (uint64_t)kilobytes * 1024;
}

uint64_t os_peak_memory(void)
{
    struct rusage usage;
    uint64_t peak = high_water_mark();

    if (peak || getrusage(RUSAGE_SELF, &usage) != 0)
        return peak;
    return (uint64_t)usage.ru_maxrss * 1024;
}

bool os_has_arm_crc32(void)
{
#ifdef __aarch64__
    return getauxval(AT_HWCAP) & HWCAP_CRC32;
#else
    return false;
#endif
}
