/* Whole gates against a scripted daemon and an application. Waits are a few seconds at most. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "deploy/gate/gate.h"
#include "deploy/gate/verdict.h"
#include "docker/docker.h"
#include "flow/cancel.h"

#include "kit/raw_server.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* The inspect of the n-th request is made of these parts; the last of a list repeats. */
struct script {
    const char *state[4]; /* members of State */
    const char *restarts; /* "0" */
    const char *config;   /* members of Config */
    int silent_inspects;  /* responds with 500 first */
    int exec_codes[4];    /* exit codes of commands; the last one repeats */
    int exec_count;       /* of exec_codes */
    const char *app[4];   /* responses of the application; the last one repeats */
};

static struct script script; /* of the test */
static struct script played; /* the copy that the servers read */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct raw_server daemon_server, app_server;
static atomic_int inspects, execs, asked;
static struct docker *docker;
static struct cancel cancel;
static struct gate_spec spec;
static struct gate_input input;
static struct gate_report report;
static struct err err;

static void play_script(void)
{
    pthread_mutex_lock(&lock);
    played = script;
    pthread_mutex_unlock(&lock);
}

static struct script read_script(void)
{
    struct script copy;

    pthread_mutex_lock(&lock);
    copy = played;
    pthread_mutex_unlock(&lock);
    return copy;
}

static int wait_gate(void)
{
    play_script();
    return gate_wait(&input, &report, &err);
}

static int test_once(void)
{
    play_script();
    return gate_once(&input, &report, &err);
}

static const char *nth(const char *const *list, int n)
{
    while (n > 0 && !list[n])
        n--;
    return list[n];
}

static bool respond(int fd, const char *status, const char *body)
{
    char head[256];

    snprintf(head, sizeof head,
             "HTTP/1.1 %s\r\nApi-Version: 1.41\r\nContent-Type: application/json\r\n"
             "Content-Length: %zu\r\n\r\n",
             status, strlen(body));
    return raw_say(fd, head) && raw_say(fd, body);
}

static bool respond_inspect(int fd)
{
    const struct script now = read_script();
    int n = atomic_fetch_add(&inspects, 1);
    char body[4096];

    if (n < now.silent_inspects)
        return respond(fd, "500 Internal Server Error", "{\"message\":\"trouble\"}");
    n -= now.silent_inspects;
    if (strcmp(nth(now.state, n < 3 ? n : 3), "gone") == 0)
        return respond(fd, "404 Not Found", "{\"message\":\"No such container: " ID "\"}");
    snprintf(body, sizeof body,
             "{\"Id\":\"" ID "\",\"Name\":\"/shop.g2\",\"Image\":\"sha256:" ID "\","
             "\"RestartCount\":%s,\"State\":{%s},\"Config\":{%s},\"HostConfig\":{},"
             "\"NetworkSettings\":{\"Networks\":{\"web\":{\"IPAddress\":\"127.0.0.1\"}}}}",
             now.restarts ? now.restarts : "0", nth(now.state, n < 3 ? n : 3),
             now.config ? now.config : "");
    return respond(fd, "200 OK", body);
}

static bool respond_exec(int fd)
{
    const struct script now = read_script();
    char body[128];
    int n = atomic_load(&execs) - 1;

    if (n >= now.exec_count)
        n = now.exec_count - 1;
    snprintf(body, sizeof body, "{\"ID\":\"" ID "\",\"Running\":false,\"ExitCode\":%d}",
             n < 0 ? 0 : now.exec_codes[n]);
    return respond(fd, "200 OK", body);
}

static bool answer_daemon(struct raw_server *server, int fd, const char *head)
{
    (void)server;
    if (strstr(head, "/_ping"))
        return respond(fd, "200 OK", "OK");
    if (strstr(head, "/version "))
        return respond(fd, "200 OK", "{\"Version\":\"20.10.24\",\"ApiVersion\":\"1.41\"}");
    if (strstr(head, "/info "))
        return respond(fd, "200 OK", "{}");
    if (strstr(head, "/containers/" ID "/json "))
        return respond_inspect(fd);
    if (strstr(head, "/containers/" ID "/exec ")) {
        atomic_fetch_add(&execs, 1);
        return respond(fd, "201 Created", "{\"Id\":\"" ID "\"}");
    }
    if (strstr(head, "/exec/" ID "/start "))
        return respond(fd, "200 OK", "");
    if (strstr(head, "/exec/" ID "/json "))
        return respond_exec(fd);
    return respond(fd, "404 Not Found", "{\"message\":\"page not found\"}");
}

static bool answer_app(struct raw_server *server, int fd, const char *head)
{
    const struct script now = read_script();
    int n = atomic_fetch_add(&asked, 1);
    const char *status = nth(now.app, n < 3 ? n : 3);

    (void)server;
    (void)head;
    return respond(fd, status ? status : "200 OK", "words of the application");
}

static int set_up(void **state)
{
    struct docker_asked host = {.host = daemon_server.url};
    struct docker_endpoint endpoint;
    char address[96];

    (void)state;
    daemon_server = (struct raw_server){.answer = answer_daemon};
    app_server = (struct raw_server){.answer = answer_app};
    raw_start(&daemon_server);
    raw_start(&app_server);
    cancel_init(&cancel);
    snprintf(address, sizeof address, "tcp%.64s", daemon_server.url + strlen("http"));
    host.host = address;
    script = (struct script){0};
    atomic_store(&inspects, 0);
    atomic_store(&execs, 0);
    atomic_store(&asked, 0);
    assert_int_equal(docker_endpoint_find(&host, NULL, &endpoint, &err), 0);
    endpoint.patience = 10 * NS_PER_S;
    docker = docker_open(&endpoint, &cancel, &err);
    assert_non_null(docker);
    memset(&spec, 0, sizeof spec);
    spec.within = 3 * NS_PER_S;
    input = (struct gate_input){.spec = &spec,
                                .docker = docker,
                                .container = ID,
                                .address = app_server.url + strlen("http://"),
                                .network = "",
                                .cancel = &cancel};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    docker_close(docker);
    raw_stop(&daemon_server);
    raw_stop(&app_server);
    return 0;
}

#define RUNS           "\"Status\":\"running\",\"Running\":true,\"StartedAt\":\"2026-11-29T10:00:00Z\""
#define TEST_OF(words) "\"Healthcheck\":{\"Test\":" words ",\"Interval\":30000000000,\"Retries\":1}"

static void assert_fails(const char *code, const char *words)
{
    assert_int_equal(wait_gate(), ERR_FAIL);
    assert_true(err_is(&err, ERR_DEPLOY, code));
    if (!strstr(err.text, words))
        fail_msg("\"%s\" lacks \"%s\"", err.text, words);
    assert_non_null(strstr(err.text, "container shop.g2 "));
    assert_non_null(strstr(err.hint, "docker logs shop.g2"));
}

static void an_application_that_responds_passes(void **state)
{
    (void)state;
    script.state[0] = RUNS;
    strcpy(spec.http, "/healthz");
    assert_int_equal(wait_gate(), 0);
    assert_string_equal(report.kind, "http");
    assert_int_equal(report.tries, 2);
    assert_string_equal(report.started_at, "2026-11-29T10:00:00Z");
    assert_false(report.blind);
    assert_int_equal(atomic_load(&asked), 2);
}

static void a_late_start_is_waited_for(void **state)
{
    (void)state;
    script.state[0] = RUNS;
    script.app[0] = script.app[1] = "503 Busy";
    script.app[2] = "200 OK";
    strcpy(spec.http, "/healthz");
    assert_int_equal(wait_gate(), 0);
    assert_int_equal(report.tries, 4);
    assert_non_null(strstr(report.answer, "/healthz: status 503: words of the application"));
}

static void the_address_of_the_container_is_used(void **state)
{
    (void)state;
    script.state[0] = RUNS;
    strcpy(spec.http, "/healthz");
    spec.tcp = true;
    input.address = "";
    input.network = "web";
    input.port = (uint16_t)strtoul(strrchr(app_server.url, ':') + 1, NULL, 10);
    assert_int_equal(wait_gate(), 0);
    assert_string_equal(report.kind, "http+tcp");
    input.network = "other";
    spec.within = 200 * NS_PER_MS;
    assert_fails(CODE_UNHEALTHY, "no address in the network other");
}

static void an_application_that_never_responds_fails_with_its_words(void **state)
{
    (void)state;
    script.state[0] = RUNS;
    script.app[0] = "503 Busy";
    strcpy(spec.http, "/healthz");
    spec.within = 300 * NS_PER_MS;
    assert_fails(CODE_UNHEALTHY, "status 503: words of the application");
    assert_true(report.tries >= 2);
}

static void an_exit_fails_at_once(void **state)
{
    (void)state;
    strcpy(spec.http, "/healthz");
    script.app[0] = "503 Busy";
    script.state[0] = RUNS;
    script.state[1] = "\"Status\":\"exited\",\"Running\":false,\"ExitCode\":3";
    assert_fails(CODE_EXITED, "exited with code 3");
    assert_true(report.seconds < 2);
    assert_string_equal(report.answer, "it exited with code 3");
    script.state[1] = "\"Status\":\"exited\",\"Running\":false,\"ExitCode\":137,\"OOMKilled\":true";
    assert_fails(CODE_EXITED, "code 137: it used more memory than its limit");
}

static void a_restart_fails_at_once(void **state)
{
    (void)state;
    strcpy(spec.http, "/healthz");
    script.app[0] = "503 Busy";
    script.state[0] = RUNS;
    script.state[1] =
        "\"Status\":\"running\",\"Running\":true,\"StartedAt\":\"2026-11-29T10:00:09Z\"";
    assert_fails(CODE_EXITED, "was started again");
    atomic_store(&inspects, 0);
    script.state[1] = "\"Status\":\"restarting\",\"Restarting\":true,\"ExitCode\":1";
    assert_fails(CODE_EXITED, "is being restarted");
    atomic_store(&inspects, 0);
    script.state[1] = RUNS ",\"OOMKilled\":true";
    assert_fails(CODE_EXITED, "lost a process");
}

static void a_restart_since_an_earlier_gate_is_found(void **state)
{
    (void)state;
    strcpy(spec.http, "/healthz");
    script.state[0] = RUNS;
    input.started_at = "2026-11-29T09:00:00Z";
    assert_int_equal(test_once(), ERR_FAIL);
    assert_true(err_is(&err, ERR_DEPLOY, CODE_EXITED));
    input.started_at = "2026-11-29T10:00:00Z";
    assert_int_equal(test_once(), 0);
    assert_int_equal(report.tries, 1);
}

static void a_container_that_is_absent_or_not_started_fails(void **state)
{
    (void)state;
    script.state[0] = "\"Status\":\"created\",\"Running\":false,\"Error\":\"port is taken\"";
    assert_fails(CODE_EXITED, "was not started: port is taken");
    script.state[0] = "gone";
    assert_int_equal(wait_gate(), ERR_FAIL);
    assert_true(err_is(&err, ERR_DEPLOY, CODE_EXITED));
    assert_non_null(strstr(err.text, "was removed"));
}

static void the_health_of_the_daemon_has_four_states(void **state)
{
    (void)state;
    spec.docker = true;
    spec.within = 300 * NS_PER_MS;
    script.config = "\"Healthcheck\":{\"Test\":[\"CMD-NEW\",\"x\"],\"Interval\":100000000,"
                    "\"Timeout\":100000000,\"Retries\":1}";
    script.state[0] = RUNS ",\"Health\":{\"Status\":\"healthy\"}";
    assert_int_equal(wait_gate(), 0);
    assert_string_equal(report.kind, "docker");
    script.state[0] = RUNS ",\"Health\":{\"Status\":\"starting\"}";
    assert_fails(CODE_UNHEALTHY, "its health is \"starting\"");
    script.state[0] = RUNS ",\"Health\":{\"Status\":\"none\"}";
    assert_fails(CODE_UNHEALTHY, "the daemon reports no health");
    script.state[0] =
        RUNS ",\"Health\":{\"Status\":\"unhealthy\",\"Log\":[{\"Output\":\"no database\"}]}";
    assert_fails(CODE_UNHEALTHY, "is unhealthy, as its HEALTHCHECK reports: no database");
}

static void a_healthcheck_that_is_missing_or_disabled_fails_at_once(void **state)
{
    (void)state;
    spec.docker = true;
    script.state[0] = RUNS;
    assert_fails(CODE_UNHEALTHY, "its image has no HEALTHCHECK");
    script.config = TEST_OF("[\"NONE\"]");
    assert_fails(CODE_UNHEALTHY, "its HEALTHCHECK is disabled");
    assert_true(report.seconds < 2);
}

static void the_command_of_a_healthcheck_is_run_before_the_daemon_has_a_verdict(void **state)
{
    (void)state;
    script.state[0] = RUNS ",\"Health\":{\"Status\":\"starting\"}";
    script.config = TEST_OF("[\"CMD\",\"/app\",\"--health\"]");
    script.exec_codes[0] = 1;
    script.exec_count = 2;
    assert_int_equal(wait_gate(), 0); /* not configured: the image has it */
    assert_string_equal(report.kind, "docker");
    assert_int_equal(report.tries, 3);
    assert_non_null(strstr(report.answer, "the command of the HEALTHCHECK: exit code 1"));
}

static void the_time_is_raised_to_that_of_the_healthcheck(void **state)
{
    (void)state;
    spec.within = 1;
    script.state[0] = script.state[1] = RUNS ",\"Health\":{\"Status\":\"starting\"}";
    script.state[2] = RUNS ",\"Health\":{\"Status\":\"healthy\"}";
    script.config = TEST_OF("[\"CMD-NEW\",\"x\"]");
    spec.docker = true;
    assert_int_equal(wait_gate(), 0);
    assert_int_equal(report.tries, 3);
}

static void a_longer_time_than_that_of_the_healthcheck_is_kept(void **state)
{
    (void)state;
    spec.within = 600 * NS_PER_MS;
    script.state[0] = RUNS ",\"Health\":{\"Status\":\"starting\"}";
    script.config = "\"Healthcheck\":{\"Test\":[\"CMD-NEW\",\"x\"],\"Interval\":100000000,"
                    "\"Timeout\":100000000,\"Retries\":1}";
    spec.docker = true;
    assert_fails(CODE_UNHEALTHY, "its health is \"starting\"");
    assert_true(report.seconds >= 0.6);
}

static void a_command_in_the_container_decides(void **state)
{
    static char app[] = "/app", ready[] = "--ready";
    static char *argv[] = {app, ready, NULL};

    (void)state;
    script.state[0] = RUNS;
    spec.exec = argv;
    script.exec_codes[0] = 7;
    script.exec_count = 2;
    assert_int_equal(wait_gate(), 0);
    assert_string_equal(report.kind, "exec");
    assert_int_equal(report.tries, 3);
    spec.within = 300 * NS_PER_MS;
    script.exec_codes[0] = 127;
    script.exec_count = 1;
    assert_fails(CODE_UNHEALTHY, "/app cannot be run in the container");
}

static void without_any_test_the_uptime_counts_and_the_report_is_blind(void **state)
{
    (void)state;
    script.state[0] = RUNS;
    input.served = true;
    assert_int_equal(wait_gate(), 0);
    assert_string_equal(report.kind, "uptime");
    assert_true(report.blind);
    assert_true(report.seconds >= 2);
    spec.uptime = 300 * NS_PER_MS;
    assert_int_equal(wait_gate(), 0);
    assert_false(report.blind);
    assert_true(report.seconds < 2);
}

static void one_failure_of_a_serving_container_is_no_error(void **state)
{
    (void)state;
    script.state[0] = RUNS;
    strcpy(spec.http, "/healthz");
    script.app[0] = "503 Busy";
    script.app[1] = "200 OK";
    assert_int_equal(test_once(), 0);
    assert_int_equal(report.tries, 2);
    script.app[1] = NULL;
    assert_int_equal(test_once(), ERR_FAIL);
    assert_true(err_is(&err, ERR_DEPLOY, CODE_UNHEALTHY));
    assert_non_null(strstr(err.text, "is not healthy any more"));
}

static void a_daemon_in_trouble_is_asked_again(void **state)
{
    (void)state;
    script.state[0] = RUNS;
    script.silent_inspects = 3;
    strcpy(spec.http, "/healthz");
    assert_int_equal(wait_gate(), 0);
    assert_int_equal(report.tries, 5);
    script.silent_inspects = 1000;
    assert_int_equal(test_once(), ERR_FAIL);
    assert_int_equal(err.family, ERR_DOCKER);
    assert_non_null(strstr(err.text, "cannot test container"));
}

static atomic_int woken;

static void count_wake(void *arg)
{
    (void)arg;
    atomic_fetch_add(&woken, 1);
}

/* Cancels after two calls of count_wake, or after 10 s. */
static void *request_cancel(void *arg)
{
    (void)arg;
    for (int i = 0; i < 1000 && atomic_load(&woken) < 2; i++)
        raw_pause_ms(10);
    cancel_request(&cancel, SIGTERM);
    return NULL;
}

static void a_cancel_ends_the_wait_and_the_watchdog_is_woken(void **state)
{
    pthread_t thread;

    (void)state;
    script.state[0] = RUNS;
    script.app[0] = "503 Busy";
    spec.within = 30 * NS_PER_S;
    strcpy(spec.http, "/healthz");
    input.wake = count_wake;
    atomic_store(&woken, 0);
    assert_int_equal(pthread_create(&thread, NULL, request_cancel, NULL), 0);
    assert_int_equal(wait_gate(), ERR_FAIL);
    pthread_join(thread, NULL);
    assert_int_equal(err.family, ERR_CANCELLED);
    assert_true(atomic_load(&woken) >= 2);
    assert_true(report.seconds < 10);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_application_that_responds_passes),
        TEST(a_late_start_is_waited_for),
        TEST(the_address_of_the_container_is_used),
        TEST(an_application_that_never_responds_fails_with_its_words),
        TEST(an_exit_fails_at_once),
        TEST(a_restart_fails_at_once),
        TEST(a_restart_since_an_earlier_gate_is_found),
        TEST(a_container_that_is_absent_or_not_started_fails),
        TEST(the_health_of_the_daemon_has_four_states),
        TEST(a_healthcheck_that_is_missing_or_disabled_fails_at_once),
        TEST(the_command_of_a_healthcheck_is_run_before_the_daemon_has_a_verdict),
        TEST(the_time_is_raised_to_that_of_the_healthcheck),
        TEST(a_longer_time_than_that_of_the_healthcheck_is_kept),
        TEST(a_command_in_the_container_decides),
        TEST(without_any_test_the_uptime_counts_and_the_report_is_blind),
        TEST(one_failure_of_a_serving_container_is_no_error),
        TEST(a_daemon_in_trouble_is_asked_again),
        TEST(a_cancel_ends_the_wait_and_the_watchdog_is_woken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
