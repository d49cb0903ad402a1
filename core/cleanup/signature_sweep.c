/*
 * Both lists are in the order of their keys. So the documents of one application and kind are
 * listed once, and each signature of them is looked up in that list. Right before the DELETE, the
 * bucket is asked for the document again; the ETag of the signatures is the condition.
 */
#include "cleanup/signature_sweep.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "catalog/keys.h"
#include "catalog/retired.h"
#include "catalog/statement.h"
#include "catalog/strings.h"
#include "catalog/walk.h"

struct old_signature {
    const char *key, *etag, *document;
    uint64_t size;
    int64_t modified;
};

struct signature_sweep {
    const struct sweep_policy *policy;
    sweep_fn *each;
    void *arg;
    struct strings strings;
    struct old_signature *list;
    size_t count, room;
};

/* ---- the signatures ---- */

static int add_signature(void *arg, const struct store_entry *entry, struct err *err)
{
    struct signature_sweep *s = arg;
    struct old_signature next = {.size = entry->info.size, .modified = entry->info.modified};
    enum statement_kind kind;
    char document[KEY_MAX];

    if (!key_of_signatures(document, entry->key) || !statement_kind_of(document, &kind))
        return 0;
    if (!array_reserve(&s->list, &s->room, s->count, sizeof *s->list))
        return err_memory(err, "the signatures");
    next.key = strings_keep(&s->strings, entry->key, err);
    next.etag = next.key ? strings_keep(&s->strings, entry->info.etag, err) : NULL;
    next.document = next.etag ? strings_keep(&s->strings, document, err) : NULL;
    if (!next.document)
        return ERR_FAIL;
    s->list[s->count++] = next;
    return 0;
}

/* Keeps the signatures that are old by the store's clock. */
static void drop_young(struct signature_sweep *s, int64_t now)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->count; i++)
        if (s->list[i].modified && now - s->list[i].modified >= s->policy->unfinished)
            s->list[kept++] = s->list[i];
    s->count = kept;
}

static int list_signatures(struct signature_sweep *s, struct err *err)
{
    struct store_op op = {.verb = STORE_LIST, .key = "signatures/", .optional = true};
    enum store_answer answer = store_each(s->policy->store, &op, add_signature, s, err);

    if (answer == STORE_FAILED && op.answer == STORE_FAILED && op.failure == STORE_FORBIDDEN) {
        log_info("signatures are not cleaned up: %s", err->text);
        s->count = 0;
        return 0;
    }
    if (answer != STORE_DONE)
        return answer == STORE_FAILED ? ERR_FAIL : 0;
    drop_young(s, op.server_time ? op.server_time : clock_wall());
    return 0;
}

/* ---- their documents ---- */

/* Returns the size of "images/{app}/" in a key. */
static size_t group_size(const char *document)
{
    const char *slash = strchr(document, '/');

    slash = slash ? strchr(slash + 1, '/') : NULL;
    return slash ? (size_t)(slash + 1 - document) : strlen(document);
}

static int compare_keys(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static bool has_key(const struct walk *walk, const char *key)
{
    return walk->count &&
           bsearch(&key, walk->keys, walk->count, sizeof *walk->keys, compare_keys) != NULL;
}

/* Returns true if the list has the document, or the tombstone that would restore it. */
static bool is_listed(const struct walk *walk, const char *document)
{
    char tombstone[KEY_MAX];
    char *end;

    if (has_key(walk, document))
        return true;
    str_copy(tombstone, sizeof tombstone - 4, document);
    end = strrchr(tombstone, '.');
    if (end)
        memcpy(end, ".retired", sizeof ".retired");
    return has_key(walk, tombstone);
}

static int delete_one(struct signature_sweep *s, const struct old_signature *signature,
                      struct err *err)
{
    const struct sweep_item item = {.deed = SWEEP_DELETED,
                                    .key = signature->key,
                                    .size = signature->size,
                                    .since = signature->modified};
    struct store_info info;
    int answer = 0;

    switch (store_head(s->policy->store, signature->document, &info, err)) {
    case STORE_FAILED:
        return ERR_FAIL;
    case STORE_DONE:
        return 0;
    default:
        break;
    }
    if (!s->policy->dry_run)
        answer = retired_delete_object(s->policy->store, signature->key, signature->etag, err);
    if (answer == 0)
        s->each(s->arg, &item);
    return answer < 0 ? ERR_FAIL : 0;
}

/* Deletes those of one application and kind: `first` up to `end`. */
static int sweep_group(struct signature_sweep *s, size_t first, size_t end, struct err *err)
{
    const char *document = s->list[first].document;
    struct walk walk = {0};
    char prefix[KEY_MAX];
    int failed;

    str_copy(prefix, sizeof prefix, document);
    prefix[group_size(document)] = '\0';
    failed = walk_run(&walk, s->policy->store, prefix, 0, err);
    for (size_t i = first; !failed && !walk.unsure && i < end; i++)
        if (!is_listed(&walk, s->list[i].document))
            failed = delete_one(s, &s->list[i], err);
    walk_finish(&walk);
    return failed;
}

static int sweep_groups(struct signature_sweep *s, struct err *err)
{
    for (size_t first = 0, end; first < s->count; first = end) {
        const char *document = s->list[first].document;
        size_t size = group_size(document);

        for (end = first + 1; end < s->count && strncmp(s->list[end].document, document, size) == 0;
             end++)
            ;
        if (sweep_group(s, first, end, err))
            return ERR_FAIL;
    }
    return 0;
}

int signature_sweep_run(const struct sweep_policy *policy, sweep_fn *each, void *arg,
                        struct err *err)
{
    struct signature_sweep s = {.policy = policy, .each = each, .arg = arg};
    int failed = list_signatures(&s, err) || sweep_groups(&s, err) ? ERR_FAIL : 0;

    free(s.list);
    strings_finish(&s.strings);
    return failed;
}
