/*
 * The own object and the index are written at the same time. If the image does not become visible,
 * both are deleted again; a cleanup finds those of a push that was killed.
 */
#include "push/commit_objects.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "catalog/object_check.h"
#include "catalog/retired.h"
#include "flow/inbox.h"
#include "pack/index/extent_cost.h"
#include "publish/publish.h"
#include "push/existing_check.h"

#define INDEX_MAX (512 * MIB)

struct work {
    const struct commit *commit;
    struct metadata *metadata;
    struct text index;
    struct index_order order;
    struct inbox *inbox;
    struct store_op put; /* of the index */
    struct existing_check check;
    struct store_info own;
};

/* ---- the description of the objects ---- */

static int describe_index(struct work *w, struct err *err)
{
    const struct push_outcome *outcome = w->commit->outcome;
    struct image_name name;
    char month[CLOCK_MONTH_SIZE], unique[KEY_UNIQUE_SIZE];
    enum data_kind kind;
    uint8_t sum[SHA256_SIZE];

    if (!key_parse_data(outcome->key, &name, month, unique, &kind))
        return err_set(err, ERR_INTERNAL, "key", "%s has no number", outcome->key);
    key_data(w->metadata->index_key, &name, month, unique, DATA_INDEX);
    if (index_builder_finish(outcome->index, outcome->image, &w->order, &w->index, err))
        return ERR_FAIL;
    sha256_of(text_view(&w->index), sum);
    hex_encode(sum, sizeof sum, w->metadata->index_sha256);
    w->metadata->index_size = w->index.size;
    return 0;
}

/* Sets the bytes that the image uses of each object. */
static int set_used(struct work *w, struct err *err)
{
    uint64_t used[INDEX_OBJECTS_MAX] = {0};
    struct index *index;
    int answer;

    if (index_parse(text_view(&w->index), &index, err))
        return err_wrap(err, "the new index");
    answer = extent_used(index, used, err);
    for (unsigned i = 0; answer == 0 && i < index->object_count; i++)
        w->metadata->objects[i].used = used[i];
    index_destroy(index);
    return answer;
}

static struct metadata_object own_object(const struct push_outcome *outcome)
{
    struct metadata_object object = {.size = outcome->own_size, .codec = outcome->choice.codec};

    str_copy(object.key, sizeof object.key, outcome->key);
    return object;
}

static struct metadata_object base_object(const struct push_outcome *outcome, unsigned number)
{
    const struct base_object *base = &outcome->bases->objects[number - 1];
    struct metadata_object object = {.size = base->size, .codec = base->codec};

    str_copy(object.key, sizeof object.key, base->key);
    str_copy(object.etag, sizeof object.etag, base->etag);
    return object;
}

static int describe_objects(struct work *w, struct err *err)
{
    struct metadata *m = w->metadata;

    m->format = METADATA_FORMAT;
    m->thin = w->commit->outcome->thin;
    m->objects = calloc(w->order.count, sizeof *m->objects);
    if (!m->objects)
        return err_memory(err, "the metadata");
    m->object_count = w->order.count;
    for (unsigned i = 0; i < w->order.count; i++)
        m->objects[i] = w->order.objects[i] == INDEX_OWN
                            ? own_object(w->commit->outcome)
                            : base_object(w->commit->outcome, w->order.objects[i]);
    return set_used(w, err);
}

/* ---- the writes ---- */

static void begin_index(struct work *w)
{
    w->put = (struct store_op){.verb = STORE_PUT,
                               .key = w->metadata->index_key,
                               .body = text_view(&w->index),
                               .inbox = w->inbox};
    store_submit(w->commit->store, &w->put);
}

static int end_index(struct work *w, struct err *err)
{
    inbox_take(w->inbox, INBOX_FOREVER);
    if (w->put.answer == STORE_FAILED)
        *err = w->put.err;
    else if (w->put.answer != STORE_DONE)
        err_set(err, ERR_INTEGRITY, "upload", "the store does not take %s", w->put.key);
    return w->put.answer == STORE_DONE ? 0 : ERR_FAIL;
}

static bool has_own(const struct work *w)
{
    return w->commit->outcome->own_size > 0;
}

static void set_own_etag(struct work *w)
{
    for (unsigned i = 0; i < w->order.count; i++)
        if (w->order.objects[i] == INDEX_OWN)
            str_copy(w->metadata->objects[i].etag, sizeof w->metadata->objects[i].etag,
                     w->own.etag);
}

static void delete_one(struct store *store, const char *key, const char *etag)
{
    struct err err;

    if (retired_delete_object(store, key, etag, &err) < 0)
        log_info("%s could not be removed: %s", key, err.text);
}

/* Writes the own object and the index. After a failure of copies, the push starts again under other
 * keys; after any other, it can be resumed, and writes the same index again. */
static int put_data(struct work *w, struct err *err)
{
    struct err other;
    int answer = 0;

    begin_index(w);
    store_insist(w->commit->store, true);
    if (has_own(w))
        answer = pending_archive_complete(w->commit->outcome->archive, &w->own, err);
    set_own_etag(w);
    if (end_index(w, answer ? &other : err))
        answer = ERR_FAIL;
    else if (w->commit->outcome->archive->failure != COPY_FAILURE_NONE)
        delete_one(w->commit->store, w->put.key, w->put.info.etag);
    return answer;
}

/* The image has not become visible: deletes what only it needs. */
static void delete_data(const struct work *w)
{
    if (has_own(w))
        delete_one(w->commit->store, w->commit->outcome->key, w->own.etag);
    delete_one(w->commit->store, w->put.key, w->put.info.etag);
}

/* Requests the tombstone while publish_run requests the objects. */
static void begin_check(void *arg)
{
    struct work *w = arg;

    existing_check_begin(&w->check, w->commit->store, w->commit->existing, w->inbox);
}

static int publish(struct work *w, const char *key, const char *replaces, bool check,
                   struct err *err)
{
    char etag[STORE_ETAG_MAX];

    return publish_run(&(struct publish){.store = w->commit->store,
                                         .key = key,
                                         .replaces = replaces,
                                         .metadata = w->metadata,
                                         .written = check ? begin_check : NULL,
                                         .arg = w,
                                         .check = object_check,
                                         .signing = w->commit->signing},
                       etag, err);
}

/* Finishes after another result of publish_run than PUBLISHED. */
static int give_up(struct work *w, int answer, struct err *err)
{
    switch (answer) {
    case PUBLISH_SAME:
        delete_data(w);
        return COMMIT_SAME;
    case PUBLISH_OTHER_PLATFORM:
        delete_data(w);
        return err_set(err, ERR_INTEGRITY, "document", "the metadata of %s states another platform",
                       w->metadata->image_tag);
    case PUBLISH_LOST:
        w->commit->outcome->archive->failure = COPY_FAILURE_BASE;
        delete_data(w);
        return ERR_FAIL;
    case PUBLISH_CHANGED:
        delete_data(w);
        return ERR_FAIL;
    default:
        return ERR_FAIL;
    }
}

/* Another push has stored the image for another platform meanwhile, as the first one: writes
 * metadata of this platform's own. */
static int put_further(struct work *w, struct err *err)
{
    struct platform platform;
    char text[PLATFORM_KEY_SIZE], key[KEY_MAX];
    int answer;

    platform_parse(w->metadata->platform, &platform);
    platform_key(&platform, text);
    if (!key_sibling_document(key, w->commit->existing->key, text, KEY_METADATA))
        return err_set(err, ERR_INTERNAL, "key", "%s is not the key of an image",
                       w->commit->existing->key);
    answer = publish(w, key, "", false, err);
    return answer == PUBLISHED ? 0 : give_up(w, answer, err);
}

static int put_metadata(struct work *w, struct err *err)
{
    const struct existing_image *existing = w->commit->existing;
    char key[KEY_MAX];
    int answer;

    if (existing_image_document(existing, KEY_METADATA, key, err))
        return ERR_FAIL;
    answer = publish(w, key, existing->found ? existing->at.metadata_etag : "", true, err);
    if (answer == PUBLISHED)
        return existing_check_end(&w->check, err);
    existing_check_drop(&w->check);
    if (answer == PUBLISH_OTHER_PLATFORM && !existing->platform[0])
        return put_further(w, err);
    return give_up(w, answer, err);
}

static int run(struct work *w, struct err *err)
{
    int answer;

    w->inbox = inbox_create(err);
    if (!w->inbox || describe_index(w, err) || describe_objects(w, err))
        return ERR_FAIL;
    answer = put_data(w, err);
    if (answer == 0)
        answer = put_metadata(w, err);
    store_insist(w->commit->store, false);
    return answer;
}

int commit_objects(const struct commit *commit, struct metadata *metadata, struct err *err)
{
    struct work w = {.commit = commit, .metadata = metadata};
    int answer;

    text_init(&w.index, INDEX_MAX);
    answer = run(&w, err);
    text_finish(&w.index);
    inbox_destroy(w.inbox);
    return answer;
}
