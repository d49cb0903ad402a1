/* The program's own system: files, time, requests to a small server, real programs and a
 * pseudo-terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "credentials/real_system.h"
#include "credentials/terminal.h"
#include "flow/cancel.h"
#include "http/easy.h"
#include "kit/raw_server.h"
#include "kit/scratch.h"

static struct cancel cancel;
static struct real_system real;
static struct raw_server server;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char last_head[RAW_REQUEST_SIZE];
static struct web_answer answer;
static struct err err;

static int set_up(void **state)
{
    (void)state;
    cancel_init(&cancel);
    real_system_init(&real, &cancel);
    return scratch_create();
}

static void *request_cancel(void *arg)
{
    (void)arg;
    raw_pause_ms(100);
    cancel_request(&cancel, SIGTERM);
    return NULL;
}

/* Requests a cancel soon, from another thread. */
static pthread_t cancel_soon(void)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, request_cancel, NULL), 0);
    return thread;
}

static void end_cancel(pthread_t thread)
{
    pthread_join(thread, NULL);
    cancel_init(&cancel);
    assert_int_equal(err.family, ERR_CANCELLED);
}

/* ---- files, time ---- */

static void files_are_bounded_and_private(void **state)
{
    struct aws_system *system = &real.system;
    const char *path = path_of("token.json"), *fifo = path_of("fifo");
    struct stat st;
    struct text text;

    (void)state;
    text_init(&text, 100);
    assert_int_equal(system->read_file(real.system.arg, path, 50, &text, &err), SYSTEM_ABSENT);
    assert_int_equal(system->write_file(real.system.arg, path, view_str("0123456789"), &err), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(system->read_file(real.system.arg, path, 10, &text, &err), 0);
    assert_string_equal(text.data, "0123456789");
    assert_int_equal(system->read_file(real.system.arg, path, 10, &text, &err), 0);
    assert_int_equal(text.size, 20);
    assert_int_equal(system->read_file(real.system.arg, path, 9, &text, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_LOCAL);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    text_clear(&text);
    assert_int_equal(system->read_file(real.system.arg, fifo, 9, &text, &err), ERR_FAIL);
    text_finish(&text);
}

static void a_wait_ends_on_a_cancel(void **state)
{
    int64_t began = clock_monotonic();
    pthread_t thread;

    (void)state;
    assert_int_equal(real.system.wait(real.system.arg, 20 * NS_PER_MS, &err), 0);
    assert_true(clock_monotonic() - began >= 20 * NS_PER_MS);
    thread = cancel_soon();
    assert_int_equal(real.system.wait(real.system.arg, 60 * NS_PER_S, &err), ERR_FAIL);
    end_cancel(thread);
}

/* ---- requests ---- */

static bool respond(struct raw_server *raw, int fd, const char *head)
{
    char long_header[1100] = "X-A:";

    pthread_mutex_lock(&lock);
    snprintf(last_head, sizeof last_head, "%s", head);
    pthread_mutex_unlock(&lock);
    if (strstr(head, " /redirect "))
        return raw_say(fd, "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n");
    if (strstr(head, " /slow ") &&
        raw_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"))
        raw_drip(raw, fd);
    if (strstr(head, " /cut "))
        raw_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    if (strstr(head, " /large ") || strstr(head, " /headers "))
        raw_say(fd, "HTTP/1.1 200 OK\r\n");
    if (strstr(head, " /large "))
        raw_say(fd, "\r\n");
    memset(long_header + 4, 'x', sizeof long_header - 4);
    snprintf(long_header + sizeof long_header - 3, 3, "\r\n");
    for (int i = 0; i < 100 && (strstr(head, " /large ") || strstr(head, " /headers ")); i++)
        if (!raw_say(fd, long_header))
            return false;
    if (!strstr(head, " /good "))
        return false;
    return raw_say(fd, "HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 08:19:34 GMT\r\n"
                       "X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 21600\r\nContent-Length: 5\r\n\r\n"
                       "token");
}

/* Returns whether the last request has this text. */
static bool was_sent(const char *part)
{
    bool sent;

    pthread_mutex_lock(&lock);
    sent = strstr(last_head, part) != NULL;
    pthread_mutex_unlock(&lock);
    return sent;
}

static enum web_result send_to(const char *path, struct web_request request)
{
    char url[128];

    snprintf(url, sizeof url, "%s%s", server.url, path);
    request.url = url;
    request.method = request.method ? request.method : "GET";
    return real.system.send(real.system.arg, &request, &answer, &err);
}

static int start_server(void **state)
{
    (void)state;
    server = (struct raw_server){.answer = respond};
    raw_start(&server);
    text_init(&answer.body, WEB_ANSWER_MAX);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    raw_stop(&server);
    text_finish(&answer.body);
    return 0;
}

static void requests_have_their_method_headers_and_body(void **state)
{
    const char *const headers[] = {"x-aws-ec2-metadata-token-ttl-seconds: 21600"};
    int64_t date;

    (void)state;
    assert_int_equal(
        send_to("/good",
                (struct web_request){.method = "PUT", .headers = headers, .header_count = 1}),
        WEB_ANSWERED);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body.data, "token");
    assert_int_equal(answer.ttl, 21600);
    assert_true(clock_parse_http("Mon, 23 Nov 2026 08:19:34 GMT", &date));
    assert_int_equal(answer.date, date);
    assert_true(was_sent("PUT /good HTTP/1.1\r\n"));
    assert_true(was_sent("\r\nx-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"));
    assert_true(was_sent("\r\nContent-Length: 0\r\n"));
    assert_false(was_sent("Content-Type"));
    assert_int_equal(
        send_to("/good", (struct web_request){.method = "POST", .body = view_str("a=b")}),
        WEB_ANSWERED);
    assert_true(was_sent("\r\nContent-Length: 3\r\n"));
    assert_int_equal(send_to("/good", (struct web_request){0}), WEB_ANSWERED);
    assert_true(was_sent("GET /good HTTP/1.1\r\n"));
}

static void a_redirect_is_not_followed(void **state)
{
    (void)state;
    assert_int_equal(send_to("/redirect", (struct web_request){0}), WEB_ANSWERED);
    assert_int_equal(answer.status, 302);
    assert_int_equal(atomic_load(&server.requests), 1);
}

static void hostile_responses_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(send_to("/large", (struct web_request){0}), WEB_BROKEN);
    assert_non_null(strstr(err.text, "too large"));
    assert_int_equal(send_to("/headers", (struct web_request){0}), WEB_BROKEN);
    assert_int_equal(send_to("/cut", (struct web_request){0}), WEB_BROKEN);
    assert_int_equal(send_to("/nothing", (struct web_request){0}), WEB_BROKEN);
    assert_int_equal(send_to("/slow", (struct web_request){.total_time = 50 * NS_PER_MS}),
                     WEB_BROKEN);
    assert_true(err_is(&err, ERR_NETWORK, CODE_TIMEOUT));
}

static void a_closed_port_is_unreachable(void **state)
{
    const struct web_request request = {.method = "GET", .url = "http://127.0.0.1:1/"};

    (void)state;
    assert_int_equal(real.system.send(real.system.arg, &request, &answer, &err), WEB_UNREACHABLE);
    assert_true(err_is(&err, ERR_NETWORK, CODE_REFUSED));
}

static void a_file_url_is_refused(void **state)
{
    const struct web_request request = {.method = "GET", .url = "file:///etc/passwd"};

    (void)state;
    assert_int_equal(real.system.send(real.system.arg, &request, &answer, &err), WEB_BROKEN);
    assert_int_equal(answer.body.size, 0);
}

static void a_request_ends_on_a_cancel(void **state)
{
    int64_t began = clock_monotonic();
    pthread_t thread = cancel_soon();

    (void)state;
    assert_int_equal(send_to("/slow", (struct web_request){0}), WEB_BROKEN);
    assert_true(clock_monotonic() - began < 2 * NS_PER_S);
    end_cancel(thread);
}

static void a_direct_request_uses_no_proxy(void **state)
{
    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    assert_int_equal(send_to("/good", (struct web_request){.direct = true}), WEB_ANSWERED);
    assert_int_equal(send_to("/good", (struct web_request){0}), WEB_UNREACHABLE);
    setenv("http_proxy", server.url, 1);
    assert_int_equal(send_to("/good", (struct web_request){0}), WEB_BROKEN);
    assert_true(was_sent("GET http://127.0.0.1:"));
    unsetenv("http_proxy");
}

/* ---- programs ---- */

static void a_line_is_run_in_a_shell(void **state)
{
    struct aws_system *system = &real.system;
    struct text output, errors;
    int code;

    (void)state;
    text_init(&output, 64 * KIB);
    text_init(&errors, 16);
    assert_int_equal(
        system->run(system->arg, "echo out; echo err >&2; exit 3", &output, &errors, &code, &err),
        0);
    assert_int_equal(code, 3);
    assert_string_equal(output.data, "out\n");
    assert_int_equal(system->run(system->arg, "yes", &output, &errors, &code, &err), ERR_FAIL);
    assert_true(err_is(&err, ERR_AUTH, CODE_PROCESS));
    assert_string_equal(err.text, "it printed more than 64 KiB");
    text_finish(&output);
    text_finish(&errors);
}

/* ---- terminal ---- */

/* Runs terminal_ask in a child with a terminal of its own; returns its exit code. `shown` gets what
 * the user sees. */
static int ask_on_terminal(const char *typed, bool cancelled, char *shown, size_t size)
{
    int leader = posix_openpt(O_RDWR | O_NOCTTY), status;
    char line[8];
    ssize_t got;
    pid_t pid;

    assert_int_equal(grantpt(leader) | unlockpt(leader), 0);
    pid = fork();
    if (pid == 0) {
        setsid();
        if (open(ptsname(leader), O_RDWR) < 0) /* becomes the controlling terminal */
            _exit(99);
        if (cancelled)
            cancel_request(&cancel, SIGINT);
        int result = terminal_ask("Code: ", &cancel, line, sizeof line, &err);
        _exit(result == 0 && strcmp(line, "123456") == 0 ? 0 : result < 0 ? 50 : 60);
    }
    for (size_t used = 0; used + 1 < size;) {
        got = read(leader, shown + used, size - 1 - used);
        if (got <= 0)
            break;
        used += (size_t)got;
        shown[used] = '\0';
        if (strcmp(shown, "Code: ") == 0)
            assert_true(write(leader, typed, strlen(typed)) >= 0);
    }
    waitpid(pid, &status, 0);
    close(leader);
    return WEXITSTATUS(status);
}

static void a_code_is_read_without_echo(void **state)
{
    char shown[64] = "";

    (void)state;
    assert_int_equal(ask_on_terminal("123456\n", false, shown, sizeof shown), 0);
    assert_null(strstr(shown, "1"));
    assert_int_equal(ask_on_terminal("12345678\n", false, shown, sizeof shown), 50);
    assert_int_equal(ask_on_terminal("\x04", false, shown, sizeof shown), 50);
    assert_int_equal(ask_on_terminal("", true, shown, sizeof shown), 50);
}

static void without_a_terminal_no_code_is_asked_for(void **state)
{
    char line[8];
    int status;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        setsid();
        _exit(terminal_ask("Code: ", &cancel, line, sizeof line, &err));
    }
    waitpid(pid, &status, 0);
    assert_int_equal(WEXITSTATUS(status), SYSTEM_ABSENT);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, start_server, stop_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_bounded_and_private),
        cmocka_unit_test(a_wait_ends_on_a_cancel),
        WITH_SERVER(requests_have_their_method_headers_and_body),
        WITH_SERVER(a_redirect_is_not_followed),
        WITH_SERVER(hostile_responses_are_bounded),
        WITH_SERVER(a_closed_port_is_unreachable),
        WITH_SERVER(a_file_url_is_refused),
        WITH_SERVER(a_request_ends_on_a_cancel),
        WITH_SERVER(a_direct_request_uses_no_proxy),
        cmocka_unit_test(a_line_is_run_in_a_shell),
        cmocka_unit_test(a_code_is_read_without_echo),
        cmocka_unit_test(without_a_terminal_no_code_is_asked_for),
    };

    return cmocka_run_group_tests(tests, set_up, scratch_teardown);
}
