/*
 * The state of an unfinished upload, written and read; torn, damaged and hostile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "move/checkpoint.h"

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

    strcpy(head.bases[0].key, "images/shop/a.tar.gz");
    strcpy(head.bases[0].etag, "\"e\"");
    head.bases[0].size = 7;
    return head;
}

static struct index_chunk chunk_of(uint8_t name, uint32_t packed)
{
    struct index_chunk chunk = {.raw_size = 4096, .packed_size = packed};

    memset(chunk.name.bytes, name, sizeof chunk.name.bytes);
    return chunk;
}

/* Parts of 1000, 1000 and 700 bytes; chunks of 900 bytes each. */
static void write_three_parts(struct text *out)
{
    struct checkpoint_head head = a_head();
    struct index_chunk chunks[] = {chunk_of(1, 900), chunk_of(2, 900), chunk_of(3, 900)};
    struct checkpoint_part part = {.size = 1000, .has_md5 = true, .md5 = {1, 2, 3}};

    text_init(out, MIB);
    checkpoint_put_head(out, &head);
    checkpoint_put_part(out, &part, chunks, 2);
    checkpoint_put_part(out, &part, chunks + 2, 1);
    checkpoint_put_etag(out, 2, "\"two\"");
    part.size = 700;
    part.has_md5 = false;
    checkpoint_put_part(out, &part, NULL, 0);
    checkpoint_put_etag(out, 1, "\"one\"");
    checkpoint_put_stop(out);
    assert_int_equal(text_check(out, "it", &err), 0);
}

static void what_was_written_is_read(void **state)
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
    assert_int_equal(c->part_count, 3);
    assert_int_equal(c->parts[1].offset, 1000);
    assert_int_equal(c->parts[2].offset, 2000);
    assert_int_equal(c->parts[2].size, 700);
    assert_true(c->parts[0].has_md5 && !c->parts[2].has_md5);
    assert_memory_equal(c->parts[1].md5, "\1\2\3", 4);
    assert_string_equal(c->parts[0].etag, "\"one\"");
    assert_string_equal(c->parts[1].etag, "\"two\"");
    assert_string_equal(c->parts[2].etag, "");
    assert_int_equal(c->chunk_count, 3);
    assert_int_equal(c->packed, 2700);
    assert_int_equal(c->chunks[2].name.bytes[5], 3);
    checkpoint_destroy(c);
    text_finish(&text);
}

/* Torn off anywhere: what stands before is read, and what comes out fits together. */
static void a_torn_one_ends_earlier(void **state)
{
    struct checkpoint *c;
    struct text text;
    size_t good = 0;

    (void)state;
    write_three_parts(&text);
    for (size_t size = 0; size < text.size; size++) {
        uint8_t *bytes = malloc(size + 1); /* what is read beyond the end, a sanitizer finds */

        memcpy(bytes, text.data, size);
        if (checkpoint_parse(view_of(bytes, size), &c, &err) == 0) {
            assert_true(c->good <= size && c->good >= good);
            good = c->good;
            assert_true(c->part_count < 3 || c->packed == 2700);
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

static void a_damaged_one_is_not_believed(void **state)
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

/* With right sums. Each ends the reading before it. */
static void hostile_records_are_refused(void **state)
{
    static const struct {
        const char *name;
        uint64_t part_size;
        uint32_t packed, raw, count;
        unsigned etag;
        bool good;
    } cases[] = {
        {"as it should be", 1000, 1000, 4096, 1, 1, true},
        {"an empty part", 0, 1000, 4096, 1, 1, false},
        {"a part without chunks", 1000, 1000, 4096, 0, 1, false},
        {"chunks that do not reach its end", 1000, 900, 4096, 1, 1, false},
        {"a chunk behind its end", 1000, 1000, 4096, 2, 1, false},
        {"an empty chunk", 1000, 1000, 0, 1, 1, false},
        {"a chunk larger than any", 1000, 1000, 1 << 30, 1, 1, false},
        {"packed to more than it was", 1000, 70000, 4096, 1, 1, false},
        {"the ETag of no part", 1000, 1000, 4096, 1, 2, false},
        {"the ETag of part 0", 1000, 1000, 4096, 1, 0, false},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct checkpoint_head head = a_head();
        struct checkpoint_part part = {.size = cases[i].part_size};
        struct index_chunk chunks[2] = {chunk_of(1, cases[i].packed), chunk_of(1, cases[i].packed)};
        struct checkpoint *c;
        struct text text;

        chunks[0].raw_size = cases[i].raw;
        text_init(&text, MIB);
        checkpoint_put_head(&text, &head);
        checkpoint_put_part(&text, &part, chunks, cases[i].count);
        checkpoint_put_etag(&text, cases[i].etag, "\"e\"");
        assert_int_equal(checkpoint_parse(text_view(&text), &c, &err), 0);
        if ((c->good == text.size) != cases[i].good)
            fail_msg("%s", cases[i].name);
        checkpoint_destroy(c);
        text_finish(&text);
    }
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
    head.part_size = 0;
    checkpoint_put_head(&text, &head);
    assert_int_equal(checkpoint_parse(text_view(&text), &c, &err), ERR_FAIL);
    text_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(a_torn_one_ends_earlier),
        cmocka_unit_test(a_damaged_one_is_not_believed),
        cmocka_unit_test(hostile_records_are_refused),
        cmocka_unit_test(heads_of_other_kinds_are_refused),
    };

    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
