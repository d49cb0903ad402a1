/*
 * The key of a copy is archive/.s3dock-tmp/push/{archive key without images/ and .tar.gz}/{owner}:
 * the listings of images do not include it, and a cleanup deletes old ones.
 *
 * The checkpoint of a running push is not used. A push counts as running while its checkpoint or
 * the newest part of its upload is younger than LIFE, by the store's clock, and the checkpoint has
 * no stop record. To claim a checkpoint, a push writes it again on condition that no other push
 * has: of two pushes, one succeeds. On a store without conditions both may. Then both send the same
 * bytes as the same parts of one upload, and the second completion fails, because the upload does
 * not exist any more.
 */
#include "push/resume/checkpoint_remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "catalog/conditions.h"
#include "catalog/temp_objects.h"

#define LIFE       (15 * 60 * (int64_t)NS_PER_S)
#define STATES_MAX 8 /* checkpoints that are read */

static void folder_of(const char *image_key, char out[KEY_MAX])
{
    const char *name = strncmp(image_key, "images/", 7) == 0 ? image_key + 7 : image_key;
    size_t size = strlen(name);

    if (size > 7 && strcmp(name + size - 7, ".tar.gz") == 0)
        size -= 7;
    if (snprintf(out, KEY_MAX, TEMP_OBJECTS_FOLDER "push/%.*s/", (int)size, name) >= KEY_MAX)
        out[0] = '\0';
}

void checkpoint_remote_begin(struct checkpoint_remote *remote, struct store *store,
                             const char *image_key, const char *owner)
{
    char folder[KEY_MAX];
    struct err ignored;

    *remote = (struct checkpoint_remote){.store = store};
    text_init(&remote->copy, CHECKPOINT_MAX);
    folder_of(image_key, folder);
    remote->inbox = inbox_create(&ignored);
    if (!remote->inbox || !folder[0] ||
        snprintf(remote->key, KEY_MAX, "%.900s%.64s", folder, owner) >= KEY_MAX)
        remote->key[0] = '\0';
}

static void wait_for_write(struct checkpoint_remote *remote, int64_t until)
{
    if (!remote->out || !inbox_take(remote->inbox, until))
        return;
    remote->out = false;
    if (remote->op.answer == STORE_FAILED)
        log_info("the checkpoint of this push could not be written to the bucket: %s",
                 remote->op.err.text);
}

void checkpoint_remote_finish(struct checkpoint_remote *remote)
{
    wait_for_write(remote, INBOX_FOREVER);
    inbox_destroy(remote->inbox);
    remote->inbox = NULL;
    text_finish(&remote->copy);
}

/* ---- finding one ---- */

struct candidate {
    char key[KEY_MAX];
    int64_t modified;
};

static unsigned list_candidates(struct checkpoint_remote *remote, const char *folder,
                                struct candidate found[STATES_MAX], int64_t *now)
{
    struct store_page page = {0};
    struct store_op op = {.verb = STORE_LIST, .key = folder, .page = &page, .optional = true};
    unsigned count = 0;
    struct err err;

    if (store_run(remote->store, &op, &err) == STORE_FAILED)
        log_debug("checkpoints in the bucket cannot be listed: %s", err.text);
    for (size_t i = 0; i < page.count && count < STATES_MAX; i++)
        if (!page.entries[i].is_prefix && str_copy(found[count].key, KEY_MAX, page.entries[i].key))
            found[count++].modified = page.entries[i].info.modified;
    *now = op.server_time ? op.server_time : clock_wall();
    store_page_finish(&page);
    return count;
}

static int keep_newest(void *arg, const struct store_entry *entry, struct err *err)
{
    int64_t *newest = arg;

    (void)err;
    if (entry->info.modified > *newest)
        *newest = entry->info.modified;
    return 0;
}

/* Returns the time of the newest part of the upload; INT64_MAX if it is not known. */
static int64_t newest_part(struct store *store, const struct checkpoint_head *head)
{
    struct store_op op = {.verb = STORE_UPLOAD_PARTS,
                          .key = head->key,
                          .upload_id_in = head->upload,
                          .optional = true};
    int64_t newest = 0;
    struct err ignored;

    return store_each(store, &op, keep_newest, &newest, &ignored) == STORE_DONE ? newest
                                                                                : INT64_MAX;
}

static bool is_running(struct store *store, const struct checkpoint *checkpoint, int64_t modified,
                       int64_t now)
{
    int64_t part;

    if (checkpoint->stopped)
        return false;
    if (modified > now - LIFE)
        return true;
    part = newest_part(store, &checkpoint->head);
    return part > now - LIFE;
}

/* Writes the checkpoint again, without its stop record, unless another push has. */
static bool claim(struct checkpoint_remote *remote, const char *key, struct text *state,
                  const struct checkpoint *checkpoint, const char *etag)
{
    struct text again;
    struct err err;
    bool conditions, ours;

    if (conditions_find(remote->store, &conditions, &err))
        return false;
    text_cut(state, checkpoint->good);
    text_init(&again, CHECKPOINT_MAX);
    text_add(&again, state->data, state->size);
    checkpoint_put_claim(&again);
    ours = store_put_document(remote->store, key, text_view(&again), conditions ? etag : NULL,
                              false, NULL, &err) == STORE_DONE;
    text_finish(&again);
    return ours && str_copy(remote->key, sizeof remote->key, key);
}

static bool try_candidate(struct checkpoint_remote *remote, const struct candidate *candidate,
                          const char *image_key, checkpoint_fits *fits, void *arg, int64_t now,
                          struct text *out)
{
    struct checkpoint *checkpoint = NULL;
    char etag[STORE_ETAG_MAX];
    struct err ignored;
    bool good;

    text_clear(out);
    if (store_get_document(remote->store, candidate->key, out, etag, &ignored) != STORE_DONE ||
        text_check(out, "the checkpoint", &ignored) ||
        checkpoint_parse(text_view(out), &checkpoint, &ignored))
        return false;
    good = strcmp(checkpoint->head.image_key, image_key) == 0 && fits(arg, checkpoint) &&
           !is_running(remote->store, checkpoint, candidate->modified, now) &&
           claim(remote, candidate->key, out, checkpoint, etag);
    checkpoint_destroy(checkpoint);
    return good;
}

bool checkpoint_remote_take(struct checkpoint_remote *remote, const char *image_key,
                            checkpoint_fits *fits, void *arg, struct text *out)
{
    struct candidate *found = calloc(STATES_MAX, sizeof *found);
    char folder[KEY_MAX];
    unsigned count = 0;
    int64_t now = 0;

    folder_of(image_key, folder);
    if (found && remote->key[0])
        count = list_candidates(remote, folder, found, &now);
    for (unsigned i = 0; i < count; i++)
        if (try_candidate(remote, &found[i], image_key, fits, arg, now, out)) {
            remote->written = true;
            free(found);
            return true;
        }
    free(found);
    text_clear(out);
    return false;
}

/* ---- writing it ---- */

void checkpoint_remote_write(struct checkpoint_remote *remote, struct view state)
{
    if (!remote->key[0])
        return;
    wait_for_write(remote, clock_monotonic());
    if (remote->out)
        return;
    text_clear(&remote->copy);
    text_add(&remote->copy, state.data, state.size);
    if (remote->copy.failed)
        return;
    remote->op = (struct store_op){.verb = STORE_PUT,
                                   .key = remote->key,
                                   .body = text_view(&remote->copy),
                                   .content_type = "application/octet-stream",
                                   .inbox = remote->inbox,
                                   .optional = true};
    remote->out = remote->written = true;
    store_submit(remote->store, &remote->op);
}

void checkpoint_remote_write_last(struct checkpoint_remote *remote, struct view state)
{
    wait_for_write(remote, INBOX_FOREVER);
    store_insist(remote->store, true);
    checkpoint_remote_write(remote, state);
    wait_for_write(remote, INBOX_FOREVER);
    store_insist(remote->store, false);
}

void checkpoint_remote_remove(struct checkpoint_remote *remote)
{
    struct store_op op = {.verb = STORE_DELETE, .key = remote->key, .optional = true};
    struct err err;

    wait_for_write(remote, INBOX_FOREVER);
    if (remote->written && store_run(remote->store, &op, &err) == STORE_FAILED)
        log_info("%s could not be removed: %s", remote->key, err.text);
    remote->written = false;
}
