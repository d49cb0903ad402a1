/*
 * Where the store honours conditions, its lists show completed writes. Then one list for each image
 * that the objects belong to shows the objects and the tombstones. Otherwise each object and each
 * possible tombstone is asked for.
 */
#include "catalog/object_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "catalog/conditions.h"
#include "catalog/tombstone.h"
#include "catalog/walk.h"
#include "store/store.h"

#define NEEDS_MAX (METADATA_OBJECTS_MAX + 1) /* with the index */
#define GROUP     32                         /* requests at a time */

struct need {
    const char *key, *etag;      /* etag "": any */
    char stem[KEY_MAX];          /* prefix of the keys of its image */
    char tombstones[2][KEY_MAX]; /* "": none can exist */
    bool there;
    bool announced[2]; /* the tombstone exists */
};

struct check {
    struct store *store;
    struct need *needs;
    unsigned count;
};

static void set_keys(struct need *need)
{
    char month[CLOCK_MONTH_SIZE], unique[KEY_UNIQUE_SIZE];
    struct image_name name;
    enum data_kind kind;
    size_t stem;

    str_copy(need->stem, sizeof need->stem, need->key);
    if (key_parse_data(need->key, &name, month, unique, &kind)) {
        key_data(need->tombstones[0], &name, month, unique, DATA_RETIRED);
    } else if (key_parse_image(need->key, &name, month)) {
        key_image(need->tombstones[0], &name, month, KEY_RETIRED);
        key_data(need->tombstones[1], &name, month, KEY_UNIQUE_NONE, DATA_RETIRED);
    } else {
        return; /* below archive/, where nothing is deleted */
    }
    key_image(need->stem, &name, month, KEY_RETIRED);
    stem = strlen(need->stem) - strlen(".retired");
    need->stem[stem] = '\0';
}

/* ---- by lists ---- */

static int see_entry(void *arg, const struct store_entry *entry, struct err *err)
{
    struct check *check = arg;

    (void)err;
    for (unsigned i = 0; i < check->count; i++) {
        struct need *need = &check->needs[i];

        if (strcmp(need->key, entry->key) == 0)
            need->there = !need->etag[0] || strcmp(need->etag, entry->info.etag) == 0;
        for (unsigned k = 0; k < 2; k++)
            if (strcmp(need->tombstones[k], entry->key) == 0)
                need->announced[k] = true;
    }
    return 0;
}

/* Reports the entries of a list. Reads the list again if its first page is not its last one. */
static int see_list(struct check *check, struct store_op *list, struct err *err)
{
    struct store_op again = {.verb = STORE_LIST, .key = list->key};

    if (list->answer == STORE_FAILED)
        return *err = list->err, ERR_FAIL;
    if (list->answer != STORE_DONE)
        return walk_no_bucket(check->store, err);
    if (list->page->next || list->page->unsure)
        return walk_each_sure(check->store, &again, see_entry, check, "the data of images", err);
    for (size_t i = 0; i < list->page->count; i++)
        see_entry(check, &list->page->entries[i], err);
    return 0;
}

static int run_lists(struct check *check, struct store_op *ops, unsigned count, struct err *err)
{
    struct store_page pages[GROUP] = {{.count = 0}};
    struct store_op *all[GROUP] = {NULL};
    int failed;

    for (unsigned i = 0; i < count; i++) {
        ops[i].page = &pages[i];
        all[i] = &ops[i];
    }
    failed = store_run_all(check->store, all, count, err);
    for (unsigned i = 0; i < count; i++) {
        failed = failed || see_list(check, &ops[i], err);
        store_page_finish(&pages[i]);
    }
    return failed ? ERR_FAIL : 0;
}

/* Lists the keys of each image once. */
static int find_by_lists(struct check *check, struct store_op ops[GROUP], struct err *err)
{
    unsigned filled = 0;
    int failed = 0;

    for (unsigned i = 0; !failed && i < check->count; i++) {
        unsigned first = 0;

        while (strcmp(check->needs[first].stem, check->needs[i].stem) != 0)
            first++;
        if (first == i)
            ops[filled++] = (struct store_op){.verb = STORE_LIST, .key = check->needs[i].stem};
        if (filled == GROUP || (filled && i + 1 == check->count)) {
            failed = run_lists(check, ops, filled, err);
            filled = 0;
        }
    }
    return failed;
}

/* ---- by HEAD ---- */

static int head_group(struct check *check, struct store_op ops[GROUP], unsigned count,
                      struct err *err)
{
    struct store_op *all[GROUP] = {NULL};

    for (unsigned i = 0; i < count; i++)
        all[i] = &ops[i];
    return store_run_all_or_fail(check->store, all, count, err);
}

/* Sends a HEAD for one object, or its first or second tombstone, of each need from `first` on. */
static int head_needs(struct check *check, struct store_op ops[GROUP], unsigned first,
                      unsigned what, struct err *err)
{
    unsigned left = check->count - first, count = left < GROUP ? left : GROUP, filled = 0;

    for (unsigned i = first; i < first + count; i++) {
        struct need *need = &check->needs[i];
        const char *key = what == 0 ? need->key : need->tombstones[what - 1];

        if (key[0])
            ops[filled++] = (struct store_op){.verb = STORE_HEAD, .key = key};
    }
    if (filled && head_group(check, ops, filled, err))
        return ERR_FAIL;
    for (unsigned i = 0; i < filled; i++) {
        struct store_entry entry = {.key = (char *)ops[i].key, .info = ops[i].info};

        if (ops[i].answer == STORE_DONE)
            see_entry(check, &entry, err);
    }
    return 0;
}

static int find_by_heads(struct check *check, struct store_op ops[GROUP], struct err *err)
{
    for (unsigned first = 0; first < check->count; first += GROUP)
        for (unsigned what = 0; what < 3; what++)
            if (head_needs(check, ops, first, what, err))
                return ERR_FAIL;
    return 0;
}

/* ---- the result ---- */

static bool announces(const struct tombstone *tombstone, const char *key)
{
    struct image_name name;
    char month[CLOCK_MONTH_SIZE];

    if (!tombstone->deleting)
        return false;
    for (unsigned i = 0; i < tombstone->object_count; i++)
        if (strcmp(tombstone->objects[i].key, key) == 0)
            return true;
    return tombstone->archive_etag[0] && key_parse_image(key, &name, month);
}

/* Returns 1 if a tombstone announces the deletion of the object. */
static int is_announced(struct check *check, const struct need *need, struct err *err)
{
    struct tombstone tombstone;
    bool announced = false;

    for (unsigned i = 0; !announced && i < ARRAY_SIZE(need->announced); i++) {
        if (!need->announced[i])
            continue;
        switch (tombstone_get(check->store, need->tombstones[i], &tombstone, err)) {
        case STORE_FAILED:
            return ERR_FAIL;
        case STORE_DONE:
            announced = announces(&tombstone, need->key);
            tombstone_finish(&tombstone);
            break;
        default:
            break;
        }
    }
    return announced;
}

static int find_lost(struct check *check, char lost[KEY_MAX], struct err *err)
{
    for (unsigned i = 0; i < check->count; i++) {
        struct need *need = &check->needs[i];
        int answer = need->there ? is_announced(check, need, err) : 1;

        if (answer < 0)
            return ERR_FAIL;
        if (answer == 0)
            continue;
        str_copy(lost, KEY_MAX, need->key);
        return OBJECT_CHECK_LOST;
    }
    return 0;
}

static int find_objects(struct check *check, struct err *err)
{
    struct store_op *ops = calloc(GROUP, sizeof *ops);
    bool lists;
    int failed;

    if (!ops)
        return err_memory(err, "the objects of the image");
    failed = conditions_find(check->store, &lists, err);
    if (!failed)
        failed = lists ? find_by_lists(check, ops, err) : find_by_heads(check, ops, err);
    free(ops);
    return failed ? ERR_FAIL : 0;
}

int object_check(struct store *store, const struct metadata *metadata, char lost[KEY_MAX],
                 struct err *err)
{
    struct check check = {.store = store, .count = metadata->object_count + 1};
    int answer;

    lost[0] = '\0';
    check.needs = calloc(NEEDS_MAX, sizeof *check.needs);
    if (!check.needs)
        return err_memory(err, "the objects of the image");
    for (unsigned i = 0; i < metadata->object_count; i++) {
        check.needs[i].key = metadata->objects[i].key;
        check.needs[i].etag = metadata->objects[i].etag;
    }
    check.needs[metadata->object_count].key = metadata->index_key;
    check.needs[metadata->object_count].etag = "";
    for (unsigned i = 0; i < check.count; i++)
        set_keys(&check.needs[i]);
    answer = find_objects(&check, err);
    if (answer == 0)
        answer = find_lost(&check, lost, err);
    free(check.needs);
    return answer;
}
