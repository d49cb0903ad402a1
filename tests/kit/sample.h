/*
 * sample - selects the cases of an expensive test. `./dev test` sets S3DOCK_TEST_SAMPLE: a test
 * then plays some cases of each kind. Without it, as in `./dev test all`, a test plays all of them.
 */
#ifndef S3DOCK_KIT_SAMPLE_H
#define S3DOCK_KIT_SAMPLE_H

#include <stdbool.h>
#include <stdlib.h>

static inline bool test_is_sample(void)
{
    return getenv("S3DOCK_TEST_SAMPLE") != NULL;
}

/* The step through the cases of one kind: 1, or in a sample `step`. */
static inline unsigned sample_step(unsigned step)
{
    return test_is_sample() ? step : 1;
}

/* A sample under the thread sanitizer: only scenes in which other threads meet. The address
 * sanitizer plays the others. */
static inline bool test_is_for_threads(void)
{
#ifdef __SANITIZE_THREAD__
    return test_is_sample();
#else
    return false;
#endif
}

#endif
