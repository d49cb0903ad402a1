/*
 * Checkpoints: written and read, torn, damaged and hostile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "kit/old_checkpoint.h"
#include "push/resume/checkpoint.h"

static struct err err;

static struct checkpoint_head a_head(void)
{
    struct checkpoint_head head = {.began = 1700000000000000000,
                                   .part_size = 1000,
                                   .base_count = 1,
                                   .store = "s3://images at http://localhost",
                                   .key = "images/shop/202507/shop-20250721-2118-f7a5a27.tar.gz",
                                   .content = "sha256:00",
                                   .upload = "2~abc",
                                   .writer = "s3dock/1 libdeflate 1.14 level 6",
                                   .owner = "0123",
                                   .host = "builder"};

    head.kind = CHECKPOINT_COPIES;
    head.codec = CODEC_GZIP;
    strcpy(head.image_key, head.key);
    head.bases[0].codec = CODEC_GZIP;
    strcpy(head.bases[0].key, "images/shop/a.tar.gz");
    strcpy(head.bases[0].etag, "\"e\"");
    head.bases[0].size = 7;
    return head;
}

static struct region bytes_of(uint64_t size)
{
    return (struct region){.object = CHECKPOINT_BYTES, .size = size};
}

/* Parts of 1000, 1000 and 5 bytes. Chunks of 900 bytes each, and one of 5 bytes in the base. */
static void write_three_parts(struct text *out)
{
    struct checkpoint_head head = a_head();
    uint32_t sizes[] = {900, 900, 900, CHECKPOINT_HELD | 1};
    struct checkpoint_step step = {
        .side[0] = bytes_of(1000), .has_md5 = true, .md5 = {1, 2, 3}, .chunks = 2};

    text_init(out, MIB);
    checkpoint_put_head(out, &head);
    checkpoint_put_step(out, &step, sizes, 2);
    step.chunks = 1;
    memset(step.sum, 7, sizeof step.sum);
    checkpoint_put_step(out, &step, sizes + 2, 1);
    checkpoint_put_part_etag(out, 2, "\"two\"");
    step = (struct checkpoint_step){
        .join = true, .side = {{.object = 0, .size = 5}, bytes_of(695)}, .chunks = 1};
    checkpoint_put_step(out, &step, sizes + 3, 1);
    step =
        (struct checkpoint_step){.side[0] = {.object = PART_PLANNER_TEMP, .offset = 0, .size = 5}};
    checkpoint_put_step(out, &step, NULL, 0);
    checkpoint_put_part_etag(out, 1, "\"one\"");
    checkpoint_put_join_etag(out, 0, "\"join\"");
    checkpoint_put_stop(out);
    assert_int_equal(text_check(out, "it", &err), 0);
}

static void written_records_are_read(void **state)
{
    struct checkpoint_head head = a_head();
    struct checkpoint *c;
    struct text text;

    (void)state;
    write_three_parts(&text);
    assert_int_equal(checkpoint_parse(text_view(&text), &c, &err), 0);
    assert_memory_equal(&c->head, &head, sizeof head);
    assert_int_equal(c->good, text.size);
    assert_true(c->stopped);
    assert_int_equal(c->step_count, 4);
    assert_int_equal(c->part_count, 3);
    assert_int_equal(c->join_count, 1);
    assert_int_equal(c->steps[1].offset, 1000);
    assert_int_equal(c->steps[2].offset, 2000);
    assert_int_equal(c->steps[2].size, 700);
    assert_int_equal(c->steps[3].offset, 2000);
    assert_int_equal(c->end, 2005);
    assert_true(c->steps[0].has_md5 && !c->steps[3].has_md5);
    assert_memory_equal(c->steps[1].md5, "\1\2\3", 4);
    assert_int_equal(c->steps[1].sum[5], 7);
    assert_string_equal(checkpoint_part(c, 1)->etag, "\"one\"");
    assert_string_equal(checkpoint_part(c, 2)->etag, "\"two\"");
    assert_string_equal(checkpoint_part(c, 3)->etag, "");
    assert_string_equal(checkpoint_join(c, 0)->etag, "\"join\"");
    assert_int_equal(c->chunk_count, 4);
    assert_int_equal(c->size_count, 4);
    assert_int_equal(c->sizes[3], CHECKPOINT_HELD | 1);
    checkpoint_destroy(c);
    text_finish(&text);
}

/* Truncated at any position: the records before it are read, and the result is consistent. */
static void a_truncated_checkpoint_ends_earlier(void **state)
{
    struct checkpoint *c;
    struct text text;
    size_t good = 0;

    (void)state;
    write_three_parts(&text);
    for (size_t size = 0; size < text.size; size++) {
        uint8_t *bytes = malloc(size + 1); /* a sanitizer detects reads beyond the end */

        memcpy(bytes, text.data, size);
        if (checkpoint_parse(view_of(bytes, size), &c, &err) == 0) {
            assert_true(c->good <= size && c->good >= good);
            good = c->good;
            assert_true(c->part_count < 3 || c->chunk_count == 4);
            assert_false(c->stopped);
            checkpoint_destroy(c);
        } else {
            assert_int_equal(good, 0);
            assert_int_equal(err.family, ERR_INTEGRITY);
        }
        free(bytes);
    }
    text_finish(&text);
}

static void damaged_records_are_not_used(void **state)
{
    struct checkpoint *c;
    struct text text;

    (void)state;
    write_three_parts(&text);
    for (size_t at = 0; at < text.size; at++) {
        text.data[at] ^= 0x20;
        if (checkpoint_parse(text_view(&text), &c, &err) == 0) {
            assert_true(c->good <= at);
            checkpoint_destroy(c);
        }
        text.data[at] ^= 0x20;
    }
    text_finish(&text);
}

/* Invalid records with right sums. Reading ends before each of them. */
static void hostile_records_are_refused(void **state)
{
    static const struct {
        const char *name;
        uint64_t size, offset;
        unsigned object;
        uint32_t chunk, chunks;
        unsigned etag;
        bool good;
    } cases[] = {
        {"as it should be", 1000, 0, CHECKPOINT_BYTES, 900, 1, 1, true},
        {"an empty part", 0, 0, CHECKPOINT_BYTES, 900, 1, 1, false},
        {"a part larger than any", 6 * (uint64_t)GIB, 0, CHECKPOINT_BYTES, 900, 1, 1, false},
        {"bytes with an offset", 1000, 1, CHECKPOINT_BYTES, 900, 1, 1, false},
        {"more chunks than are told", 1000, 0, CHECKPOINT_BYTES, 900, 2, 1, false},
        {"fewer chunks than are told", 1000, 0, CHECKPOINT_BYTES, 900, 0, 1, false},
        {"held chunks", 7, 0, 0, CHECKPOINT_HELD | 3, 3, 1, true},
        {"no held chunks", 7, 0, 0, CHECKPOINT_HELD, 0, 1, false},
        {"an empty chunk", 1000, 0, CHECKPOINT_BYTES, 0, 1, 1, false},
        {"a chunk larger than any", 1000, 0, CHECKPOINT_BYTES, 1 << 30, 1, 1, false},
        {"more chunks than any image has", 7, 0, 0, UINT32_MAX, 0x7fffffff, 1, false},
        {"more than the base has", 8, 0, 0, 900, 1, 1, false},
        {"from behind the base", 1, 7, 0, 900, 1, 1, false},
        {"an offset that is too large", 7, UINT64_MAX, 0, 900, 1, 1, false},
        {"another base", 7, 0, 1, 900, 1, 1, false},
        {"of a join that there is not", 1, 0, PART_PLANNER_TEMP, 900, 1, 1, false},
        {"the ETag of no part", 1000, 0, CHECKPOINT_BYTES, 900, 1, 2, false},
        {"the ETag of part 0", 1000, 0, CHECKPOINT_BYTES, 900, 1, 0, false},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct checkpoint_head head = a_head();
        struct checkpoint_step step = {.side[0] = {.object = cases[i].object,
                                                   .offset = cases[i].offset,
                                                   .size = cases[i].size},
                                       .chunks = cases[i].chunks};
        struct checkpoint *c;
        struct text text;

        text_init(&text, MIB);
        checkpoint_put_head(&text, &head);
        checkpoint_put_step(&text, &step, &cases[i].chunk, 1);
        checkpoint_put_part_etag(&text, cases[i].etag, "\"e\"");
        assert_int_equal(checkpoint_parse(text_view(&text), &c, &err), 0);
        if ((c->good == text.size) != cases[i].good)
            fail_msg("%s", cases[i].name);
        checkpoint_destroy(c);
        text_finish(&text);
    }
}

static void version_3_is_of_a_gzip_archive(void **state)
{
    struct checkpoint_head head = a_head();
    struct checkpoint *c;
    struct text text;

    (void)state;
    write_three_parts(&text);
    old_checkpoint(&text, CHECKPOINT_GZIP);
    assert_int_equal(checkpoint_parse(text_view(&text), &c, &err), 0);
    assert_int_equal(c->version, CHECKPOINT_GZIP);
    assert_memory_equal(&c->head, &head, sizeof head);
    assert_int_equal(c->step_count, 4);
    assert_int_equal(c->good, text.size);
    checkpoint_destroy(c);
    text_finish(&text);
}

static void only_the_head_of_version_2_is_read(void **state)
{
    struct checkpoint *c;
    struct text text;

    (void)state;
    write_three_parts(&text);
    old_checkpoint(&text, CHECKPOINT_OLD);
    assert_int_equal(checkpoint_parse(text_view(&text), &c, &err), 0);
    assert_int_equal(c->version, CHECKPOINT_OLD);
    assert_string_equal(c->head.upload, "2~abc");
    assert_int_equal(c->step_count, 0);
    checkpoint_destroy(c);
    text_finish(&text);
    write_three_parts(&text);
    old_checkpoint(&text, 1);
    assert_int_equal(checkpoint_parse(text_view(&text), &c, &err), ERR_FAIL);
    text_finish(&text);
}

static void heads_of_other_kinds_are_refused(void **state)
{
    struct checkpoint_head head = a_head();
    struct checkpoint *c;
    struct text text;

    (void)state;
    text_init(&text, MIB);
    assert_int_equal(checkpoint_parse(text_view(&text), &c, &err), ERR_FAIL);
    strcpy(head.upload, "two\nlines");
    checkpoint_put_head(&text, &head);
    assert_int_equal(checkpoint_parse(text_view(&text), &c, &err), ERR_FAIL);
    text_clear(&text);
    head = a_head();
    head.bases[0].codec = 3;
    checkpoint_put_head(&text, &head);
    assert_int_equal(checkpoint_parse(text_view(&text), &c, &err), ERR_FAIL);
    text_clear(&text);
    head = a_head();
    head.part_size = 0;
    checkpoint_put_head(&text, &head);
    assert_int_equal(checkpoint_parse(text_view(&text), &c, &err), ERR_FAIL);
    text_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_records_are_read),
        cmocka_unit_test(a_truncated_checkpoint_ends_earlier),
        cmocka_unit_test(damaged_records_are_not_used),
        cmocka_unit_test(hostile_records_are_refused),
        cmocka_unit_test(version_3_is_of_a_gzip_archive),
        cmocka_unit_test(only_the_head_of_version_2_is_read),
        cmocka_unit_test(heads_of_other_kinds_are_refused),
    };

    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
