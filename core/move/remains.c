#include "move/remains.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "catalog/leftovers.h"
#include "wire/s3_etag.h"

#define FOLDER_DIGITS 16

/* One page after the other of what `op` lists. STORE_FAILED: *op says how. */
typedef void each_fn(void *arg, const struct store_entry *entry);

static enum store_answer list(struct store *store, const struct store_op *question, each_fn *each,
                              void *arg, struct store_op *op, struct err *err)
{
    char token[STORE_KEY_MAX + STORE_UPLOAD_MAX] = "";

    for (;;) {
        struct store_page page = {0};
        struct store_op asked = *question;
        enum store_answer answer;
        bool more = false;

        asked.token = token[0] ? token : NULL;
        asked.page = &page;
        asked.optional = true;
        answer = store_run(store, &asked, err);
        for (size_t i = 0; answer == STORE_DONE && i < page.count; i++)
            each(arg, &page.entries[i]);
        if (answer == STORE_DONE && page.next && strcmp(page.next, token) != 0)
            more = str_copy(token, sizeof token, page.next);
        store_page_finish(&page);
        asked.token = NULL;
        asked.page = NULL;
        *op = asked;
        if (!more)
            return answer;
    }
}

/* ---- temporary objects ---- */

bool remains_is_folder(const char *folder)
{
    size_t size = strlen(LEFTOVERS_FOLDER);

    return strncmp(folder, LEFTOVERS_FOLDER, size) == 0 &&
           strspn(folder + size, "0123456789abcdef") == FOLDER_DIGITS &&
           strcmp(folder + size + FOLDER_DIGITS, "/") == 0;
}

struct sweep {
    struct store *store;
    const char *folder;
    struct follow *follow; /* NULL: objects go, too */
};

static void remove_one(struct sweep *sweep, struct store_op *op)
{
    struct err err;

    op->optional = true;
    if (store_run(sweep->store, op, &err) == STORE_FAILED)
        log_info("%s could not be removed: %s", op->key, err.text);
}

static void each_upload(void *arg, const struct store_entry *entry)
{
    struct store_op op = {
        .verb = STORE_UPLOAD_ABORT, .key = entry->key, .upload_id_in = entry->info.etag};

    remove_one(arg, &op);
}

static void each_object(void *arg, const struct store_entry *entry)
{
    struct store_op op = {.verb = STORE_DELETE, .key = entry->key};
    struct sweep *sweep = arg;
    size_t size = strlen(sweep->folder);
    char *end;

    if (entry->is_prefix || strncmp(entry->key, sweep->folder, size) != 0)
        return;
    if (sweep->follow) {
        unsigned long number = strtoul(entry->key + size, &end, 10);

        if (end != entry->key + size && !*end)
            follow_has_join(sweep->follow, number, &entry->info);
    } else {
        remove_one(sweep, &op);
    }
}

/* A store that does not list them has none: then they are made again. */
static void look_into(struct sweep *sweep)
{
    struct store_op uploads = {.verb = STORE_UPLOADS, .key = sweep->folder};
    struct store_op objects = {.verb = STORE_LIST, .key = sweep->folder}, op;
    struct err err;

    if (list(sweep->store, &uploads, each_upload, sweep, &op, &err) == STORE_FAILED ||
        list(sweep->store, &objects, each_object, sweep, &op, &err) == STORE_FAILED)
        log_info("temporary objects under %s cannot be listed: %s", sweep->folder, err.text);
}

void remains_clear(struct store *store, const char *folder)
{
    struct sweep sweep = {.store = store, .folder = folder};

    if (remains_is_folder(folder))
        look_into(&sweep);
}

/* ---- the archive itself ---- */

void remains_etag(const struct checkpoint *then, char out[STORE_ETAG_MAX])
{
    struct digest *md5 = digest_create(DIGEST_MD5);
    bool known = md5 != NULL;

    out[0] = '\0';
    for (unsigned i = 1; known && i <= then->part_count; i++)
        known = s3_etag_add(md5, checkpoint_part(then, i)->etag);
    if (known)
        s3_etag_end(md5, then->part_count, out);
    digest_destroy(md5);
}

/* The push died between its archive and the documents. The object under its key is that archive
 * when the store calls it as it did then, or as an object of these parts is called. */
bool remains_is_whole(struct store *store, const struct checkpoint *then, struct store_info *info)
{
    char etag[STORE_ETAG_MAX];
    struct err ignored;

    *info = (struct store_info){0};
    if (!then->whole || store_head(store, then->head.key, info, &ignored) != STORE_DONE ||
        info->size != then->whole)
        return false;
    remains_etag(then, etag);
    return (then->whole_etag[0] && strcmp(then->whole_etag, info->etag) == 0) ||
           (etag[0] && strcmp(etag, info->etag) == 0);
}

/* ---- all of it ---- */

static void each_part(void *arg, const struct store_entry *entry)
{
    follow_has_part(arg, strtoul(entry->key, NULL, 10), &entry->info);
}

int remains_ask(struct store *store, struct follow *follow, struct err *err)
{
    const struct checkpoint_head *head = &follow_checkpoint(follow)->head;
    struct store_op question = {
        .verb = STORE_UPLOAD_PARTS, .key = head->key, .upload_id_in = head->upload};
    struct sweep sweep = {.store = store, .folder = head->folder, .follow = follow};
    struct store_info info;
    struct store_op op;

    switch (list(store, &question, each_part, follow, &op, err)) {
    case STORE_DONE:
        break;
    case STORE_FAILED:
        if (op.http_status == 0 || op.http_status >= 500)
            return err_wrap(err, "cannot look at the unfinished upload");
        return REMAINS_UNTOLD;
    default:
        if (!remains_is_whole(store, follow_checkpoint(follow), &info))
            return REMAINS_GONE;
        follow_has_all(follow);
        return follow_settle(follow, err) ? REMAINS_UNTOLD : REMAINS_WHOLE;
    }
    if (head->base_count)
        look_into(&sweep);
    return follow_settle(follow, err) ? REMAINS_UNTOLD : REMAINS_TOLD;
}
