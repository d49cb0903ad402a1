/* The texts and the JSON of `status` and `history`, with the documents of hosts in a folder. */
#include "base/clock.h"
#include "base/file.h"
#include "kit/run_command.h"

#define OLD "shop:20250720-2118-aaaaaaa"
#define NEW "shop:20250721-2118-f7a5a27"

static char endpoint[256];

static void put(const char *key, const char *text)
{
    char path[512];

    snprintf(path, sizeof path, "store/b/%s", key);
    assert_int_equal(file_make_parents(path, 0755, &err), 0);
    write_text(path, text);
}

static void lead(const char *env)
{
    char key[128];

    snprintf(key, sizeof key, "pointers/shop/%s.json", env);
    put(key, "{\"target_type\":\"image\",\"target_path\":"
             "\"images/shop/202507/shop-20250721-2118-f7a5a27.tar.gz\"}");
}

/* A host that was seen `age` seconds ago. */
static void add_host(const char *env, const char *host, const char *image, const char *result,
                     const char *error_code, int age)
{
    char key[128], text[1024], seen[CLOCK_RFC3339_SIZE];

    clock_rfc3339((clock_wall() / NS_PER_S - age) * NS_PER_S, seen);
    snprintf(key, sizeof key, "deployments/shop/%s/%s.json", env, host);
    snprintf(text, sizeof text,
             "{\"result\":\"%s\",\"error_code\":\"%s\",\"image_reference\":\"%s\",\"seen\":\"%s\","
             "\"since\":\"2026-11-23T07:19:34Z\",\"heartbeat_seconds\":60,\"events\":["
             "{\"at\":\"2026-11-23T07:19:34Z\",\"result\":\"%s\",\"image_reference\":\"%s\","
             "\"error_code\":\"%s\"},{\"at\":\"2026-11-20T07:19:34Z\",\"result\":\"rolled_back\","
             "\"image_reference\":\"%s\"}]}",
             result, error_code, image, seen, result, NEW, error_code, OLD);
    put(key, text);
}

static void promote_at(const char *day, const char *source)
{
    char key[128], text[1024];

    snprintf(key, sizeof key, "audit/shop/202611/202611%s-0000-promotion-f7a5a27-00112233.json",
             day);
    snprintf(
        text, sizeof text,
        "{\"event_type\":\"promotion\",\"timestamp\":\"2026-11-%sT00:00:00Z\",\"user\":\"ada\","
        "\"app_name\":\"shop\",\"git_hash\":\"f7a5a27\",\"details\":{\"environment\":"
        "\"production\",\"source\":\"%s\",\"source_type\":\"image\",\"pointer_path\":"
        "\"pointers/shop/production.json\"}}",
        day, source);
    put(key, text);
}

static int open_store(void **state)
{
    if (run_setup(state))
        return -1;
    setenv("XDG_CACHE_HOME", *state, 1);
    snprintf(endpoint, sizeof endpoint, "file://%s/store", (const char *)*state);
    setenv("S3DOCK_ENDPOINT", endpoint, 1);
    setenv("S3DOCK_BUCKET", "b", 1);
    return system("mkdir -p store/b");
}

static int close_store(void **state)
{
    assert_int_equal(system("rm -rf store s3dock"), 0);
    return run_teardown(state);
}

/* ---- status ---- */

static void each_host_is_a_line(void **state)
{
    (void)state;
    lead("production");
    lead("staging");
    add_host("production", "web-1", NEW, "deployed", "", -100); /* its clock is fast */
    add_host("production", "db", OLD, "failed", "deploy.unhealthy", 7200);
    assert_int_equal(RUN(false, "status", "shop"), 0);
    assert_string_equal(said.data,
                        "production -> " NEW "\n"
                        "  db     " OLD
                        "  failed    since 2026-11-23T07:19:34Z  seen 2 h 0 min ago  failed, "
                        "silent, behind (deploy.unhealthy)\n"
                        "  web-1  " NEW "  deployed  since 2026-11-23T07:19:34Z  seen 0 s ago\n"
                        "staging -> " NEW "\n"
                        "  no host has reported\n");
    assert_int_equal(RUN(true, "status", "shop", "production"), 0);
    assert_non_null(strstr(said.data, "\"marks\": [\n"
                                      "              \"failed\",\n"
                                      "              \"silent\",\n"
                                      "              \"behind\"\n"));
    assert_non_null(strstr(said.data, "\"hosts\": 2,\n"
                                      "    \"down\": 0,\n"
                                      "    \"failed\": 1,\n"
                                      "    \"silent\": 1,\n"
                                      "    \"behind\": 1,\n"
                                      "    \"held\": 0\n"));
    assert_null(strstr(said.data, "staging"));
}

/* No line has more than 80 columns, and no name is cut. */
static void a_narrow_terminal_gets_short_lines(void **state)
{
    static const char expected[] =
        "production -> " NEW "\n"
        "  db  20250720-2118-aaaaaaa\n"
        "    failed since 2026-11-23T07:19:34Z, seen 2 h 0 min ago\n"
        "    failed, silent, behind (deploy.unhealthy)\n"
        "  ip-10-0-12-34.eu-west-1.compute.internal  20250721-2118-f7a5a27\n"
        "    deployed since 2026-11-23T07:19:34Z, seen 0 s ago\n";

    (void)state;
    lead("production");
    add_host("production", "db", OLD, "failed", "deploy.unhealthy", 7200);
    add_host("production", "ip-10-0-12-34.eu-west-1.compute.internal", NEW, "deployed", "", -100);
    run_columns = 80;
    assert_int_equal(RUN(false, "status", "shop"), 0);
    assert_string_equal(said.data, expected);
    run_columns = 200; /* the wide form fits */
    assert_int_equal(RUN(false, "status", "shop"), 0);
    assert_non_null(strstr(said.data, "  deployed  since 2026-11-23T07:19:34Z  seen"));
    run_columns = 0;
}

static void check_fails_by_the_worst_host(void **state)
{
    static const struct {
        const char *host, *image, *result, *error_code;
        int age;
        const char *code; /* of --check after this host was added; NULL: it succeeds */
    } steps[] = {
        {"a", NEW, "deployed", "", 0, NULL},      {"b", NEW, "held", "", 0, NULL},
        {"c", OLD, "deployed", "", 0, "behind"},  {"d", NEW, "deployed", "", 200, "silent"},
        {"e", NEW, "failed", "x.y", 0, "failed"}, {"f", NEW, "down", "x.y", 0, "down"},
    };

    (void)state;
    lead("production");
    assert_int_equal(RUN(false, "status", "shop", "production", "--check"), 0); /* no host */
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        add_host("production", steps[i].host, steps[i].image, steps[i].result, steps[i].error_code,
                 steps[i].age);
        assert_int_equal(RUN(false, "status", "shop", "production"), 0);
        assert_int_equal(RUN(true, "status", "shop", "production", "--check"),
                         steps[i].code ? ERR_FAIL : 0);
        assert_non_null(strstr(said.data, "\"environments\"")); /* the result is printed, too */
        if (!steps[i].code)
            continue;
        assert_int_equal(err.family, ERR_DEPLOY);
        assert_string_equal(err.code, steps[i].code);
    }
}

static void check_fails_if_the_image_is_not_known(void **state)
{
    (void)state;
    add_host("production", "a", NEW, "deployed", "", 0);
    assert_int_equal(RUN(false, "status", "shop", "production"), 0);
    assert_non_null(strstr(said.data, "production -> -\n"));
    assert_int_equal(RUN(false, "status", "shop", "--check"), ERR_FAIL);
    assert_true(err_is(&err, ERR_DEPLOY, "behind"));
    assert_int_equal(RUN(false, "status", "shop", "nowhere"), ERR_FAIL);
    assert_int_equal(err.family, ERR_NOT_FOUND);
    assert_int_equal(RUN(false, "status", "other", "--check"), 0);
}

static void a_broken_document_is_a_warning(void **state)
{
    (void)state;
    lead("production");
    add_host("production", "a", NEW, "deployed", "", 0);
    put("deployments/shop/production/b.json", "{\"result\":\"\\u001b[2J\"}");
    assert_int_equal(RUN(true, "status", "shop", "production", "--check"), 0);
    assert_non_null(
        strstr(said.data, "\"warnings\": [\n      \"deployments/shop/production/b.json"));
}

static void a_misspelt_environment_gets_the_nearest_entry(void **state)
{
    (void)state;
    lead("production");
    write_text("s3dock.json5", "{deploy: {shop: {production: {}}}}");
    assert_int_equal(RUN(false, "status", "shop", "prodution"), ERR_FAIL);
    assert_string_equal(err.code, "environment");
    assert_string_equal(err.hint, "did you mean shop production?");
    err = (struct err){0};
    assert_int_equal(RUN(false, "status", "shop", "test"), ERR_FAIL);
    assert_string_equal(err.hint, "");
    assert_int_equal(unlink("s3dock.json5"), 0);
}

static void a_name_of_an_entry_is_not_misspelt(void **state)
{
    (void)state;
    write_text("s3dock.json5", "{deploy: {shop1: {test: {}}, shop: {test1: {}, test: {}}}}");
    assert_int_equal(RUN(false, "status", "shop", "test"), ERR_FAIL);
    assert_string_equal(err.code, "environment");
    assert_string_equal(err.hint, "");
    assert_int_equal(unlink("s3dock.json5"), 0);
}

/* ---- history ---- */

static void history_prints_hosts_between_promotions(void **state)
{
    (void)state;
    lead("production");
    promote_at("19", OLD);
    promote_at("22", NEW);
    add_host("production", "web-1", OLD, "failed", "deploy.unhealthy", 0);
    assert_int_equal(RUN(false, "history", "shop", "production"), 0);
    assert_string_equal(said.data,
                        "2026-11-23T07:19:34Z  " NEW "  failed on web-1 (deploy.unhealthy)\n"
                        "2026-11-22T00:00:00Z  " NEW "  by ada\n"
                        "2026-11-20T07:19:34Z  " OLD "  rolled back on web-1\n"
                        "2026-11-19T00:00:00Z  " OLD "  by ada\n");
    assert_int_equal(RUN(true, "history", "shop", "production", "--limit", "1"), 0);
    assert_non_null(strstr(said.data, "    \"deployments\": [\n"
                                      "      {\n"
                                      "        \"timestamp\": \"2026-11-23T07:19:34Z\",\n"
                                      "        \"host\": \"web-1\",\n"
                                      "        \"result\": \"failed\",\n"
                                      "        \"image_ref\": \"" NEW "\",\n"
                                      "        \"error_code\": \"deploy.unhealthy\"\n"
                                      "      }\n"
                                      "    ]\n"));
}

static void history_without_hosts_is_as_before(void **state)
{
    (void)state;
    lead("production");
    promote_at("19", OLD);
    assert_int_equal(RUN(false, "history", "shop", "production"), 0);
    assert_string_equal(said.data, "2026-11-19T00:00:00Z  " OLD "  by ada\n");
    assert_int_equal(RUN(false, "history", "shop", "nowhere"), ERR_FAIL);
    assert_int_equal(err.family, ERR_NOT_FOUND);
}

int main(void)
{
#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)
    const struct CMUnitTest tests[] = {
        IN_STORE(each_host_is_a_line),
        IN_STORE(a_narrow_terminal_gets_short_lines),
        IN_STORE(check_fails_by_the_worst_host),
        IN_STORE(check_fails_if_the_image_is_not_known),
        IN_STORE(a_broken_document_is_a_warning),
        IN_STORE(a_misspelt_environment_gets_the_nearest_entry),
        IN_STORE(a_name_of_an_entry_is_not_misspelt),
        IN_STORE(history_prints_hosts_between_promotions),
        IN_STORE(history_without_hosts_is_as_before),
    };

    return cmocka_run_group_tests(tests, NULL, run_forget);
}
