/* Spans of several owners, also compared with a count of single bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/err.h"
#include "usage/coverage.h"

static void bytes_count_once_and_for_their_only_owner(void **state)
{
    const struct coverage_span spans[] = {
        {0, 0, 0, 100}, /* owner 0 has the whole object 0 */
        {0, 1, 10, 20}, {0, 2, 20, 20}, {1, 1, 0, 7}, {1, 2, 7, 7}, {1, 2, 30, 5}, {1, 1, 50, 0},
    };
    uint64_t live[2] = {0}, alone[3] = {0};
    struct err err;

    (void)state;
    assert_int_equal(coverage_measure(spans, ARRAY_SIZE(spans), live, alone, &err), 0);
    assert_int_equal(live[0], 100);
    assert_int_equal(live[1], 19);
    assert_int_equal(alone[0], 70);
    assert_int_equal(alone[1], 7);
    assert_int_equal(alone[2], 12);
    assert_int_equal(coverage_measure(NULL, 0, live, alone, &err), 0);
    assert_int_equal(live[0], 100);
}

#define OBJECTS 3
#define OWNERS  5
#define BYTES   64

static uint32_t next(uint32_t *seed)
{
    return *seed = *seed * 1664525u + 1013904223u;
}

/* Makes the spans of an owner in an object: they do not overlap, but may touch. */
static size_t make_spans(uint32_t *seed, unsigned object, unsigned owner,
                         struct coverage_span *spans)
{
    size_t count = 0;

    for (uint64_t at = next(seed) >> 28; at < BYTES;) {
        uint64_t size = 1 + (next(seed) >> 29);

        if (size > BYTES - at)
            size = BYTES - at;
        spans[count++] = (struct coverage_span){object, owner, at, size};
        at += size + (next(seed) >> 29);
    }
    return count;
}

static void count_bytes(const struct coverage_span *spans, size_t count, uint64_t *live,
                        uint64_t *alone)
{
    unsigned owners[OBJECTS][BYTES] = {0}, last[OBJECTS][BYTES] = {0};

    for (size_t i = 0; i < count; i++)
        for (uint64_t at = 0; at < spans[i].size; at++) {
            owners[spans[i].object][spans[i].offset + at]++;
            last[spans[i].object][spans[i].offset + at] = spans[i].owner;
        }
    for (unsigned object = 0; object < OBJECTS; object++)
        for (unsigned at = 0; at < BYTES; at++) {
            live[object] += owners[object][at] > 0;
            if (owners[object][at] == 1)
                alone[last[object][at]]++;
        }
}

static void any_spans_are_measured_as_single_bytes(void **state)
{
    uint32_t seed = 7;

    (void)state;
    for (int round = 0; round < 200; round++) {
        struct coverage_span spans[OBJECTS * OWNERS * BYTES];
        uint64_t live[OBJECTS] = {0}, alone[OWNERS] = {0};
        uint64_t wanted_live[OBJECTS] = {0}, wanted_alone[OWNERS] = {0};
        size_t count = 0;
        struct err err;

        for (unsigned owner = 0; owner < OWNERS; owner++)
            for (unsigned object = 0; object < OBJECTS; object++)
                if (next(&seed) >> 31)
                    count += make_spans(&seed, object, owner, spans + count);
        count_bytes(spans, count, wanted_live, wanted_alone);
        assert_int_equal(coverage_measure(spans, count, live, alone, &err), 0);
        assert_memory_equal(live, wanted_live, sizeof live);
        assert_memory_equal(alone, wanted_alone, sizeof alone);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_count_once_and_for_their_only_owner),
        cmocka_unit_test(any_spans_are_measured_as_single_bytes),
    };

    return cmocka_run_group_tests_name("usage/coverage", tests, NULL, NULL);
}
