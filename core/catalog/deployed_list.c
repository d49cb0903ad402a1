/*
 * One list gives the keys, and the documents are read in parallel. A document is parsed, reported
 * and dropped, so the memory is that of the keys.
 */
#include "catalog/deployed_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "catalog/fetch.h"
#include "catalog/walk.h"
#include "catalog/warnings.h"

#define BEATS_MISSED 3

struct search {
    struct walk walk;
    deployed_list_fn *each;
    void *arg;
    struct text *warnings;
    struct err *err;
    bool failed;
};

/* ---- the list ---- */

static int hint_at_rights(struct err *err)
{
    if (err_is(err, ERR_AUTH, CODE_DENIED))
        err_hint(err, "the key needs the rights s3:ListBucket for the prefix deployments/ and "
                      "s3:GetObject on deployments/*");
    return ERR_FAIL;
}

/* Drops keys that are no documents of hosts. Those with the ending of one add a warning. */
static void keep_documents(struct search *search)
{
    struct walk *walk = &search->walk;
    char app[NAME_APP_MAX], env[NAME_ENV_MAX], host[DEPLOYED_HOST_MAX];
    size_t kept = 0;

    for (size_t i = 0; i < walk->count; i++) {
        char *key = walk->keys[i];

        if (key_parse_deployed(key, app, env, host)) {
            walk->keys[i] = walk->keys[kept];
            walk->keys[kept++] = key;
        } else if (str_ends(key, ".json")) {
            warnings_add(search->warnings, "%s: the name is not valid", key);
        }
    }
    for (size_t i = kept; i < walk->count; i++)
        free(walk->keys[i]);
    walk->count = kept;
}

static int list_documents(struct search *search, struct store *store, const char *app,
                          const char *env, struct deployed_list *out, struct err *err)
{
    struct store_op op = {.verb = STORE_LIST};
    char prefix[KEY_MAX];

    snprintf(prefix, sizeof prefix, "deployments/%s/%s%s", app, env ? env : "", env ? "/" : "");
    op.key = prefix;
    if (walk_collect(&search->walk, store, &op, err))
        return hint_at_rights(err);
    out->now = op.server_time ? op.server_time : clock_wall();
    out->unsure = search->walk.unsure;
    walk_warn(&search->walk, prefix, search->warnings);
    keep_documents(search);
    return 0;
}

/* ---- the documents ---- */

/* Sets a name by the key. Returns false if the document has another one. */
static bool take_name(char *name, size_t size, const char *of_key)
{
    bool same = !name[0] || strcmp(name, of_key) == 0;

    (void)str_copy(name, size, of_key);
    return same;
}

static bool is_of_key(struct deployed *deployed, const char *key)
{
    char app[NAME_APP_MAX], env[NAME_ENV_MAX], host[DEPLOYED_HOST_MAX];

    return key_parse_deployed(key, app, env, host) &&
           take_name(deployed->app_name, sizeof deployed->app_name, app) &&
           take_name(deployed->environment, sizeof deployed->environment, env) &&
           take_name(deployed->host, sizeof deployed->host, host);
}

static void take_document(void *arg, size_t at, enum store_answer answer, struct view text,
                          const struct err *why)
{
    struct search *search = arg;
    const char *key = search->walk.keys[at];
    struct deployed deployed;
    struct err err;

    if (answer == STORE_ABSENT) /* deleted since it was listed */
        return;
    if (answer != STORE_DONE)
        warnings_add_error(search->warnings, key, why);
    else if (deployed_parse(text, &deployed, &err))
        warnings_add_error(search->warnings, key, &err);
    else if (!is_of_key(&deployed, key))
        warnings_add(search->warnings, "%s: the record names another host or environment", key);
    else if (!search->failed)
        search->failed = search->each(search->arg, &deployed, search->err) != 0;
}

int deployed_list_read(struct store *store, const char *app, const char *env,
                       struct deployed_list *list, deployed_list_fn *each, void *arg,
                       struct text *warnings, struct err *err)
{
    struct search search = {.each = each, .arg = arg, .warnings = warnings, .err = err};
    int failed;

    *list = (struct deployed_list){.now = 0};
    failed = list_documents(&search, store, app, env, list, err) ||
             fetch_run(store, search.walk.keys, search.walk.count, take_document, &search, err) ||
             search.failed;
    walk_finish(&search.walk);
    return failed ? ERR_FAIL : 0;
}

/* ---- the age of a document ---- */

bool deployed_is_silent(const struct deployed *deployed, int64_t now)
{
    return deployed->heartbeat > 0 &&
           !deployed_is_recent(deployed, now, BEATS_MISSED * deployed->heartbeat * NS_PER_S);
}

bool deployed_is_recent(const struct deployed *deployed, int64_t now, int64_t age)
{
    int64_t seen;

    /* A time after now comes from another clock: the document counts as recent. */
    if (!clock_parse_rfc3339(deployed->seen, &seen) || seen > now)
        return true;
    return seen >= now - age;
}
