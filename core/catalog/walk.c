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

int walk_run(struct walk *walk, struct store *store, const char *prefix, char delimiter,
             struct err *err)
{
    char *token = NULL;
    int answer;

    do {
        struct store_page page = {0};
        struct store_op op = {.verb = STORE_LIST,
                              .key = prefix,
                              .delimiter = delimiter,
                              .token = token,
                              .page = &page};

        answer =
            store_run(store, &op, err) == STORE_FAILED ? ERR_FAIL : take_page(walk, &page, err);
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
