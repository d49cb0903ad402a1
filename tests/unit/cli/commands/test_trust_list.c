/* Who signed each version and environment, in the lists of a profile that demands signatures; and
 * what the next signer sees, and what verify proves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "catalog/pointer.h"
#include "catalog/statement.h"
#include "kit/fake_s3.h"
#include "kit/fixed_keys.h"
#include "kit/run_command.h"
#include "kit/ssh_signer.h"
#include "store/s3/store_s3.h"
#include "store/store.h"

#define VERSIONS 40 /* more than one batch */

static char endpoint[256];
static struct ssh_signer known, stranger;

static void put(const char *key, const char *text)
{
    char path[512];

    snprintf(path, sizeof path, "store/b/%s", key);
    assert_int_equal(file_make_parents(path, 0755, &err), 0);
    write_text(path, text);
}

static uint64_t sequence = 1; /* of the next document */

/* Writes a version or an environment, and the signature of `signer`; NULL: none. */
static void lead(const char *key, enum statement_kind kind, const char *name,
                 const struct ssh_signer *signer)
{
    _cleanup_text_ struct text text = {0}, armored = {0};
    struct statement statement = {
        .kind = kind, .app = "shop", .sequence = sequence, .image_count = 1};
    struct pointer pointer = {.target = POINTER_IMAGE,
                              .target_path = "images/shop/202507/shop-20250721-2118-f7a5a27.tar.gz",
                              .promoted_at = "2025-08-01T00:00:00Z"};
    char signatures[KEY_MAX];

    strcpy(statement.name, name);
    strcpy(statement.images[0].id, "sha256:");
    memset(statement.images[0].id + 7, '1', 64);
    text_init(&text, MIB);
    text_init(&armored, MIB);
    pointer_write_stated(&pointer, &statement, &text);
    put(key, text.data);
    if (!signer)
        return;
    ssh_signer_sign(signer, statement_namespace(kind), text_view(&text), &armored);
    assert_true(key_signatures(signatures, key));
    put(signatures, armored.data);
}

static void lead_version(unsigned number, const struct ssh_signer *signer)
{
    char key[KEY_MAX], name[32];

    snprintf(name, sizeof name, "v1.%u.0", number);
    key_tag(key, "shop", name);
    lead(key, STATEMENT_VERSION, name, signer);
}

static int open_store(void **state)
{
    _cleanup_text_ struct text signers = {0};

    if (run_setup(state))
        return -1;
    setenv("XDG_STATE_HOME", *state, 1);
    snprintf(endpoint, sizeof endpoint, "file://%s/store", (const char *)*state);
    setenv("S3DOCK_ENDPOINT", endpoint, 1);
    setenv("S3DOCK_BUCKET", "b", 1);
    known = ssh_signer_of(1);
    stranger = ssh_signer_of(2);
    text_init(&signers, MIB);
    ssh_signer_line(&known, "ci@example.com", "", &signers);
    write_text("signers", signers.data);
    write_text("demands.json5", "{profiles: {default: {trust: {signers: \"signers\"}}}}");
    write_text("none.json5", "{profiles: {default: {}}}");
    return system("mkdir -p store/b");
}

static int close_store(void **state)
{
    assert_int_equal(system("rm -rf store s3dock signers demands.json5 none.json5"), 0);
    return run_teardown(state);
}

static unsigned count_of(const char *text)
{
    unsigned count = 0;

    for (const char *at = strstr(said.data, text); at; at = strstr(at + 1, text))
        count++;
    return count;
}

/* ---- sign ---- */

static void the_second_signer_sees_time_and_number(void **state)
{
    (void)state;
    lead("pointers/shop/production.json", STATEMENT_ENVIRONMENT, "production", &known);
    assert_int_equal(RUN(false, "sign", "shop", "production", "--dry-run"), 0);
    assert_non_null(strstr(said.data, "environment shop production, would be signed\n"
                                      "  time 2025-08-01T00:00:00Z\n"
                                      "  sequence 1\n"));
}

static void a_dry_run_refuses_what_sign_refuses(void **state)
{
    (void)state;
    sequence = 1000 * UINT64_C(4102444800); /* of the year 2100 */
    lead("pointers/shop/production.json", STATEMENT_ENVIRONMENT, "production", NULL);
    sequence = 1;
    assert_int_equal(RUN(false, "sign", "shop", "production", "--dry-run"), ERR_FAIL);
    assert_true(err_is(&err, ERR_INTEGRITY, "sequence"));
}

/* ---- verify ---- */

/* Copies a document of the folder into the scripted store. */
static void copy_document(struct store *store, const char *key)
{
    _cleanup_text_ struct text text = {0};
    char path[512];

    snprintf(path, sizeof path, "store/b/%s", key);
    text_init(&text, MIB);
    assert_int_equal(file_read(path, &text, &err), FILE_OK);
    assert_int_equal(store_put_document(store, key, text_view(&text), NULL, false, NULL, &err),
                     STORE_DONE);
}

/* Verifies an environment whose image is not the stated one. The store denies read number
 * `denied`. */
static int verify_moved(unsigned denied)
{
    static const char *const keys[] = {"pointers/shop/production.json",
                                       "signatures/pointers/shop/production.sig",
                                       "images/shop/202507/shop-20250721-2118-f7a5a27.json"};
    struct store_s3_options options = {.bucket = "images"};
    struct fake_s3 fake;
    struct store *store;
    char rules[128];
    int failed;

    snprintf(rules, sizeof rules,
             "[{\"kind\": \"Get\", \"nth\": %u, \"do\": \"status\", \"status\": 403,"
             " \"code\": \"AccessDenied\"}]",
             denied);
    fake_start(&fake, rules, NULL);
    options.endpoint = fake.url;
    options.provider = fixed_keys("TESTACCESSKEY", "test-secret-key-0001", NULL);
    store = store_s3_create(&options, &err);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        copy_document(store, keys[i]);
    store_destroy(store);
    setenv("S3DOCK_ENDPOINT", fake.url, 1);
    setenv("S3DOCK_BUCKET", "images", 1);
    failed = RUN(false, "verify", "shop", "production", "--config", "environments.json5");
    fake_stop(&fake);
    return failed;
}

static void verify_needs_each_read(void **state)
{
    (void)state;
    setenv("AWS_ACCESS_KEY_ID", "TESTACCESSKEY", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "test-secret-key-0001", 1);
    write_text("environments.json5", "{profiles: {default: {trust: {signers: 'signers', "
                                     "require: ['environments']}}}}");
    lead("pointers/shop/production.json", STATEMENT_ENVIRONMENT, "production", &known);
    put("images/shop/202507/shop-20250721-2118-f7a5a27.json", "{}");
    for (unsigned denied = 1; denied < 12; denied++)
        if (!verify_moved(denied))
            fail_msg("without read %u", denied);
    assert_int_equal(verify_moved(100), ERR_FAIL);
    assert_true(err_is(&err, ERR_TRUST, "moved"));
    assert_int_equal(unlink("environments.json5"), 0);
}

/* ---- the lists ---- */

static void each_version_has_its_signer(void **state)
{
    (void)state;
    for (unsigned i = 3; i < VERSIONS; i++)
        lead_version(i, &known);
    lead_version(0, NULL);
    lead_version(1, &stranger);
    lead_version(2, &known);
    put("signatures/tags/shop/v1.2.0.sig", "no signature");
    assert_int_equal(RUN(true, "list", "tags", "shop", "--config", "demands.json5"), 0);
    assert_int_equal(count_of("\"trusted\": true"), VERSIONS - 3);
    assert_int_equal(count_of("\"identity\": \"ci@example.com\""), VERSIONS - 3);
    assert_non_null(strstr(said.data,
                           "\"version\": \"v1.0.0\",\n"
                           "        \"trusted\": false,\n"
                           "        \"reason\": \"tags/shop/v1.0.0.json is not signed\""));
    assert_non_null(strstr(said.data, "\"version\": \"v1.1.0\",\n"
                                      "        \"trusted\": false,\n"));
    assert_non_null(strstr(said.data,
                           "\"version\": \"v1.2.0\",\n"
                           "        \"trusted\": false,\n"
                           "        \"reason\": \"tags/shop/v1.2.0.json is not signed\""));
    assert_non_null(strstr(said.data, "\"version\": \"v1.39.0\",\n"
                                      "        \"trusted\": true,\n"));
}

static void each_environment_has_its_signer(void **state)
{
    static const char *const commands[][3] = {{"list", "envs", "shop"}, {"status", "shop", NULL}};

    (void)state;
    lead("pointers/shop/production.json", STATEMENT_ENVIRONMENT, "production", &known);
    lead("pointers/shop/test.json", STATEMENT_ENVIRONMENT, "test", NULL);
    for (unsigned i = 0; i < ARRAY_SIZE(commands); i++) {
        const char *const *words = commands[i];

        assert_int_equal(RUN(true, "--config", "demands.json5", words[0], words[1], words[2]), 0);
        assert_non_null(strstr(said.data, "\"environment\": \"production\",\n"
                                          "        \"trusted\": true,\n"));
        assert_non_null(strstr(said.data,
                               "\"environment\": \"test\",\n"
                               "        \"trusted\": false,\n"
                               "        \"reason\": \"pointers/shop/test.json is not signed\""));
    }
}

/* A good signature of another version. */
static void a_version_under_another_name_is_reported(void **state)
{
    (void)state;
    lead("tags/shop/v2.0.0.json", STATEMENT_VERSION, "v1.0.0", &known);
    assert_int_equal(RUN(true, "list", "tags", "shop", "--config", "demands.json5"), 0);
    assert_int_equal(count_of("\"trusted\": true"), 0);
    assert_non_null(strstr(said.data, "v2.0.0.json states shop/v1.0.0"));
}

static void nothing_is_printed_without_demands(void **state)
{
    (void)state;
    lead_version(1, &known);
    assert_int_equal(RUN(true, "list", "tags", "shop", "--config", "none.json5"), 0);
    assert_non_null(strstr(said.data, "v1.1.0"));
    assert_null(strstr(said.data, "\"trust\""));
}

int main(void)
{
#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)
    const struct CMUnitTest tests[] = {
        IN_STORE(the_second_signer_sees_time_and_number),
        IN_STORE(a_dry_run_refuses_what_sign_refuses),
        IN_STORE(verify_needs_each_read),
        IN_STORE(each_version_has_its_signer),
        IN_STORE(each_environment_has_its_signer),
        IN_STORE(a_version_under_another_name_is_reported),
        IN_STORE(nothing_is_printed_without_demands),
    };

    return cmocka_run_group_tests(tests, NULL, run_forget);
}
