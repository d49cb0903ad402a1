/* The whole S3 store with a scripted server (tests/kit/fake_s3.py), which checks signatures like a
 * real one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "credentials/provider.h"
#include "kit/fake_s3.h"
#include "kit/fixed_keys.h"
#include "store/s3/store_s3.h"
#include "store/store.h"

#define ACCESS "TESTACCESSKEY"
#define SECRET "test-secret-key-0001"
#define PART   (64 * KIB) /* the scripted server accepts small parts */

/* ---- the scripted server ---- */

static struct store *open_store(const struct fake_s3 *fake, const struct cancel *cancel)
{
    const struct store_s3_options options = {.endpoint = fake->url,
                                             .bucket = "images",
                                             .provider = fixed_keys(ACCESS, SECRET, NULL),
                                             .retry = &QUICK_RETRY,
                                             .cancel = cancel};
    struct err err;
    struct store *store = store_s3_create(&options, &err);

    if (!store)
        fail_msg("%s", err.text);
    return store;
}

/* ---- small helpers ---- */

static void expect(struct store *store, struct store_op *op, enum store_answer answer)
{
    struct err err = {0};

    if (store_run(store, op, &err) != answer)
        fail_msg("verb %d: answer %d, expected %d: %s.%s %s", (int)op->verb, (int)op->answer,
                 (int)answer, err_family_name(err.family), err.code, err.text);
}

static void put(struct store *store, const char *key, struct view body)
{
    expect(store, &(struct store_op){.verb = STORE_PUT, .key = key, .body = body}, STORE_DONE);
}

static void expect_content(struct store *store, const char *key, struct view content)
{
    uint8_t *buffer = malloc(content.size);

    expect(
        store,
        &(struct store_op){.verb = STORE_GET, .key = key, .length = content.size, .buffer = buffer},
        STORE_DONE);
    assert_memory_equal(buffer, content.data, content.size);
    free(buffer);
}

static struct view noise(size_t size)
{
    static uint8_t bytes[4 * 1024 * 1024];
    uint32_t x = 1;

    assert_true(size <= sizeof bytes);
    for (size_t i = 0; i < sizeof bytes && !bytes[sizeof bytes - 1]; i++)
        bytes[i] = (uint8_t)((x = x * 1664525u + 1013904223u) >> 24) | 1;
    return view_of(bytes, size);
}

static struct view slice(struct view view, size_t at, size_t size)
{
    return view_of(view.data + at, size);
}

/* All requests of a push and a pull, once: three parts, one of them copied. */
static void whole_scene(struct store *store)
{
    struct view data = noise(3 * PART);
    struct store_part parts[3];
    struct store_page page = {0};
    char id[STORE_UPLOAD_MAX];

    put(store, "old", data);
    struct store_op op = {.verb = STORE_HEAD, .key = "old"};
    expect(store, &op, STORE_DONE);
    assert_int_equal(op.info.size, data.size);

    op = (struct store_op){.verb = STORE_UPLOAD_CREATE, .key = "new/key with space+plus"};
    expect(store, &op, STORE_DONE);
    memcpy(id, op.upload_id, sizeof id);
    for (unsigned i = 0; i < 3; i++) {
        op = (struct store_op){.verb = i == 1 ? STORE_UPLOAD_COPY_PART : STORE_UPLOAD_PART,
                               .key = "new/key with space+plus",
                               .upload_id_in = id,
                               .part_number = i + 1};
        if (i == 1)
            op.source = "old", op.offset = PART, op.length = PART;
        else
            op.body = slice(data, i * PART, PART);
        expect(store, &op, STORE_DONE);
        parts[i].number = i + 1;
        memcpy(parts[i].etag, op.info.etag, STORE_ETAG_MAX);
    }
    op = (struct store_op){.verb = STORE_UPLOAD_PARTS,
                           .key = "new/key with space+plus",
                           .upload_id_in = id,
                           .page = &page};
    expect(store, &op, STORE_DONE);
    assert_int_equal(page.count, 3);
    store_page_finish(&page);
    op = (struct store_op){.verb = STORE_UPLOADS, .key = "new/", .page = &page};
    expect(store, &op, STORE_DONE);
    assert_true(page.count >= 1);
    store_page_finish(&page);
    op = (struct store_op){.verb = STORE_UPLOAD_COMPLETE,
                           .key = "new/key with space+plus",
                           .upload_id_in = id,
                           .parts = parts,
                           .part_count = 3};
    expect(store, &op, STORE_DONE);
    assert_true(op.info.etag[0]);
    expect_content(store, "new/key with space+plus", data);

    op = (struct store_op){.verb = STORE_COPY, .key = "copy", .source = "old"};
    expect(store, &op, STORE_DONE);
    op = (struct store_op){.verb = STORE_LIST, .key = "", .page = &page};
    expect(store, &op, STORE_DONE);
    assert_int_equal(page.count, 3);
    store_page_finish(&page);
    op = (struct store_op){.verb = STORE_DELETE, .key = "copy"};
    expect(store, &op, STORE_DONE);
    op = (struct store_op){.verb = STORE_HEAD, .key = "copy"};
    expect(store, &op, STORE_ABSENT);
    op = (struct store_op){.verb = STORE_UPLOAD_CREATE, .key = "unwanted"};
    expect(store, &op, STORE_DONE);
    memcpy(id, op.upload_id, sizeof id);
    op = (struct store_op){.verb = STORE_UPLOAD_ABORT, .key = "unwanted", .upload_id_in = id};
    expect(store, &op, STORE_DONE);
}

/* ---- temporary faults ---- */

#define KINDS "Head Get Put Delete Copy List Create Part CopyPart Complete Abort Parts Uploads"

static const struct survived {
    const char *name, *kinds, *what;
} SURVIVED[] = {
    {"nothing", "", ""},
    {"500", KINDS, "\"do\": \"status\", \"status\": 500, \"code\": \"InternalError\""},
    {"503", "Head Get Part Complete List",
     "\"do\": \"status\", \"status\": 503, \"code\": \"SlowDown\""},
    {"502 as HTML", "Head Get Put Create Complete Parts",
     "\"do\": \"text\", \"status\": 502, \"body\": \"<html>bad gateway\""},
    {"429, wait", "Get Part",
     "\"do\": \"status\", \"status\": 429, \"headers\": {\"Retry-After\": \"1\"}"},
    {"RequestTimeout", "Put Part Complete",
     "\"do\": \"status\", \"status\": 400, \"code\": \"RequestTimeout\""},
    {"reset", KINDS, "\"do\": \"reset\""},
    {"answer lost", KINDS, "\"do\": \"lose\""},
    {"done, but 500", KINDS, "\"do\": \"drop\", \"status\": 500, \"code\": \"InternalError\""},
    {"cut in the body", "Get Copy List Create CopyPart Complete Parts Uploads",
     "\"do\": \"cut\", \"bytes\": 20"},
    {"200 with an error", "Copy CopyPart Complete Create Put Part Delete List Abort",
     "\"do\": \"error200\", \"code\": \"InternalError\""},
    {"200 with nothing", "Copy CopyPart Complete Create List Parts Uploads", "\"do\": \"empty\""},
    {"no ETag", "Put Part Head", "\"do\": \"headers\", \"headers\": {\"ETag\": null}"},
};

/* One rule for each kind, which disturbs its first request. */
static void make_rules(const struct survived *fault, char *rules, size_t size)
{
    char kinds[256], *save = NULL;
    size_t used = (size_t)snprintf(rules, size, "[");

    snprintf(kinds, sizeof kinds, "%s", fault->kinds);
    for (char *kind = strtok_r(kinds, " ", &save); kind; kind = strtok_r(NULL, " ", &save))
        used += (size_t)snprintf(rules + used, size - used, "%s{\"kind\": \"%s\", %s}",
                                 used > 1 ? ", " : "", kind, fault->what);
    snprintf(rules + used, size - used, "]");
}

static void temporary_faults_are_survived(void **state)
{
    char rules[4096];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(SURVIVED); i++) {
        struct fake_s3 fake;
        print_message("# %s\n", SURVIVED[i].name);
        make_rules(&SURVIVED[i], rules, sizeof rules);
        fake_start(&fake, rules, NULL);
        struct store *store = open_store(&fake, NULL);
        whole_scene(store);
        struct store_stats stats;
        store_stats(store, &stats);
        assert_true(i == 0 ? stats.retries == 0 : stats.retries > 0);
        assert_true(stats.sent >= 5 * PART && stats.received >= 3 * PART);
        store_destroy(store);
        fake_stop(&fake);
    }
}

static void survives_a_server_that_goes_away_for_a_while(void **state)
{
    struct fake_s3 fake;

    (void)state;
    fake_start(&fake, "[{\"kind\": \"Get\", \"do\": \"refuse\", \"seconds\": 0.3}]", FAKE_ALONE);
    struct store *store = open_store(&fake, NULL);
    put(store, "k", noise(1000));
    expect_content(store, "k", noise(1000));
    store_destroy(store);
    fake_stop(&fake);
}

/* ---- permanent faults ---- */

static const struct fatal {
    const char *what;
    enum err_family family;
    const char *code;
} FATAL[] = {
    {"\"do\": \"status\", \"status\": 403, \"code\": \"AccessDenied\"", ERR_AUTH, "denied"},
    {"\"do\": \"status\", \"status\": 403, \"code\": \"SignatureDoesNotMatch\"", ERR_AUTH,
     "signature"},
    {"\"do\": \"status\", \"status\": 403, \"code\": \"InvalidAccessKeyId\"", ERR_AUTH, "key"},
    {"\"do\": \"status\", \"status\": 400, \"code\": \"ExpiredToken\"", ERR_AUTH, "expired"},
    {"\"do\": \"status\", \"status\": 403, \"code\": \"RequestTimeTooSkewed\"", ERR_AUTH, "clock"},
    {"\"do\": \"status\", \"status\": 404, \"code\": \"NoSuchBucket\"", ERR_NOT_FOUND, "bucket"},
    {"\"do\": \"status\", \"status\": 301, \"code\": \"PermanentRedirect\"", ERR_USAGE, "region"},
    {"\"do\": \"status\", \"status\": 501, \"code\": \"NotImplemented\"", ERR_UNSUPPORTED,
     "operation"},
    {"\"do\": \"status\", \"status\": 302, \"headers\": {\"Location\": \"http://login/\"}",
     ERR_NETWORK, "redirect"},
    {"\"do\": \"text\", \"body\": \"<!DOCTYPE html><html>Log in\"", ERR_NETWORK, "not_s3"},
    {"\"do\": \"text\", \"status\": 404, \"body\": \"<html>nginx\"", ERR_NETWORK, "not_s3"},
    {"\"do\": \"whole\"", ERR_INTEGRITY, "range"},
    {"\"do\": \"range\", \"content_range\": \"bytes 0-99/1000\"", ERR_INTEGRITY, "range"},
    {"\"do\": \"range\", \"content_range\": \"bytes 100-199/150\"", ERR_INTEGRITY, "range"},
    {"\"do\": \"range\", \"content_range\": \"rubbish\"", ERR_INTEGRITY, "range"},
    {"\"do\": \"status\", \"status\": 416, \"code\": \"InvalidRange\"", ERR_INTEGRITY, "range"},
};

static void permanent_faults_are_reported_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(FATAL); i++) {
        struct fake_s3 fake;
        struct err err = {0};
        char rules[512];
        uint8_t buffer[100];
        snprintf(rules, sizeof rules, "[{\"kind\": \"Get\", \"times\": 0, %s}]", FATAL[i].what);
        fake_start(&fake, rules, NULL);
        struct store *store = open_store(&fake, NULL);
        put(store, "k", noise(1000));
        struct store_op op = {.verb = STORE_GET,
                              .key = "k",
                              .offset = 100,
                              .length = sizeof buffer,
                              .buffer = buffer};
        assert_int_equal(store_run(store, &op, &err), STORE_FAILED);
        if (err.family != FATAL[i].family || strcmp(err.code, FATAL[i].code) != 0)
            fail_msg("%s: %s.%s %s", FATAL[i].what, err_family_name(err.family), err.code,
                     err.text);
        assert_true(op.tries <= 2);
        store_destroy(store);
        fake_stop(&fake);
    }
}

static void gives_up_after_the_tries_allowed(void **state)
{
    struct fake_s3 fake;
    struct err err;

    (void)state;
    fake_start(&fake, "[{\"kind\": \"Put\", \"times\": 0, \"do\": \"status\", \"status\": 500}]",
               NULL);
    const struct store_s3_options options = {.endpoint = fake.url,
                                             .bucket = "images",
                                             .provider = fixed_keys(ACCESS, SECRET, NULL),
                                             .retries = 3,
                                             .retry = &QUICK_RETRY};
    struct store *store = store_s3_create(&options, &err);
    struct store_op op = {.verb = STORE_PUT, .key = "k", .body = noise(10)};
    assert_int_equal(store_run(store, &op, &err), STORE_FAILED);
    assert_int_equal(op.tries, 3);
    assert_int_equal(err.family, ERR_NETWORK);
    assert_non_null(strstr(err.text, "after 3 tries"));
    assert_int_equal(fake_logged(&fake, "\"kind\": \"Put\"", ""), 3);
    store_destroy(store);
    fake_stop(&fake);
}

/* The first set has the old token, later ones the new one. */
static int resolve_token(void *arg, bool may_ask, const char *rejected, struct credentials *out,
                         struct err *err)
{
    (void)may_ask;
    (void)rejected;
    return credentials_init(out, ACCESS, SECRET,
                            ++*(int *)arg > 1 ? "the-new-token" : "the-old-token", err);
}

static void expired_keys_are_read_again(void **state)
{
    struct fake_s3 fake;
    struct err err;
    int asked = 0;
    const struct provider_source source = {.resolve = resolve_token, .arg = &asked};
    struct credential_provider *provider = provider_create(&source, &err);

    (void)state;
    /* two concurrent requests renew once; a request that fails with the new credentials ends */
    fake_start(&fake,
               "[{\"kind\": \"Put\", \"times\": 0, \"do\": \"status\", \"status\": 400,"
               " \"code\": \"ExpiredToken\", \"token\": \"the-old-token\"}, {\"kind\": \"Delete\", "
               "\"times\": 0,"
               " \"do\": \"status\", \"status\": 400, \"code\": \"ExpiredToken\"}]",
               NULL);
    const struct store_s3_options options = {
        .endpoint = fake.url, .bucket = "images", .provider = provider};
    struct store *store = store_s3_create(&options, &err);
    struct inbox *inbox = inbox_create(&err);
    struct store_op ops[2] = {{.verb = STORE_PUT, .key = "a", .body = noise(10), .inbox = inbox},
                              {.verb = STORE_PUT, .key = "b", .body = noise(10), .inbox = inbox}};
    assert_non_null(store);
    for (int i = 0; i < 2; i++)
        store_submit(store, &ops[i]);
    for (int i = 0; i < 2; i++)
        inbox_take(inbox, INBOX_FOREVER);
    assert_int_equal(ops[0].answer, STORE_DONE);
    assert_int_equal(ops[1].answer, STORE_DONE);
    assert_int_equal(asked, 2);
    assert_int_equal(fake_logged(&fake, "\"status\": 200", "the-new-token"), 2);

    struct store_op op = {.verb = STORE_DELETE, .key = "a"};
    assert_int_equal(store_run(store, &op, &err), STORE_FAILED);
    assert_int_equal(err.family, ERR_AUTH);
    assert_string_equal(err.code, "expired");
    /* the source has no third set, so nothing is sent with the second any more */
    assert_int_equal(fake_logged(&fake, "\"kind\": \"Delete\"", ""), 1);
    assert_int_equal(store_run(store, &op, &err), STORE_FAILED);
    assert_string_equal(err.code, "rejected");
    assert_int_equal(fake_logged(&fake, "\"kind\": \"Delete\"", ""), 1);
    inbox_destroy(inbox);
    store_destroy(store);
    provider_destroy(provider);
    fake_stop(&fake);
}

static void keeps_to_the_rate(void **state)
{
    struct view data = noise(1024 * 1024);
    struct fake_s3 fake;
    struct err err;

    (void)state;
    fake_start(&fake, "[]", NULL);
    const struct store_s3_options options = {.endpoint = fake.url,
                                             .bucket = "images",
                                             .provider = fixed_keys(ACCESS, SECRET, NULL),
                                             .rate = 1024 * 1024};
    struct store *store = store_s3_create(&options, &err);
    struct inbox *inbox = inbox_create(&err);
    struct store_op ops[4];
    assert_non_null(store);
    int64_t start = clock_monotonic();
    for (unsigned i = 0; i < 4; i++) { /* 1 MiB in four concurrent requests */
        static const char *const keys[] = {"0", "1", "2", "3"};
        ops[i] = (struct store_op){
            .verb = STORE_PUT, .key = keys[i], .body = slice(data, i * 256 * 1024, 256 * 1024)};
        ops[i].inbox = inbox;
        store_submit(store, &ops[i]);
    }
    for (int i = 0; i < 4; i++)
        assert_int_equal(((struct store_op *)inbox_take(inbox, INBOX_FOREVER))->answer, STORE_DONE);
    int64_t up = clock_monotonic() - start;
    assert_true(up > 600 * NS_PER_MS);
    for (unsigned i = 0; i < 4; i++)
        expect_content(store, ops[i].key, slice(data, i * 256 * 1024, 256 * 1024));
    int64_t down = clock_monotonic() - start - up;
    assert_true(down > 600 * NS_PER_MS);
    inbox_destroy(inbox);
    store_destroy(store);
    fake_stop(&fake);
}

static void wrong_keys_are_named_even_by_a_head(void **state)
{
    static const struct {
        const char *access_key, *secret_key, *bucket, *code, *text;
    } cases[] = {
        {"NOBODY", SECRET, "images", "key", "know this access key"},
        {ACCESS, "another-secret-key", "images", "signature", "secret key is wrong"},
        {NULL, NULL, "images", "unsigned", "went unsigned: there are no credentials"},
        {ACCESS, SECRET, "elsewhere", "bucket", "no such bucket"},
    };
    struct fake_s3 fake;

    (void)state;
    fake_start(&fake, "[]", NULL);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct store_s3_options options = {
            .endpoint = fake.url,
            .bucket = cases[i].bucket,
            .provider = fixed_keys(cases[i].access_key, cases[i].secret_key, NULL)};
        struct err err = {0};
        struct store_info info;
        struct store *store = store_s3_create(&options, &err);
        assert_non_null(store);
        assert_int_equal(store_head(store, "k", &info, &err), STORE_FAILED);
        assert_string_equal(err.code, cases[i].code);
        assert_non_null(strstr(err.text, cases[i].text));
        store_destroy(store);
    }
    fake_stop(&fake);
}

/* ---- adapting ---- */

static void finds_the_region_and_the_time(void **state)
{
    const char *const more[] = {"--region", "eu-central-7", "--clock", "-80000", NULL};
    struct fake_s3 fake;

    (void)state;
    fake_start(&fake, "[]", more);
    struct store *store = open_store(&fake, NULL);
    whole_scene(store);
    assert_int_equal(fake_logged(&fake, "us-east-1/s3", ""), 1); /* detected once per run */
    struct store_stats stats;
    store_stats(store, &stats);
    assert_string_equal(stats.region, "eu-central-7");
    struct store_op op = {.verb = STORE_HEAD, .key = "nothing"};
    expect(store, &op, STORE_ABSENT);
    int64_t behind = clock_wall() - op.server_time;
    assert_true(behind > 79990 * NS_PER_S && behind < 80010 * NS_PER_S);
    store_destroy(store);
    fake_stop(&fake);
}

/* A store for which the quotes of If-Match are a part of the ETag. */
static void conditions_are_spelled_as_the_store_likes(void **state)
{
    const char *const more[] = {"--bare-etags", NULL};
    struct fake_s3 fake;
    struct store_op op = {.verb = STORE_PUT, .key = "k", .body = view_str("first")};

    (void)state;
    fake_start(&fake, "[]", more);
    struct store *store = open_store(&fake, NULL);
    for (int i = 0; i < 3; i++) {
        char etag[STORE_ETAG_MAX];

        expect(store, &op, STORE_DONE);
        memcpy(etag, op.info.etag, sizeof etag);
        op.if_match = etag;
        op.body = view_str("second");
        expect(store, &op, STORE_DONE);
        op.body = view_str("third");
        expect(store, &op, STORE_CHANGED); /* it is "second" now */
        op.if_match = NULL;
    }
    assert_int_equal(fake_logged(&fake, "\"kind\": \"Put\"", ""), 3 * 3 + 1); /* a repeated one */
    store_destroy(store);
    fake_stop(&fake);
}

static void make_of_parts(struct store *store, const char *key, struct view data,
                          char etag[STORE_ETAG_MAX])
{
    struct store_part part = {.number = 1};
    struct store_op op = {.verb = STORE_UPLOAD_CREATE, .key = key};
    char id[STORE_UPLOAD_MAX];

    expect(store, &op, STORE_DONE);
    memcpy(id, op.upload_id, sizeof id);
    op = (struct store_op){
        .verb = STORE_UPLOAD_PART, .key = key, .upload_id_in = id, .part_number = 1, .body = data};
    expect(store, &op, STORE_DONE);
    memcpy(part.etag, op.info.etag, sizeof part.etag);
    op = (struct store_op){.verb = STORE_UPLOAD_COMPLETE,
                           .key = key,
                           .upload_id_in = id,
                           .parts = &part,
                           .part_count = 1};
    expect(store, &op, STORE_DONE);
    memcpy(etag, op.info.etag, STORE_ETAG_MAX);
}

/* A store that refuses to copy from an object of parts on condition of its own ETag. */
static void a_source_is_looked_up_if_its_condition_never_holds(void **state)
{
    const char *const more[] = {"--personality", "swift", NULL};
    const char *const other = "\"00000000000000000000000000000000-1\"";
    struct fake_s3 fake;
    struct view data = noise(PART);
    char etag[STORE_ETAG_MAX];

    (void)state;
    fake_start(&fake, "[]", more);
    struct store *store = open_store(&fake, NULL);
    make_of_parts(store, "old", data, etag);
    struct store_op op = {.verb = STORE_COPY, .key = "copy", .source = "old", .if_match = other};
    expect(store, &op, STORE_CHANGED); /* the object was really replaced */
    op.if_match = etag;
    expect(store, &op, STORE_DONE);
    assert_true(op.info.etag[0]);
    expect_content(store, "copy", data);
    assert_int_equal(fake_logged(&fake, "\"kind\": \"Copy\"", ""), 3);
    assert_int_equal(fake_logged(&fake, "\"kind\": \"Head\"", ""), 3);
    expect(store, &op, STORE_DONE); /* no condition any more: a HEAD instead */
    op.if_match = other;
    expect(store, &op, STORE_CHANGED);
    assert_int_equal(fake_logged(&fake, "\"kind\": \"Copy\"", ""), 5);
    assert_int_equal(fake_logged(&fake, "\"kind\": \"Head\"", ""), 5);
    op.source = "nothing";
    expect(store, &op, STORE_ABSENT);
    store_destroy(store);
    fake_stop(&fake);
}

/* The lookup is an ordinary request, with retries. If it is refused, the copy counts as failed. */
static void a_source_that_cannot_be_looked_up_fails_the_copy(void **state)
{
    const char *const more[] = {"--personality", "swift", NULL};
    struct fake_s3 fake;
    struct view data = noise(PART);
    char etag[STORE_ETAG_MAX];

    (void)state;
    fake_start(&fake,
               "[{\"kind\": \"Head\", \"do\": \"status\", \"status\": 503, \"code\": "
               "\"SlowDown\"}, {\"kind\": \"Head\", \"nth\": 3, \"do\": \"status\", "
               "\"status\": 400, \"code\": \"BadRequest\"}]",
               more);
    struct store *store = open_store(&fake, NULL);
    make_of_parts(store, "old", data, etag);
    struct store_op op = {.verb = STORE_COPY, .key = "copy", .source = "old", .if_match = etag};
    expect(store, &op, STORE_CHANGED);
    store_destroy(store);
    fake_stop(&fake);
}

static void an_interrupted_read_continues_at_the_next_byte(void **state)
{
    struct fake_s3 fake;
    struct view data = noise(3 * MIB);

    (void)state;
    fake_start(&fake, "[{\"kind\": \"Get\", \"do\": \"cut\", \"bytes\": 2000000}]", NULL);
    struct store *store = open_store(&fake, NULL);
    put(store, "k", data);
    expect_content(store, "k", data);
    assert_int_equal(fake_logged(&fake, "\"range\": \"bytes=0-3145727\"", ""), 1);
    assert_int_equal(fake_logged(&fake, "\"kind\": \"Get\"", ""), 2);
    assert_int_equal(fake_logged(&fake, "-3145727\"", "\"if-match\""), 1);
    store_destroy(store);
    fake_stop(&fake);
}

static void does_not_mistake_its_own_write_for_another(void **state)
{
    struct fake_s3 fake;
    struct err err;
    char etag[STORE_ETAG_MAX];

    (void)state;
    fake_start(&fake, "[{\"kind\": \"Put\", \"do\": \"lose\"}]", NULL);
    struct store *store = open_store(&fake, NULL);
    assert_int_equal(store_put_document(store, "k", view_str("mine"), NULL, true, etag, &err),
                     STORE_DONE);
    assert_true(etag[0]);
    assert_int_equal(store_put_document(store, "k", view_str("late"), NULL, true, NULL, &err),
                     STORE_CHANGED);
    assert_int_equal(store_put_document(store, "k", view_str("next"), etag, false, NULL, &err),
                     STORE_DONE);
    assert_int_equal(store_put_document(store, "k", view_str("late"), etag, false, NULL, &err),
                     STORE_CHANGED);
    store_destroy(store);
    fake_stop(&fake);
}

/* Servers that ignore the condition send the object. Others refuse it with 412, as a write. */
static void an_object_with_the_known_etag_is_not_read(void **state)
{
    static const char *const kinds[] = {"honoured", "ignored", "refused"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        const char *const more[] = {"--unless", kinds[i], NULL};
        char first[STORE_ETAG_MAX], second[STORE_ETAG_MAX];
        struct fake_s3 fake;
        struct text text;
        struct err err;

        text_init(&text, KIB);
        fake_start(&fake, "[{\"kind\": \"Get\", \"nth\": 2, \"do\": \"reset\"}]", more);
        struct store *store = open_store(&fake, NULL);
        assert_int_equal(store_put_document(store, "k", view_str("a"), NULL, false, first, &err),
                         STORE_DONE);
        for (int n = 0; n < 2; n++)
            assert_int_equal(store_get_document_unless(store, "k", first, &text, second, &err),
                             STORE_SAME);
        assert_int_equal(text.size, 0);
        assert_int_equal(fake_logged(&fake, "\"status\": 304", ""), i == 0 ? 2 : 0);
        assert_int_equal(fake_logged(&fake, "if-none-match;", "\"kind\": \"Get\""), 3); /* signed */
        put(store, "k", view_str("b"));
        assert_int_equal(store_get_document_unless(store, "k", first, &text, second, &err),
                         STORE_DONE);
        assert_string_equal(text.data, "b");
        assert_string_not_equal(second, first);
        assert_int_equal(store_get_document_unless(store, "none", first, &text, second, &err),
                         STORE_ABSENT);
        store_destroy(store);
        fake_stop(&fake);
        text_finish(&text);
    }
}

static void turns_pages(void **state)
{
    const char *const more[] = {"--page", "2", NULL};
    struct fake_s3 fake;
    char key[32];
    unsigned found = 0, uploads = 0, pages = 0;

    (void)state;
    fake_start(&fake, "[]", more);
    struct store *store = open_store(&fake, NULL);
    for (unsigned i = 0; i < 5; i++) {
        snprintf(key, sizeof key, "a&b/%u", i);
        put(store, key, noise(i + 1));
        struct store_op op = {.verb = STORE_UPLOAD_CREATE, .key = "a&b/same"};
        expect(store, &op, STORE_DONE);
    }
    char *token = NULL;
    do {
        struct store_page page = {0};
        struct store_op op = {.verb = STORE_LIST, .key = "a&b/", .token = token, .page = &page};
        expect(store, &op, STORE_DONE);
        for (size_t i = 0; i < page.count; i++)
            found += page.entries[i].info.size == found + 1;
        free(token);
        token = page.next ? strdup(page.next) : NULL;
        store_page_finish(&page);
        pages++;
    } while (token);
    assert_int_equal(found, 5);
    assert_int_equal(pages, 3);
    do {
        struct store_page page = {0};
        struct store_op op = {.verb = STORE_UPLOADS, .key = "a&b/", .token = token, .page = &page};
        expect(store, &op, STORE_DONE);
        uploads += (unsigned)page.count;
        free(token);
        token = page.next ? strdup(page.next) : NULL;
        store_page_finish(&page);
    } while (token);
    assert_int_equal(uploads, 5);
    store_destroy(store);
    fake_stop(&fake);
}

static void a_document_has_a_bound(void **state)
{
    struct fake_s3 fake;
    struct err err;
    struct text text;

    (void)state;
    fake_start(&fake, "[]", NULL);
    struct store *store = open_store(&fake, NULL);
    put(store, "k", noise(1001));
    text_init(&text, 1000);
    assert_int_equal(store_get_document(store, "k", &text, NULL, &err), STORE_FAILED);
    assert_int_equal(err.family, ERR_INTEGRITY);
    text_finish(&text);
    text_init(&text, 1001);
    assert_int_equal(store_get_document(store, "k", &text, NULL, &err), STORE_DONE);
    assert_int_equal(text.size, 1001);
    text_finish(&text);
    assert_int_equal(store_get_document(store, "../k", &text, NULL, &err), STORE_FAILED);
    assert_int_equal(err.family, ERR_USAGE);
    store_destroy(store);
    fake_stop(&fake);
}

/* ---- cancellation ---- */

static void a_cancel_ends_all_operations_and_permits_the_cleanup(void **state)
{
    struct fake_s3 fake;
    struct cancel cancel;
    struct store_op ops[20];
    struct inbox *inbox = inbox_create(NULL);
    struct err err;

    (void)state;
    fake_start(&fake, "[{\"kind\": \"Put\", \"times\": 0, \"do\": \"stall\", \"seconds\": 900}]",
               FAKE_ALONE);
    cancel_init(&cancel);
    struct store *store = open_store(&fake, &cancel);
    struct store_op create = {.verb = STORE_UPLOAD_CREATE, .key = "k"};
    expect(store, &create, STORE_DONE);
    for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
        ops[i] =
            (struct store_op){.verb = STORE_PUT, .key = "k", .body = noise(PART), .inbox = inbox};
        store_submit(store, &ops[i]);
    }
    fake_pause_ms(200);
    cancel_request(&cancel, SIGTERM);
    for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
        struct store_op *op = (struct store_op *)inbox_take(inbox, INBOX_FOREVER);
        assert_int_equal(op->answer, STORE_FAILED);
        assert_int_equal(op->err.family, ERR_CANCELLED);
    }

    struct store_op late = {.verb = STORE_HEAD, .key = "k"};
    assert_int_equal(store_run(store, &late, &err), STORE_FAILED);
    assert_int_equal(err.family, ERR_CANCELLED);
    struct store_op abort = {
        .verb = STORE_UPLOAD_ABORT, .key = "k", .upload_id_in = create.upload_id};
    expect(store, &abort, STORE_DONE);
    assert_int_equal(fake_logged(&fake, "\"kind\": \"Abort\"", "204"), 1);
    store_destroy(store);
    inbox_destroy(inbox);
    fake_stop(&fake);
}

static void the_cleanup_after_a_cancel_has_a_limit(void **state)
{
    struct fake_s3 fake;
    struct cancel cancel;
    struct err err;

    (void)state;
    fake_start(&fake, "[{\"kind\": \"Abort\", \"times\": 0, \"do\": \"stall\", \"seconds\": 900}]",
               FAKE_ALONE);
    cancel_init(&cancel);
    struct store *store = open_store(&fake, &cancel);
    cancel_request(&cancel, SIGINT);
    struct store_op abort = {.verb = STORE_UPLOAD_ABORT, .key = "k", .upload_id_in = "u"};
    assert_int_equal(store_run(store, &abort, &err), STORE_FAILED);
    assert_int_equal(err.family, ERR_CANCELLED);
    store_destroy(store);
    fake_stop(&fake);
}

/* ---- https ---- */

/* A certificate of the test's own for 127.0.0.1, in a folder of its own. */
struct certificate {
    char dir[32], cert[64], key[64];
};

static void make_certificate(struct certificate *made)
{
    char command[512];

    strcpy(made->dir, "/tmp/s3dock-cert-XXXXXX");
    assert_non_null(mkdtemp(made->dir));
    snprintf(made->cert, sizeof made->cert, "%s/cert.pem", made->dir);
    snprintf(made->key, sizeof made->key, "%s/key.pem", made->dir);
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 "
             "-addext subjectAltName=IP:127.0.0.1 -keyout %s -out %s 2>/dev/null",
             made->key, made->cert);
    assert_int_equal(system(command), 0);
}

static void remove_certificate(const struct certificate *made)
{
    unlink(made->cert);
    unlink(made->key);
    rmdir(made->dir);
}

static void only_configured_certificates_are_trusted(void **state)
{
    struct certificate tls;
    struct fake_s3 fake;
    struct err err;
    struct store_info info;

    (void)state;
    make_certificate(&tls);
    const char *const more[] = {"--tls", tls.cert, tls.key, NULL};
    fake_start(&fake, "[]", more);

    struct store *store = open_store(&fake, NULL);
    assert_int_equal(store_head(store, "k", &info, &err), STORE_FAILED);
    assert_string_equal(err.code, "certificate");
    store_destroy(store);

    struct store_s3_options options = {.endpoint = fake.url,
                                       .bucket = "images",
                                       .provider = fixed_keys(ACCESS, SECRET, NULL),
                                       .ca_file = tls.cert};
    store = store_s3_create(&options, &err);
    put(store, "k", noise(PART));
    assert_int_equal(fake_logged(&fake, "UNSIGNED-PAYLOAD", "Put"), 1);
    store_destroy(store);

    options.sign_payload = true;
    store = store_s3_create(&options, &err);
    put(store, "k", noise(PART));
    assert_int_equal(fake_logged(&fake, "UNSIGNED-PAYLOAD", "Put"), 1);
    store_destroy(store);

    options.ca_file = "/nowhere.pem";
    assert_null(store_s3_create(&options, &err));
    assert_string_equal(err.code, "ca_file");
    fake_stop(&fake);
    remove_certificate(&tls);
}

static void a_client_certificate_opens_the_store(void **state)
{
    struct certificate tls;
    struct fake_s3 fake;
    struct err err;
    struct store_info info;

    (void)state;
    make_certificate(&tls);
    fake_start(&fake, "[]",
               (const char *const[]){"--tls", tls.cert, tls.key, "--client-ca", tls.cert, NULL});

    struct store_s3_options options = {.endpoint = fake.url,
                                       .bucket = "images",
                                       .provider = fixed_keys(ACCESS, SECRET, NULL),
                                       .ca_file = tls.cert};
    struct store *store = store_s3_create(&options, &err);
    assert_int_equal(store_head(store, "k", &info, &err), STORE_FAILED);
    assert_string_equal(err.code, "client_cert");
    store_destroy(store);

    options.client_key = tls.key;
    assert_null(store_s3_create(&options, &err)); /* a key without its certificate */
    assert_string_equal(err.code, "client_cert");

    options.client_cert = tls.cert;
    store = store_s3_create(&options, &err);
    assert_int_equal(store_head(store, "k", &info, &err), STORE_ABSENT);
    store_destroy(store);

    options.client_key = "/nowhere.pem";
    assert_null(store_s3_create(&options, &err));
    assert_string_equal(err.code, "client_cert");
    fake_stop(&fake);
    remove_certificate(&tls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(temporary_faults_are_survived),
        cmocka_unit_test(survives_a_server_that_goes_away_for_a_while),
        cmocka_unit_test(permanent_faults_are_reported_at_once),
        cmocka_unit_test(gives_up_after_the_tries_allowed),
        cmocka_unit_test(expired_keys_are_read_again),
        cmocka_unit_test(keeps_to_the_rate),
        cmocka_unit_test(wrong_keys_are_named_even_by_a_head),
        cmocka_unit_test(finds_the_region_and_the_time),
        cmocka_unit_test(conditions_are_spelled_as_the_store_likes),
        cmocka_unit_test(a_source_is_looked_up_if_its_condition_never_holds),
        cmocka_unit_test(a_source_that_cannot_be_looked_up_fails_the_copy),
        cmocka_unit_test(an_interrupted_read_continues_at_the_next_byte),
        cmocka_unit_test(does_not_mistake_its_own_write_for_another),
        cmocka_unit_test(an_object_with_the_known_etag_is_not_read),
        cmocka_unit_test(turns_pages),
        cmocka_unit_test(a_document_has_a_bound),
        cmocka_unit_test(a_cancel_ends_all_operations_and_permits_the_cleanup),
        cmocka_unit_test(the_cleanup_after_a_cancel_has_a_limit),
        cmocka_unit_test(only_configured_certificates_are_trusted),
        cmocka_unit_test(a_client_certificate_opens_the_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
