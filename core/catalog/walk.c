#include "catalog/walk.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 64

static int make_room(struct walk *walk, struct err *err)
{
    size_t room = walk->room ? walk->room * 2 : FIRST_ROOM;
    char **keys;

    if (walk->count < walk->room)
        return 0;
    if (walk->count >= WALK_KEYS_MAX)
        return err_set(err, ERR_UNSUPPORTED, "listing", "more than %d keys", WALK_KEYS_MAX);
    keys = realloc(walk->keys, room * sizeof *keys);
    if (!keys)
        return err_memory(err, "the listing");
    walk->keys = keys;
    walk->room = room;
    return 0;
}

/* Moves the keys out of the page. */
static int take_page(struct walk *walk, struct store_page *page, struct err *err)
{
    for (size_t i = 0; i < page->count; i++) {
        if (make_room(walk, err))
            return ERR_FAIL;
        walk->keys[walk->count++] = page->entries[i].key;
        page->entries[i].key = NULL;
    }
    return 0;
}

/* An empty listing is an answer; none at all is a place where no bucket is. */
static int list_page(struct store *store, struct store_op *op, struct err *err)
{
    enum store_answer answer = store_run(store, op, err);

    if (answer == STORE_DONE)
        return 0;
    if (answer == STORE_FAILED)
        return ERR_FAIL;
    err_set(err, ERR_NOT_FOUND, "bucket", "%s cannot be listed: there is no such bucket",
            store->where);
    return err_hint(err, "when the endpoint's host already names a bucket: leave that out of the "
                         "endpoint, and see key_prefix in docs/configuration.md");
}

int walk_run(struct walk *walk, struct store *store, const char *prefix, char delimiter,
             struct err *err)
{
    char *token = NULL;
    int answer = 0;

    do {
        struct store_page page = {0};
        struct store_op op = {.verb = STORE_LIST,
                              .key = prefix,
                              .delimiter = delimiter,
                              .token = token,
                              .page = &page};

        answer = list_page(store, &op, err) || take_page(walk, &page, err) ? ERR_FAIL : 0;
        if (answer == 0 && token && page.next && strcmp(token, page.next) == 0)
            answer = err_set(err, ERR_UNSUPPORTED, "listing",
                             "the store gives the same page of %s again and again", prefix);
        free(token);
        token = page.next;
        page.next = NULL;
        store_page_finish(&page);
    } while (answer == 0 && token);
    free(token);
    if (answer)
        err_wrap(err, "cannot list %s", prefix);
    return answer;
}

void walk_finish(struct walk *walk)
{
    for (size_t i = 0; i < walk->count; i++)
        free(walk->keys[i]);
    free(walk->keys);
    *walk = (struct walk){0};
}
