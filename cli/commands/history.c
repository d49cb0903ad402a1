/*
 * Prints the promotions of an environment, newest first, from the audit log, and between them what
 * hosts report. The text is in the order of time; JSON has two lists.
 */
#include <string.h>

#include "base/err.h"
#include "catalog/history.h"
#include "catalog/host_events.h"
#include "catalog/resolve.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/release_ui.h"
#include "cli/commands/trust_report.h"
#include "cli/connect.h"
#include "cli/print/human.h"

struct printer {
    struct cli *cli;
    uint64_t left; /* number of promotions to print */
    bool any;
    struct host_events hosts;
    size_t host_most; /* number of events of hosts to print */
    size_t host_next; /* printed already */
};

/* ---- hosts ---- */

static void print_host_event(struct cli *cli, const struct host_event *event)
{
    bool undone = strcmp(event->result, "rolled_back") == 0, failed = event->error_code[0] != '\0';
    char time[HUMAN_SIZE];

    output_line(&cli->output, "%s  %s  %s on %s%s%s%s", human_time(event->at, time),
                event->image_ref, undone ? "rolled back" : event->result, event->host,
                failed ? " (" : "", event->error_code, failed ? ")" : "");
}

/* Prints the events of hosts that are newer than `when`. */
static void print_hosts_until(struct printer *printer, int64_t when)
{
    while (printer->host_next < printer->host_most &&
           printer->hosts.items[printer->host_next].when > when)
        print_host_event(printer->cli, &printer->hosts.items[printer->host_next++]);
}

static void write_hosts(struct json_writer *w, const struct printer *printer)
{
    jw_array(w, "deployments");
    for (size_t i = 0; i < printer->host_most; i++) {
        const struct host_event *event = &printer->hosts.items[i];

        jw_object(w, NULL);
        jw_string_if(w, "timestamp", event->at);
        jw_string(w, "host", event->host);
        jw_string(w, "result", event->result);
        jw_string(w, "image_ref", event->image_ref);
        jw_string_if(w, "error_code", event->error_code);
        jw_end(w);
    }
    jw_end(w);
}

/* Prints the rest: older than the oldest promotion that is printed. */
static void end_hosts(struct printer *printer, struct json_writer *w)
{
    print_hosts_until(printer, INT64_MIN);
    write_hosts(w, printer);
    if (printer->host_most < printer->hosts.count)
        output_note(&printer->cli->output, "%zu older events of hosts are not printed (--limit)",
                    printer->hosts.count - printer->host_most);
}

static int read_hosts(struct printer *printer, struct store *store, const char *app,
                      const char *env, struct text *warnings, struct err *err)
{
    if (host_events_read(store, app, env, &printer->hosts, warnings, err))
        return ERR_FAIL;
    printer->host_most = printer->hosts.count;
    if (printer->host_most > printer->left)
        printer->host_most = (size_t)printer->left;
    return 0;
}

/* ---- promotions ---- */

static void write_event(struct json_writer *w, const struct history_event *at)
{
    const struct audit_event *event = &at->event;

    jw_object(w, NULL);
    jw_string_if(w, "timestamp", event->timestamp);
    jw_string(w, "user", event->by.user);
    jw_string(w, "source", event->promotion.source);
    jw_string(w, "source_type", event->promotion.source_type);
    jw_string_if(w, "previous_target", event->promotion.previous_target);
    jw_bool(w, "rollback", event->promotion.rollback);
    jw_bool(w, "overtaken", event->overtaken);
    jw_string_if(w, "ci", event->by.ci);
    jw_string_if(w, "ci_run", event->by.ci_run);
    jw_string(w, "s3_path", at->key);
    jw_end(w);
}

static int print_event(void *arg, const struct history_event *at)
{
    struct printer *printer = arg;
    const struct audit_event *event = &at->event;
    char time[HUMAN_SIZE];

    printer->any = true;
    if (at->when)
        print_hosts_until(printer, at->when);
    write_event(output_data(&printer->cli->output), at);
    output_line(&printer->cli->output, "%s  %s  by %s%s%s%s%s", human_time(event->timestamp, time),
                event->promotion.source, event->by.user, event->by.ci[0] ? " on " : "",
                event->by.ci, event->promotion.rollback ? "  (rollback)" : "",
                event->overtaken ? "  (overtaken)" : "");
    return --printer->left == 0;
}

/* Called when no event was found: an error, unless the environment exists. */
static int check_environment(struct cli *cli, struct store *store, const char *app, const char *env,
                             struct err *err)
{
    struct current_pointer current;

    /* An environment that cannot be read exists. */
    if (resolve_current(store, app, env, &current, err) && err->family != ERR_INTEGRITY)
        return ERR_FAIL;
    output_note(&cli->output, "the audit log has no promotion of %s to %s", app, env);
    return 0;
}

int cmd_history(struct cli *cli, struct err *err)
{
    const char *app = cli->args->operands[0], *env = cli->args->operands[1];
    struct printer printer = {.cli = cli, .left = config_number(&cli->config, OPT_LIMIT)};
    struct store *store = NULL;
    struct text warnings;
    struct json_writer *w;
    char key[KEY_MAX];
    int failed;

    if (name_check_app(app, err) || name_check_env(env, err))
        return ERR_FAIL;
    text_init(&warnings, OUTPUT_MAX);
    w = output_data(&cli->output);
    jw_string(w, "app_name", app);
    jw_string(w, "environment", env);
    jw_array(w, "events");
    failed = connect_store(cli, &store, err) ||
             read_hosts(&printer, store, app, env, &warnings, err) ||
             history_read(store, app, env, print_event, &printer, &warnings, err);
    jw_end(w);
    end_hosts(&printer, w);
    warnings_write(cli, w, &warnings);
    if (!failed && !printer.any && !printer.hosts.count)
        failed = check_environment(cli, store, app, env, err);
    key_pointer(key, app, env);
    failed = failed || trust_report_show(cli, store, key, err);
    host_events_finish(&printer.hosts);
    text_finish(&warnings);
    store_destroy(store);
    return failed ? ERR_FAIL : 0;
}
