/* The store is asked for all objects at once. */
#include "catalog/object_places.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/log.h"
#include "catalog/replaced_archive.h"

static bool is_there(const struct metadata_object *object, const struct store_op *head)
{
    return head->answer == STORE_DONE && head->info.size == object->size &&
           strcmp(head->info.etag, object->etag) == 0;
}

static int find_one(struct store *store, struct metadata_object *object,
                    const struct store_op *head, struct err *err)
{
    char copy[KEY_MAX], etag[STORE_ETAG_MAX];
    int answer;

    if (is_there(object, head))
        return 0;
    answer = replaced_archive_find(store, object->key, object->etag, object->size, copy, etag, err);
    if (answer < 0)
        return ERR_FAIL;
    if (answer == REPLACED_ARCHIVE_FOUND) {
        str_copy(object->key, sizeof object->key, copy);
        str_copy(object->etag, sizeof object->etag, etag);
    } else if (head->answer == STORE_DONE && head->info.size == object->size) {
        log_info("%s has another ETag than the metadata states, but the same size", object->key);
        str_copy(object->etag, sizeof object->etag, head->info.etag);
    }
    return 0;
}

int object_places_find(struct store *store, const struct metadata *metadata,
                       struct metadata_object out[METADATA_OBJECTS_MAX], struct err *err)
{
    struct store_op *heads = calloc(METADATA_OBJECTS_MAX, sizeof *heads);
    struct store_op *all[METADATA_OBJECTS_MAX] = {NULL};
    unsigned count = metadata->object_count;
    int failed;

    if (!heads)
        return err_memory(err, "the objects of the image");
    for (unsigned i = 0; i < count; i++) {
        out[i] = metadata->objects[i];
        heads[i] = (struct store_op){.verb = STORE_HEAD, .key = metadata->objects[i].key};
        all[i] = &heads[i];
    }
    failed = count ? store_run_all_or_fail(store, all, count, err) : 0;
    for (unsigned i = 0; !failed && i < count; i++)
        failed = find_one(store, &out[i], &heads[i], err);
    free(heads);
    return failed ? ERR_FAIL : 0;
}
