/*
 * A deletion sets `deleting` in the tombstone and then looks for metadata. A restore writes the
 * metadata and then reads `deleting`. So at least one of the two notices the other. In the same way
 * it looks for images that refer to the archive: their writers look for `deleting` after the
 * metadata (object_check.h). So `deleting` is not taken back within a day.
 */
#include "catalog/retired.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json_write.h"
#include "catalog/audit.h"
#include "catalog/conditions.h"
#include "catalog/fields.h"
#include "catalog/locate.h"
#include "catalog/object_refs.h"
#include "catalog/stems.h"

#define TOMBSTONE_MAX (512 * KIB)

/* ---- writing the tombstone ---- */

/* Returns 1 if the object exists. Returns 0, and zeroes *out, if not. */
static int head_object(struct store *store, const char *key, struct store_info *out,
                       struct err *err)
{
    *out = (struct store_info){.size = 0};
    switch (store_head(store, key, out, err)) {
    case STORE_FAILED:
        return ERR_FAIL;
    case STORE_DONE:
        return 1;
    default:
        return 0;
    }
}

/* Reads the ETags that a tombstone of an archive states for its data. */
static int read_etags(struct store *store, const char *archive_key, struct tombstone *out,
                      struct err *err)
{
    struct store_info archive, index;
    char index_key[KEY_MAX];

    if (key_of_sibling(index_key, archive_key, KEY_INDEX, err) ||
        head_object(store, archive_key, &archive, err) < 0 ||
        head_object(store, index_key, &index, err) < 0)
        return ERR_FAIL;
    str_copy(out->archive_etag, sizeof out->archive_etag, archive.etag);
    out->archive_size = archive.size;
    str_copy(out->index_etag, sizeof out->index_etag, index.etag);
    return 0;
}

/* Returns true for metadata of format 3: it names its objects itself. */
static bool names_objects(struct view json)
{
    struct metadata metadata;
    struct err ignored;
    bool names;

    if (!json.size || metadata_parse(json, &metadata, &ignored))
        return false;
    names = metadata.format > METADATA_ARCHIVE_FORMAT;
    metadata_finish(&metadata);
    return names;
}

int retired_announce(struct store *store, const char *archive_key, struct view metadata,
                     const char *metadata_etag, struct err *err)
{
    struct tombstone retired = {.format = names_objects(metadata) ? 2 : 1};
    int failed;

    if (retired.format == 1 && read_etags(store, archive_key, &retired, err))
        return ERR_FAIL;
    str_copy(retired.metadata_etag, sizeof retired.metadata_etag, metadata_etag);
    text_init(&retired.metadata, TOMBSTONE_MAX);
    text_add(&retired.metadata, metadata.data, metadata.size);
    failed = tombstone_write(store, archive_key, &retired, err);
    tombstone_finish(&retired);
    return failed;
}

int retired_announce_document(struct store *store, const char *tombstone_key, struct view metadata,
                              const char *metadata_etag, struct err *err)
{
    struct tombstone retired = {.format = 2};
    int failed;

    str_copy(retired.metadata_etag, sizeof retired.metadata_etag, metadata_etag);
    text_init(&retired.metadata, TOMBSTONE_MAX);
    text_add(&retired.metadata, metadata.data, metadata.size);
    failed = tombstone_put(store, tombstone_key, &retired, NULL, err) == STORE_DONE ? 0 : ERR_FAIL;
    tombstone_finish(&retired);
    return failed;
}

/* ---- deleting one object ---- */

enum store_answer retired_delete_if(struct store *store, const char *key, const char *etag,
                                    struct err *err)
{
    struct store_op op = {.verb = STORE_DELETE, .key = key, .if_match = etag, .optional = true};
    enum store_answer answer = store_run(store, &op, err);

    if (answer != STORE_FAILED || op.failure != STORE_UNSUPPORTED)
        return answer;
    op = (struct store_op){.verb = STORE_DELETE, .key = key}; /* the store has no such condition */
    return store_run(store, &op, err);
}

int retired_delete_object(struct store *store, const char *key, const char *etag, struct err *err)
{
    struct store_info info;
    int there = head_object(store, key, &info, err);

    if (there < 0)
        return ERR_FAIL;
    if (!there || !etag[0] || strcmp(info.etag, etag) != 0)
        return RETIRED_CHANGED;
    switch (retired_delete_if(store, key, etag, err)) {
    case STORE_FAILED:
        return err_wrap(err, "%s", key);
    case STORE_CHANGED:
        return RETIRED_CHANGED;
    default:
        return 0;
    }
}

/* ---- restoring ---- */

/* Returns 1 if any month has metadata of this name. *first: they are those of the first platform.
 */
static int is_described(struct store *store, const struct image_name *name, bool *first,
                        struct err *err)
{
    struct located at;
    char key[KEY_MAX];
    int answer = locate_image(store, name, NULL, NULL, &at, err);

    *first = false;
    if (answer < 0)
        return ERR_FAIL;
    if (answer != LOCATE_FOUND)
        return 0;
    located_finish(&at);
    *first = key_sibling(key, at.archive_key, KEY_METADATA) && strcmp(key, at.metadata_key) == 0;
    return 1;
}

/* Writes the saved metadata if there is none. */
static int write_metadata(struct store *store, const char *tombstone_key,
                          const struct tombstone *retired, struct err *err)
{
    struct store_info info;
    char key[KEY_MAX];
    bool conditions;
    int there;

    key_metadata_of_retired(key, tombstone_key);
    if (conditions_find(store, &conditions, err))
        return ERR_FAIL;
    there = head_object(store, key, &info, err);
    if (there)
        return there < 0 ? ERR_FAIL : 0;
    return store_put_document(store, key, text_view(&retired->metadata), NULL, conditions, NULL,
                              err) == STORE_FAILED
               ? ERR_FAIL
               : 0;
}

/* Writes the metadata, and then reads whether the deletion of the data has begun. */
static int write_and_check(struct store *store, const char *tombstone_key,
                           const struct tombstone *retired, struct err *err)
{
    struct tombstone again;
    int answer;

    if (write_metadata(store, tombstone_key, retired, err))
        return ERR_FAIL;
    switch (tombstone_get(store, tombstone_key, &again, err)) {
    case STORE_FAILED:
        return ERR_FAIL;
    case STORE_DONE:
        answer = again.deleting ? RETIRED_GONE : 0;
        tombstone_finish(&again);
        return answer;
    default:
        return 0;
    }
}

/* Returns true if the data of the tombstone exist and are not being deleted. */
static int is_whole(struct store *store, const char *archive_key, const struct tombstone *retired,
                    struct err *err)
{
    struct store_info info;
    int there;

    if (retired->deleting || !retired->metadata.size)
        return 0;
    if (retired->format == 2) /* its tombstone kept its objects */
        return 1;
    there = head_object(store, archive_key, &info, err);
    return there > 0 ? strcmp(info.etag, retired->archive_etag) == 0 : there;
}

static int restore(struct store *store, const struct image_name *name, const char *archive_key,
                   const struct tombstone *retired, struct err *err)
{
    char key[KEY_MAX];
    bool first;
    int answer = is_whole(store, archive_key, retired, err);

    if (answer <= 0)
        return answer < 0 ? ERR_FAIL : RETIRED_GONE;
    answer = is_described(store, name, &first, err);
    if (answer < 0 || first)
        return answer < 0 ? ERR_FAIL : 0;
    if (key_of_sibling(key, archive_key, KEY_RETIRED, err))
        return ERR_FAIL;
    return write_and_check(store, key, retired, err);
}

/* Returns 1 if any month has metadata for the platform of the tombstone. The image may have been
 * pushed again: what is restored in the month of its name would hide it. */
static int is_pushed_again(struct store *store, const char *tombstone_key, struct err *err)
{
    char month[CLOCK_MONTH_SIZE], key[PLATFORM_KEY_SIZE];
    struct platform platform;
    struct image_name name;
    enum key_kind kind;
    struct located at;
    int answer;

    if (!key_parse_document(tombstone_key, &name, month, key, &kind) ||
        !platform_parse_key(key, &platform))
        return err_set(err, ERR_INTERNAL, "key", "%s is not the tombstone of a further platform",
                       tombstone_key);
    answer = locate_image(store, &name, NULL, &platform, &at, err);
    if (answer < 0)
        return ERR_FAIL;
    if (answer == LOCATE_FOUND)
        located_finish(&at);
    return answer == LOCATE_FOUND;
}

int retired_restore_document(struct store *store, const char *tombstone_key, struct err *err)
{
    struct tombstone retired;
    int answer = is_pushed_again(store, tombstone_key, err);

    if (answer)
        return answer < 0 ? ERR_FAIL : 0;
    switch (tombstone_get(store, tombstone_key, &retired, err)) {
    case STORE_FAILED:
        return ERR_FAIL;
    case STORE_DONE:
        answer = retired.deleting || !retired.metadata.size
                     ? RETIRED_GONE
                     : write_and_check(store, tombstone_key, &retired, err);
        tombstone_finish(&retired);
        return answer;
    default:
        return RETIRED_GONE;
    }
}

/* The tombstones of further platforms that have no metadata. */
struct further {
    char keys[LOCATE_PLATFORMS_MAX][KEY_MAX];
    unsigned count;
};

static int add_further(void *arg, const struct stem *stem, struct err *err)
{
    struct further *further = arg;

    (void)err;
    for (unsigned i = 0; i < stem->document_count && further->count < LOCATE_PLATFORMS_MAX; i++) {
        const struct stem_document *document = &stem->documents[i];

        if (document->kind == KEY_RETIRED && document->platform[0] &&
            !stem_document(stem, document->platform, KEY_METADATA))
            str_copy(further->keys[further->count++], KEY_MAX, document->key);
    }
    return 0;
}

/* Restores the further platforms of an image whose data exist. */
static int restore_further(struct store *store, const char *archive_key, struct err *err)
{
    struct further *further = calloc(1, sizeof *further);
    char prefix[KEY_MAX];
    int failed;

    if (!further)
        return err_memory(err, "the platforms of an image");
    failed = !key_prefix_of_others(prefix, archive_key)
                 ? err_set(err, ERR_INTERNAL, "key", "%s is not the key of an archive", archive_key)
                 : stems_each(store, prefix, add_further, further, NULL, NULL, NULL, err);
    for (unsigned i = 0; !failed && i < further->count; i++)
        failed = retired_restore_document(store, further->keys[i], err) < 0;
    free(further);
    return failed ? ERR_FAIL : 0;
}

/* The first platform has no tombstone: it was never pushed, or its metadata is in another month. */
static int restore_others(struct store *store, const struct image_name *name,
                          const char *archive_key, struct err *err)
{
    bool first;
    int answer;

    if (restore_further(store, archive_key, err))
        return ERR_FAIL;
    answer = is_described(store, name, &first, err);
    return answer < 0 ? ERR_FAIL : answer ? 0 : RETIRED_GONE;
}

int retired_restore(struct store *store, const struct image_name *name, const char *archive_key,
                    struct err *err)
{
    struct tombstone retired;
    int answer;

    switch (tombstone_read(store, archive_key, &retired, err)) {
    case STORE_FAILED:
        return ERR_FAIL;
    case STORE_DONE:
        answer = restore(store, name, archive_key, &retired, err);
        tombstone_finish(&retired);
        return answer == 0 ? restore_further(store, archive_key, err) : answer;
    default:
        return restore_others(store, name, archive_key, err);
    }
}

/* ---- deleting retired data ---- */

/* Deletes the tombstone if it is older than a day. */
static int delete_tombstone_if_old(struct store *store, const char *archive_key,
                                   const struct tombstone *retired, int64_t age, struct err *err)
{
    char key[KEY_MAX];

    if (age < RETIRED_STAYS)
        return RETIRED_EMPTY;
    if (key_of_sibling(key, archive_key, KEY_RETIRED, err) ||
        retired_delete_object(store, key, retired->etag, err) < 0)
        return ERR_FAIL;
    return RETIRED_EMPTY;
}

/* Returns 1 if the metadata exists. */
static int has_metadata(struct store *store, const char *archive_key, struct err *err)
{
    struct store_info info;
    char key[KEY_MAX];

    return key_of_sibling(key, archive_key, KEY_METADATA, err)
               ? ERR_FAIL
               : head_object(store, key, &info, err);
}

/* Returns 1 if a document other than the tombstone needs the archive or refers to it. */
static int is_needed(struct store *store, struct object_refs *refs, const char *archive_key,
                     const struct tombstone *retired, struct err *err)
{
    char key[KEY_MAX];

    if (object_refs_again(store, refs, err) || key_of_sibling(key, archive_key, KEY_RETIRED, err))
        return ERR_FAIL;
    return object_refs_count(refs, key, archive_key, retired->archive_etag, retired->archive_size) >
           0;
}

/* Keeps the archive for other images. A tombstone that is `deleting` stays so for a day, because
 * another cleanup may be about to delete the archive. */
static int keep_for_others(struct store *store, const char *archive_key, struct tombstone *retired,
                           int64_t age, struct err *err)
{
    char key[KEY_MAX];
    bool conditions;

    if (key_of_sibling(key, archive_key, KEY_RETIRED, err) ||
        conditions_find(store, &conditions, err))
        return ERR_FAIL;
    if (!conditions || age < RETIRED_STAYS)
        return RETIRED_NEEDED;
    retired->deleting = false;
    return tombstone_put(store, key, retired, retired->etag, err) == STORE_FAILED ? ERR_FAIL
                                                                                  : RETIRED_NEEDED;
}

/* Deletes archive and index, each only after another search for metadata and for images that need
 * the archive, behind the announcement. */
static int delete_data(struct store *store, struct object_refs *refs, const char *archive_key,
                       const struct tombstone *retired, struct err *err)
{
    const char *keys[2], *etags[2] = {retired->index_etag, retired->archive_etag};
    char index_key[KEY_MAX];
    int answer = 0;

    if (key_of_sibling(index_key, archive_key, KEY_INDEX, err))
        return ERR_FAIL;
    keys[0] = index_key;
    keys[1] = archive_key;
    for (unsigned i = 0; answer == 0 && i < ARRAY_SIZE(keys); i++) {
        answer = has_metadata(store, archive_key, err);
        if (answer == 0)
            answer = is_needed(store, refs, archive_key, retired, err);
        if (answer > 0)
            return RETIRED_KEPT;
        if (answer == 0 && etags[i][0])
            answer = retired_delete_object(store, keys[i], etags[i], err);
        if (answer == RETIRED_CHANGED) /* deleted already, or another object */
            answer = 0;
    }
    return answer;
}

static int delete_retired(struct store *store, struct object_refs *refs, const char *archive_key,
                          struct tombstone *retired, int64_t age, struct err *err)
{
    struct store_info archive;
    int answer = has_metadata(store, archive_key, err);
    int there = answer < 0 ? ERR_FAIL : head_object(store, archive_key, &archive, err);

    if (there < 0)
        return ERR_FAIL;
    if (answer > 0) {
        answer = delete_tombstone_if_old(store, archive_key, retired, age, err);
        return answer < 0 ? ERR_FAIL : RETIRED_KEPT;
    }
    if (!there && (retired->deleting || !retired->index_etag[0]))
        return delete_tombstone_if_old(store, archive_key, retired, age, err);
    if (there && strcmp(archive.etag, retired->archive_etag) != 0)
        return retired_announce(store, archive_key, view_str(""), "", err) ? ERR_FAIL
                                                                           : RETIRED_KEPT;
    if (!refs)
        return RETIRED_KEPT;
    answer = is_needed(store, refs, archive_key, retired, err);
    if (answer)
        return answer < 0 ? ERR_FAIL : keep_for_others(store, archive_key, retired, age, err);
    retired->deleting = true;
    if (tombstone_write(store, archive_key, retired, err))
        return ERR_FAIL;
    return delete_data(store, refs, archive_key, retired, err);
}

/* Writes a tombstone again if it cannot be read, which restarts the time until the deletion. */
int retired_delete(struct store *store, struct object_refs *refs, const char *archive_key,
                   int64_t age, struct err *err)
{
    struct tombstone retired;
    int answer;

    switch (tombstone_read(store, archive_key, &retired, err)) {
    case STORE_DONE:
        answer = retired.format == 2 ? RETIRED_KEPT
                                     : delete_retired(store, refs, archive_key, &retired, age, err);
        tombstone_finish(&retired);
        return answer;
    case STORE_FAILED:
        if (err->family != ERR_INTEGRITY)
            return ERR_FAIL;
        return retired_announce(store, archive_key, view_str(""), "", err) ? ERR_FAIL
                                                                           : RETIRED_KEPT;
    default:
        return RETIRED_KEPT;
    }
}
