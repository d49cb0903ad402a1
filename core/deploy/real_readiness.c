/*
 * The part of the real host for traffic, gates and the user's programs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "deploy/gate/one_line.h"
#include "deploy/real_parts.h"
#include "deploy/spec/verify_url.h"
#include "flow/program.h"
#include "flow/run.h"

#define HOOK_LIMIT      (600 * NS_PER_S)
#define HOOK_ERRORS_MAX (4 * KIB)
#define HOOK_VARIABLES  8

/* ---- traffic ---- */

/* Opens the driver with its first use. */
static struct traffic *open_traffic(struct deploy_host *host, unsigned unit, struct err *err)
{
    struct real_unit *real = real_unit(host, unit);

    if (!real->traffic && traffic_open(&real->spec->traffic, &real->context, &real->traffic, err))
        return NULL;
    return real->traffic;
}

int real_hold(struct deploy_host *host, unsigned unit, enum deploy_slot slot, struct err *err)
{
    struct traffic *traffic = open_traffic(host, unit, err);

    return traffic ? traffic_hold(traffic, slot, err) : ERR_FAIL;
}

int real_enter(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
               struct err *err)
{
    struct traffic *traffic = open_traffic(host, unit, err);

    return traffic ? traffic_enter(traffic, target, err) : ERR_FAIL;
}

int real_leave(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
               const struct traffic_target *stays, struct err *err)
{
    struct traffic *traffic = open_traffic(host, unit, err);

    return traffic ? traffic_leave(traffic, target, stays, err) : ERR_FAIL;
}

int real_busy(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
              int64_t *count, struct err *err)
{
    struct traffic *traffic = open_traffic(host, unit, err);

    return traffic ? traffic_busy(traffic, target, count, err) : ERR_FAIL;
}

int real_cut(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
             struct err *err)
{
    struct traffic *traffic = open_traffic(host, unit, err);

    return traffic ? traffic_cut(traffic, target, err) : ERR_FAIL;
}

int real_where(struct deploy_host *host, unsigned unit, unsigned *slots, struct err *err)
{
    struct traffic *traffic = open_traffic(host, unit, err);

    return traffic ? traffic_where(traffic, slots, err) : ERR_FAIL;
}

/* ---- gates ---- */

/* Only a published port can be reached by its address: names are those of the network. */
static struct gate_input gate_input_of(struct deploy_host *host, unsigned unit,
                                       const struct traffic_target *target, struct docker *docker)
{
    const struct deploy_options *options = real_of(host)->options;
    const struct unit_spec *spec = real_unit(host, unit)->spec;

    return (struct gate_input){
        .spec = &spec->health,
        .docker = docker,
        .container = target->container,
        .address = spec->slot_ports[target->slot] ? target->address : "",
        .network = spec->network,
        .port = spec->port,
        .cancel = options->cancel,
        .wake = options->observer.wake,
        .arg = options->observer.arg,
    };
}

int real_gate(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
              bool served, struct gate_report *report, struct err *err)
{
    struct docker *docker = real_docker(host, err);
    struct gate_input input = gate_input_of(host, unit, target, docker);
    int failed;

    input.served = served;
    failed = docker ? gate_wait(&input, report, err) : ERR_FAIL;
    if (!failed && report->blind)
        real_warn(real_of(host), "nothing but the uptime of the container was tested: configure "
                                 "`health`, or a HEALTHCHECK in the image");
    return failed;
}

int real_gate_once(struct deploy_host *host, unsigned unit, const struct traffic_target *target,
                   struct gate_report *report, struct err *err)
{
    struct docker *docker = real_docker(host, err);
    struct gate_input input = gate_input_of(host, unit, target, docker);

    return docker ? gate_once(&input, report, err) : ERR_FAIL;
}

/* Makes the URL the test of a gate. */
static int read_url(const char *text, struct gate_spec *spec, char address[256], struct err *err)
{
    struct verify_url url;
    const char *fault = verify_url_read(text, &url);

    if (fault)
        return err_set(err, ERR_USAGE, "verify", "the URL %s %s", text, fault);
    *spec = (struct gate_spec){.https = url.https};
    str_copy(spec->host, sizeof spec->host, url.host);
    str_copy(spec->http, sizeof spec->http, url.path);
    str_copy(address, 256, url.address);
    return 0;
}

int real_verify(struct deploy_host *host, const char *url, const char *container, struct err *err)
{
    const struct deploy_options *options = real_of(host)->options;
    struct docker *docker = real_docker(host, err);
    struct gate_report report;
    struct gate_spec spec;
    char address[256];
    const struct gate_input input = {
        .spec = &spec,
        .docker = docker,
        .container = container,
        .address = address,
        .network = "",
        .port = 80,
        .cancel = options->cancel,
        .wake = options->observer.wake,
        .arg = options->observer.arg,
    };

    return !docker || read_url(url, &spec, address, err) || gate_once(&input, &report, err)
               ? ERR_FAIL
               : 0;
}

/* ---- hooks ---- */

int real_hook(struct deploy_host *host, const struct deploy_hook *hook, struct err *err)
{
    const struct deploy_options *options = real_of(host)->options;
    _cleanup_text_ struct text errors = {0};
    char values[HOOK_VARIABLES][1100];
    const char *changes[HOOK_VARIABLES + 3];
    struct program program = {
        .argv = (const char *const *)hook->argv,
        .limit = HOOK_LIMIT,
        .errors = &errors,
        .keep_end = true,
        .family = ERR_DEPLOY,
        .code = CODE_HOOK,
        .cancel = options->cancel,
        .wake = options->observer.wake,
        .arg = options->observer.arg,
    };
    const char *const names[HOOK_VARIABLES][2] = {
        {"APP", options->deployment->app},
        {"ENV", options->deployment->env},
        {"UNIT", hook->unit},
        {"IMAGE", hook->image},
        {"CONTAINER", hook->container},
        {"TARGET", hook->target},
        {"PREVIOUS", hook->previous},
        {"RESULT", hook->result},
    };
    char end[300];
    unsigned count = 0;
    int code, failed;

    for (; count < HOOK_VARIABLES; count++) {
        snprintf(values[count], sizeof values[count], "S3DOCK_%s=%s", names[count][0],
                 names[count][1]);
        changes[count] = values[count];
    }
    changes[count++] = "NOTIFY_SOCKET";
    changes[count++] = "WATCHDOG_*";
    changes[count] = NULL;
    program.env = run_environment(changes);
    if (!program.env)
        return err_memory(err, "the environment of a command");
    text_init(&errors, HOOK_ERRORS_MAX);
    failed = program_run(&program, &code, err);
    free((void *)program.env);
    if (failed || code == 0)
        return failed;
    one_line_end(text_view(&errors), end, sizeof end);
    return err_set(err, ERR_DEPLOY, CODE_HOOK, "%s ended with exit code %d%s%s", hook->argv[0],
                   code, end[0] ? ": " : "", end);
}
