/*
 * How an image goes: metadata, index, archive. The metadata is what makes it an image, so from its
 * deletion on nobody finds it, and what may be left when we are stopped is no half image but an
 * archive that nothing describes, which is told and removed as unfinished. Who was pulling it has
 * read the metadata before, and is told that the archive is gone when a range of it is.
 *
 * A pointer may be set to it while we look. Tags and environments are read right before the
 * metadata goes, and again right after: one that came in between finds its image, since the
 * metadata is put back. Who promotes makes sure that the image is there and then writes; only one
 * whose look came before our deletion and whose write comes after our second look gets through, a
 * pointer to nothing then, which list and doctor show.
 *
 * What environments would be rolled back to is looked up once, when the images are chosen: what a
 * promotion meanwhile makes the previous image was led to then, and is not among them.
 */
#include "catalog/retention.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "catalog/listing.h"
#include "catalog/metadata.h"
#include "catalog/previous.h"

#define METADATA_MOST (256 * KIB)

/* What tags and environments of an application lead to. */
struct references {
    struct listed_tag *tags;
    size_t tag_count;
    struct listed_environment *environments;
    size_t environment_count;
    struct previous *previous; /* of each environment; NULL: not looked up */
};

static void references_finish(struct references *refs)
{
    free(refs->tags);
    free(refs->environments);
    free(refs->previous);
}

/* A line of the warnings, the first one, is why. */
static int cannot_tell(const char *app, struct text *warnings, struct err *err)
{
    warnings->data[strcspn(warnings->data, "\n")] = '\0';
    err_set(err, ERR_CONFLICT, "referenced", "cannot tell which images of %s are in use: %s", app,
            warnings->data);
    return err_hint(err, "nothing of %s is removed before that is repaired: s3dock doctor", app);
}

static int references_read(struct store *store, const char *app, struct references *out,
                           struct err *err)
{
    struct text warnings;
    int failed;

    *out = (struct references){.tags = NULL};
    text_init(&warnings, MIB);
    failed = listing_tags(store, app, &out->tags, &out->tag_count, &warnings, err) ||
             listing_environments(store, app, &out->environments, &out->environment_count,
                                  &warnings, err);
    if (!failed && (warnings.size || warnings.failed))
        failed = cannot_tell(app, &warnings, err);
    for (size_t i = 0; !failed && i < out->environment_count; i++)
        if (!out->environments[i].image[0]) {
            text_printf(&warnings, "environment %s leads to no image", out->environments[i].env);
            failed = cannot_tell(app, &warnings, err);
        }
    text_finish(&warnings);
    return failed ? ERR_FAIL : 0;
}

/* Where rollbacks would lead. */
static int look_back(struct store *store, const char *app, struct references *refs, struct err *err)
{
    refs->previous = calloc(refs->environment_count + 1, sizeof *refs->previous);
    if (!refs->previous)
        return err_memory(err, "the environments");
    for (size_t i = 0; i < refs->environment_count; i++) {
        refs->previous[i].env = refs->environments[i].env;
        refs->previous[i].now = &refs->environments[i].pointer;
    }
    return previous_find(store, app, refs->previous, refs->environment_count, err);
}

/* A tag that is the previous target keeps its image by itself. */
static bool is_previous(const struct previous *previous, const char *ref)
{
    char month[CLOCK_MONTH_SIZE];
    struct image_name image;

    return previous->answer == PREVIOUS_FOUND && key_parse_image(previous->target, &image, month) &&
           strcmp(image.ref, ref) == 0;
}

static bool is_referenced(const struct references *refs, const char *ref)
{
    for (size_t i = 0; i < refs->tag_count; i++)
        if (strcmp(refs->tags[i].image, ref) == 0)
            return true;
    for (size_t i = 0; i < refs->environment_count; i++)
        if (strcmp(refs->environments[i].image, ref) == 0 ||
            (refs->previous && is_previous(&refs->previous[i], ref)))
            return true;
    return false;
}

/* ---- which ---- */

static bool is_old(const struct listed_image *image, int64_t before)
{
    int64_t time;

    return before == INT64_MAX || (clock_parse_stamp(image->image.time, &time) && time < before);
}

static int describe(struct store *store, const struct listed_image *image,
                    struct retired_image *out, struct err *err)
{
    struct store_info info = {0};

    *out = (struct retired_image){.image = image->image};
    str_copy(out->key, sizeof out->key, image->key);
    if (store_head(store, image->key, &info, err) == STORE_FAILED)
        return ERR_FAIL;
    out->size = info.size;
    return 0;
}

static int choose(struct store *store, const struct retention_policy *policy,
                  const struct references *refs, const struct listed_image *images,
                  struct retention_choice *out, struct err *err)
{
    out->images = calloc(out->total + 1, sizeof *out->images);
    if (!out->images)
        return err_memory(err, "the list of images");
    for (size_t i = policy->keep; i < out->total; i++) {
        if (!is_old(&images[i], policy->before))
            continue;
        if (is_referenced(refs, images[i].image.ref))
            out->kept++;
        else if (describe(store, &images[i], &out->images[out->count++], err))
            return ERR_FAIL;
    }
    return 0;
}

int retention_find(struct store *store, const struct retention_policy *policy,
                   struct retention_choice *out, struct err *err)
{
    struct listed_image *images = NULL;
    struct references refs = {.tags = NULL};
    struct text warnings;
    int failed;

    *out = (struct retention_choice){.images = NULL};
    text_init(&warnings, MIB); /* what is no image is not ours to judge */
    failed = listing_images(store, policy->app, NULL, &images, &out->total, &warnings, err) ||
             references_read(store, policy->app, &refs, err) ||
             look_back(store, policy->app, &refs, err) ||
             choose(store, policy, &refs, images, out, err);
    if (failed) {
        free(out->images);
        out->images = NULL;
    }
    references_finish(&refs);
    text_finish(&warnings);
    free(images);
    return failed ? ERR_FAIL : 0;
}

/* ---- how ---- */

static int delete (struct store *store, const char *key, struct err *err)
{
    struct store_op op = {.verb = STORE_DELETE, .key = key};

    return store_run(store, &op, err) == STORE_FAILED ? err_wrap(err, "%s", key) : 0;
}

/* 0: nothing leads to it; RETENTION_KEPT; negative on failure. */
static int look(struct store *store, const struct retired_image *retired, struct err *err)
{
    struct references refs;
    int answer = references_read(store, retired->image.app, &refs, err);

    if (answer == 0 && is_referenced(&refs, retired->image.ref))
        answer = RETENTION_KEPT;
    references_finish(&refs);
    return answer;
}

/* The metadata goes; when something leads to the image by now, or that cannot be told, it comes
 * back. */
static int withdraw(struct store *store, const struct retired_image *retired, const char *key,
                    struct view metadata, struct err *err)
{
    struct err ignored;
    int answer;

    if (delete (store, key, err))
        return ERR_FAIL;
    answer = look(store, retired, err);
    if (answer == 0)
        return 0;
    store_insist(store, true); /* a cancel comes too late */
    if (store_put_document(store, key, metadata, NULL, false, NULL, &ignored) != STORE_DONE) {
        store_insist(store, false);
        err_set(err, ERR_CONFLICT, "metadata", "%s was removed and could not be put back: %s", key,
                ignored.text);
        return err_hint(err, "push %s again", retired->image.ref);
    }
    store_insist(store, false);
    return answer;
}

int retention_remove(struct store *store, const struct retired_image *retired, struct err *err)
{
    char metadata_key[KEY_MAX], index_key[KEY_MAX];
    struct text metadata;
    int answer;

    if (!key_sibling(metadata_key, retired->key, KEY_METADATA) ||
        !key_sibling(index_key, retired->key, KEY_INDEX))
        return err_set(err, ERR_INTERNAL, "key", "%s is no archive", retired->key);
    answer = look(store, retired, err);
    if (answer)
        return answer;
    text_init(&metadata, METADATA_MOST);
    switch (store_get_document(store, metadata_key, &metadata, NULL, err)) {
    case STORE_DONE:
        answer = withdraw(store, retired, metadata_key, text_view(&metadata), err);
        break;
    case STORE_FAILED:
        answer = ERR_FAIL;
        break;
    default: /* somebody else is at it, or it was stopped here before */
        break;
    }
    text_finish(&metadata);
    if (answer == 0)
        answer = delete (store, index_key, err) || delete (store, retired->key, err) ? ERR_FAIL : 0;
    return answer;
}
