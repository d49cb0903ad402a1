#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "catalog/change.h"
#include "catalog/keys.h"
#include "catalog/locate.h"
#include "catalog/previous.h"
#include "catalog/release.h"
#include "catalog/resolve.h"
#include "catalog/retired.h"
#include "catalog/tombstone.h"
#include "kit/bucket.h"
#include "kit/golden.h"

#define ONE   "myapp:20250721-2118-f7a5a27"
#define TWO   "myapp:20250722-0900-abcdef0"
#define THREE "myapp:20250801-1200-0123456"

static struct bucket bucket;
static struct release_options options;
static struct release_result result;
static struct err err;
static int64_t now;

static int set_up(void **state)
{
    (void)state;
    bucket_open(&bucket);
    now = INT64_C(1784793574480966983);
    options = (struct release_options){.store = bucket.store, .by = {.user = "root"}};
    bucket_image(&bucket, ONE, "202507");
    bucket_image(&bucket, TWO, "202507");
    bucket_image(&bucket, THREE, "202508");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bucket_close(&bucket);
    return 0;
}

static struct image_name image(const char *ref)
{
    struct image_name name;

    if (name_parse_image(ref, &name, &err))
        fail_msg("%s", err.text);
    return name;
}

/* Each call is a minute later, so that events have an order. */
static int tag(const char *ref, const char *version)
{
    struct image_name name = image(ref);

    options.now = now += 60 * NS_PER_S;
    return release_tag(&options, &name, version, &result, &err);
}

static int promote(const char *ref, const char *env)
{
    struct image_name name = image(ref);

    options.now = now += 60 * NS_PER_S;
    return release_promote_image(&options, &name, env, &result, &err);
}

static int promote_tag(const char *version, const char *env)
{
    options.now = now += 60 * NS_PER_S;
    return release_promote_tag(&options, "myapp", version, env, &result, &err);
}

static int roll_back(const char *env)
{
    options.now = now += 60 * NS_PER_S;
    return release_rollback(&options, "myapp", env, &result, &err);
}

static void fine(int answer)
{
    if (answer)
        fail_msg("%s", err.text);
}

static void refused(int answer, enum err_family family, const char *code, const char *text)
{
    assert_int_equal(answer, ERR_FAIL);
    if (err.family != family || strcmp(err.code, code) != 0 || !strstr(err.text, text))
        fail_msg("%d %s: %s", err.family, err.code, err.text);
}

static void stands_at(const char *env, const char *ref)
{
    struct resolved resolved;

    fine(resolve_environment(bucket.store, "myapp", env, &resolved, &err));
    assert_string_equal(resolved.image.ref, ref);
}

/* ---- documents ---- */

/* The original's document in the same situation, except for the times. */
static void the_originals_bytes(void **state)
{
    static const struct {
        const char *key, *golden;
    } cases[] = {
        {"tags/myapp/v1.2.0.json", "tag.json"},
        {"pointers/myapp/production.json", "pointer-env-tag.json"},
        {"pointers/myapp/staging.json", "pointer-env-image.json"},
    };

    (void)state;
    bucket_image(&bucket, ONE, "202611");
    bucket_delete(&bucket, "images/myapp/202507/myapp-20250721-2118-f7a5a27.json");
    fine(tag(ONE, "v1.2.0"));
    fine(promote_tag("v1.2.0", "production"));
    fine(promote(ONE, "staging"));
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_text_ struct text ours = {0}, theirs = {0}, compared = {0};
        struct pointer pointer, golden;

        text_init(&ours, 64 * KIB);
        text_init(&compared, 64 * KIB);
        assert_true(bucket_get(&bucket, cases[i].key, &ours));
        golden_read(cases[i].golden, &theirs);
        assert_int_equal(pointer_parse(text_view(&ours), &pointer, &err), 0);
        assert_int_equal(pointer_parse(text_view(&theirs), &golden, &err), 0);
        strcpy(pointer.promoted_at, golden.promoted_at);
        pointer_write(&pointer, &compared);
        assert_string_equal(compared.data, theirs.data);
    }
}

static void event(const char *key, struct audit_event *out)
{
    _cleanup_text_ struct text text = {0};

    text_init(&text, 64 * KIB);
    assert_true(bucket_get(&bucket, key, &text));
    fine(audit_parse(text_view(&text), out, &err));
}

static void every_change_is_audited(void **state)
{
    struct audit_event found;
    char key[KEY_MAX];

    (void)state;
    fine(promote(ONE, "production"));
    assert_true(result.audited);
    assert_true(result.atomic);
    assert_int_equal(bucket_count(&bucket, "audit/", key), 1);
    assert_non_null(strstr(key, "-promotion-f7a5a27-"));
    event(key, &found);
    assert_string_equal(found.by.user, "root");
    assert_string_equal(found.promotion.source, ONE);
    assert_string_equal(found.promotion.source_type, "image");
    assert_string_equal(found.promotion.previous_target, "");

    fine(promote(TWO, "production"));
    assert_int_equal(bucket_count(&bucket, "audit/", key), 2);
    event(key, &found);
    assert_string_equal(found.promotion.previous_target,
                        "images/myapp/202507/myapp-20250721-2118-f7a5a27.tar.gz");
    assert_string_equal(result.previous, found.promotion.previous_target);
}

/* The original's key had neither the environment nor the second in it. */
static void two_events_of_a_minute_are_two(void **state)
{
    struct image_name name = image(ONE);

    (void)state;
    options.now = now;
    fine(release_promote_image(&options, &name, "production", &result, &err));
    fine(release_promote_image(&options, &name, "staging", &result, &err));
    assert_int_equal(bucket_count(&bucket, "audit/myapp/", NULL), 2);
}

static void a_change_without_its_event_is_a_success(void **state)
{
    char path[256];

    (void)state;
    fine(promote(TWO, "production"));
    snprintf(path, sizeof path, "rm -rf '%s/audit' && touch '%s/audit'", bucket.path, bucket.path);
    assert_int_equal(system(path), 0);
    fine(promote(ONE, "production"));
    assert_false(result.audited);
    assert_int_not_equal(result.why_not_audited.family, ERR_NONE);
    stands_at("production", ONE);
}

static void dry_run_writes_nothing(void **state)
{
    (void)state;
    options.dry_run = true;
    fine(tag(ONE, "v1.0.0"));
    fine(promote(ONE, "production"));
    assert_false(result.skipped);
    assert_string_equal(result.key, "pointers/myapp/production.json");
    assert_int_equal(bucket_count(&bucket, "", NULL), 6);
}

/* ---- skipping ---- */

static void an_unchanged_value_is_not_written(void **state)
{
    (void)state;
    fine(tag(ONE, "v1.0.0"));
    fine(tag(ONE, "v1.0.0"));
    assert_true(result.skipped);
    fine(promote_tag("v1.0.0", "production"));
    fine(promote_tag("v1.0.0", "production"));
    assert_true(result.skipped);
    fine(promote(ONE, "staging"));
    fine(promote(ONE, "staging"));
    assert_true(result.skipped);
    assert_int_equal(bucket_count(&bucket, "audit/", NULL), 3);
}

/* The same image, pushed again in another month. */
static void the_month_makes_no_difference(void **state)
{
    (void)state;
    fine(promote(ONE, "production"));
    bucket_delete(&bucket, "images/myapp/202507/myapp-20250721-2118-f7a5a27.json");
    bucket_image(&bucket, ONE, "202512");
    fine(promote(ONE, "production"));
    assert_true(result.skipped);
}

/* ---- tags ---- */

static void a_tag_stays_where_it_is(void **state)
{
    struct audit_event found;
    char key[KEY_MAX];

    (void)state;
    fine(tag(ONE, "v1.0.0"));
    refused(tag(TWO, "v1.0.0"), ERR_CONFLICT, "tag", "v1.0.0 is the version of " ONE " already");
    options.force = true;
    fine(tag(TWO, "v1.0.0"));
    assert_string_equal(result.previous, "images/myapp/202507/myapp-20250721-2118-f7a5a27.tar.gz");
    assert_int_equal(bucket_count(&bucket, "audit/myapp/", key), 2);
    event(key, &found);
    assert_int_equal(found.type, AUDIT_TAG);
    assert_string_equal(found.tag.previous_target, result.previous);
}

/* After a tag has moved, the environment's document names the old image until the next promotion.
 */
static void a_moved_tag_is_promoted_again(void **state)
{
    (void)state;
    fine(tag(ONE, "v1.0.0"));
    fine(promote_tag("v1.0.0", "production"));
    options.force = true;
    fine(tag(TWO, "v1.0.0"));
    stands_at("production", TWO);
    fine(promote_tag("v1.0.0", "production"));
    assert_false(result.skipped);
}

static void a_missing_image_is_not_found(void **state)
{
    (void)state;
    refused(tag("myapp:20240101-0000-0000000", "v1.0.0"), ERR_NOT_FOUND, "image",
            "image not found in S3: images/myapp/202401/myapp-20240101-0000-0000000.tar.gz");
    refused(promote("myapp:20240101-0000-0000000", "production"), ERR_NOT_FOUND, "image",
            "image not found in S3: ");
    refused(promote_tag("v9.9.9", "production"), ERR_NOT_FOUND, "tag",
            "tag not found: myapp/v9.9.9");
    fine(tag(ONE, "v1.0.0"));
    bucket_delete(&bucket, "images/myapp/202507/myapp-20250721-2118-f7a5a27.tar.gz");
    refused(promote_tag("v1.0.0", "production"), ERR_NOT_FOUND, "image", "image not found in S3: ");
    refused(promote(ONE, "production"), ERR_NOT_FOUND, "image", "image not found in S3: ");
    refused(roll_back("production"), ERR_NOT_FOUND, "environment",
            "environment pointer not found: myapp/production");
}

static void names_are_checked(void **state)
{
    (void)state;
    refused(tag(ONE, "../../pointers/myapp/prod"), ERR_USAGE, "name", "invalid version");
    refused(promote(ONE, "../x"), ERR_USAGE, "name", "invalid environment");
    refused(promote_tag("v1", "a/b"), ERR_USAGE, "name", "invalid environment");
    refused(release_promote_tag(&options, "My App", "v1", "x", &result, &err), ERR_USAGE, "name",
            "invalid application");
    refused(roll_back(""), ERR_USAGE, "name", "invalid environment");
}

/* `latest` cannot be created. An existing one is read, promoted and rolled back. */
static void latest_is_no_name(void **state)
{
    struct resolved resolved;

    (void)state;
    refused(tag(ONE, "latest"), ERR_USAGE, "name", "invalid version 'latest'");
    refused(promote(ONE, "latest"), ERR_USAGE, "name", "invalid environment name 'latest'");
    fine(tag(ONE, "v1"));
    refused(promote_tag("v1", "latest"), ERR_USAGE, "name", "invalid environment name 'latest'");
    bucket_put(&bucket, "tags/myapp/latest.json",
               "{\"target_type\":\"image\","
               "\"target_path\":\"images/myapp/202507/myapp-20250721-2118-f7a5a27.tar.gz\"}");
    fine(resolve_tag(bucket.store, "myapp", "latest", &resolved, &err));
    fine(promote_tag("latest", "production"));
}

/* ---- concurrency ---- */

/* A change between read and write, with a store with conditions and one without. */
static void a_concurrent_change_is_a_conflict(void **state)
{
    struct current_pointer was;
    const struct view wish = view_str("{\"target_type\":\"image\",\"target_path\":\"images/x\"}");

    (void)state;
    fine(promote(ONE, "production"));
    for (int conditions = 0; conditions < 2; conditions++) {
        fine(change_read(bucket.store, "pointers/myapp/production.json", &was, &err));
        fine(promote(conditions ? TWO : THREE, "production"));
        assert_int_equal(change_set(bucket.store, "pointers/myapp/production.json", &was, wish,
                                    conditions, &err),
                         CHANGE_LOST);
        stands_at("production", conditions ? TWO : THREE);
        was.there = false;
        was.etag[0] = '\0';
        assert_int_equal(change_set(bucket.store, "pointers/myapp/production.json", &was, wish,
                                    conditions, &err),
                         CHANGE_LOST);
    }
}

/* ---- signed documents ---- */

#define SIGNED   "myapp:20250901-0000-5166ed0"
#define OTHER    "myapp:20250902-0000-5166ed0"
#define AMD64_ID "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ARM64_ID "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define OTHER_ID "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static const char production[] = "pointers/myapp/production.json";

/* Stores the signed documents. */
static struct signed_call {
    struct signing signing;
    unsigned before, after;
    bool fails, written; /* the document was in the bucket at the last call of `before` */
    char key[KEY_MAX];
    struct statement statement; /* of the last document that was signed */
} calls;

static int sign_before(struct signing *signing, struct store *store, const char *key,
                       struct view document, struct err *error)
{
    _cleanup_text_ struct text there = {0};

    assert_ptr_equal(signing, &calls.signing);
    assert_ptr_equal(store, bucket.store);
    calls.before++;
    str_copy(calls.key, sizeof calls.key, key);
    fine(statement_read(key, document, &calls.statement, error));
    text_init(&there, 64 * KIB);
    calls.written = bucket_get(&bucket, key, &there) && view_equals(text_view(&there), document);
    return calls.fails ? err_set(error, ERR_LOCAL, "sign", "no key") : 0;
}

static int sign_after(struct signing *signing, struct store *store, const char *key,
                      struct view document, struct err *error)
{
    _cleanup_text_ struct text there = {0};

    (void)signing;
    (void)store;
    (void)error;
    calls.after++;
    text_init(&there, 64 * KIB);
    assert_true(bucket_get(&bucket, key, &there));
    assert_true(view_equals(text_view(&there), document));
    return 0;
}

static void begin_signing(void)
{
    static const struct signing_table table = {sign_before, sign_after, NULL};

    calls = (struct signed_call){.signing = {&table}};
    options.signing = &calls.signing;
    bucket_image_of(&bucket, SIGNED, "202509", "linux/amd64", NULL, AMD64_ID);
    bucket_image_of(&bucket, SIGNED, "202509", "linux/arm64", "linux-arm64", ARM64_ID);
    bucket_image_of(&bucket, OTHER, "202509", "linux/amd64", NULL, OTHER_ID);
}

static void a_signed_environment_states_its_images(void **state)
{
    const struct platform arm64 = {"linux", "arm64", ""};
    struct statement statement;
    _cleanup_text_ struct text there = {0};

    (void)state;
    begin_signing();
    fine(promote(SIGNED, "production"));
    assert_true(result.is_signed && result.audited && !result.renewed);
    assert_int_equal(calls.before, 1);
    assert_int_equal(calls.after, 1);
    assert_false(calls.written); /* it is signed first */
    text_init(&there, 64 * KIB);
    assert_true(bucket_get(&bucket, production, &there));
    assert_int_equal(statement_read(production, text_view(&there), &statement, &err),
                     STATEMENT_READ);
    assert_int_equal(statement.image_count, 2);
    assert_string_equal(statement_image(&statement, &arm64), ARM64_ID);
    assert_true(statement.sequence == (uint64_t)(options.now / NS_PER_MS));
    stands_at("production", SIGNED);
}

static void the_sequence_rises_whatever_the_clock_does(void **state)
{
    uint64_t first;

    (void)state;
    begin_signing();
    fine(promote(SIGNED, "production"));
    first = calls.statement.sequence;
    now -= 9 * 60 * NS_PER_S; /* as far as hosts accept it */
    fine(promote(OTHER, "production"));
    assert_true(calls.statement.sequence > first);
    /* an unsigned change between, and none at all */
    options.signing = NULL;
    fine(promote(SIGNED, "production"));
    options.signing = &calls.signing;
    bucket_delete(&bucket, production);
    now += 2 * 3600 * NS_PER_S;
    fine(promote(OTHER, "production"));
    assert_true(calls.statement.sequence > first);
}

/* A number far ahead would leave no room for those of other clients. */
static void a_sequence_far_ahead_does_not_count(void **state)
{
    (void)state;
    begin_signing();
    bucket_put(&bucket, production,
               "{\"target_type\":\"image\",\"target_path\":\"images/myapp/202509/"
               "myapp-20250902-0000-5166ed0.tar.gz\",\"app_name\":\"myapp\","
               "\"environment\":\"production\",\"images\":[{\"platform\":\"linux/amd64\","
               "\"image_id\":\"" OTHER_ID "\"}],\"sequence\":9007199254740992}");
    fine(promote(OTHER, "production"));
    assert_true(result.renewed && !result.skipped);
    assert_true(calls.statement.sequence == (uint64_t)(options.now / NS_PER_MS));
}

static int known; /* whether the present document is signed */

static int is_signed(struct locate_reader *reader, struct store *store, const char *key,
                     struct view document, struct err *error)
{
    _cleanup_text_ struct text there = {0};

    (void)reader, (void)store, (void)error;
    assert_string_equal(key, production);
    text_init(&there, 64 * KIB);
    assert_true(bucket_get(&bucket, key, &there));
    assert_true(view_equals(text_view(&there), document));
    return known;
}

/* Writes an environment whose time and number are that much (ns) ahead of the clock of the next
 * change. */
static void put_ahead(int64_t ahead)
{
    int64_t at = now + 60 * NS_PER_S + ahead;
    char time[48], text[1024];

    clock_rfc3339(at, time);
    snprintf(text, sizeof text,
             "{\"target_type\":\"image\",\"target_path\":\"images/myapp/202509/"
             "myapp-20250902-0000-5166ed0.tar.gz\",\"promoted_at\":\"%s\",\"app_name\":\"myapp\","
             "\"environment\":\"production\",\"images\":[{\"platform\":\"linux/amd64\","
             "\"image_id\":\"" OTHER_ID "\"}],\"sequence\":%lld}",
             time, (long long)(at / NS_PER_MS));
    bucket_put(&bucket, production, text);
}

/* A writer of the bucket without a key must not raise signed numbers. */
static void hosts_accept_the_next_time_and_number(void **state)
{
    static const struct {
        int known; /* -1: nothing is demanded */
        int64_t minutes;
        bool follows_time, follows_number;
    } rows[] = {{-1, 9, true, true},  {-1, 11, false, false}, {-1, 600, false, false},
                {0, 1, false, false}, {0, 600, false, false}, {1, 9, true, true},
                {1, 600, false, true}};
    struct locate_reader present = {.is_signed = is_signed};

    (void)state;
    begin_signing();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int64_t ahead = rows[i].minutes * 60 * NS_PER_S, time, was = now + 60 * NS_PER_S + ahead;

        known = rows[i].known;
        options.present = known < 0 ? NULL : &present;
        put_ahead(ahead);
        fine(promote(SIGNED, "production"));
        assert_true(clock_parse_rfc3339(calls.statement.time, &time));
        assert_int_equal(time, rows[i].follows_time ? was + 1 : now);
        assert_int_equal(calls.statement.sequence,
                         (rows[i].follows_number ? was : now) / NS_PER_MS + rows[i].follows_number);
    }
}

static void an_unsigned_time_ahead_is_not_signed(void **state)
{
    struct locate_reader present = {.is_signed = is_signed};

    (void)state;
    begin_signing();
    known = 0;
    options.present = &present;
    put_ahead(-NS_PER_S);
    fine(promote(OTHER, "production"));
    assert_true(result.is_signed && result.skipped);
    put_ahead(NS_PER_S);
    fine(promote(OTHER, "production"));
    assert_true(result.is_signed && result.renewed);
}

/* The event comes behind that of the other writer, whatever the document states. */
static void the_log_keeps_its_order_without_a_signature(void **state)
{
    struct locate_reader present = {.is_signed = is_signed};

    (void)state;
    begin_signing();
    options.signing = NULL;
    fine(promote(SIGNED, "production"));
    fine(promote(OTHER, "production"));
    options.signing = &calls.signing;
    known = 0;
    options.present = &present;
    now -= 3600 * NS_PER_S;
    fine(promote(SIGNED, "production"));
    fine(roll_back("production"));
    stands_at("production", OTHER);
}

static void without_a_proof_nothing_is_written(void **state)
{
    struct locate_reader present = {.is_signed = is_signed};

    (void)state;
    begin_signing();
    known = ERR_FAIL;
    options.present = &present;
    put_ahead(0);
    assert_int_equal(promote(SIGNED, "production"), ERR_FAIL);
    assert_int_equal(calls.before, 0);
    stands_at("production", OTHER);
}

static void an_equal_value_gets_a_signature(void **state)
{
    char last[KEY_MAX];
    size_t events;

    (void)state;
    begin_signing();
    options.signing = NULL;
    fine(promote(SIGNED, "production"));
    events = bucket_count(&bucket, "audit/", last);
    options.signing = &calls.signing;
    fine(promote(SIGNED, "production")); /* it states nothing yet */
    assert_true(result.renewed && result.is_signed && !result.skipped && result.audited);
    fine(promote(SIGNED, "production"));
    assert_true(result.skipped && result.is_signed && !result.renewed);
    assert_int_equal(calls.before, 2);
    assert_true(calls.written);
    assert_int_equal(calls.after, 1);
    /* one more platform was pushed: the environment must state it */
    bucket_image_of(&bucket, SIGNED, "202509", "linux/riscv64", "linux-riscv64", OTHER_ID);
    fine(promote(SIGNED, "production"));
    assert_true(result.renewed);
    assert_int_equal(calls.statement.image_count, 3);
    options.force = true;
    fine(promote(SIGNED, "production"));
    assert_true(result.renewed);
    assert_int_equal(bucket_count(&bucket, "audit/", last), events);
}

static void a_change_that_cannot_be_signed_is_not_made(void **state)
{
    (void)state;
    begin_signing();
    fine(promote(SIGNED, "production"));
    /* the metadata of the original has no image id */
    refused(promote(ONE, "production"), ERR_UNSUPPORTED, "statement", "no image id");
    calls.fails = true;
    refused(promote(OTHER, "production"), ERR_LOCAL, "sign", "no key");
    refused(tag(OTHER, "v1"), ERR_LOCAL, "sign", "no key");
    assert_false(bucket_get(&bucket, "tags/myapp/v1.json", NULL));
    stands_at("production", SIGNED);
    options.dry_run = true;
    fine(promote(OTHER, "production"));
    stands_at("production", SIGNED);
}

static void versions_and_rollbacks_are_signed(void **state)
{
    (void)state;
    begin_signing();
    fine(tag(SIGNED, "v1"));
    assert_string_equal(calls.key, "tags/myapp/v1.json");
    assert_int_equal(calls.statement.kind, STATEMENT_VERSION);
    assert_int_equal(calls.statement.image_count, 2);
    fine(tag(SIGNED, "v1"));
    assert_true(result.skipped && result.is_signed);
    fine(promote_tag("v1", "production"));
    assert_string_equal(calls.key, production);
    fine(promote(OTHER, "production"));
    fine(roll_back("production"));
    assert_int_equal(calls.statement.image_count, 2);
    assert_string_equal(result.version, "v1");
    assert_true(result.is_signed);
}

/* ---- rollback ---- */

static void each_rollback_undoes_one_promotion(void **state)
{
    (void)state;
    fine(promote(ONE, "production"));
    fine(tag(TWO, "v2.0.0"));
    fine(promote_tag("v2.0.0", "production"));
    fine(promote(THREE, "staging"));
    fine(promote(THREE, "production"));

    fine(roll_back("production"));
    assert_string_equal(result.version, "v2.0.0");
    stands_at("production", TWO);
    fine(roll_back("production"));
    stands_at("production", ONE);
    refused(roll_back("production"), ERR_NOT_FOUND, "previous",
            "myapp/production has no earlier image");
    stands_at("production", ONE);

    fine(promote(THREE, "production"));
    fine(roll_back("production"));
    stands_at("production", ONE);
    stands_at("staging", THREE);
}

static void a_log_with_a_gap_stops_a_rollback(void **state)
{
    _cleanup_text_ struct text text = {0};

    (void)state;
    text_init(&text, 64 * KIB);
    fine(promote(ONE, "production"));
    fine(promote(TWO, "production"));
    assert_true(bucket_get(&bucket, "pointers/myapp/production.json", &text));
    fine(promote(THREE, "production"));
    bucket_put(&bucket, "pointers/myapp/production.json", text.data); /* without an event */
    refused(roll_back("production"), ERR_CONFLICT, "history", "no event of the audit log explains");
}

/* The other writer began later, but wrote first. Events have an order, whatever the clocks
 * state. */
static void a_change_is_later_than_the_one_that_it_replaces(void **state)
{
    (void)state;
    fine(promote(ONE, "production"));
    fine(promote(TWO, "production"));
    now -= 3600 * NS_PER_S;
    fine(promote(THREE, "production"));
    fine(roll_back("production"));
    stands_at("production", TWO);
    now -= 48 * 3600 * NS_PER_S; /* a wrong clock is not followed */
    fine(promote(THREE, "production"));
    refused(roll_back("production"), ERR_CONFLICT, "history", "no event of the audit log explains");
}

/* ---- the original's buckets ---- */

static void a_broken_pointer_can_be_mended(void **state)
{
    static const char *const broken[] = {"", "{", "[]", "{\"target_type\":\"image\"}",
                                         "{\"target_type\":\"image\",\"target_path\":\"a/../b\"}"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
        struct resolved resolved;

        bucket_put(&bucket, "pointers/myapp/production.json", broken[i]);
        refused(resolve_environment(bucket.store, "myapp", "production", &resolved, &err),
                ERR_INTEGRITY, "pointer", "pointers/myapp/production.json");
        fine(promote(ONE, "production"));
        stands_at("production", ONE);
    }
}

static void a_pointer_that_is_too_large_can_be_mended(void **state)
{
    struct resolved resolved;
    struct text large;

    (void)state;
    text_init(&large, KIB * KIB);
    text_printf(&large, "%*s", (int)CHANGE_DOCUMENT_MAX + 1, "{}");
    bucket_put(&bucket, "pointers/myapp/production.json", large.data);
    refused(resolve_environment(bucket.store, "myapp", "production", &resolved, &err),
            ERR_INTEGRITY, "pointer", "pointers/myapp/production.json");
    fine(promote(ONE, "production"));
    stands_at("production", ONE);
    text_finish(&large);
}

static void pointers_to_other_targets_are_refused(void **state)
{
    static const struct {
        const char *type, *path, *text;
    } cases[] = {
        {"image", "images/other/202507/other-20250721-2118-f7a5a27.tar.gz", "another application"},
        {"image", "images/myapp/202507/myapp-1.tar.gz", "not the key of an image"},
        {"image", "tags/myapp/v1.0.0.json", "not the key of an image"},
        {"image", "x", "not the key of an image"},
        {"tag", "tags/other/v1.0.0.json", "another application"},
        {"tag", "tags/myapp/a/b.json", "not the key of a tag"},
        {"tag", "pointers/myapp/production.json", "not the key of a tag"},
        {"tag", "tags/myapp/self.json", "a tag must lead to an image"},
        {"tag", "tags/myapp/hop.json", "a tag must lead to an image"},
    };
    struct resolved resolved;
    char body[256];

    (void)state;
    bucket_put(&bucket, "tags/myapp/self.json",
               "{\"target_type\":\"tag\",\"target_path\":\"tags/myapp/self.json\"}");
    bucket_put(&bucket, "tags/myapp/hop.json",
               "{\"target_type\":\"tag\",\"target_path\":\"tags/myapp/v1.0.0.json\"}");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        snprintf(body, sizeof body, "{\"target_type\":\"%s\",\"target_path\":\"%s\"}",
                 cases[i].type, cases[i].path);
        bucket_put(&bucket, "pointers/myapp/production.json", body);
        refused(resolve_environment(bucket.store, "myapp", "production", &resolved, &err),
                ERR_INTEGRITY, "pointer", cases[i].text);
    }
}

/* ---- several platforms ---- */

#define STEM_ONE "images/myapp/202507/myapp-20250721-2118-f7a5a27"
#define DOCUMENT_ONE(platform)                                                                     \
    "{\"size\":4,\"git_hash\":\"f7a5a27\",\"git_time\":\"20250721-2118\",\"app_name\":\"myapp\","  \
    "\"image_tag\":\"" ONE "\",\"format\":2,\"platform\":\"" platform "\"}"
#define AMD64 DOCUMENT_ONE("linux/amd64")
#define ARM64 DOCUMENT_ONE("linux/arm64")

/* Moves metadata into their tombstone. */
static void retire(const char *key, const char *tombstone)
{
    struct tombstone retired = {.format = 2};

    text_init(&retired.metadata, 64 * KIB);
    assert_true(bucket_get(&bucket, key, &retired.metadata));
    bucket_delete(&bucket, key);
    assert_int_equal(tombstone_put(bucket.store, tombstone, &retired, NULL, &err), STORE_DONE);
    tombstone_finish(&retired);
}

/* The target was retired meanwhile. The hosts of each platform pull it. */
static void a_rollback_restores_all_platforms(void **state)
{
    (void)state;
    bucket_put(&bucket, STEM_ONE ".json", AMD64);
    bucket_put(&bucket, STEM_ONE "-linux-arm64.json", ARM64);
    fine(promote(ONE, "production"));
    fine(promote(TWO, "production"));
    retire(STEM_ONE "-linux-arm64.json", STEM_ONE "-linux-arm64.retired");
    retire(STEM_ONE ".json", STEM_ONE ".retired");
    fine(roll_back("production"));
    stands_at("production", ONE);
    assert_true(bucket_get(&bucket, STEM_ONE ".json", NULL));
    assert_true(bucket_get(&bucket, STEM_ONE "-linux-arm64.json", NULL));
}

/* The image was pushed again, in another month. What was retired would be found before it. */
static void a_restored_document_hides_no_new_image(void **state)
{
    (void)state;
    bucket_put(&bucket, STEM_ONE "-linux-arm64.json", ARM64);
    retire(STEM_ONE "-linux-arm64.json", STEM_ONE "-linux-arm64.retired");
    retire(STEM_ONE ".json", STEM_ONE ".retired");
    bucket_put(&bucket, "images/myapp/202508/myapp-20250721-2118-f7a5a27.json", ARM64);
    fine(retired_restore_document(bucket.store, STEM_ONE "-linux-arm64.retired", &err));
    assert_false(bucket_get(&bucket, STEM_ONE "-linux-arm64.json", NULL));
    bucket_delete(&bucket, "images/myapp/202508/myapp-20250721-2118-f7a5a27.json");
    fine(retired_restore_document(bucket.store, STEM_ONE "-linux-arm64.retired", &err));
    assert_true(bucket_get(&bucket, STEM_ONE "-linux-arm64.json", NULL));
}

/* The push of the first platform was killed. */
static void an_image_without_its_first_platform(void **state)
{
    (void)state;
    bucket_put(&bucket, "images/myapp/202509/myapp-20250901-1200-abcdef1-linux-arm64.json", "{}");
    bucket_put(&bucket, "images/myapp/202509/myapp-20250901-1200-abcdef1.tar.gz", "archive");
    fine(tag("myapp:20250901-1200-abcdef1", "v9"));
    fine(promote("myapp:20250901-1200-abcdef1", "production"));
    stands_at("production", "myapp:20250901-1200-abcdef1");
}

/* ---- several environments in one search ---- */

/* The environments are in no order, and one is asked for twice. */
static void one_search_finds_all_environments(void **state)
{
    static const char *const envs[] = {"staging", "a", "production", "b", "production"};
    static const char *const before[] = {ONE, NULL, TWO, NULL, TWO};
    struct current_pointer *now_at = calloc(ARRAY_SIZE(envs), sizeof *now_at);
    struct previous *found = calloc(ARRAY_SIZE(envs), sizeof *found);
    _cleanup_text_ struct text warnings = {0};

    (void)state;
    assert_non_null(now_at);
    assert_non_null(found);
    text_init(&warnings, KIB);
    fine(promote(ONE, "staging"));
    fine(promote(TWO, "production"));
    fine(promote(ONE, "a"));
    fine(promote(TWO, "staging"));
    fine(promote(THREE, "b"));
    fine(promote(ONE, "other"));
    fine(promote(THREE, "production"));
    for (size_t i = 0; i < ARRAY_SIZE(envs); i++) {
        fine(resolve_current(bucket.store, "myapp", envs[i], &now_at[i], &err));
        found[i] = (struct previous){.env = envs[i], .now = &now_at[i].pointer};
    }
    fine(previous_find(bucket.store, "myapp", found, ARRAY_SIZE(envs), &warnings, &err));
    assert_int_equal(warnings.size, 0);
    for (size_t i = 0; i < ARRAY_SIZE(envs); i++) {
        struct image_name name;
        char month[CLOCK_MONTH_SIZE];

        assert_int_equal(found[i].answer, before[i] ? PREVIOUS_FOUND : PREVIOUS_NONE);
        if (before[i]) {
            assert_true(key_parse_image(found[i].target, &name, month));
            assert_string_equal(name.ref, before[i]);
        }
    }
    free(found);
    free(now_at);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_originals_bytes),
        TEST(one_search_finds_all_environments),
        TEST(every_change_is_audited),
        TEST(two_events_of_a_minute_are_two),
        TEST(a_change_without_its_event_is_a_success),
        TEST(dry_run_writes_nothing),
        TEST(an_unchanged_value_is_not_written),
        TEST(the_month_makes_no_difference),
        TEST(a_tag_stays_where_it_is),
        TEST(a_moved_tag_is_promoted_again),
        TEST(a_missing_image_is_not_found),
        TEST(names_are_checked),
        TEST(latest_is_no_name),
        TEST(a_concurrent_change_is_a_conflict),
        TEST(a_signed_environment_states_its_images),
        TEST(the_sequence_rises_whatever_the_clock_does),
        TEST(a_sequence_far_ahead_does_not_count),
        TEST(hosts_accept_the_next_time_and_number),
        TEST(an_unsigned_time_ahead_is_not_signed),
        TEST(the_log_keeps_its_order_without_a_signature),
        TEST(without_a_proof_nothing_is_written),
        TEST(an_equal_value_gets_a_signature),
        TEST(a_change_that_cannot_be_signed_is_not_made),
        TEST(versions_and_rollbacks_are_signed),
        TEST(each_rollback_undoes_one_promotion),
        TEST(a_change_is_later_than_the_one_that_it_replaces),
        TEST(a_log_with_a_gap_stops_a_rollback),
        TEST(a_broken_pointer_can_be_mended),
        TEST(a_pointer_that_is_too_large_can_be_mended),
        TEST(pointers_to_other_targets_are_refused),
        TEST(a_rollback_restores_all_platforms),
        TEST(an_image_without_its_first_platform),
        TEST(a_restored_document_hides_no_new_image),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
