/*
 * The part planner with a model: a store in memory executes every step and checks all rules of
 * stores. The result must be the archive.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "kit/small.h"
#include "push/plan/part_planner.h"

#define LEAST     1000u
#define MOST      3000u
#define RUN_LEAST 200u
#define BASES     3
#define BASE_SIZE 40000u
#define CHUNKS    4000
#define TEMPS     4000

static const struct part_planner_options options = {
    .least = LEAST, .most = MOST, .run_least = RUN_LEAST};
static struct err err;

/* ---- the store ---- */

struct blob {
    uint8_t *data;
    size_t size;
};

struct chunk {
    struct held_chunk held; /* size 0: new */
    uint8_t own[256];       /* as compressed here */
    uint32_t own_size;
    bool taken;
};

struct scene {
    struct parts *parts;
    struct part_planner *planner;
    struct blob base[BASES], temp[TEMPS], object;
    struct chunk *chunks;
    unsigned count, temps, part_count;
    bool ended;
    size_t sent, copied; /* into the object and into temporary objects */
};

static uint64_t seed;

static uint32_t random_below(uint32_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % n;
}

static void append(struct blob *blob, const uint8_t *data, size_t size)
{
    blob->data = realloc(blob->data, blob->size + size + 1);
    assert_non_null(blob->data);
    memcpy(blob->data + blob->size, data, size);
    blob->size += size;
}

static void append_piece(struct scene *s, struct blob *to, const struct piece *piece)
{
    const struct blob *from;

    if (piece->part) {
        assert_true(piece->part->size > 0);
        append(to, piece->part->data, piece->part->size);
        s->sent += piece->part->size;
        parts_give(s->parts, piece->part);
        return;
    }
    if (piece->region.object >= PART_PLANNER_TEMP) {
        assert_true(piece->region.object < PART_PLANNER_TEMP + s->temps);
        from = &s->temp[piece->region.object - PART_PLANNER_TEMP];
    } else {
        assert_true(piece->region.object < BASES);
        from = &s->base[piece->region.object];
    }
    assert_true(piece->region.size > 0 && piece->region.size < MOST + LEAST);
    assert_true(piece->region.offset + piece->region.size <= from->size);
    append(to, from->data + piece->region.offset, piece->region.size);
    s->copied += piece->region.size;
}

static void take_steps(struct scene *s)
{
    struct part_planner_step step;

    while (part_planner_next(s->planner, &step)) {
        size_t before = s->object.size;

        switch (step.kind) {
        case STEP_TAKEN:
            for (unsigned i = 0; i < step.count; i++) {
                assert_true(step.first + i < s->count);
                assert_true(s->chunks[step.first + i].held.size > 0);
                assert_int_equal(step.sizes[i], s->chunks[step.first + i].own_size);
                s->chunks[step.first + i].taken = true;
            }
            break;
        case STEP_PART:
            assert_false(s->ended);
            assert_int_equal(step.number, ++s->part_count);
            append_piece(s, &s->object, &step.left);
            if (!step.last)
                assert_true(s->object.size - before >= LEAST);
            s->ended = step.last;
            break;
        case STEP_JOIN:
            assert_int_equal(step.number, PART_PLANNER_TEMP + s->temps);
            if (s->temps >= TEMPS)
                fail(); /* does not return, as the analyser knows */
            append_piece(s, &s->temp[s->temps], &step.left);
            assert_true(s->temp[s->temps].size >= LEAST);
            append_piece(s, &s->temp[s->temps], &step.right);
            s->temps++;
            break;
        }
    }
}

static void open_scene(struct scene *s, const struct part_planner_options *with)
{
    memset(s, 0, sizeof *s);
    s->parts = parts_create(PART_PLANNER_PARTS_MIN, part_planner_part_size(with), &err);
    s->planner = part_planner_create(s->parts, with, &err);
    s->chunks = calloc(CHUNKS, sizeof *s->chunks);
    assert_non_null(s->planner);
    assert_non_null(s->chunks);
    for (unsigned b = 0; b < BASES; b++) {
        static uint8_t bytes[BASE_SIZE];

        for (unsigned i = 0; i < BASE_SIZE; i++)
            bytes[i] = (uint8_t)random_below(256);
        append(&s->base[b], bytes, sizeof bytes);
    }
}

static void close_scene(struct scene *s)
{
    part_planner_destroy(s->planner);
    assert_int_equal(parts_out(s->parts), 0);
    parts_destroy(s->parts);
    for (unsigned b = 0; b < BASES; b++)
        free(s->base[b].data);
    for (unsigned t = 0; t < s->temps; t++)
        free(s->temp[t].data);
    free(s->object.data);
    free(s->chunks);
}

/* Adds a chunk. Its bytes are passed only if the planner needs them. */
static void add(struct scene *s, struct held_chunk held, uint32_t own_size)
{
    struct chunk *chunk = &s->chunks[s->count];
    struct view packed = {0};

    assert_true(s->count < CHUNKS);
    chunk->held = held;
    chunk->own_size = own_size;
    for (uint32_t i = 0; i < own_size; i++)
        chunk->own[i] = (uint8_t)random_below(256);
    if (part_planner_needs(s->planner, &held))
        packed = view_of(chunk->own, own_size);
    s->count++;
    assert_true(part_planner_ready(s->planner));
    assert_int_equal(part_planner_add(s->planner, packed, &held, &err), 0);
    take_steps(s);
}

static void end(struct scene *s)
{
    size_t at = 0;

    part_planner_end(s->planner);
    take_steps(s);
    assert_true(s->ended || s->count == 0);
    for (unsigned i = 0; i < s->count; i++) {
        const struct chunk *chunk = &s->chunks[i];
        bool copied = chunk->held.size && !chunk->taken;
        uint32_t size = copied ? chunk->held.size : chunk->own_size;

        assert_true(at + size <= s->object.size);
        assert_memory_equal(
            s->object.data + at,
            copied ? s->base[chunk->held.object].data + chunk->held.offset : chunk->own, size);
        at += size;
    }
    assert_int_equal(at, s->object.size);
}

static void add_new(struct scene *s, uint32_t size)
{
    while (size) {
        uint32_t piece = size < 200 ? size : 200;

        add(s, (struct held_chunk){0}, piece);
        size -= piece;
    }
}

static void add_run(struct scene *s, unsigned base, uint64_t offset, uint32_t size)
{
    while (size) {
        uint32_t piece = size < 100 ? size : 100;

        add(s, (struct held_chunk){.object = base, .offset = offset, .size = piece}, piece);
        offset += piece;
        size -= piece;
    }
}

/* ---- scenes ---- */

static void the_archive_is_right_for_any_chunks(void **state)
{
    (void)state;
    for (unsigned round = 0; round < (test_is_small() ? 60 : 600); round++) {
        unsigned news = 1 + random_below(12), runs = 1 + random_below(60);
        struct scene s;

        seed = round;
        open_scene(&s, &options);
        while (s.count < CHUNKS / 8 && random_below(200)) {
            struct held_chunk held = {.object = random_below(BASES),
                                      .offset = random_below(BASE_SIZE / 2)};
            unsigned count = random_below(runs),
                     told = random_below(2) ? random_below(count + 1) : 0;
            uint32_t sizes[64], ahead = 0;

            for (unsigned i = random_below(news); i-- > 0;)
                add(&s, (struct held_chunk){0}, 1 + random_below(255));
            for (unsigned i = 0; i < count; i++) {
                sizes[i] = 1 + random_below(200);
                ahead += i < told ? sizes[i] : 0;
            }
            for (unsigned i = 0; i < count; i++) {
                held.size = sizes[i];
                held.run_size = i < told ? ahead : 0;
                ahead -= i < told ? sizes[i] : 0;
                add(&s, held, random_below(3) ? held.size : 1 + random_below(255));
                held.offset += held.size;
            }
        }
        end(&s);
        close_scene(&s);
    }
}

/* The uploaded bytes of each case. */
static void a_change_costs_its_own_bytes(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, &options);
    add_run(&s, 0, 0, 5000);
    add_new(&s, 7);
    add_run(&s, 0, 5100, 5000);
    add_new(&s, 300);
    add_run(&s, 1, 300, 500); /* a medium run: joined */
    add_new(&s, 5);
    add_run(&s, 0, 20000, 9000);
    add_new(&s, 1);
    end(&s);
    assert_int_equal(s.sent, 7 + 300 + 5 + 1);
    assert_int_equal(s.temps, 4);
    close_scene(&s);
}

static void a_change_at_the_beginning_costs_the_least(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, &options);
    add_new(&s, 1);
    add_run(&s, 0, 0, 9000);
    end(&s);
    assert_in_range(s.sent, LEAST, LEAST + 100);
    assert_int_equal(s.temps, 0);
    close_scene(&s);
}

static void short_runs_are_uploaded(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, &options);
    for (unsigned i = 0; i < 50; i++) {
        add_new(&s, 50);
        add_run(&s, 0, 300 * i, RUN_LEAST / 2);
    }
    end(&s);
    assert_int_equal(s.sent, 50 * (50 + RUN_LEAST / 2));
    assert_int_equal(s.copied + s.temps, 0);
    close_scene(&s);
}

/* The same archive again: copied chunks need no bytes, except at the beginning of a run. */
static void all_chunks_are_held(void **state)
{
    struct scene s;
    struct held_chunk next = {.object = 0, .offset = 9000, .size = 50};

    (void)state;
    open_scene(&s, &options);
    add_run(&s, 0, 0, 9000);
    assert_false(part_planner_needs(s.planner, &next));
    next.offset++;
    assert_true(part_planner_needs(s.planner, &next));
    add_run(&s, 0, 9000, BASE_SIZE - 9000);
    end(&s);
    assert_int_equal(s.sent, 0);
    assert_int_equal(s.copied, BASE_SIZE);
    close_scene(&s);
}

/* A run of known length needs no bytes, neither at the beginning nor after new chunks. */
static void a_run_of_known_length_needs_no_bytes(void **state)
{
    struct held_chunk first = {.object = 0, .size = 50, .run_size = LEAST};
    struct held_chunk second = {.object = 1, .offset = 5, .size = 50, .run_size = RUN_LEAST};
    struct scene s;

    (void)state;
    open_scene(&s, &options);
    assert_false(part_planner_needs(s.planner, &first));
    add_new(&s, 1); /* smaller than a part: it must grow first */
    assert_true(part_planner_needs(s.planner, &first));
    end(&s);
    close_scene(&s);

    open_scene(&s, &options);
    for (; first.run_size; first.run_size -= first.size, first.offset += first.size) {
        assert_false(part_planner_needs(s.planner, &first));
        add(&s, first, 50);
    }
    add_new(&s, 7);
    for (; second.run_size; second.run_size -= second.size, second.offset += second.size) {
        assert_false(part_planner_needs(s.planner, &second));
        add(&s, second, 50);
    }
    end(&s);
    assert_int_equal(s.sent, 7);
    close_scene(&s);
}

static void small_and_empty_archives(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s, &options);
    end(&s);
    assert_int_equal(s.part_count, 0);
    close_scene(&s);
    open_scene(&s, &options);
    add_new(&s, 3);
    add_run(&s, 0, 0, 100);
    end(&s);
    assert_int_equal(s.part_count, 1);
    assert_int_equal(s.sent, 103);
    close_scene(&s);
}

/* Held chunks that compress to more bytes than in the index: they never overflow the part. */
static void a_false_index_does_not_overflow_a_part(void **state)
{
    struct part_planner_options wide = {.least = 5 * MIB, .most = 64 * MIB, .run_least = MIB};
    uint8_t *bytes = calloc(1, 256 * KIB);
    struct part_planner_step step;
    struct scene s;

    (void)state;
    open_scene(&s, &wide);
    for (unsigned i = 0; i < (test_is_small() ? 200 : 2000); i++) {
        struct held_chunk held = {.object = 0, .offset = 20 * i, .size = 20};

        while (!part_planner_ready(s.planner))
            fail_msg("no part is free");
        assert_int_equal(part_planner_add(s.planner, view_of(bytes, 256 * KIB), &held, &err), 0);
        while (part_planner_next(s.planner, &step))
            if (step.kind == STEP_PART && step.left.part) {
                assert_in_range(step.left.part->size, 5 * MIB, part_planner_part_size(&wide));
                parts_give(s.parts, step.left.part);
            }
    }
    close_scene(&s);
    free(bytes);
}

static void a_chunk_without_its_bytes_is_refused(void **state)
{
    struct scene s;
    struct held_chunk held = {.size = 10};

    (void)state;
    open_scene(&s, &options);
    assert_int_equal(part_planner_add(s.planner, view_of(NULL, 0), &held, &err), ERR_FAIL);
    close_scene(&s);
    part_planner_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_archive_is_right_for_any_chunks),
        cmocka_unit_test(a_change_costs_its_own_bytes),
        cmocka_unit_test(a_change_at_the_beginning_costs_the_least),
        cmocka_unit_test(short_runs_are_uploaded),
        cmocka_unit_test(all_chunks_are_held),
        cmocka_unit_test(a_run_of_known_length_needs_no_bytes),
        cmocka_unit_test(small_and_empty_archives),
        cmocka_unit_test(a_false_index_does_not_overflow_a_part),
        cmocka_unit_test(a_chunk_without_its_bytes_is_refused),
    };

    return cmocka_run_group_tests_name("planner", tests, NULL, NULL);
}
