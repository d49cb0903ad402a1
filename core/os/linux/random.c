/*
 * getrandom needs no file descriptor and returns up to 256 bytes without interruption.
 */
#include "os/random.h"

#include <sys/random.h>

int os_random(void *out, size_t size)
{
    return getrandom(out, size, 0) == (ssize_t)size ? 0 : -1;
}
