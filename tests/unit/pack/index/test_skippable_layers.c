/* Which layers can be skipped, and from which position on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "pack/chunk/chunker.h"
#include "pack/chunk/cut.h"
#include "pack/codec/layer_digest.h"
#include "pack/index/skippable_layers.h"

#define CHUNKS 4
#define RAW    (200 * (uint64_t)KIB)
#define PACKED (1 * (uint32_t)MIB) /* larger than a real chunk, to exceed SKIPPABLE_LEAST */

/* An archive of one layer: a header, its chunks, the rest. */
struct archive {
    struct index index;
    struct index_section sections[3];
    struct index_extent extents[3];
    struct image_layer layer;
    struct index_chunk chunks[CHUNKS], header;
    struct held_index held;
};

static struct index_chunk chunk_of(unsigned number)
{
    struct index_chunk chunk = {.raw_size = RAW / CHUNKS, .packed_size = PACKED};

    chunk.name = chunk_name_of(NAME_SHA256, &number, sizeof number);
    return chunk;
}

static void make(struct archive *a, const char *digit, unsigned first)
{
    *a = (struct archive){.header = {.raw_size = TAR_BLOCK, .packed_size = 100}};
    a->index.params = CHUNK_DEFAULT;
    a->index.section_count = 3;
    a->index.sections = a->sections;
    a->index.image.layer_count = 1;
    a->index.image.layers = &a->layer;
    snprintf(a->layer.diff_id, sizeof a->layer.diff_id, "sha256:%064d", 0);
    a->layer.diff_id[70] = digit[0];
    memcpy(a->layer.digest, a->layer.diff_id, sizeof a->layer.digest);
    strcpy(a->layer.media_type, LAYER_PLAIN_TAR);
    a->layer.raw_offset = TAR_BLOCK;
    a->layer.raw_size = RAW - 5;
    for (unsigned i = 0; i < CHUNKS; i++)
        a->chunks[i] = chunk_of(first + i);
    a->sections[0] = (struct index_section){
        .layer = INDEX_REST, .packed_size = 100, .chunk_count = 1, .chunks = &a->header};
    a->sections[1] = (struct index_section){.raw_size = RAW,
                                            .packed_size = CHUNKS * PACKED,
                                            .chunk_count = CHUNKS,
                                            .extent_count = 1,
                                            .extents = &a->extents[1],
                                            .chunks = a->chunks};
    a->extents[1] = (struct index_extent){.chunks = CHUNKS, .offset = 100};
    a->sections[2] = (struct index_section){.layer = INDEX_REST};
}

static void only_a_whole_section_replaces_a_layer(void **state)
{
    struct archive a;
    uint64_t size;

    (void)state;
    make(&a, "7", 0);
    assert_ptr_equal(skippable_section(&a.index, a.layer.diff_id, &CHUNK_DEFAULT, &size),
                     &a.sections[1]);
    assert_int_equal(size, RAW - 5);
    assert_null(skippable_section(&a.index, "sha256:", &CHUNK_DEFAULT, &size));
    strcpy(a.layer.media_type, LAYER_PLAIN_TAR "+gzip");
    assert_null(skippable_section(&a.index, a.layer.diff_id, &CHUNK_DEFAULT, &size));
    make(&a, "7", 0);
    a.layer.digest[70] = '8';
    assert_null(skippable_section(&a.index, a.layer.diff_id, &CHUNK_DEFAULT, &size));
    make(&a, "7", 0);
    a.index.params.max /= 2;
    assert_null(skippable_section(&a.index, a.layer.diff_id, &CHUNK_DEFAULT, &size));
    make(&a, "7", 0);
    a.index.params.file_min++;
    assert_null(skippable_section(&a.index, a.layer.diff_id, &CHUNK_DEFAULT, &size));
    make(&a, "7", 0);
    a.sections[1].chunks = NULL;
    assert_null(skippable_section(&a.index, a.layer.diff_id, &CHUNK_DEFAULT, &size));
}

static void start(struct skippable_layers *u, struct archive *a, uint64_t lead)
{
    skippable_init(u, lead);
    a->held = (struct held_index){.index = &a->index};
    skippable_add(u, a->layer.diff_id, TAR_BLOCK, RAW - 5, &a->held, 1, &CHUNK_DEFAULT);
}

static void other_sizes_and_small_layers_are_read(void **state)
{
    struct held_index held = {0};
    struct archive a;
    struct skippable_layers u;

    (void)state;
    make(&a, "7", 0);
    held.index = &a.index;
    start(&u, &a, 0);
    assert_int_equal(u.count, 1);
    skippable_init(&u, 0);
    skippable_add(&u, a.layer.diff_id, TAR_BLOCK, RAW, &held, 1, &CHUNK_DEFAULT);
    skippable_add(&u, "sha256:short", TAR_BLOCK, RAW - 5, &held, 1, &CHUNK_DEFAULT);
    skippable_add(&u, "md5", TAR_BLOCK, RAW - 5, &held, 1, &CHUNK_DEFAULT);
    a.sections[1].packed_size = SKIPPABLE_LEAST - 1;
    skippable_add(&u, a.layer.diff_id, TAR_BLOCK, RAW - 5, &held, 1, &CHUNK_DEFAULT);
    assert_int_equal(u.count, 0);
}

/* The header of the layer, held or not. */
static const struct skippable_layer *header(struct skippable_layers *u, const struct archive *a,
                                            bool held, uint32_t *first)
{
    return skippable_next(u, &a->header, &(struct held_chunk){.size = held ? 100 : 0}, TAR_BLOCK,
                          first);
}

static const struct skippable_layer *next(struct skippable_layers *u, const struct archive *a,
                                          unsigned i, uint32_t *first)
{
    return skippable_next(
        u, &a->chunks[i],
        &(struct held_chunk){.offset = 100 + (uint64_t)i * PACKED, .size = PACKED},
        TAR_BLOCK + (i + 1) * (RAW / CHUNKS), first);
}

static void an_archive_that_begins_alike_is_not_read_at_all(void **state)
{
    struct archive a;
    struct skippable_layers u;
    uint32_t first;

    (void)state;
    make(&a, "7", 0);
    start(&u, &a, 2 * PACKED);
    assert_non_null(header(&u, &a, true, &first));
    assert_int_equal(first, 0);
    start(&u, &a, 9 * PACKED); /* but the layer is too short */
    assert_null(header(&u, &a, true, &first));
}

static void reading_ends_after_the_lead(void **state)
{
    struct archive a;
    struct skippable_layers u;
    uint32_t first;

    (void)state;
    make(&a, "7", 0);
    start(&u, &a, 2 * PACKED);
    assert_null(header(&u, &a, false, &first));
    assert_null(next(&u, &a, 0, &first));
    assert_ptr_equal(next(&u, &a, 1, &first)->section, &a.sections[1]);
    assert_int_equal(first, 2);
    start(&u, &a, 3 * PACKED); /* the rest is too short then */
    assert_null(header(&u, &a, false, &first));
    for (unsigned i = 0; i < CHUNKS; i++)
        assert_null(next(&u, &a, i, &first));
}

static void a_chunk_that_differs_from_the_index_ends_the_skip(void **state)
{
    struct archive a, b;
    struct skippable_layers u;
    uint32_t first;

    (void)state;
    make(&a, "7", 0);
    make(&b, "7", 9);
    start(&u, &a, PACKED + PACKED / 2);
    assert_null(header(&u, &a, false, &first));
    assert_null(next(&u, &b, 0, &first));
    assert_null(next(&u, &a, 1, &first));
    assert_null(next(&u, &a, 2, &first));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_whole_section_replaces_a_layer),
        cmocka_unit_test(other_sizes_and_small_layers_are_read),
        cmocka_unit_test(an_archive_that_begins_alike_is_not_read_at_all),
        cmocka_unit_test(reading_ends_after_the_lead),
        cmocka_unit_test(a_chunk_that_differs_from_the_index_ends_the_skip),
    };

    return cmocka_run_group_tests_name("unread", tests, NULL, NULL);
}
