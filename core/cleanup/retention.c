/*
 * An image is retired in four steps: write the tombstone, check references, delete the metadata,
 * check references again. Without metadata the image does not exist. Archive and index stay;
 * `retired` deletes them later.
 *
 * A tag or an environment may be set to the image meanwhile. Its writer checks that the metadata
 * exists, writes, and checks the metadata again. The cleanup deletes the metadata and reads tags
 * and environments again. So at least one of the two notices, and restores the metadata from the
 * tombstone.
 *
 * A push that replaces the image writes its metadata and then looks for a tombstone. The cleanup
 * writes the tombstone and then checks that the metadata is still the same. So at least one of the
 * two notices: the cleanup keeps the image, or the push fails.
 *
 * The documents of hosts are read once, for the choice. A host that changes later runs an image
 * that a pointer leads to, or the one that it ran before.
 */
#include "cleanup/retention.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "catalog/references.h"
#include "catalog/retired.h"
#include "catalog/walk.h"

#define PLATFORMS_MOST 64 /* documents of an image that are retired together */
#define BATCH          32
#define ZONE_EAST      (14 * 3600) /* seconds: the largest offset of a time zone */
#define ZONE_WEST      (12 * 3600)

/* ---- the choice ---- */

/* Stores the time of the name, in seconds since 1970. Returns false if there is none. */
static bool time_of(const struct listed_image *image, int64_t *out)
{
    char stamp[CLOCK_STAMP_SIZE];

    snprintf(stamp, sizeof stamp, "%s", image->tag);
    return clock_parse_stamp(stamp, out);
}

/* Returns the best estimate of the time of an image. The name contains the committer's clock in an
 * unknown time zone. The push follows the commit soon, so its time decides within the range of the
 * zones. */
static int64_t made_at(const struct listed_image *image)
{
    int64_t time, pushed = image->pushed / NS_PER_S;

    if (!time_of(image, &time))
        return 0;
    if (!image->pushed)
        return time;
    if (pushed < time - ZONE_EAST)
        return time - ZONE_EAST;
    return pushed > time + ZONE_WEST ? time + ZONE_WEST : pushed;
}

static int newest_first(const void *a, const void *b)
{
    const struct listed_image *left = a, *right = b;
    int64_t left_time = made_at(left), right_time = made_at(right);
    int order;

    if (left_time != right_time)
        return left_time < right_time ? 1 : -1;
    order = strcmp(right->tag, left->tag);
    return order ? order : strcmp(right->key, left->key);
}

static bool is_old(const struct listed_image *image, int64_t before)
{
    int64_t time;

    return before == INT64_MAX || (time_of(image, &time) && time < before);
}

/* Returns the least tag among the newest `keep` images; NULL: none. */
static const char *oldest_kept(const struct image_list *list, size_t keep)
{
    const char *oldest = NULL;

    for (size_t i = 0; i < keep && i < list->count; i++)
        if (!oldest || strcmp(list->items[i].tag, oldest) < 0)
            oldest = list->items[i].tag;
    return oldest;
}

static void add_choice(struct retention_choice *out, const struct listed_image *image,
                       const char *oldest)
{
    out->images[out->count++].image = image;
    out->close += oldest && strcmp(image->tag, oldest) > 0;
}

static int choose_images(const struct retention_policy *policy, const struct references *refs,
                         struct retention_choice *out, struct err *err)
{
    struct image_list *list = &out->list;
    const char *oldest;

    out->total = list->count;
    out->images = calloc(out->total + 1, sizeof *out->images);
    if (!out->images)
        return err_memory(err, "the list of images");
    if (list->count)
        qsort(list->items, list->count, sizeof *list->items, newest_first);
    oldest = oldest_kept(list, policy->keep);
    for (size_t i = policy->keep; i < out->total; i++) {
        if (!is_old(&list->items[i], policy->before))
            continue;
        if (references_have(refs, list->items[i].ref))
            out->kept++;
        else
            add_choice(out, &list->items[i], oldest);
    }
    return 0;
}

static int list_all(struct store *store, const char *app, struct image_list *out, struct err *err)
{
    struct text warnings;
    int failed;

    text_init(&warnings, MIB); /* objects that are not images are ignored */
    failed = image_list_read(store, app, NULL, out, &warnings, err);
    text_finish(&warnings);
    if (!failed && out->unsure)
        return walk_refuse_unsure(app, err);
    return failed;
}

int retention_find(struct store *store, const struct retention_policy *policy,
                   struct retention_choice *out, struct err *err)
{
    struct references refs = {.count = 0};
    int failed;

    *out = (struct retention_choice){.images = NULL};
    failed = list_all(store, policy->app, &out->list, err) ||
             references_read_all(store, policy->app, &refs, err) ||
             choose_images(policy, &refs, out, err);
    if (failed)
        retention_finish(out);
    references_finish(&refs);
    return failed ? ERR_FAIL : 0;
}

void retention_finish(struct retention_choice *choice)
{
    free(choice->images);
    image_list_finish(&choice->list);
    choice->images = NULL;
}

/* ---- retiring ---- */

/* A document of an image that is being retired. */
struct going {
    struct retention_image *image;
    char platform[PLATFORM_KEY_SIZE]; /* as in key_document; "": the first one */
    char etag[STORE_ETAG_MAX];        /* of the metadata that was read; "": it is kept */
    bool deleted;
};

struct batch {
    struct store *store;
    const char *app;
    struct going going[BATCH + PLATFORMS_MOST];
    unsigned count;
};

static int key_of(const struct going *going, enum key_kind kind, char out[KEY_MAX], struct err *err)
{
    const char *key = going->image->image->key;

    if (key_sibling_document(out, key, going->platform, kind))
        return 0;
    return err_set(err, ERR_INTERNAL, "key", "%s is not the key of an image", key);
}

static int announce(struct store *store, const struct going *going, struct view metadata,
                    struct err *err)
{
    char key[KEY_MAX];

    if (!going->platform[0])
        return retired_announce(store, going->image->image->key, metadata, going->etag, err);
    return key_of(going, KEY_RETIRED, key, err)
               ? ERR_FAIL
               : retired_announce_document(store, key, metadata, going->etag, err);
}

static int write_tombstone(struct store *store, struct going *going, struct err *err)
{
    char metadata_key[KEY_MAX];
    struct text metadata;
    int failed = 0;

    if (key_of(going, KEY_METADATA, metadata_key, err))
        return ERR_FAIL;
    text_init(&metadata, METADATA_SIZE_MAX);
    switch (store_get_document(store, metadata_key, &metadata, going->etag, err)) {
    case STORE_DONE:
        failed = announce(store, going, text_view(&metadata), err);
        break;
    case STORE_FAILED:
        failed = ERR_FAIL;
        break;
    default: /* another process retires it */
        break;
    }
    text_finish(&metadata);
    return failed;
}

/* Deletes the metadata of the images without references. */
static int delete_metadata(struct batch *batch, struct err *err)
{
    struct references refs;
    int answer = references_read(batch->store, batch->app, &refs, err);

    for (unsigned i = 0; answer >= 0 && i < batch->count; i++) {
        struct going *going = &batch->going[i];
        char key[KEY_MAX];

        if (!going->etag[0] || references_have(&refs, going->image->image->ref))
            continue;
        answer = key_of(going, KEY_METADATA, key, err);
        going->deleted = answer == 0; /* also if the response is lost */
        if (answer == 0)
            answer = retired_delete_object(batch->store, key, going->etag, err);
        if (answer == RETIRED_CHANGED)
            going->deleted = false;
    }
    references_finish(&refs);
    return answer < 0 ? ERR_FAIL : 0;
}

static int restore_document(struct store *store, const struct going *going, struct err *err)
{
    const struct listed_image *image = going->image->image;
    struct image_name name;
    char key[KEY_MAX];

    if (going->platform[0])
        return key_of(going, KEY_RETIRED, key, err) ? ERR_FAIL
                                                    : retired_restore_document(store, key, err);
    if (name_parse_image(image->ref, &name, err) < 0)
        return ERR_FAIL;
    return retired_restore(store, &name, image->key, err);
}

static int restore(struct batch *batch, struct going *going, struct err *err)
{
    const struct listed_image *image = going->image->image;
    int answer = restore_document(batch->store, going, err);

    if (answer == 0) {
        going->deleted = false;
        return 0;
    }
    if (answer > 0)
        err_set(err, ERR_CONFLICT, "metadata", "the data of %s have been deleted", image->ref);
    err_wrap(err, "%s was retired while a version or an environment was set to it", image->ref);
    return err_hint(err, "push %s again", image->ref);
}

/* An image is retired when none of its documents is left, and this cleanup deleted one. Its first
 * platform may have had none. Returns true if any was deleted. */
static bool note_retired(struct batch *batch)
{
    bool any = false;

    for (unsigned i = 0; i < batch->count; i++) {
        batch->going[i].image->retired = batch->going[i].image->retired || batch->going[i].deleted;
        any = any || batch->going[i].deleted;
    }
    for (unsigned i = 0; i < batch->count; i++)
        if (batch->going[i].etag[0] && !batch->going[i].deleted)
            batch->going[i].image->retired = false;
    return any;
}

/* Checks references again and restores the metadata of referenced images, or of all images if the
 * check fails. Ignores a cancel. */
static int check_references_again(struct batch *batch, struct err *err)
{
    struct references refs;
    bool known;
    struct err why;
    int failed = 0;

    if (!note_retired(batch))
        return 0;
    store_insist(batch->store, true);
    known = references_read(batch->store, batch->app, &refs, &why) == 0;
    for (unsigned i = 0; i < batch->count; i++) {
        struct going *going = &batch->going[i];

        if (going->deleted && (!known || references_have(&refs, going->image->image->ref)))
            failed = restore(batch, going, err) ? ERR_FAIL : failed;
    }
    note_retired(batch);
    store_insist(batch->store, false);
    references_finish(&refs);
    if (!failed && !known)
        *err = why;
    return failed || !known ? ERR_FAIL : 0;
}

static int run_batch(struct batch *batch, struct err *err)
{
    struct err later;
    int failed = 0;

    for (unsigned i = 0; !failed && i < batch->count; i++)
        failed = write_tombstone(batch->store, &batch->going[i], err);
    if (!failed)
        failed = delete_metadata(batch, err);
    if (check_references_again(batch, failed ? &later : err)) {
        if (failed)
            log_info("cleanup: %s", later.text);
        failed = ERR_FAIL;
    }
    return failed;
}

static void add_document(struct batch *batch, struct retention_image *image, const char *platform)
{
    struct going *going = &batch->going[batch->count++];

    going->image = image;
    str_copy(going->platform, sizeof going->platform, platform);
}

/* Adds the documents of an image, that of the first platform last: without it, older programs do
 * not see the others. A later cleanup retires those above the limit. */
static void add_image(struct batch *batch, struct retention_image *image)
{
    const char *at = image->image->further;

    for (unsigned i = 1; at && *at && i < PLATFORMS_MOST; i++) {
        char text[PLATFORM_TEXT_SIZE], key[PLATFORM_KEY_SIZE];
        size_t size = strcspn(at, ",");
        struct platform platform;

        snprintf(text, sizeof text, "%.*s", (int)size, at);
        at += size + strspn(at + size, ", ");
        if (!platform_parse(text, &platform))
            continue;
        platform_key(&platform, key);
        add_document(batch, image, key);
    }
    add_document(batch, image, "");
}

int retention_retire(struct store *store, const struct retention_policy *policy,
                     struct retention_choice *choice, struct err *err)
{
    struct batch *batch = calloc(1, sizeof *batch);
    int failed = 0;

    if (!batch)
        return err_memory(err, "the images");
    for (size_t i = 0; !failed && i < choice->count;) {
        memset(batch, 0, sizeof *batch);
        batch->store = store;
        batch->app = policy->app;
        while (batch->count < BATCH && i < choice->count)
            add_image(batch, &choice->images[i++]);
        failed = run_batch(batch, err);
    }
    free(batch);
    return failed;
}
