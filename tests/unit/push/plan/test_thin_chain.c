/* Twenty thin pushes of one application: what the bucket holds, and how scattered the images
 * are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/random.h"
#include "kit/thin_chain.h"

#define LAYERS     6
#define CHUNKS_MAX 8192

/* The files of each layer. The headers between them have the times of the build, so they change
 * when the layer is built again. */
static const unsigned files[LAYERS] = {300, 600, 150, 100, 25, 25};
static unsigned headers[LAYERS];     /* builds of the layer */
static unsigned bodies[LAYERS][600]; /* changes of the file */
static unsigned builds;

static struct index_chunk chunks[CHUNKS_MAX];

static void add_chunk(struct chain_image *image, uint64_t name, unsigned change, uint32_t least,
                      uint32_t most)
{
    uint64_t state = name * 1000 + change;
    struct index_chunk *chunk = &chunks[image->count++];

    chunk->name = chunk_name_of(NAME_SHA256, &state, sizeof state);
    chunk->packed_size = least + (uint32_t)(random_next(&state) % (most - least));
    chunk->raw_size = 3 * chunk->packed_size;
}

static struct chain_image image_now(void)
{
    struct chain_image image = {.chunks = chunks};

    for (unsigned layer = 0; layer < LAYERS; layer++)
        for (unsigned file = 0; file < files[layer]; file++) {
            uint64_t name = (layer * 1000 + file) * 10;

            add_chunk(&image, name, headers[layer], 300, 4500);
            for (unsigned i = 0; i < 1 + file % 4; i++)
                add_chunk(&image, name + 1 + i, bodies[layer][file], 5 * KIB, 60 * KIB);
        }
    return image;
}

static void rebuild(unsigned from)
{
    builds++;
    for (unsigned layer = from; layer < LAYERS; layer++)
        headers[layer] = builds;
}

static void edit(uint64_t *random)
{
    bodies[3][random_next(random) % files[3]]++;
    rebuild(3);
}

/* Packages are neighbours: an eighth of two layers changes, in groups of ten files. */
static void update(uint64_t *random)
{
    for (unsigned layer = 1; layer < 3; layer++)
        for (unsigned group = 0; group < files[layer] / 10; group++) {
            bool changes = random_next(random) % 8 == 0;

            for (unsigned i = 0; i < 10; i++)
                bodies[layer][group * 10 + i] += changes;
        }
    rebuild(1);
}

/* Every chunk is at its place of the index. */
static void check_places(const struct chain *chain, const struct chain_image *image)
{
    struct index_cursor cursor;
    struct index_place place;
    const struct index_chunk *chunk;
    uint32_t i = 0;

    index_cursor_init(&cursor, &chain->last.index->sections[0]);
    for (; (chunk = index_cursor_next(&cursor, &place)); i++) {
        const struct index_chunk *stored =
            chain_chunk_at(chain, chain->last.objects[place.object], place.offset);

        assert_non_null(stored);
        assert_memory_equal(&stored->name, &image->chunks[i].name, sizeof stored->name);
        assert_int_equal(stored->packed_size, chunk->packed_size);
    }
    assert_int_equal(i, image->count);
}

/* A pull stays within a few ranges and bytes more than that of a whole image. */
static void check_scatter(const struct chain *chain)
{
    const struct extent_limits limits = {.ranges = 2, .spare = 16, .bytes = 1.05};
    uint64_t bridge;

    if (!extent_bridge(chain->last.index, NULL, THIN_LIMITS.range, &limits, &bridge))
        fail_msg("push %u is scattered", chain->count);
    assert_true(chain->last.index->object_count <= THIN_LIMITS.objects + 1);
}

static void twenty_pushes_stay_small(void **state)
{
    static const char pushes[] = "eerueereuereeruereur";
    struct chain *chain = calloc(1, sizeof *chain);
    uint64_t random = 19, whole = 0, stored = 0;
    unsigned edits = 0, updates = 0;

    (void)state;
    assert_non_null(chain);
    for (unsigned i = 0; i <= sizeof pushes - 1; i++) {
        struct chain_image image;

        if (i > 0 && pushes[i - 1] == 'e') {
            edit(&random);
            edits++;
        } else if (i > 0 && pushes[i - 1] == 'u') {
            update(&random);
            updates++;
        } else if (i > 0) {
            rebuild(1);
        }
        image = image_now();
        chain_add(chain, &image);
        check_places(chain, &image);
        check_scatter(chain);
        whole += chain->last.index->archive_size;
        stored += chain->last.written;
    }
    assert_int_equal(sizeof pushes - 1, 20); /* the others are 6 rebuilds */
    assert_int_equal(edits, 10);
    assert_int_equal(updates, 4);
    if (stored * 100 > whole * 15)
        fail_msg("%llu of %llu bytes", (unsigned long long)stored, (unsigned long long)whole);
    chain_finish(chain);
    free(chain);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(twenty_pushes_stay_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
