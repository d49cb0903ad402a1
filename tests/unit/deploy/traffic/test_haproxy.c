#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "flow/cancel.h"
#include "kit/assert_fails.h"
#include "kit/fake_haproxy.h"
#include "kit/scratch.h"
#include "kit/traffic_driver.h"

static struct fake_haproxy fake;

static int set_up(void **state)
{
    (void)state;
    err = (struct err){0};
    fake_haproxy_start(&fake, path_of("admin.sock"));
    spec = (struct traffic_spec){
        .kind = TRAFFIC_HAPROXY, .backend = "shop", .servers = {"blue", "green"}};
    str_copy(spec.haproxy, sizeof spec.haproxy, fake.address);
    return open_driver(60 * NS_PER_S);
}

static int tear_down(void **state)
{
    (void)state;
    close_driver();
    fake_haproxy_stop(&fake);
    return 0;
}

/* For operations that fail when their time is over. */
static void shorten_limit(void)
{
    assert_int_equal(open_driver(200 * NS_PER_MS), 0);
}

static unsigned serving(void)
{
    unsigned slots = 0;

    assert_int_equal(traffic_where(traffic, &slots, &err), TRAFFIC_OK);
    return slots;
}

/* ---- a switch ---- */

static void a_switch_enters_and_then_drains(void **state)
{
    int64_t count = 0;

    (void)state;
    assert_int_equal(traffic_hold(traffic, SLOT_GREEN, &err), TRAFFIC_OK);
    assert_int_equal(serving(), 1u << SLOT_BLUE);
    assert_int_equal(traffic_enter(traffic, &GREEN, &err), TRAFFIC_OK);
    assert_int_equal(serving(), 1u << SLOT_BLUE | 1u << SLOT_GREEN);
    assert_int_equal(traffic_leave(traffic, &BLUE, &GREEN, &err), TRAFFIC_OK);
    assert_int_equal(serving(), 1u << SLOT_GREEN);
    fake.servers[0].sessions = 3;
    fake.servers[0].queued = 2;
    assert_int_equal(traffic_busy(traffic, &BLUE, &count, &err), TRAFFIC_OK);
    assert_int_equal(count, 5);
    assert_int_equal(traffic_cut(traffic, &BLUE, &err), TRAFFIC_OK);
    assert_string_equal(fake.log, "set server shop/green state maint\n"
                                  "set server shop/green state ready\n"
                                  "set server shop/blue state drain\n"
                                  "shutdown sessions server shop/blue\n");
}

static void leave_is_idempotent(void **state)
{
    (void)state;
    assert_int_equal(traffic_leave(traffic, &BLUE, &GREEN, &err), TRAFFIC_OK);
    assert_int_equal(traffic_leave(traffic, &BLUE, &GREEN, &err), TRAFFIC_OK);
    assert_string_equal(fake.log, "set server shop/blue state drain\n");
}

static void a_server_in_maint_is_not_set_to_drain(void **state)
{
    (void)state;
    assert_int_equal(traffic_hold(traffic, SLOT_BLUE, &err), TRAFFIC_OK);
    assert_int_equal(traffic_leave(traffic, &BLUE, &GREEN, &err), TRAFFIC_OK);
    assert_int_equal(fake.servers[0].admin, 1);
}

/* A server that leaves `maint` counts as UP before its first check. */
static void enter_waits_until_a_check_has_passed(void **state)
{
    (void)state;
    fake.servers[1].unready = 2;
    assert_int_equal(traffic_enter(traffic, &GREEN, &err), TRAFFIC_OK);
    assert_int_equal(fake.servers[1].unready, 0);
}

static void enter_fails_if_no_check_passes(void **state)
{
    (void)state;
    shorten_limit();
    fake.servers[1].unready = 1000;
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH, "UP 1/2");
}

static void enter_fails_if_the_server_is_down(void **state)
{
    (void)state;
    shorten_limit();
    fake.servers[1] = (struct fake_server){.op = 0, .status = "DOWN", .check = "L4CON"};
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH, "L4CON");
    assert_int_equal(serving(), 1u << SLOT_BLUE);
}

static void enter_accepts_a_slow_start_and_no_check(void **state)
{
    (void)state;
    fake.servers[1] = (struct fake_server){.op = 1, .status = "no check", .check = ""};
    assert_int_equal(traffic_enter(traffic, &GREEN, &err), TRAFFIC_OK);
}

static void leave_never_takes_the_last_server(void **state)
{
    (void)state;
    fake.servers[1].op = 0;
    assert_fails(&err, traffic_leave(traffic, &BLUE, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "green of HAProxy's backend shop is not in rotation any more");
    assert_string_equal(fake.log, "");
}

static void only_servers_in_rotation_are_found(void **state)
{
    static const struct {
        unsigned op, admin;
        bool serves;
    } states[] = {
        {0, 0, false},    {1, 0, true},     {2, 0, true},    {3, 0, false},
        {2, 1, false},    {2, 2, false},    {2, 4, false},   {2, 8, false},
        {2, 0x10, false}, {2, 0x20, false}, {2, 0x40, true}, /* the name was set by a command */
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(states); i++) {
        fake.servers[0].op = states[i].op;
        fake.servers[0].admin = states[i].admin;
        assert_int_equal(serving(), (states[i].serves ? 1u : 0) | 1u << SLOT_GREEN);
    }
}

/* ---- faults ---- */

static int run_any(unsigned which)
{
    int64_t count;
    unsigned slots;

    switch (which) {
    case 0:
        return traffic_hold(traffic, SLOT_GREEN, &err);
    case 1:
        return traffic_enter(traffic, &GREEN, &err);
    case 2:
        return traffic_leave(traffic, &BLUE, &GREEN, &err);
    case 3:
        return traffic_busy(traffic, &BLUE, &count, &err);
    case 4:
        return traffic_cut(traffic, &BLUE, &err);
    default:
        return traffic_where(traffic, &slots, &err);
    }
}

static void every_fault_is_reported_in_time(void **state)
{
    static const struct {
        enum haproxy_fault fault;
        const char *words;
    } faults[] = {
        {HAPROXY_CLOSES, "closed without a response"},
        {HAPROXY_SILENT, "no response in time"},
        {HAPROXY_HALF_LINE, "ends within a line"},
        {HAPROXY_FLOODS, "too large"},
        {HAPROXY_DRIPS, "no response in time"},
        {HAPROXY_COLUMNS, "HAProxy"},
        {HAPROXY_SHORT_ROW, "HAProxy"},
        {HAPROXY_WORDS, "HAProxy"},
        {HAPROXY_REFUSES, "Permission denied"},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(faults); i++)
        for (unsigned which = 0; which < 6; which++) {
            if (i || which)
                set_up(state);
            if (faults[i].fault == HAPROXY_SILENT || faults[i].fault == HAPROXY_DRIPS)
                shorten_limit();
            fake.fault = faults[i].fault;
            assert_fails(&err, run_any(which), ERR_DEPLOY, CODE_SWITCH, faults[i].words);
            if (faults[i].fault != HAPROXY_SILENT && faults[i].fault != HAPROXY_DRIPS)
                fake.fault = HAPROXY_SOUND;
            tear_down(state);
        }
    set_up(state);
}

static void a_refusal_names_the_level(void **state)
{
    (void)state;
    fake.fault = HAPROXY_REFUSES;
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "level admin");
}

static void a_late_response_is_awaited(void **state)
{
    (void)state;
    fake.fault = HAPROXY_LATE;
    assert_int_equal(traffic_hold(traffic, SLOT_GREEN, &err), TRAFFIC_OK);
}

static void a_change_without_effect_is_a_failure(void **state)
{
    (void)state;
    shorten_limit();
    fake.fault = HAPROXY_IGNORES;
    assert_fails(&err, traffic_hold(traffic, SLOT_GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "still in rotation");
    assert_fails(&err, traffic_leave(traffic, &BLUE, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "still in rotation");
}

static void a_missing_socket_has_a_hint(void **state)
{
    (void)state;
    str_copy(spec.haproxy, sizeof spec.haproxy, path_of("no.sock"));
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "is HAProxy running");
    memset(spec.haproxy, 'a', 200);
    spec.haproxy[0] = '/';
    spec.haproxy[200] = '\0';
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH, "too long");
}

static void unknown_backends_and_servers_are_reported(void **state)
{
    (void)state;
    str_copy(spec.servers[1], sizeof spec.servers[1], "red");
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "No such server");
    assert_fails(&err, run_any(5), ERR_DEPLOY, CODE_SWITCH, "has no server red");
    str_copy(spec.backend, sizeof spec.backend, "other");
    assert_fails(&err, run_any(5), ERR_DEPLOY, CODE_SWITCH, "Can't find backend");
}

static void names_that_would_be_commands_are_refused(void **state)
{
    static const char *const names[] = {"", "a b", "a;set server x/y state maint", "a/b", "a\nb"};
    struct traffic *other;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        str_copy(spec.backend, sizeof spec.backend, names[i]);
        assert_fails(&err, traffic_open(&spec, &context, &other, &err), ERR_USAGE, CODE_DEPLOY,
                     "letters");
        assert_null(other);
    }
}

static void *cancel_soon(void *arg)
{
    raw_pause_ms(50);
    cancel_request(arg, 15);
    return NULL;
}

static void a_cancel_ends_a_wait(void **state)
{
    struct cancel cancel;
    pthread_t thread;

    (void)state;
    cancel_init(&cancel);
    traffic_close(traffic);
    context.cancel = &cancel;
    assert_int_equal(traffic_open(&spec, &context, &traffic, &err), 0);
    fake.fault = HAPROXY_SILENT;
    pthread_create(&thread, NULL, cancel_soon, &cancel);
    assert_int_equal(traffic_enter(traffic, &GREEN, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_CANCELLED);
    pthread_join(thread, NULL);
}

/* ---- addresses, doctor ---- */

static void a_port_is_an_address_too(void **state)
{
    struct fake_haproxy remote;

    (void)state;
    fake_haproxy_start(&remote, NULL);
    str_copy(spec.haproxy, sizeof spec.haproxy, remote.address);
    assert_int_equal(serving(), 3);
    snprintf(spec.haproxy, sizeof spec.haproxy, "localhost%s", strchr(remote.address, ':'));
    assert_int_equal(serving(), 3);
    fake_haproxy_stop(&remote);
    assert_fails(&err, run_any(5), ERR_DEPLOY, CODE_SWITCH, "is HAProxy running");
    str_copy(spec.haproxy, sizeof spec.haproxy, "[::1]:1");
    assert_fails(&err, run_any(5), ERR_DEPLOY, CODE_SWITCH, "is HAProxy running");
}

static void a_port_is_never_guessed(void **state)
{
    static const char *const addresses[] = {
        "haproxy", "haproxy:", ":1", "[::1]", "[::1]:", "[::1]1", "[]:1", "::1", "fd00::1:1"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
        str_copy(spec.haproxy, sizeof spec.haproxy, addresses[i]);
        assert_fails(&err, run_any(5), ERR_DEPLOY, CODE_SWITCH, "neither a path nor HOST:PORT");
    }
}

static void assert_examined(const char *words)
{
    _cleanup_text_ struct text lines = {0};
    int count;

    text_init(&lines, 64 * KIB);
    count = traffic_examine(traffic, &lines);
    if (!words) {
        assert_string_equal(lines.data, "");
        assert_int_equal(count, 0);
        return;
    }
    assert_true(count > 0);
    if (!strstr(lines.data, words))
        fail_msg("'%s' is not in '%s'", words, lines.data);
}

static void doctor_examines_level_ports_and_checks(void **state)
{
    (void)state;
    assert_examined(NULL);
    assert_string_equal(fake.log, "");
    fake.level = "operator";
    assert_examined("level admin");
    fake.level = "admin";
    fake.port = 18080;
    assert_examined("server blue of HAProxy has port 18080, the slot blue is 127.0.0.1:18081");
    fake.port = 18081;
    fake.servers[1].status = "no check";
    assert_examined("server green of HAProxy has no `check`");
    str_copy(spec.servers[1], sizeof spec.servers[1], "red");
    assert_examined("has no server red");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_switch_enters_and_then_drains),
        TEST(leave_is_idempotent),
        TEST(a_server_in_maint_is_not_set_to_drain),
        TEST(enter_waits_until_a_check_has_passed),
        TEST(enter_fails_if_no_check_passes),
        TEST(enter_fails_if_the_server_is_down),
        TEST(enter_accepts_a_slow_start_and_no_check),
        TEST(leave_never_takes_the_last_server),
        TEST(only_servers_in_rotation_are_found),
        TEST(every_fault_is_reported_in_time),
        TEST(a_refusal_names_the_level),
        TEST(a_late_response_is_awaited),
        TEST(a_change_without_effect_is_a_failure),
        TEST(a_missing_socket_has_a_hint),
        TEST(unknown_backends_and_servers_are_reported),
        TEST(names_that_would_be_commands_are_refused),
        TEST(a_cancel_ends_a_wait),
        TEST(a_port_is_an_address_too),
        TEST(a_port_is_never_guessed),
        TEST(doctor_examines_level_ports_and_checks),
#undef TEST
    };

    if (scratch_create() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, scratch_teardown);
}
