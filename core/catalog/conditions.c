/*
 * The result is kept in {cache}/conditions/{sha256 of the store's identity}, as "yes" or "no". If
 * it cannot be kept, the test is repeated. A "no" is valid for a week, because servers are updated;
 * a "yes" for 30 days, because a server may be replaced.
 */
#include "catalog/conditions.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "catalog/audit.h"
#include "store/store.h"

#define DAY       (24 * 3600) /* seconds */
#define NO_LASTS  (7 * DAY)
#define YES_LASTS (30 * DAY)

/* ---- the test ---- */

struct probe {
    struct store *store;
    char key[KEY_MAX];
    char etag[STORE_ETAG_MAX];
};

/* Writes under a condition. *met: STORE_DONE, STORE_CHANGED, or STORE_ABSENT. STORE_ABSENT also
 * means that conditions are not honoured. Some servers without conditions report them as
 * unsupported or as invalid. */
static int put_probe(struct probe *probe, const char *body, const char *if_match,
                     bool if_none_match, enum store_answer *met, struct err *err)
{
    struct store_op op = {.verb = STORE_PUT,
                          .key = probe->key,
                          .body = view_str(body),
                          .if_match = if_match,
                          .if_none_match = if_none_match,
                          .content_type = "application/json",
                          .optional = true};

    *met = store_run(probe->store, &op, err);
    if (*met == STORE_DONE)
        memcpy(probe->etag, op.info.etag, sizeof probe->etag);
    if (*met == STORE_FAILED && op.failure != STORE_UNSUPPORTED && op.failure != STORE_REJECTED)
        return ERR_FAIL;
    return 0;
}

/* Writes four times: two writes must succeed, and two must be refused. */
static int test_writes(struct probe *probe, bool *honoured, struct err *err)
{
    static const char other[] = "\"00000000000000000000000000000000\"";
    enum store_answer first, second, third, fourth;
    char etag[STORE_ETAG_MAX];

    if (put_probe(probe, "{}", NULL, true, &first, err))
        return ERR_FAIL;
    if (first != STORE_DONE)
        return 0;
    if (put_probe(probe, "{ }", NULL, true, &second, err) ||
        put_probe(probe, "{ }", other, false, &third, err))
        return ERR_FAIL;
    if (second == STORE_DONE || third == STORE_DONE)
        return 0;
    memcpy(etag, probe->etag, sizeof etag);
    if (put_probe(probe, "{  }", etag, false, &fourth, err))
        return ERR_FAIL;
    *honoured = second == STORE_CHANGED && fourth == STORE_DONE;
    return 0;
}

static void delete_probe(struct probe *probe)
{
    struct store_op op = {.verb = STORE_DELETE, .key = probe->key, .optional = true};
    struct err err;

    store_insist(probe->store, true); /* delete it despite a cancel */
    if (store_run(probe->store, &op, &err) == STORE_FAILED)
        log_info("cannot delete the test object %s: %s", probe->key, err.text);
    store_insist(probe->store, false);
}

int conditions_probe(struct store *store, bool *honoured, struct err *err)
{
    struct probe probe = {.store = store};
    char unique[AUDIT_UNIQUE_SIZE];
    int answer;

    *honoured = false;
    if (audit_unique(unique, err))
        return ERR_FAIL;
    snprintf(probe.key, sizeof probe.key, "audit/.s3dock-probe-%s", unique);
    answer = test_writes(&probe, honoured, err);
    delete_probe(&probe);
    return answer;
}

/* ---- the cache ---- */

static bool read_answer(const char *path, bool *honoured)
{
    _cleanup_text_ struct text text = {0};
    struct stat known;
    struct err ignored;
    int64_t age;

    text_init(&text, 16);
    if (file_read(path, &text, &ignored) != FILE_OK || stat(path, &known) != 0)
        return false;
    *honoured = strcmp(text.data, "yes") == 0;
    if (!*honoured && strcmp(text.data, "no") != 0)
        return false;
    age = clock_wall() / NS_PER_S - known.st_mtime;
    return age >= 0 && age < (*honoured ? YES_LASTS : NO_LASTS);
}

int conditions_find(struct store *store, bool *honoured, struct err *err)
{
    char path[PATH_MAX];
    bool kept = store_note_path(store, "conditions", path, sizeof path);
    struct err ignored;

    if (kept && read_answer(path, honoured))
        return 0;
    if (conditions_probe(store, honoured, err))
        return err_wrap(err, "cannot check whether the store supports conditions");
    log_debug("%s %s If-Match and If-None-Match", store->where,
              *honoured ? "honours" : "does not honour");
    if (kept)
        (void)file_replace(path, view_str(*honoured ? "yes" : "no"), 0600, &ignored);
    return 0;
}
