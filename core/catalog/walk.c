/* The keys of all pages are collected, sorted and freed of duplicates. */
#include "catalog/walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/codes.h"
#include "base/err.h"
#include "catalog/warnings.h"

#define UNSURE                                                                                     \
    "%s: the store did not confirm that this list is complete, or listed keys twice or out of "    \
    "order"

static int take_key(void *arg, const struct store_entry *entry, struct err *err)
{
    struct walk *walk = arg;
    char *key;

    if (walk->count == WALK_KEYS_MAX)
        return err_set(err, ERR_UNSUPPORTED, "listing", "more than %d keys", WALK_KEYS_MAX);
    key = strdup(entry->key);
    if (!key || !array_reserve(&walk->keys, &walk->room, walk->count, sizeof *walk->keys)) {
        free(key);
        return err_memory(err, "the listing");
    }
    walk->keys[walk->count++] = key;
    return 0;
}

/* A bucket without keys has an empty listing. A listing that is absent means that there is no
 * bucket. */
int walk_no_bucket(const struct store *store, struct err *err)
{
    err_set(err, ERR_NOT_FOUND, CODE_BUCKET, "%s cannot be listed: there is no such bucket",
            store->where);
    return err_hint(err,
                    "if the host of the endpoint contains the name of a bucket, remove it from the "
                    "endpoint (docs/configuration.md)");
}

int walk_each(struct store *store, struct store_op *op, store_entry_fn *each, void *arg,
              struct err *err)
{
    enum store_answer answer = store_each(store, op, each, arg, err);

    if (answer == STORE_DONE)
        return 0;
    if (answer != STORE_FAILED)
        walk_no_bucket(store, err);
    return err_wrap(err, "cannot list %s", op->key);
}

int walk_each_sure(struct store *store, struct store_op *op, store_entry_fn *each, void *arg,
                   const char *what, struct err *err)
{
    switch (store_each(store, op, each, arg, err)) {
    case STORE_FAILED:
        return op->answer == STORE_FAILED ? err_wrap(err, "cannot list %s", what) : ERR_FAIL;
    case STORE_DONE:
        break;
    default:
        return walk_no_bucket(store, err);
    }
    /* The absence of an upload decides nothing. */
    return op->unsure && op->verb != STORE_UPLOADS ? walk_refuse_unsure(op->key, err) : 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts the keys from `first` on and drops those that the store has listed twice. */
static void drop_doubles(struct walk *walk, size_t first)
{
    size_t kept = first;

    if (walk->count > first)
        qsort(walk->keys + first, walk->count - first, sizeof *walk->keys, by_text);
    for (size_t i = first; i < walk->count; i++)
        if (kept > first && strcmp(walk->keys[kept - 1], walk->keys[i]) == 0)
            free(walk->keys[i]);
        else
            walk->keys[kept++] = walk->keys[i];
    walk->count = kept;
}

int walk_run(struct walk *walk, struct store *store, const char *prefix, char delimiter,
             struct err *err)
{
    struct store_op op = {.verb = STORE_LIST, .key = prefix, .delimiter = delimiter};

    return walk_collect(walk, store, &op, err);
}

int walk_collect(struct walk *walk, struct store *store, struct store_op *op, struct err *err)
{
    size_t first = walk->count;
    int failed = walk_each(store, op, take_key, walk, err);

    drop_doubles(walk, first);
    walk->unsure = walk->unsure || op->unsure;
    return failed;
}

int walk_refuse_unsure(const char *prefix, struct err *err)
{
    return err_set(err, ERR_INTEGRITY, CODE_LISTING, UNSURE, prefix);
}

void walk_warn_unsure(const char *prefix, struct text *warnings)
{
    warnings_add(warnings, UNSURE, prefix);
}

void walk_warn(const struct walk *walk, const char *prefix, struct text *warnings)
{
    if (walk->unsure)
        walk_warn_unsure(prefix, warnings);
}

void walk_finish(struct walk *walk)
{
    for (size_t i = 0; i < walk->count; i++)
        free(walk->keys[i]);
    free(walk->keys);
    *walk = (struct walk){0};
}
