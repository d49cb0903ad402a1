/*
 * compact and thicken on images that share chunks. A rewrite is stopped at each of its requests:
 * with and without the effect of that request. Afterwards each image can be pulled, and a second
 * rewrite, a sweep and a pull succeed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/digest_text.h"
#include "base/err.h"
#include "catalog/image_objects.h"
#include "catalog/locate.h"
#include "catalog/retired.h"
#include "cleanup/retention.h"
#include "cleanup/sweep.h"
#include "kit/fault_store.h"
#include "kit/memory_store.h"
#include "kit/sample.h"
#include "kit/saved_image.h"
#include "kit/scratch.h"
#include "kit/tarball.h"
#include "pull/pull.h"
#include "push/push.h"
#include "rewrite/compact.h"
#include "rewrite/gather.h"
#include "rewrite/moved_image.h"
#include "rewrite/thicken.h"
#include "transfer/fetch_index.h"

#define IMAGES 3
/* Enough for comparisons with earlier images. */
#define THIN_MEMORY (128 * MIB)
#define LAST        3 /* an image that only some tests push */

static const char *const REFS[IMAGES + 1] = {
    "shop:20250701-1000-aaaaa01", "shop:20250702-1000-aaaaa02", "shop:20250703-1000-aaaaa03",
    "shop:20250704-1000-aaaaa04"};
static const char *const FILES[IMAGES + 1] = {"1.tar", "2.tar", "3.tar", "4.tar"};
static char ids[IMAGES + 1][DIGEST_TEXT_SIZE];
static struct err err;

/* ---- images ---- */

/* All images have the same first layer, which can be packed. The first image has a large second
 * one.
 */
static void write_image_as(unsigned number, const char *path, const char *reference,
                           char id[DIGEST_TEXT_SIZE])
{
    struct saved_image image;
    struct tarball layers[2];
    static uint8_t bytes[300000];
    const size_t sizes[2] = {200000, number ? 40000 : sizeof bytes};

    saved_image_init(&image);
    for (unsigned i = 0; i < 2; i++) {
        noise(bytes, sizes[i], i ? number + 10 : 1);
        for (size_t k = 0; !i && k < sizes[i]; k++)
            bytes[k] &= 0x3f;
        tarball_init(&layers[i]);
        tarball_file(&layers[i], "data", bytes, sizes[i]);
        tarball_end(&layers[i]);
        saved_image_add(&image, &layers[i], 0);
    }
    saved_image_write(&image, path, reference);
    snprintf(id, DIGEST_TEXT_SIZE, "%s", image.id);
}

static void write_image(unsigned number)
{
    write_image_as(number, path_of(FILES[number]), REFS[number], ids[number]);
}

static struct image_name name_of(unsigned number)
{
    struct image_name name;

    assert_true(name_parse_image(REFS[number], &name, &err) >= 0);
    return name;
}

static void push_file(struct store *store, unsigned number, const char *path, enum codec codec,
                      bool thin)
{
    struct push_options options = {.store = store,
                                   .input = path,
                                   .name = name_of(number),
                                   .no_resume = true,
                                   .no_delta = !thin,
                                   .thin = thin,
                                   .choice = {.codec = codec, .level = 1}};
    struct push_result result;

    options.transfer.memory = thin ? THIN_MEMORY : TRANSFER_MEMORY_MIN;
    if (push_run(&options, &result, &err))
        fail_msg("%s", err.text);
}

static void push_packed(struct store *store, unsigned number, enum codec codec, bool thin)
{
    push_file(store, number, path_of(FILES[number]), codec, thin);
}

static void push(struct store *store, unsigned number)
{
    push_packed(store, number, CODEC_ZSTD, false);
}

/* Returns true if the image can be pulled and is the right one. */
static bool can_pull(struct store *store, unsigned number)
{
    struct pull_options options = {.store = store, .no_resume = true, .name = name_of(number)};
    struct pull_result result;

    options.transfer.memory = TRANSFER_MEMORY_MIN;
    return pull_run(&options, &result, &err) == 0 && strcmp(result.image_id, ids[number]) == 0;
}

static void locate(struct store *store, unsigned number, struct located *at)
{
    struct image_name name = name_of(number);

    assert_int_equal(locate_image(store, &name, NULL, NULL, at, &err), LOCATE_FOUND);
}

/* ---- a thin image: chunks of the first image are taken from there ---- */

static bool find_chunk(const struct index *index, const struct index_chunk *wanted,
                       struct index_place *out, uint32_t *size)
{
    for (unsigned i = 0; i < index->section_count; i++) {
        const struct index_chunk *chunk;
        struct index_cursor cursor;

        index_cursor_init(&cursor, &index->sections[i]);
        while ((chunk = index_cursor_next(&cursor, out)))
            if (chunk_name_equals(&chunk->name, &wanted->name))
                return *size = chunk->packed_size, true;
    }
    return false;
}

#define SMALL 45000

struct renaming {
    const struct index *first, *own, *other;
};

static void take_from_first(void *arg, const struct index_place *from, uint32_t *size,
                            struct index_place *to)
{
    const struct renaming *r = arg;
    const struct index_chunk *chunk = NULL;

    for (unsigned i = 0; i < r->own->section_count; i++) {
        struct index_cursor cursor;
        struct index_place at;

        index_cursor_init(&cursor, &r->own->sections[i]);
        while ((chunk = index_cursor_next(&cursor, &at)) && at.offset != from->offset)
            ;
        if (chunk)
            break;
    }
    assert_non_null(chunk);
    if (r->other && chunk->raw_size < SMALL && find_chunk(r->first, chunk, to, size) &&
        find_chunk(r->other, chunk, to, size)) {
        to->object = 2;
        return;
    }
    if (find_chunk(r->first, chunk, to, size))
        return;
    *to = (struct index_place){.object = 1, .offset = from->offset};
}

/* Makes a whole image thin: its own object is mostly unused then. `other`: an image that gives it
 * the small chunks that it has, or -1. */
static void make_thin_of(struct store *store, unsigned number, int other)
{
    const unsigned images[3] = {0, number, other < 0 ? 0 : (unsigned)other};
    struct located at[3];
    struct index *indexes[3];
    struct metadata_object objects[3] = {0};
    struct renaming renaming;
    struct image_name name = name_of(number);
    char unique[KEY_UNIQUE_SIZE];
    struct moved_image moved = {.store = store,
                                .at = &at[1],
                                .unique = unique,
                                .name = &name,
                                .month = "202507",
                                .thin = true,
                                .objects = objects,
                                .object_count = other < 0 ? 2 : 3,
                                .place = take_from_first,
                                .arg = &renaming};

    for (unsigned i = 0; i < 3; i++) {
        struct image_object object;

        locate(store, images[i], &at[i]);
        assert_int_equal(fetch_index(store, &at[i].metadata, &indexes[i], &err), 0);
        object = image_objects_get(&at[i], 0);
        snprintf(objects[i].key, sizeof objects[i].key, "%s", object.key);
        snprintf(objects[i].etag, sizeof objects[i].etag, "%s", object.etag);
        objects[i].size = object.size;
        objects[i].codec = object.codec;
    }
    renaming = (struct renaming){indexes[0], indexes[1], other < 0 ? NULL : indexes[2]};
    moved.index = indexes[1];
    assert_int_equal(key_unique(unique, &err), 0);
    if (moved_image_run(&moved, &err))
        fail_msg("%s", err.text);
    for (unsigned i = 0; i < 3; i++) {
        index_destroy(indexes[i]);
        located_finish(&at[i]);
    }
}

static void make_thin(struct store *store, unsigned number)
{
    make_thin_of(store, number, -1);
}

/* Three images: the first is whole, the others refer to it. */
static struct memory_store *fill(const char *name, bool conditions)
{
    struct memory_store *memory = memory_store_create(name, conditions);

    memory->store.limits.part_size = 60000; /* the first object needs several parts */
    for (unsigned i = 0; i < IMAGES; i++)
        push(&memory->store, i);
    for (unsigned i = 1; i < IMAGES; i++)
        make_thin(&memory->store, i);
    memory_store_save(memory);
    return memory;
}

/* Two images: the second refers to the archive of the first. Then another image replaces the first
 * one in place, and its archive lies below archive/. */
static struct memory_store *fill_replaced(const char *name)
{
    struct memory_store *memory = memory_store_create(name, true);
    struct located at;
    char other[DIGEST_TEXT_SIZE];

    push_packed(&memory->store, 0, CODEC_GZIP, false);
    push(&memory->store, 1);
    make_thin(&memory->store, 1);
    write_image_as(7, path_of("other.tar"), REFS[0], other);
    push_file(&memory->store, 0, path_of("other.tar"), CODEC_GZIP, false);
    locate(&memory->store, 0, &at);
    assert_string_equal(at.metadata.image_id, other);
    located_finish(&at);
    return memory;
}

/* ---- the commands ---- */

static unsigned reported, scattered;

static void report(void *arg, const struct compact_object *object)
{
    (void)arg;
    assert_true(object->used * 2 < object->size);
    reported++;
}

static void report_image(void *arg, const struct compact_image *image)
{
    (void)arg;
    assert_true(image->ranges > image->whole);
    assert_true(image->size > 100000);
    scattered++;
}

static struct signing *the_key; /* of the commands; NULL: none */

static int compact_with(struct store *store, uint64_t least, const struct gather_limits *scatter,
                        bool dry_run, struct compact_result *result)
{
    const struct compact_options options = {.store = store,
                                            .signing = the_key,
                                            .app = "shop",
                                            .least = least,
                                            .scatter = scatter,
                                            .each = report,
                                            .each_image = report_image,
                                            .dry_run = dry_run};

    reported = scattered = 0;
    return compact_run(&options, result, &err);
}

static int compact(struct store *store, bool dry_run, struct compact_result *result)
{
    return compact_with(store, 1, &GATHER_LIMITS, dry_run, result);
}

/* An image of these tests is scattered if it has two objects. */
static const struct gather_limits ONE_RANGE = {.range = 8 * MIB,
                                               .scatter = {.ranges = 1, .bytes = 1}};

static int gather(struct store *store, bool dry_run, struct compact_result *result)
{
    return compact_with(store, MIB, &ONE_RANGE, dry_run, result);
}

static int thicken(struct store *store, unsigned number, struct thicken_result *result)
{
    const struct thicken_options options = {
        .store = store, .signing = the_key, .name = name_of(number)};

    return thicken_run(&options, result, &err);
}

static void ignore(void *arg, const struct sweep_item *item)
{
    (void)arg;
    (void)item;
}

/* Deletes what no image needs: two runs, as the first one announces. */
static void sweep(struct store *store)
{
    const struct sweep_policy policy = {.store = store, .app = "shop"};

    for (unsigned i = 0; i < 2; i++)
        if (sweep_run(&policy, ignore, NULL, &err))
            fail_msg("%s", err.text);
}

static void pull_all(struct store *store, const char *what, unsigned at)
{
    for (unsigned i = 0; i < IMAGES; i++)
        if (!can_pull(store, i))
            fail_msg("%s %s, stopped at request %u: %s", store->where, what, at, err.text);
}

static bool exists(struct store *store, const char *key)
{
    struct store_info info;

    return store_head(store, key, &info, &err) == STORE_DONE;
}

/* Returns the object that the push of the image has written, or a rewrite of it (`own`), or the
 * other one. */
static const char *key_of(const struct located *at, bool own)
{
    bool first = strstr(at->metadata.objects[0].key, at->metadata.git_hash) != NULL;

    assert_int_equal(at->metadata.object_count, 2);
    return at->metadata.objects[first == own ? 0 : 1].key;
}

static void compact_moves_images_from_unused_objects(void **state)
{
    struct memory_store *memory = fill("compact", true);
    struct store *store = &memory->store;
    struct compact_result result;
    struct located before, after;
    unsigned size = memory->now.object_count;

    (void)state;
    pull_all(store, "before", 0);
    locate(store, 1, &before);
    assert_int_equal(compact(store, true, &result), 0);
    assert_int_equal(memory->now.object_count, size);
    assert_int_equal(result.objects, 2);
    assert_int_equal(reported, 2);
    assert_int_equal(result.images, 2);
    assert_int_equal(compact(store, false, &result), 0);
    assert_int_equal(result.moved, 2);
    assert_int_equal(result.skipped, 0);
    assert_true(result.written > 80000 && result.written < 100000);
    pull_all(store, "compact", 0);
    assert_int_equal(compact(store, false, &result), 0);
    assert_int_equal(result.objects, 0);
    locate(store, 1, &after);
    assert_true(exists(store, key_of(&before, true)));
    sweep(store);
    assert_false(exists(store, key_of(&before, true)));
    assert_false(exists(store, before.metadata.index_key));
    assert_true(exists(store, key_of(&after, true)));
    assert_string_equal(key_of(&before, false), key_of(&after, false));
    assert_string_equal(before.metadata.created_at, after.metadata.created_at);
    pull_all(store, "sweep", 0);
    located_finish(&before);
    located_finish(&after);
    memory_store_destroy(memory);
}

static void compact_gathers_scattered_images(void **state)
{
    struct memory_store *memory = fill("scattered", true);
    struct store *store = &memory->store;
    struct compact_result result;
    struct located at;
    unsigned size = memory->now.object_count;

    (void)state;
    assert_int_equal(compact_with(store, MIB, &GATHER_LIMITS, false, &result), 0);
    assert_int_equal(result.scattered, 0); /* small images are not scattered */
    assert_int_equal(gather(store, true, &result), 0);
    assert_int_equal(scattered, 2);
    assert_int_equal(result.scattered, 2);
    assert_int_equal(reported, 0);
    assert_int_equal(memory->now.object_count, size);
    assert_int_equal(gather(store, false, &result), 0);
    assert_int_equal(result.gathered, 2);
    assert_true(result.copied > 0 && result.copied <= result.written);
    locate(store, 1, &at);
    assert_int_equal(at.metadata.object_count, 1);
    assert_true(at.metadata.thin);
    located_finish(&at);
    assert_int_equal(gather(store, false, &result), 0);
    assert_int_equal(result.scattered, 0);
    pull_all(store, "gather", 0);
    sweep(store);
    pull_all(store, "sweep", 0);
    memory_store_destroy(memory);
}

/* An image of three objects, which may have two. Its longest run stays where it is. If one of the
 * objects has another codec, one new object is not enough: then all runs are copied, to two. */
static void gather_short_runs(enum codec codec, const char *name)
{
    static const struct gather_limits two = {.range = 8 * MIB,
                                             .scatter = {.ranges = 2.5, .bytes = 1}};
    struct memory_store *memory = memory_store_create(name, true);
    struct store *store = &memory->store;
    struct compact_result result;
    struct located first, at;
    bool shares = false;

    store->limits.part_size = 60000;
    for (unsigned i = 0; i < IMAGES; i++)
        push_packed(store, i, i == 2 ? codec : CODEC_ZSTD, false);
    make_thin_of(store, 1, 2);
    locate(store, 1, &at);
    assert_int_equal(at.metadata.object_count, 3);
    located_finish(&at);
    assert_int_equal(compact_with(store, MIB, &two, false, &result), 0);
    assert_int_equal(result.gathered, 1);
    locate(store, 0, &first);
    locate(store, 1, &at);
    assert_int_equal(at.metadata.object_count, 2);
    for (unsigned i = 0; i < 2; i++)
        shares = shares || strcmp(at.metadata.objects[i].key, first.metadata.objects[0].key) == 0;
    assert_int_equal(shares, codec == CODEC_ZSTD);
    located_finish(&at);
    located_finish(&first);
    sweep(store);
    pull_all(store, name, 0);
    assert_int_equal(compact_with(store, MIB, &two, false, &result), 0);
    assert_int_equal(result.scattered, 0);
    memory_store_destroy(memory);
}

static void gather_leaves_long_runs(void **state)
{
    (void)state;
    gather_short_runs(CODEC_ZSTD, "long");
}

static void gather_writes_an_object_for_each_codec(void **state)
{
    (void)state;
    gather_short_runs(CODEC_GZIP, "each codec");
}

/* A document of a replaced image still needs the object: a rewrite would free nothing. */
static void objects_that_replaced_images_need_stay(void **state)
{
    struct memory_store *memory = fill("replaced", true);
    struct store_op copy = {
        .verb = STORE_COPY,
        .source = "images/shop/202507/shop-20250702-1000-aaaaa02.json",
        .key = "archive/shop/202507/shop-20250702-1000-aaaaa02-archived-on-20250801-1000.json"};
    struct compact_result result;

    (void)state;
    assert_int_equal(store_run(&memory->store, &copy, &err), STORE_DONE);
    assert_int_equal(compact(&memory->store, false, &result), 0);
    assert_int_equal(result.objects, 1);
    assert_int_equal(result.kept, 1);
    pull_all(&memory->store, "compact", 0);
    memory_store_destroy(memory);
}

static void thicken_makes_an_image_whole(void **state)
{
    struct memory_store *memory = fill("thicken", true);
    struct store *store = &memory->store;
    struct thicken_result result;
    struct located after;
    struct index *index;

    (void)state;
    assert_int_equal(thicken(store, 1, &result), 0);
    assert_int_equal(result.objects, 2);
    assert_true(result.copied > 0);
    locate(store, 1, &after);
    assert_int_equal(after.metadata.object_count, 1);
    assert_false(after.metadata.thin);
    assert_int_equal(after.metadata.objects[0].size, after.metadata.size);
    assert_string_equal(after.metadata.objects[0].key, result.key);
    assert_int_equal(fetch_index(store, &after.metadata, &index, &err),
                     0); /* it states that it is whole */
    index_destroy(index);
    pull_all(store, "thicken", 0);
    assert_int_equal(thicken(store, 1, &result), 0);
    assert_string_equal(result.key, "");
    assert_int_equal(thicken(store, 0, &result), 0);
    assert_string_equal(result.key, "");
    sweep(store);
    pull_all(store, "sweep", 0);
    located_finish(&after);
    memory_store_destroy(memory);
}

/* ---- a thin push meets a sweep ---- */

struct meeting {
    struct fault_store fault; /* first */
    void (*other)(struct meeting *meeting);
    unsigned at, asked;
    bool pushed, removed, last_removed, referred; /* referred: to objects of other images */
    struct err why;
};

static void push_last(struct meeting *meeting, struct store *store)
{
    struct push_options options = {.store = store,
                                   .input = path_of(FILES[LAST]),
                                   .name = name_of(LAST),
                                   .no_resume = true,
                                   .thin = true,
                                   .choice = {.codec = CODEC_ZSTD, .level = 1}};
    struct push_result result;

    options.transfer.memory = THIN_MEMORY;
    meeting->pushed = push_run(&options, &result, &meeting->why) == 0;
    meeting->referred = meeting->pushed && result.objects > 1;
}

static void push_meanwhile(struct meeting *meeting)
{
    push_last(meeting, meeting->fault.behind);
}

/* Retires all but the newest `keep` images. */
static void retire(struct store *store, size_t keep)
{
    struct retention_policy policy = {.app = "shop", .keep = keep, .before = INT64_MAX};
    struct retention_choice choice;

    assert_int_equal(retention_find(store, &policy, &choice, &err), 0);
    assert_int_equal(retention_retire(store, &policy, &choice, &err), 0);
    retention_finish(&choice);
}

/* Removes all images and deletes their data, as if the push had slept for a week. The image of the
 * push is one of them if the push has written it already. */
static void remove_meanwhile(struct meeting *meeting)
{
    struct image_name name = name_of(LAST);
    struct located at;
    const struct sweep_policy policy = {
        .store = meeting->fault.behind, .app = "shop", .stays = RETIRED_STAYS};

    meeting->last_removed =
        locate_image(meeting->fault.behind, &name, NULL, NULL, &at, &err) == LOCATE_FOUND;
    if (meeting->last_removed)
        located_finish(&at);
    retire(meeting->fault.behind, 0);
    assert_int_equal(sweep_run(&policy, ignore, NULL, &err), 0);
    meeting->removed = true;
}

static bool meet(struct fault_store *fault, struct store_op *op)
{
    struct meeting *meeting = (struct meeting *)fault;

    (void)op;
    if (++meeting->asked == meeting->at)
        meeting->other(meeting);
    return false;
}

/* The images that were not removed can be pulled, and the new one if its push succeeded. */
static void check_meeting(struct meeting *meeting, const char *what)
{
    struct store *store = meeting->fault.behind;
    bool whole = meeting->removed || (can_pull(store, 1) && can_pull(store, 2));

    if (!whole || (meeting->pushed && !meeting->last_removed && !can_pull(store, LAST)))
        fail_msg("%s: %s before request %u: %s", store->where, what, meeting->at, err.text);
    if (!meeting->pushed && meeting->why.family != ERR_CONFLICT)
        fail_msg("%s before request %u: %s", what, meeting->at, meeting->why.text);
}

static unsigned meet_everywhere(struct memory_store *memory, bool sweeps, unsigned *pushed,
                                unsigned *referred)
{
    unsigned step = sample_step(4), count = 0, asked = 1;

    for (unsigned at = 1; at <= asked; at += step, count++) {
        static struct meeting meeting;
        const struct sweep_policy policy = {
            .store = &meeting.fault.store, .app = "shop", .stays = RETIRED_STAYS};

        memory_store_load(memory);
        meeting = (struct meeting){.at = at, .other = sweeps ? push_meanwhile : remove_meanwhile};
        fault_store_init(&meeting.fault, &memory->store, meet);
        if (sweeps) {
            retire(&memory->store, 2);
            (void)sweep_run(&policy, ignore, NULL, &err);
        } else {
            push_last(&meeting, &meeting.fault.store);
        }
        asked = meeting.asked;
        check_meeting(&meeting, sweeps ? "push during a sweep" : "removal during a push");
        *pushed += meeting.pushed;
        *referred += meeting.referred;
    }
    return count;
}

static void meet_all(const char *name, bool conditions)
{
    struct memory_store *memory = fill(name, conditions);
    unsigned pushed = 0, referred = 0, count;

    count = meet_everywhere(memory, true, &pushed, &referred) +
            meet_everywhere(memory, false, &pushed, &referred);
    print_message("# %s: %u meetings, %u pushes succeeded, %u referred to other images\n", name,
                  count, pushed, referred);
    assert_true(pushed > count / 2);
    assert_true(referred > count / 4);
    memory_store_destroy(memory);
}

static void a_thin_push_meets_a_sweep(void **state)
{
    (void)state;
    meet_all("conditional", true);
}

static void a_thin_push_meets_a_sweep_without_conditions(void **state)
{
    (void)state;
    meet_all("unconditional", false);
}

/* ---- retired images ---- */

/* The first image is retired: most of its object is unused, and its tombstone hinders nothing. */
static void an_object_of_a_retired_image_is_rewritten(void **state)
{
    struct memory_store *memory = fill("retired", true);
    struct store *store = &memory->store;
    struct compact_result result;
    struct located first;

    (void)state;
    locate(store, 0, &first);
    retire(store, 2);
    assert_int_equal(compact(store, false, &result), 0);
    assert_int_equal(result.objects, 3);
    assert_int_equal(result.moved, 2);
    assert_int_equal(result.kept, 0);
    assert_true(exists(store, first.metadata.objects[0].key));
    sweep(store);
    assert_false(exists(store, first.metadata.objects[0].key));
    assert_true(can_pull(store, 1) && can_pull(store, 2));
    located_finish(&first);
    memory_store_destroy(memory);
}

/* ---- interruptions ---- */

struct cut {
    struct fault_store fault; /* first */
    unsigned at, asked;
    bool executed; /* the last request has an effect */
    bool refuses;  /* no copies of parts */
};

static bool cut_off(struct fault_store *fault, struct store_op *op)
{
    struct cut *cut = (struct cut *)fault;
    struct store_op executed = *op;

    cut->asked++;
    if (cut->refuses && op->verb == STORE_UPLOAD_COPY_PART) {
        fault_store_fail(op, ERR_UNSUPPORTED, "operation", STORE_UNSUPPORTED);
        return true;
    }
    if (cut->asked < cut->at)
        return false;
    if (cut->asked == cut->at && cut->executed && op->verb != STORE_LIST)
        (void)store_run(fault->behind, &executed, &op->err);
    fault_store_fail(op, ERR_NETWORK, "link", STORE_NO_ANSWER);
    return true;
}

enum command { COMPACT, THICKEN, GATHER };

static int rewrite(struct store *store, enum command command)
{
    struct compact_result compacted;
    struct thicken_result thickened;

    if (command == THICKEN)
        return thicken(store, 1, &thickened);
    return command == GATHER ? gather(store, false, &compacted) : compact(store, false, &compacted);
}

static unsigned stop_everywhere(struct memory_store *memory, enum command command, bool executed)
{
    static const char *const names[] = {"compact", "thicken", "gather"};
    const char *what = names[command];
    unsigned step = sample_step(5), count = 0, asked = 1 + executed;

    for (unsigned at = asked; at <= asked; at += step, count++) {
        static struct cut cut;

        memory_store_load(memory);
        cut = (struct cut){.at = at, .executed = executed};
        fault_store_init(&cut.fault, &memory->store, cut_off);
        asked = rewrite(&cut.fault.store, command) ? at + step : 0;
        pull_all(&memory->store, what, at);
        if (rewrite(&memory->store, command))
            fail_msg("%s again after request %u: %s", what, at, err.text);
        sweep(&memory->store);
        pull_all(&memory->store, what, at);
    }
    return count;
}

static void stop_all(const char *name, bool conditions)
{
    struct memory_store *memory = fill(name, conditions);
    unsigned count = 0;

    for (unsigned i = 0; i < 6; i++)
        count += stop_everywhere(memory, (enum command)(i / 2), i & 1);
    print_message("# %s: %u interruptions\n", name, count);
    assert_true(count > 8);
    memory_store_destroy(memory);
}

static void with_conditional_requests(void **state)
{
    (void)state;
    stop_all("conditional", true);
}

static void without_conditional_requests(void **state)
{
    (void)state;
    stop_all("unconditional", false);
}

/* ---- two codecs ---- */

static bool has_chunks_of(const struct index *index, const struct index *other)
{
    for (unsigned i = 0; i < index->section_count; i++)
        for (unsigned k = 0; k < index->sections[i].chunk_count; k++)
            if (index->section_count != other->section_count ||
                index->sections[i].chunk_count != other->sections[i].chunk_count ||
                !chunk_name_equals(&index->sections[i].chunks[k].name,
                                   &other->sections[i].chunks[k].name))
                return false;
    return true;
}

/* A thin push after a change of the codec refers to objects of both. An archive has one: the chunks
 * of the earlier image are packed again, with the codec of the push. */
static void thicken_packs_chunks_again(enum codec codec, const char *name)
{
    struct memory_store *memory = memory_store_create(name, true);
    struct store *store = &memory->store;
    struct thicken_result result;
    struct located at;
    struct index *before, *after;

    store->limits.part_size = 100000;
    for (unsigned i = 0; i < IMAGES; i++)
        push_packed(store, i,
                    i == 1                ? codec
                    : codec == CODEC_GZIP ? CODEC_ZSTD
                                          : CODEC_GZIP,
                    i == 1);
    memory_store_save(memory);
    locate(store, 1, &at);
    assert_int_equal(at.metadata.object_count, 2);
    assert_int_equal(fetch_index(store, &at.metadata, &before, &err), 0);
    located_finish(&at);
    if (thicken(store, 1, &result))
        fail_msg("%s", err.text);
    assert_true(result.repacked > 100000);
    locate(store, 1, &at);
    assert_false(at.metadata.thin);
    assert_int_equal(at.metadata.object_count, 1);
    assert_int_equal(at.metadata.objects[0].codec, codec);
    assert_int_equal(at.metadata.objects[0].size, at.metadata.size);
    assert_non_null(strstr(result.key, codec == CODEC_GZIP ? ".tgz" : ".tar.zst"));
    assert_int_equal(fetch_index(store, &at.metadata, &after, &err), 0);
    assert_true(after->whole);
    assert_true(has_chunks_of(before, after));
    index_destroy(before);
    index_destroy(after);
    located_finish(&at);
    pull_all(store, name, 0);
    assert_true(stop_everywhere(memory, THICKEN, codec == CODEC_GZIP) > 1);
    memory_store_destroy(memory);
}

static void thicken_packs_gzip_as_zstd(void **state)
{
    (void)state;
    thicken_packs_chunks_again(CODEC_ZSTD, "gzip and zstd");
}

static void thicken_packs_zstd_as_gzip(void **state)
{
    (void)state;
    thicken_packs_chunks_again(CODEC_GZIP, "zstd and gzip");
}

static void thicken_reads_the_copy_of_a_replaced_archive(void **state)
{
    struct memory_store *memory = fill_replaced("replaced-thicken");
    struct thicken_result result;

    (void)state;
    if (thicken(&memory->store, 1, &result))
        fail_msg("%s", err.text);
    assert_true(can_pull(&memory->store, 1));
    memory_store_destroy(memory);
}

/* The long run of the archive stays where it is, so the new metadata names the copy. */
static void gather_reads_the_copy_of_a_replaced_archive(void **state)
{
    struct memory_store *memory = fill_replaced("replaced-gather");
    struct compact_result result;
    struct located at;

    (void)state;
    if (gather(&memory->store, false, &result))
        fail_msg("%s", err.text);
    assert_int_equal(result.gathered, 1);
    locate(&memory->store, 1, &at);
    for (unsigned i = 0; i < at.metadata.object_count; i++)
        assert_true(exists(&memory->store, at.metadata.objects[i].key));
    located_finish(&at);
    assert_true(can_pull(&memory->store, 1));
    memory_store_destroy(memory);
}

/* Its metadata needs the copy for ever, so a rewrite would free nothing. */
static void compact_leaves_the_copy_of_a_replaced_archive(void **state)
{
    struct memory_store *memory = fill_replaced("replaced-compact");
    struct compact_result result;

    (void)state;
    if (compact(&memory->store, false, &result))
        fail_msg("%s", err.text);
    assert_int_equal(result.kept, 1);
    assert_int_equal(result.copied, 0);
    assert_true(can_pull(&memory->store, 1));
    memory_store_destroy(memory);
}

/* `aws s3 sync` and `cp` give the objects other ETags than the metadata state. */
static void a_copied_bucket_is_rewritten(void **state)
{
    struct memory_store *memory = fill("copied", true);
    struct compact_result compacted;
    struct thicken_result thickened;

    (void)state;
    for (unsigned i = 0; i < memory->now.object_count; i++)
        snprintf(memory->now.objects[i].etag, sizeof memory->now.objects[i].etag, "\"copied-%u\"",
                 i);
    if (compact(&memory->store, false, &compacted))
        fail_msg("%s", err.text);
    assert_int_equal(compacted.moved, 2);
    if (thicken(&memory->store, 2, &thickened))
        fail_msg("%s", err.text);
    pull_all(&memory->store, "copied", 0);
    memory_store_destroy(memory);
}

static void a_store_that_copies_nothing_is_enough(void **state)
{
    struct memory_store *memory = fill("refusing", true);
    struct cut cut = {.at = ~0u, .refuses = true};
    struct compact_result compacted;
    struct thicken_result thickened;

    (void)state;
    fault_store_init(&cut.fault, &memory->store, cut_off);
    assert_int_equal(compact(&cut.fault.store, false, &compacted), 0);
    assert_int_equal(compacted.moved, 2);
    assert_int_equal(thicken(&cut.fault.store, 2, &thickened), 0);
    assert_int_equal(thickened.copied, 0);
    pull_all(&memory->store, "without copies", 0);
    memory_store_destroy(memory);
}

/* The chunks that are read back differ from their names. */
static void damaged_data_are_not_published(void **state)
{
    struct memory_store *memory = fill("damaged", true);
    struct thicken_result result;
    struct located at;

    (void)state;
    locate(&memory->store, 1, &at);
    for (unsigned i = 0; i < memory->now.object_count; i++)
        if (strcmp(memory->now.objects[i].key, at.metadata.objects[0].key) == 0)
            for (size_t byte = 0; byte < memory->now.objects[i].size; byte += 64)
                memory->now.objects[i].data[byte] ^= 1;
    assert_int_equal(thicken(&memory->store, 1, &result), ERR_FAIL);
    assert_int_equal(err.family, ERR_INTEGRITY);
    located_finish(&at);
    locate(&memory->store, 1, &at);
    assert_true(at.metadata.thin);
    located_finish(&at);
    memory_store_destroy(memory);
}

/* The error names the image. */
static void an_image_without_its_index_is_named(void **state)
{
    struct memory_store *memory = fill("no-index", true);
    struct compact_result compacted;
    struct thicken_result thickened;
    struct located at;

    (void)state;
    locate(&memory->store, 1, &at);
    assert_int_equal(store_put_document(&memory->store, at.metadata.index_key, view_str("other"),
                                        NULL, false, NULL, &err),
                     STORE_DONE);
    assert_int_equal(compact(&memory->store, false, &compacted), ERR_FAIL);
    assert_true(err_is(&err, ERR_INTEGRITY, "thin"));
    assert_non_null(strstr(err.text, REFS[1]));
    assert_int_equal(thicken(&memory->store, 1, &thickened), ERR_FAIL);
    assert_true(err_is(&err, ERR_INTEGRITY, "thin"));
    assert_non_null(strstr(err.text, at.metadata.index_key));
    located_finish(&at);
    memory_store_destroy(memory);
}

/* All bytes that pass through this host are checked. */
static void one_wrong_bit_is_not_published(void **state)
{
    struct memory_store *memory = fill("flipped", true);
    size_t objects = memory->now.object_count;
    struct thicken_result result;
    struct located at;

    (void)state;
    locate(&memory->store, 1, &at);
    for (unsigned i = 0; i < memory->now.object_count; i++) {
        struct memory_object *object = &memory->now.objects[i];

        for (unsigned k = 0; k < at.metadata.object_count; k++)
            if (strcmp(object->key, at.metadata.objects[k].key) == 0)
                object->data[object->size - 20000] ^= 1; /* in the second layer */
    }
    located_finish(&at);
    assert_int_equal(thicken(&memory->store, 1, &result), ERR_FAIL);
    assert_int_equal(err.family, ERR_INTEGRITY);
    assert_string_equal(err.about, REFS[1]);
    assert_int_equal(memory->now.object_count, objects); /* the new archive was deleted */
    memory_store_destroy(memory);
}

static int start(void **state)
{
    (void)state;
    if (scratch_create() || setenv("XDG_CACHE_HOME", dir, 1))
        return -1;
    for (unsigned i = 0; i <= LAST; i++)
        write_image(i);
    return 0;
}

/* ---- signed images ---- */

/* A key that has signed the metadata that `owner` names. */
static struct test_key {
    struct signing signing; /* first */
    int owner;              /* SIGNING_OWN, SIGNING_OTHERS */
    unsigned signatures;
    char last[KEY_MAX];
} key;

static int sign_before(struct signing *signing, struct store *store, const char *document_key,
                       struct view document, struct err *error)
{
    _cleanup_text_ struct text there = {0};

    (void)signing;
    text_init(&there, MIB);
    assert_int_equal(store_get_document(store, document_key, &there, NULL, error), STORE_DONE);
    assert_false(view_equals(text_view(&there), document)); /* it is signed before it is written */
    str_copy(key.last, sizeof key.last, document_key);
    key.signatures++;
    return 0;
}

static int sign_after(struct signing *signing, struct store *store, const char *document_key,
                      struct view document, struct err *error)
{
    _cleanup_text_ struct text there = {0};

    (void)signing;
    text_init(&there, MIB);
    assert_int_equal(store_get_document(store, document_key, &there, NULL, error), STORE_DONE);
    assert_true(view_equals(text_view(&there), document));
    return 0;
}

/* The document is what the bucket has: nothing else would be proven. */
static int find_owner(struct signing *signing, struct store *store, const char *document_key,
                      struct view document, struct err *error)
{
    (void)sign_after(signing, store, document_key, document, error);
    return key.owner;
}

static const struct signing_table key_table = {sign_before, sign_after, find_owner};

/* Image 1 gets a signature of `owner`. */
static void sign(struct memory_store *memory, int owner)
{
    char signatures[KEY_MAX];
    struct located at;

    locate(&memory->store, 1, &at);
    assert_true(key_signatures(signatures, at.metadata_key));
    assert_int_equal(store_put_document(&memory->store, signatures, view_str("signature"), NULL,
                                        false, NULL, &err),
                     STORE_DONE);
    located_finish(&at);
    key = (struct test_key){.signing = {&key_table}, .owner = owner};
    the_key = owner ? &key.signing : NULL;
}

/* Image 1 is signed, image 2 is not. */
static struct memory_store *fill_signed(const char *name, int owner)
{
    struct memory_store *memory = fill(name, true);

    sign(memory, owner);
    return memory;
}

static void images_that_others_have_signed_stay(void **state)
{
    static const int owners[] = {0, SIGNING_OTHERS, SIGNING_OWN | SIGNING_OTHERS};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(owners); i++) {
        struct memory_store *memory = fill_signed("signed", owners[i]);
        struct store *store = &memory->store;
        struct thicken_result thick;
        struct compact_result result;
        struct located before, after;

        locate(store, 1, &before);
        assert_int_equal(gather(store, false, &result), 0);
        assert_int_equal(result.gathered, 1);
        assert_int_equal(compact(store, false, &result), 0);
        assert_int_equal(result.signed_images, 1);
        assert_int_equal(result.skipped, 0);
        assert_int_equal(thicken(store, 1, &thick), ERR_FAIL);
        assert_true(err_is(&err, ERR_CONFLICT, "signed"));
        locate(store, 1, &after);
        assert_string_equal(before.metadata_etag, after.metadata_etag);
        pull_all(store, "signed", 0);
        sweep(store);
        pull_all(store, "signed", 0);
        assert_int_equal(key.signatures, 0); /* image 2 had no signature, and has none */
        located_finish(&before);
        located_finish(&after);
        memory_store_destroy(memory);
    }
    the_key = NULL;
}

static void own_images_are_signed_again(void **state)
{
    struct memory_store *memory = fill_signed("own", SIGNING_OWN);
    struct thicken_result thick;
    struct compact_result result;
    struct located at;

    (void)state;
    assert_int_equal(compact(&memory->store, false, &result), 0);
    assert_int_equal(result.signed_images, 0);
    assert_int_equal(result.moved, 2);
    assert_int_equal(key.signatures, 1);
    assert_int_equal(thicken(&memory->store, 1, &thick), 0);
    assert_int_equal(key.signatures, 2);
    locate(&memory->store, 1, &at);
    assert_string_equal(key.last, at.metadata_key);
    located_finish(&at);
    pull_all(&memory->store, "own", 0);
    memory_store_destroy(memory);
    the_key = NULL;
}

/* The new metadata name the copy. Those that were signed name the archive. */
static void an_own_image_with_a_replaced_archive_is_signed_again(void **state)
{
    struct memory_store *memory = fill_replaced("own-replaced");
    struct compact_result result;
    struct thicken_result thick;

    (void)state;
    sign(memory, SIGNING_OWN);
    if (gather(&memory->store, false, &result))
        fail_msg("%s", err.text);
    assert_int_equal(result.gathered, 1);
    assert_int_equal(key.signatures, 1);
    if (thicken(&memory->store, 1, &thick))
        fail_msg("%s", err.text);
    assert_int_equal(key.signatures, 2);
    assert_true(can_pull(&memory->store, 1));
    memory_store_destroy(memory);
    the_key = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compact_moves_images_from_unused_objects),
        cmocka_unit_test(compact_gathers_scattered_images),
        cmocka_unit_test(gather_leaves_long_runs),
        cmocka_unit_test(gather_writes_an_object_for_each_codec),
        cmocka_unit_test(objects_that_replaced_images_need_stay),
        cmocka_unit_test(thicken_makes_an_image_whole),
        cmocka_unit_test(thicken_reads_the_copy_of_a_replaced_archive),
        cmocka_unit_test(gather_reads_the_copy_of_a_replaced_archive),
        cmocka_unit_test(compact_leaves_the_copy_of_a_replaced_archive),
        cmocka_unit_test(a_copied_bucket_is_rewritten),
        cmocka_unit_test(a_store_that_copies_nothing_is_enough),
        cmocka_unit_test(damaged_data_are_not_published),
        cmocka_unit_test(one_wrong_bit_is_not_published),
        cmocka_unit_test(an_image_without_its_index_is_named),
        cmocka_unit_test(an_object_of_a_retired_image_is_rewritten),
        cmocka_unit_test(thicken_packs_gzip_as_zstd),
        cmocka_unit_test(thicken_packs_zstd_as_gzip),
        cmocka_unit_test(a_thin_push_meets_a_sweep),
        cmocka_unit_test(a_thin_push_meets_a_sweep_without_conditions),
        cmocka_unit_test(images_that_others_have_signed_stay),
        cmocka_unit_test(own_images_are_signed_again),
        cmocka_unit_test(an_own_image_with_a_replaced_archive_is_signed_again),
        cmocka_unit_test(with_conditional_requests),
        cmocka_unit_test(without_conditional_requests),
    };

    return cmocka_run_group_tests_name("rewrite", tests, start, scratch_teardown);
}
