/*
 * FastCDC: a Gear hash rolls over the bytes (hash = 2 * hash + GEAR[byte], so it depends on the
 * last 64 bytes). A chunk ends where the top bits of the hash are all zero. Normalised chunking:
 * before the average size the mask has two bits more than the average needs, after it two bits
 * fewer. So sizes are close to the average, and few chunks reach the maximum.
 *
 *     0 ......... min - 64 ... min ............ average ................ max
 *       not read    hash only    strict mask       loose mask              cut
 *
 * The hash starts with the 64 bytes before the minimum, so a boundary depends only on the 64 bytes
 * before it. After a difference, two streams have equal chunks again from the first boundary that
 * they share.
 *
 * Zeros drive the hash to a fixed point (-GEAR[0], which matches no mask). From there the chunker
 * measures runs of zeros with wide reads and cuts them at the maximum size.
 */
#include "pack/chunk/chunker.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "pack/chunk/gear.h"

#define WINDOW        64 /* bytes that the hash depends on */
#define NORMALIZATION 2  /* bits; FastCDC's paper recommends two */
#define AVERAGE_LEAST 256
#define ZERO_FIXED    (-GEAR[0])

const struct chunk_params CHUNK_DEFAULT = {16 * KIB, 64 * KIB, 256 * KIB, 16 * KIB};
const struct chunk_params CHUNK_FINE = {16 * KIB, 64 * KIB, 256 * KIB, 8 * KIB};

bool chunk_params_valid(const struct chunk_params *params)
{
    uint32_t average = params->average;

    return average >= AVERAGE_LEAST && (average & (average - 1)) == 0 && params->min >= WINDOW &&
           params->min <= average && average <= params->max && params->max <= CHUNK_MAX_LIMIT;
}

static uint64_t top_bits(unsigned count)
{
    return ~UINT64_C(0) << (64 - count);
}

void chunker_init(struct chunker *chunker, const struct chunk_params *params)
{
    unsigned bits = (unsigned)__builtin_ctz(params->average);

    assert(chunk_params_valid(params));
    chunker->params = *params;
    chunker->mask_small = top_bits(bits + NORMALIZATION);
    chunker->mask_large = top_bits(bits - NORMALIZATION);
    chunker_reset(chunker);
}

void chunker_reset(struct chunker *chunker)
{
    chunker->hash = 0;
    chunker->size = 0;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t zero_run(const uint8_t *bytes, size_t size)
{
    size_t at = 0;

    for (uint64_t word; at + sizeof word <= size; at += sizeof word) {
        memcpy(&word, bytes + at, sizeof word);
        if (word != 0)
            return at;
    }
    return at;
}

/* Rolls over bytes[at .. end) and returns the place after the first boundary, or `end` with *found
 * false. */
static size_t roll(uint64_t *state, uint64_t mask, const uint8_t *bytes, size_t at, size_t end,
                   bool *found)
{
    uint64_t hash = *state;

    *found = true;
#define STEP(i)                                                                                    \
    hash = (hash << 1) + GEAR[bytes[at + (i)]];                                                    \
    if (__builtin_expect((hash & mask) == 0, 0)) {                                                 \
        at += (i) + 1;                                                                             \
        goto boundary;                                                                             \
    }
    while (at + 8 <= end) {
        if (hash == ZERO_FIXED) {
            at += zero_run(bytes + at, end - at);
            if (at + 8 > end)
                break;
        }
        STEP(0) STEP(1) STEP(2) STEP(3) STEP(4) STEP(5) STEP(6) STEP(7) at += 8;
    }
    while (at < end) {
        STEP(0) at++;
    }
#undef STEP
    *found = false;
boundary:
    *state = hash;
    return at;
}

static void warm_up(struct chunker *chunker, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        chunker->hash = (chunker->hash << 1) + GEAR[bytes[i]];
}

size_t chunker_scan(struct chunker *chunker, const uint8_t *bytes, size_t size, bool *cut)
{
    const struct chunk_params *params = &chunker->params;
    size_t start = chunker->size; /* of bytes[0] in the chunk */
    size_t end = least(params->max - start, size);
    size_t at = 0;

    *cut = false;
    if (start < params->min - WINDOW)
        at = least(params->min - WINDOW - start, end);
    if (start + at < params->min) {
        size_t warm = least(params->min - start - at, end - at);

        warm_up(chunker, bytes + at, warm);
        at += warm;
    }
    if (start + at < params->average)
        at = roll(&chunker->hash, chunker->mask_small, bytes, at,
                  least(params->average - start, end), cut);
    if (!*cut)
        at = roll(&chunker->hash, chunker->mask_large, bytes, at, end, cut);
    chunker->size += (uint32_t)at;
    if (chunker->size == params->max)
        *cut = true;
    if (*cut)
        chunker_reset(chunker);
    return at;
}

size_t chunker_scan_fixed(struct chunker *chunker, size_t size, bool *cut)
{
    size_t used = least(chunker->params.max - chunker->size, size);

    chunker->size += (uint32_t)used;
    *cut = chunker->size == chunker->params.max;
    if (*cut)
        chunker_reset(chunker);
    return used;
}
