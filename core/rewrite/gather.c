/*
 * Runs with small gaps between them form a group. Groups below a size are moved; the size is
 * doubled until the result is well within the limits. The new object has the chunks in the order of
 * the stream.
 */
#include "rewrite/gather.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/err.h"
#include "catalog/retired.h"
#include "rewrite/moved_image.h"
#include "rewrite/object_writer.h"

#define BRIDGE (64 * KIB)
#define CODECS 2

const struct gather_limits GATHER_LIMITS = {
    .range = 8 * MIB,
    .scatter = {.ranges = 2.0, .spare = 32, .bytes = 1.1},
};

/* A chunk that is moved: its place, and its offset in the new object of its codec. */
struct move {
    unsigned object;
    uint32_t size;
    uint64_t offset, to;
    uint64_t number; /* in the stream */
};

struct moves {
    struct move *list;
    size_t count, room;
};

struct work {
    const struct gather *what;
    struct object_runs runs, kept; /* of the image; those that stay */
    struct moves moves;
    unsigned object_count;
    struct metadata_object objects[METADATA_OBJECTS_MAX + CODECS];
    unsigned successor[CODECS + 1]; /* of a codec: the number of its new object */
    struct object_runs copied;      /* of the new objects */
    struct image_name name;
    char month[CLOCK_MONTH_SIZE];
};

static int collect(const struct index *index, struct object_runs *runs, struct err *err)
{
    for (unsigned i = 0; i < index->section_count; i++)
        if (object_runs_add_section(runs, &index->sections[i], err))
            return ERR_FAIL;
    object_runs_sort(runs);
    return 0;
}

int gather_check(const struct index *index, const struct gather_limits *limits, bool *scattered,
                 struct gather_cost *cost, struct err *err)
{
    struct object_runs runs = {0};
    int failed = collect(index, &runs, err);
    uint64_t bridge;

    if (!failed) {
        *scattered = !extent_bridge_of(&runs, limits->range, &limits->scatter, &bridge);
        cost->ranges = extent_cost_of(&runs, bridge, limits->range).ranges;
        cost->whole = (object_runs_bytes(&runs) + limits->range - 1) / limits->range;
    }
    object_runs_finish(&runs);
    return failed;
}

/* ---- the choice ---- */

/* Returns the end of the group that begins with run `begin`. */
static size_t next_group(const struct object_runs *runs, size_t begin, uint64_t *used)
{
    const struct object_run *last = &runs->list[begin];
    size_t end = begin + 1;

    *used = last->size;
    for (; end < runs->count && runs->list[end].object == last->object &&
           runs->list[end].offset - last->offset - last->size <= BRIDGE;
         end++) {
        last = &runs->list[end];
        *used += last->size;
    }
    return end;
}

/* Keeps the groups of at least that size. moved[]: the bytes of the others, by codec. Returns the
 * number of objects that are still used. */
static int keep_groups(struct work *w, uint64_t least, uint64_t moved[CODECS + 1],
                       unsigned *objects, struct err *err)
{
    size_t begin = 0;

    w->kept.count = 0;
    *objects = 0;
    while (begin < w->runs.count) {
        unsigned object = w->runs.list[begin].object;
        uint64_t used;
        size_t end = next_group(&w->runs, begin, &used);

        if (used < least)
            moved[w->what->index->objects[object].codec] += used;
        else
            *objects += w->kept.count == 0 || w->kept.list[w->kept.count - 1].object != object;
        for (; begin < end; begin++)
            if (used >= least && object_runs_add(&w->kept, &w->runs.list[begin], err))
                return ERR_FAIL;
    }
    return 0;
}

/* Returns true if the image would be well within the limits. */
static int is_enough(struct work *w, const uint64_t moved[CODECS + 1], bool *enough,
                     struct err *err)
{
    const struct extent_limits *limits = &w->what->limits->scatter;
    const struct extent_limits target = {
        .ranges = limits->ranges * 0.8, .spare = limits->spare / 2, .bytes = limits->bytes};
    size_t count = w->kept.count;
    uint64_t bridge;

    for (unsigned codec = 1; codec <= CODECS; codec++)
        if (moved[codec] &&
            object_runs_add(
                &w->kept,
                &(struct object_run){.object = METADATA_OBJECTS_MAX + codec, .size = moved[codec]},
                err))
            return ERR_FAIL;
    *enough = extent_bridge_of(&w->kept, w->what->limits->range, &target, &bridge);
    w->kept.count = count;
    return 0;
}

static int choose(struct work *w, struct err *err)
{
    uint64_t all = object_runs_bytes(&w->runs);
    bool enough = false;

    for (uint64_t least = 2 * BRIDGE; !enough; least *= 2) {
        uint64_t moved[CODECS + 1] = {0};
        unsigned objects;

        if (keep_groups(w, least, moved, &objects, err) || is_enough(w, moved, &enough, err))
            return ERR_FAIL;
        enough = (enough && objects + CODECS <= METADATA_OBJECTS_MAX) || least > all;
    }
    return 0;
}

/* ---- the chunks ---- */

static int compare_places(const void *left, const void *right)
{
    const struct move *a = left, *b = right;

    if (a->object != b->object)
        return a->object < b->object ? -1 : 1;
    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static int compare_numbers(const void *left, const void *right)
{
    const struct move *a = left, *b = right;

    return a->number < b->number ? -1 : a->number > b->number;
}

static int add_moves(struct work *w, const struct index_section *section, struct err *err)
{
    const struct index_chunk *chunk;
    struct index_cursor cursor;
    struct index_place place;
    struct moves *moves = &w->moves;

    index_cursor_init(&cursor, section);
    while ((chunk = index_cursor_next(&cursor, &place))) {
        if (object_runs_contain(&w->kept, place.object, place.offset, chunk->packed_size))
            continue;
        if (!array_reserve(&moves->list, &moves->room, moves->count, sizeof *moves->list))
            return err_memory(err, "the chunks of the image");
        moves->list[moves->count] = (struct move){.object = place.object,
                                                  .size = chunk->packed_size,
                                                  .offset = place.offset,
                                                  .number = moves->count};
        moves->count++;
    }
    return 0;
}

/* Leaves each chunk once: where the stream needs it first. */
static void unite(struct moves *moves)
{
    size_t kept = 0;

    qsort(moves->list, moves->count, sizeof *moves->list, compare_places);
    for (size_t i = 0; i < moves->count; i++)
        if (kept == 0 || moves->list[kept - 1].object != moves->list[i].object ||
            moves->list[kept - 1].offset != moves->list[i].offset)
            moves->list[kept++] = moves->list[i];
    moves->count = kept;
    qsort(moves->list, moves->count, sizeof *moves->list, compare_numbers);
}

static int find_moves(struct work *w, struct err *err)
{
    for (unsigned i = 0; i < w->what->index->section_count; i++)
        if (add_moves(w, &w->what->index->sections[i], err))
            return ERR_FAIL;
    unite(&w->moves);
    return 0;
}

/* ---- the new objects ---- */

static int codec_of(const struct work *w, const struct move *move)
{
    return w->what->places[move->object].codec;
}

/* Sets the new offsets of the chunks of a codec. Returns the number of the pieces. */
static size_t place_moves(struct work *w, int codec, struct rewrite_piece *pieces)
{
    uint64_t end = 0;
    size_t count = 0;

    for (size_t i = 0; i < w->moves.count; i++) {
        struct move *move = &w->moves.list[i];
        struct rewrite_piece *last = count ? &pieces[count - 1] : NULL;

        if (codec_of(w, move) != codec)
            continue;
        move->to = end;
        end += move->size;
        if (last && last->object == move->object && last->offset + last->size == move->offset)
            last->size += move->size;
        else
            pieces[count++] = (struct rewrite_piece){
                .object = move->object, .offset = move->offset, .size = move->size};
    }
    return count;
}

static int write_object(struct work *w, int codec, struct rewrite_piece *pieces,
                        struct gather_result *result, struct err *err)
{
    struct metadata_object *object = &w->objects[w->object_count];
    const struct object_writer writer = {.store = w->what->store,
                                         .key = object->key,
                                         .objects = w->what->places,
                                         .pieces = pieces,
                                         .count = place_moves(w, codec, pieces)};
    char unique[KEY_UNIQUE_SIZE];
    struct store_info info;

    if (!writer.count)
        return 0;
    if (key_unique(unique, err))
        return ERR_FAIL;
    key_data(object->key, &w->name, w->month, unique, DATA_THIN);
    object->codec = codec;
    if (object_writer_run(&writer, w->object_count, &info, &w->copied, err))
        return ERR_FAIL;
    object->size = info.size;
    str_copy(object->etag, sizeof object->etag, info.etag);
    result->written += info.size;
    w->successor[codec] = w->object_count++;
    return 0;
}

static int write_objects(struct work *w, struct gather_result *result, struct err *err)
{
    struct rewrite_piece *pieces = calloc(w->moves.count + 1, sizeof *pieces);
    int failed = pieces ? 0 : err_memory(err, "the chunks of the image");

    for (int codec = 1; !failed && codec <= CODECS; codec++)
        failed = write_object(w, codec, pieces, result, err);
    free(pieces);
    if (failed)
        return ERR_FAIL;
    result->copied = object_runs_bytes(&w->copied);
    qsort(w->moves.list, w->moves.count, sizeof *w->moves.list, compare_places);
    return 0;
}

/* ---- the image ---- */

/* The type of moved_image. NOLINTNEXTLINE(readability-non-const-parameter) */
static void place(void *arg, const struct index_place *from, uint32_t *size, struct index_place *to)
{
    const struct work *w = arg;
    size_t low = 0, high = w->moves.count;

    (void)size;
    *to = *from;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct move *move = &w->moves.list[middle];

        if (move->object == from->object && move->offset == from->offset) {
            *to =
                (struct index_place){.object = w->successor[codec_of(w, move)], .offset = move->to};
            return;
        }
        if (move->object < from->object ||
            (move->object == from->object && move->offset < from->offset))
            low = middle + 1;
        else
            high = middle;
    }
}

static bool is_copied(void *arg, unsigned object, uint64_t offset, uint32_t size)
{
    const struct work *w = arg;

    return object < w->what->at->metadata.object_count ||
           object_runs_contain(&w->copied, object, offset, size);
}

static int move_image(struct work *w, struct err *err)
{
    char unique[KEY_UNIQUE_SIZE];
    const struct moved_image moved = {.store = w->what->store,
                                      .signing = w->what->signing,
                                      .at = w->what->at,
                                      .index = w->what->index,
                                      .unique = unique,
                                      .name = &w->name,
                                      .month = w->month,
                                      .thin = true,
                                      .objects = w->objects,
                                      .object_count = w->object_count,
                                      .place = place,
                                      .arg = w,
                                      .copied = is_copied};
    struct err ignored;
    int answer = key_unique(unique, err) ? ERR_FAIL : moved_image_run(&moved, err);

    for (unsigned i = w->what->at->metadata.object_count; answer > 0 && i < w->object_count; i++)
        (void)retired_delete_object(w->what->store, w->objects[i].key, w->objects[i].etag,
                                    &ignored);
    return answer == MOVED_FAILED ? ERR_FAIL : answer;
}

static int run(struct work *w, struct gather_result *result, struct err *err)
{
    if (!key_parse_image(w->what->at->archive_key, &w->name, w->month))
        return err_set(err, ERR_INTERNAL, "key", "%s is not the key of an image",
                       w->what->at->archive_key);
    w->object_count = w->what->at->metadata.object_count;
    memcpy(w->objects, w->what->places, w->object_count * sizeof w->objects[0]);
    if (collect(w->what->index, &w->runs, err) || choose(w, err) || find_moves(w, err) ||
        write_objects(w, result, err))
        return ERR_FAIL;
    return move_image(w, err);
}

int gather_run(const struct gather *gather, struct gather_result *result, struct err *err)
{
    struct work *w = calloc(1, sizeof *w);
    int answer;

    *result = (struct gather_result){.written = 0};
    if (!w)
        return err_memory(err, "the image");
    w->what = gather;
    answer = run(w, result, err);
    object_runs_finish(&w->runs);
    object_runs_finish(&w->kept);
    object_runs_finish(&w->copied);
    free(w->moves.list);
    free(w);
    return answer;
}
