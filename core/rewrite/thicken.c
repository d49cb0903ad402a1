/* The pieces are the runs of the index in the order of the stream; a repeated chunk is copied
 * again. A chunk of another codec is a piece of its own. */
#include "rewrite/thicken.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/err.h"
#include "catalog/object_places.h"
#include "catalog/retired.h"
#include "rewrite/moved_image.h"
#include "rewrite/object_writer.h"
#include "rewrite/signed_image.h"
#include "transfer/fetch_index.h"

struct pieces {
    struct rewrite_piece *list;
    size_t count, room;
};

struct work {
    const struct thicken_options *options;
    struct located at;
    struct metadata_object places[METADATA_OBJECTS_MAX]; /* its objects */
    struct index *index;
    struct pieces pieces;
    /* The end of the chunks that have a new place; the piece of the next one, and where in it. */
    uint64_t placed, within;
    size_t piece;
    uint64_t repacked;
    char month[CLOCK_MONTH_SIZE], unique[KEY_UNIQUE_SIZE];
    struct image_name name;
    struct metadata_object object; /* the new one */
    struct object_runs copied;     /* of it, by the store */
};

/* raw_size: 0, or that of a chunk that is packed again. */
static int add_piece(struct pieces *pieces, const struct index_place *place, uint64_t size,
                     uint32_t raw_size, struct err *err)
{
    struct rewrite_piece *last = pieces->count ? &pieces->list[pieces->count - 1] : NULL;

    if (last && !raw_size && !last->raw_size && last->object == place->object &&
        last->offset + last->size == place->offset) {
        last->size += size;
        return 0;
    }
    if (!array_reserve(&pieces->list, &pieces->room, pieces->count, sizeof *pieces->list))
        return err_memory(err, "the runs of the image");
    pieces->list[pieces->count++] = (struct rewrite_piece){
        .object = place->object, .raw_size = raw_size, .offset = place->offset, .size = size};
    return 0;
}

static int find_pieces(struct work *w, struct err *err)
{
    for (unsigned i = 0; i < w->index->section_count; i++) {
        const struct index_chunk *chunk;
        struct index_cursor cursor;
        struct index_place place;

        index_cursor_init(&cursor, &w->index->sections[i]);
        while ((chunk = index_cursor_next(&cursor, &place))) {
            bool other = w->places[place.object].codec != w->object.codec;

            w->repacked += other ? chunk->packed_size : 0;
            if (add_piece(&w->pieces, &place, chunk->packed_size, other ? chunk->raw_size : 0, err))
                return ERR_FAIL;
        }
    }
    return 0;
}

/* Returns the codec of all chunks, or of the image's push. */
static int choose_codec(const struct work *w)
{
    const struct metadata *metadata = &w->at.metadata;

    for (unsigned i = 1; i < metadata->object_count; i++)
        if (metadata->objects[i].codec != metadata->objects[0].codec)
            return (int)w->index->codec;
    return metadata->objects[0].codec;
}

/* Chunks are placed in the order of the stream. */
static void place_next(void *arg, const struct index_place *from, uint32_t *size,
                       struct index_place *to)
{
    struct work *w = arg;
    const struct rewrite_piece *piece = &w->pieces.list[w->piece];

    (void)from;
    w->within += *size;
    if (w->within == piece->size) {
        w->piece++;
        w->within = 0;
    }
    if (piece->raw_size)
        *size = piece->packed;
    *to = (struct index_place){.object = 0, .offset = w->placed};
    w->placed += *size;
}

static int set_keys(struct work *w, struct err *err)
{
    int codec = choose_codec(w);
    enum data_kind kind = codec == METADATA_ZSTD ? DATA_WHOLE_ZSTD : DATA_WHOLE_GZIP;

    if (!key_parse_image(w->at.archive_key, &w->name, w->month))
        return err_set(err, ERR_INTERNAL, "key", "%s is not the key of an image",
                       w->at.archive_key);
    if (key_unique(w->unique, err))
        return ERR_FAIL;
    key_data(w->object.key, &w->name, w->month, w->unique, kind);
    w->object.codec = codec;
    return 0;
}

static bool is_copied(void *arg, unsigned object, uint64_t offset, uint32_t size)
{
    const struct work *w = arg;

    return object_runs_contain(&w->copied, object, offset, size);
}

static int write_object(struct work *w, uint64_t *copied, struct err *err)
{
    const struct object_writer writer = {
        .store = w->options->store,
        .key = w->object.key,
        .objects = w->places,
        .pieces = w->pieces.list,
        .count = w->pieces.count,
        .choice = {.codec = w->index->codec, .level = w->index->level}};
    struct store_info info;

    if (object_writer_run(&writer, 0, &info, &w->copied, err))
        return ERR_FAIL;
    *copied = object_runs_bytes(&w->copied);
    w->object.size = info.size;
    str_copy(w->object.etag, sizeof w->object.etag, info.etag);
    return 0;
}

static int move_image(struct work *w, struct err *err)
{
    const struct moved_image moved = {.store = w->options->store,
                                      .signing = w->options->signing,
                                      .at = &w->at,
                                      .index = w->index,
                                      .unique = w->unique,
                                      .name = &w->name,
                                      .month = w->month,
                                      .objects = &w->object,
                                      .object_count = 1,
                                      .place = place_next,
                                      .arg = w,
                                      .copied = is_copied};
    struct err ignored;
    int answer = moved_image_run(&moved, err);

    if (answer > 0) /* nothing names the object. After a failure, the metadata may */
        (void)retired_delete_object(w->options->store, w->object.key, w->object.etag, &ignored);
    return answer ? ERR_FAIL : 0;
}

static int thicken(struct work *w, struct thicken_result *result, struct err *err)
{
    const struct thicken_options *o = w->options;
    int answer = locate_image(o->store, &o->name, o->key, o->platform, &w->at, err);

    if (answer)
        return answer < 0 ? ERR_FAIL : locate_refuse(o->store, &o->name, o->platform, &w->at, err);
    str_copy(result->image_ref, sizeof result->image_ref, o->name.ref);
    str_copy(result->platform, sizeof result->platform, w->at.metadata.platform);
    result->size = w->at.metadata.size;
    result->objects = w->at.metadata.format < 3 ? 1 : w->at.metadata.object_count;
    if (w->at.metadata.format < 3 || !w->at.metadata.thin)
        return 0;
    answer = signed_image_find(o->store, o->signing, &w->at, err);
    if (answer < 0 || answer == SIGNED_BY_OTHER)
        return ERR_FAIL;
    if (object_places_find(o->store, &w->at.metadata, w->places, err) ||
        fetch_index_needed(o->store, &w->at.metadata, &w->index, err) || set_keys(w, err) ||
        find_pieces(w, err))
        return ERR_FAIL;
    str_copy(result->key, sizeof result->key, w->object.key);
    result->repacked = w->repacked;
    if (o->dry_run)
        return 0;
    if (write_object(w, &result->copied, err) || move_image(w, err))
        return ERR_FAIL;
    result->size = w->object.size;
    return 0;
}

int thicken_run(const struct thicken_options *options, struct thicken_result *result,
                struct err *err)
{
    struct work *w = calloc(1, sizeof *w);
    int failed;

    *result = (struct thicken_result){.size = 0};
    if (!w)
        return err_memory(err, "the image");
    w->options = options;
    failed = thicken(w, result, err);
    index_destroy(w->index);
    located_finish(&w->at);
    free(w->pieces.list);
    object_runs_finish(&w->copied);
    free(w);
    return failed ? ERR_FAIL : 0;
}
