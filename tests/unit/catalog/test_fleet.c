#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "catalog/deployed_list.h"
#include "catalog/fleet.h"
#include "kit/fault_store.h"
#include "kit/scratch.h"

#define OLD "shop:20250720-2118-aaaaaaa"
#define NEW "shop:20250721-2118-f7a5a27"
#define NOW (INT64_C(1795953600) * NS_PER_S) /* 2026-11-29T12:00:00Z */

/* A bucket with a clock. */
static struct world {
    struct fault_store fault;
    bool denied;
    unsigned lists, gets;
    struct text warnings;
    struct fleet fleet;
    struct err err;
} world;

static bool intercept(struct fault_store *fault, struct store_op *op)
{
    bool of_hosts = strncmp(op->key, "deployments/", 12) == 0;

    world.lists += op->verb == STORE_LIST && of_hosts;
    world.gets += op->verb == STORE_GET && of_hosts;
    if (world.denied && op->verb == STORE_LIST && of_hosts) {
        fault_store_fail(op, ERR_AUTH, CODE_DENIED, STORE_FORBIDDEN);
        return true;
    }
    fault_store_run(fault, op);
    op->server_time = NOW;
    fault_store_complete(op, op->answer);
    return true;
}

static int open_world(void **state)
{
    static unsigned number;
    char name[16];

    (void)state;
    world = (struct world){.denied = false};
    text_init(&world.warnings, MIB);
    snprintf(name, sizeof name, "b%u", number++);
    fault_store_open(&world.fault, dir, name, intercept);
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    fleet_finish(&world.fleet);
    text_finish(&world.warnings);
    fault_store_close(&world.fault);
    return 0;
}

static void put(const char *key, const char *text)
{
    if (store_put_document(world.fault.behind, key, view_str(text), NULL, false, NULL,
                           &world.err) != STORE_DONE)
        fail_msg("%s", world.err.text);
}

static void lead(const char *env, const char *tag)
{
    char key[128], text[256];

    snprintf(key, sizeof key, "pointers/shop/%s.json", env);
    snprintf(text, sizeof text,
             "{\"target_type\":\"image\",\"target_path\":\"images/shop/202507/shop-%s.tar.gz\"}",
             tag);
    put(key, text);
}

/* A host that was seen `age` seconds ago. */
static void add_host(const char *env, const char *host, const char *image, const char *result,
                     const char *error_code, int64_t age, int64_t heartbeat)
{
    struct deployed deployed = {.heartbeat = heartbeat};
    char key[KEY_MAX];
    struct text text;

    snprintf(deployed.host, sizeof deployed.host, "%s", host);
    snprintf(deployed.app_name, sizeof deployed.app_name, "shop");
    snprintf(deployed.environment, sizeof deployed.environment, "%s", env);
    snprintf(deployed.image_reference, sizeof deployed.image_reference, "%s", image);
    snprintf(deployed.result, sizeof deployed.result, "%s", result);
    snprintf(deployed.error_code, sizeof deployed.error_code, "%s", error_code);
    clock_rfc3339(NOW - age * NS_PER_S, deployed.seen);
    key_deployed(key, "shop", env, host);
    text_init(&text, 64 * KIB);
    deployed_write(&deployed, &text);
    put(key, text.data);
    text_finish(&text);
}

static int read_fleet(const char *env)
{
    return fleet_read(&world.fault.store, "shop", env, &world.fleet, &world.warnings, &world.err);
}

/* The marks of a host as their first letters. */
static const char *marks_of(const char *name)
{
    static char out[FLEET_MARKS + 1];
    size_t used = 0;

    for (size_t i = 0; i < world.fleet.host_count; i++)
        for (size_t mark = 0; mark < FLEET_MARKS; mark++)
            if (strcmp(world.fleet.hosts[i].host, name) == 0 && world.fleet.hosts[i].marks[mark])
                out[used++] = fleet_mark_name((enum fleet_mark)mark)[0];
    out[used] = '\0';
    return out;
}

static void hosts_are_compared_with_their_pointer(void **state)
{
    static const struct {
        const char *host, *image, *result, *error_code;
        int64_t age, heartbeat;
        const char *marks;
    } cases[] = {
        {"fine", NEW, "deployed", "", 60, 900, ""},
        {"same", NEW, "unchanged", "", 2700, 900, ""},
        {"late", NEW, "deployed", "", 2701, 900, "s"},
        {"manual", NEW, "deployed", "", 100000000, 0, ""},
        {"ahead", NEW, "deployed", "", -5000, 900, ""}, /* its clock is wrong */
        {"old", OLD, "deployed", "", 60, 900, "b"},
        {"broken", OLD, "failed", "deploy.unhealthy", 60, 900, "fb"},
        {"undone", OLD, "rolled_back", "deploy.observe", 60, 900, "fb"},
        {"back", OLD, "rolled_back", "", 60, 900, "b"},
        {"held", OLD, "held", "", 60, 900, "bh"},
        {"dead", "", "down", "down.start", 9000, 900, "dsb"},
        {"newer", NEW, "some_new_result", "", 60, 900, ""},
    };

    (void)state;
    lead("production", "20250721-2118-f7a5a27");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        add_host("production", cases[i].host, cases[i].image, cases[i].result, cases[i].error_code,
                 cases[i].age, cases[i].heartbeat);
    assert_int_equal(read_fleet("production"), 0);
    assert_int_equal(world.fleet.host_count, ARRAY_SIZE(cases));
    assert_int_equal(world.warnings.size, 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (strcmp(marks_of(cases[i].host), cases[i].marks) != 0)
            fail_msg("%s: %s", cases[i].host, marks_of(cases[i].host));
    assert_int_equal(world.fleet.marked[FLEET_BEHIND], 6);
    assert_int_equal(world.fleet.marked[FLEET_SILENT], 2);
    for (size_t i = 1; i < world.fleet.host_count; i++)
        assert_true(strcmp(world.fleet.hosts[i - 1].host, world.fleet.hosts[i].host) < 0);
}

static void all_environments_are_read_with_one_list(void **state)
{
    (void)state;
    lead("production", "20250721-2118-f7a5a27");
    lead("empty", "20250721-2118-f7a5a27");
    add_host("production", "b", NEW, "deployed", "", 0, 0);
    add_host("production", "a", NEW, "deployed", "", 0, 0);
    add_host("gone", "c", OLD, "deployed", "", 0, 0);
    assert_int_equal(read_fleet(NULL), 0);
    assert_int_equal(world.lists, 1);
    assert_int_equal(world.gets, 3);
    assert_int_equal(world.fleet.environment_count, 3);
    assert_string_equal(world.fleet.environments[0].env, "empty");
    assert_int_equal(world.fleet.environments[0].count, 0);
    assert_string_equal(world.fleet.environments[1].env, "gone");
    assert_string_equal(world.fleet.environments[1].image, "");
    assert_int_equal(world.fleet.environments[1].count, 1);
    assert_string_equal(world.fleet.environments[2].env, "production");
    assert_int_equal(world.fleet.environments[2].first, 1);
    assert_int_equal(world.fleet.environments[2].count, 2);
    assert_string_equal(marks_of("c"), ""); /* the image of its environment is not known */
}

static void an_environment_needs_a_pointer_or_a_host(void **state)
{
    (void)state;
    assert_int_equal(read_fleet("production"), ERR_FAIL);
    assert_true(err_is(&world.err, ERR_NOT_FOUND, CODE_ENVIRONMENT));
    fleet_finish(&world.fleet);
    add_host("production", "a", NEW, "deployed", "", 0, 0);
    assert_int_equal(read_fleet("production"), 0);
    assert_int_equal(world.fleet.environment_count, 1);
    assert_non_null(strstr(world.warnings.data, "environment pointer not found"));
    fleet_finish(&world.fleet);
    put("pointers/shop/production.json", "garbage");
    assert_int_equal(read_fleet("production"), 0);
}

static void a_broken_document_is_one_warning(void **state)
{
    static const char *const broken[] = {"", "{", "[]", "{\"result\":\"deployed\"}"};
    char key[64], *at;
    unsigned lines = 0;

    (void)state;
    lead("production", "20250721-2118-f7a5a27");
    add_host("production", "good", NEW, "deployed", "", 0, 0);
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
        snprintf(key, sizeof key, "deployments/shop/production/bad%zu.json", i);
        put(key, broken[i]);
    }
    add_host("other", "liar", NEW, "deployed", "", 0, 0); /* copied to another place: */
    put("deployments/shop/production/liar.json",
        "{\"host\":\"good\",\"result\":\"deployed\",\"seen\":\"2026-11-29T12:00:00Z\"}");
    put("deployments/shop/production/two words.json", "{}");
    put("deployments/shop/production/readme.txt", "not a document");
    assert_int_equal(read_fleet("production"), 0);
    assert_int_equal(world.fleet.host_count, 1);
    for (at = world.warnings.data; (at = strchr(at, '\n')); at++)
        lines++;
    assert_int_equal(lines, ARRAY_SIZE(broken) + 2);
}

static void a_missing_right_is_named(void **state)
{
    (void)state;
    lead("production", "20250721-2118-f7a5a27");
    world.denied = true;
    assert_int_equal(read_fleet("production"), ERR_FAIL);
    assert_true(err_is(&world.err, ERR_AUTH, CODE_DENIED));
    assert_non_null(strstr(world.err.hint, "s3:ListBucket"));
    assert_non_null(strstr(world.err.hint, "deployments/"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
    const struct CMUnitTest tests[] = {
        TEST(hosts_are_compared_with_their_pointer),
        TEST(all_environments_are_read_with_one_list),
        TEST(an_environment_needs_a_pointer_or_a_host),
        TEST(a_broken_document_is_one_warning),
        TEST(a_missing_right_is_named),
    };

    if (scratch_create())
        return 1;
    return cmocka_run_group_tests(tests, NULL, scratch_teardown);
}
