#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "catalog/deployed.h"

#define ID "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char DOCUMENT[] = "{\n"
                               "  \"schema\": 1,\n"
                               "  \"host\": \"web-1\",\n"
                               "  \"machine\": \"0123456789abcdef\",\n"
                               "  \"app_name\": \"shop\",\n"
                               "  \"environment\": \"production\",\n"
                               "  \"image_reference\": \"shop:20250721-2118-f7a5a27\",\n"
                               "  \"image_id\": \"" ID "\",\n"
                               "  \"result\": \"failed\",\n"
                               "  \"error_code\": \"deploy.unhealthy\",\n"
                               "  \"pointer_etag\": \"\\\"e\\\"\",\n"
                               "  \"since\": \"2026-11-23T08:19:34Z\",\n"
                               "  \"seen\": \"2026-11-29T08:19:34Z\",\n"
                               "  \"previous\": \"shop:20250720-2118-aaaaaaa\",\n"
                               "  \"heartbeat_seconds\": 900,\n"
                               "  \"version\": \"0.3.0\",\n"
                               "  \"units\": [\n"
                               "    {\n"
                               "      \"unit\": \"main\",\n"
                               "      \"container\": \"c0ffee\",\n"
                               "      \"generation\": 7\n"
                               "    }\n"
                               "  ],\n"
                               "  \"events\": [\n"
                               "    {\n"
                               "      \"at\": \"2026-11-29T08:19:34Z\",\n"
                               "      \"result\": \"failed\",\n"
                               "      \"image_reference\": \"shop:20250722-2118-bbbbbbb\",\n"
                               "      \"error_code\": \"deploy.unhealthy\"\n"
                               "    }\n"
                               "  ]\n"
                               "}";

static void a_document_is_read_and_written_alike(void **state)
{
    struct deployed deployed;
    struct text text;
    struct err err;

    (void)state;
    text_init(&text, 64 * KIB);
    assert_int_equal(deployed_parse(view_str(DOCUMENT), &deployed, &err), 0);
    assert_string_equal(deployed.host, "web-1");
    assert_string_equal(deployed.error_code, "deploy.unhealthy");
    assert_int_equal(deployed.heartbeat, 900);
    assert_int_equal(deployed.unit_count, 1);
    assert_int_equal(deployed.units[0].generation, 7);
    assert_int_equal(deployed.event_count, 1);
    deployed_write(&deployed, &text);
    assert_string_equal(text.data, DOCUMENT);
    text_finish(&text);
}

#define ZEROES "0000000000000000000000000000000000000000000000000000000000000000"
#define LEAST  "\"result\":\"deployed\",\"seen\":\"2026-11-29T08:19:34Z\""

static void hostile_documents_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"result\":\"deployed\"}",
        "{\"seen\":\"2026-11-29T08:19:34Z\"}",
        "{\"result\":\"deployed\",\"seen\":\"yesterday\"}",
        "{" LEAST ",\"host\":\"../web\"}",
        "{" LEAST ",\"host\":\"a b\"}",
        "{" LEAST ",\"machine\":\"0123\"}",
        "{" LEAST ",\"app_name\":\"Shop\"}",
        "{" LEAST ",\"environment\":\"a/b\"}",
        "{" LEAST ",\"image_reference\":\"shop\\u001b[2J\"}",
        "{" LEAST ",\"image_id\":\"sha256:12\"}",
        "{" LEAST ",\"image_reference\":7}",
        "{" LEAST ",\"image_id\":\"sha256:" ZEROES "\"}",
        "{" LEAST ",\"heartbeat_seconds\":-1}",
        "{" LEAST ",\"heartbeat_seconds\":\"9\"}",
        "{" LEAST ",\"pointer_etag\":\"a b\"}",
        "{" LEAST ",\"units\":{}}",
        "{" LEAST ",\"units\":[7]}",
        "{" LEAST ",\"units\":[{\"generation\":-1}]}",
        "{" LEAST ",\"events\":[{\"at\":\"x\"}]}",
        "{" LEAST ",\"events\":[null,{\"result\":\"\\n\"}]}",
        "{\"result\":\"ok\\u001b\",\"seen\":\"2026-11-29T08:19:34Z\"}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct deployed deployed;
        struct err err;

        if (deployed_parse(view_str(bad[i]), &deployed, &err) == 0)
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(err.family, ERR_INTEGRITY);
        assert_string_equal(err.code, "document");
    }
}

/* A newer version may write more results, members, units and events. */
static void unknown_members_are_ignored(void **state)
{
    struct deployed deployed;
    struct text text;
    struct err err;

    (void)state;
    text_init(&text, 64 * KIB);
    text_str(&text, "{\"schema\":9,\"more\":[{}],\"result\":\"paused\",\"seen\":"
                    "\"2026-11-29T08:19:34Z\",\"heartbeat_seconds\":999999999999,\"units\":[");
    for (int i = 0; i < 100; i++)
        text_printf(&text, "%s{\"unit\":\"u%d\",\"generation\":99999999999}", i ? "," : "", i);
    text_str(&text, "],\"events\":[");
    for (int i = 0; i < 100; i++)
        text_printf(&text, "%s{\"result\":\"r\"}", i ? "," : "");
    text_str(&text, "]}");
    if (deployed_parse(text_view(&text), &deployed, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(deployed.result, "paused");
    assert_int_equal(deployed.unit_count, DEPLOYED_UNITS_MAX);
    assert_int_equal(deployed.event_count, DEPLOYED_EVENTS_MAX);
    assert_int_equal(deployed.units[0].generation, UINT32_MAX);
    assert_int_equal(deployed.heartbeat, 366 * 24 * 3600);
    text_finish(&text);
}

#define X10 "xxxxxxxxxx"

static void a_host_name_becomes_a_part_of_a_key(void **state)
{
    static const struct {
        const char *name, *host;
    } cases[] = {
        {"web-1", "web-1"},
        {"Web-1.Example.COM", "web-1.example.com"},
        {"web-1.example.com.", "web-1.example.com"},
        {"web_1", "web_1"},
        {"a..b", "a.b"},
        {"...a", "a"},
        {"-a-", "a-"},
        {"../../etc", "etc"},
        {"a/b c", "a-b-c"},
        {"b\xc3\xbc"
         "cher",
         "b--cher"},
        {"a\x1b[2J", "a--2j"},
        {"", "host"},
        {"...", "host"},
        {"\xff\xfe", "host"},
        {X10 X10 X10 X10 X10 "1234567", X10 X10 X10 X10 X10 "1234567"},
        {X10 X10 X10 X10 X10 "12345678", X10 X10 X10 X10 X10 "-436e2c"},
        {X10 X10 X10 X10 X10 "1234567.a", X10 X10 X10 X10 X10 "-f95a9c"},
        {X10 X10 X10 X10 X10 "1234567.b", X10 X10 X10 X10 X10 "-3ee089"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char host[DEPLOYED_HOST_MAX];
        struct err err;

        deployed_host(host, cases[i].name);
        assert_string_equal(host, cases[i].host);
        assert_int_equal(name_check_env(host, &err), 0);
        deployed_host_add(host, "fedcba9876543210");
        assert_int_equal(name_check_env(host, &err), 0);
        assert_string_equal(host + strlen(host) - 7, "-fedcba");
    }
}

static void any_host_name_gives_a_sound_key(void **state)
{
    char name[300], host[DEPLOYED_HOST_MAX], key[KEY_MAX];
    char app[NAME_APP_MAX], env[NAME_ENV_MAX], again[DEPLOYED_HOST_MAX];

    (void)state;
    for (unsigned seed = 1; seed < 20000; seed++) {
        uint64_t random = seed * UINT64_C(0x9e3779b97f4a7c15);
        size_t size = seed % sizeof name;

        for (size_t i = 0; i < size; i++) {
            random = random * UINT64_C(6364136223846793005) + 1;
            name[i] = seed % 3 ? (char)("a.-_Z/"[(random >> 33) % 6]) : (char)(random >> 33);
        }
        name[size] = '\0';
        deployed_host(host, name);
        deployed_host_add(host, "fedcba9876543210");
        key_deployed(key, "shop", "production", host);
        if (!key_parse_deployed(key, app, env, again))
            fail_msg("%s", key);
        assert_string_equal(again, host);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_read_and_written_alike),
        cmocka_unit_test(hostile_documents_are_refused),
        cmocka_unit_test(unknown_members_are_ignored),
        cmocka_unit_test(a_host_name_becomes_a_part_of_a_key),
        cmocka_unit_test(any_host_name_gives_a_sound_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
