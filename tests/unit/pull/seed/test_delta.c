/*
 * What a pull decides before it moves anything: host, wanted chunks, plan, estimate.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "docker/docker.h"
#include "kit/fake_docker.h"
#include "pull/plan/needed_chunks.h"
#include "pull/plan/range_plan.h"
#include "pull/seed/delta.h"
#include "pull/seed/local_images.h"

static char ids[8][80];

static void make_ids(void)
{
    for (unsigned i = 0; i < ARRAY_SIZE(ids); i++)
        snprintf(ids[i], sizeof ids[0], "sha256:%064x", i + 1);
}

static struct local_image image_of(const char *name, int64_t created, unsigned first,
                                   unsigned count)
{
    struct local_image image = {.created = created, .layer_count = count, .diff_ids = ids + first};

    snprintf(image.name, sizeof image.name, "%s", name);
    return image;
}

/* The same layer above another one is another layer, but for Podman. */
static void layers_are_found_as_the_engine_finds_them(void **state)
{
    static const struct {
        bool podman, containerd;
        unsigned first, count, found;
    } cases[] = {
        {false, false, 0, 4, 4}, {false, false, 0, 2, 2}, {false, false, 0, 6, 4},
        {false, false, 1, 3, 0}, {true, false, 1, 3, 3},  {true, false, 3, 4, 1},
        {false, true, 0, 4, 0},
    };
    struct local_image image = image_of("shop:1", 1, 0, 4);
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct local_images *host =
            local_images_in(&image, 1, "shop", cases[i].podman, cases[i].containerd, &err);
        bool has[8];

        assert_non_null(host);
        assert_int_equal(local_images_layers(host, (const char(*)[80])(ids + cases[i].first),
                                             cases[i].count, has),
                         cases[i].found);
        local_images_destroy(host);
    }
}

/* C1 = d1, C2 = sha256("C1 d2"): what stands above a stranger is not found. */
static void two_images_share_a_chain_only_from_the_bottom(void **state)
{
    struct local_image images[2] = {image_of("a:1", 1, 0, 3), image_of("b:1", 2, 4, 3)};
    char mixed[3][80];
    struct err err;
    struct local_images *host = local_images_in(images, 2, "shop", false, false, &err);
    bool has[3];

    (void)state;
    memcpy(mixed[0], ids[0], 80);
    memcpy(mixed[1], ids[5], 80);
    memcpy(mixed[2], ids[2], 80);
    assert_int_equal(local_images_layers(host, (const char(*)[80])mixed, 3, has), 1);
    assert_true(has[0] && !has[1] && !has[2]);
    local_images_destroy(host);
}

static void the_nearest_image_is_kin_then_shares_then_is_new(void **state)
{
    struct local_image images[] = {
        image_of("other:1", 99, 0, 4),    image_of("registry.example:5000/shop:1", 5, 0, 1),
        image_of("shop:2", 3, 0, 2),      image_of("shop:3", 4, 0, 2),
        image_of("workshop:9", 99, 0, 4),
    };
    struct err err;
    struct local_images *host =
        local_images_in(images, ARRAY_SIZE(images), "shop", false, false, &err);
    bool kin;

    (void)state;
    assert_string_equal(local_images_closest(host, (const char(*)[80])ids, 4, &kin)->name,
                        "shop:3");
    assert_true(kin);
    local_images_destroy(host);
    host = local_images_in(images, 1, "shop", false, false, &err);
    assert_string_equal(local_images_closest(host, (const char(*)[80])ids, 4, &kin)->name,
                        "other:1");
    assert_false(kin);
    local_images_destroy(host);
    host = local_images_in(images, 0, "shop", false, false, &err);
    assert_null(local_images_closest(host, (const char(*)[80])ids, 4, &kin));
    local_images_destroy(host);
}

static void a_daemon_tells_what_it_has(void **state)
{
    struct fake_docker fake = fake_docker_start("docker-20.10", "", 0);
    struct docker_endpoint endpoint = {.origin = "DOCKER_HOST", .url = "http://localhost"};
    struct err err = {0};
    struct docker *docker;
    struct docker_list list;
    struct local_images *host;
    char layers[2][80];
    bool kin, has[2];

    (void)state;
    snprintf(endpoint.host, sizeof endpoint.host, "unix://%s", fake.socket);
    snprintf(endpoint.socket, sizeof endpoint.socket, "%s", fake.socket);
    docker = docker_open(&endpoint, NULL, &err);
    assert_non_null(docker);
    assert_int_equal(docker_list_images(docker, &list, &err), 0);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.images[0].tag_count, 1);
    assert_string_equal(list.images[0].tags[0], "app:1");
    assert_int_equal(list.images[0].created, 1700000000);
    docker_list_finish(&list);
    host = local_images_create(docker, "app", &err);
    assert_non_null(host);
    snprintf(layers[0], sizeof layers[0], "sha256:");
    for (unsigned i = 0; i < 32; i++)
        strcat(layers[0], "aa");
    memcpy(layers[1], layers[0], sizeof layers[1]);
    assert_int_equal(local_images_layers(host, (const char(*)[80])layers, 2, has), 1);
    assert_string_equal(local_images_closest(host, (const char(*)[80])layers, 2, &kin)->name,
                        "app:1");
    local_images_destroy(host);
    docker_close(docker);
    fake_docker_stop(&fake);
}

/* ---- wanted chunks and the plan ---- */

#define CHUNKS 100

static struct index_chunk chunks[CHUNKS];
static struct index_section sections[2];
static struct index index_ = {.section_count = 2, .sections = sections};

/* Two sections of 50 chunks: 1000 raw bytes each, 500 packed. */
static void make_index(void)
{
    for (unsigned i = 0; i < CHUNKS; i++) {
        unsigned text = i == 77 ? 3 : i; /* one is there twice */

        chunks[i] = (struct index_chunk){.raw_size = 1000, .packed_size = 500};
        chunks[i].name = chunk_name_of(NAME_SHA256, &text, sizeof text);
    }
    for (unsigned i = 0; i < 2; i++)
        sections[i] = (struct index_section){.layer = INDEX_REST,
                                             .raw_offset = 50000 * i,
                                             .raw_size = 50000,
                                             .packed_offset = 25000 * i,
                                             .packed_size = 25000,
                                             .chunk_count = 50,
                                             .chunks = chunks + 50 * (size_t)i};
}

static void ranges_become_chunks(void **state)
{
    static const struct {
        struct raw_range ranges[2];
        unsigned count, chunks;
        bool need[2];
    } cases[] = {
        {{{0, 100000}}, 1, 100, {true, true}},
        {{{0, 1}}, 1, 1, {true, false}},
        {{{999, 2}}, 1, 2, {true, false}},
        {{{49000, 2000}}, 1, 2, {true, true}},
        {{{5000, 1000}, {70000, 1500}}, 2, 3, {true, true}},
        {{{5000, 100}, {5200, 100}}, 2, 1, {true, false}},
        {{{5000, 0}, {99999, 1}}, 2, 1, {false, true}},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        bool need[2];
        struct needed_chunks *wanted =
            needed_create(&index_, cases[i].ranges, cases[i].count, &err);

        needed_sections(&index_, cases[i].ranges, cases[i].count, need);
        assert_non_null(wanted);
        assert_int_equal(wanted->count, cases[i].chunks);
        assert_int_equal(wanted->packed_size, 500 * cases[i].chunks);
        assert_memory_equal(need, cases[i].need, sizeof need);
        needed_destroy(wanted);
    }
}

static void a_chunk_that_is_found_serves_its_twins(void **state)
{
    const struct raw_range all = {0, 100000};
    struct err err;
    struct needed_chunks *wanted = needed_create(&index_, &all, 1, &err);
    struct chunk_name unknown = {{1}};

    (void)state;
    assert_int_equal(needed_by_name(wanted, &err), 0);
    assert_null(needed_find(wanted, &unknown, 1000));
    assert_null(needed_find(wanted, &chunks[3].name, 999));
    assert_ptr_equal(needed_find(wanted, &chunks[77].name, 1000), &wanted->chunks[3]);
    needed_find(wanted, &chunks[77].name, 1000)->spool_at = 4711;
    assert_int_equal(needed_place(wanted, &wanted->chunks[77]), 4711);
    assert_int_equal(needed_place(wanted, &wanted->chunks[78]), NEEDED_FROM_ARCHIVE);
    assert_int_equal(needed_missing(wanted), 98 * 500);
    assert_false(needed_misses(wanted, wanted->chunks[3].packed_offset));
    assert_false(needed_misses(wanted, wanted->chunks[77].packed_offset));
    assert_true(needed_misses(wanted, wanted->chunks[78].packed_offset));
    assert_true(needed_misses(wanted, wanted->chunks[0].packed_offset));
    assert_true(needed_misses(wanted, wanted->chunks[99].packed_offset));
    assert_false(needed_misses(wanted, wanted->chunks[99].packed_offset + 1));
    wanted->chunks[78].kept = true;
    assert_false(needed_misses(wanted, wanted->chunks[78].packed_offset));
    needed_destroy(wanted);
}

/* Every chunk once, in order, in ranges that do not bridge too much. */
static void spans_fetch_one_range_each(void **state)
{
    const struct raw_range all = {0, 100000};
    struct err err;
    struct needed_chunks *wanted = needed_create(&index_, &all, 1, &err);
    struct buffer slot = {.aux = calloc(1, sizeof(struct span))};
    uint64_t fetched = 0, gets = 0;
    struct plan plan;
    uint32_t seen = 0;

    (void)state;
    for (unsigned i = 10; i < 30; i++) /* 10,000 packed bytes: too many to bridge */
        wanted->chunks[i].spool_at = 1000 * i;
    for (unsigned i = 60; i < 67; i++) /* 3,500: not too many */
        wanted->chunks[i].spool_at = 1000 * i;
    plan_init(&plan, wanted, NULL, 50000, 20000, 30000);
    while (!plan_done(&plan)) {
        struct span *span = span_of(&slot);
        size_t raw = 0;

        assert_int_equal(plan_next(&plan, span, &err), 0);
        for (unsigned i = 0; i < span->count; i++, seen++) {
            const struct span_chunk *chunk = &span->chunks[i];

            assert_int_equal(chunk->raw_offset, 1000 * seen);
            raw += chunk->chunk.raw_size;
            if (chunk->flags & SPAN_SPOOLED)
                assert_int_equal(chunk->at, 1000 * seen);
            else
                assert_int_equal(span->op.offset + chunk->at, 500 * seen);
        }
        assert_true(raw <= 30000 && span->op.length <= 20000);
        fetched += span->op.length;
        gets += span->op.length > 0;
    }
    assert_int_equal(seen, 100);
    assert_true(fetched <= 45000 && fetched >= 35000);
    assert_true(gets <= 6);
    needed_destroy(wanted);
    free(slot.aux);
}

static void a_harvest_is_done_when_it_pays(void **state)
{
    static const struct {
        struct harvest_estimate estimate;
        bool pays;
    } cases[] = {
        {{400000000, 1200000000, 1400000000, false, true, 3, 6, 2.5e6}, true},    /* 20 Mbit/s */
        {{400000000, 1200000000, 1400000000, false, true, 3, 6, 200e6}, false},   /* next door */
        {{17000000, 1200000000, 1400000000, false, true, 3, 6, 12.5e6}, false},   /* little */
        {{400000000, 1200000000, 1400000000, false, false, 0, 6, 12.5e6}, false}, /* a stranger */
        {{400000000, 1200000000, 500000000, false, false, 2, 6, 2.5e6},
         true}, /* a neighbour on the same base */
        /* layers are read while the daemon is loading */
        {{400000000, 1200000000, 1200000000, true, true, 3, 6, 100e6}, true},
        {{400000000, 1200000000, 1200000000, true, true, 3, 6, 900e6}, true},
        {{400000000, 1200000000, 4000000000, true, true, 3, 6, 900e6}, false}, /* a giant */
        {{1000000, 3000000, 1200000000, true, true, 3, 6, 100e6}, false},      /* little */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(harvest_pays(&cases[i].estimate), cases[i].pays);
}

/* 1.2 GB of layers, 400 MB to fetch, of which half is settled. */
static void a_slow_disk_is_given_up(void **state)
{
    static const struct {
        double rate, seconds;
        uint64_t read;
        bool lags;
    } cases[] = {
        {100e6, 2, 1000000, false},    /* too early to tell */
        {100e6, 4, 600000000, false},  /* as expected */
        {100e6, 4, 100000000, true},   /* 44 s to go, where fetching takes 2.4 */
        {2.5e6, 4, 100000000, false},  /* the link is slower still */
        {100e6, 2, 0, false},          /* it may just begin */
        {100e6, 30, 0, true},          /* or not */
        {100e6, 9, 1200000000, false}, /* it is done */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct harvest_estimate e = {400000000, 1200000000, 1200000000, true,
                                     true,      3,          6,          cases[i].rate};

        assert_int_equal(harvest_lags(&e, cases[i].seconds, cases[i].read, 200000000, 600000000),
                         cases[i].lags);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_are_found_as_the_engine_finds_them),
        cmocka_unit_test(two_images_share_a_chain_only_from_the_bottom),
        cmocka_unit_test(the_nearest_image_is_kin_then_shares_then_is_new),
        cmocka_unit_test(a_daemon_tells_what_it_has),
        cmocka_unit_test(ranges_become_chunks),
        cmocka_unit_test(a_chunk_that_is_found_serves_its_twins),
        cmocka_unit_test(spans_fetch_one_range_each),
        cmocka_unit_test(a_harvest_is_done_when_it_pays),
        cmocka_unit_test(a_slow_disk_is_given_up),
    };

    make_ids();
    make_index();
    return cmocka_run_group_tests_name("delta", tests, NULL, NULL);
}
