/*
 * A cleanup writes the tombstone before it deletes, and this check looks for it after the push has
 * written the metadata: at least one of the two notices the other.
 */
#include "push/existing_check.h"

#include <string.h>

#include "base/err.h"
#include "flow/inbox.h"

enum { HEAD_RETIRED, HEAD_METADATA, HEAD_ARCHIVE };

static bool set_key(struct existing_check *check, unsigned number)
{
    static const enum key_kind kinds[] = {
        [HEAD_RETIRED] = KEY_RETIRED, [HEAD_METADATA] = KEY_METADATA};
    struct err ignored;

    if (number == HEAD_ARCHIVE)
        return str_copy(check->keys[number], KEY_MAX, check->existing->key);
    return existing_image_document(check->existing, kinds[number], check->keys[number], &ignored) ==
           0;
}

/* Sends the requests up to `last`. */
static void send_heads(struct existing_check *check, struct store *store, unsigned last)
{
    unsigned count = last + 1;

    for (unsigned i = 0; i < count; i++)
        if (!set_key(check, i))
            return;
    check->count = count;
    for (unsigned i = 0; i < count; i++) {
        check->heads[i] =
            (struct store_op){.verb = STORE_HEAD, .key = check->keys[i], .inbox = check->inbox};
        store_submit(store, &check->heads[i]);
    }
}

void existing_check_begin(struct existing_check *check, struct store *store,
                          const struct existing_image *existing, struct inbox *inbox)
{
    *check = (struct existing_check){.existing = existing, .inbox = inbox};
    send_heads(check, store, HEAD_METADATA);
}

static int was_removed(const struct existing_check *check, const char *what, struct err *err)
{
    err_set(err, ERR_CONFLICT, "removed", "%s: %s", check->existing->key, what);
    return err_hint(err, "run the same command again");
}

void existing_check_drop(struct existing_check *check)
{
    for (unsigned i = 0; i < check->count; i++)
        inbox_take(check->inbox, INBOX_FOREVER);
    check->count = 0;
}

int existing_check_end(struct existing_check *check, struct err *err)
{
    const struct store_op *heads = check->heads;
    unsigned count = check->count;

    if (!count)
        return err_set(err, ERR_INTERNAL, "key", "%s is not the key of an image",
                       check->existing->key);
    existing_check_drop(check);
    for (unsigned i = 0; i < count; i++)
        if (heads[i].answer == STORE_FAILED) {
            *err = heads[i].err;
            return ERR_FAIL;
        }
    if (heads[HEAD_RETIRED].answer == STORE_DONE &&
        strcmp(heads[HEAD_RETIRED].info.etag, check->existing->retired) != 0)
        return was_removed(check, "a cleanup removes the image of this name at the same time", err);
    if (heads[HEAD_METADATA].answer != STORE_DONE)
        return was_removed(check, "the metadata was deleted during this push", err);
    if (count > HEAD_ARCHIVE && heads[HEAD_ARCHIVE].answer != STORE_DONE)
        return was_removed(check, "the archive was deleted during this push", err);
    return 0;
}

int existing_check_archive(struct store *store, const struct existing_image *existing,
                           struct err *err)
{
    struct existing_check check = {.existing = existing, .inbox = inbox_create(err)};
    int answer;

    if (!check.inbox)
        return ERR_FAIL;
    send_heads(&check, store, HEAD_ARCHIVE);
    answer = existing_check_end(&check, err);
    inbox_destroy(check.inbox);
    return answer;
}
