/*
 * All chunks of the index are offered to the spot check.
 */
#include "push/moved_archive.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "catalog/image_objects.h"
#include "pack/index/index.h"
#include "push/learn_image.h"
#include "push/plan/bases.h"
#include "push/upload/spot_check.h"
#include "transfer/fetch_index.h"

int moved_archive_check(struct store *store, const struct base_object *objects,
                        const struct held_index *held, struct err *err)
{
    /* an index of version 1 has other names: they detect accidents only */
    struct spot_check *check = spot_check_create(store, objects, held->index->names, err);
    unsigned different;
    int answer;

    if (!check)
        return ERR_FAIL;
    spot_check_note_index(check, held);
    answer = spot_check_begin(check, err);
    if (answer == 0)
        answer = spot_check_verify(check, &different, err);
    spot_check_destroy(check);
    return answer == SPOT_CHECK_DIFFERS ? MOVED_OTHER : answer;
}

bool moved_archive_is_likely(const struct existing_image *existing)
{
    const struct metadata *metadata = &existing->at.metadata;

    if (existing_image_has_objects(existing))
        return existing->has_all && !existing->whole;
    return existing->found && existing->has_archive && metadata->archive_etag[0] &&
           metadata->index_key[0] && metadata->size == existing->archive.size &&
           strcmp(metadata->archive_etag, existing->archive.etag) != 0;
}

/* The ETag and size that the bucket has for object `number` of the image. */
static const struct store_info *info_of(const struct existing_image *existing, unsigned number)
{
    return existing_image_has_objects(existing) ? &existing->objects[number] : &existing->archive;
}

static void set_etags(struct store *store, struct existing_image *existing, bool write)
{
    struct metadata *metadata = &existing->at.metadata;

    if (!existing_image_has_objects(existing))
        str_copy(metadata->archive_etag, sizeof metadata->archive_etag, existing->archive.etag);
    for (unsigned i = 0; i < metadata->object_count; i++)
        str_copy(metadata->objects[i].etag, sizeof metadata->objects[i].etag,
                 existing->objects[i].etag);
    existing->whole = true;
    log_info("%s was copied into this bucket: its metadata gets the new ETags",
             existing->at.archive_key);
    if (write)
        learn_image_add(store, existing);
}

/* Compares the objects of the image with its index. `objects`: room for all of them. */
static int check_objects(struct store *store, const struct existing_image *existing,
                         struct index *index, struct base_object *objects, struct err *err)
{
    struct held_index held = {.index = index};

    if (index->object_count != image_objects_count(&existing->at))
        return MOVED_OTHER;
    for (unsigned i = 0; i < index->object_count; i++) {
        struct image_object object = image_objects_get(&existing->at, i);

        if (index->objects[i].size != object.size || (int)index->objects[i].codec != object.codec)
            return MOVED_OTHER;
        objects[i] = (struct base_object){.size = object.size, .codec = index->objects[i].codec};
        str_copy(objects[i].key, sizeof objects[i].key, object.key);
        str_copy(objects[i].etag, sizeof objects[i].etag, info_of(existing, i)->etag);
        held.objects[i] = (unsigned char)i;
    }
    return moved_archive_check(store, objects, &held, err);
}

static int check_image(struct store *store, const struct existing_image *existing,
                       struct index *index, struct err *err)
{
    struct base_object *objects = calloc(INDEX_OBJECTS_MAX, sizeof *objects);
    int answer;

    if (!objects)
        return err_memory(err, "the objects of the image");
    answer = check_objects(store, existing, index, objects, err);
    free(objects);
    return answer;
}

int moved_archive_settle(struct store *store, struct existing_image *existing, bool write,
                         struct err *err)
{
    struct index *index = NULL;
    struct err trouble = {0};
    int answer = fetch_index(store, &existing->at.metadata, &index, &trouble);

    if (answer == 0)
        answer = check_image(store, existing, index, &trouble);
    index_destroy(index);
    if (answer == 0)
        set_etags(store, existing, write);
    else
        log_info("%s differs from its metadata: %s", existing->at.archive_key,
                 answer == MOVED_OTHER ? "it contains other chunks" : trouble.text);
    if (answer != ERR_FAIL || trouble.family != ERR_CANCELLED)
        return 0;
    *err = trouble;
    return ERR_FAIL;
}
