/*
 * The chance that two bytes of a sample are equal is 1/256 for noise and several times that for
 * text, code and most data. It is estimated from the squares of the histogram: for n bytes of noise
 * their sum is about n*n/256 + n. The sum only grows, so text is recognised after a part of the
 * sample.
 */
#include "pack/codec/compressible.h"

#include <stdint.h>

#define SAMPLES     8
#define SAMPLE_SIZE 1024 /* 8 KiB in all: the sum's standard deviation is 0.6 % of it for noise */

static uint64_t sum_of_squares(const uint32_t count[256])
{
    uint64_t sum = 0;

    for (size_t i = 0; i < 256; i++)
        sum += (uint64_t)count[i] * count[i];
    return sum;
}

bool is_incompressible(struct view bytes)
{
    uint32_t count[256] = {0};
    const uint64_t n = SAMPLES * SAMPLE_SIZE, noise = n * n / 256 + n;
    size_t stride;

    if (bytes.size < SAMPLES * SAMPLE_SIZE)
        return false;
    stride = (bytes.size - SAMPLE_SIZE) / (SAMPLES - 1);
    for (size_t s = 0; s < SAMPLES; s++) {
        for (size_t i = 0; i < SAMPLE_SIZE; i++)
            count[bytes.data[s * stride + i]]++;
        if (sum_of_squares(count) >= noise + noise / 16)
            return false;
    }
    return true;
}
