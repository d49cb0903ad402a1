/*
 * All steps work on one sorted list of the runs that are still allowed. A step removes runs from
 * it. At the end, objects without runs are not usable.
 */
#include "push/plan/thin_choice.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

const struct thin_limits THIN_LIMITS = {
    .objects = 31,
    .range = 8 * MIB,
    .scatter = {.ranges = 1.6, .spare = 16, .bytes = 1.04},
    .least_used = 256 * KIB,
};

struct use {
    unsigned number;
    const struct base_object *object;
    uint64_t bytes;
};

struct choice {
    struct bases *bases;
    const struct thin_limits *limits;
    struct object_runs *runs; /* allowed so far */
    unsigned count;
    struct use uses[BASE_OBJECTS_MAX];
};

/* ---- the bytes that bases hold ---- */

static int add_section(struct choice *c, const struct held_index *held,
                       const struct index_section *section, struct err *err)
{
    const struct index_chunk *chunk;
    struct index_cursor cursor;
    struct index_place place;

    index_cursor_init(&cursor, section);
    while ((chunk = index_cursor_next(&cursor, &place))) {
        struct object_run run = {.object = held->objects[place.object],
                                 .offset = place.offset,
                                 .size = chunk->packed_size};

        if (run.object != HELD_UNUSABLE && object_runs_add(c->runs, &run, err))
            return ERR_FAIL;
    }
    return 0;
}

static bool has_layer(const struct index *index, const char *diff_id)
{
    for (unsigned i = 0; i < index->image.layer_count; i++)
        if (strcmp(index->image.layers[i].diff_id, diff_id) == 0)
            return true;
    return false;
}

/* Returns true if the section is a layer of the new image that no base before `number` has. */
static bool adds_layer(const struct bases *bases, unsigned number,
                       const struct index_section *section, const struct digest_text *layers,
                       unsigned layer_count)
{
    const char *diff_id;
    bool wanted = false;

    if (section->layer == INDEX_REST)
        return false;
    diff_id = bases->held[number].index->image.layers[section->layer].diff_id;
    for (unsigned i = 0; i < layer_count; i++)
        wanted = wanted || strcmp(layers[i].text, diff_id) == 0;
    for (unsigned i = 0; i < number; i++)
        wanted = wanted && !has_layer(bases->held[i].index, diff_id);
    return wanted;
}

static int add_layers(struct choice *c, unsigned number, const struct digest_text *layers,
                      unsigned layer_count, struct err *err)
{
    const struct held_index *held = &c->bases->held[number];
    const struct index *index = held->index;
    uint64_t raw = 0;

    for (unsigned i = 0; i < index->section_count; i++)
        if (adds_layer(c->bases, number, &index->sections[i], layers, layer_count))
            raw += index->sections[i].raw_size;
    if (raw <= c->bases->held[0].index->raw_size / 8)
        return 0;
    for (unsigned i = 0; i < index->section_count; i++)
        if (adds_layer(c->bases, number, &index->sections[i], layers, layer_count) &&
            add_section(c, held, &index->sections[i], err))
            return ERR_FAIL;
    return 0;
}

static int collect(struct choice *c, const struct digest_text *layers, unsigned layer_count,
                   struct err *err)
{
    const struct held_index *first = &c->bases->held[0];

    for (unsigned i = 0; i < first->index->section_count; i++)
        if (add_section(c, first, &first->index->sections[i], err))
            return ERR_FAIL;
    for (unsigned i = 1; i < c->bases->count; i++)
        if (add_layers(c, i, layers, layer_count, err))
            return ERR_FAIL;
    object_runs_sort(c->runs);
    return 0;
}

/* ---- objects ---- */

/* The object that is used least comes first. */
static int compare_uses(const void *left, const void *right)
{
    const struct use *a = left, *b = right;

    if (a->bytes != b->bytes)
        return a->bytes < b->bytes ? -1 : 1;
    return strcmp(a->object->key, b->object->key);
}

static void count_uses(struct choice *c)
{
    for (size_t i = 0; i < c->runs->count; i++) {
        unsigned number = c->runs->list[i].object;

        if (c->count == 0 || c->uses[c->count - 1].number != number)
            c->uses[c->count++] =
                (struct use){.number = number, .object = &c->bases->objects[number]};
        c->uses[c->count - 1].bytes += c->runs->list[i].size;
    }
    qsort(c->uses, c->count, sizeof c->uses[0], compare_uses);
}

static void remove_object(struct object_runs *runs, unsigned number)
{
    size_t kept = 0;

    for (size_t i = 0; i < runs->count; i++)
        if (runs->list[i].object != number)
            runs->list[kept++] = runs->list[i];
    runs->count = kept;
}

static bool is_hardly_used(const struct choice *c, const struct use *use)
{
    return use->bytes < c->limits->least_used && use->bytes < use->object->size / 32;
}

/* Leaves out objects that are hardly used, and those that are too many. */
static void choose_objects(struct choice *c)
{
    uint64_t left = object_runs_bytes(c->runs) / 1000;
    unsigned dropped = 0;

    count_uses(c);
    for (unsigned i = 0; i < c->count; i++) {
        const struct use *use = &c->uses[i];
        bool surplus = c->count - dropped > c->limits->objects;

        if (!surplus && (!is_hardly_used(c, use) || use->bytes > left))
            continue;
        left -= use->bytes < left ? use->bytes : left;
        remove_object(c->runs, use->number);
        dropped++;
    }
}

/* ---- scatter ---- */

/* Runs with only gaps between them that are bridged: one range, or a few. */
struct group {
    uint64_t used, span; /* bytes of the runs; with the gaps */
};

/* Returns the end of the group that begins with run `begin`. */
static size_t next_group(const struct object_runs *runs, size_t begin, uint64_t bridge,
                         struct group *group)
{
    const struct object_run *first = &runs->list[begin], *last = first;
    size_t end = begin + 1;

    *group = (struct group){.used = first->size};
    for (; end < runs->count && runs->list[end].object == first->object &&
           runs->list[end].offset - last->offset - last->size <= bridge;
         end++) {
        last = &runs->list[end];
        group->used += last->size;
    }
    group->span = last->offset + last->size - first->offset;
    return end;
}

static int compare_groups(const void *left, const void *right)
{
    const struct group *a = left, *b = right;

    return a->used < b->used ? -1 : a->used > b->used;
}

/* Finds the bytes that must be left out with a bridge: the groups of at most `most` bytes. */
struct cutback {
    uint64_t bridge, most, bytes;
};

static uint64_t ranges_of(const struct group *group, uint64_t range)
{
    return (group->span + range - 1) / range;
}

/* Returns true if groups with these sums are within the limits. */
static bool is_within(const struct thin_limits *limits, uint64_t ranges, uint64_t used,
                      uint64_t span)
{
    uint64_t whole = (used + limits->range - 1) / limits->range;

    return (double)ranges <=
               limits->scatter.ranges * (double)whole + (double)limits->scatter.spare &&
           (double)span <= limits->scatter.bytes * (double)used;
}

/* Finds the fewest smallest groups without which the others are within the limits. Groups of equal
 * size are treated alike, so that their order does not count. */
static struct cutback cutback_of(const struct thin_limits *limits, struct group *groups,
                                 size_t count, uint64_t bridge)
{
    struct cutback cutback = {.bridge = bridge};
    uint64_t ranges = 0, used = 0, span = 0;

    qsort(groups, count, sizeof groups[0], compare_groups);
    for (size_t i = 0; i < count; i++) {
        ranges += ranges_of(&groups[i], limits->range);
        used += groups[i].used;
        span += groups[i].span;
    }
    for (size_t i = 0; i < count; i++) {
        if (groups[i].used > cutback.most && is_within(limits, ranges, used, span))
            break;
        cutback.most = groups[i].used;
        cutback.bytes += groups[i].used;
        ranges -= ranges_of(&groups[i], limits->range);
        used -= groups[i].used;
        span -= groups[i].span;
    }
    return cutback;
}

/* Finds the bridge with which the fewest bytes are left out. */
static struct cutback best_cutback(const struct choice *c, struct group *groups)
{
    struct cutback best = {.bytes = UINT64_MAX};

    for (unsigned i = 0; i < EXTENT_BRIDGES && best.bytes > 0; i++) {
        struct cutback cutback;
        size_t count = 0;

        for (size_t begin = 0; begin < c->runs->count; count++)
            begin = next_group(c->runs, begin, extent_bridges[i], &groups[count]);
        cutback = cutback_of(c->limits, groups, count, extent_bridges[i]);
        if (cutback.bytes < best.bytes)
            best = cutback;
    }
    return best;
}

static void remove_groups(struct object_runs *runs, const struct cutback *cutback)
{
    size_t kept = 0, begin = 0;

    while (begin < runs->count) {
        struct group group;
        size_t end = next_group(runs, begin, cutback->bridge, &group);

        for (; begin < end; begin++)
            if (group.used > cutback->most)
                runs->list[kept++] = runs->list[begin];
    }
    runs->count = kept;
}

/* Leaves out small groups of runs until the rest is not scattered. */
static int choose_runs(struct choice *c, struct err *err)
{
    struct group *groups;
    struct cutback cutback;

    if (c->runs->count == 0)
        return 0;
    groups = calloc(c->runs->count, sizeof *groups);
    if (!groups)
        return err_memory(err, "the extents of the image");
    cutback = best_cutback(c, groups);
    if (cutback.bytes > 0)
        remove_groups(c->runs, &cutback);
    free(groups);
    return 0;
}

static void apply(struct choice *c)
{
    bool used[BASE_OBJECTS_MAX] = {false};

    for (size_t i = 0; i < c->runs->count; i++)
        used[c->runs->list[i].object] = true;
    for (unsigned i = 0; i < c->bases->count; i++) {
        struct held_index *held = &c->bases->held[i];

        held->allowed = c->runs;
        for (unsigned k = 0; k < held->index->object_count; k++)
            if (held->objects[k] != HELD_UNUSABLE && !used[held->objects[k]])
                held->objects[k] = HELD_UNUSABLE;
    }
}

int thin_choose(struct bases *bases, const struct digest_text *layers, unsigned layer_count,
                const struct thin_limits *limits, struct err *err)
{
    struct choice c = {.bases = bases, .limits = limits, .runs = &bases->allowed};

    if (bases->count == 0)
        return 0;
    if (collect(&c, layers, layer_count, err))
        return ERR_FAIL;
    choose_objects(&c);
    if (choose_runs(&c, err))
        return ERR_FAIL;
    apply(&c);
    return 0;
}
