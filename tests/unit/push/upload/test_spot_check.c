#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "kit/archive.h"
#include "push/upload/spot_check.h"

static struct bucket bucket;
static struct base_object objects[2];
static struct index *index_of;
static struct err err;

/* Two bases with the same index. The test defines the archive of the second one. */
static int set_up(void **state)
{
    struct text archive, index;

    (void)state;
    bucket_open(&bucket);
    archive_make("abcdefgh", &archive, &index);
    assert_int_equal(index_parse(text_view(&index), &index_of, &err), 0);
    for (unsigned i = 0; i < 2; i++) {
        snprintf(objects[i].key, sizeof objects[i].key, "images/%u", i);
        archive_put(&bucket, objects[i].key, text_view(&archive), objects[i].etag);
        objects[i].size = archive.size;
        objects[i].codec = CODEC_GZIP;
    }
    text_finish(&archive);
    text_finish(&index);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    index_destroy(index_of);
    bucket_close(&bucket);
    return 0;
}

/* Notes all chunks of the archive for this base, `shift` bytes away from their positions. */
static int check_all(unsigned base, int64_t shift, unsigned *different)
{
    struct spot_check *check = spot_check_create(bucket.store, objects, NAME_SHA256, &err);
    int answer;

    assert_non_null(check);
    for (unsigned i = 0; i < index_of->section_count; i++) {
        const struct index_chunk *chunk;
        struct index_cursor cursor;
        struct index_place place;

        index_cursor_init(&cursor, &index_of->sections[i]);
        while ((chunk = index_cursor_next(&cursor, &place))) {
            struct held_chunk held = {.object = base,
                                      .offset = place.offset + (uint64_t)shift,
                                      .size = chunk->packed_size};

            if (held.offset + held.size <= objects[base].size)
                spot_check_note(check, chunk, &held);
        }
    }
    assert_int_equal(spot_check_begin(check, &err), 0);
    answer = spot_check_verify(check, different, &err);
    spot_check_destroy(check);
    return answer;
}

static void correct_chunks_pass(void **state)
{
    unsigned different;

    (void)state;
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(check_all(0, 0, &different), 0);
}

static void chunks_at_another_position_are_detected(void **state)
{
    unsigned different;

    (void)state;
    assert_int_equal(check_all(0, 1, &different), SPOT_CHECK_DIFFERS);
    assert_int_equal(different, 0);
    assert_int_equal(check_all(1, 4096, &different), SPOT_CHECK_DIFFERS);
    assert_int_equal(different, 1);
}

/* Half of it is wrong: sixteen chunks miss that once in 65,536 times. */
static void another_archive_is_detected(void **state)
{
    struct text archive, index;
    unsigned different;

    (void)state;
    archive_make("abcdstuv", &archive, &index);
    archive_put(&bucket, objects[1].key, text_view(&archive), objects[1].etag);
    objects[1].size = archive.size;
    assert_int_equal(check_all(1, 0, &different), SPOT_CHECK_DIFFERS);
    assert_int_equal(different, 1);
    text_finish(&archive);
    text_finish(&index);
}

static void a_deleted_archive_gives_no_result(void **state)
{
    unsigned different;

    (void)state;
    bucket_put(&bucket, objects[0].key, "replaced");
    assert_int_equal(check_all(0, 0, &different), 0);
    bucket_delete(&bucket, objects[0].key);
    assert_int_equal(check_all(0, 0, &different), 0);
}

static void without_chunks_nothing_is_read(void **state)
{
    struct spot_check *check = spot_check_create(bucket.store, objects, NAME_SHA256, &err);
    struct store_stats before, after;
    unsigned different;

    (void)state;
    store_stats(bucket.store, &before);
    assert_int_equal(spot_check_begin(check, &err), 0);
    assert_int_equal(spot_check_verify(check, &different, &err), 0);
    store_stats(bucket.store, &after);
    assert_int_equal(after.requests, before.requests);
    spot_check_destroy(check);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(correct_chunks_pass, set_up, tear_down),
        cmocka_unit_test_setup_teardown(chunks_at_another_position_are_detected, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_archive_is_detected, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_deleted_archive_gives_no_result, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_chunks_nothing_is_read, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
