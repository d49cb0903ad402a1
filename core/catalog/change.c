/* The ETag of the document that was read is the condition of the write. */
#include "catalog/change.h"

#include <string.h>

#define DOCUMENT_MAX (64 * KIB)

int change_read(struct store *store, const char *key, struct current_pointer *out, struct err *err)
{
    _cleanup_text_ struct text text = {0};
    enum store_answer answer;

    *out = (struct current_pointer){.there = false};
    text_init(&text, DOCUMENT_MAX);
    answer = store_get_document(store, key, &text, out->etag, err);
    if (answer == STORE_FAILED)
        return ERR_FAIL;
    if (answer != STORE_DONE)
        return 0;
    out->there = true;
    out->sound = pointer_parse(text_view(&text), &out->pointer, &out->fault) == 0;
    if (!out->sound)
        err_wrap(&out->fault, "%s", key);
    return 0;
}

/* Returns CHANGE_DONE if the object of the key has this ETag ("": no object), else `otherwise`. */
static int is_still(struct store *store, const char *key, const char *etag,
                    enum change_answer otherwise, struct err *err)
{
    struct store_info info;

    switch (store_head(store, key, &info, err)) {
    case STORE_DONE:
        return strcmp(info.etag, etag) == 0 ? CHANGE_DONE : otherwise;
    case STORE_FAILED:
        return ERR_FAIL;
    default:
        return etag[0] ? otherwise : CHANGE_DONE;
    }
}

int change_set(struct store *store, const char *key, const struct current_pointer *was,
               const struct pointer *now, bool conditions, struct err *err)
{
    _cleanup_text_ struct text text = {0};
    char etag[STORE_ETAG_MAX];
    int answer;

    text_init(&text, DOCUMENT_MAX);
    pointer_write(now, &text);
    if (text_check(&text, key, err))
        return ERR_FAIL;
    if (!conditions) {
        answer = is_still(store, key, was->etag, CHANGE_LOST, err);
        if (answer != CHANGE_DONE)
            return answer;
    }
    switch (store_put_document(store, key, text_view(&text),
                               conditions && was->there ? was->etag : NULL,
                               conditions && !was->there, etag, err)) {
    case STORE_DONE:
        return is_still(store, key, etag, CHANGE_OVERTAKEN, err);
    case STORE_FAILED:
        return ERR_FAIL;
    default: /* also if the object was deleted meanwhile */
        return CHANGE_LOST;
    }
}
