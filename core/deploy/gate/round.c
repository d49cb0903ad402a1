/*
 * The inspect comes first: a container that ended makes all tests pointless, and its exit code is
 * the better message. A test that cannot be sent counts as not passed.
 */
#include "deploy/gate/round.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "deploy/gate/http_probe.h"
#include "deploy/gate/one_line.h"
#include "deploy/gate/tcp_probe.h"
#include "docker/docker.h"

#define WITHIN       (60 * NS_PER_S)
#define NETWORK_TIME (5 * NS_PER_S)  /* of http and tcp */
#define EXEC_TIME    (30 * NS_PER_S) /* of exec */
#define HEALTH_TIME                                                                                \
    (60 * NS_PER_S) /* of the command of a HEALTHCHECK, whose own limit counts, too */
#define ADDRESS_SIZE 256

/* ---- plan ---- */

static bool has_healthcheck(const struct gate_rounds *rounds,
                            const struct docker_container *container)
{
    return rounds->healthcheck.form == HEALTHCHECK_COMMAND ||
           rounds->healthcheck.form == HEALTHCHECK_FOREIGN || container->health != HEALTH_NONE;
}

static void make_plan(struct gate_rounds *rounds, const struct docker_container *container)
{
    const struct gate_spec *spec = rounds->input->spec;
    struct gate_plan *plan = &rounds->plan;
    bool configured = gate_has_test(spec);

    plan->tests[GATE_HTTP] = spec->http[0] != '\0';
    plan->tests[GATE_TCP] = spec->tcp;
    plan->tests[GATE_EXEC] = spec->exec != NULL;
    plan->tests[GATE_DOCKER] = spec->docker || (!configured && has_healthcheck(rounds, container));
    plan->tests[GATE_RUNNING] = spec->uptime > 0 || (!configured && !plan->tests[GATE_DOCKER]);
    plan->within = spec->within > 0 ? spec->within : WITHIN;
    if (plan->tests[GATE_DOCKER] && plan->within < healthcheck_time(&rounds->healthcheck))
        plan->within = healthcheck_time(&rounds->healthcheck);
    if (spec->uptime > 0)
        plan->uptime = spec->uptime;
    else if (plan->tests[GATE_RUNNING])
        plan->uptime = rounds->input->served ? GATE_UPTIME_SERVED : GATE_UPTIME;
}

static void learn_container(struct gate_rounds *rounds, const struct docker_container *container)
{
    const char *expected = rounds->input->started_at;

    rounds->known = true;
    str_copy(rounds->name, sizeof rounds->name, container->name);
    str_copy(rounds->started_at, sizeof rounds->started_at,
             expected && expected[0] ? expected : container->started_at);
    rounds->restarts = container->restart_count;
    healthcheck_read(container, &rounds->healthcheck);
    make_plan(rounds, container);
}

/* ---- life ---- */

__attribute__((format(printf, 3, 4))) static enum gate_life
life_with_reason(struct gate_rounds *rounds, enum gate_life life, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(rounds->reason, sizeof rounds->reason, fmt, args);
    va_end(args);
    return life;
}

static enum gate_life judge_end(struct gate_rounds *rounds,
                                const struct docker_container *container)
{
    return life_with_reason(rounds, GATE_OVER, "exited with code %" PRId64 "%s%s%.200s",
                            container->exit_code,
                            container->oom_killed ? ": it used more memory than its limit" : "",
                            container->error[0] ? ": " : "", container->error);
}

static enum gate_life judge_health(struct gate_rounds *rounds,
                                   const struct docker_container *container)
{
    char output[200];

    if (!rounds->plan.tests[GATE_DOCKER])
        return GATE_RUNS;
    if (container->health == HEALTH_UNHEALTHY)
        return life_with_reason(rounds, GATE_SICK, "is unhealthy, as its HEALTHCHECK reports%s%s",
                                healthcheck_output(container, output, sizeof output) ? ": " : "",
                                output);
    if (!has_healthcheck(rounds, container))
        return life_with_reason(rounds, GATE_SICK,
                                rounds->healthcheck.form == HEALTHCHECK_NONE
                                    ? "has no health: its HEALTHCHECK is disabled"
                                    : "has no health: its image has no HEALTHCHECK");
    return GATE_RUNS;
}

static enum gate_life judge_life(struct gate_rounds *rounds,
                                 const struct docker_container *container)
{
    switch (container->state) {
    case CONTAINER_CREATED:
        return life_with_reason(rounds, GATE_OVER, "was not started%s%.200s",
                                container->error[0] ? ": " : "", container->error);
    case CONTAINER_ENDED:
    case CONTAINER_EXITED:
        return judge_end(rounds, container);
    case CONTAINER_RESTARTING:
        return life_with_reason(rounds, GATE_OVER,
                                "exited with code %" PRId64 ", and is being restarted",
                                container->exit_code);
    case CONTAINER_PAUSED:
    case CONTAINER_RUNNING:
        break;
    }
    if (strcmp(container->started_at, rounds->started_at) != 0 ||
        container->restart_count > rounds->restarts)
        return life_with_reason(rounds, GATE_OVER, "exited, and was started again");
    if (container->oom_killed)
        return life_with_reason(rounds, GATE_OVER,
                                "lost a process: it used more memory than its limit");
    if (container->state == CONTAINER_PAUSED) {
        str_copy(rounds->answer, sizeof rounds->answer, "it is paused");
        return GATE_WAITS;
    }
    return judge_health(rounds, container);
}

/* ---- tests ---- */

/* Stores the result of the first test that did not pass. */
__attribute__((format(printf, 2, 3))) static enum gate_result refused(struct gate_rounds *rounds,
                                                                      const char *fmt, ...)
{
    va_list args;

    if (!rounds->answer[0]) {
        va_start(args, fmt);
        vsnprintf(rounds->answer, sizeof rounds->answer, fmt, args);
        va_end(args);
    }
    return GATE_NO;
}

/* Writes "ADDRESS:PORT" of the container. */
static bool find_address(struct gate_rounds *rounds, const struct docker_container *container,
                         char out[ADDRESS_SIZE])
{
    const struct gate_input *input = rounds->input;
    const char *network = input->network ? input->network : "";
    char address[64];

    if (input->address && input->address[0])
        return str_copy(out, ADDRESS_SIZE, input->address);
    if (!input->port || !docker_container_address(container, network, address))
        return false;
    snprintf(out, ADDRESS_SIZE, strchr(address, ':') ? "[%s]:%u" : "%s:%u", address, input->port);
    return true;
}

static enum gate_result no_address(struct gate_rounds *rounds)
{
    const struct gate_input *input = rounds->input;

    if (!input->port)
        return refused(rounds, "the unit has no port");
    if (!input->network || !input->network[0])
        return refused(rounds, "the container has no address");
    return refused(rounds, "the container has no address in the network %.64s", input->network);
}

static int test_http(struct gate_rounds *rounds, const char *address, int64_t left,
                     enum gate_result *result, struct err *err)
{
    const struct gate_spec *spec = rounds->input->spec;
    const struct http_probe probe = {.address = address,
                                     .path = spec->http,
                                     .host = spec->host,
                                     .https = spec->https,
                                     .status = spec->status,
                                     .limit = left < NETWORK_TIME ? left : NETWORK_TIME};
    char answer[256];
    int got = http_probe(&probe, rounds->input->cancel, answer, sizeof answer, err);

    *result = got == PROBE_PASSED ? GATE_YES : GATE_NO;
    if (got == PROBE_REFUSED)
        refused(rounds, "GET %s://%s%.64s: %s", spec->https ? "https" : "http", address, spec->http,
                answer);
    return got < 0 ? ERR_FAIL : 0;
}

static int test_tcp(struct gate_rounds *rounds, const char *address, int64_t left,
                    enum gate_result *result, struct err *err)
{
    char answer[128];
    int got = tcp_probe(address, left < NETWORK_TIME ? left : NETWORK_TIME, rounds->input->cancel,
                        answer, sizeof answer, err);

    *result = got == PROBE_PASSED ? GATE_YES : GATE_NO;
    if (got == PROBE_REFUSED)
        refused(rounds, "connection to %s: %s", address, answer);
    return got < 0 ? ERR_FAIL : 0;
}

/* Runs a command in the container. `what` names it. */
static int run_inside(struct gate_rounds *rounds, const char *what, const char *const *argv,
                      int64_t limit, enum gate_result *result, struct err *err)
{
    const struct gate_input *input = rounds->input;
    int code = 0;

    *result = GATE_NO;
    if (docker_container_exec(input->docker, input->container, argv, limit, &code, err) < 0) {
        if (err->family == ERR_CANCELLED)
            return ERR_FAIL;
        refused(rounds, "%s: %.160s", what, err->text);
    } else if (code == 126 || code == 127) {
        refused(rounds, "%s: %.64s cannot be run in the container (exit code %d)", what, argv[0],
                code);
    } else if (code != 0) {
        refused(rounds, "%s: exit code %d", what, code);
    } else {
        *result = GATE_YES;
    }
    return 0;
}

/* While the daemon has no verdict, s3dock runs the command itself: the first run of Docker comes
 * after one interval, and that of Podman may never come. */
static int test_health(struct gate_rounds *rounds, const struct docker_container *container,
                       int64_t left, enum gate_result *result, struct err *err)
{
    const struct healthcheck *check = &rounds->healthcheck;
    int64_t limit = check->timeout < HEALTH_TIME ? check->timeout : HEALTH_TIME;

    *result = container->health == HEALTH_HEALTHY ? GATE_CERTAIN : GATE_NO;
    if (*result == GATE_CERTAIN)
        return 0;
    if (check->form == HEALTHCHECK_COMMAND)
        return run_inside(rounds, "the command of the HEALTHCHECK", check->argv,
                          left < limit ? left : limit, result, err);
    refused(rounds, container->health == HEALTH_STARTING ? "its health is \"starting\""
                                                         : "the daemon reports no health");
    return 0;
}

static int test_network(struct gate_rounds *rounds, const struct docker_container *container,
                        int64_t left, struct gate_round *round, struct err *err)
{
    const struct gate_plan *plan = &rounds->plan;
    char address[ADDRESS_SIZE];

    if (!plan->tests[GATE_HTTP] && !plan->tests[GATE_TCP])
        return 0;
    if (!find_address(rounds, container, address)) {
        no_address(rounds);
        return 0;
    }
    if (plan->tests[GATE_TCP] &&
        test_tcp(rounds, address, left, &round->results[GATE_TCP], err) < 0)
        return ERR_FAIL;
    if (plan->tests[GATE_HTTP] &&
        test_http(rounds, address, left, &round->results[GATE_HTTP], err) < 0)
        return ERR_FAIL;
    return 0;
}

static int run_tests(struct gate_rounds *rounds, const struct docker_container *container,
                     int64_t left, struct gate_round *round, struct err *err)
{
    const struct gate_plan *plan = &rounds->plan;
    int64_t limit = left < EXEC_TIME ? left : EXEC_TIME;

    if (test_network(rounds, container, left, round, err) < 0)
        return ERR_FAIL;
    if (plan->tests[GATE_EXEC] &&
        run_inside(rounds, "the command of `exec`", (const char *const *)rounds->input->spec->exec,
                   limit, &round->results[GATE_EXEC], err) < 0)
        return ERR_FAIL;
    if (plan->tests[GATE_DOCKER] &&
        test_health(rounds, container, left, &round->results[GATE_DOCKER], err) < 0)
        return ERR_FAIL;
    return 0;
}

/* ---- the round ---- */

/* The daemon did not respond, or its response is not that of an inspect. */
static int take_silence(struct gate_rounds *rounds, struct gate_round *round, struct err *err)
{
    if (err->family == ERR_CANCELLED)
        return ERR_FAIL;
    rounds->silent = *err;
    round->life = GATE_UNKNOWN;
    one_line(view_of(err->text, strlen(err->text)), rounds->answer, sizeof rounds->answer);
    return 0;
}

int gate_send_round(struct gate_rounds *rounds, int64_t left, struct gate_round *round,
                    struct err *err)
{
    const struct gate_input *input = rounds->input;
    struct docker_container container = {0};
    int got = docker_container_inspect(input->docker, input->container, &container, err), failed;

    *round = (struct gate_round){0};
    rounds->answer[0] = '\0';
    if (got < 0) {
        docker_container_finish(&container);
        return take_silence(rounds, round, err);
    }
    if (got == DOCKER_ABSENT) {
        str_copy(rounds->name, sizeof rounds->name, input->container);
        round->life = life_with_reason(rounds, GATE_OVER, "was removed");
        return 0;
    }
    if (!rounds->known)
        learn_container(rounds, &container);
    round->life = judge_life(rounds, &container);
    failed = round->life == GATE_RUNS ? run_tests(rounds, &container, left, round, err) : 0;
    docker_container_finish(&container);
    return failed;
}
