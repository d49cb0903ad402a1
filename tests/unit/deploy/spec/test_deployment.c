#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/clock.h"
#include "spec_kit.h"

static struct deployment entry;

static void assert_refused(const char *text, const char *words)
{
    struct err err = {0};

    if (read_entry(text, &entry, NULL, &err) != ERR_FAIL)
        fail_msg("%s is accepted", text);
    deployment_finish(&entry);
    assert_int_equal(err.family, ERR_USAGE);
    assert_string_equal(err.code, "deploy");
    if (!strstr(err.text, words))
        fail_msg("%s: \"%s\" has no \"%s\"", text, err.text, words);
    assert_non_null(strstr(err.text, "deploy.shop.production"));
    assert_non_null(strstr(err.text, "/etc/s3dock/config.json5"));
}

static void read_good(const char *text)
{
    struct err err = {0};

    if (read_entry(text, &entry, NULL, &err))
        fail_msg("%s: %s", text, err.text);
}

static void a_short_entry_has_defaults(void **state)
{
    const struct unit_spec *unit = &entry.units[0];

    (void)state;
    read_good("{container: 'shop.json5'}");
    assert_string_equal(entry.app, "shop");
    assert_string_equal(entry.env, "production");
    assert_string_equal(entry.file, "/etc/s3dock/config.json5");
    assert_string_equal(entry.profile, "");
    assert_int_equal(entry.unit_count, 1);
    assert_true(entry.observe == 10 * NS_PER_S);
    assert_string_equal(unit->unit, DEPLOY_UNIT_MAIN);
    assert_string_equal(unit->name, "shop-production");
    assert_string_equal(unit->container, "/etc/s3dock/shop.json5");
    assert_int_equal(unit->order, ORDER_START_FIRST);
    assert_int_equal(unit->port, 0);
    assert_int_equal(unit->traffic.kind, TRAFFIC_ABSENT);
    assert_true(unit->health.within == 60 * NS_PER_S);
    assert_true(unit->drain == 30 * NS_PER_S);
    assert_true(unit->stop == -1);
    assert_int_equal(unit->keep, 1);
    assert_false(unit->fresh_volumes);
    deployment_finish(&entry);
}

static void every_key_is_read(void **state)
{
    const struct unit_spec *unit = &entry.units[0];

    (void)state;
    read_good(
        "{container: '/etc/shop.json5', env_file: ['a.env', '/b.env'], name: 'shop',"
        " port: 8080, slots: [18081, 18082],"
        " health: {http: '/healthz', host: 'shop.example.com', https: true, status: 204,"
        "   tcp: true, exec: ['/bin/true'], docker: true, uptime: '2s', within: '1h30m'},"
        " traffic: {haproxy: '/run/haproxy/admin.sock', backend: 'shop', servers: ['b', 'g']},"
        " order: 'start-first', network: 'web', observe: '1m', drain: 5, stop: '500ms',"
        " keep: 3, profile: 'eu', verify: 'https://shop.example.com/', prune: 'dangling', "
        "platform: 'linux/arm64/v8',"
        " before_switch: ['./check', 'a b'], after: ['tell'], fresh_volumes: true}");
    assert_string_equal(unit->container, "/etc/shop.json5");
    assert_int_equal(unit->env_file_count, 2);
    assert_string_equal(unit->env_files[0], "/etc/s3dock/a.env");
    assert_string_equal(unit->env_files[1], "/b.env");
    assert_string_equal(unit->name, "shop");
    assert_int_equal(unit->port, 8080);
    assert_int_equal(unit->slot_ports[SLOT_BLUE], 18081);
    assert_int_equal(unit->slot_ports[SLOT_GREEN], 18082);
    assert_string_equal(unit->health.http, "/healthz");
    assert_string_equal(unit->health.host, "shop.example.com");
    assert_true(unit->health.https && unit->health.tcp && unit->health.docker);
    assert_int_equal(unit->health.status, 204);
    assert_string_equal(unit->health.exec[0], "/bin/true");
    assert_null(unit->health.exec[1]);
    assert_true(unit->health.uptime == 2 * NS_PER_S);
    assert_true(unit->health.within == 5400 * NS_PER_S);
    assert_int_equal(unit->traffic.kind, TRAFFIC_HAPROXY);
    assert_string_equal(unit->traffic.haproxy, "/run/haproxy/admin.sock");
    assert_string_equal(unit->traffic.backend, "shop");
    assert_string_equal(unit->traffic.servers[SLOT_GREEN], "g");
    assert_string_equal(unit->network, "web");
    assert_true(entry.observe == 60 * NS_PER_S);
    assert_true(unit->drain == 5 * NS_PER_S);
    assert_true(unit->stop == 500 * NS_PER_MS);
    assert_int_equal(unit->keep, 3);
    assert_string_equal(entry.profile, "eu");
    assert_string_equal(entry.verify, "https://shop.example.com/");
    assert_true(entry.prune_dangling && unit->fresh_volumes);
    assert_string_equal(entry.platform.architecture, "arm64");
    assert_string_equal(entry.platform.variant, "");
    assert_string_equal(entry.before_switch[0], "/etc/s3dock/./check");
    assert_string_equal(entry.before_switch[1], "a b");
    assert_string_equal(entry.after[0], "tell");
    deployment_finish(&entry);
}

static void every_driver_is_read(void **state)
{
    const struct traffic_spec *traffic = &entry.units[0].traffic;

    (void)state;
#define SERVED "container: 'c', port: 80, slots: ['shop-blue', 'shop-green'], network: 'web', "
    read_good("{" SERVED "traffic: {haproxy: '127.0.0.1:9999', backend: 'shop'}}");
    assert_string_equal(traffic->haproxy, "127.0.0.1:9999");
    assert_string_equal(traffic->servers[SLOT_BLUE], "blue");
    assert_string_equal(traffic->servers[SLOT_GREEN], "green");
    assert_string_equal(entry.units[0].slot_names[SLOT_GREEN], "shop-green");
    deployment_finish(&entry);
    read_good("{" SERVED "traffic: {caddy: 'http://127.0.0.1:2019', id: 'shop'}}");
    assert_int_equal(traffic->kind, TRAFFIC_CADDY);
    deployment_finish(&entry);
    read_good("{" SERVED "traffic: {file: 'nginx/shop.conf', reload: ['nginx', '-s', 'reload'],"
              " check: ['nginx', '-t'], pid_file: '/run/nginx.pid', settle: '2s'}}");
    assert_int_equal(traffic->kind, TRAFFIC_FILE);
    assert_string_equal(traffic->file, "/etc/s3dock/nginx/shop.conf");
    assert_string_equal(traffic->line, "server {target};\n");
    assert_string_equal(traffic->reload[2], "reload");
    assert_true(traffic->settle == 2 * NS_PER_S);
    deployment_finish(&entry);
    read_good("{container: 'c', traffic: {command: ['/usr/local/bin/lb']}}");
    assert_int_equal(traffic->kind, TRAFFIC_COMMAND);
    deployment_finish(&entry);
}

static void units_share_the_keys_beside_them(void **state)
{
    const struct unit_spec *web, *worker;

    (void)state;
    read_good("{env_file: 'all.env', drain: '1s', keep: 2, observe: 0, units: {"
              " web: {container: 'w', port: 80, slots: [1, 2], health: {exec: ['x']}},"
              " worker: {container: 'v', order: 'stop-first', env_file: [], drain: '3s'}}}");
    assert_int_equal(entry.unit_count, 2);
    assert_true(entry.observe == 0);
    web = deployment_unit(&entry, "web");
    worker = deployment_unit(&entry, "worker");
    assert_non_null(web);
    assert_non_null(worker);
    assert_null(deployment_unit(&entry, "main"));
    assert_string_equal(web->name, "shop-production-web");
    assert_string_equal(web->env_files[0], "/etc/s3dock/all.env");
    assert_true(web->drain == NS_PER_S && worker->drain == 3 * NS_PER_S);
    assert_int_equal(worker->env_file_count, 0);
    assert_int_equal(worker->keep, 2);
    assert_int_equal(worker->order, ORDER_STOP_FIRST);
    assert_null(worker->health.exec);
    deployment_finish(&entry);
}

static void a_typo_is_refused_with_the_nearest_key(void **state)
{
    (void)state;
    assert_refused("{containr: 'c'}", "did you mean container?");
    assert_refused("{container: 'c', helth: {}}", "did you mean health?");
    assert_refused("{container: 'c', health: {htpp: '/'}}",
                   "deploy.shop.production.health.htpp in /etc/s3dock/config.json5 is not known "
                   "(did you mean http?)");
    assert_refused("{container: 'c', traffic: {hapoxy: '/'}}", "did you mean haproxy?");
    assert_refused("{units: {web: {container: 'c', prot: 80}}}",
                   "deploy.shop.production.units.web.prot");
    assert_refused("{container: 'c', zebra: 1}", "zebra in /etc/s3dock/config.json5 is not known");
}

static void wrong_values_are_refused(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"7", "must be an object"},
        {"{}", "has no container"},
        {"{container: ''}", "is empty"},
        {"{container: 7}", "must be a text"},
        {"{container: 'c', port: 0}", "number from 1 to 65535"},
        {"{container: 'c', port: 65536}", "number from 1 to 65535"},
        {"{container: 'c', port: '80'}", "number from 1 to 65535"},
        {"{container: 'c', port: 80.5}", "number from 1 to 65535"},
        {"{container: 'c', keep: 0}", "number from 1 to 100"},
        {"{container: 'c', name: 'shop.retired'}", "end with .retired"},
        {"{container: 'c', name: 'shop.g12'}", "end with .retired"},
        {"{container: 'c', drain: '5 minutes'}", "from 0ms to 1d"},
        {"{container: 'c', drain: '25h'}", "from 0ms to 1d"},
        {"{container: 'c', drain: -1}", "must be a time"},
        {"{container: 'c', drain: 9223372036854775807}", "must be a time"},
        {"{container: 'c', health: {within: 0}}", "from 1s to 1d"},
        {"{container: 'c', health: {tcp: 'yes'}}", "true or false"},
        {"{container: 'c', order: 'blue-green'}", "\"start-first\" or \"stop-first\""},
        {"{container: 'c', after: 'tell me'}", "array of 1 to 64 texts"},
        {"{container: 'c', after: []}", "array of 1 to 64 texts"},
        {"{container: 'c', after: [1]}", "must be an array of texts"},
        {"{container: 'c', after: ['']}", "empty name of a program"},
        {"{container: 'c', env_file: {}}", "a path, or an array of paths"},
        {"{container: 'c', verify: 'ftp://x'}", "http:// or https://"},
        {"{container: 'c', verify: 'http://::1/'}", "brackets"},
        {"{container: 'c', prune: 'all'}", "must be \"dangling\""},
        {"{container: 'c', platform: 'arm64'}", "must be OS/ARCH, such as \"linux/arm64\""},
        {"{container: 'c', name: '-x'}", "container name"},
        {"{container: 'c', name: 'x'}", "2 to 200 of the characters"},
        {"{container: 'c', name: 'a b'}", "container name"},
        {"{units: {}}", "1 to 16 units"},
        {"{units: {'Web 1': {container: 'c'}}}", "a unit whose name"},
        {"{units: {web: {container: 'c'}, web: {container: 'd'}}}", "the unit web twice"},
        {"{container: 'c', port: 1, slots: [1, 2, 3]}", "array of two ports or two names"},
        {"{container: 'c', port: 1, slots: [0, 2]}", "two ports of 127.0.0.1"},
        {"{container: 'c', port: 1, slots: [1, 'x']}", "not one of each"},
        {"{container: 'c', port: 1, network: 'n', slots: ['a b', 'c']}", "not a host name"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_refused(cases[i].text, cases[i].words);
}

static void contradictions_are_refused(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"{container: 'c', slots: [1, 2]}", "slots without a port"},
        {"{container: 'c', port: 80, slots: ['a', 'b']}", "names as slots without a network"},
        {"{container: 'c', port: 80, slots: [1]}", "needs two different slots"},
        {"{container: 'c', port: 80, slots: [1, 1]}", "needs two different slots"},
        {"{container: 'c', port: 80, network: 'n', slots: ['a', 'a']}", "two different slots"},
        {"{container: 'c', health: {http: '/'}}", "health.http without a port"},
        {"{container: 'c', health: {tcp: true}}", "health.tcp without a port"},
        {"{container: 'c', port: 1, health: {http: 'x'}}", "begins with /"},
        {"{container: 'c', port: 1, health: {http: '/ x'}}", "white space"},
        {"{container: 'c', port: 1, health: {tcp: true, host: 'x'}}", "health.host without"},
        {"{container: 'c', port: 1, health: {tcp: true, status: 200}}", "health.status without"},
        {"{container: 'c', health: {uptime: '2m'}}", "health.uptime above health.within"},
        {"{" SERVED "traffic: {haproxy: '/s', caddy: 'http://x', backend: 'b', id: 'i'}}",
         "more than one"},
        {"{" SERVED "traffic: {haproxy: '/s'}}", "without traffic.backend"},
        {"{" SERVED "traffic: {haproxy: '/s', backend: 'b', servers: ['a']}}", "two servers"},
        {"{" SERVED "traffic: {haproxy: '/s', backend: 'b', servers: ['a', 'a']}}", "twice"},
        {"{" SERVED "traffic: {caddy: 'http://x'}}", "without traffic.id"},
        {"{" SERVED "traffic: {caddy: 'x', id: 'i'}}", "URL of the admin API"},
        {"{" SERVED "traffic: {file: '/f', line: 'server x;'}}", "without {target}"},
        {"{" SERVED "traffic: {backend: 'b'}}", "traffic.backend without traffic.haproxy"},
        {"{" SERVED "traffic: {command: ['x'], reload: ['y']}}", "traffic.reload without"},
        {"{container: 'c', port: 80, traffic: {caddy: 'http://x', id: 'i'}}", "without slots"},
        {"{port: 80, units: {web: {container: 'c'}}}", "port in /etc/s3dock/config.json5 belongs"},
        {"{units: {a: {container: 'c', name: 'xy'}, b: {container: 'c', name: 'xy'}}}",
         "units a and b with the same container name"},
        {"{units: {a: {container: 'c', port: 1, slots: [1, 2]},"
         " b: {container: 'c', port: 1, slots: [3, 2]}}}",
         "with the same slot"},
        {"{network: 'n', units: {a: {container: 'c', port: 1, slots: ['x', 'y']},"
         " b: {container: 'c', port: 1, slots: ['y', 'z']}}}",
         "with the same slot"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_refused(cases[i].text, cases[i].words);
}

static void one_slot_is_enough_for_stop_first(void **state)
{
    (void)state;
    read_good("{container: 'c', port: 80, slots: [1], order: 'stop-first'}");
    assert_int_equal(entry.units[0].slot_ports[SLOT_GREEN], 1);
    deployment_finish(&entry);
}

static void a_port_that_cannot_be_reached_is_a_warning(void **state)
{
    _cleanup_text_ struct text warnings = {0};
    struct err err;

    (void)state;
    text_init(&warnings, KIB);
    assert_int_equal(read_entry("{container: 'c', port: 80}", &entry, &warnings, &err), 0);
    assert_non_null(strstr(warnings.data, "port without slots"));
    deployment_finish(&entry);
}

static void entries_are_found_by_their_exact_names(void **state)
{
    struct json *json = json_of("{deploy: {shop: {Prod: {container: 'a'}, prod: {container: 'b'}},"
                                " x: 7, y: {z: null}}}");
    char app[NAME_APP_MAX], env[NAME_ENV_MAX];
    struct err err;

    (void)state;
    assert_int_equal(
        deployment_read(json_root(json), "c.json5", "shop", "Prod", &entry, NULL, &err), 0);
    assert_string_equal(entry.units[0].container, "./a");
    deployment_finish(&entry);
    assert_int_equal(
        deployment_read(json_root(json), "c.json5", "shop", "PROD", &entry, NULL, &err),
        DEPLOYMENT_ABSENT);
    assert_int_equal(
        deployment_read((struct json_node){0}, "c", "shop", "prod", &entry, NULL, &err),
        DEPLOYMENT_ABSENT);
    assert_true(deployment_name(json_root(json), 1, app, env));
    assert_string_equal(app, "shop");
    assert_string_equal(env, "prod");
    assert_false(deployment_name(json_root(json), 2, app, env)); /* null is no entry */
    json_destroy(json);
}

/* Reads shop/production, which has the ports 1 and 2, beside another entry. */
static void assert_beside(const char *other, const char *words)
{
    struct err err = {.text = ""};
    struct text root;
    struct json *json;
    int answer;

    text_init(&root, MIB);
    text_printf(
        &root,
        "{deploy: {none: null, shop: {production: {container: 'c', port: 80, slots: [1, 2]},"
        " old: null, %s}, blog: {eu: null}}}",
        other);
    json = json_of(root.data);
    answer = deployment_read(json_root(json), "/c.json5", "shop", "production", &entry, NULL, &err);
    deployment_finish(&entry);
    json_destroy(json);
    text_finish(&root);
    if (!words && answer)
        fail_msg("%s: %s", other, err.text);
    if (words && (answer != ERR_FAIL || !strstr(err.text, words)))
        fail_msg("%s: \"%s\" has no \"%s\"", other, err.text, words);
}

static void entries_of_one_file_have_different_ports(void **state)
{
    (void)state;
    assert_beside("staging: {slots: [3, 2]}", "the port 2, as deploy.shop.staging has");
    assert_beside("staging: {units: {web: {slots: [1, 4]}}}", "the port 1, as deploy.shop.staging");
    assert_beside("staging: {slots: [3, 4]}", NULL);
    assert_beside("staging: {slots: ['2', {}, null, 0, -1, 65538]}", NULL);
    assert_beside("staging: {slots: 1, units: []}, eu: 7", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_entry_has_defaults),
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(every_driver_is_read),
        cmocka_unit_test(units_share_the_keys_beside_them),
        cmocka_unit_test(a_typo_is_refused_with_the_nearest_key),
        cmocka_unit_test(wrong_values_are_refused),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(one_slot_is_enough_for_stop_first),
        cmocka_unit_test(a_port_that_cannot_be_reached_is_a_warning),
        cmocka_unit_test(entries_are_found_by_their_exact_names),
        cmocka_unit_test(entries_of_one_file_have_different_ports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
