/* The index: round trip, sections, and all false statements of a header or a section. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "kit/index_v1.h"
#include "kit/small.h"
#include "pack/chunk/cut.h"
#include "pack/index/index.h"

#define MAX_INDEX (1 << 20)
#define RECORD    32 /* bytes per chunk */

/* The stream of the test image: raw sizes, beginnings of sections, and their layers. */
static const struct {
    uint32_t raw;
    bool starts;
    int section;
} stream[] = {
    {1024, true, 0},                      /* rest: headers */
    {65536, true, 1},  {34816, false, 1}, /* layer 0, 100,300 bytes padded to 100,352 */
    {1536, true, 2},                      /* rest, and */
    {70144, true, 2},                     /* a large file that is no layer, and */
    {512, true, 2},    {700, false, 2},   /* what follows it: all one rest */
    {200704, true, 3},                    /* layer 1 */
    {66048, true, 4},                     /* layer 2, right behind it */
    {10240, true, 5},                     /* rest: the trailer */
};
#define CHUNKS   ARRAY_SIZE(stream)
#define SECTIONS 6

static struct image_layer layers[] = {
    {.raw_offset = 1024, .raw_size = 100300},
    {.raw_offset = 174268, .raw_size = 200704},
    {.raw_offset = 374972, .raw_size = 66000},
    {.raw_offset = 1024, .raw_size = 100300}, /* layer 0 again: both share one payload */
};
static const int section_layers[SECTIONS] = {INDEX_REST, 0, INDEX_REST, 1, 2, INDEX_REST};

static const struct index_writer writer_2 = {.version = 2, .choice = {CODEC_GZIP, 6}};

static struct image_info sample_image(void)
{
    static char tags[2][IMAGE_REF_SIZE];
    struct image_info image = {
        .os = "linux",
        .architecture = "arm64",
        .variant = "v8",
        .created = "2026-11-23T08:10:00Z",
        .config_offset = 512,
        .config_size = 300,
        .layer_count = ARRAY_SIZE(layers),
        .layers = layers,
        .tag_count = 2,
        .tags = tags,
    };

    for (size_t i = 0; i < CHUNKS; i++)
        image.raw_size += stream[i].raw;
    for (unsigned i = 0; i < ARRAY_SIZE(layers); i++) {
        unsigned seed = i == 3 ? 0 : i;

        snprintf(layers[i].diff_id, sizeof(layers[i].diff_id), "sha256:%064x", 17 + seed);
        snprintf(layers[i].digest, sizeof(layers[i].digest), "sha256:%064x", 99 + seed);
        str_copy(layers[i].media_type, sizeof(layers[i].media_type),
                 "application/vnd.oci.image.layer.v1.tar");
    }
    str_copy(tags[0], sizeof(tags[0]), "app:20261123-0810-abcdef0");
    str_copy(tags[1], sizeof(tags[1]), "other:latest");
    snprintf(image.id, sizeof(image.id), "sha256:%064x", 1);
    snprintf(image.manifest_id, sizeof(image.manifest_id), "sha256:%064x", 2);
    return image;
}

static struct index_chunk sample_chunk(size_t i)
{
    struct index_chunk chunk = {.raw_size = stream[i].raw, .packed_size = stream[i].raw / 3};

    chunk.name = chunk_name_of(NAME_SHA256, &i, sizeof(i));
    return chunk;
}

static struct index_builder *sample_builder(void)
{
    struct err err;
    struct index_builder *builder = index_builder_create(&CHUNK_DEFAULT, &writer_2, &err);

    assert_non_null(builder);
    for (size_t i = 0; i < CHUNKS; i++) {
        struct index_chunk chunk = sample_chunk(i);

        assert_int_equal(index_builder_add(builder, &chunk, NULL, stream[i].starts, &err), 0);
    }
    return builder;
}

/* The serialised sample, and positions in it. */
struct spot_check {
    struct text text;
    uint8_t *bytes; /* a copy of exact size: the address sanitizer detects reads beyond it */
    size_t size, header_size;
};

static int setup(void **state)
{
    struct spot_check *sample = calloc(1, sizeof(*sample));
    struct index_builder *builder = sample_builder();
    struct image_info image = sample_image();
    struct err err;

    text_init(&sample->text, MAX_INDEX);
    assert_int_equal(index_builder_finish(builder, &image, NULL, &sample->text, &err), 0);
    index_builder_destroy(builder);
    sample->size = sample->text.size;
    sample->header_size = sample->size - CHUNKS * RECORD;
    sample->bytes = malloc(sample->size);
    memcpy(sample->bytes, sample->text.data, sample->size);
    *state = sample;
    return 0;
}

static int teardown(void **state)
{
    struct spot_check *sample = *state;

    text_finish(&sample->text);
    free(sample->bytes);
    free(sample);
    return 0;
}

static void same_image(const struct image_info *a, const struct image_info *b)
{
    assert_string_equal(a->id, b->id);
    assert_string_equal(a->manifest_id, b->manifest_id);
    assert_string_equal(a->os, b->os);
    assert_string_equal(a->architecture, b->architecture);
    assert_string_equal(a->variant, b->variant);
    assert_string_equal(a->created, b->created);
    assert_int_equal(a->config_offset, b->config_offset);
    assert_int_equal(a->config_size, b->config_size);
    assert_int_equal(a->raw_size, b->raw_size);
    assert_int_equal(a->tag_count, b->tag_count);
    for (unsigned i = 0; i < a->tag_count; i++)
        assert_string_equal(a->tags[i], b->tags[i]);
    assert_int_equal(a->layer_count, b->layer_count);
    for (unsigned i = 0; i < a->layer_count; i++) {
        assert_string_equal(a->layers[i].diff_id, b->layers[i].diff_id);
        assert_string_equal(a->layers[i].digest, b->layers[i].digest);
        assert_string_equal(a->layers[i].media_type, b->layers[i].media_type);
        assert_int_equal(a->layers[i].raw_offset, b->layers[i].raw_offset);
        assert_int_equal(a->layers[i].raw_size, b->layers[i].raw_size);
    }
}

static void same_chunks(const struct index *index)
{
    uint64_t raw = 0, packed = 0;
    size_t i = 0;

    assert_int_equal(index->section_count, SECTIONS);
    for (int s = 0; s < SECTIONS; s++) {
        const struct index_section *section = &index->sections[s];

        assert_int_equal(section->layer, section_layers[s]);
        assert_int_equal(section->raw_offset, raw);
        assert_int_equal(section->packed_before, packed);
        assert_int_equal(section->at, index->header_size + i * RECORD);
        assert_int_equal(section->size, section->chunk_count * RECORD);
        for (uint32_t c = 0; c < section->chunk_count; c++, i++) {
            struct index_chunk chunk = sample_chunk(i);

            assert_int_equal(stream[i].section, s);
            assert_int_equal(section->chunks[c].raw_size, chunk.raw_size);
            assert_int_equal(section->chunks[c].packed_size, chunk.packed_size);
            assert_true(chunk_name_equals(&section->chunks[c].name, &chunk.name));
            raw += chunk.raw_size;
            packed += chunk.packed_size;
        }
        assert_int_equal(section->raw_offset + section->raw_size, raw);
        assert_int_equal(section->packed_before + section->packed_size, packed);
    }
    assert_int_equal(i, CHUNKS);
    assert_int_equal(index->raw_size, raw);
    assert_int_equal(index->archive_size, packed);
}

static void written_records_are_read(void **state)
{
    struct spot_check *sample = *state;
    struct image_info image = sample_image();
    struct index *index;
    struct err err;

    assert_int_equal(index_parse(view_of(sample->bytes, sample->size), &index, &err), 0);
    assert_int_equal(index->header_size, sample->header_size);
    assert_memory_equal(&index->params, &CHUNK_DEFAULT, sizeof(CHUNK_DEFAULT));
    assert_int_equal(index->level, 6);
    assert_int_equal(index->codec, CODEC_GZIP);
    assert_memory_equal(index->writer, "s3dock/1 libdeflate 1.", 22);
    assert_non_null(strstr(index->writer, " level 6"));
    same_image(&index->image, &image);
    same_chunks(index);
    index_destroy(index);
    index_destroy(NULL);
}

static void the_same_chunks_give_the_same_bytes(void **state)
{
    struct spot_check *sample = *state;
    struct index_builder *builder = sample_builder();
    struct image_info image = sample_image();
    struct text out;
    struct err err;

    text_init(&out, MAX_INDEX);
    assert_int_equal(index_builder_finish(builder, &image, NULL, &out, &err), 0);
    assert_true(view_equals(text_view(&out), text_view(&sample->text)));
    text_finish(&out);
    index_builder_destroy(builder);
}

static void header_first_then_the_sections_that_are_needed(void **state)
{
    struct spot_check *sample = *state;
    struct index *index;
    struct err err;
    uint64_t size;

    assert_int_equal(index_header_size(view_of(sample->bytes, INDEX_PREFIX_SIZE), &size, &err), 0);
    assert_int_equal(size, sample->header_size);
    assert_int_equal(index_parse_header(view_of(sample->bytes, (size_t)size), &index, &err), 0);
    for (unsigned s = SECTIONS; s-- > 0;) {
        const struct index_section *section = &index->sections[s];
        struct view records = view_of(sample->bytes + section->at, section->size);

        assert_null(section->chunks);
        assert_int_equal(index_parse_section(index, s, records, &err), 0);
    }
    same_chunks(index);
    assert_int_equal(index_parse_section(index, SECTIONS, view_of("", 0), &err), ERR_FAIL);
    index_destroy(index);
}

static void a_section_takes_no_other_records(void **state)
{
    struct spot_check *sample = *state;
    struct index *index;
    struct err err = {0};

    assert_int_equal(index_parse_header(view_of(sample->bytes, sample->size), &index, &err), 0);
    /* sections 3 and 4 have one chunk each: the right size, the wrong records */
    assert_int_equal(
        index_parse_section(index, 3, view_of(sample->bytes + index->sections[4].at, 24), &err),
        ERR_FAIL);
    assert_int_equal(err.family, ERR_INTEGRITY);
    assert_int_equal(
        index_parse_section(index, 3, view_of(sample->bytes + index->sections[3].at, 48), &err),
        ERR_FAIL);
    assert_null(index->sections[3].chunks);
    index_destroy(index);
}

static void refused_as(struct view bytes, enum err_family family)
{
    struct index *index = NULL;
    struct err err = {0};

    assert_int_equal(index_parse(bytes, &index, &err), ERR_FAIL);
    assert_null(index);
    assert_int_equal(err.family, family);
    assert_int_equal(err.hint[0] != '\0', family == ERR_UNSUPPORTED);
}

static void every_flipped_bit_is_refused(void **state)
{
    struct spot_check *sample = *state;

    for (size_t bit = 0; bit < sample->size * 8; bit += test_is_small() ? 7 : 1) {
        struct err err = {0};
        struct index *index = NULL;

        sample->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(index_parse(view_of(sample->bytes, sample->size), &index, &err), ERR_FAIL);
        /* The header alone is refused, too, but only for faults in it. */
        assert_int_equal(index_parse_header(view_of(sample->bytes, sample->size), &index, &err),
                         bit / 8 < sample->header_size ? ERR_FAIL : 0);
        index_destroy(index);
        sample->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void every_truncation_is_refused(void **state)
{
    struct spot_check *sample = *state;

    for (size_t size = 0; size < sample->size; size += test_is_small() ? 5 : 1) {
        uint8_t *bytes = malloc(size + 1);
        struct index *index = NULL;
        struct err err;
        uint64_t header_size;

        memmove(bytes + 1, sample->bytes, size);
        refused_as(view_of(bytes + 1, size), ERR_INTEGRITY);
        assert_int_equal(index_header_size(view_of(bytes + 1, size), &header_size, &err),
                         size < INDEX_PREFIX_SIZE ? ERR_FAIL : 0);
        assert_int_equal(index_parse_header(view_of(bytes + 1, size), &index, &err),
                         size < sample->header_size ? ERR_FAIL : 0);
        index_destroy(index);
        free(bytes);
    }
}

static void a_byte_too_many_is_refused(void **state)
{
    struct spot_check *sample = *state;

    text_char(&sample->text, '\0');
    refused_as(text_view(&sample->text), ERR_INTEGRITY);
}

/* ---- false numbers with correct checksums ---- */

static void poke(uint8_t *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static void sign(struct spot_check *sample)
{
    struct xxh128 sum = xxh128_of(sample->bytes, sample->header_size - 16);

    memcpy(sample->bytes + sample->header_size - 16, sum.bytes, 16);
}

static void restore(struct spot_check *sample)
{
    memcpy(sample->bytes, sample->text.data, sample->size);
}

static void lies(struct spot_check *sample, size_t at, size_t size, uint64_t value,
                 enum err_family family)
{
    poke(sample->bytes + at, value, size);
    sign(sample);
    refused_as(view_of(sample->bytes, sample->size), family);
    restore(sample);
}

static void absurd_numbers_in_the_prefix_are_refused(void **state)
{
    static const struct {
        size_t at, size;
    } fields[] = {{12, 4}, {16, 8}, {24, 8}, {32, 8}, {40, 4}, {44, 4}, {48, 4}, {52, 4}, {56, 8}};
    struct spot_check *sample = *state;

    for (size_t f = 0; f < ARRAY_SIZE(fields); f++) {
        uint64_t was = 0;

        for (size_t i = 0; i < fields[f].size; i++)
            was |= (uint64_t)sample->bytes[fields[f].at + i] << (8 * i);
        lies(sample, fields[f].at, fields[f].size, was + 1, ERR_INTEGRITY);
        lies(sample, fields[f].at, fields[f].size, was - 1, ERR_INTEGRITY);
        lies(sample, fields[f].at, fields[f].size, UINT64_MAX, ERR_INTEGRITY);
        lies(sample, fields[f].at, fields[f].size, INT64_MAX, ERR_INTEGRITY);
        lies(sample, fields[f].at, fields[f].size, UINT32_MAX / RECORD + 1, ERR_INTEGRITY);
        if (was != 0)
            lies(sample, fields[f].at, fields[f].size, 0, ERR_INTEGRITY);
    }
}

static void another_version_or_codec_is_named_as_such(void **state)
{
    struct spot_check *sample = *state;

    lies(sample, 8, 4, INDEX_VERSION + 1, ERR_UNSUPPORTED);
    lies(sample, 8, 4, 0, ERR_UNSUPPORTED);
    lies(sample, 8, 4, 1, ERR_INTEGRITY); /* records of another size */
    lies(sample, 8, 4, 3, ERR_INTEGRITY); /* no extents */
    lies(sample, 8, 4, 0, ERR_UNSUPPORTED);
    lies(sample, 64 + 20 + 2, 1, 'G', ERR_UNSUPPORTED); /* "Gzip" */
}

static void impossible_parameters_are_refused(void **state)
{
    struct spot_check *sample = *state;

    lies(sample, 64, 4, UINT32_MAX, ERR_INTEGRITY);          /* min */
    lies(sample, 68, 4, 65537, ERR_INTEGRITY);               /* average */
    lies(sample, 72, 4, UINT32_MAX, ERR_INTEGRITY);          /* max */
    lies(sample, 72, 4, 0, ERR_INTEGRITY);                   /* max */
    lies(sample, 80, 4, 13, ERR_INTEGRITY);                  /* level */
    lies(sample, 64 + 20, 2, UINT16_MAX, ERR_INTEGRITY);     /* codec's length */
    lies(sample, 64 + 20, 2, 32, ERR_INTEGRITY);             /* codec, one byte too long */
    lies(sample, 64 + 20 + 2 + 4 + 2, 1, 0, ERR_INTEGRITY);  /* a NUL in a string */
    lies(sample, 64 + 20 + 2 + 4 + 2, 1, 27, ERR_INTEGRITY); /* an escape in a string */
}

/* Returns the position of `row` and `field` in the table of sections. */
static size_t section_at(const struct spot_check *sample, size_t row, size_t field)
{
    return sample->header_size - 16 - (SECTIONS - row) * 40 + field;
}

static void sections_that_do_not_add_up_are_refused(void **state)
{
    static const uint64_t numbers[] = {0, 1, UINT32_MAX, INT64_MAX, UINT64_MAX, UINT64_MAX - 5000};
    struct spot_check *sample = *state;

    for (size_t row = 0; row < SECTIONS; row++) {
        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
            lies(sample, section_at(sample, row, 8), 8, numbers[i], ERR_INTEGRITY);
            lies(sample, section_at(sample, row, 16), 8, numbers[i], ERR_INTEGRITY);
            if (numbers[i] != 1 || (row != 0 && row < 3 && row != 5))
                lies(sample, section_at(sample, row, 4), 4, numbers[i], ERR_INTEGRITY);
        }
    }
}

/* Changes two rows so that their sum, modulo 2^64, stays the same. */
static void overflowing_sums_are_refused(void **state)
{
    static const size_t fields[] = {8, 16}; /* raw, packed */
    struct spot_check *sample = *state;

    for (size_t f = 0; f < ARRAY_SIZE(fields); f++) {
        size_t a = section_at(sample, 0, fields[f]), b = section_at(sample, 5, fields[f]);
        uint64_t half = UINT64_C(1) << 63, was_a = 0, was_b = 0;

        for (size_t i = 0; i < 8; i++) {
            was_a |= (uint64_t)sample->bytes[a + i] << (8 * i);
            was_b |= (uint64_t)sample->bytes[b + i] << (8 * i);
        }
        poke(sample->bytes + a, was_a + half, 8);
        lies(sample, b, 8, was_b + half, ERR_INTEGRITY);
    }
}

static void a_section_that_is_not_its_layer_is_refused(void **state)
{
    struct spot_check *sample = *state;

    lies(sample, section_at(sample, 0, 0), 4, 0, ERR_INTEGRITY); /* rest as layer 0 */
    lies(sample, section_at(sample, 1, 0), 4, 1, ERR_INTEGRITY); /* layer 0 as layer 1 */
    lies(sample, section_at(sample, 1, 0), 4, 4, ERR_INTEGRITY); /* as a missing layer */
    lies(sample, section_at(sample, 1, 0), 4, UINT32_MAX - 1, ERR_INTEGRITY);
    lies(sample, section_at(sample, 1, 0), 4, UINT32_C(1) << 31, ERR_INTEGRITY);
}

/* Changes a record of section 3 (one chunk) and corrects both checksums. */
static void record_lies(struct spot_check *sample, size_t at, uint64_t value)
{
    uint8_t *record = sample->bytes + sample->header_size + 7 * RECORD;
    struct xxh128 sum;

    poke(record + at, value, 4);
    sum = xxh128_of(record, RECORD);
    memcpy(sample->bytes + section_at(sample, 3, 24), sum.bytes, 16);
    sign(sample);
    refused_as(view_of(sample->bytes, sample->size), ERR_INTEGRITY);
    restore(sample);
}

static void chunks_that_do_not_add_up_are_refused(void **state)
{
    static const uint32_t numbers[] = {0, 1, 19, 200703, 200705, CHUNK_MAX_LIMIT + 1, UINT32_MAX};

    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        record_lies(*state, 0, numbers[i]);
        record_lies(*state, 4, numbers[i]);
    }
}

static void hostile_images_are_refused_by_the_writer_too(void **state)
{
    struct index_builder *builder = sample_builder();
    struct text out;

    (void)state;
    text_init(&out, MAX_INDEX);
    for (int lie = 0; lie < 10; lie++) {
        struct image_info image = sample_image();
        struct err err = {0};

        switch (lie) {
        case 0:
            image.id[10] = 'x';
            break;
        case 1:
            image.id[0] = '\0';
            break;
        case 2:
            image.manifest_id[70] = '\0';
            break;
        case 3:
            image.tags[1][0] = '\n';
            break;
        case 4:
            layers[1].diff_id[8] = '/';
            break;
        case 5:
            layers[1].raw_offset = UINT64_MAX - 100;
            break;
        case 6:
            layers[2].raw_size = UINT64_MAX;
            break;
        case 7:
            image.config_size = image.raw_size;
            break;
        case 8:
            image.raw_size++;
            break;
        default:
            image.layer_count = IMAGE_LAYERS_MAX + 1;
            break;
        }
        assert_int_equal(index_builder_finish(builder, &image, NULL, &out, &err), ERR_FAIL);
        assert_int_equal(err.family, ERR_INTERNAL);
        layers[1].raw_offset = 174268;
        layers[2].raw_size = 66000;
    }
    assert_int_equal(out.size, 0);
    text_finish(&out);
    index_builder_destroy(builder);
}

static void impossible_chunks_are_not_added(void **state)
{
    static const struct index_chunk chunks[] = {
        {0, 20, {{0}}},
        {100, 19, {{0}}},
        {100, 100 + 18 + 5 + 1, {{0}}},
        {CHUNK_MAX_LIMIT + 1, 1000, {{0}}},
        {UINT32_MAX, UINT32_MAX, {{0}}},
    };
    struct index_builder *builder = sample_builder();
    uint64_t before = index_builder_packed(builder);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(chunks); i++) {
        struct err err = {0};

        assert_int_equal(index_builder_add(builder, &chunks[i], NULL, false, &err), ERR_FAIL);
    }
    assert_int_equal(index_builder_packed(builder), before);
    index_builder_destroy(builder);
    index_builder_destroy(NULL);
}

static void an_index_beyond_the_callers_maximum_is_refused(void **state)
{
    struct spot_check *sample = *state;
    struct image_info image = sample_image();

    for (size_t max = 0; max < sample->size; max += 37) {
        struct index_builder *builder = sample_builder();
        struct err err;
        struct text out;

        text_init(&out, max);
        assert_int_equal(index_builder_finish(builder, &image, NULL, &out, &err), ERR_FAIL);
        text_finish(&out);
        index_builder_destroy(builder);
    }
}

/* The maximum number of sections: all layers have one, and there is a rest around each. */
static void the_largest_number_of_layers_fits(void **state)
{
    struct image_info image = sample_image();
    struct err err;
    struct index_builder *builder = index_builder_create(&CHUNK_DEFAULT, &writer_2, &err);
    struct index_chunk rest = {512, 100, {{1}}}, layer = {65536, 30000, {{2}}};
    struct index *index;
    struct text out;

    (void)state;
    image.layer_count = IMAGE_LAYERS_MAX;
    image.layers = calloc(IMAGE_LAYERS_MAX, sizeof(*image.layers));
    image.config_offset = 0;
    image.raw_size = 0;
    for (unsigned i = 0; i < IMAGE_LAYERS_MAX; i++) {
        image.layers[i] = layers[0];
        image.layers[i].raw_offset = image.raw_size + 512;
        image.layers[i].raw_size = 65536;
        assert_int_equal(index_builder_add(builder, &rest, NULL, true, &err), 0);
        assert_int_equal(index_builder_add(builder, &layer, NULL, true, &err), 0);
        image.raw_size += 512 + 65536;
    }
    assert_int_equal(index_builder_add(builder, &rest, NULL, true, &err), 0);
    image.raw_size += 512;
    text_init(&out, MAX_INDEX);
    assert_int_equal(index_builder_finish(builder, &image, NULL, &out, &err), 0);
    assert_int_equal(index_parse(text_view(&out), &index, &err), 0);
    assert_int_equal(index->section_count, 2 * IMAGE_LAYERS_MAX + 1);
    for (unsigned s = 0; s < index->section_count; s++)
        assert_int_equal(index->sections[s].layer, s % 2 ? (int)(s / 2) : INDEX_REST);
    index_destroy(index);
    text_finish(&out);
    index_builder_destroy(builder);
    free(image.layers);
}

#define WITH_SAMPLE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* Its names have 16 bytes. */
static void version_1_is_read(void **state)
{
    struct spot_check *sample = *state;
    struct index *index = NULL;
    struct text old;
    struct err err;
    size_t i = 0;

    text_init(&old, MAX_INDEX);
    index_v1_make(view_of(sample->bytes, sample->size), view_of(NULL, 0), &old);
    assert_int_equal(old.size, sample->header_size + CHUNKS * 24);
    assert_int_equal(index_parse(text_view(&old), &index, &err), 0);
    assert_int_equal(index->names, NAME_XXH3);
    for (unsigned s = 0; s < index->section_count; s++)
        for (uint32_t c = 0; c < index->sections[s].chunk_count; c++) {
            struct index_chunk expected = sample_chunk(i++);
            const struct index_chunk *chunk = &index->sections[s].chunks[c];

            memset(expected.name.bytes + 16, 0, CHUNK_NAME_SIZE - 16);
            assert_true(chunk_name_equals(&chunk->name, &expected.name));
            assert_int_equal(chunk->raw_size, expected.raw_size);
            assert_int_equal(chunk->packed_size, expected.packed_size);
        }
    assert_int_equal(i, CHUNKS);
    index_destroy(index);
    text_finish(&old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SAMPLE(written_records_are_read),
        WITH_SAMPLE(the_same_chunks_give_the_same_bytes),
        WITH_SAMPLE(header_first_then_the_sections_that_are_needed),
        WITH_SAMPLE(a_section_takes_no_other_records),
        WITH_SAMPLE(every_flipped_bit_is_refused),
        WITH_SAMPLE(every_truncation_is_refused),
        WITH_SAMPLE(a_byte_too_many_is_refused),
        WITH_SAMPLE(absurd_numbers_in_the_prefix_are_refused),
        WITH_SAMPLE(another_version_or_codec_is_named_as_such),
        WITH_SAMPLE(impossible_parameters_are_refused),
        WITH_SAMPLE(sections_that_do_not_add_up_are_refused),
        WITH_SAMPLE(overflowing_sums_are_refused),
        WITH_SAMPLE(a_section_that_is_not_its_layer_is_refused),
        WITH_SAMPLE(chunks_that_do_not_add_up_are_refused),
        cmocka_unit_test(hostile_images_are_refused_by_the_writer_too),
        cmocka_unit_test(impossible_chunks_are_not_added),
        WITH_SAMPLE(version_1_is_read),
        WITH_SAMPLE(an_index_beyond_the_callers_maximum_is_refused),
        cmocka_unit_test(the_largest_number_of_layers_fits),
    };

    return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
