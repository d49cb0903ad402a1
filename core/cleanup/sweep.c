/*
 * A week after its retirement, an image's tombstone becomes `deleting`. From then on, its document
 * needs nothing. An object that no document needs is deleted in four steps:
 *
 *     1. read all documents
 *     2. write the tombstone of its number, with `deleting` and the object
 *     3. read the documents again
 *     4. delete the object if still none needs it
 *
 * A writer of metadata looks for tombstones after its write (object_check.h). If the metadata is
 * written before step 3, the cleanup sees it. Otherwise the tombstone is older than the metadata,
 * and the writer sees the tombstone. This holds for several cleanups at a time, because `deleting`
 * is not taken back: a tombstone is replaced or deleted only after a day.
 */
#include "cleanup/sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "catalog/conditions.h"
#include "catalog/image_objects.h"
#include "catalog/object_refs.h"
#include "catalog/references.h"
#include "catalog/retired.h"
#include "cleanup/sweep_list.h"

#define BATCH 64 /* numbers whose objects are deleted together */
/* Steps 2 to 4 of a batch: far less than the day for which a tombstone stays. */
#define BATCH_LASTS (10 * 60 * NS_PER_S)

struct sweep {
    const struct sweep_policy *policy;
    sweep_fn *each;
    void *arg;
    bool conditions;
    struct sweep_list list;
    struct object_refs *refs;
    struct references references;
};

static void report(const struct sweep *s, enum sweep_deed deed, const char *key, uint64_t size,
                   int64_t since)
{
    const struct sweep_item item = {.deed = deed, .key = key, .size = size, .since = since};

    s->each(s->arg, &item);
}

static bool is_needed(const struct sweep *s, const struct sweep_object *object)
{
    return object_refs_count(s->refs, NULL, object->key, object->etag, object->size) > object->ends;
}

/* ---- tombstones of images ---- */

static void name_object(const struct sweep *s, struct sweep_stone *stone, const char *key,
                        bool ends)
{
    struct sweep_object *object = sweep_list_find(&s->list, key);

    if (!object)
        return;
    object->named = true;
    object->ends += ends;
    stone->finished = stone->finished && is_needed(s, object);
}

/* Marks the objects of an image. `ends`: its tombstone is still counted. */
static int name_objects(const struct sweep *s, struct sweep_stone *stone, struct view json,
                        bool ends, uint64_t *size, struct err *err)
{
    struct metadata metadata;

    if (metadata_parse(json, &metadata, err))
        return err_wrap(err, "%s", stone->key);
    *size = metadata.size;
    stone->finished = true;
    for (unsigned i = 0; i < metadata.object_count; i++)
        name_object(s, stone, metadata.objects[i].key, ends);
    if (metadata.index_key[0])
        name_object(s, stone, metadata.index_key, ends);
    metadata_finish(&metadata);
    return 0;
}

/* Returns 1 if the image was pushed again, and has metadata in another month: nothing was restored.
 */
static int restore(const struct sweep *s, const struct sweep_stone *stone, struct err *err)
{
    struct store *store = s->policy->store;
    char key[KEY_MAX];
    struct store_info info;
    int answer = stone->first_platform
                     ? retired_restore(store, &stone->name, stone->archive_key, err)
                     : retired_restore_document(store, stone->key, err);

    if (answer)
        return answer < 0 ? ERR_FAIL : 0;
    key_metadata_of_retired(key, stone->key);
    answer = (int)store_head(store, key, &info, err);
    return answer == STORE_FAILED ? ERR_FAIL : answer != STORE_DONE;
}

/* Begins the deletion of an image's data, or continues it. */
static int end_image(struct sweep *s, struct sweep_stone *stone, struct tombstone *tombstone,
                     struct err *err)
{
    bool began = tombstone->deleting,
         due = began || s->list.now - stone->since >= s->policy->retention;
    uint64_t size = 0;

    if (due && name_objects(s, stone, text_view(&tombstone->metadata), !began && s->policy->dry_run,
                            &size, err))
        return ERR_FAIL;
    stone->finished = stone->finished && began;
    if (!due)
        report(s, SWEEP_RETIRED, stone->archive_key, tombstone->archive_size, stone->since);
    if (!due || began || s->policy->dry_run)
        return 0;
    tombstone->deleting = true;
    return tombstone_put(s->policy->store, stone->key, tombstone, NULL, err) == STORE_DONE
               ? 0
               : ERR_FAIL;
}

static int judge_stone(struct sweep *s, struct sweep_stone *stone, struct err *err)
{
    struct tombstone tombstone;
    int ends, failed = 0;

    switch (tombstone_get(s->policy->store, stone->key, &tombstone, err)) {
    case STORE_FAILED:
        return ERR_FAIL;
    case STORE_DONE:
        break;
    default:
        return 0;
    }
    ends = tombstone.format == 2 && !stone->described;
    stone->finished = tombstone.format == 2 && stone->described;
    if (ends && references_have(&s->references, stone->name.ref))
        ends = s->policy->dry_run ? 0 : restore(s, stone, err);
    if (ends > 0)
        failed = end_image(s, stone, &tombstone, err);
    tombstone_finish(&tombstone);
    return ends < 0 ? ERR_FAIL : failed;
}

static int judge_stones(struct sweep *s, struct err *err)
{
    for (size_t i = 0; i < s->list.stone_count; i++)
        if (judge_stone(s, &s->list.stones[i], err))
            return ERR_FAIL;
    return s->policy->dry_run || !s->list.stone_count
               ? 0
               : object_refs_again(s->policy->store, s->refs, err);
}

static int delete_stones(struct sweep *s, struct err *err)
{
    for (size_t i = 0; i < s->list.stone_count; i++) {
        struct store_info info;
        const char *key = s->list.stones[i].key;

        if (!s->list.stones[i].finished || s->list.now - s->list.stones[i].since < s->policy->stays)
            continue;
        switch (store_head(s->policy->store, key, &info, err)) {
        case STORE_FAILED:
            return ERR_FAIL;
        case STORE_DONE:
            if (info.modified <= s->list.stones[i].since &&
                retired_delete_object(s->policy->store, key, info.etag, err) < 0)
                return ERR_FAIL;
            break;
        default:
            break;
        }
    }
    return 0;
}

/* ---- objects ---- */

/* Returns 1 if a cleanup may be deleting objects of this number now. */
static int is_at_work(const struct sweep *s, const struct sweep_group *group, struct err *err)
{
    struct tombstone tombstone;
    bool deleting;

    if (!group->tombstone_etag[0] || s->list.now - group->announced >= s->policy->stays)
        return 0;
    switch (tombstone_get(s->policy->store, group->tombstone, &tombstone, err)) {
    case STORE_FAILED:
        return ERR_FAIL;
    case STORE_DONE:
        deleting = tombstone.deleting;
        tombstone_finish(&tombstone);
        return deleting;
    default:
        return 1; /* another cleanup has deleted it just now */
    }
}

/* Writes the tombstone of a number, unless it has changed since the list. Without conditions it
 * announces all objects, because another cleanup may have written it, with other objects. */
static enum store_answer announce(const struct sweep *s, const struct sweep_group *group,
                                  bool deleting, struct err *err)
{
    struct tombstone *tombstone = calloc(1, sizeof *tombstone);
    enum store_answer answer;

    if (!tombstone)
        return err_memory(err, "a tombstone"), STORE_FAILED;
    tombstone->format = 2;
    tombstone->deleting = deleting;
    for (size_t i = group->first; i < group->first + group->count; i++) {
        const struct sweep_object *object = &s->list.objects[i];
        struct tombstone_object *out = &tombstone->objects[tombstone->object_count];

        if (s->conditions && deleting && !object->due)
            continue;
        str_copy(out->key, sizeof out->key, object->key);
        str_copy(out->etag, sizeof out->etag, object->etag);
        out->size = object->size;
        if (++tombstone->object_count == TOMBSTONE_OBJECTS_MAX)
            break;
    }
    answer = tombstone_put(s->policy->store, group->tombstone, tombstone,
                           s->conditions ? group->tombstone_etag : NULL, err);
    free(tombstone);
    return answer;
}

/* Decides about one object that no document needs. Returns 1 if it must be announced. */
static int judge_object(const struct sweep *s, const struct sweep_group *group,
                        struct sweep_object *object)
{
    bool announced = group->tombstone_etag[0];
    bool young = s->list.now - object->modified < s->policy->unfinished;

    if (object->fixed && young) /* a push may have written it just now, and its metadata not yet */
        return 0;
    object->due =
        object->named || (announced && s->list.now - group->announced >= s->policy->retention);
    if (object->due)
        return 0;
    if (announced) {
        report(s, SWEEP_WAITS, object->key, object->size, group->announced);
        return 0;
    }
    if (young)
        return 0;
    report(s, SWEEP_ANNOUNCED, object->key, object->size, s->list.now);
    return 1;
}

/* Marks the objects of a number that are due. */
static int judge_group(struct sweep *s, struct sweep_group *group, struct err *err)
{
    int at_work = -1;
    bool new = false, any = false;

    for (size_t i = group->first; i < group->first + group->count; i++) {
        if (is_needed(s, &s->list.objects[i]))
            continue;
        any = true;
        if (at_work < 0)
            at_work = is_at_work(s, group, err);
        if (at_work < 0)
            return ERR_FAIL;
        if (!at_work && judge_object(s, group, &s->list.objects[i]))
            new = true;
    }
    if (new && !s->policy->dry_run)
        return announce(s, group, false, err) == STORE_FAILED ? ERR_FAIL : 0;
    if (any || !group->tombstone_etag[0] || s->policy->dry_run ||
        s->list.now - group->announced < s->policy->stays)
        return 0;
    return retired_delete_object(s->policy->store, group->tombstone, group->tombstone_etag, err) < 0
               ? ERR_FAIL
               : 0;
}

static bool has_due(const struct sweep *s, const struct sweep_group *group)
{
    bool due = false;

    for (size_t i = group->first; i < group->first + group->count; i++)
        due = due || s->list.objects[i].due;
    return due;
}

/* Step 4 for one number. */
static int delete_objects(const struct sweep *s, const struct sweep_group *group, int64_t until,
                          struct err *err)
{
    for (size_t i = group->first; i < group->first + group->count; i++) {
        struct sweep_object *object = &s->list.objects[i];

        if (!object->due || is_needed(s, object) || clock_boot() > until)
            continue;
        if (retired_delete_object(s->policy->store, object->key, object->etag, err) < 0)
            return ERR_FAIL;
        report(s, SWEEP_DELETED, object->key, object->size, object->modified);
    }
    return 0;
}

static int run_batch(const struct sweep *s, struct sweep_group *const *batch, unsigned count,
                     struct err *err)
{
    int64_t until = clock_boot() + BATCH_LASTS;
    bool announced[BATCH] = {false};

    for (unsigned i = 0; i < count; i++) {
        enum store_answer answer = announce(s, batch[i], true, err);

        if (answer == STORE_FAILED)
            return ERR_FAIL;
        announced[i] = answer == STORE_DONE;
    }
    if (object_refs_again(s->policy->store, s->refs, err))
        return ERR_FAIL;
    for (unsigned i = 0; i < count; i++)
        if (announced[i] && delete_objects(s, batch[i], until, err))
            return ERR_FAIL;
    return 0;
}

static void report_due(const struct sweep *s, const struct sweep_group *group)
{
    for (size_t i = group->first; i < group->first + group->count; i++)
        if (s->list.objects[i].due)
            report(s, SWEEP_DELETED, s->list.objects[i].key, s->list.objects[i].size,
                   s->list.objects[i].modified);
}

static int delete_due(struct sweep *s, struct err *err)
{
    struct sweep_group *batch[BATCH] = {NULL};
    unsigned count = 0;

    for (size_t i = 0; i < s->list.group_count; i++) {
        struct sweep_group *group = &s->list.groups[i];

        if (has_due(s, group) && s->policy->dry_run)
            report_due(s, group);
        else if (has_due(s, group))
            batch[count++] = group;
        if (count == BATCH || (count && i + 1 == s->list.group_count)) {
            if (run_batch(s, batch, count, err))
                return ERR_FAIL;
            count = 0;
        }
    }
    return 0;
}

static int judge_groups(struct sweep *s, struct err *err)
{
    for (size_t i = 0; i < s->list.group_count; i++)
        if (judge_group(s, &s->list.groups[i], err))
            return ERR_FAIL;
    return 0;
}

/* Returns 1 if a tombstone is that of an image of format 3. */
static int has_new_stones(const struct sweep *s, struct err *err)
{
    for (size_t i = 0; i < s->list.stone_count; i++) {
        struct tombstone tombstone;
        int format;

        switch (tombstone_get(s->policy->store, s->list.stones[i].key, &tombstone, err)) {
        case STORE_DONE:
            format = tombstone.format;
            tombstone_finish(&tombstone);
            if (format == 2)
                return 1;
            break;
        case STORE_FAILED: /* object_refs_read has the words */
            return err->family == ERR_INTEGRITY ? 1 : ERR_FAIL;
        default:
            break;
        }
    }
    return 0;
}

static int run(struct sweep *s, struct err *err)
{
    struct store *store = s->policy->store;

    if (sweep_list_read(store, s->policy->app, &s->list, err))
        return ERR_FAIL;
    if (!s->list.group_count) { /* no image of format 3 exists, but one may have existed */
        int any = has_new_stones(s, err);

        if (any <= 0)
            return any;
    }
    return conditions_find(store, &s->conditions, err) ||
                   references_read_all(store, s->policy->app, &s->references, err) ||
                   object_refs_read(store, s->policy->app, NULL, NULL, &s->refs, err) ||
                   judge_stones(s, err) || judge_groups(s, err) || delete_due(s, err) ||
                   (!s->policy->dry_run && delete_stones(s, err))
               ? ERR_FAIL
               : 0;
}

int sweep_run(const struct sweep_policy *policy, sweep_fn *each, void *arg, struct err *err)
{
    struct sweep s = {.policy = policy, .each = each, .arg = arg};
    int failed = run(&s, err);

    object_refs_destroy(s.refs);
    references_finish(&s.references);
    sweep_list_finish(&s.list);
    return failed;
}
