#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/file.h"
#include "flow/cancel.h"
#include "kit/assert_fails.h"
#include "kit/scratch.h"
#include "kit/traffic_driver.h"

static char check_line[1024], reload_line[1024];
static char *check_argv[] = {(char *)"/bin/sh", (char *)"-c", check_line, NULL};
static char *reload_argv[] = {(char *)"/bin/sh", (char *)"-c", reload_line, NULL};

static void put(const char *name, const char *content)
{
    assert_int_equal(file_replace(path_of(name), view_str(content), 0640, &err), 0);
}

/* Compares a file; NULL: it does not exist. */
static void assert_file(const char *name, const char *content)
{
    _cleanup_text_ struct text text = {0};
    int answer;

    text_init(&text, MIB);
    answer = file_read(path_of(name), &text, &err);
    assert_int_equal(answer, content ? FILE_OK : FILE_ABSENT);
    assert_string_equal(text.data, content ? content : "");
}

/* The proxy of these tests runs the copy `loaded` of the file; its reloads are counted. */
static int set_up(void **state)
{
    (void)state;
    err = (struct err){0};
    unlink(path_of(".shop.conf.switching"));
    unlink(path_of("reloads"));
    unlink(path_of("checks"));
    put("shop.conf", "server 127.0.0.1:18081;\n");
    put("loaded", "server 127.0.0.1:18081;\n");
    snprintf(check_line, sizeof check_line, "cat '%s' >>'%s'", path_of("shop.conf"),
             path_of("checks"));
    snprintf(reload_line, sizeof reload_line, "cp '%s' '%s' && echo r >>'%s'", path_of("shop.conf"),
             path_of("loaded"), path_of("reloads"));
    spec = (struct traffic_spec){.kind = TRAFFIC_FILE,
                                 .line = "server {target};",
                                 .check = check_argv,
                                 .reload = reload_argv};
    str_copy(spec.file, sizeof spec.file, path_of("shop.conf"));
    traffic = NULL;
    return open_driver(60 * NS_PER_S);
}

static int tear_down(void **state)
{
    (void)state;
    close_driver();
    return 0;
}

/* Returns the slots in rotation, or -1: not known. */
static int serving(void)
{
    unsigned slots = 9;
    int answer = traffic_where(traffic, &slots, &err);

    if (answer == TRAFFIC_UNKNOWN) {
        assert_int_equal(slots, 0);
        return -1;
    }
    assert_int_equal(answer, TRAFFIC_OK);
    return (int)slots;
}

/* ---- a switch ---- */

static void a_switch_writes_checks_and_reloads(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(serving(), 1 << SLOT_BLUE);
    assert_int_equal(traffic_hold(traffic, SLOT_GREEN, &err), TRAFFIC_UNKNOWN);
    assert_int_equal(traffic_enter(traffic, &GREEN, &err), TRAFFIC_OK);
    assert_file("shop.conf", "server 127.0.0.1:18082;\n");
    assert_file("checks", "server 127.0.0.1:18082;\n");
    assert_file("loaded", "server 127.0.0.1:18082;\n");
    assert_file(".shop.conf.switching", NULL);
    assert_int_equal(serving(), 1 << SLOT_GREEN);
    assert_int_equal(stat(path_of("shop.conf"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(traffic_leave(traffic, &BLUE, &GREEN, &err), TRAFFIC_OK);
    assert_file("reloads", "r\n");
}

/* The proxy may have been reloaded in between with another content, or not at all. */
static void enter_reloads_also_if_the_file_is_right(void **state)
{
    (void)state;
    put("loaded", "");
    assert_int_equal(traffic_enter(traffic, &BLUE, &err), TRAFFIC_OK);
    assert_file("loaded", "server 127.0.0.1:18081;\n");
}

static void leave_repeats_a_switch_that_was_undone(void **state)
{
    (void)state;
    assert_int_equal(traffic_enter(traffic, &GREEN, &err), TRAFFIC_OK);
    put("shop.conf", "server 127.0.0.1:18081;\n");
    assert_int_equal(traffic_leave(traffic, &BLUE, &GREEN, &err), TRAFFIC_OK);
    assert_file("loaded", "server 127.0.0.1:18082;\n");
}

static void the_first_switch_makes_the_file(void **state)
{
    struct stat st;

    (void)state;
    unlink(path_of("shop.conf"));
    assert_int_equal(serving(), 0);
    assert_int_equal(traffic_enter(traffic, &GREEN, &err), TRAFFIC_OK);
    assert_file("shop.conf", "server 127.0.0.1:18082;\n");
    assert_int_equal(stat(path_of("shop.conf"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
}

static void every_target_of_the_line_is_replaced(void **state)
{
    (void)state;
    str_copy(spec.line, sizeof spec.line, "# {target}\na: \"http://{target}\"\n");
    assert_int_equal(traffic_enter(traffic, &GREEN, &err), TRAFFIC_OK);
    assert_file("shop.conf", "# 127.0.0.1:18082\na: \"http://127.0.0.1:18082\"\n");
    assert_int_equal(serving(), 1 << SLOT_GREEN);
}

static void a_line_without_target_is_refused(void **state)
{
    struct traffic *other;

    (void)state;
    str_copy(spec.line, sizeof spec.line, "server 127.0.0.1:18081;");
    assert_fails(&err, traffic_open(&spec, &context, &other, &err), ERR_USAGE, CODE_DEPLOY,
                 "{target}");
}

static void the_target_is_found_as_a_whole_word(void **state)
{
    static const struct {
        const char *content;
        int slots;
    } files[] = {
        {"", 0},
        {"server 127.0.0.1:18081", 1},
        {"server 127.0.0.1:180811;", 0},
        {"server 7127.0.0.1:18081;", 0},
        {"  # server 127.0.0.1:18081;\nserver 127.0.0.1:18082;", 2},
        {"server 127.0.0.1:18081; server 127.0.0.1:18082 backup;", 3},
        {"url: \"http://127.0.0.1:18082\"\r\n", 2},
        {"server 10.0.0.1:80;", 0},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
        put("shop.conf", files[i].content);
        assert_int_equal(serving(), files[i].slots);
    }
}

static void a_folder_that_is_watched_needs_no_programs(void **state)
{
    int64_t began = clock_monotonic();

    (void)state;
    spec.check = spec.reload = NULL;
    spec.settle = 50 * NS_PER_MS;
    assert_int_equal(traffic_enter(traffic, &GREEN, &err), TRAFFIC_OK);
    assert_true(clock_monotonic() - began >= spec.settle);
    assert_int_equal(serving(), 1 << SLOT_GREEN);
}

/* ---- failures ---- */

static void a_failed_check_restores_the_old_content(void **state)
{
    (void)state;
    snprintf(check_line, sizeof check_line, "echo first; echo 'unknown directive' >&2; exit 7");
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "exit code 7: unknown directive");
    assert_file("shop.conf", "server 127.0.0.1:18081;\n");
    assert_file("reloads", NULL);
    assert_int_equal(serving(), 1 << SLOT_BLUE);
}

/* The first reload fails after it has loaded the file; the second one loads the old content. */
static void a_failed_reload_is_repeated_with_the_old_content(void **state)
{
    (void)state;
    snprintf(reload_line, sizeof reload_line,
             "cp '%s' '%s'; echo r >>'%s'; [ $(wc -l <'%s') != 1 ]", path_of("shop.conf"),
             path_of("loaded"), path_of("reloads"), path_of("reloads"));
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "the reload of the proxy");
    assert_file("shop.conf", "server 127.0.0.1:18081;\n");
    assert_file("loaded", "server 127.0.0.1:18081;\n");
    assert_file("reloads", "r\nr\n");
    assert_int_equal(serving(), 1 << SLOT_BLUE);
}

static void nothing_is_claimed_after_two_failed_reloads(void **state)
{
    (void)state;
    snprintf(reload_line, sizeof reload_line, "exit 1");
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "the proxy may not run the restored");
    assert_file("shop.conf", "server 127.0.0.1:18081;\n");
    assert_int_equal(serving(), -1);
    snprintf(reload_line, sizeof reload_line, "exit 0");
    assert_int_equal(traffic_enter(traffic, &BLUE, &err), TRAFFIC_OK);
    assert_int_equal(serving(), 1 << SLOT_BLUE);
}

static void a_failed_first_switch_deletes_the_file(void **state)
{
    (void)state;
    unlink(path_of("shop.conf"));
    snprintf(check_line, sizeof check_line, "exit 1");
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH, "the check");
    assert_file("shop.conf", NULL);
    assert_int_equal(serving(), 0);
}

/* Killed between the write and the reload: the note is there, and the file names green. */
static void a_crash_before_the_reload_is_noticed(void **state)
{
    (void)state;
    put(".shop.conf.switching", "");
    put("shop.conf", "server 127.0.0.1:18082;\n");
    assert_int_equal(serving(), -1);
    assert_int_equal(traffic_leave(traffic, &BLUE, &GREEN, &err), TRAFFIC_OK);
    assert_file("loaded", "server 127.0.0.1:18082;\n");
    assert_file("reloads", "r\n");
    assert_int_equal(serving(), 1 << SLOT_GREEN);
}

/* The old content of a switch after a crash may never have been loaded. */
static void a_failed_check_after_a_crash_claims_nothing(void **state)
{
    (void)state;
    put(".shop.conf.switching", "");
    snprintf(check_line, sizeof check_line, "exit 1");
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH, "the check");
    assert_int_equal(serving(), -1);
}

static void a_reload_that_hangs_is_killed(void **state)
{
    (void)state;
    snprintf(reload_line, sizeof reload_line, "sleep 60");
    assert_int_equal(open_driver(100 * NS_PER_MS), 0);
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "the reload of the proxy");
    assert_file("shop.conf", "server 127.0.0.1:18081;\n");
    assert_int_equal(serving(), -1);
}

/* A child that a program leaves behind keeps its pipes open. */
static void a_reload_may_leave_a_process_behind(void **state)
{
    int64_t began = clock_monotonic();

    (void)state;
    snprintf(reload_line, sizeof reload_line, "sleep 20 & echo $! >'%s'", path_of("pid"));
    assert_int_equal(traffic_enter(traffic, &GREEN, &err), TRAFFIC_OK);
    assert_true(clock_monotonic() - began < 20 * NS_PER_S);
    snprintf(reload_line, sizeof reload_line, "kill $(cat '%s')", path_of("pid"));
    assert_int_equal(system(reload_line), 0); /* NOLINT: a fixed command */
}

static void programs_that_do_not_exist_are_named(void **state)
{
    char *missing[] = {(char *)"/nowhere/nginx", NULL};

    (void)state;
    spec.check = missing;
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "/nowhere/nginx");
    assert_int_equal(serving(), 1 << SLOT_BLUE);
}

static void a_folder_that_cannot_be_written_changes_nothing(void **state)
{
    (void)state;
    snprintf(spec.file, sizeof spec.file, "%s", path_of("no/shop.conf"));
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "no/.shop.conf.switching");
    assert_file("reloads", NULL);
}

static void a_cancel_restores_the_old_content(void **state)
{
    struct cancel cancel;

    (void)state;
    cancel_init(&cancel);
    traffic_close(traffic);
    context.cancel = &cancel;
    assert_int_equal(traffic_open(&spec, &context, &traffic, &err), 0);
    cancel_request(&cancel, 15);
    assert_int_equal(traffic_enter(traffic, &GREEN, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_CANCELLED);
    assert_file("shop.conf", "server 127.0.0.1:18081;\n");
    assert_int_equal(serving(), 1 << SLOT_BLUE);
}

/* ---- workers ---- */

/* A proxy with one worker: `reload` makes it start another, and the old one continues to run. It
 * ends with this program. */
static pid_t start_proxy(void)
{
    static const char SCRIPT[] =
        "import signal, subprocess, sys\n"
        "def work(seconds, name):\n"
        "    children.append(subprocess.Popen(['sleep', seconds], stdout=subprocess.DEVNULL))\n"
        "    open(sys.argv[1] + name, 'w').close()\n"
        "children = []\n"
        "signals = {signal.SIGHUP, signal.SIGTERM}\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, signals)\n"
        "work('100', '/ready')\n"
        "while signal.sigwait(signals) == signal.SIGHUP:\n"
        "    work('101', '/new')\n"
        "for child in children:\n"
        "    child.kill()\n";
    char line[32];
    pid_t pid;

    unlink(path_of("ready"));
    unlink(path_of("new"));
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        execlp("python3", "python3", "-I", "-S", "-c", SCRIPT, dir, (char *)NULL);
        _exit(127);
    }
    snprintf(line, sizeof line, "%d\n", (int)pid);
    put("pid", line);
    str_copy(spec.pid_file, sizeof spec.pid_file, path_of("pid"));
    while (access(path_of("ready"), F_OK) != 0)
        usleep(1000);
    return pid;
}

static void stop_proxy(pid_t pid)
{
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
}

static void old_workers_make_the_target_busy(void **state)
{
    int64_t count = 0;
    pid_t proxy = start_proxy();

    (void)state;
    snprintf(reload_line, sizeof reload_line, "kill -HUP %d", (int)proxy);
    assert_int_equal(traffic_enter(traffic, &GREEN, &err), TRAFFIC_OK);
    assert_int_equal(traffic_busy(traffic, &BLUE, &count, &err), TRAFFIC_OK);
    assert_int_equal(count, 1);
    snprintf(reload_line, sizeof reload_line, "pkill -KILL -P %d -f 'sleep 100'", (int)proxy);
    assert_int_equal(system(reload_line), 0); /* NOLINT: a fixed command */
    do
        assert_int_equal(traffic_busy(traffic, &BLUE, &count, &err), TRAFFIC_OK);
    while (count);
    stop_proxy(proxy);
}

static void a_reload_without_effect_is_a_failure(void **state)
{
    pid_t proxy = start_proxy();

    (void)state;
    assert_int_equal(open_driver(200 * NS_PER_MS), 0);
    snprintf(reload_line, sizeof reload_line, "true");
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "no new workers");
    assert_file("shop.conf", "server 127.0.0.1:18081;\n");
    stop_proxy(proxy);
}

static void without_a_running_proxy_nothing_is_awaited(void **state)
{
    int64_t count;

    (void)state;
    put("pid", "999999999\n");
    str_copy(spec.pid_file, sizeof spec.pid_file, path_of("pid"));
    assert_int_equal(traffic_enter(traffic, &GREEN, &err), TRAFFIC_OK);
    assert_int_equal(traffic_busy(traffic, &BLUE, &count, &err), TRAFFIC_UNKNOWN);
}

/* ---- doctor ---- */

static void assert_examined(const char *words)
{
    _cleanup_text_ struct text lines = {0};

    text_init(&lines, 64 * KIB);
    assert_int_equal(traffic_examine(traffic, &lines), words ? 1 : 0);
    if (words && !strstr(lines.data, words))
        fail_msg("'%s' is not in '%s'", words, lines.data);
}

static void doctor_examines_file_programs_and_pid(void **state)
{
    char *missing[] = {(char *)"no-such-program", NULL};

    (void)state;
    assert_examined(NULL);
    put(".shop.conf.switching", "");
    assert_examined("may not have been reloaded");
    unlink(path_of(".shop.conf.switching"));
    spec.reload = missing;
    assert_examined("no-such-program of traffic.reload is not found");
    spec.reload = reload_argv;
    str_copy(spec.pid_file, sizeof spec.pid_file, path_of("no.pid"));
    assert_examined("has no number of a running process");
    spec.pid_file[0] = '\0';
    unlink(path_of("shop.conf"));
    assert_examined("does not exist");
    assert_file("reloads", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_switch_writes_checks_and_reloads),
        TEST(enter_reloads_also_if_the_file_is_right),
        TEST(leave_repeats_a_switch_that_was_undone),
        TEST(the_first_switch_makes_the_file),
        TEST(every_target_of_the_line_is_replaced),
        TEST(a_line_without_target_is_refused),
        TEST(the_target_is_found_as_a_whole_word),
        TEST(a_folder_that_is_watched_needs_no_programs),
        TEST(a_failed_check_restores_the_old_content),
        TEST(a_failed_reload_is_repeated_with_the_old_content),
        TEST(nothing_is_claimed_after_two_failed_reloads),
        TEST(a_failed_first_switch_deletes_the_file),
        TEST(a_crash_before_the_reload_is_noticed),
        TEST(a_failed_check_after_a_crash_claims_nothing),
        TEST(a_reload_that_hangs_is_killed),
        TEST(a_reload_may_leave_a_process_behind),
        TEST(programs_that_do_not_exist_are_named),
        TEST(a_folder_that_cannot_be_written_changes_nothing),
        TEST(a_cancel_restores_the_old_content),
        TEST(old_workers_make_the_target_busy),
        TEST(a_reload_without_effect_is_a_failure),
        TEST(without_a_running_proxy_nothing_is_awaited),
        TEST(doctor_examines_file_programs_and_pid),
#undef TEST
    };

    if (scratch_create() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, scratch_teardown);
}
