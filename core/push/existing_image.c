/*
 * A copy begins with the metadata, because its name claims the copy for this push. The archive and
 * the index follow; if that fails, the claim is removed again.
 */
#include "push/existing_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "catalog/image_objects.h"
#include "catalog/object_check.h"
#include "catalog/retired.h"
#include "store/copy_object.h"

/* Replacements of one image within one minute that get names of their own. */
#define SAME_MINUTE_MAX 1000
/* Keys of one image that may be retired at a time. */
#define KEYS_MAX 12

/* ---- finding it ---- */

static bool tombstone_key(const struct existing_image *image, char key[KEY_MAX])
{
    return key_sibling_document(key, image->key, image->platform, KEY_RETIRED);
}

/* Reads the result of the HEAD of the tombstone beside out->key. A cleanup that wrote it less than
 * half an hour ago may be about to delete the metadata. */
static void set_tombstone(struct existing_image *out, const struct store_op *head)
{
    int64_t now;

    out->retired[0] = '\0';
    out->going = false;
    if (head->verb != STORE_HEAD || head->answer != STORE_DONE)
        return;
    now = head->server_time ? head->server_time : clock_wall();
    snprintf(out->retired, sizeof out->retired, "%s", head->info.etag[0] ? head->info.etag : "?");
    out->going = now - head->info.modified < RETIRED_AT_WORK;
}

static int read_tombstone(struct store *store, struct existing_image *out, struct err *err)
{
    char key[KEY_MAX];
    struct store_op op = {.verb = STORE_HEAD, .key = key};

    if (tombstone_key(out, key) && store_run(store, &op, err) == STORE_FAILED)
        return ERR_FAIL;
    set_tombstone(out, &op);
    return 0;
}

/* Chooses the month of the image's name, or the first later month whose key is not retired. */
static int find_free_key(struct store *store, const struct image_name *name,
                         struct existing_image *out, struct err *err)
{
    int year = (name->time[0] - '0') * 1000 + (name->time[1] - '0') * 100 +
               (name->time[2] - '0') * 10 + (name->time[3] - '0');
    int month = (name->time[4] - '0') * 10 + (name->time[5] - '0') - 1;

    for (int i = 0; i < KEYS_MAX; i++) {
        char text[16];
        int at = month + i;

        snprintf(text, sizeof text, "%04d%02d", (year + at / 12) % 10000, at % 12 + 1);
        key_image(out->key, name, text, KEY_ARCHIVE);
        if (read_tombstone(store, out, err))
            return ERR_FAIL;
        if (!out->retired[0])
            return 0;
    }
    err_set(err, ERR_CONFLICT, "removed", "%s was removed too often within a day", name->ref);
    return err_hint(err, "push it tomorrow, or under another name");
}

bool existing_image_has_objects(const struct existing_image *existing)
{
    return existing->found && existing->at.metadata.format > METADATA_ARCHIVE_FORMAT;
}

/* A push that was killed right after its commit has not looked for announced deletions. */
static int check_announcements(struct store *store, struct existing_image *out, struct err *err)
{
    char lost[KEY_MAX];
    int answer = object_check(store, &out->at.metadata, lost, err);

    out->whole = answer == 0;
    return answer < 0 ? ERR_FAIL : 0;
}

/* The requests for all objects that belong to an image. */
struct heads {
    struct store_op tombstone, archive, objects[METADATA_OBJECTS_MAX];
    char tombstone_key[KEY_MAX];
    struct store_op *all[METADATA_OBJECTS_MAX + 2];
    unsigned objects_count, count;
};

static void add_head(struct heads *heads, struct store_op *op, const char *key)
{
    *op = (struct store_op){.verb = STORE_HEAD, .key = key};
    heads->all[heads->count++] = op;
}

/* Runs all requests at once. */
static int run_heads(struct store *store, struct heads *heads, const struct existing_image *image,
                     struct err *err)
{
    heads->count = 0;
    add_head(heads, &heads->archive, image->at.archive_key);
    if (tombstone_key(image, heads->tombstone_key))
        add_head(heads, &heads->tombstone, heads->tombstone_key);
    heads->objects_count = existing_image_has_objects(image) ? image_objects_count(&image->at) : 0;
    for (unsigned i = 0; i < heads->objects_count; i++)
        add_head(heads, &heads->objects[i], image_objects_get(&image->at, i).key);
    return store_run_all_or_fail(store, heads->all, heads->count, err);
}

/* Compares the objects of an image of format 3 with its metadata. */
static void compare_objects(const struct heads *heads, struct existing_image *out)
{
    out->has_all = out->whole = true;
    for (unsigned i = 0; i < heads->objects_count; i++) {
        struct image_object object = image_objects_get(&out->at, i);
        const struct store_op *head = &heads->objects[i];

        out->objects[i] = head->info;
        out->has_all = out->has_all && head->answer == STORE_DONE && head->info.size == object.size;
        out->whole = out->has_all && out->whole && strcmp(head->info.etag, object.etag) == 0;
    }
}

static void compare_archive(const struct heads *heads, struct existing_image *out)
{
    out->archive = heads->archive.info;
    out->has_archive = heads->archive.answer == STORE_DONE;
    if (!out->has_archive || existing_image_has_objects(out))
        return;
    out->whole = out->archive.size == out->at.metadata.size &&
                 (!out->at.metadata.archive_etag[0] ||
                  strcmp(out->at.metadata.archive_etag, out->archive.etag) == 0);
}

/* Requests all objects that belong to the image in out->at. */
static int head_all(struct store *store, struct existing_image *out, struct err *err)
{
    struct heads *heads = calloc(1, sizeof *heads);
    char first[KEY_MAX];
    int failed;

    if (!heads)
        return err_memory(err, "the objects of the image");
    str_copy(out->key, sizeof out->key, out->at.archive_key);
    key_sibling(first, out->key, KEY_METADATA);
    if (strcmp(out->at.metadata_key, first) != 0)
        platform_key(&out->at.platform, out->platform);
    failed = run_heads(store, heads, out, err);
    if (!failed) {
        set_tombstone(out, &heads->tombstone);
        compare_archive(heads, out);
        if (existing_image_has_objects(out))
            compare_objects(heads, out);
    }
    free(heads);
    return failed                                          ? ERR_FAIL
           : existing_image_has_objects(out) && out->whole ? check_announcements(store, out, err)
                                                           : 0;
}

int existing_image_find(struct store *store, const struct image_name *name,
                        const struct platform *platform, struct existing_image *out,
                        struct err *err)
{
    int answer = locate_image(store, name, NULL, platform, &out->at, err);

    out->found = answer == LOCATE_FOUND;
    out->has_archive = out->whole = out->has_all = false;
    out->platform[0] = '\0';
    if (answer == LOCATE_ABSENT)
        return find_free_key(store, name, out, err);
    if (answer == LOCATE_OTHER) {
        str_copy(out->key, sizeof out->key, out->at.archive_key);
        platform_key(platform, out->platform);
        return read_tombstone(store, out, err);
    }
    if (answer != LOCATE_FOUND)
        return ERR_FAIL;
    if (head_all(store, out, err)) {
        existing_image_finish(out);
        return ERR_FAIL;
    }
    return 0;
}

int existing_image_document(const struct existing_image *existing, enum key_kind kind,
                            char out[KEY_MAX], struct err *err)
{
    if (key_sibling_document(out, existing->key, existing->platform, kind))
        return 0;
    return err_set(err, ERR_INTERNAL, "key", "%s is not the key of an image", existing->key);
}

void existing_image_finish(struct existing_image *existing)
{
    if (existing->found)
        located_finish(&existing->at);
    existing->found = false;
}

bool existing_image_is(const struct existing_image *existing, const char *id)
{
    return existing->whole && metadata_names(&existing->at.metadata, id);
}

/* ---- keeping a copy ---- */

struct keep {
    struct store *store;
    const struct image_name *name;
    const char *source;   /* the archive's key */
    const char *platform; /* of the documents; "": the first one */
    char stamp[CLOCK_STAMP_SIZE], month[CLOCK_MONTH_SIZE];
    unsigned n;
    struct text metadata;
    bool conditions;
    uint64_t *copied;
};

static void key_of(const struct keep *keep, enum key_kind kind, char out[KEY_MAX])
{
    if (kind == KEY_METADATA)
        key_replaced_document(out, keep->name, keep->month, keep->platform, keep->stamp, keep->n);
    else
        key_replaced(out, keep->name, keep->month, keep->stamp, keep->n, kind);
}

/* Returns 0 if this push has the name, because its copy of the metadata is under it; 1 if another
 * push has it. */
static int claim(const struct keep *keep, struct err *err)
{
    char key[KEY_MAX];
    struct store_info info;
    enum store_answer answer;

    key_of(keep, KEY_ARCHIVE, key);
    answer = store_head(keep->store, key, &info, err);
    if (answer != STORE_ABSENT)
        return answer == STORE_DONE ? 1 : ERR_FAIL;
    key_of(keep, KEY_METADATA, key);
    answer = store_put_document(keep->store, key, text_view(&keep->metadata), NULL,
                                keep->conditions, NULL, err);
    return answer == STORE_DONE ? 0 : answer == STORE_FAILED ? ERR_FAIL : 1;
}

/* Claims the first free name of this minute: the plain one, then 2, 3, and so on. */
static int claim_name(struct keep *keep, struct err *err)
{
    for (keep->n = 0; keep->n <= SAME_MINUTE_MAX; keep->n += keep->n ? 1 : 2) {
        int answer = claim(keep, err);

        if (answer != 1)
            return answer;
    }
    return err_set(err, ERR_CONFLICT, "archive", "%s was replaced too often within this minute",
                   keep->name->ref);
}

static int keep_index(const struct keep *keep, struct err *err)
{
    char key[KEY_MAX], source[KEY_MAX];
    struct store_info info;

    if (!key_sibling(source, keep->source, KEY_INDEX))
        return 0;
    key_of(keep, KEY_INDEX, key);
    switch (store_head(keep->store, source, &info, err)) {
    case STORE_DONE:
        return copy_object(keep->store, source, &info, key, keep->copied, err) < 0 ? ERR_FAIL : 0;
    case STORE_ABSENT:
        return 0;
    default:
        return ERR_FAIL;
    }
}

static void delete_kept(const struct keep *keep, enum key_kind kind)
{
    char key[KEY_MAX];
    struct store_op op = {.verb = STORE_DELETE, .key = key, .optional = true};
    struct err err;

    key_of(keep, kind, key);
    if (store_run(keep->store, &op, &err) == STORE_FAILED)
        log_info("%s could not be removed: %s", key, err.text);
}

/* Removes an unfinished copy, the metadata last: the name belongs to this push until then. On a
 * store without conditions the copy may be another push's, and stays. */
static void remove_copy(const struct keep *keep)
{
    if (keep->conditions) {
        delete_kept(keep, KEY_INDEX);
        delete_kept(keep, KEY_ARCHIVE);
    }
    delete_kept(keep, KEY_METADATA);
}

static int report_deleted(const struct keep *keep, struct err *err)
{
    return err_set(err, ERR_CONFLICT, "changed", "%s was deleted during this push", keep->source);
}

static int keep_all(struct keep *keep, const struct existing_image *existing, struct err *err)
{
    char key[KEY_MAX];
    enum store_answer there =
        store_get_document(keep->store, existing->at.metadata_key, &keep->metadata, NULL, err);
    int answer;

    if (there != STORE_DONE)
        return there == STORE_FAILED ? ERR_FAIL : report_deleted(keep, err);
    if (claim_name(keep, err))
        return ERR_FAIL;
    if (existing_image_has_objects(existing)) /* the objects are needed by the copy, too */
        return 0;
    key_of(keep, KEY_ARCHIVE, key);
    answer = copy_object(keep->store, keep->source, &existing->archive, key, keep->copied, err);
    if (answer == COPY_ABSENT)
        answer = report_deleted(keep, err);
    if (answer == 0)
        answer = keep_index(keep, err);
    if (answer)
        remove_copy(keep);
    return answer;
}

/* Returns true if the archive is not that of the metadata, but a later one: its push ended before
 * it wrote its documents. The image that it replaced was kept before; the archive itself belongs to
 * no image. */
static bool is_torn(const struct existing_image *existing)
{
    const struct metadata *metadata = &existing->at.metadata;

    /* a copied bucket has other ETags, and the same sizes */
    return metadata->archive_etag[0] &&
           strcmp(metadata->archive_etag, existing->archive.etag) != 0 &&
           metadata->size != existing->archive.size;
}

bool existing_image_must_be_kept(const struct existing_image *existing)
{
    return existing_image_has_objects(existing) || (existing->has_archive && !is_torn(existing));
}

int existing_image_keep(struct store *store, const struct image_name *name,
                        const struct existing_image *existing, bool conditions, uint64_t *copied,
                        struct err *err)
{
    struct keep keep = {
        .store = store, .name = name, .source = existing->at.archive_key, .conditions = conditions};
    struct image_name ignored;
    int answer;

    keep.copied = copied;
    keep.platform = existing->platform;
    if (!existing->has_archive && !existing_image_has_objects(existing))
        return 0;
    text_init(&keep.metadata, METADATA_SIZE_MAX);
    if (!key_parse_image(keep.source, &ignored, keep.month))
        clock_month(clock_wall(), keep.month);
    clock_stamp(clock_wall(), keep.stamp);
    answer = keep_all(&keep, existing, err);
    text_finish(&keep.metadata);
    return answer ? err_wrap(err, "cannot keep the image that is being replaced") : 0;
}
