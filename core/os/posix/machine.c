/*
 * The number of processors that are on is in POSIX since 2024, and in all systems before that.
 */
#include "os/machine.h"

#include <unistd.h>

unsigned os_processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count < 1 ? 1 : (unsigned)count;
}
