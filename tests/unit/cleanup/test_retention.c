/*
 * The choice of images to retire. An image that gets a reference at the last moment, or that a
 * rollback leads to, is not retired.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "cleanup/retention.h"
#include "kit/fault_store.h"
#include "store/dir/store_dir.h"
#include "store/store.h"

static char dir[] = "/tmp/s3dock-retention-XXXXXX";
static struct err err;

/* A folder, with another writer who promotes at a chosen moment. */
struct between {
    struct fault_store fault; /* first */
    enum store_verb verb;     /* at the n-th of these requests ... */
    const char *ending;       /* ... with a key that ends like this */
    unsigned at;
    bool after;
    const char *target;     /* ... an environment is set to this image */
    const char *key, *text; /* and this document is written; NULL: none */
};

static void put(struct store *store, const char *key, const char *text)
{
    if (store_put_document(store, key, view_str(text), NULL, false, NULL, &err) != STORE_DONE)
        fail_msg("%s", err.text);
}

static void lead(struct store *store, const char *key, const char *target)
{
    char text[1024];

    snprintf(text, sizeof text,
             "{\"target_type\": \"image\", \"target_path\": \"images/shop/202507/shop-%s.tar.gz\"}",
             target);
    put(store, key, text);
}

static void interfere(struct between *b)
{
    lead(b->fault.behind, "pointers/shop/late.json", b->target);
    if (b->key)
        put(b->fault.behind, b->key, b->text);
}

static bool between(struct fault_store *fault, struct store_op *op)
{
    struct between *b = (struct between *)fault;
    bool now = b->ending && fault_store_matches(op, b->verb, b->ending) && b->at && --b->at == 0;

    if (!now)
        return false;
    if (b->after)
        fault_store_run(fault, op);
    interfere(b);
    if (b->after)
        inbox_post(op->inbox, &op->msg);
    return b->after;
}

static const char *const IMAGES[] = {"20250701-1000-aaaaa01", "20250702-1000-aaaaa02",
                                     "20250703-1000-aaaaa03", "20250704-1000-aaaaa04"};

static void open_between(struct between *b, const char *bucket)
{
    static const char *const kinds[] = {"tar.gz", "index", "json"};

    *b = (struct between){.ending = NULL};
    fault_store_open(&b->fault, dir, bucket, between);
    for (unsigned i = 0; i < ARRAY_SIZE(IMAGES); i++)
        for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++) {
            char key[KEY_MAX];

            snprintf(key, sizeof key, "images/shop/202507/shop-%s.%s", IMAGES[i], kinds[k]);
            put(b->fault.behind, key, "{}");
        }
}

static unsigned objects(struct between *b)
{
    struct store_page page = {0};
    struct store_op op = {.verb = STORE_LIST, .key = "images/", .page = &page};
    unsigned count;

    assert_int_equal(store_run(b->fault.behind, &op, &err), STORE_DONE);
    count = (unsigned)page.count;
    store_page_finish(&page);
    return count;
}

static void the_policy_chooses(void **state)
{
    static const struct {
        size_t keep, count, kept;
        const char *before; /* a stamp, or NULL */
    } cases[] = {
        {1, 1, 2, NULL},
        {0, 2, 2, NULL},
        {4, 0, 0, NULL},
        {9, 0, 0, NULL},
    };
    struct between b;

    (void)state;
    open_between(&b, "policy");
    lead(b.fault.behind, "tags/shop/v1.json", IMAGES[0]);
    lead(b.fault.behind, "pointers/shop/production.json", IMAGES[1]);
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        struct retention_policy policy = {
            .app = "shop", .keep = cases[i].keep, .before = INT64_MAX};
        struct retention_choice choice;

        if (retention_find(&b.fault.store, &policy, &choice, &err))
            fail_msg("%s", err.text);
        assert_int_equal(choice.count, cases[i].count);
        assert_int_equal(choice.kept, cases[i].kept);
        retention_finish(&choice);
    }
    fault_store_close(&b.fault);
}

/* Writes an audit event: an environment changed from one image (or "") to another. */
static void tell(struct store *store, unsigned minute, const char *env, const char *from,
                 const char *to, bool rollback)
{
    char key[128], text[1024];

    snprintf(key, sizeof key, "audit/shop/202507/20250705-10%02u-promotion-aaaaa-%u.json", minute,
             minute);
    snprintf(text, sizeof text,
             "{\"event_type\": \"promotion\", \"timestamp\": \"2025-07-05T10:%02u:00Z\", "
             "\"user\": \"me\", \"app_name\": \"shop\", \"git_hash\": \"aaaaa\", "
             "\"git_time\": \"20250701-1000\", \"details\": {\"environment\": \"%s\", "
             "\"source\": \"shop:%s\", \"source_type\": \"image\", "
             "\"pointer_path\": \"pointers/shop/%s.json\", "
             "\"previous_target\": \"%s%s%s\", \"rollback\": %s}}",
             minute, env, to, env, *from ? "images/shop/202507/shop-" : "", from,
             *from ? ".tar.gz" : "", rollback ? "true" : "false");
    put(store, key, text);
}

static void the_target_of_a_rollback_is_kept(void **state)
{
    struct retention_policy policy = {.app = "shop", .before = INT64_MAX};
    struct retention_choice choice;
    struct between b;

    (void)state;
    open_between(&b, "rollback");
    /* production was 1, 2, 3, and was rolled back to 2; staging was only 4. */
    tell(b.fault.behind, 1, "production", "", IMAGES[0], false);
    tell(b.fault.behind, 2, "production", IMAGES[0], IMAGES[1], false);
    tell(b.fault.behind, 3, "production", IMAGES[1], IMAGES[2], false);
    tell(b.fault.behind, 4, "production", IMAGES[2], IMAGES[1], true);
    tell(b.fault.behind, 5, "staging", "", IMAGES[3], false);
    lead(b.fault.behind, "pointers/shop/production.json", IMAGES[1]);
    lead(b.fault.behind, "pointers/shop/staging.json", IMAGES[3]);
    assert_int_equal(retention_find(&b.fault.store, &policy, &choice, &err), 0);
    assert_int_equal(choice.total, 4);
    assert_int_equal(choice.kept, 3);
    assert_int_equal(choice.count, 1);
    assert_string_equal(choice.images[0].image->tag, IMAGES[2]);
    retention_finish(&choice);
    fault_store_close(&b.fault);
}

#define TIME "\"timestamp\": \"2025-07-05T10:59:00Z\", "
#define EVENT(type, time, app, details)                                                            \
    "{\"event_type\": \"" type "\", " time "\"app_name\": \"" app "\", \"details\": {" details "}" \
    "}"
/* production changed to the second image, from something. */
#define BEFORE(target)                                                                             \
    EVENT("promotion", TIME, "shop",                                                               \
          "\"environment\": \"production\", \"source\": \"shop:20250702-1000-aaaaa02\", "          \
          "\"previous_target\": \"" target "\"")

/* No image is retired if the target of a rollback is unknown. */
static void an_unreadable_log_keeps_all_images(void **state)
{
    static const struct {
        const char *key, *text, *why;
    } logs[] = {
        {"audit/shop/202507/20250705-1059-promotion-aaaaa-x.json", "{", "promotion-aaaaa-x"},
        {"audit/shop/202507/20250705-1059-promotion-aaaaa-x.json", "{\"event_type\": \"transfer\"}",
         "is not known"},
        {"audit/shop/202507/20250705-1059-promotion-aaaaa-x.json", EVENT("push", TIME, "shop", ""),
         "the event is no promotion"},
        {"audit/shop/202507/20250705-1059-promotion-aaaaa-x.json",
         EVENT("promotion", "", "shop", "\"environment\": \"production\""), "timestamp is missing"},
        {"audit/shop/202507/20250705-1059-promotion-aaaaa-x.json",
         EVENT("promotion", TIME, "shop", ""), "environment is missing"},
        {"audit/shop/202507/20250705-1059-promotion-aaaaa-x.json",
         EVENT("promotion", TIME, "other", "\"environment\": \"production\""),
         "another application"},
        {"audit/shop/202507/20250705-1002-promotion-aaaaa-2.json",
         BEFORE("images/other/202507/other-20250701-1000-aaaaa01.tar.gz"),
         "the image of production before"},
        {"audit/shop/202507/20250705-1002-promotion-aaaaa-2.json", BEFORE("tags/other/v1.json"),
         "the image of production before"},
        {"audit/shop/202507/20250705-1002-promotion-aaaaa-2.json", BEFORE("x"),
         "the image of production before"},
        {"pointers/shop/production.json",
         "{\"target_type\": \"image\", \"target_path\": "
         "\"images/shop/202507/shop-20250704-1000-aaaaa04.tar.gz\"}",
         "the image of production before"},
        {"pointers/shop/production.json", "{", "pointers/shop/production.json"},
        {"tags/shop/v1.json", "[]", "tags/shop/v1.json"},
    };
    struct retention_policy policy = {.app = "shop", .before = INT64_MAX};
    struct retention_choice choice;
    struct between b;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(logs); i++) {
        char bucket[32];

        snprintf(bucket, sizeof bucket, "log-%zu", i);
        open_between(&b, bucket);
        tell(b.fault.behind, 1, "production", "", IMAGES[0], false);
        tell(b.fault.behind, 2, "production", IMAGES[0], IMAGES[1], false);
        lead(b.fault.behind, "pointers/shop/production.json", IMAGES[1]);
        lead(b.fault.behind, "pointers/shop/new.json",
             IMAGES[1]); /* no event: nothing to go back to */
        assert_int_equal(retention_find(&b.fault.store, &policy, &choice, &err), 0);
        assert_int_equal(choice.count, 2);
        retention_finish(&choice);
        put(b.fault.behind, logs[i].key, logs[i].text);
        assert_int_equal(retention_find(&b.fault.store, &policy, &choice, &err), ERR_FAIL);
        assert_int_equal(err.family, ERR_CONFLICT);
        if (!strstr(err.text, logs[i].why))
            fail_msg("%s", err.text);
        fault_store_close(&b.fault);
    }
    /* A log that begins after the promotion that a rollback would cancel. */
    open_between(&b, "late");
    tell(b.fault.behind, 4, "production", IMAGES[2], IMAGES[1], true);
    lead(b.fault.behind, "pointers/shop/production.json", IMAGES[1]);
    assert_int_equal(retention_find(&b.fault.store, &policy, &choice, &err), ERR_FAIL);
    assert_string_equal(err.code, "referenced");
    fault_store_close(&b.fault);
}

static bool is_there(struct between *b, const char *ending)
{
    char key[KEY_MAX];
    struct store_info info;

    snprintf(key, sizeof key, "images/shop/202507/shop-%s%s", IMAGES[0], ending);
    return store_head(b->fault.behind, key, &info, &err) == STORE_DONE;
}

/* The metadata is deleted at once. The data of the image remains. */
static void only_old_images_are_retired(void **state)
{
    struct retention_policy policy = {.app = "shop", .before = 1751450400}; /* 20250702-1000 */
    struct retention_choice choice;
    struct between b;

    (void)state;
    open_between(&b, "old");
    assert_int_equal(retention_find(&b.fault.store, &policy, &choice, &err), 0);
    assert_int_equal(choice.count, 1);
    assert_string_equal(choice.images[0].image->tag, IMAGES[0]);
    assert_int_equal(choice.images[0].image->size, 2);
    assert_int_equal(retention_retire(&b.fault.store, &policy, &choice, &err), 0);
    assert_true(choice.images[0].retired);
    assert_false(is_there(&b, ".json"));
    assert_true(is_there(&b, ".retired"));
    assert_int_equal(objects(&b), 12); /* archive, index, and a tombstone for the metadata */
    assert_int_equal(retention_retire(&b.fault.store, &policy, &choice, &err),
                     0); /* retired already */
    retention_finish(&choice);
    fault_store_close(&b.fault);
}

/* Each platform has metadata of its own. All of them are retired together, and restored
 * together. */
static void all_platforms_are_retired(void **state)
{
    struct retention_policy policy = {.app = "shop", .keep = 3, .before = INT64_MAX};

    (void)state;
    for (unsigned late = 0; late < 2; late++) {
        struct retention_choice choice;
        struct between b;
        char key[KEY_MAX];

        open_between(&b, late ? "platforms-late" : "platforms");
        snprintf(key, sizeof key, "images/shop/202507/shop-%s-linux-arm64.json", IMAGES[0]);
        put(b.fault.behind, key, "{}");
        snprintf(key, sizeof key, "images/shop/202507/shop-%s-linux-arm-v7.json", IMAGES[0]);
        put(b.fault.behind, key, "{}");
        assert_int_equal(retention_find(&b.fault.store, &policy, &choice, &err), 0);
        assert_int_equal(choice.total, 4);
        assert_int_equal(choice.count, 1);
        b.verb = STORE_DELETE;
        b.ending = "aaaaa01.json";
        b.at = late;
        b.after = true;
        b.target = IMAGES[0];
        assert_int_equal(retention_retire(&b.fault.store, &policy, &choice, &err), 0);
        assert_int_equal(choice.images[0].retired, !late);
        assert_int_equal(is_there(&b, ".json"), late);
        assert_int_equal(is_there(&b, "-linux-arm64.json"), late);
        assert_int_equal(is_there(&b, "-linux-arm-v7.json"), late);
        assert_true(is_there(&b, "-linux-arm64.retired"));
        assert_true(is_there(&b, "-linux-arm-v7.retired"));
        retention_finish(&choice);
        fault_store_close(&b.fault);
    }
}

/* The push of the first platform was killed. The image is retired without its metadata. */
static void an_image_without_its_first_platform_is_retired(void **state)
{
    const struct retention_policy policy = {.app = "shop", .keep = 3, .before = INT64_MAX};
    struct store_op first = {.verb = STORE_DELETE};
    struct retention_choice choice;
    struct between b;
    char key[KEY_MAX];

    (void)state;
    open_between(&b, "no-first");
    snprintf(key, sizeof key, "images/shop/202507/shop-%s-linux-arm64.json", IMAGES[0]);
    put(b.fault.behind, key, "{}");
    snprintf(key, sizeof key, "images/shop/202507/shop-%s.json", IMAGES[0]);
    first.key = key;
    assert_int_equal(store_run(b.fault.behind, &first, &err), STORE_DONE);
    assert_int_equal(retention_find(&b.fault.store, &policy, &choice, &err), 0);
    assert_int_equal(choice.count, 1);
    assert_int_equal(retention_retire(&b.fault.store, &policy, &choice, &err), 0);
    assert_true(choice.images[0].retired);
    assert_false(is_there(&b, "-linux-arm64.json"));
    assert_true(is_there(&b, "-linux-arm64.retired"));
    retention_finish(&choice);
    fault_store_close(&b.fault);
}

/* An environment gets the image before the first check, before the DELETE of its metadata, or
 * after. */
static void an_image_with_a_late_reference_is_kept(void **state)
{
    static const struct {
        enum store_verb verb;
        const char *ending;
        bool after;
    } moments[] = {
        {STORE_GET, "aaaaa01.json", false},   {STORE_PUT, "aaaaa01.retired", false},
        {STORE_LIST, "tags/shop/", false},    {STORE_DELETE, "aaaaa01.json", false},
        {STORE_DELETE, "aaaaa01.json", true},
    };
    struct retention_policy policy = {.app = "shop", .keep = 3, .before = INT64_MAX};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(moments); i++) {
        struct retention_choice choice;
        struct between b;
        char bucket[32];

        snprintf(bucket, sizeof bucket, "moment-%u", i);
        open_between(&b, bucket);
        assert_int_equal(retention_find(&b.fault.store, &policy, &choice, &err), 0);
        assert_int_equal(choice.count, 1);
        b.verb = moments[i].verb;
        b.ending = moments[i].ending;
        b.after = moments[i].after;
        b.at = 1;
        b.target = IMAGES[0];
        if (retention_retire(&b.fault.store, &policy, &choice, &err))
            fail_msg("%s", err.text);
        assert_false(choice.images[0].retired);
        assert_int_equal(b.at, 0);
        assert_true(is_there(&b, ".json"));
        retention_finish(&choice);
        fault_store_close(&b.fault);
    }
}

/* Another client writes other metadata under the name, before or after the DELETE: it is kept. */
static void newer_metadata_is_neither_deleted_nor_overwritten(void **state)
{
    static const char newer[] = "{\"size\": 7}";
    struct retention_policy policy = {.app = "shop", .keep = 3, .before = INT64_MAX};

    (void)state;
    for (unsigned after = 0; after < 2; after++) {
        _cleanup_text_ struct text text = {0};
        struct retention_choice choice;
        struct between b;
        char key[KEY_MAX];

        open_between(&b, after ? "newer-after" : "newer");
        snprintf(key, sizeof key, "images/shop/202507/shop-%s.json", IMAGES[0]);
        assert_int_equal(retention_find(&b.fault.store, &policy, &choice, &err), 0);
        b.verb = STORE_DELETE;
        b.ending = "aaaaa01.json";
        b.at = 1;
        b.after = after;
        b.target = IMAGES[0];
        b.key = key;
        b.text = newer;
        if (retention_retire(&b.fault.store, &policy, &choice, &err))
            fail_msg("%s", err.text);
        assert_int_equal(b.at, 0);
        text_init(&text, KIB);
        assert_int_equal(store_get_document(b.fault.behind, key, &text, NULL, &err), STORE_DONE);
        assert_string_equal(text.data, newer);
        retention_finish(&choice);
        fault_store_close(&b.fault);
    }
}

/* Names have the committer's local time. Within a day, the time of the push decides. */
static void the_push_decides_within_a_day(void **state)
{
    static const struct {
        const char *tag, *pushed; /* the push: "MMDDhhmm" of 2025 */
    } images[] = {
        {"20250710-0900-aaaaa01", "07101905"}, /* at -1000: 19:00 UTC */
        {"20250711-0300-aaaaa02", "07101310"}, /* at +1400: 13:00 UTC on the day before */
        {"20250601-1200-aaaaa03", "07111200"}, /* an old commit, pushed last */
    };
    struct retention_policy policy = {.app = "zones", .keep = 1, .before = INT64_MAX};
    struct retention_choice choice;
    struct between b;

    (void)state;
    open_between(&b, "zones");
    for (unsigned i = 0; i < ARRAY_SIZE(images); i++) {
        char key[KEY_MAX], command[2 * KEY_MAX];

        snprintf(key, sizeof key, "images/zones/202507/zones-%s.json", images[i].tag);
        put(b.fault.behind, key, "{}");
        snprintf(command, sizeof command, "TZ=UTC touch -t 2025%s '%s/zones/%s'", images[i].pushed,
                 dir, key);
        assert_int_equal(system(command), 0);
        snprintf(key, sizeof key, "images/zones/202507/zones-%s.tar.gz", images[i].tag);
        put(b.fault.behind, key, "x");
    }
    if (retention_find(&b.fault.store, &policy, &choice, &err))
        fail_msg("%s", err.text);
    assert_int_equal(choice.count, 2);
    assert_string_equal(choice.list.items[0].tag, images[0].tag);
    assert_string_equal(choice.images[0].image->tag, images[1].tag);
    assert_string_equal(choice.images[1].image->tag, images[2].tag);
    assert_int_equal(choice.close, 1);
    retention_finish(&choice);
    fault_store_close(&b.fault);
}

static void no_image_is_retired_if_a_pointer_cannot_be_read(void **state)
{
    struct retention_policy policy = {.app = "shop", .before = INT64_MAX};
    struct retention_choice choice;
    struct between b;

    (void)state;
    open_between(&b, "broken");
    put(b.fault.behind, "pointers/shop/production.json", "{");
    assert_int_equal(retention_find(&b.fault.store, &policy, &choice, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_CONFLICT);
    put(b.fault.behind, "pointers/shop/production.json",
        "{\"target_type\": \"tag\", \"target_path\": \"tags/shop/v9.json\"}");
    assert_int_equal(retention_find(&b.fault.store, &policy, &choice, &err), ERR_FAIL);
    assert_int_equal(objects(&b), 12);
    fault_store_close(&b.fault);
}

/* Writes the document of a host that was seen `age` seconds ago. */
static void run_on_host(struct between *b, const char *host, const char *image,
                        const char *previous, int64_t age)
{
    char key[128], text[512], seen[CLOCK_RFC3339_SIZE];

    clock_rfc3339(clock_wall() - age * NS_PER_S, seen);
    snprintf(key, sizeof key, "deployments/shop/production/%s.json", host);
    snprintf(text, sizeof text,
             "{\"result\": \"deployed\", \"seen\": \"%s\", \"image_reference\": \"shop:%s\", "
             "\"previous\": \"%s%s\"}",
             seen, image, previous ? "shop:" : "", previous ? previous : "");
    put(b->fault.behind, key, text);
}

static size_t chosen(struct between *b)
{
    struct retention_policy policy = {.app = "shop", .before = INT64_MAX};
    struct retention_choice choice;
    size_t count;

    if (retention_find(&b->fault.store, &policy, &choice, &err))
        return SIZE_MAX;
    count = choice.count;
    retention_finish(&choice);
    return count;
}

static void images_that_hosts_run_are_kept(void **state)
{
    const int64_t day = 24 * 3600;
    struct between b;

    (void)state;
    open_between(&b, "hosts");
    assert_int_equal(chosen(&b), 4);
    run_on_host(&b, "web-1", IMAGES[1], IMAGES[0], 29 * day);
    assert_int_equal(chosen(&b), 2);
    run_on_host(&b, "web-2", IMAGES[2], NULL, 0);
    assert_int_equal(chosen(&b), 1);
    run_on_host(&b, "web-1", IMAGES[1], IMAGES[0], 31 * day); /* missing for a month */
    assert_int_equal(chosen(&b), 3);
    run_on_host(&b, "web-1", IMAGES[1], IMAGES[0], -400 * day); /* with a wrong clock */
    assert_int_equal(chosen(&b), 1);
    fault_store_close(&b.fault);
}

static bool deny_hosts(struct fault_store *fault, struct store_op *op)
{
    (void)fault;
    if (strncmp(op->key, "deployments/", 12) != 0)
        return false;
    fault_store_fail(op, ERR_AUTH, "denied", STORE_FORBIDDEN);
    return true;
}

static void no_image_is_retired_if_a_host_cannot_be_read(void **state)
{
    struct between b;

    (void)state;
    open_between(&b, "unread");
    run_on_host(&b, "web-1", IMAGES[1], NULL, 0);
    put(b.fault.behind, "deployments/shop/production/web-2.json", "{");
    assert_int_equal(chosen(&b), SIZE_MAX);
    assert_int_equal(err.family, ERR_CONFLICT);
    assert_non_null(strstr(err.text, "web-2.json"));
    run_on_host(&b, "web-2", "latest", NULL, 0);
    assert_int_equal(chosen(&b), SIZE_MAX);
    assert_non_null(strstr(err.text, "names no image of shop: shop:latest"));
    run_on_host(&b, "web-2", IMAGES[2], "v1", 0);
    assert_int_equal(chosen(&b), SIZE_MAX);
    run_on_host(&b, "web-2", IMAGES[2], NULL, 0);
    assert_int_equal(chosen(&b), 2);
    b.fault.intercept = deny_hosts; /* an old policy */
    assert_int_equal(chosen(&b), SIZE_MAX);
    assert_int_equal(err.family, ERR_CONFLICT);
    assert_non_null(strstr(err.text, "s3:ListBucket"));
    fault_store_close(&b.fault);
}

static int start(void **state)
{
    (void)state;
    return mkdtemp(dir) && setenv("XDG_CACHE_HOME", dir, 1) == 0 ? 0 : -1;
}

static int end(void **state)
{
    char command[600];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command) ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_policy_chooses),
        cmocka_unit_test(the_target_of_a_rollback_is_kept),
        cmocka_unit_test(only_old_images_are_retired),
        cmocka_unit_test(all_platforms_are_retired),
        cmocka_unit_test(an_image_without_its_first_platform_is_retired),
        cmocka_unit_test(an_unreadable_log_keeps_all_images),
        cmocka_unit_test(an_image_with_a_late_reference_is_kept),
        cmocka_unit_test(newer_metadata_is_neither_deleted_nor_overwritten),
        cmocka_unit_test(the_push_decides_within_a_day),
        cmocka_unit_test(no_image_is_retired_if_a_pointer_cannot_be_read),
        cmocka_unit_test(images_that_hosts_run_are_kept),
        cmocka_unit_test(no_image_is_retired_if_a_host_cannot_be_read),
    };

    return cmocka_run_group_tests_name("retention", tests, start, end);
}
