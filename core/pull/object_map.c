/*
 * The ETag of the metadata makes each GET conditional, so the objects need no HEAD before a pull.
 * The digests of the layers prove the result, also from a copy or with another ETag.
 */
#include "pull/object_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/log.h"
#include "catalog/image_objects.h"
#include "catalog/replaced_archive.h"

/* Where an object is. Requests borrow the strings, so an older place stays. */
struct place {
    struct place *older;
    char key[KEY_MAX], etag[STORE_ETAG_MAX];
};

struct object {
    struct place *place;
    uint64_t base, size;
};

struct object_map {
    char image[512]; /* for messages */
    unsigned count;
    struct object objects[];
};

/* ---- creation ---- */

static int move_object(struct object *object, const char *key, const char *etag, struct err *err)
{
    struct place *place = calloc(1, sizeof *place);

    if (!place)
        return err_memory(err, "the objects of the image");
    place->older = object->place;
    str_copy(place->key, sizeof place->key, key);
    str_copy(place->etag, sizeof place->etag, etag);
    object->place = place;
    return 0;
}

static int fill_objects(struct object_map *map, const struct located *at,
                        const struct store_info *archive, struct err *err)
{
    uint64_t base = 0;

    for (unsigned i = 0; i < map->count; i++) {
        const struct image_object from = image_objects_get(at, i);
        struct object *object = &map->objects[i];

        object->base = base;
        object->size = archive ? archive->size : from.size;
        base += object->size;
        if (move_object(object, from.key, archive ? archive->etag : from.etag, err))
            return ERR_FAIL;
    }
    return 0;
}

struct object_map *object_map_create(const struct located *at, const struct store_info *archive,
                                     struct err *err)
{
    unsigned count = image_objects_count(at);
    struct object_map *map = calloc(1, sizeof *map + count * sizeof map->objects[0]);

    if (!map) {
        err_memory(err, "the objects of the image");
        return NULL;
    }
    str_copy(map->image, sizeof map->image, at->metadata.image_tag);
    map->count = count;
    if (fill_objects(map, at, archive, err) == 0)
        return map;
    object_map_destroy(map);
    return NULL;
}

static void free_places(struct place *place)
{
    while (place) {
        struct place *older = place->older;

        free(place);
        place = older;
    }
}

void object_map_destroy(struct object_map *map)
{
    for (unsigned i = 0; map && i < map->count; i++)
        free_places(map->objects[i].place);
    free(map);
}

/* ---- addresses ---- */

uint64_t object_map_space(const struct object_map *map)
{
    const struct object *last = &map->objects[map->count - 1];

    return last->base + last->size;
}

static const struct object *find_object(const struct object_map *map, uint64_t address)
{
    unsigned at = map->count - 1;

    while (at && map->objects[at].base > address)
        at--;
    return &map->objects[at];
}

void object_map_aim(const struct object_map *map, uint64_t address, uint64_t length,
                    struct store_op *op)
{
    const struct object *object = find_object(map, address);

    op->key = object->place->key;
    op->if_match = object->place->etag;
    op->offset = address - object->base;
    op->length = length;
}

bool object_map_is_old(const struct object_map *map, uint64_t address, const struct store_op *op)
{
    return op->if_match != find_object(map, address)->place->etag;
}

const char *object_map_key(const struct object_map *map, uint64_t address, uint64_t *offset)
{
    const struct object *object = find_object(map, address);

    *offset = address - object->base;
    return object->place->key;
}

/* ---- the objects in the bucket ---- */

static int refuse_absent(const struct object_map *map, const struct object *object, struct err *err)
{
    err_set(err, ERR_NOT_FOUND, CODE_OBJECT, "%s needs the object %s, which is not in the bucket",
            map->image, object->place->key);
    return err_about(err, "%s", map->image);
}

/* Asks for all objects at once. `heads`: one for each object. */
static int head_objects(const struct object_map *map, struct store *store, struct store_op *heads,
                        struct err *err)
{
    struct store_op *ops[METADATA_OBJECTS_MAX];

    for (unsigned i = 0; i < map->count; i++) {
        heads[i] = (struct store_op){.verb = STORE_HEAD, .key = map->objects[i].place->key};
        ops[i] = &heads[i];
    }
    return store_run_all_or_fail(store, ops, map->count, err);
}

/* The HEADs of all objects; the caller frees them. NULL: failed. */
static struct store_op *ask_for_objects(const struct object_map *map, struct store *store,
                                        struct err *err)
{
    struct store_op *heads = calloc(map->count, sizeof *heads);

    if (!heads)
        err_memory(err, "the objects of the image");
    else if (head_objects(map, store, heads, err) == 0)
        return heads;
    free(heads);
    return NULL;
}

/* ---- objects that are not under their keys ---- */

static bool is_there(const struct object *object, const struct store_op *head)
{
    return head->answer == STORE_DONE && head->info.size == object->size &&
           strcmp(head->info.etag, object->place->etag) == 0;
}

/* 1: the object was replaced, and the map has the key of its copy now. 0: there is no copy. */
static int move_to_copy(struct object *object, struct store *store, struct err *err)
{
    const struct place *place = object->place;
    char copy[KEY_MAX], etag[STORE_ETAG_MAX];
    int answer =
        replaced_archive_find(store, place->key, place->etag, object->size, copy, etag, err);

    if (answer != REPLACED_ARCHIVE_FOUND)
        return answer;
    return move_object(object, copy, etag, err) ? ERR_FAIL : 1;
}

static int refresh_object(const struct object_map *map, struct object *object,
                          const struct store_op *head, struct store *store, struct err *err)
{
    int moved = is_there(object, head) ? 1 : move_to_copy(object, store, err);

    if (moved)
        return moved < 0 ? ERR_FAIL : 0;
    if (head->answer != STORE_DONE || head->info.size != object->size)
        return refuse_absent(map, object, err);
    log_info("%s has another ETag than the metadata states, but the same size", object->place->key);
    return move_object(object, object->place->key, head->info.etag, err);
}

int object_map_refresh(struct object_map *map, struct store *store, struct err *err)
{
    struct store_op *heads = ask_for_objects(map, store, err);
    int failed = heads ? 0 : ERR_FAIL;

    for (unsigned i = 0; failed == 0 && i < map->count; i++)
        failed = refresh_object(map, &map->objects[i], &heads[i], store, err);
    free(heads);
    return failed;
}

static int prove_object(const struct object_map *map, struct object *object,
                        const struct store_op *head, struct store *store, struct err *err)
{
    int moved = is_there(object, head) ? 1 : move_to_copy(object, store, err);

    if (moved)
        return moved < 0 ? ERR_FAIL : 0;
    if (head->answer != STORE_DONE)
        return refuse_absent(map, object, err);
    if (head->info.size != object->size)
        return err_set(err, ERR_INTEGRITY, "size",
                       "%s has %llu bytes, but the metadata states %llu", object->place->key,
                       (unsigned long long)head->info.size, (unsigned long long)object->size);
    return err_set(err, ERR_INTEGRITY, "etag", "%s has ETag %s, but the metadata states %s",
                   object->place->key, head->info.etag, object->place->etag);
}

int object_map_prove(struct object_map *map, struct store *store, struct err *err)
{
    struct store_op *heads = ask_for_objects(map, store, err);
    int failed = heads ? 0 : ERR_FAIL;

    for (unsigned i = 0; failed == 0 && i < map->count; i++)
        failed = prove_object(map, &map->objects[i], &heads[i], store, err);
    free(heads);
    return failed;
}
