/* Version 3 of the index: objects, extents, and all false statements about them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/le.h"
#include "kit/golden.h"
#include "kit/small.h"
#include "pack/index/index.h"

#define MAX_INDEX    (1 << 20)
#define SECTION      48 /* bytes of a row */
#define EXTENT       16
#define RECORD       32
#define OBJECT       16
#define PREFIX_WHOLE 62

static const struct index_writer zstd_3 = {.version = 3, .choice = {CODEC_ZSTD, 3}};

/* ---- the sample: a thin image with two objects of the bucket, and one that it does not use
 * ---- */

#define BASE_SIZE 100000
#define OLD_SIZE  5000

/* The chunks in the order of the stream. object: of the builder, or FOLLOWS. */
#define FOLLOWS 99
static const struct {
    uint32_t raw, packed;
    bool starts;
    unsigned object;
    uint64_t offset;
} stream[] = {
    {512, 100, true, 3, 4800},         /* rest: in an object of gzip members */
    {65536, 30000, true, 1, 1000},     /* the layer: a run of two */
    {65536, 20000, false, 1, 31000},   /* */
    {1024, 14, false, FOLLOWS, 0},     /* the smallest frame */
    {65536, 40000, false, FOLLOWS, 0}, /* */
    {1024, 14, false, INDEX_OWN, 0},   /* a repeat */
    {8192, 5000, false, 1, 95000},     /* up to the end of the object */
    {10240, 50, true, FOLLOWS, 0},     /* rest */
};
#define CHUNKS   ARRAY_SIZE(stream)
#define SECTIONS 3
#define EXTENTS  6
#define OBJECTS  3

struct sample {
    struct image_layer layer;
    struct image_info image;
    struct text text;
    uint8_t *bytes; /* a copy of exact size */
    size_t size, header_size;
    size_t blocks[SECTIONS]; /* their positions */
    size_t block_sizes[SECTIONS];
    struct index_order order;
};

static void describe(struct sample *s)
{
    s->layer = (struct image_layer){.raw_offset = 512};
    for (size_t i = 1; i < CHUNKS - 1; i++)
        s->layer.raw_size += stream[i].raw;
    s->image = (struct image_info){.os = "linux", .architecture = "amd64", .layer_count = 1};
    s->image.layers = &s->layer;
    snprintf(s->layer.diff_id, sizeof s->layer.diff_id, "sha256:%064x", 1);
    snprintf(s->layer.digest, sizeof s->layer.digest, "sha256:%064x", 1);
    snprintf(s->image.id, sizeof s->image.id, "sha256:%064x", 2);
    for (size_t i = 0; i < CHUNKS; i++)
        s->image.raw_size += stream[i].raw;
    /* The payload is padded to 512 bytes. */
    s->layer.raw_size -= 100;
}

static struct index_builder *fill_builder(void)
{
    struct err err = {.text = ""};
    struct index_builder *builder = index_builder_create(&CHUNK_DEFAULT, &zstd_3, &err);
    unsigned number;

    assert_non_null(builder);
    assert_int_equal(index_builder_object(builder, BASE_SIZE, CODEC_ZSTD, &number, &err), 0);
    assert_int_equal(number, 1);
    assert_int_equal(index_builder_object(builder, 777, CODEC_ZSTD, &number, &err), 0);
    assert_int_equal(index_builder_object(builder, OLD_SIZE, CODEC_GZIP, &number, &err), 0);
    for (size_t i = 0; i < CHUNKS; i++) {
        struct index_chunk chunk = {.raw_size = stream[i].raw, .packed_size = stream[i].packed};
        struct index_place place = {stream[i].object, stream[i].offset};

        chunk.name = chunk_name_of(NAME_SHA256, &stream[i].raw, sizeof stream[i].raw);
        if (index_builder_add(builder, &chunk, place.object == FOLLOWS ? NULL : &place,
                              stream[i].starts, &err))
            fail_msg("%s", err.text);
    }
    return builder;
}

static int setup(void **state)
{
    struct sample *s = calloc(1, sizeof *s);
    struct index_builder *builder = fill_builder();
    struct index *index = NULL;
    struct err err = {.text = ""};

    describe(s);
    text_init(&s->text, MAX_INDEX);
    assert_int_equal(index_builder_own_size(builder), 14 + 40000 + 50);
    if (index_builder_finish(builder, &s->image, &s->order, &s->text, &err) ||
        index_parse(text_view(&s->text), &index, &err))
        fail_msg("%s", err.text);
    index_builder_destroy(builder);
    s->size = s->text.size;
    s->header_size = index->header_size;
    for (unsigned i = 0; i < SECTIONS; i++) {
        s->blocks[i] = index->sections[i].at;
        s->block_sizes[i] = index->sections[i].size;
    }
    index_destroy(index);
    s->bytes = malloc(s->size);
    memcpy(s->bytes, s->text.data, s->size);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct sample *s = *state;

    text_finish(&s->text);
    free(s->bytes);
    free(s);
    return 0;
}

static void places_are_read_as_they_were_added(void **state)
{
    static const unsigned order[OBJECTS] = {3, 1, INDEX_OWN};
    static const uint64_t sizes[OBJECTS] = {OLD_SIZE, BASE_SIZE, 40064};
    struct sample *s = *state;
    struct index *index = NULL;
    struct err err;
    size_t i = 0;

    assert_int_equal(s->order.count, OBJECTS);
    assert_memory_equal(s->order.objects, order, sizeof order);
    assert_int_equal(index_parse(view_of(s->bytes, s->size), &index, &err), 0);
    assert_int_equal(index->version, 3);
    assert_false(index->whole);
    assert_int_equal(index->codec, CODEC_ZSTD);
    assert_int_equal(index->object_count, OBJECTS);
    assert_int_equal(index->space, OLD_SIZE + BASE_SIZE + 40064);
    for (unsigned k = 0; k < OBJECTS; k++)
        assert_int_equal(index->objects[k].size, sizes[k]);
    assert_int_equal(index->objects[0].codec, CODEC_GZIP);
    assert_int_equal(index->objects[2].base, OLD_SIZE + BASE_SIZE);
    assert_int_equal(index->section_count, SECTIONS);
    for (unsigned k = 0; k < SECTIONS; k++) {
        const struct index_chunk *chunk;
        struct index_cursor cursor;
        struct index_place place;

        index_cursor_init(&cursor, &index->sections[k]);
        for (; (chunk = index_cursor_next(&cursor, &place)); i++) {
            unsigned object = stream[i].object == FOLLOWS ? INDEX_OWN : stream[i].object;

            assert_int_equal(chunk->packed_size, stream[i].packed);
            assert_int_equal(order[place.object], object);
            if (stream[i].object != FOLLOWS)
                assert_int_equal(place.offset, stream[i].offset);
        }
    }
    assert_int_equal(i, CHUNKS);
    index_destroy(index);
}

/* ---- false numbers with correct checksums ---- */

static void sign(struct sample *s)
{
    for (unsigned i = 0; i < SECTIONS; i++) {
        uint8_t *row = s->bytes + s->header_size - 16 - SECTION * (SECTIONS - i);
        struct xxh128 sum = xxh128_of(s->bytes + s->blocks[i], s->block_sizes[i]);

        memcpy(row + 32, sum.bytes, 16);
    }
    struct xxh128 sum = xxh128_of(s->bytes, s->header_size - 16);

    memcpy(s->bytes + s->header_size - 16, sum.bytes, 16);
}

static int parse(const struct sample *s, struct err *err)
{
    struct index *index = NULL;
    int answer = index_parse(view_of(s->bytes, s->size), &index, err);

    index_destroy(index);
    return answer;
}

static void lies(struct sample *s, size_t at, size_t size, uint64_t value, enum err_family family)
{
    struct err err = {.text = ""};

    le_put(s->bytes + at, value, size);
    sign(s);
    if (parse(s, &err) == 0 || err.family != family)
        fail_msg("%zu bytes at %zu = %llu: %s", size, at, (unsigned long long)value, err.text);
    memcpy(s->bytes, s->text.data, s->size);
}

static size_t object_at(const struct sample *s, unsigned object, size_t field)
{
    return s->header_size - 16 - SECTION * SECTIONS - OBJECT * (OBJECTS - object) + field;
}

static size_t section_at(const struct sample *s, unsigned section, size_t field)
{
    return s->header_size - 16 - SECTION * (SECTIONS - section) + field;
}

static void false_numbers_of_the_prefix_are_refused(void **state)
{
    static const uint64_t extents[] = {0, 1, 2, EXTENTS - 1, EXTENTS + 1, CHUNKS + 1, UINT32_MAX};
    static const uint64_t objects[] = {0, 2, 4, 64, 65, UINT16_MAX};
    struct sample *s = *state;

    for (size_t i = 0; i < ARRAY_SIZE(extents); i++)
        lies(s, 56, 4, extents[i], ERR_INTEGRITY);
    for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
        lies(s, 60, 2, objects[i], ERR_INTEGRITY);
    for (unsigned bit = 0; bit < 16; bit++)
        lies(s, PREFIX_WHOLE, 2, UINT64_C(1) << bit, ERR_INTEGRITY);
    lies(s, 8, 4, 2, ERR_INTEGRITY);
}

static void false_objects_are_refused(void **state)
{
    static const uint64_t sizes[] = {0, 19, 4899, INT64_MAX, UINT64_MAX};
    struct sample *s = *state;

    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
        lies(s, object_at(s, 0, 0), 8, sizes[i], ERR_INTEGRITY);
    lies(s, object_at(s, 1, 0), 8, BASE_SIZE - 1, ERR_INTEGRITY);
    lies(s, object_at(s, 2, 0), 8, 13, ERR_INTEGRITY);
    lies(s, object_at(s, 2, 0), 8, INT64_MAX - OLD_SIZE - BASE_SIZE + 1, ERR_INTEGRITY);
    lies(s, object_at(s, 0, 8), 1, 0, ERR_UNSUPPORTED);
    lies(s, object_at(s, 0, 8), 1, 3, ERR_UNSUPPORTED);
    lies(s, object_at(s, 2, 8), 1, CODEC_GZIP, ERR_INTEGRITY); /* 14 bytes are no gzip member */
    for (size_t at = 9; at < 16; at++)
        lies(s, object_at(s, 1, at), 1, 1, ERR_INTEGRITY);
}

static void false_sections_are_refused(void **state)
{
    static const uint64_t numbers[] = {0, 2, 3, 5, 6, 7, UINT32_MAX};
    struct sample *s = *state;

    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        lies(s, section_at(s, 1, 8), 4, numbers[i], ERR_INTEGRITY);
    lies(s, section_at(s, 1, 12), 4, 1, ERR_INTEGRITY);
    lies(s, section_at(s, 1, 4), 4, 5, ERR_INTEGRITY);
    lies(s, section_at(s, 1, 0), 4, 1, ERR_INTEGRITY);
}

static void false_extents_are_refused(void **state)
{
    struct sample *s = *state;
    size_t first = s->blocks[1];

    lies(s, first, 4, 0, ERR_INTEGRITY);
    lies(s, first, 4, 1, ERR_INTEGRITY);
    lies(s, first, 4, 3, ERR_INTEGRITY);
    lies(s, first, 4, UINT32_MAX, ERR_INTEGRITY);
    lies(s, first + 4, 2, OBJECTS, ERR_INTEGRITY);
    lies(s, first + 4, 2, 0, ERR_INTEGRITY); /* an object that is too small */
    lies(s, first + 6, 2, 1, ERR_INTEGRITY);
    lies(s, first + 8, 8, BASE_SIZE - 50000 + 1, ERR_INTEGRITY);
    lies(s, first + 8, 8, BASE_SIZE + 1, ERR_INTEGRITY);
    lies(s, first + 8, 8, INT64_MAX, ERR_INTEGRITY);
    lies(s, first + 8, 8, UINT64_MAX, ERR_INTEGRITY);
    lies(s, first + 8, 8, UINT64_MAX - 49999, ERR_INTEGRITY);
}

/* Two extents that together have 2^32 chunks more. */
static void counts_that_overflow_are_refused(void **state)
{
    struct sample *s = *state;
    size_t first = s->blocks[1];

    le_put(s->bytes + first, 1u << 31, 4);
    lies(s, first + EXTENT, 4, (1u << 31) + 3, ERR_INTEGRITY);
}

static void false_records_are_refused(void **state)
{
    struct sample *s = *state;
    size_t records = s->blocks[1] + s->block_sizes[1] - 6 * RECORD;

    lies(s, records, 4, 0, ERR_INTEGRITY);
    lies(s, records, 4, 65535, ERR_INTEGRITY);
    lies(s, records + 4, 4, 13, ERR_INTEGRITY);
    lies(s, records + 4, 4, 30001, ERR_INTEGRITY);
    lies(s, records + 4, 4, UINT32_MAX, ERR_INTEGRITY);
}

static void every_flipped_bit_is_refused(void **state)
{
    struct sample *s = *state;

    for (size_t bit = 0; bit < s->size * 8; bit += test_is_small() ? 11 : 1) {
        struct err err = {0};

        s->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(parse(s, &err), ERR_FAIL);
        s->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void every_truncation_is_refused(void **state)
{
    struct sample *s = *state;

    for (size_t size = 0; size < s->size; size += test_is_small() ? 5 : 1) {
        uint8_t *bytes = malloc(size + 1);
        struct index *index = NULL;
        struct err err;

        memcpy(bytes + 1, s->bytes, size);
        assert_int_equal(index_parse(view_of(bytes + 1, size), &index, &err), ERR_FAIL);
        free(bytes);
    }
}

/* ---- the writer ---- */

static void the_writer_refuses_places_outside_of_objects(void **state)
{
    const struct index_chunk chunk = {.raw_size = 1000, .packed_size = 500};
    static const struct index_place places[] = {
        {1, BASE_SIZE - 499}, {1, BASE_SIZE + 1}, {1, UINT64_MAX}, {4, 0}, {INDEX_OWN, 40064}};
    struct index_builder *builder = fill_builder();

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        struct err err = {0};

        assert_int_equal(index_builder_add(builder, &chunk, &places[i], false, &err), ERR_FAIL);
        assert_int_equal(err.family, ERR_INTERNAL);
    }
    assert_int_equal(index_builder_place(builder, 4).offset, 14);
    index_builder_destroy(builder);
}

static void version_2_has_one_object(void **state)
{
    const struct index_writer gzip = {.version = 2, .choice = {CODEC_GZIP, 5}};
    const struct index_writer wrong[] = {{.version = 2, .choice = {CODEC_ZSTD, 3}},
                                         {.version = 1, .choice = {CODEC_GZIP, 5}},
                                         {.version = 4, .choice = {CODEC_GZIP, 5}}};
    const struct index_chunk chunk = {.raw_size = 1000, .packed_size = 500};
    struct err err = {.text = ""};
    struct index_builder *builder = index_builder_create(&CHUNK_DEFAULT, &gzip, &err);
    unsigned number;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_null(index_builder_create(&CHUNK_DEFAULT, &wrong[i], &err));
    assert_int_equal(index_builder_object(builder, 5000, CODEC_GZIP, &number, &err), ERR_FAIL);
    assert_int_equal(index_builder_add(builder, &chunk, &(struct index_place){0}, true, &err),
                     ERR_FAIL);
    index_builder_destroy(builder);
}

/* At most 64 objects can be used; a builder takes more. */
static void too_many_used_objects_are_refused(void **state)
{
    const struct index_chunk chunk = {.raw_size = 1024, .packed_size = 500};
    struct sample *s = *state;

    for (unsigned used = INDEX_OBJECTS_MAX; used <= INDEX_OBJECTS_MAX + 1; used++) {
        struct err err = {.text = ""};
        struct index_builder *builder = index_builder_create(&CHUNK_DEFAULT, &zstd_3, &err);
        struct image_info image = s->image;
        struct index_order order;
        struct text out;
        unsigned number;

        image.layer_count = 0;
        image.raw_size = (uint64_t)used * chunk.raw_size;
        text_init(&out, MAX_INDEX);
        for (unsigned i = 0; i < used; i++) {
            struct index_place place = {0};

            assert_int_equal(index_builder_object(builder, 500, CODEC_ZSTD, &number, &err), 0);
            place.object = number;
            assert_int_equal(index_builder_add(builder, &chunk, &place, i == 0, &err), 0);
        }
        assert_int_equal(index_builder_finish(builder, &image, &order, &out, &err),
                         used > INDEX_OBJECTS_MAX ? ERR_FAIL : 0);
        text_finish(&out);
        index_builder_destroy(builder);
    }
}

/* Writes the same index again, with a place for each chunk, in an object of the bucket. The writer
 * and the cut are those of `index`. */
static void copy_index(struct index *index, struct text *out)
{
    const struct index_writer writer = {
        .version = 3, .choice = {index->codec, index->level}, .like = index};
    struct err err = {.text = ""};
    struct index_builder *builder = index_builder_create(&index->params, &writer, &err);
    unsigned number;

    assert_int_equal(
        index_builder_object(builder, index->objects[0].size, index->codec, &number, &err), 0);
    for (unsigned i = 0; i < index->section_count; i++) {
        const struct index_chunk *chunk;
        struct index_cursor cursor;
        struct index_place place;
        bool starts = true;

        index_cursor_init(&cursor, &index->sections[i]);
        for (; (chunk = index_cursor_next(&cursor, &place)); starts = false) {
            place.object = number;
            assert_int_equal(index_builder_add(builder, chunk, &place, starts, &err), 0);
        }
    }
    if (index_builder_finish(builder, &index->image, NULL, out, &err))
        fail_msg("%s", err.text);
    index_builder_destroy(builder);
}

/* Without places, the own object is the archive, also after a repack. */
static void a_whole_image_has_one_extent_a_section(void **state)
{
    struct sample *s = *state;
    struct err err = {.text = ""};
    struct index_builder *builder = index_builder_create(&CHUNK_DEFAULT, &zstd_3, &err);
    struct index *index = NULL;
    struct text out, again;
    uint64_t end = 0;

    for (size_t i = 0; i < CHUNKS; i++) {
        struct index_chunk chunk = {.raw_size = stream[i].raw, .packed_size = stream[i].packed};

        assert_int_equal(index_builder_add(builder, &chunk, NULL, stream[i].starts, &err), 0);
    }
    assert_int_equal(index_builder_repack(builder, 2, 19000, &err), 0);
    text_init(&out, MAX_INDEX);
    assert_int_equal(index_builder_finish(builder, &s->image, NULL, &out, &err), 0);
    assert_int_equal(index_parse(text_view(&out), &index, &err), 0);
    assert_true(index->whole);
    assert_int_equal(index->object_count, 1);
    for (unsigned i = 0; i < index->section_count; i++) {
        assert_int_equal(index->sections[i].extent_count, 1);
        assert_int_equal(index->sections[i].extents[0].offset, end);
        end += index->sections[i].packed_size;
    }
    assert_int_equal(index->objects[0].size, end);
    text_init(&again, MAX_INDEX);
    copy_index(index, &again);
    assert_true(view_equals(text_view(&again), text_view(&out)));
    text_finish(&again);
    index_destroy(index);
    text_finish(&out);
    index_builder_destroy(builder);
}

/* Chunks that swap their places make the flag false. */
static void a_whole_image_is_in_order(void **state)
{
    struct sample *s = *state;
    struct err err = {.text = ""};
    struct index_builder *builder = index_builder_create(&CHUNK_DEFAULT, &zstd_3, &err);
    const struct index_chunk chunk = {.raw_size = 1024, .packed_size = 500};
    struct image_info image = s->image;
    struct index *index = NULL;
    uint8_t *bytes;
    struct text out;
    uint64_t header;

    image.layer_count = 0;
    image.raw_size = 2048;
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(index_builder_add(builder, &chunk, NULL, i == 0, &err), 0);
    text_init(&out, MAX_INDEX);
    assert_int_equal(index_builder_finish(builder, &image, NULL, &out, &err), 0);
    bytes = (uint8_t *)out.data;
    assert_int_equal(index_header_size(text_view(&out), &header, &err), 0);
    /* The object has one byte more than the chunks, and the extent begins behind it. */
    for (unsigned lie = 0; lie < 2; lie++) {
        struct xxh128 sum;

        le_put(bytes + header - 16 - SECTION - OBJECT, 1001, 8);
        le_put(bytes + header + 8, lie, 8);
        sum = xxh128_of(bytes + header, EXTENT + 2 * RECORD);
        memcpy(bytes + header - 16 - 16, sum.bytes, 16);
        for (unsigned whole = 0; whole < 2; whole++) {
            le_put(bytes + PREFIX_WHOLE, whole, 2);
            sum = xxh128_of(bytes, header - 16);
            memcpy(bytes + header - 16, sum.bytes, 16);
            assert_int_equal(index_parse(text_view(&out), &index, &err), whole ? ERR_FAIL : 0);
            if (!whole)
                index_destroy(index);
        }
    }
    text_finish(&out);
    index_builder_destroy(builder);
}

/* ---- the example of docs/format.md ---- */

/* Adds the chunks of the example again. */
static void add_again(struct index_builder *builder, const struct index *index, unsigned first)
{
    struct err err = {.text = ""};

    for (unsigned i = 0; i < index->section_count; i++) {
        const struct index_chunk *chunk;
        struct index_cursor cursor;
        struct index_place place;
        bool starts = true;

        index_cursor_init(&cursor, &index->sections[i]);
        while ((chunk = index_cursor_next(&cursor, &place))) {
            struct index_place *at = place.object + 1 < index->object_count ? &place : NULL;

            place.object += first;
            if (index_builder_add(builder, chunk, at, starts, &err))
                fail_msg("%s", err.text);
            starts = false;
        }
    }
}

/* Gives the example the writer of this machine, which may have another libzstd. */
static void set_writer(const struct text *example, const char *writer, struct text *out)
{
    const size_t at = 64 + 20 + 2 + 4; /* of the string of the writer */
    const uint8_t *bytes = (const uint8_t *)example->data;
    size_t header = le_get(bytes + 12, 4), old = le_get(bytes + at, 2), grown;
    struct xxh128 sum;

    text_add(out, bytes, at);
    le_add_string(out, writer);
    text_add(out, bytes + at + 2 + old, header - 16 - at - 2 - old);
    grown = out->size + 16;
    le_put((uint8_t *)out->data + 12, grown, 4);
    le_put((uint8_t *)out->data + 16, example->size - header + grown, 8);
    sum = xxh128_of(out->data, out->size);
    text_add(out, sum.bytes, 16);
    text_add(out, bytes + header, example->size - header);
}

static void the_example_is_written_as_it_is_read(void **state)
{
    static const char *const names[] = {"index-zstd.bin", "index-thin.bin"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct err err = {.text = ""};
        struct index_builder *builder = index_builder_create(&CHUNK_FINE, &zstd_3, &err);
        char writer[CODEC_WRITER_SIZE];
        struct text example, expected, out;
        struct index *index = NULL;
        unsigned number;

        golden_read(names[i], &example);
        text_init(&expected, MAX_INDEX);
        text_init(&out, MAX_INDEX);
        if (index_parse(text_view(&example), &index, &err))
            fail_msg("%s", err.text);
        assert_int_equal(index->whole, i == 0);
        assert_string_equal(index->writer, "s3dock/2 libzstd 1.5.4 level 3");
        for (unsigned k = 0; k + 1 < index->object_count; k++)
            assert_int_equal(index_builder_object(builder, index->objects[k].size,
                                                  index->objects[k].codec, &number, &err),
                             0);
        add_again(builder, index, 1);
        if (index_builder_finish(builder, &index->image, NULL, &out, &err))
            fail_msg("%s", err.text);
        codec_writer(&zstd_3.choice, writer);
        set_writer(&example, writer, &expected);
        assert_true(view_equals(text_view(&out), text_view(&expected)));
        index_destroy(index);
        index_builder_destroy(builder);
        text_finish(&example);
        text_finish(&expected);
        text_finish(&out);
    }
}

#define WITH_SAMPLE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SAMPLE(places_are_read_as_they_were_added),
        WITH_SAMPLE(false_numbers_of_the_prefix_are_refused),
        WITH_SAMPLE(false_objects_are_refused),
        WITH_SAMPLE(false_sections_are_refused),
        WITH_SAMPLE(false_extents_are_refused),
        WITH_SAMPLE(counts_that_overflow_are_refused),
        WITH_SAMPLE(false_records_are_refused),
        WITH_SAMPLE(every_flipped_bit_is_refused),
        WITH_SAMPLE(every_truncation_is_refused),
        WITH_SAMPLE(the_writer_refuses_places_outside_of_objects),
        WITH_SAMPLE(version_2_has_one_object),
        WITH_SAMPLE(too_many_used_objects_are_refused),
        WITH_SAMPLE(a_whole_image_has_one_extent_a_section),
        WITH_SAMPLE(a_whole_image_is_in_order),
        cmocka_unit_test(the_example_is_written_as_it_is_read),
    };

    return cmocka_run_group_tests_name("read_section", tests, NULL, NULL);
}
