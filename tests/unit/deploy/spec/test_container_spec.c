#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "base/file.h"
#include "kit/scratch.h"
#include "spec_kit.h"

static const char *const labels[] = {"dev.s3dock.deploy=shop/production/main",
                                     "dev.s3dock.slot=blue", NULL};
static const struct container_creation creation = {
    .image = "sha256:abc", .labels = labels, .api_version = "1.41"};

static struct unit_spec unit_of(uint16_t port, uint16_t blue, const char *name)
{
    struct unit_spec unit = {.unit = "main", .container = "shop.json5", .port = port};

    unit.slot_ports[SLOT_BLUE] = blue;
    unit.slot_ports[SLOT_GREEN] = blue ? (uint16_t)(blue + 1) : 0;
    if (name) {
        str_copy(unit.network, sizeof unit.network, "web");
        snprintf(unit.slot_names[SLOT_BLUE], sizeof unit.slot_names[0], "%s-blue", name);
        snprintf(unit.slot_names[SLOT_GREEN], sizeof unit.slot_names[0], "%s-green", name);
    }
    return unit;
}

static void parse_good(const struct unit_spec *unit, const char *json5, struct view variables,
                       struct container_spec *out)
{
    struct err err = {0};

    if (container_spec_parse(unit, view_str(json5), variables, out, &err))
        fail_msg("%s: %s", json5, err.text);
}

static void assert_body(const struct unit_spec *unit, const char *json5, struct view variables,
                        const struct container_creation *of, const char *expected)
{
    _cleanup_text_ struct text body = {0};
    struct container_spec spec;
    struct err err = {0};

    parse_good(unit, json5, variables, &spec);
    text_init_secret(&body, MIB);
    if (container_spec_body(&spec, of, &body, &err))
        fail_msg("%s", err.text);
    assert_string_equal(body.data, expected);
    container_spec_finish(&spec);
}

#define OUR_LABELS                                                                                 \
    "\"Labels\":{\"dev.s3dock.deploy\":\"shop/production/main\",\"dev.s3dock.slot\":\"blue\"}"

static void the_body_has_the_file_and_the_slot(void **state)
{
    struct unit_spec plain = unit_of(0, 0, NULL), served = unit_of(8080, 18081, NULL);

    (void)state;
    assert_body(&plain, "{}", (struct view){0}, &creation,
                "{\"Image\":\"sha256:abc\"," OUR_LABELS
                ",\"HostConfig\":{\"RestartPolicy\":{\"Name\":\"no\"}},"
                "\"NetworkingConfig\":{\"EndpointsConfig\":{}}}");
    assert_body(&served,
                "{User: 'app', Unknown: [1, {a: 2}], Labels: {team: 'x'}, Env: ['B=2', 'C'],"
                " ExposedPorts: {'9090/tcp': {}},"
                " HostConfig: {Memory: 64, RestartPolicy: {Name: 'always'},"
                "   PortBindings: {'9090/tcp': [{HostPort: '9'}]}}}",
                view_of("A=1\0B=1\0A=<3>", sizeof "A=1\0B=1\0A=<3>"), &creation,
                "{\"Image\":\"sha256:abc\",\"User\":\"app\",\"Unknown\":[1, {\"a\": 2}],"
                "\"Env\":[\"A=\\u003c3\\u003e\",\"B=2\",\"C\"],"
                "\"Labels\":{\"team\":\"x\",\"dev.s3dock.deploy\":\"shop/production/main\","
                "\"dev.s3dock.slot\":\"blue\"},"
                "\"ExposedPorts\":{\"9090/tcp\":{},\"8080/tcp\":{}},"
                "\"HostConfig\":{\"Memory\":64,\"PortBindings\":{\"9090/tcp\":[{\"HostPort\": "
                "\"9\"}],\"8080/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"18081\"}]},"
                "\"RestartPolicy\":{\"Name\":\"no\"}},"
                "\"NetworkingConfig\":{\"EndpointsConfig\":{}}}");
}

static void a_slot_takes_its_own_port(void **state)
{
    struct unit_spec unit = unit_of(80, 18081, NULL);
    struct container_creation green = {.image = "i", .slot = SLOT_GREEN};
    static const char *const files[] = {
        "{ExposedPorts: {'80': {}}, HostConfig: {PortBindings: {'80': [{}]}}}",
        "{ExposedPorts: {'80/tcp': {}}, HostConfig: {PortBindings: {'80/tcp': [{}]}}}"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        assert_body(&unit, files[i], (struct view){0}, &green,
                    "{\"Image\":\"i\",\"Labels\":{},\"ExposedPorts\":{\"80/tcp\":{}},"
                    "\"HostConfig\":{\"PortBindings\":{\"80/tcp\":[{},{\"HostIp\":\"127.0.0.1\","
                    "\"HostPort\":\"18082\"}]},\"RestartPolicy\":{\"Name\":\"no\"}},"
                    "\"NetworkingConfig\":{\"EndpointsConfig\":{}}}");
}

/* Collects the networks that must be connected. */
static int collect(void *arg, const char *network, struct view endpoint, struct err *err)
{
    struct text *out = arg;

    (void)err;
    text_printf(out, "%s=%.*s;", network, (int)endpoint.size, (const char *)endpoint.data);
    return 0;
}

static void assert_networks(const struct unit_spec *unit, const char *json5, const char *api,
                            const char *tail, const char *connected)
{
    _cleanup_text_ struct text body = {0}, others = {0};
    struct container_creation of = {.image = "i", .api_version = api};
    struct container_spec spec;
    struct err err = {0};
    const char *host;

    parse_good(unit, json5, (struct view){0}, &spec);
    text_init(&body, MIB);
    text_init(&others, MIB);
    assert_int_equal(container_spec_body(&spec, &of, &body, &err), 0);
    assert_int_equal(container_spec_networks(&spec, &of, collect, &others, &err), 0);
    host = strstr(body.data, "\"HostConfig\"");
    assert_non_null(host);
    assert_string_equal(host, tail);
    assert_string_equal(others.data, connected);
    container_spec_finish(&spec);
}

#define HOST(mode)                                                                                 \
    "\"HostConfig\":{\"NetworkMode\":\"" mode "\",\"RestartPolicy\":{\"Name\":\"no\"}},"
#define NETS(nets) "\"NetworkingConfig\":{\"EndpointsConfig\":{" nets "}}}"

static void old_daemons_get_one_network_in_a_create(void **state)
{
    struct unit_spec plain = unit_of(0, 0, NULL), named = unit_of(80, 0, "shop");
    static const char two[] = "{HostConfig: {NetworkMode: 'b'}, NetworkingConfig: {"
                              "EndpointsConfig: {a: {GwPriority: 1}, b: {Aliases: ['x']}}}}";

    (void)state;
    assert_networks(&plain, two, "1.43", HOST("b") NETS("\"b\":{\"Aliases\":[\"x\"]}"),
                    "a={\"GwPriority\":1};");
    assert_networks(&plain, two, NULL, HOST("b") NETS("\"b\":{\"Aliases\":[\"x\"]}"),
                    "a={\"GwPriority\":1};");
    assert_networks(&plain, two, "1.44",
                    HOST("b") NETS("\"b\":{\"Aliases\":[\"x\"]},\"a\":{\"GwPriority\":1}"), "");
    assert_networks(&named, "{}", "1.41", HOST("web") NETS("\"web\":{\"Aliases\":[\"shop-blue\"]}"),
                    "");
    assert_networks(&named, "{HostConfig: {NetworkMode: 'web'}}", "1.41",
                    HOST("web") NETS("\"web\":{\"Aliases\":[\"shop-blue\"]}"), "");
    assert_networks(&named, "{HostConfig: {NetworkMode: 'db'}}", "1.41",
                    HOST("db") NETS("\"db\":{}"), "web={\"Aliases\":[\"shop-blue\"]};");
    assert_networks(
        &named, "{NetworkingConfig: {EndpointsConfig: {web: {Aliases: ['x'], Links: null}}}}",
        "1.41", HOST("web") NETS("\"web\":{\"Links\":null,\"Aliases\":[\"x\",\"shop-blue\"]}"), "");
}

static void the_restart_policy_is_kept_for_later(void **state)
{
    struct unit_spec unit = unit_of(0, 0, NULL);
    struct container_spec spec;

    (void)state;
    parse_good(&unit, "{}", (struct view){0}, &spec);
    assert_string_equal(spec.restart, "unless-stopped");
    container_spec_finish(&spec);
    parse_good(&unit, "{HostConfig: {RestartPolicy: {Name: 'on-failure', MaximumRetryCount: 5}}}",
               (struct view){0}, &spec);
    assert_string_equal(spec.restart, "on-failure");
    assert_int_equal(spec.restart_retries, 5);
    container_spec_finish(&spec);
    parse_good(&unit, "{HostConfig: {RestartPolicy: {Name: 'no'}}}", (struct view){0}, &spec);
    assert_string_equal(spec.restart, "no");
    assert_non_null(strstr(spec.warnings.data, "does not come back"));
    container_spec_finish(&spec);
}

static void hash_of(const struct unit_spec *unit, const char *json5, const char *variable,
                    char out[SHA256_HEX_SIZE])
{
    struct container_spec spec;

    parse_good(unit, json5, view_of(variable, *variable ? strlen(variable) + 1 : 0), &spec);
    memcpy(out, spec.hash, SHA256_HEX_SIZE);
    container_spec_finish(&spec);
}

static void the_hash_covers_what_makes_a_container(void **state)
{
    struct unit_spec unit = unit_of(80, 18081, NULL), moved = unit_of(80, 18085, NULL);
    char first[SHA256_HEX_SIZE], other[SHA256_HEX_SIZE];
    static const char *const same[] = {
        "{User: 'a', HostConfig: {Memory: 5, Binds: ['x', 'y']}}",
        "// a comment\n{\"HostConfig\": {\"Binds\": [\"x\", 'y',], Memory: 5, Init: null},\n"
        "User: \"\\x61\"}",
    };
    static const char *const different[] = {
        "{User: 'b', HostConfig: {Memory: 5, Binds: ['x', 'y']}}",
        "{User: 'a', HostConfig: {Memory: 5, Binds: ['y', 'x']}}",
        "{User: 'a', HostConfig: {Memory: '5', Binds: ['x', 'y']}}",
        "{User: 'a', HostConfig: {Memory: 5, Binds: ['x', 'y'], Init: false}}",
        "{User: 'a', Memory: 5, HostConfig: {Binds: ['x', 'y']}}",
    };

    (void)state;
    hash_of(&unit, same[0], "A=1", first);
    hash_of(&unit, same[1], "A=1", other);
    assert_string_equal(first, other);
    for (size_t i = 0; i < ARRAY_SIZE(different); i++) {
        hash_of(&unit, different[i], "A=1", other);
        assert_string_not_equal(first, other);
    }
    hash_of(&unit, same[0], "A=2", other);
    assert_string_not_equal(first, other);
    hash_of(&moved, same[0], "A=1", other);
    assert_string_not_equal(first, other);
    /* running containers have this value as a label: another one deploys all of them again */
    assert_string_equal(first, "a2bdaf9b27443da3c465fdcc8b3d8cc6b10246716027d08515673a83c906921c");
}

static void wrong_files_are_refused(void **state)
{
    static const struct {
        const char *json5, *words;
    } cases[] = {
        {"", "empty"},
        {"{", "line 1"},
        {"{User: x}", "line 1, column 8: text needs quotes"},
        {"[]", "must be an object"},
        {"{Image: 'x'}", "Image must be left out"},
        {"{Labels: []}", "Labels must be an object"},
        {"{Labels: {a: 1}}", "Labels must be an object of texts"},
        {"{Labels: {'dev.s3dock.slot': 'blue'}}", "are written by s3dock"},
        {"{Env: {A: 1}}", "Env must be an array"},
        {"{Env: [1]}", "Env must be an array"},
        {"{Env: ['']}", "Env must be an array"},
        {"{Env: ['=x']}", "Env must be an array"},
        {"{Env: ['A=\\u0000']}", "Env must be an array"},
        {"{HostConfig: 7}", "HostConfig must be an object"},
        {"{HostConfig: {Memory: 1, memory: 2}}", "is repeated"},
        {"{HostConfig: {RestartPolicy: {Name: 'never'}}}", "RestartPolicy.Name must be"},
        {"{HostConfig: {RestartPolicy: {Name: 7}}}", "RestartPolicy.Name must be"},
        {"{HostConfig: {NetworkMode: 'host'}}", "names shop-blue and shop-green do not exist"},
        {"{HostConfig: {NetworkMode: 7}}", "NetworkMode"},
        {"{NetworkingConfig: {EndpointsConfig: {'': {}}}}", "network without a name"},
    };
    struct unit_spec unit = unit_of(80, 0, "shop");

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct container_spec spec;
        struct err err = {0};

        if (!container_spec_parse(&unit, view_str(cases[i].json5), (struct view){0}, &spec, &err))
            fail_msg("%s is accepted", cases[i].json5);
        container_spec_finish(&spec);
        if (err.family != ERR_USAGE || !strstr(err.text, cases[i].words) ||
            !strstr(err.text, "shop.json5"))
            fail_msg("%s: %s", cases[i].json5, err.text);
    }
}

static void an_object_has_a_limited_number_of_members(void **state)
{
    struct unit_spec unit = unit_of(80, 0, "shop");
    _cleanup_text_ struct text file = {0};
    struct container_spec spec;
    struct err err = {0};

    (void)state;
    text_init(&file, MIB);
    text_str(&file, "{ExposedPorts: {");
    for (unsigned i = 0; i < 5000; i++)
        text_printf(&file, "'%u/tcp': {}, ", i);
    text_str(&file, "}}");
    assert_int_equal(container_spec_parse(&unit, text_view(&file), (struct view){0}, &spec, &err),
                     ERR_FAIL);
    assert_non_null(strstr(err.text, "more than 4096 members"));
    container_spec_finish(&spec);
}

/* ---- files ---- */

static void write_file(const char *name, const char *content, mode_t mode)
{
    struct err err;

    if (file_replace(path_of(name), view_str(content), mode, &err))
        fail_msg("%s", err.text);
}

static int load(struct container_spec *spec, struct err *err)
{
    static struct unit_spec unit;

    unit = unit_of(0, 0, NULL);
    str_copy(unit.container, sizeof unit.container, path_of("shop.json5"));
    str_copy(unit.env_files[0], sizeof unit.env_files[0], path_of("shop.env"));
    unit.env_file_count = 1;
    return container_spec_load(&unit, spec, err);
}

static void files_of_others_are_not_used(void **state)
{
    struct container_spec spec;
    struct err err = {0};

    (void)state;
    write_file("shop.json5", "{Env: ['A=1']}", 0600);
    write_file("shop.env", "B=2\n", 0600);
    assert_int_equal(load(&spec, &err), 0);
    assert_memory_equal(spec.env.data, "B=2\0A=1", 8);
    assert_string_equal(spec.warnings.data, "");
    container_spec_finish(&spec);
    write_file("shop.json5", "{Env: ['A=1']}", 0644);
    write_file("shop.env", "B=2\n", 0604);
    assert_int_equal(load(&spec, &err), 0);
    assert_non_null(strstr(spec.warnings.data, "shop.json5, which has values"));
    assert_non_null(strstr(spec.warnings.data, "other users can read the env file"));
    container_spec_finish(&spec);
    write_file("shop.json5", "{}", 0666);
    assert_int_equal(load(&spec, &err), ERR_FAIL);
    assert_string_equal(err.code, "owner");
    container_spec_finish(&spec);
    write_file("shop.json5", "{}", 0600);
    write_file("shop.env", "B=2\n", 0622);
    assert_int_equal(load(&spec, &err), ERR_FAIL);
    assert_string_equal(err.code, "owner");
    container_spec_finish(&spec);
}

static void a_missing_file_is_named(void **state)
{
    struct container_spec spec;
    struct err err = {0};

    (void)state;
    write_file("shop.json5", "{}", 0600);
    remove(path_of("shop.env"));
    assert_int_equal(load(&spec, &err), ERR_FAIL);
    assert_non_null(strstr(err.text, "there is no env file"));
    container_spec_finish(&spec);
    remove(path_of("shop.json5"));
    assert_int_equal(load(&spec, &err), ERR_FAIL);
    assert_non_null(strstr(err.text, "there is no container file"));
    assert_non_null(strstr(err.text, "shop.json5"));
    container_spec_finish(&spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_body_has_the_file_and_the_slot),
        cmocka_unit_test(a_slot_takes_its_own_port),
        cmocka_unit_test(old_daemons_get_one_network_in_a_create),
        cmocka_unit_test(the_restart_policy_is_kept_for_later),
        cmocka_unit_test(the_hash_covers_what_makes_a_container),
        cmocka_unit_test(wrong_files_are_refused),
        cmocka_unit_test(an_object_has_a_limited_number_of_members),
        cmocka_unit_test(files_of_others_are_not_used),
        cmocka_unit_test(a_missing_file_is_named),
    };

    if (scratch_create())
        return 1;
    return cmocka_run_group_tests(tests, NULL, scratch_teardown);
}
