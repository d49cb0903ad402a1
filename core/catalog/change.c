/* The ETag of the document that was read is the condition of the write. */
#include "catalog/change.h"

#include <string.h>

#include "base/codes.h"
#include "base/err.h"

/* The commands replace a damaged document, and the hint of this code names them. */
static void set_fault(struct current_pointer *out, const char *text)
{
    err_set(&out->fault, ERR_INTEGRITY, CODE_POINTER, "%s", text);
}

/* A document that is larger than any pointer is damaged. It can be replaced like other damaged
 * ones. If it was replaced since the read, the error of the read remains. */
static int take_too_large(struct store *store, const char *key, struct current_pointer *out,
                          struct err *err)
{
    struct store_info info;

    set_fault(out, err->text);
    if (store_head(store, key, &info, err) != STORE_DONE)
        return ERR_FAIL;
    if (info.size <= CHANGE_DOCUMENT_MAX) {
        *err = out->fault;
        return ERR_FAIL;
    }
    out->there = true;
    str_copy(out->etag, sizeof out->etag, info.etag);
    return 0;
}

int change_read_bytes(struct store *store, const char *key, struct current_pointer *out,
                      struct text *document, struct err *err)
{
    enum store_answer answer;
    struct err why;

    *out = (struct current_pointer){.there = false};
    text_clear(document);
    answer = store_get_document(store, key, document, out->etag, err);
    if (answer == STORE_FAILED) {
        text_clear(document);
        return err_is(err, ERR_INTEGRITY, CODE_TOO_LARGE) ? take_too_large(store, key, out, err)
                                                          : ERR_FAIL;
    }
    if (answer != STORE_DONE)
        return 0;
    out->there = true;
    out->sound = pointer_parse(text_view(document), &out->pointer, &why) == 0;
    if (!out->sound) {
        err_wrap(&why, "%s", key);
        set_fault(out, why.text);
    }
    return 0;
}

int change_read(struct store *store, const char *key, struct current_pointer *out, struct err *err)
{
    _cleanup_text_ struct text document = {0};

    text_init(&document, CHANGE_DOCUMENT_MAX);
    return change_read_bytes(store, key, out, &document, err);
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
               struct view document, bool conditions, struct err *err)
{
    char etag[STORE_ETAG_MAX];
    int answer;

    if (!conditions) {
        answer = is_still(store, key, was->etag, CHANGE_LOST, err);
        if (answer != CHANGE_DONE)
            return answer;
    }
    switch (store_put_document(store, key, document, conditions && was->there ? was->etag : NULL,
                               conditions && !was->there, etag, err)) {
    case STORE_DONE:
        return is_still(store, key, etag, CHANGE_OVERTAKEN, err);
    case STORE_FAILED:
        return ERR_FAIL;
    default: /* also if the object was deleted meanwhile */
        return CHANGE_LOST;
    }
}
