/* The new index is parsed again, and all further steps use the parsed index, as a reader will. */
#include "rewrite/moved_image.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/random.h"
#include "catalog/object_check.h"
#include "catalog/retired.h"
#include "pack/index/extent_cost.h"
#include "publish/publish.h"
#include "rewrite/chunk_window.h"
#include "rewrite/signed_image.h"

#define INDEX_MAX (512 * MIB)
#define CHECKED   16 /* chunks */

struct work {
    const struct moved_image *moved;
    struct index_order order;
    struct text text;         /* of the new index */
    struct index *index;      /* the same, parsed */
    struct metadata metadata; /* borrows the layers */
    struct signing *signing;  /* of the new metadata; NULL: it has no signature */
};

/* ---- the new index ---- */

static int add_chunks(const struct moved_image *moved, struct index_builder *builder,
                      const unsigned numbers[], struct err *err)
{
    for (unsigned i = 0; i < moved->index->section_count; i++) {
        const struct index_chunk *chunk;
        struct index_cursor cursor;
        struct index_place from, to;
        bool first = true;

        index_cursor_init(&cursor, &moved->index->sections[i]);
        while ((chunk = index_cursor_next(&cursor, &from))) {
            struct index_chunk placed = *chunk;

            moved->place(moved->arg, &from, &placed.packed_size, &to);
            to.object = numbers[to.object];
            if (index_builder_add(builder, &placed, &to, first, err))
                return ERR_FAIL;
            first = false;
        }
    }
    return 0;
}

static int build(struct work *w, struct err *err)
{
    const struct moved_image *moved = w->moved;
    const struct index *old = moved->index;
    const struct index_writer writer = {
        .version = 3, .choice = {.codec = old->codec, .level = old->level}, .like = old};
    struct index_builder *builder = index_builder_create(&old->params, &writer, err);
    unsigned numbers[INDEX_BUILDER_OBJECTS_MAX] = {0};
    int failed = builder ? 0 : ERR_FAIL;

    for (unsigned i = 0; !failed && i < moved->object_count; i++)
        failed = index_builder_object(builder, moved->objects[i].size,
                                      (enum codec)moved->objects[i].codec, &numbers[i], err);
    if (!failed)
        failed = add_chunks(moved, builder, numbers, err) ||
                 index_builder_finish(builder, &old->image, &w->order, &w->text, err);
    for (unsigned i = 0; !failed && i < w->order.count; i++)
        w->order.objects[i]--; /* 0 is the builder's own object */
    index_builder_destroy(builder);
    return failed || index_parse(text_view(&w->text), &w->index, err) ? ERR_FAIL : 0;
}

/* ---- the new metadata ---- */

static int describe(struct work *w, struct err *err)
{
    const struct moved_image *moved = w->moved;
    struct metadata *m = &w->metadata;
    uint64_t used[INDEX_OBJECTS_MAX] = {0};
    uint8_t sum[SHA256_SIZE];

    *m = moved->at->metadata;
    m->thin = moved->thin;
    m->size = w->index->archive_size;
    m->object_count = w->order.count;
    m->objects = calloc(w->order.count, sizeof *m->objects);
    if (!m->objects)
        return err_memory(err, "the metadata");
    if (extent_used(w->index, used, err))
        return ERR_FAIL;
    for (unsigned i = 0; i < w->order.count; i++) {
        m->objects[i] = moved->objects[w->order.objects[i]];
        m->objects[i].used = used[i];
    }
    key_data(m->index_key, moved->name, moved->month, moved->unique, DATA_INDEX);
    sha256_of(text_view(&w->text), sum);
    hex_encode(sum, sizeof sum, m->index_sha256);
    m->index_size = w->text.size;
    return 0;
}

/* ---- the check ---- */

struct check {
    const struct work *work;
    struct unpacker *unpacker;
    struct chunk_window window;
    uint8_t *raw;
};

/* `more`: the chunks behind this one will be read, too. */
static int check_chunk(struct check *check, const struct index_chunk *chunk,
                       const struct index_place *place, bool more, struct err *err)
{
    const struct metadata_object *object = &check->work->metadata.objects[place->object];
    struct chunk_name name;
    struct view packed;

    if (chunk_window_read(&check->window, object, place->offset, chunk->packed_size,
                          more ? object->size - place->offset : chunk->packed_size, &packed, err))
        return ERR_FAIL;
    if (unpacker_unpack(check->unpacker, (enum codec)object->codec, packed, check->raw,
                        chunk->raw_size, err))
        return err_wrap(err, "%s", object->key);
    name = chunk_name_of(check->work->index->names, check->raw, chunk->raw_size);
    return chunk_name_equals(&name, &chunk->name)
               ? 0
               : err_set(err, ERR_INTEGRITY, "chunk",
                         "%s contains other bytes than its index states", object->key);
}

static bool is_copied(const struct work *w, const struct index_place *place, uint32_t size)
{
    return !w->moved->copied ||
           w->moved->copied(w->moved->arg, w->order.objects[place->object], place->offset, size);
}

/* Checks the chunks that passed through this host, and about CHECKED others, at equal distances
 * from a random one on. The former are read in windows, because they lie one behind the other. */
static int check_chunks(struct check *check, struct err *err)
{
    const struct index *index = check->work->index;
    uint64_t count = 0, step, at = 0, next;
    uint8_t random[4];

    for (unsigned i = 0; i < index->section_count; i++)
        count += index->sections[i].chunk_count;
    step = count / CHECKED + 1;
    if (random_fill(random, sizeof random, err))
        return ERR_FAIL;
    next = (random[0] | (unsigned)random[1] << 8 | (unsigned)random[2] << 16) % step;
    for (unsigned i = 0; i < index->section_count; i++) {
        const struct index_chunk *chunk;
        struct index_cursor cursor;
        struct index_place place;

        index_cursor_init(&cursor, &index->sections[i]);
        for (; (chunk = index_cursor_next(&cursor, &place)); at++) {
            bool copied = is_copied(check->work, &place, chunk->packed_size), chosen = at == next;

            next += chosen ? step : 0;
            if ((chosen || !copied) && check_chunk(check, chunk, &place, !copied, err))
                return ERR_FAIL;
        }
    }
    return 0;
}

static int check_new(const struct work *w, struct err *err)
{
    struct check check = {.work = w, .raw = malloc(codec_bound(w->index->params.max))};
    int failed = ERR_FAIL;

    check.unpacker = unpacker_create(err);
    if (!check.raw)
        err_memory(err, "a chunk");
    else if (check.unpacker && chunk_window_init(&check.window, w->moved->store, err) == 0)
        failed = check_chunks(&check, err);
    unpacker_destroy(check.unpacker);
    chunk_window_finish(&check.window);
    free(check.raw);
    return failed;
}

/* ---- the commit ---- */

static int commit(const struct work *w, struct err *err)
{
    const struct moved_image *moved = w->moved;
    const struct publish publish = {.store = moved->store,
                                    .key = moved->at->metadata_key,
                                    .replaces = moved->at->metadata_etag,
                                    .metadata = &w->metadata,
                                    .index = text_view(&w->text),
                                    .check = object_check,
                                    .signing = w->signing};
    char etag[STORE_ETAG_MAX];
    struct store_info info;
    struct err ignored;
    int answer = publish_run(&publish, etag, err);

    if (answer == PUBLISHED || answer < 0)
        return answer;
    if (answer == PUBLISH_SAME || answer == PUBLISH_OTHER_PLATFORM)
        err_set(err, ERR_CONFLICT, "changed", "%s was changed meanwhile", moved->at->metadata_key);
    if (store_head(moved->store, w->metadata.index_key, &info, &ignored) == STORE_DONE)
        (void)retired_delete_object(moved->store, w->metadata.index_key, info.etag, &ignored);
    return MOVED_NOT;
}

int moved_image_run(const struct moved_image *moved, struct err *err)
{
    struct work w = {.moved = moved};
    int answer = signed_image_find(moved->store, moved->signing, moved->at, err);

    if (answer < 0 || answer == SIGNED_BY_OTHER)
        return answer < 0 ? ERR_FAIL : MOVED_NOT;
    w.signing = answer == SIGNED_AGAIN ? moved->signing : NULL;
    text_init(&w.text, INDEX_MAX);
    if (build(&w, err) || describe(&w, err) || check_new(&w, err)) {
        err_wrap(err, "%s stays as it is", moved->name->ref);
        if (err->family == ERR_INTEGRITY)
            err_about(err, "%s", moved->name->ref);
        answer = MOVED_FAILED;
    } else {
        answer = commit(&w, err);
    }
    free(w.metadata.objects);
    index_destroy(w.index);
    text_finish(&w.text);
    return answer;
}
