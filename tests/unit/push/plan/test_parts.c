/* Parts: bytes in equal bytes out, numbers, and the case without a free part. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "push/plan/parts.h"

#define TOTAL 10007

static void bytes_come_out_as_they_went_in(size_t part_size, size_t piece)
{
    uint8_t in[TOTAL], out[TOTAL];
    struct err err;
    struct parts *parts = parts_create(2, part_size, &err);
    struct part *full;
    size_t done = 0, got = 0;
    unsigned number = 1;

    assert_non_null(parts);
    assert_int_equal(parts_bytes(parts), 2 * part_size);
    for (size_t i = 0; i < TOTAL; i++)
        in[i] = (uint8_t)(i * 31 + i / 251);
    while (done < TOTAL || (full = parts_flush(parts))) {
        if (done < TOTAL) {
            size_t size = TOTAL - done < piece ? TOTAL - done : piece;

            size = parts_add(parts, view_of(in + done, size), &full);
            assert_int_not_equal(size, 0);
            done += size;
        }
        if (!full)
            continue;
        assert_int_equal(full->number, number++);
        assert_true(full->size == part_size || done == TOTAL);
        assert_int_equal(parts_out(parts), 1);
        memcpy(out + got, full->data, full->size);
        got += full->size;
        parts_give(parts, full);
    }
    assert_int_equal(got, TOTAL);
    assert_memory_equal(in, out, TOTAL);
    assert_int_equal(parts_out(parts), 0);
    parts_destroy(parts);
}

static void all_sizes_of_parts_and_pieces(void **state)
{
    static const size_t sizes[] = {1, 7, 100, 4096, TOTAL - 1, TOTAL, TOTAL + 1};

    (void)state;
    for (size_t p = 0; p < sizeof(sizes) / sizeof(sizes[0]); p++) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
            bytes_come_out_as_they_went_in(sizes[p], sizes[i]);
    }
}

static void without_a_free_part_nothing_is_taken(void **state)
{
    uint8_t bytes[10] = "abcdefghi";
    struct err err;
    struct parts *parts = parts_create(2, 4, &err);
    struct part *first, *second, *none;

    (void)state;
    assert_int_equal(parts_add(parts, view_of(bytes, 10), &first), 4);
    assert_int_equal(parts_add(parts, view_of(bytes + 4, 6), &second), 4);
    assert_int_equal(parts_add(parts, view_of(bytes + 8, 2), &none), 0);
    assert_null(none);
    assert_null(parts_flush(parts));
    assert_int_equal(parts_out(parts), 2);
    parts_give(parts, second);
    assert_int_equal(parts_add(parts, view_of(bytes + 8, 2), &none), 2);
    assert_null(none);
    assert_memory_equal(first->data, "abcd", 4);
    parts_give(parts, first);
    first = parts_flush(parts);
    assert_int_equal(first->number, 3);
    assert_int_equal(first->size, 2);
    assert_memory_equal(first->data, "i", 2);
    parts_give(parts, first);
    parts_destroy(parts);
}

static void adding_nothing_begins_no_part(void **state)
{
    struct err err;
    struct parts *parts = parts_create(1, 4, &err);
    struct part *full;

    (void)state;
    assert_int_equal(parts_add(parts, view_of("", 0), &full), 0);
    assert_null(full);
    assert_null(parts_flush(parts));
    parts_destroy(parts);
    parts_destroy(NULL);
}

static void absurd_sizes_are_refused(void **state)
{
    static const struct {
        unsigned count;
        size_t size;
    } cases[] = {{0, 4}, {4, 0}, {2, SIZE_MAX / 2 + 1}, {UINT32_MAX, SIZE_MAX}, {1, SIZE_MAX / 2}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err err = {0};

        assert_null(parts_create(cases[i].count, cases[i].size, &err));
        assert_int_not_equal(err.family, ERR_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_sizes_of_parts_and_pieces),
        cmocka_unit_test(without_a_free_part_nothing_is_taken),
        cmocka_unit_test(adding_nothing_begins_no_part),
        cmocka_unit_test(absurd_sizes_are_refused),
    };

    return cmocka_run_group_tests_name("part", tests, NULL, NULL);
}
