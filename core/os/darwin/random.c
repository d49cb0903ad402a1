/*
 * The generator of the C library is seeded by the kernel, and cannot fail.
 */
#include "os/random.h"

#include <stdlib.h>

int os_random(void *out, size_t size)
{
    arc4random_buf(out, size);
    return 0;
}
