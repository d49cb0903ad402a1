#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/file.h"
#include "kit/assert_fails.h"
#include "kit/scratch.h"
#include "kit/traffic_driver.h"

static char line[2048];
static char *argv_of_line[] = {(char *)"/bin/sh", (char *)"-c", line, NULL};

static int set_up(void **state)
{
    (void)state;
    err = (struct err){0};
    unlink(path_of("log"));
    spec = (struct traffic_spec){.kind = TRAFFIC_COMMAND, .command = argv_of_line};
    return open_driver(60 * NS_PER_S);
}

static int tear_down(void **state)
{
    (void)state;
    close_driver();
    return 0;
}

/* The command notes its variables, and then runs the rest. */
static void set_command(const char *rest)
{
    snprintf(line, sizeof line,
             "echo \"$S3DOCK_ACTION,$S3DOCK_SLOT,$S3DOCK_TARGET,$S3DOCK_CONTAINER,$S3DOCK_APP,"
             "$S3DOCK_ENV,$S3DOCK_UNIT,$NOTIFY_SOCKET\" >>'%s'\n%s",
             path_of("log"), rest);
}

static void assert_log(const char *expected)
{
    _cleanup_text_ struct text text = {0};

    text_init(&text, MIB);
    assert_int_equal(file_read(path_of("log"), &text, &err), 0);
    assert_string_equal(text.data, expected);
}

static void each_action_gets_its_variables(void **state)
{
    int64_t count;
    unsigned slots;

    (void)state;
    set_command("case $S3DOCK_ACTION in busy) echo ' 42 ' ;; where) exit 3 ;; esac");
    assert_int_equal(traffic_hold(traffic, SLOT_GREEN, &err), TRAFFIC_OK);
    assert_int_equal(traffic_enter(traffic, &GREEN, &err), TRAFFIC_OK);
    assert_int_equal(traffic_leave(traffic, &BLUE, &GREEN, &err), TRAFFIC_OK);
    assert_int_equal(traffic_busy(traffic, &BLUE, &count, &err), TRAFFIC_OK);
    assert_int_equal(count, 42);
    assert_int_equal(traffic_cut(traffic, &BLUE, &err), TRAFFIC_OK);
    assert_int_equal(traffic_where(traffic, &slots, &err), TRAFFIC_UNKNOWN);
    assert_log("hold,green,127.0.0.1:18082,,shop,production,main,\n"
               "enter,green,127.0.0.1:18082,g,shop,production,main,\n"
               "where,,,,shop,production,main,\n"
               "leave,blue,127.0.0.1:18081,b,shop,production,main,\n"
               "where,,,,shop,production,main,\n"
               "busy,blue,127.0.0.1:18081,b,shop,production,main,\n"
               "cut,blue,127.0.0.1:18081,b,shop,production,main,\n"
               "where,,,,shop,production,main,\n");
}

static void only_enter_and_leave_must_be_supported(void **state)
{
    int64_t count;
    unsigned slots;

    (void)state;
    set_command("exit 3");
    assert_int_equal(traffic_hold(traffic, SLOT_GREEN, &err), TRAFFIC_UNKNOWN);
    assert_int_equal(traffic_busy(traffic, &BLUE, &count, &err), TRAFFIC_UNKNOWN);
    assert_int_equal(count, -1);
    assert_int_equal(traffic_cut(traffic, &BLUE, &err), TRAFFIC_UNKNOWN);
    assert_int_equal(traffic_where(traffic, &slots, &err), TRAFFIC_UNKNOWN);
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "does not support the action enter");
    assert_fails(&err, traffic_leave(traffic, &BLUE, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "does not support the action leave");
}

static void a_failure_has_code_and_last_line(void **state)
{
    (void)state;
    set_command("echo first >&2; echo 'no route' >&2; exit 9");
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "exit code 9: no route");
}

static void a_success_is_compared_with_where(void **state)
{
    (void)state;
    set_command("echo blue");
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "green is not in rotation");
    assert_fails(&err, traffic_leave(traffic, &BLUE, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "blue is still in rotation");
    set_command("echo green blue");
    assert_int_equal(traffic_enter(traffic, &GREEN, &err), TRAFFIC_OK);
}

static void slots_are_read_from_words(void **state)
{
    static const struct {
        const char *words;
        int slots; /* -1: refused */
    } outputs[] = {
        {"", 0},          {"none", 0},       {"blue", 1},
        {" green\\n", 2}, {"blue green", 3}, {"blue\\ngreen", 3},
        {"Blue", -1},     {"1", -1},         {"blue,green", -1},
    };
    char command[64];

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(outputs); i++) {
        unsigned slots = 9;
        int answer;

        snprintf(command, sizeof command, "printf '%s'", outputs[i].words);
        set_command(command);
        answer = traffic_where(traffic, &slots, &err);
        assert_int_equal(answer, outputs[i].slots < 0 ? ERR_FAIL : TRAFFIC_OK);
        assert_int_equal(slots, outputs[i].slots < 0 ? 0 : outputs[i].slots);
    }
}

static void busy_must_print_a_number(void **state)
{
    static const char *const outputs[] = {"", "many", "-1", "1 2", "99999999999999999999", "0x10"};
    char command[64];
    int64_t count;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(outputs); i++) {
        snprintf(command, sizeof command, "echo '%s'", outputs[i]);
        set_command(command);
        assert_fails(&err, traffic_busy(traffic, &BLUE, &count, &err), ERR_DEPLOY, CODE_SWITCH,
                     "must print a number");
    }
}

static void output_and_time_are_bounded(void **state)
{
    int64_t count;

    (void)state;
    set_command("yes");
    assert_fails(&err, traffic_busy(traffic, &BLUE, &count, &err), ERR_DEPLOY, CODE_SWITCH, "busy");
    traffic_close(traffic);
    context.limit = 100 * NS_PER_MS;
    assert_int_equal(traffic_open(&spec, &context, &traffic, &err), 0);
    set_command("sleep 60");
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH, "enter");
}

static void an_empty_command_is_refused(void **state)
{
    struct traffic *other;

    (void)state;
    spec.command = NULL;
    assert_fails(&err, traffic_open(&spec, &context, &other, &err), ERR_USAGE, CODE_DEPLOY,
                 "empty");
}

static void doctor_examines_the_command(void **state)
{
    char *missing[] = {(char *)"no-such-program", NULL};
    _cleanup_text_ struct text lines = {0};

    (void)state;
    text_init(&lines, 64 * KIB);
    set_command("echo blue");
    assert_int_equal(traffic_examine(traffic, &lines), 0);
    set_command("exit 1");
    assert_int_equal(traffic_examine(traffic, &lines), 1);
    spec.command = missing;
    assert_int_equal(traffic_examine(traffic, &lines), 1);
    assert_non_null(strstr(lines.data, "no-such-program of traffic.command is not found"));
}

/* ---- no driver ---- */

static void without_a_driver_nothing_is_done_or_known(void **state)
{
    int64_t count = 0;
    unsigned slots = 9;

    (void)state;
    traffic_close(traffic);
    spec.kind = TRAFFIC_ABSENT;
    assert_int_equal(traffic_open(&spec, &context, &traffic, &err), 0);
    assert_int_equal(traffic_hold(traffic, SLOT_GREEN, &err), TRAFFIC_UNKNOWN);
    assert_int_equal(traffic_enter(traffic, &GREEN, &err), TRAFFIC_OK);
    assert_int_equal(traffic_leave(traffic, &BLUE, &GREEN, &err), TRAFFIC_OK);
    assert_int_equal(traffic_busy(traffic, &BLUE, &count, &err), TRAFFIC_UNKNOWN);
    assert_int_equal(traffic_cut(traffic, &BLUE, &err), TRAFFIC_UNKNOWN);
    assert_int_equal(traffic_where(traffic, &slots, &err), TRAFFIC_UNKNOWN);
    assert_int_equal(slots, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(each_action_gets_its_variables),   TEST(only_enter_and_leave_must_be_supported),
        TEST(a_failure_has_code_and_last_line), TEST(a_success_is_compared_with_where),
        TEST(slots_are_read_from_words),        TEST(busy_must_print_a_number),
        TEST(output_and_time_are_bounded),      TEST(an_empty_command_is_refused),
        TEST(doctor_examines_the_command),      TEST(without_a_driver_nothing_is_done_or_known),
#undef TEST
    };

    setenv("NOTIFY_SOCKET", "/run/secret", 1);
    if (scratch_create() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, scratch_teardown);
}
