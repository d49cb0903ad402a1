#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/codes.h"
#include "base/file.h"
#include "deploy/spec/adopt.h"
#include "deploy/spec/judge.h"
#include "spec_kit.h"

/* The name of a volume without a name: the container has it, and its spec writes it out. */
#define HEX "6f6e65206f662061206875676520616d6f756e74206f6620766f6c756d657321"

static void read_golden(const char *name, struct text *out)
{
    const char *folder = getenv("S3DOCK_TEST_DATA");
    char path[4096];
    struct err err = {.text = "no such file"};

    text_init(out, MIB);
    snprintf(path, sizeof path, "%s/deploy/%s", folder ? folder : "tests/golden", name);
    if (file_read(path, out, &err) != FILE_OK)
        fail_msg("%s: %s", path, err.text);
}

static struct docker_container golden_container(const char *engine, const char *name)
{
    _cleanup_text_ struct text text = {0};
    struct docker_container container;
    char file[128];
    struct err err;

    snprintf(file, sizeof file, "%s-%s.json", engine, name);
    read_golden(file, &text);
    if (docker_container_read(json_of(text.data), &container, &err))
        fail_msg("%s: %s", file, err.text);
    return container;
}

static void adopt(const struct docker_container *container, const struct docker_container *bare,
                  struct adopted *out)
{
    struct err err;

    if (adopt_write(container, bare, "", "shop", "production", "shop.json5", out, &err))
        fail_msg("%s", err.text);
}

/* The container itself must pass as a candidate of its own spec. */
static void assert_own_spec(const struct adopted *adopted, const struct docker_container *container,
                            bool judged)
{
    struct unit_spec unit = {.unit = "main", .container = "f", .order = ORDER_STOP_FIRST};
    struct container_spec spec;
    struct judge_input input = {.spec = &spec, .candidate = container};
    struct err err;

    if (container_spec_parse(&unit, text_view(&adopted->container), (struct view){0}, &spec, &err))
        fail_msg("%s\n%s", err.text, adopted->container.data);
    if (judged && judge(&input, NULL, &err))
        fail_msg("%s", err.text);
    container_spec_finish(&spec);
}

static void assert_entry(const struct text *text, enum deploy_order order)
{
    static struct deployment entry;
    struct err err;

    if (read_entry(text->data, &entry, NULL, &err))
        fail_msg("%s\n%s", err.text, text->data);
    assert_int_equal(entry.units[0].order, order);
    assert_string_equal(entry.units[0].container, "/etc/s3dock/shop.json5");
    deployment_finish(&entry);
}

/* Containers of real daemons, and the specs that were written and compared with them by
 * tests/kit/adopt_round.py. */
static void specs_of_real_containers(void **state)
{
    static const struct {
        const char *engine, *name;
        enum deploy_order order;
    } cases[] = {
        {"docker-20.10", "many", ORDER_STOP_FIRST},
        {"docker-20.10", "reset", ORDER_START_FIRST},
        {"docker-20.10", "hostnet", ORDER_STOP_FIRST},
        {"docker-28.5", "many", ORDER_STOP_FIRST},
        {"docker-28.5", "static", ORDER_STOP_FIRST},
        {"docker-28.5", "sysopen", ORDER_START_FIRST},
        {"podman-4.3", "many", ORDER_STOP_FIRST},
        {"podman-4.3", "reset", ORDER_START_FIRST},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct docker_container bare = golden_container(cases[i].engine, "bare");
        struct docker_container container = golden_container(cases[i].engine, cases[i].name);
        _cleanup_text_ struct text expected = {0};
        struct adopted adopted;
        char file[128];

        snprintf(file, sizeof file, "%s-%s.json5", cases[i].engine, cases[i].name);
        adopt(&container, &bare, &adopted);
        read_golden(file, &expected);
        assert_string_equal(adopted.container.data, expected.data);
        assert_own_spec(&adopted, &container, !strstr(adopted.container.data, "AutoRemove"));
        assert_entry(&adopted.entry, cases[i].order);
        adopted_finish(&adopted);
        docker_container_finish(&container);
        docker_container_finish(&bare);
    }
}

/* ---- rules ---- */

/* Adopts a container with these members, beside a bare one, and returns the container file without
 * its comment. */
static void assert_spec(const char *members, const char *bare_members, const char *expected,
                        const char *note)
{
    struct docker_container container = container_of("shop", members);
    struct docker_container bare = container_of("bare", bare_members);
    struct adopted adopted;
    const char *body;

    adopt(&container, &bare, &adopted);
    body = strstr(adopted.container.data, "\n{");
    assert_non_null(body);
    if (!strstr(body, expected))
        fail_msg("%s has no %s", body, expected);
    if (note && !strstr(adopted.notes.data, note))
        fail_msg("\"%s\" has no \"%s\"", adopted.notes.data, note);
    assert_own_spec(&adopted, &container, !strstr(members, HEX));
    adopted_finish(&adopted);
    docker_container_finish(&container);
    docker_container_finish(&bare);
}

#define POLICY "\"RestartPolicy\": {\n      \"Name\": \"unless-stopped\"\n    }\n  }"
#define ONLY   "\n{\n  \"HostConfig\": {\n    " POLICY "\n}\n"

static void settings_of_a_bare_container_are_left_out(void **state)
{
    static const char same[] = "Config: {User: 'a', Env: ['A=1'], Labels: {x: 'y'}, Cmd: ['c']},"
                               "HostConfig: {ShmSize: 5, Binds: null, CapDrop: ['MKNOD']}";

    (void)state;
    assert_spec(same, same, ONLY, "becomes \"unless-stopped\"");
    assert_spec(
        "Config: {Hostname: '0123456789ab', AttachStdout: true, Image: 'x', OnBuild: ['y']},"
        "HostConfig: {Binds: [], Runtime: 'runc', ConsoleSize: [24, 80], Memory: 0,"
        "MaskedPaths: ['/proc/a'], NetworkMode: 'bridge'}",
        "HostConfig: {Binds: null, MaskedPaths: ['/proc/a', '/proc/b'], NetworkMode: "
        "'default', Memory: 0}",
        ONLY, NULL);
    assert_spec("Config: {NetworkDisabled: true, Labels: {'dev.s3dock.slot': 'blue'}},"
                "HostConfig: {PortBindings: {'80/tcp': null}, MemorySwappiness: -1}",
                "Config: {}", ONLY, NULL);
}

static void values_that_are_derived_are_left_out(void **state)
{
    (void)state;
    assert_spec("HostConfig: {Memory: 64, MemorySwap: 128}", "HostConfig: {Memory: 0}",
                "\"HostConfig\": {\n    \"Memory\": 64,\n    " POLICY, NULL);
    assert_spec("HostConfig: {Memory: 64, MemorySwap: -1}", "HostConfig: {Memory: 0}",
                "\"MemorySwap\": -1", NULL);
    assert_spec("HostConfig: {NanoCpus: 5, CpuPeriod: 100, CpuQuota: 200}", "HostConfig: {}",
                "\"HostConfig\": {\n    \"NanoCpus\": 5,\n    " POLICY, NULL);
    assert_spec("HostConfig: {NanoCpus: 0, CpuPeriod: 100}", "HostConfig: {NanoCpus: 0}",
                "\"CpuPeriod\": 100", NULL);
    assert_spec("HostConfig: {Init: false}, Config: {StopTimeout: 0}", "HostConfig: {}",
                "\"StopTimeout\": 0", NULL);
}

static void settings_that_a_container_removed_are_written(void **state)
{
    (void)state;
    assert_spec("Config: {Entrypoint: null, Cmd: ['x']}",
                "Config: {Entrypoint: ['/init'], Cmd: "
                "['x']}",
                "\"Entrypoint\": [\n    \"\"\n  ],\n  \"Cmd\": [\n    \"x\"", NULL);
    assert_spec("Config: {Env: ['B=2']}", "Config: {Env: ['A=1', 'B=2']}",
                "\"Env\": [\n    \"A\"\n  ]", NULL);
    assert_spec("HostConfig: {MaskedPaths: []}", "HostConfig: {MaskedPaths: ['/proc/kcore']}",
                "\"MaskedPaths\": []", NULL);
}

static void settings_that_cannot_be_kept_are_comments(void **state)
{
    static const struct {
        const char *members, *comment;
    } cases[] = {
        {"HostConfig: {AutoRemove: true}", "// HostConfig.AutoRemove: true\n"},
        {"HostConfig: {Links: ['/db:/shop/db']}", "// HostConfig.Links: [\"/db:/shop/db\"]\n"},
        {"HostConfig: {NetworkMode: 'container:db'}",
         "// HostConfig.NetworkMode: \"container:db\"\n"},
        {"HostConfig: {PidMode: 'container:db'}", "// HostConfig.PidMode: \"container:db\"\n"},
        {"Config: {MacAddress: '02:42:0a:00:00:05'}", "// MacAddress: \"02:42:0a:00:00:05\"\n"},
        {"HostConfig: {Links: ['a\\nb\\u2028c']}", "// HostConfig.Links: [\"a\\nb\\u2028c\"]\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct docker_container container = container_of("shop", cases[i].members);
        struct docker_container bare = container_of("bare", "Config: {}");
        struct adopted adopted;

        adopt(&container, &bare, &adopted);
        if (!strstr(adopted.container.data, cases[i].comment))
            fail_msg("%s has no %s", adopted.container.data, cases[i].comment);
        assert_non_null(strstr(adopted.notes.data, "is left out: "));
        json_destroy(json_of(adopted.container.data));
        adopted_finish(&adopted);
        docker_container_finish(&container);
        docker_container_finish(&bare);
    }
}

static void volumes_without_a_name_get_theirs(void **state)
{
    (void)state;
    assert_spec("Config: {Volumes: {'/data': {}, '/other': {}}}, HostConfig: {Mounts: [{Type: "
                "'volume', Target: '/data'}]}, Mounts: [{Type: 'volume', Name: '" HEX
                "', Destination: '/data', RW: false}, {Type: 'volume', Name: 'named', Destination: "
                "'/other'}]",
                "Config: {}",
                "\"Volumes\": {\n    \"/other\": {}\n  },\n  \"HostConfig\": {\n    \"Mounts\": [\n"
                "      {\n        \"Type\": \"volume\",\n        \"Source\": \"" HEX
                "\",\n        \"Target\": \"/data\",\n        \"ReadOnly\": true\n      }\n    ],",
                "both versions write to it");
}

static void networks_keep_what_users_gave(void **state)
{
    static const char bare[] = "NetworkSettings: {Networks: {bridge: {}}}";

    (void)state;
    assert_spec("HostConfig: {NetworkMode: 'web'}, Config: {Hostname: 'h'}, NetworkSettings: "
                "{Networks: {web: {Aliases: ['0123456789ab', 'h', 'shop'], IPAddress: '10.0.0.1',"
                " DNSNames: ['x'], MacAddress: '02:42:0a:00:00:05'}}}",
                bare, "\"NetworkMode\": \"web\",\n    " POLICY "\n}", NULL);
    assert_spec(
        "HostConfig: {NetworkMode: 'web'}, Config: {}, NetworkSettings: {Networks: {web:"
        " {Aliases: ['web', 'api'], GwPriority: 5, DriverOpts: {a: 'b'}}, db: {}}}",
        bare,
        "\"web\": {\n        \"Aliases\": [\n          \"web\",\n          \"api\"\n        "
        "],\n        \"DriverOpts\": {\n          \"a\": \"b\"\n        },\n        "
        "\"GwPriority\": 5\n      },\n      \"db\": {}",
        NULL);
    assert_spec("HostConfig: {NetworkMode: 'bridge'}, NetworkSettings: {Networks: {web: {}}}", bare,
                "\"EndpointsConfig\": {\n      \"web\": {}\n", NULL);
    assert_spec("HostConfig: {NetworkMode: 'bridge'}, NetworkSettings: {Networks: {bridge: {}}}",
                bare, ONLY, NULL);
}

static void an_entry_of_a_test_uses_it(void **state)
{
    struct docker_container container =
        container_of("shop", "Config: {Healthcheck: {Test: ['CMD', 'x']}, ExposedPorts: {'53/udp': "
                             "{}, '3000/tcp': {}}}");
    struct docker_container bare = container_of("bare", "Config: {}");
    struct adopted adopted;

    (void)state;
    adopt(&container, &bare, &adopted);
    assert_non_null(strstr(adopted.entry.data, "\n    health: { docker: true },\n"));
    assert_non_null(strstr(adopted.entry.data, "// port: 3000, slots: [18081, 18082],"));
    assert_non_null(strstr(adopted.entry.data, "name: \"shop\""));
    assert_entry(&adopted.entry, ORDER_START_FIRST);
    adopted_finish(&adopted);
    docker_container_finish(&container);
    docker_container_finish(&bare);
}

static void a_new_application_works_as_it_is(void **state)
{
    struct unit_spec unit = {.unit = "main", .container = "f"};
    struct container_spec spec;
    struct adopted adopted;
    struct err err;

    (void)state;
    assert_int_equal(adopt_init("shop", "production", "shop.json5", &adopted, &err), 0);
    assert_entry(&adopted.entry, ORDER_START_FIRST);
    assert_int_equal(
        container_spec_parse(&unit, text_view(&adopted.container), (struct view){0}, &spec, &err),
        0);
    assert_string_equal(spec.restart, "unless-stopped");
    container_spec_finish(&spec);
    adopted_finish(&adopted);
}

/* Every commented line of a new entry is a key that the reader takes. */
static void comments_of_a_new_entry_are_valid(void **state)
{
    static const char *const suggestions[] = {"haproxy", "caddy", "file"};
    struct adopted adopted;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(suggestions); i++) {
        _cleanup_text_ struct text entry = {0};
        char traffic[64];

        assert_int_equal(adopt_init("shop", "production", "shop.json5", &adopted, &err), 0);
        snprintf(traffic, sizeof traffic, "// traffic: { %s:", suggestions[i]);
        assert_non_null(strstr(adopted.entry.data, traffic));
        text_init(&entry, 64 * KIB);
        for (char *line = strtok(adopted.entry.data, "\n"); line; line = strtok(NULL, "\n")) {
            bool wanted = strstr(line, traffic) || strstr(line, "// port:") ||
                          strstr(line, "// health:") || strstr(line, "// env_file:");

            text_printf(&entry, "%s\n", wanted ? strstr(line, "// ") + 3 : line);
        }
        assert_entry(&entry, ORDER_START_FIRST);
        adopted_finish(&adopted);
    }
}

#define LABELS(deploy)                                                                             \
    "Config: {Labels: {'dev.s3dock.deploy': '" deploy "', 'dev.s3dock.generation': '3', "          \
    "'dev.s3dock.slot': 'blue', 'dev.s3dock.image': 'shop:20250721-2118-f7a5a27', "                \
    "'dev.s3dock.image-id': 'sha256:" KIT_ID "', 'dev.s3dock.spec': '" KIT_ID "', "                \
    "'dev.s3dock.restart': 'unless-stopped'}}"

/* The labels of a committed image do not make a container s3dock's own. */
static void containers_of_a_deployment_are_refused(void **state)
{
    struct docker_container own = container_of("shop", LABELS("shop/production/main"));
    struct docker_container bare = container_of("bare", "Config: {}");
    struct adopted out = {0};
    struct err err = {0};

    (void)state;
    assert_true(adopt_write(&own, &bare, "", "shop", "production", "f", &out, &err));
    assert_true(err_is(&err, ERR_USAGE, CODE_CONTAINER));
    assert_non_null(strstr(err.text, "shop/production/main"));
    adopted_finish(&out);
    adopt(&own, &own, &out);
    adopted_finish(&out);
    docker_container_finish(&own);
    docker_container_finish(&bare);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(specs_of_real_containers),
        cmocka_unit_test(settings_of_a_bare_container_are_left_out),
        cmocka_unit_test(values_that_are_derived_are_left_out),
        cmocka_unit_test(settings_that_a_container_removed_are_written),
        cmocka_unit_test(settings_that_cannot_be_kept_are_comments),
        cmocka_unit_test(volumes_without_a_name_get_theirs),
        cmocka_unit_test(networks_keep_what_users_gave),
        cmocka_unit_test(an_entry_of_a_test_uses_it),
        cmocka_unit_test(a_new_application_works_as_it_is),
        cmocka_unit_test(comments_of_a_new_entry_are_valid),
        cmocka_unit_test(containers_of_a_deployment_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
