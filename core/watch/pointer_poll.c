/*
 * Reads the pointer, then, if it is due, the tag. A document that the store calls unchanged is not
 * read. The state changes only after all reads of a poll have succeeded.
 */
#include "watch/pointer_poll.h"

#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "base/hash.h"
#include "base/json_check.h"
#include "flow/inbox.h"

void pointer_poll_init(struct pointer_poll *poll, const char *app, const char *env)
{
    *poll = (struct pointer_poll){.sound = false};
    str_copy(poll->app, sizeof poll->app, app);
    key_pointer(poll->key, app, env);
}

void pointer_poll_forget(struct pointer_poll *poll)
{
    poll->etag[0] = poll->tag_etag[0] = '\0';
}

void pointer_poll_change(const struct pointer_poll *poll, char out[POLL_CHANGE_MAX])
{
    snprintf(out, POLL_CHANGE_MAX, "%s%s", poll->etag, poll->tagged ? poll->tag_etag : "");
}

/* ---- documents ---- */

/* Submits the op and waits for it. */
static int run_op(struct store *store, struct store_op *op, const struct poll_wait *wait,
                  struct err *err)
{
    struct inbox *inbox = inbox_create(err);

    if (!inbox)
        return ERR_FAIL;
    op->inbox = inbox;
    store_submit(store, op);
    while (!inbox_take(inbox, clock_monotonic() + CANCEL_TICK))
        if (wait->wake)
            wait->wake(wait->arg);
    inbox_destroy(inbox);
    if (op->answer != STORE_FAILED)
        return (int)op->answer;
    *err = op->err;
    return ERR_FAIL;
}

/* A document as the bucket has it. */
struct document {
    enum store_answer answer; /* STORE_DONE, STORE_SAME, STORE_ABSENT */
    char etag[STORE_ETAG_MAX];
    bool sound;
    struct pointer pointer; /* if `sound` */
    struct err fault;       /* why it is not */
};

/* A document without an ETag is identified by its content. */
static void take_etag(struct document *document, const char *etag, struct view content)
{
    uint8_t sum[SHA256_SIZE];
    char hex[SHA256_HEX_SIZE];

    sha256_of(content, sum);
    hex_encode(sum, sizeof sum, hex);
    str_copy(document->etag, sizeof document->etag, etag[0] ? etag : hex);
}

static int read_document(struct store *store, const char *key, const char *etag,
                         const struct poll_wait *wait, struct document *out, int64_t *asked,
                         struct err *err)
{
    _cleanup_text_ struct text text = {0};
    struct store_op op = {.verb = STORE_GET,
                          .key = key,
                          .text = &text,
                          .unless = etag[0] ? etag : NULL,
                          .optional = true,
                          .once = true};
    int answer;

    text_init(&text, JSON_DOCUMENT.bytes);
    answer = run_op(store, &op, wait, err);
    *asked = op.asked;
    if (answer < 0)
        return ERR_FAIL;
    *out = (struct document){.answer = (enum store_answer)answer};
    if (answer != STORE_DONE)
        return 0;
    take_etag(out, op.info.etag, text_view(&text));
    out->sound = pointer_parse(text_view(&text), &out->pointer, &out->fault) == 0;
    if (!out->sound)
        err_wrap(&out->fault, "%s", key);
    return 0;
}

/* ---- targets ---- */

static void refuse(struct pointer_poll *poll, const char *key, const char *target)
{
    poll->sound = false;
    err_set(&poll->fault, ERR_INTEGRITY, CODE_POINTER,
            "%s leads to %s, which is no image or version of %s", key, target, poll->app);
}

static void take_image(struct pointer_poll *poll, const char *key, const struct pointer *pointer)
{
    poll->sound = resolve_image_of(poll->app, pointer, &poll->resolved.image);
    if (poll->sound)
        str_copy(poll->resolved.archive_key, sizeof poll->resolved.archive_key,
                 pointer->target_path);
    else
        refuse(poll, key, pointer->target_path);
}

/* Takes the tag that the pointer leads to. */
static void take_tag(struct pointer_poll *poll, const char *key, const struct document *tag)
{
    poll->tag_wait = POLL_TAG_EVERY;
    if (tag->answer == STORE_SAME)
        return;
    poll->tag_etag[0] = '\0';
    poll->sound = false;
    if (tag->answer == STORE_ABSENT) {
        err_set(&poll->fault, ERR_NOT_FOUND, CODE_TAG, "tag not found: %s", key);
        return;
    }
    str_copy(poll->tag_etag, sizeof poll->tag_etag, tag->etag);
    if (tag->sound)
        take_image(poll, key, &tag->pointer);
    else
        poll->fault = tag->fault;
}

/* Takes a pointer that was read. Its tag is still to be read. */
static void take_pointer(struct pointer_poll *poll, const struct document *document)
{
    str_copy(poll->etag, sizeof poll->etag, document->etag);
    poll->tag_etag[0] = '\0';
    poll->resolved = (struct resolved){.version = ""};
    poll->sound = poll->tagged = false;
    if (!document->sound)
        poll->fault = document->fault;
    else if (document->pointer.target == POINTER_IMAGE)
        take_image(poll, poll->key, &document->pointer);
    else if (resolve_version_of(poll->app, &document->pointer, poll->resolved.version))
        poll->tagged = true;
    else
        refuse(poll, poll->key, document->pointer.target_path);
}

/* Returns whether this poll reads the tag: a new one, one that is not sound, or each tenth time. */
static bool is_tag_due(const struct pointer_poll *poll)
{
    return poll->tagged && (!poll->sound || !poll->tag_etag[0] || poll->tag_wait <= 1);
}

static enum poll_answer compare_polls(const struct pointer_poll *poll, const char *before,
                                      bool was_sound)
{
    char now[POLL_CHANGE_MAX];

    if (!poll->etag[0])
        return POLL_ABSENT;
    if (!poll->sound)
        return POLL_MALFORMED;
    pointer_poll_change(poll, now);
    return was_sound && strcmp(before, now) == 0 ? POLL_SAME : POLL_CHANGED;
}

/* Works on a copy of the state, so that a failure changes nothing. */
static int poll_documents(struct pointer_poll *next, struct store *store,
                          const struct poll_wait *wait, int64_t *asked, struct err *err)
{
    struct document document;
    char key[KEY_MAX];

    if (read_document(store, next->key, next->etag, wait, &document, asked, err))
        return ERR_FAIL;
    if (document.answer == STORE_DONE)
        take_pointer(next, &document);
    if (document.answer == STORE_ABSENT)
        next->etag[0] = '\0', next->sound = next->tagged = false;
    if (is_tag_due(next)) {
        key_tag(key, next->app, next->resolved.version);
        if (read_document(store, key, next->tag_etag, wait, &document, asked, err))
            return ERR_FAIL;
        take_tag(next, key, &document);
    } else if (next->tag_wait) {
        next->tag_wait--;
    }
    return 0;
}

enum poll_answer pointer_poll_run(struct pointer_poll *poll, struct store *store,
                                  const struct poll_wait *wait, int64_t *asked, struct err *err)
{
    struct pointer_poll next = *poll;
    char before[POLL_CHANGE_MAX];
    enum poll_answer answer;

    *asked = 0;
    if (poll_documents(&next, store, wait, asked, err))
        return POLL_FAILED;
    pointer_poll_change(poll, before);
    answer = compare_polls(&next, before, poll->sound);
    *poll = next;
    return answer;
}
