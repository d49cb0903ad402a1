/*
 * A pull without an output reads and verifies the archive, and returns the description of the
 * image.
 */
#include "push/learn_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/log.h"
#include "catalog/conditions.h"
#include "pull/pull.h"

bool learn_image_is_missing(const struct existing_image *existing)
{
    return existing->whole && !existing->at.metadata.image_id[0];
}

int learn_image(struct store *store, const struct image_name *name,
                const struct transfer_options *transfer, struct existing_image *existing,
                struct err *err)
{
    struct metadata *metadata = &existing->at.metadata;
    struct pull_options options = {.transfer = *transfer,
                                   .store = store,
                                   .name = *name,
                                   .key = existing->at.archive_key,
                                   .learned = metadata};
    struct pull_result result;

    log_info("the metadata of %s does not name its image: reading the archive once",
             existing->at.archive_key);
    if (pull_run(&options, &result, err) == 0) {
        str_copy(metadata->archive_etag, sizeof metadata->archive_etag, existing->archive.etag);
        return 0;
    }
    if (err->family != ERR_INTEGRITY && err->family != ERR_CONFLICT)
        return err_wrap(err, "cannot read the image that the bucket holds");
    log_info("%s: %s", existing->at.archive_key, err->text);
    return 0;
}

/* Returns true if the metadata in the bucket is unchanged: a store without conditions does not
 * check. */
static bool is_still(struct store *store, const struct located *at, struct err *err)
{
    struct store_info info;

    return at->metadata_etag[0] && store_head(store, at->metadata_key, &info, err) == STORE_DONE &&
           strcmp(info.etag, at->metadata_etag) == 0;
}

/* Returns true if the metadata has signatures: other bytes would have none. */
static bool is_signed(struct store *store, const char *key, struct err *err)
{
    struct store_info info;
    char signatures[KEY_MAX];

    if (!key_signatures(signatures, key) || store_head(store, signatures, &info, err) != STORE_DONE)
        return false;
    err_set(err, ERR_CONFLICT, CODE_SIGNED, "it is signed");
    return true;
}

void learn_image_add(struct store *store, const struct existing_image *existing)
{
    _cleanup_text_ struct text text = {0};
    const char *key = existing->at.metadata_key;
    bool conditions;
    struct err err = {.text = "it has changed meanwhile"};

    text_init(&text, METADATA_SIZE_MAX);
    metadata_write(&existing->at.metadata, &text);
    if (text_check(&text, key, &err) || conditions_find(store, &conditions, &err) ||
        !is_still(store, &existing->at, &err) || is_signed(store, key, &err) ||
        store_put_document(store, key, text_view(&text),
                           conditions ? existing->at.metadata_etag : NULL, false, NULL,
                           &err) == STORE_FAILED)
        log_info("%s could not be completed: %s", key, err.text);
}
