/*
 * Keys that the store refuses: which refusals fetch another set, and how ops wait for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "credentials/provider.h"
#include "credentials/source.h"
#include "flow/cancel.h"
#include "flow/inbox.h"
#include "kit/fake_s3.h"
#include "store/s3/store_s3.h"
#include "store/store.h"

#define ACCESS "TESTACCESSKEY"
#define SECRET "test-secret-key-0001"

/* The first set has the token "token-1", and so on. */
struct script {
    atomic_int calls;
    atomic_bool blocked, stopped;
    bool no_token;
};

static int resolve(void *arg, bool may_ask, const char *rejected, struct credentials *out,
                   struct err *err)
{
    struct script *script = arg;
    char token[] = "token-0-for-a-test";

    (void)may_ask;
    (void)rejected;
    while (script->blocked && !script->stopped)
        usleep(1000);
    token[6] = (char)('0' + ++script->calls);
    return credentials_init(out, ACCESS, SECRET, script->no_token ? NULL : token, err);
}

static void end_source(void *arg)
{
    ((struct script *)arg)->stopped = true;
}

static struct credential_provider *provider_for(struct script *script)
{
    const struct provider_source source = {.resolve = resolve, .stop = end_source, .arg = script};
    struct err err;
    struct credential_provider *provider = provider_create(&source, &err);

    assert_non_null(provider);
    return provider;
}

static struct store *open_store(const struct fake_s3 *fake, struct credential_provider *provider,
                                const struct cancel *cancel)
{
    const struct store_s3_options options = {
        .endpoint = fake->url, .bucket = "images", .provider = provider, .cancel = cancel};
    struct err err;
    struct store *store = store_s3_create(&options, &err);

    assert_non_null(store);
    return store;
}

static enum store_answer put(struct store *store, struct err *err)
{
    struct store_op op = {.verb = STORE_PUT, .key = "a", .body = view_str("content")};

    return store_run(store, &op, err);
}

static void a_refused_set_is_replaced(void **state)
{
    static const struct {
        const char *code;
        unsigned nth; /* the request that is refused */
        bool no_token;
        int calls; /* of the source */
        const char *failure;
    } cases[] = {
        {"ExpiredToken", 1, false, 2, NULL},
        {"TokenRefreshRequired", 1, false, 2, NULL},
        {"InvalidToken", 1, false, 2, NULL},
        {"InvalidToken", 1, true, 1, "token"},
        {"InvalidAccessKeyId", 1, false, 1, "key"}, /* a typing error */
        {"InvalidAccessKeyId", 2, false, 2, NULL},  /* deleted meanwhile */
        {"SignatureDoesNotMatch", 1, false, 1, "signature"},
    };
    char rules[256];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct script script = {.no_token = cases[i].no_token};
        struct credential_provider *provider = provider_for(&script);
        struct fake_s3 fake;
        struct err err = {0};

        snprintf(rules, sizeof rules,
                 "[{\"kind\": \"Put\", \"nth\": %u, \"do\": \"status\", \"status\": 403, "
                 "\"code\": \"%s\"}]",
                 cases[i].nth, cases[i].code);
        fake_start(&fake, rules, NULL);
        struct store *store = open_store(&fake, provider, NULL);
        if (cases[i].nth > 1)
            assert_int_equal(put(store, &err), STORE_DONE);
        assert_int_equal(put(store, &err), cases[i].failure ? STORE_FAILED : STORE_DONE);
        if (cases[i].failure)
            assert_string_equal(err.code, cases[i].failure);
        assert_int_equal(script.calls, cases[i].calls);
        store_destroy(store);
        provider_destroy(provider);
        fake_stop(&fake);
    }
}

/* Ops wait without requests and without a busy loop, and a cancel ends the wait. */
static void ops_wait_for_the_next_set(void **state)
{
    struct script script = {0};
    struct credential_provider *provider = provider_for(&script);
    struct cancel cancel;
    struct fake_s3 fake;
    struct err err;

    (void)state;
    cancel_init(&cancel);
    fake_start(&fake,
               "[{\"kind\": \"Put\", \"times\": 0, \"do\": \"status\", \"status\": 400, \"code\": "
               "\"ExpiredToken\", \"token\": \"token-1-for-a-test\"}]",
               NULL);
    struct store *store = open_store(&fake, provider, &cancel);
    struct inbox *inbox = inbox_create(&err);
    struct store_op ops[4];
    static const char *const keys[] = {"0", "1", "2", "3"};

    script.blocked = true;
    for (unsigned i = 0; i < 4; i++) {
        ops[i] = (struct store_op){
            .verb = STORE_PUT, .key = keys[i], .body = view_str("content"), .inbox = inbox};
        store_submit(store, &ops[i]);
    }
    clock_t before = clock();
    assert_null(inbox_take(inbox, clock_monotonic() + NS_PER_S));
    assert_true(clock() - before < CLOCKS_PER_SEC / 5);
    assert_int_equal(fake_logged(&fake, "\"kind\": \"Put\"", ""), 4);
    script.blocked = false;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(((struct store_op *)inbox_take(inbox, INBOX_FOREVER))->answer, STORE_DONE);
    assert_int_equal(script.calls, 2);
    assert_int_equal(fake_logged(&fake, "\"status\": 200", "token-2"), 4);

    script.blocked = true; /* before the fetch that the rejection starts */
    provider_reject(provider, 2);
    ops[0].msg.next = NULL;
    store_submit(store, &ops[0]);
    assert_null(inbox_take(inbox, clock_monotonic() + NS_PER_S / 5));
    cancel_request(&cancel, 15);
    assert_ptr_equal(inbox_take(inbox, INBOX_FOREVER), &ops[0]);
    assert_int_equal(ops[0].err.family, ERR_CANCELLED);
    inbox_destroy(inbox);
    store_destroy(store);
    provider_destroy(provider);
    fake_stop(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_set_is_replaced),
        cmocka_unit_test(ops_wait_for_the_next_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
