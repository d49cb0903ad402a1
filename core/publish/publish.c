/*
 * A store may ignore conditions. Then the document is read before each write. That leaves a window
 * of one request, in which another program may write. So after the commit the document is read
 * again: the program whose document was replaced notices it.
 */
#include "publish/publish.h"

#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/log.h"
#include "catalog/conditions.h"
#include "catalog/platform.h"
#include "catalog/retired.h"

struct work {
    const struct publish *publish;
    bool conditional;          /* the store honours conditions */
    struct text document;      /* the new one */
    struct text former;        /* the replaced one */
    char etag[STORE_ETAG_MAX]; /* of the new one, once it is written */
};

/* ---- the document that another program has written ---- */

static bool is_other_platform(const struct metadata *a, const struct metadata *b)
{
    struct platform x, y;

    return platform_parse(a->platform, &x) && platform_parse(b->platform, &y) &&
           !platform_same(&x, &y);
}

static int changed(const struct publish *publish, struct err *err)
{
    err_set(err, ERR_CONFLICT, CODE_PUSH,
            "another program has changed the image %s at the same time",
            publish->metadata->image_tag);
    err_hint(err, "run the same command again");
    err_about(err, "%s", publish->metadata->image_tag);
    return PUBLISH_CHANGED;
}

/* The caller reports PUBLISH_SAME as success: the objects of that image are checked like our
 * own. */
static int check_same(const struct publish *publish, const struct metadata *found, struct err *err)
{
    bool has_objects = found->format > METADATA_ARCHIVE_FORMAT;
    char key[KEY_MAX];
    int answer =
        publish->check && has_objects ? publish->check(publish->store, found, key, err) : 0;

    return answer == PUBLISH_MISSING ? changed(publish, err) : answer ? ERR_FAIL : PUBLISH_SAME;
}

/* Classifies the document `text` that lies under the key. */
static int classify(const struct publish *publish, struct view text, struct err *err)
{
    struct metadata found;
    struct err ignored;
    int answer;

    if (metadata_parse(text, &found, &ignored))
        return changed(publish, err);
    if (is_other_platform(&found, publish->metadata))
        answer = PUBLISH_OTHER_PLATFORM;
    else if (metadata_names(&found, publish->metadata->image_id))
        answer = check_same(publish, &found, err);
    else
        answer = changed(publish, err);
    metadata_finish(&found);
    return answer;
}

/* Reads the document under the key, and its ETag. Returns 1 if its bytes are those of this push.
 * The ETags are not compared: a store may respond to a PUT with another ETag than to a HEAD. */
static int read_back(struct work *w, struct text *text, struct err *err)
{
    switch (store_get_document(w->publish->store, w->publish->key, text, w->etag, err)) {
    case STORE_FAILED:
        return ERR_FAIL;
    case STORE_DONE:
        return view_equals(text_view(text), text_view(&w->document));
    default:
        return 0;
    }
}

/* Returns 1 if the document in the bucket is that of this push. */
static int is_ours(struct work *w, struct err *err)
{
    _cleanup_text_ struct text text = {0};

    text_init(&text, METADATA_SIZE_MAX);
    return read_back(w, &text, err);
}

/* Call it after a condition was not met. Finds out which document is under the key. After a lost
 * response, the store has repeated the request: then the document is that of this push. */
static int examine_key(struct work *w, struct err *err)
{
    _cleanup_text_ struct text text = {0};
    int ours;

    text_init(&text, METADATA_SIZE_MAX);
    ours = read_back(w, &text, err);
    if (ours)
        return ours < 0 ? ERR_FAIL : PUBLISHED;
    return classify(w->publish, text_view(&text), err);
}

/* ---- the writes ---- */

/* Writes the index, and reads the document that will be replaced. */
static int put_index(struct work *w, struct err *err)
{
    const struct publish *p = w->publish;
    struct store_op put = {.verb = STORE_PUT, .key = p->metadata->index_key, .body = p->index};
    struct store_op get = {.verb = STORE_GET, .key = p->key, .text = &w->former};
    struct store_op *ops[2];
    unsigned count = 0;

    if (p->index.size)
        ops[count++] = &put;
    if (p->replaces[0] || !w->conditional)
        ops[count++] = &get;
    if (count && store_run_all_or_fail(p->store, ops, count, err))
        return ERR_FAIL;
    if (count == 0 || ops[count - 1] != &get ||
        (get.answer == STORE_DONE ? strcmp(get.info.etag, p->replaces) == 0 : !p->replaces[0]))
        return 0;
    return get.answer == STORE_DONE ? classify(p, text_view(&w->former), err) : changed(p, err);
}

static int put_metadata(struct work *w, struct err *err)
{
    const struct publish *p = w->publish;
    bool replaces = p->replaces[0] != '\0';

    switch (store_put_document(p->store, p->key, text_view(&w->document),
                               w->conditional && replaces ? p->replaces : NULL,
                               w->conditional && !replaces, w->etag, err)) {
    case STORE_FAILED:
        return ERR_FAIL;
    case STORE_DONE:
        return PUBLISHED;
    default:
        return examine_key(w, err);
    }
}

/* ---- after the commit ---- */

static enum store_answer undo(const struct work *w, struct err *err)
{
    const struct publish *p = w->publish;
    const char *condition = w->conditional ? w->etag : NULL;

    if (p->replaces[0])
        return store_put_document(p->store, p->key, text_view(&w->former), condition, false, NULL,
                                  err);
    return retired_delete_if(p->store, p->key, w->etag, err);
}

/* Writes the former document again, or deletes ours, unless another program has changed it. */
static int restore(struct work *w, struct err *err)
{
    int ours = is_ours(w, err);

    if (ours <= 0)
        return ours;
    switch (undo(w, err)) {
    case STORE_FAILED:
        return ERR_FAIL;
    case STORE_CHANGED:
        return changed(w->publish, err), ERR_FAIL;
    default:
        return 0;
    }
}

static int report_removed(struct work *w, const char *key, struct err *err)
{
    if (restore(w, err))
        return err_wrap(err, "%s was deleted, and the metadata could not be restored", key);
    err_set(err, ERR_CONFLICT, "removed", "%s was removed during this push", key);
    err_hint(err, "run the same command again");
    return PUBLISH_LOST;
}

static int check(struct work *w, struct err *err)
{
    const struct publish *p = w->publish;
    char key[KEY_MAX];
    int answer;

    if (p->written)
        p->written(p->arg);
    if (signing_after(p->signing, p->store, p->key, text_view(&w->document), err))
        return ERR_FAIL;
    answer = p->check ? p->check(p->store, p->metadata, key, err) : 0;
    if (answer == PUBLISH_MISSING)
        return report_removed(w, key, err);
    if (answer || w->conditional)
        return answer;
    answer = is_ours(w, err);
    return answer < 0 ? ERR_FAIL : answer ? PUBLISHED : changed(p, err);
}

static int run(struct work *w, struct err *err)
{
    int answer;

    if (metadata_check_place(w->publish->metadata, w->publish->key, err))
        return ERR_FAIL;
    metadata_write(w->publish->metadata, &w->document);
    if (text_check(&w->document, w->publish->key, err))
        return ERR_FAIL;
    answer = put_index(w, err);
    if (answer == 0)
        answer = signing_before(w->publish->signing, w->publish->store, w->publish->key,
                                text_view(&w->document), err);
    if (answer == 0)
        answer = put_metadata(w, err);
    return answer == PUBLISHED ? check(w, err) : answer;
}

int publish_run(const struct publish *publish, char etag[STORE_ETAG_MAX], struct err *err)
{
    struct work w = {.publish = publish};
    int answer;

    if (conditions_find(publish->store, &w.conditional, err))
        w.conditional = false;
    text_init(&w.document, METADATA_SIZE_MAX);
    text_init(&w.former, METADATA_SIZE_MAX);
    answer = run(&w, err);
    str_copy(etag, STORE_ETAG_MAX, w.etag);
    text_finish(&w.document);
    text_finish(&w.former);
    return answer;
}
