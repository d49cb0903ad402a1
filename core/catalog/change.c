#include "catalog/change.h"

#include <string.h>

#define DOCUMENT_MAX (64 * KIB)

int change_look(struct store *store, const char *key, struct standing *out, struct err *err)
{
    _cleanup_text_ struct text text;
    enum store_answer answer;

    *out = (struct standing){.there = false};
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

/* Whether what stands there now is still `etag` ("": nothing). */
static int is_still(struct store *store, const char *key, const char *etag, struct err *err)
{
    struct store_info info;

    switch (store_head(store, key, &info, err)) {
    case STORE_DONE:
        return strcmp(info.etag, etag) == 0 ? CHANGE_DONE : CHANGE_LOST;
    case STORE_FAILED:
        return ERR_FAIL;
    default:
        return etag[0] ? CHANGE_LOST : CHANGE_DONE;
    }
}

static int set_between_looks(struct store *store, const char *key, const struct standing *was,
                             struct view body, struct err *err)
{
    char etag[STORE_ETAG_MAX];
    int answer = is_still(store, key, was->etag, err);

    if (answer != CHANGE_DONE)
        return answer;
    if (store_put_document(store, key, body, NULL, false, etag, err) != STORE_DONE)
        return ERR_FAIL;
    return is_still(store, key, etag, err);
}

static int set_on_condition(struct store *store, const char *key, const struct standing *was,
                            struct view body, struct err *err)
{
    switch (store_put_document(store, key, body, was->there ? was->etag : NULL, !was->there, NULL,
                               err)) {
    case STORE_DONE:
        return CHANGE_DONE;
    case STORE_FAILED:
        return ERR_FAIL;
    default: /* also when it has been deleted meanwhile */
        return CHANGE_LOST;
    }
}

int change_set(struct store *store, const char *key, const struct standing *was,
               const struct pointer *now, bool conditions, struct err *err)
{
    _cleanup_text_ struct text text;

    text_init(&text, DOCUMENT_MAX);
    pointer_write(now, &text);
    if (text_check(&text, key, err))
        return ERR_FAIL;
    return conditions ? set_on_condition(store, key, was, text_view(&text), err)
                      : set_between_looks(store, key, was, text_view(&text), err);
}
