/* Signatures prove bytes. Those are written again from the members that were read, and metadata of
 * s3dock has only this form. */
#include "rewrite/signed_image.h"

#include "base/codes.h"
#include "base/err.h"

static int refuse(const struct located *at, const char *why, struct err *err)
{
    err_set(err, ERR_CONFLICT, CODE_SIGNED, "%s is signed%s: new metadata would have no signature",
            at->metadata_key, why);
    return SIGNED_BY_OTHER;
}

static int find_owner(struct store *store, struct signing *signing, const struct located *at,
                      struct err *err)
{
    _cleanup_text_ struct text document = {0};
    int state;

    text_init(&document, METADATA_SIZE_MAX);
    metadata_write(&at->metadata, &document);
    if (text_check(&document, at->metadata_key, err))
        return ERR_FAIL;
    state = signing->table->state(signing, store, at->metadata_key, text_view(&document), err);
    if (state < 0)
        return ERR_FAIL;
    return state == SIGNING_OWN ? SIGNED_AGAIN : refuse(at, ", and not by this key alone", err);
}

int signed_image_find(struct store *store, struct signing *signing, const struct located *at,
                      struct err *err)
{
    struct store_info info;
    char key[KEY_MAX];

    if (!key_signatures(key, at->metadata_key))
        return err_set(err, ERR_INTERNAL, "key", "%s is not the key of metadata", at->metadata_key);
    switch (store_head(store, key, &info, err)) {
    case STORE_FAILED:
        return ERR_FAIL;
    case STORE_DONE:
        return signing ? find_owner(store, signing, at, err) : refuse(at, "", err);
    default:
        return SIGNED_NOT;
    }
}
