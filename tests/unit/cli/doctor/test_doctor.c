/* Buckets with faults, and the reports about them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "cli/doctor/doctor.h"
#include "cli/print/output.h"
#include "kit/fake_s3.h"
#include "kit/fixed_keys.h"
#include "kit/memory_store.h"
#include "store/dir/store_dir.h"
#include "store/s3/store_s3.h"
#include "store/store.h"

static struct doctor doctor;

static const struct doctor_check *check_of(const char *name)
{
    for (unsigned i = 0; i < doctor.count; i++)
        if (!strcmp(doctor.checks[i].name, name))
            return &doctor.checks[i];
    return NULL;
}

static unsigned count_of(enum doctor_status status)
{
    unsigned count = 0;

    for (unsigned i = 0; i < doctor.count; i++)
        count += doctor.checks[i].status == status;
    return count;
}

/* The detail or the hint contains `words` (may be NULL). */
static void assert_check(const char *name, enum doctor_status status, const char *words)
{
    const struct doctor_check *check = check_of(name);

    if (!check)
        fail_msg("no check \"%s\"", name);
    if (check->status != status ||
        (words && !strstr(check->found.text, words) && !strstr(check->found.hint, words)))
        fail_msg("%s: status %d, \"%s\", hint \"%s\"; expected %d and \"%s\"", name,
                 (int)check->status, check->found.text, check->found.hint, (int)status, words);
}

/* ---- a bucket of the scripted store ---- */

static struct store *open_s3(const struct fake_s3 *fake, const char *secret, const char *bucket)
{
    const struct store_s3_options options = {
        .endpoint = fake->url,
        .bucket = bucket,
        .provider = fixed_keys(secret ? "TESTACCESSKEY" : NULL, secret, NULL),
        .retries = 2,
        .retry = &QUICK_RETRY};
    struct err err = {0};
    struct store *store = store_s3_create(&options, &err);

    if (!store)
        fail_msg("%s", err.text);
    return store;
}

static void examine(const struct fake_s3 *fake, bool read_only)
{
    struct store *store = open_s3(fake, "test-secret-key-0001", "images");

    memset(&doctor, 0, sizeof doctor);
    doctor_check_bucket(&doctor, store, read_only, false);
    store_destroy(store);
}

static void examine_with(const char *rules, const char *const more[], bool read_only)
{
    struct fake_s3 fake;

    fake_start(&fake, rules, more);
    examine(&fake, read_only);
    fake_stop(&fake);
}

static void assert_empty(struct store *store)
{
    struct store_page page = {0};
    struct store_op op = {.verb = STORE_LIST, .key = "", .page = &page};
    struct store_op uploads = {.verb = STORE_UPLOADS, .key = "", .page = &page};
    struct err err;

    assert_int_equal(store_run(store, &op, &err), STORE_DONE);
    assert_int_equal(page.count, 0);
    store_page_finish(&page);
    assert_int_equal(store_run(store, &uploads, &err), STORE_DONE);
    assert_int_equal(page.count, 0);
    store_page_finish(&page);
}

static void a_good_bucket_passes_and_does_not_change(void **state)
{
    struct fake_s3 fake;
    struct store *store;
    struct err err;

    (void)state;
    fake_start(&fake, "[]", NULL);
    examine(&fake, false);
    assert_int_equal(count_of(DOCTOR_OK), doctor.count);
    assert_true(doctor.count >= 18);
    assert_int_equal(doctor_verdict(&doctor, &err), 0);
    store = open_s3(&fake, "test-secret-key-0001", "images");
    assert_empty(store);
    store_destroy(store);
    fake_stop(&fake);
}

static void a_directory_passes_as_well(void **state)
{
    struct store_dir_options options = {.path = "store", .create = true};
    char folder[] = "/tmp/s3dock-test-XXXXXX", path[64], command[96];
    struct err err = {0};
    struct store *store;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/store", folder);
    options.path = path;
    store = store_dir_create(&options, &err);
    assert_non_null(store);
    memset(&doctor, 0, sizeof doctor);
    doctor_check_bucket(&doctor, store, false, false);
    assert_int_equal(count_of(DOCTOR_OK), doctor.count);
    assert_empty(store);
    snprintf(path, sizeof path, "%s/store/.s3dock-doctor", folder);
    assert_int_not_equal(access(path, F_OK), 0);
    store_destroy(store);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0);
}

#define DENY(kind)                                                                                 \
    "{\"kind\": \"" kind "\", \"times\": 0, \"do\": \"status\", \"status\": 403,"                  \
    " \"code\": \"AccessDenied\"}"
#define LACKS(kind)                                                                                \
    "{\"kind\": \"" kind "\", \"times\": 0, \"do\": \"status\", \"status\": 501,"                  \
    " \"code\": \"NotImplemented\"}"

/* The refused request, its effect, and the named right. */
static void a_missing_right_is_named(void **state)
{
    static const struct {
        const char *rules, *name;
        enum doctor_status status;
        const char *words;
    } cases[] = {
        {"[" DENY("Put") "]", "put", DOCTOR_FAILED, "allow s3:PutObject"},
        {"[" DENY("Put") "]", "put", DOCTOR_FAILED, "--read-only"},
        {"[" DENY("Get") "]", "get", DOCTOR_FAILED, "allow s3:GetObject"},
        {"[" DENY("Create") "]", "upload: begin", DOCTOR_FAILED, "large images"},
        {"[" DENY("Part") "]", "upload: part", DOCTOR_FAILED, "s3:PutObject"},
        {"[" DENY("Complete") "]", "upload: complete", DOCTOR_FAILED, NULL},
        {"[" DENY("Parts") "]", "upload: list", DOCTOR_WARNING, "s3:ListMultipartUploadParts"},
        {"[" DENY("Copy") "]", "copy", DOCTOR_WARNING, "cannot be replaced"},
        {"[" LACKS("Copy") "]", "copy", DOCTOR_WARNING, "cannot be replaced"},
        {"[" DENY("CopyPart") "]", "upload: copy part", DOCTOR_WARNING, "uploads the whole image"},
        {"[" LACKS("CopyPart") "]", "upload: copy part", DOCTOR_WARNING, "uploads the whole image"},
        {"[" DENY("Abort") "]", "upload: abort", DOCTOR_WARNING, "s3:AbortMultipartUpload"},
        {"[" DENY("Delete") "]", "delete", DOCTOR_WARNING, "s3:DeleteObject"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = {0};
        int failed;

        examine_with(cases[i].rules, NULL, false);
        assert_check(cases[i].name, cases[i].status, cases[i].words);
        failed = doctor_verdict(&doctor, &err);
        assert_int_equal(failed, cases[i].status == DOCTOR_FAILED ? ERR_FAIL : 0);
        if (failed)
            assert_int_equal(err.family, ERR_AUTH);
    }
}

/* Without the right to list, S3 calls a missing object forbidden. */
static void without_the_right_to_list_the_rest_is_still_tried(void **state)
{
    (void)state;
    examine_with("[" DENY("List") ", {\"kind\": \"Head\", \"do\": \"status\", \"status\": 403},"
                                  "{\"kind\": \"Get\", \"do\": \"status\", \"status\": 403,"
                                  " \"code\": \"AccessDenied\"}]",
                 NULL, false);
    assert_check("list", DOCTOR_FAILED, "allow s3:ListBucket");
    assert_check("head", DOCTOR_OK, NULL);
    assert_check("upload: complete", DOCTOR_OK, NULL);
    assert_check("delete", DOCTOR_OK, NULL);
    assert_int_equal(count_of(DOCTOR_FAILED), 1);
}

static void a_store_that_ignores_conditions_is_detected(void **state)
{
    const char *const more[] = {"--no-conditions", NULL};

    (void)state;
    examine_with("[]", more, false);
    assert_check("put if absent", DOCTOR_WARNING, "ignores the condition");
    assert_check("put if unchanged", DOCTOR_WARNING, "ignores the condition");
    assert_int_equal(count_of(DOCTOR_FAILED), 0);
}

static void examine_absent(const char *personality, const char *bucket, bool create)
{
    const char *const more[] = {"--absent", "--personality", personality, NULL};
    struct fake_s3 fake;

    fake_start(&fake, "[]", more);
    struct store *store = open_s3(&fake, "test-secret-key-0001", bucket);
    memset(&doctor, 0, sizeof doctor);
    doctor_check_bucket(&doctor, store, false, create);
    store_destroy(store);
    fake_stop(&fake);
}

static void a_bucket_that_does_not_exist_is_created_on_demand(void **state)
{
    (void)state;
    examine_absent("", "images", false);
    assert_check("bucket", DOCTOR_FAILED, "doctor --create");
    examine_absent("", "images", true);
    assert_check("bucket", DOCTOR_OK, "the bucket was created in us-east-1");
    assert_check("put", DOCTOR_OK, NULL);
    /* The region is found out, and is then the place of the bucket. */
    examine_absent("aws", "images", true);
    assert_check("bucket", DOCTOR_OK, "created in eu-central-1");
    assert_check("put", DOCTOR_OK, NULL);
}

static void a_bucket_that_cannot_be_created_is_explained(void **state)
{
    (void)state;
    examine_absent("", "theirs", true); /* the bucket of another account */
    assert_check("bucket", DOCTOR_FAILED, "another account has a bucket of this name");
    examine_absent("", "My_Images", true);
    assert_check("bucket", DOCTOR_FAILED, "lower-case");
    assert_check("bucket", DOCTOR_FAILED, "choose another name");
}

static void a_wrong_clock_and_a_wrong_region_are_reported(void **state)
{
    const char *const ahead[] = {"--clock", "-7200", "--region", "eu-central-7", NULL};
    const char *const behind[] = {"--clock", "300", NULL};

    (void)state;
    examine_with("[]", ahead, false);
    assert_check("clock", DOCTOR_WARNING, "ahead of the store's");
    assert_check("clock", DOCTOR_WARNING, "timedatectl");
    assert_check("region", DOCTOR_WARNING, "set \"region\" to \"eu-central-7\"");
    assert_int_equal(count_of(DOCTOR_FAILED), 0);
    examine_with("[]", behind, true);
    assert_check("clock", DOCTOR_WARNING, "behind the store's");
}

static void wrong_keys_and_a_wrong_bucket_end_it(void **state)
{
    static const struct {
        const char *secret, *bucket;
        enum err_family family;
    } cases[] = {
        {"not-the-secret-0001", "images", ERR_AUTH},
        {"test-secret-key-0001", "other", ERR_NOT_FOUND},
    };
    struct fake_s3 fake;

    (void)state;
    fake_start(&fake, "[]", NULL);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct store *store = open_s3(&fake, cases[i].secret, cases[i].bucket);
        struct err err = {0};

        memset(&doctor, 0, sizeof doctor);
        doctor_check_bucket(&doctor, store, false, false);
        assert_check("endpoint", DOCTOR_OK, NULL);
        assert_check("bucket", DOCTOR_FAILED, NULL);
        assert_check("rights", DOCTOR_SKIPPED, NULL);
        assert_null(check_of("put"));
        assert_int_equal(doctor_verdict(&doctor, &err), ERR_FAIL);
        assert_int_equal(err.family, cases[i].family);
        store_destroy(store);
    }
    assert_int_equal(fake_logged(&fake, "\"method\": \"PUT\"", ""), 0);
    fake_stop(&fake);
}

/* ---- lifecycle rules ---- */

#define RULE(prefix, effect)                                                                       \
    "<LifecycleConfiguration><Rule><ID>old</ID><Prefix>" prefix                                    \
    "</Prefix><Status>Enabled</Status>" effect "</Rule></LifecycleConfiguration>"
#define EXPIRES "<Expiration><Days>30</Days></Expiration>"
#define ABORTS                                                                                     \
    "<AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation>"                 \
    "</AbortIncompleteMultipartUpload>"
#define FREEZES "<Transition><Days>9</Days><StorageClass>GLACIER</StorageClass></Transition>"
#define TAGGED  "<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>"

static void rules_that_concern_images_are_reported(void **state)
{
    static const struct {
        const char *rules, *key_prefix;
        bool tags;
        enum doctor_status status;
        const char *words;
    } ROWS[] = {
        {NULL, NULL, false, DOCTOR_OK, "the bucket has none"},
        {RULE("logs/", EXPIRES), NULL, false, DOCTOR_OK, "no rule deletes or moves"},
        {RULE("images/", EXPIRES), NULL, false, DOCTOR_WARNING, "in images/ after 30 days"},
        {RULE("pointers/app/", EXPIRES), "", false, DOCTOR_WARNING, "in pointers/ after 30 days"},
        {RULE("archive/.s3dock-tmp/", EXPIRES), "", false, DOCTOR_OK, "no rule deletes or moves"},
        {RULE("images/", EXPIRES), "shop", false, DOCTOR_OK, "no rule deletes or moves"},
        {RULE("shop/images/", EXPIRES), "shop", false, DOCTOR_WARNING, "in images/ after 30 days"},
        {RULE("shop/archive/.s3dock-tmp/", EXPIRES), "shop/", false, DOCTOR_OK, "no rule"},
        {RULE("", FREEZES), NULL, false, DOCTOR_WARNING, "in images/ to GLACIER after 9 days"},
        {RULE("", TAGGED EXPIRES), NULL, false, DOCTOR_OK, "no rule deletes or moves"},
        {RULE("", TAGGED EXPIRES), NULL, true, DOCTOR_WARNING, "objects with a tag in images/"},
        {RULE("", ABORTS), NULL, false, DOCTOR_OK, "ends uploads after 2 days"},
        {"<ListBucketResult/>", NULL, false, DOCTOR_SKIPPED, "not a document of lifecycle rules"},
    };
    struct memory_store *memory = memory_store_create("lifecycle", true);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
        memory->lifecycle = ROWS[i].rules;
        memset(&doctor, 0, sizeof doctor);
        doctor_check_lifecycle(&doctor, &memory->store, ROWS[i].key_prefix, ROWS[i].tags);
        assert_int_equal(doctor.count, 1);
        assert_check("lifecycle rules", ROWS[i].status, ROWS[i].words);
    }
    memory_store_destroy(memory);
}

static void rules_that_cannot_be_read_are_skipped(void **state)
{
    static const struct {
        const char *rules, *words;
    } ROWS[] = {{"[]", "the bucket has none"},
                {"[" DENY("Lifecycle") "]", "s3:GetLifecycleConfiguration on arn:aws:s3:::images:"},
                {"[" LACKS("Lifecycle") "]", "does not support this operation"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ROWS); i++) {
        struct fake_s3 fake;
        struct store *store;

        fake_start(&fake, ROWS[i].rules, NULL);
        store = open_s3(&fake, "test-secret-key-0001", "images");
        memset(&doctor, 0, sizeof doctor);
        doctor_check_lifecycle(&doctor, store, NULL, false);
        assert_check("lifecycle rules", i ? DOCTOR_SKIPPED : DOCTOR_OK, ROWS[i].words);
        store_destroy(store);
        fake_stop(&fake);
    }
}

static void a_directory_has_no_rules(void **state)
{
    struct store_dir_options options = {.path = "/tmp"};
    struct err err = {0};
    struct store *store = store_dir_create(&options, &err);

    (void)state;
    assert_non_null(store);
    memset(&doctor, 0, sizeof doctor);
    doctor_check_lifecycle(&doctor, store, NULL, false);
    assert_check("lifecycle rules", DOCTOR_SKIPPED, "a directory has no lifecycle rules");
    assert_string_equal(check_of("lifecycle rules")->found.hint, "");
    store_destroy(store);
}

static void missing_keys_are_reported(void **state)
{
    struct fake_s3 fake;
    struct store *store;
    struct err err = {0};

    (void)state;
    fake_start(&fake, "[]", NULL);
    store = open_s3(&fake, NULL, "images");
    memset(&doctor, 0, sizeof doctor);
    doctor_check_bucket(&doctor, store, false, false);
    assert_int_equal(doctor_verdict(&doctor, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_AUTH);
    assert_string_equal(err.code, "unsigned");
    assert_non_null(strstr(err.text, "went unsigned: there are no credentials"));
    assert_non_null(strstr(err.hint, "set AWS_ACCESS_KEY_ID"));
    store_destroy(store);
    fake_stop(&fake);
}

static void read_only_writes_nothing(void **state)
{
    struct fake_s3 fake;
    struct store_op op = {
        .verb = STORE_PUT, .key = "images/app/202507/x.tar.gz", .body = view_str("archive")};
    struct store *store;
    struct err err;

    (void)state;
    fake_start(&fake, "[]", NULL);
    examine(&fake, true);
    assert_check("get", DOCTOR_SKIPPED, "no image to read");
    store = open_s3(&fake, "test-secret-key-0001", "images");
    assert_int_equal(store_run(store, &op, &err), STORE_DONE);
    store_destroy(store);
    examine(&fake, true);
    assert_check("list", DOCTOR_OK, "1 application");
    assert_check("get", DOCTOR_OK, op.key);
    assert_check("writing", DOCTOR_SKIPPED, "--read-only");
    assert_int_equal(fake_logged(&fake, "\"method\": \"PUT\"", ""), 1); /* of the test itself */
    assert_int_equal(fake_logged(&fake, "\"method\": \"POST\"", ""), 0);
    assert_int_equal(fake_logged(&fake, "\"method\": \"DELETE\"", ""), 0);
    fake_stop(&fake);
}

static void a_store_that_dies_on_the_way_ends_it(void **state)
{
    (void)state;
    examine_with("[{\"kind\": \"Copy\", \"times\": 0, \"do\": \"status\", \"status\": 500,"
                 " \"code\": \"InternalError\"}]",
                 NULL, false);
    assert_check("copy", DOCTOR_FAILED, "after 2 tries");
    assert_null(check_of("upload: begin"));
    assert_check("delete", DOCTOR_OK, NULL);
}

/* ---- the report ---- */

static void the_report_is_folded_and_complete(void **state)
{
    struct output output;
    struct err err = {0};
    struct view envelope;
    static const char report[] =
        "  ok       bucket             it is there\n"
        "  warning  clock              slow\n"
        "                              -> wind it up\n"
        "  failed   put                word word word word word word word word word word word word "
        "word word\n"
        "                              word word word\n"
        "\n"
        "1 ok, 1 warning, 1 failed\n";

    (void)state;
    memset(&doctor, 0, sizeof doctor);
    doctor_ok(&doctor, "bucket", "it is %s", "there");
    doctor_warning(&doctor, "clock", "wind it up", "slow");
    err_set(&err, ERR_AUTH, "clock",
            "word word word word word word word word word word word word word word word word word");
    doctor_found(&doctor, "put", DOCTOR_FAILED, &err);
    assert_int_equal(doctor_verdict(&doctor, &err), ERR_FAIL);

    output_init(&output, true);
    output.command = "doctor";
    output.result_and_error = true;
    doctor_print(&doctor, &output);
    assert_string_equal(output.lines.data, report);
    envelope = output_envelope(&output, &err);
    assert_non_null(strstr((const char *)envelope.data, "\"success\": false,"));
    assert_non_null(strstr((const char *)envelope.data, "\"ok\": false"));
    assert_non_null(strstr((const char *)envelope.data, "\"status\": \"warning\""));
    assert_non_null(strstr((const char *)envelope.data, "\"hint\": \"wind it up\""));
    assert_non_null(strstr((const char *)envelope.data, "\"error_code\": \"auth.clock\""));
    output_finish(&output);
}

/* Publishes "size" bytes with metadata that states `etag`. */
static void publish(struct store *store, const char *key, const char *etag)
{
    char name[96], text[256], real[STORE_ETAG_MAX];
    struct err err;

    snprintf(name, sizeof name, "%s.tar.gz", key);
    assert_int_equal(
        store_put_document(store, name, view_str("an archive"), NULL, false, real, &err),
        STORE_DONE);
    snprintf(text, sizeof text, "{\"format\": 2, \"size\": 10, \"archive_etag\": \"\\\"%s\\\"\"}",
             etag);
    if (!etag[0])
        snprintf(text, sizeof text, "{\"format\": 2, \"size\": 10}");
    snprintf(name, sizeof name, "%s.json", key);
    assert_int_equal(store_put_document(store, name, view_str(text), NULL, false, NULL, &err),
                     STORE_DONE);
}

static void a_copied_bucket_is_reported(void **state)
{
    struct fake_s3 fake;

    (void)state;
    fake_start(&fake, "[]", NULL);
    struct store *store = open_s3(&fake, "test-secret-key-0001", "images");
    publish(store, "images/shop/202507/shop-20250701-0000-0000001", "");
    examine(&fake, true);
    assert_check("archives", DOCTOR_OK, "the first 1");
    publish(store, "images/shop/202507/shop-20250702-0000-0000002", "of-the-old-bucket");
    examine(&fake, true);
    assert_check("archives", DOCTOR_WARNING, "1 of 2");
    store_destroy(store);
    fake_stop(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_bucket_passes_and_does_not_change),
        cmocka_unit_test(a_directory_passes_as_well),
        cmocka_unit_test(a_missing_right_is_named),
        cmocka_unit_test(without_the_right_to_list_the_rest_is_still_tried),
        cmocka_unit_test(a_store_that_ignores_conditions_is_detected),
        cmocka_unit_test(a_bucket_that_does_not_exist_is_created_on_demand),
        cmocka_unit_test(a_bucket_that_cannot_be_created_is_explained),
        cmocka_unit_test(a_wrong_clock_and_a_wrong_region_are_reported),
        cmocka_unit_test(wrong_keys_and_a_wrong_bucket_end_it),
        cmocka_unit_test(rules_that_concern_images_are_reported),
        cmocka_unit_test(rules_that_cannot_be_read_are_skipped),
        cmocka_unit_test(a_directory_has_no_rules),
        cmocka_unit_test(missing_keys_are_reported),
        cmocka_unit_test(read_only_writes_nothing),
        cmocka_unit_test(a_store_that_dies_on_the_way_ends_it),
        cmocka_unit_test(a_copied_bucket_is_reported),
        cmocka_unit_test(the_report_is_folded_and_complete),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
