/*
 * The claim is written on condition that there is none. A store without conditions is read before
 * and after the write.
 */
#include "push/claim.h"

#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/log.h"
#include "catalog/conditions.h"
#include "catalog/keys.h"
#include "store/store.h"

#define CLAIM_MAX   (4 * KIB)
#define CLAIM_STAYS (24 * 3600 * NS_PER_S)

struct claim {
    struct store *store;
    char key[KEY_MAX];
    const struct platform *platform;
    struct text text; /* ours */
    /* the claim in the bucket, after read_claim */
    char etag[STORE_ETAG_MAX];
    struct platform theirs;
    bool old;
};

enum { THERE = 0, MISSING = 1 };

static int write_text(struct claim *c, struct err *err)
{
    char unique[KEY_UNIQUE_SIZE], at[CLOCK_RFC3339_SIZE], platform[PLATFORM_TEXT_SIZE];
    struct json_writer w;

    if (key_unique(unique, err))
        return ERR_FAIL;
    clock_rfc3339(clock_wall(), at);
    platform_text(c->platform, platform);
    jw_init(&w, &c->text, false);
    jw_object(&w, NULL);
    jw_string(&w, "platform", platform);
    jw_string(&w, "unique", unique);
    jw_string(&w, "at", at);
    jw_end(&w);
    return text_check(&c->text, "the claim", err);
}

/* A claim that cannot be parsed is any platform's. */
static void parse_claim(struct claim *c, struct view text)
{
    char platform[PLATFORM_TEXT_SIZE] = "";
    struct json *json;
    struct err ignored;

    c->theirs = (struct platform){.os = ""};
    if (json_parse(&json, text, &JSON_DOCUMENT, "the claim", &ignored))
        return;
    json_string(json_get(json_root(json), "platform"), platform, sizeof platform);
    platform_parse(platform, &c->theirs);
    json_destroy(json);
}

static int read_claim(struct claim *c, struct err *err)
{
    _cleanup_text_ struct text text = {0};
    struct store_op op = {.verb = STORE_GET, .key = c->key, .text = &text};
    int64_t now;

    text_init(&text, CLAIM_MAX);
    switch (store_run(c->store, &op, err)) {
    case STORE_FAILED:
        return ERR_FAIL;
    case STORE_DONE:
        break;
    default:
        return MISSING;
    }
    now = op.server_time ? op.server_time : clock_wall();
    str_copy(c->etag, sizeof c->etag, op.info.etag);
    c->old = now - op.info.modified > CLAIM_STAYS;
    parse_claim(c, text_view(&text));
    return THERE;
}

static bool is_ours(const struct claim *c)
{
    return platform_same(&c->theirs, c->platform);
}

/* Returns true for a refusal that does not concern the push: it may have no right for this key. */
static bool is_refused(const struct store_op *op)
{
    return op->failure == STORE_FORBIDDEN || op->failure == STORE_UNSUPPORTED ||
           op->failure == STORE_REJECTED;
}

/* Returns the result of the operation, or STORE_DONE with a line in the log if the store refuses
 * the object. */
static enum store_answer put_claim(struct claim *c, const char *if_match, bool conditional,
                                   struct err *err)
{
    struct store_op op = {.verb = STORE_PUT,
                          .key = c->key,
                          .body = text_view(&c->text),
                          .if_match = conditional ? if_match : NULL,
                          .if_none_match = conditional && !if_match,
                          .content_type = "application/json"};
    enum store_answer answer = store_run(c->store, &op, err);

    if (answer != STORE_FAILED || !is_refused(&op))
        return answer;
    log_info("push: no claim for the first platform: %s", err->text);
    return STORE_DONE;
}

/* There is a claim: takes it over if it is old. */
static int take_over(struct claim *c, bool conditional, bool *mine, struct err *err)
{
    enum store_answer answer;

    *mine = is_ours(c);
    if (*mine || !c->old)
        return 0;
    answer = put_claim(c, c->etag, conditional, err);
    *mine = answer == STORE_DONE;
    return answer == STORE_FAILED ? ERR_FAIL : 0;
}

static int take_with_conditions(struct claim *c, bool *mine, struct err *err)
{
    enum store_answer answer = put_claim(c, NULL, true, err);
    int there;

    *mine = answer == STORE_DONE;
    if (answer == STORE_FAILED)
        return ERR_FAIL;
    if (*mine)
        return 0;
    there = read_claim(c, err);
    if (there) /* the other push has ended */
        return there < 0 ? ERR_FAIL : 0;
    return take_over(c, true, mine, err);
}

static int take_without_conditions(struct claim *c, bool *mine, struct err *err)
{
    int there = read_claim(c, err);

    if (there < 0)
        return ERR_FAIL;
    if (there == THERE && !is_ours(c) && !c->old) {
        *mine = false;
        return 0;
    }
    *mine = true;
    if (put_claim(c, NULL, false, err) == STORE_FAILED)
        return ERR_FAIL;
    there = read_claim(c, err);
    if (there == THERE)
        *mine = is_ours(c);
    return there < 0 ? ERR_FAIL : 0;
}

int claim_take(struct store *store, const char *image_key, const struct platform *platform,
               bool *mine, struct err *err)
{
    struct claim c = {.store = store, .platform = platform};
    bool conditional;
    int answer;

    *mine = true;
    if (key_of_sibling(c.key, image_key, KEY_CLAIM, err))
        return ERR_FAIL;
    if (conditions_find(store, &conditional, err))
        conditional = false;
    text_init(&c.text, CLAIM_MAX);
    answer = write_text(&c, err);
    if (answer == 0)
        answer = conditional ? take_with_conditions(&c, mine, err)
                             : take_without_conditions(&c, mine, err);
    text_finish(&c.text);
    return answer;
}

void claim_end(struct store *store, const char *image_key)
{
    char key[KEY_MAX];
    struct store_op op = {.verb = STORE_DELETE, .key = key, .optional = true};
    struct err err;

    if (!key_sibling(key, image_key, KEY_CLAIM))
        return;
    store_insist(store, true);
    if (store_run(store, &op, &err) == STORE_FAILED)
        log_debug("%s could not be removed: %s", key, err.text);
    store_insist(store, false);
}
