/*
 * splitmix64 is Sebastiano Vigna's generator: one 64-bit word of state.
 */
#include "base/random.h"

#include "base/err.h"
#include "base/hash.h"
#include "os/random.h"

int random_fill(void *out, size_t size, struct err *err)
{
    if (os_random(out, size))
        return err_set(err, ERR_LOCAL, "random", "the system provides no random numbers");
    return 0;
}

int random_hex(char *out, size_t bytes, struct err *err)
{
    uint8_t random[RANDOM_HEX_MAX];

    if (random_fill(random, bytes, err))
        return ERR_FAIL;
    hex_encode(random, bytes, out);
    return 0;
}

uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}
