/*
 * Prints what each host runs, from the records that the hosts write. Nothing is sent to a host.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "catalog/fleet.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/release_ui.h"
#include "cli/commands/trust_list.h"
#include "cli/connect.h"
#include "cli/deployments.h"
#include "cli/print/human.h"

/* ---- JSON ---- */

static void write_host(struct json_writer *w, const struct fleet_host *host)
{
    jw_object(w, NULL);
    jw_string(w, "host", host->host);
    jw_string(w, "image_ref", host->image_ref);
    jw_string_if(w, "image_id", host->image_id);
    jw_string(w, "result", host->result);
    jw_string_if(w, "error_code", host->error_code);
    jw_string_if(w, "since", host->since);
    jw_string(w, "seen", host->seen);
    jw_string_if(w, "previous", host->previous);
    jw_int(w, "heartbeat_seconds", host->heartbeat);
    jw_string_if(w, "version", host->version);
    jw_array(w, "marks");
    for (size_t mark = 0; mark < FLEET_MARKS; mark++)
        if (host->marks[mark])
            jw_string(w, NULL, fleet_mark_name((enum fleet_mark)mark));
    jw_end(w);
    jw_end(w);
}

static void write_fleet(struct json_writer *w, const char *app, const struct fleet *fleet)
{
    jw_string(w, "app_name", app);
    jw_array(w, "environments");
    for (size_t i = 0; i < fleet->environment_count; i++) {
        const struct fleet_environment *environment = &fleet->environments[i];

        jw_object(w, NULL);
        jw_string(w, "environment", environment->env);
        jw_string(w, "image_ref", environment->image);
        jw_string_if(w, "source_tag", environment->version);
        jw_array(w, "hosts");
        for (size_t h = 0; h < environment->count; h++)
            write_host(w, &fleet->hosts[environment->first + h]);
        jw_end(w);
        jw_end(w);
    }
    jw_end(w);
    jw_int(w, "hosts", (int64_t)fleet->host_count);
    for (size_t mark = 0; mark < FLEET_MARKS; mark++)
        jw_int(w, fleet_mark_name((enum fleet_mark)mark), (int64_t)fleet->marked[mark]);
}

/* ---- text ---- */

struct widths {
    int host, image, result;
    bool narrow; /* the terminal is */
};

static int longer(int width, const char *text)
{
    size_t size = strlen(text);

    return size > (size_t)width && size < 256 ? (int)size : width;
}

static struct widths widths_of(const struct fleet *fleet)
{
    struct widths widths = {.host = 0};

    for (size_t i = 0; i < fleet->host_count; i++) {
        widths.host = longer(widths.host, fleet->hosts[i].host);
        widths.image = longer(widths.image, fleet->hosts[i].image_ref);
        widths.result = longer(widths.result, fleet->hosts[i].result);
    }
    return widths;
}

static const char *age_of(const char *seen, int64_t now, char out[HUMAN_SIZE])
{
    int64_t then;

    if (!clock_parse_rfc3339(seen, &then) || then > now)
        then = now;
    return human_wait((double)(now - then) / (double)NS_PER_S, out);
}

static void join_marks(const struct fleet_host *host, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t mark = 0; mark < FLEET_MARKS && used < size; mark++)
        if (host->marks[mark])
            used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : "",
                                     fleet_mark_name((enum fleet_mark)mark));
}

/* One line a host. */
static void format_wide(const struct fleet_host *host, const struct widths *widths, int64_t now,
                        struct text *out)
{
    char since[HUMAN_SIZE], age[HUMAN_SIZE], marks[64];

    join_marks(host, marks, sizeof marks);
    text_printf(out, "  %-*s  %-*s  %-*s  since %-20s  seen %s ago%s%s%s%s", widths->host,
                host->host, widths->image, host->image_ref[0] ? host->image_ref : "-",
                widths->result, host->result, human_time(host->since, since),
                age_of(host->seen, now, age), marks[0] ? "  " : "", marks,
                host->error_code[0] ? (marks[0] ? " (" : "  (") : "", host->error_code);
    if (host->error_code[0])
        text_char(out, ')');
}

/* Two lines a host, and a third one for its marks. The application is not repeated. */
static void print_narrow(struct cli *cli, const struct fleet_host *host, int64_t now)
{
    const char *tag = strchr(host->image_ref, ':');
    char since[HUMAN_SIZE], age[HUMAN_SIZE], marks[64];

    join_marks(host, marks, sizeof marks);
    output_line(&cli->output, "  %s  %s", host->host, tag ? tag + 1 : "-");
    output_line(&cli->output, "    %s since %s, seen %s ago", host->result,
                human_time(host->since, since), age_of(host->seen, now, age));
    if (host->error_code[0])
        output_line(&cli->output, "    %s%s(%s)", marks, marks[0] ? " " : "", host->error_code);
    else if (marks[0])
        output_line(&cli->output, "    %s", marks);
}

/* The form is the same for all hosts: the wide one, if no line of it wraps. */
static bool fits(const struct fleet *fleet, const struct widths *widths, unsigned columns)
{
    _cleanup_text_ struct text line = {0};
    bool fit = true;

    text_init(&line, MIB);
    for (size_t i = 0; columns && fit && i < fleet->host_count; i++) {
        text_clear(&line);
        format_wide(&fleet->hosts[i], widths, fleet->now, &line);
        fit = line.size <= columns;
    }
    return fit;
}

static void print_host(struct cli *cli, const struct fleet_host *host, const struct widths *widths,
                       int64_t now)
{
    _cleanup_text_ struct text line = {0};

    if (widths->narrow) {
        print_narrow(cli, host, now);
        return;
    }
    text_init(&line, MIB);
    format_wide(host, widths, now, &line);
    output_line(&cli->output, "%s", line.data);
}

static void print_environment(struct cli *cli, const struct fleet *fleet, size_t at,
                              const struct widths *widths)
{
    const struct fleet_environment *environment = &fleet->environments[at];
    bool by_tag = environment->version[0] != '\0';

    output_line(&cli->output, "%s -> %s%s%s%s", environment->env,
                environment->image[0] ? environment->image : "-", by_tag ? " (via " : "",
                environment->version, by_tag ? ")" : "");
    for (size_t i = 0; i < environment->count; i++)
        print_host(cli, &fleet->hosts[environment->first + i], widths, fleet->now);
    if (!environment->count)
        output_line(&cli->output, "  no host has reported");
}

static void note_empty(struct cli *cli, const char *app)
{
    char nearest[DEPLOYMENTS_NAMES_MAX] = "";
    bool found = deployments_nearest(cli, app, NULL, nearest);

    output_note(&cli->output, "No environments found for %s%s%s%s", app,
                found ? "; did you mean " : "", nearest, found ? "?" : "");
}

static void print_fleet(struct cli *cli, const char *app, const struct fleet *fleet)
{
    struct widths widths = widths_of(fleet);
    char summary[160] = "";
    size_t used = 0;

    widths.narrow = !fits(fleet, &widths, cli->output.columns);
    for (size_t i = 0; i < fleet->environment_count; i++)
        print_environment(cli, fleet, i, &widths);
    for (size_t mark = 0; mark < FLEET_MARKS; mark++)
        if (fleet->marked[mark])
            used += (size_t)snprintf(summary + used, sizeof summary - used, ", %zu %s",
                                     fleet->marked[mark], fleet_mark_name((enum fleet_mark)mark));
    if (!fleet->environment_count)
        note_empty(cli, app);
    else
        output_note(&cli->output, "%zu host%s%s", fleet->host_count,
                    fleet->host_count == 1 ? "" : "s", summary);
}

/* ---- the verdict ---- */

/* Without the image of an environment, nothing is known of its hosts. */
static int check_images(const char *app, const struct fleet *fleet, struct err *err)
{
    for (size_t i = 0; i < fleet->environment_count; i++) {
        const struct fleet_environment *environment = &fleet->environments[i];

        if (!environment->count || environment->image[0])
            continue;
        err_set(err, ERR_DEPLOY, "behind",
                "hosts run %s, but the image of the environment %s is "
                "not known",
                app, environment->env);
        return err_hint(err,
                        "promote an image to %s, or delete the records of its hosts: "
                        "deployments/%s/%s/",
                        environment->env, app, environment->env);
    }
    return 0;
}

#define HELD_HINT                                                                                  \
    "a rollback holds the environment on a host: the next promotion ends that, or s3dock deploy "  \
    "--force there"

/* Fails with the worst mark. A host that is only held is fine. */
static int check_fleet(const char *app, const struct fleet *fleet, struct err *err)
{
    static const struct {
        enum fleet_mark mark;
        enum err_family family;
        const char *code, *text, *hint;
    } rows[] = {
        {FLEET_DOWN, ERR_DEPLOY, "down", "nothing serves on",
         "see the log of the deployment on the host"},
        {FLEET_FAILED, ERR_DEPLOY, "failed", "the last deployment failed on",
         "see the log of the deployment on the host"},
        {FLEET_SILENT, ERR_DEPLOY, "silent", "no record arrived in time from",
         "check that the host is up and that s3dock watch runs there"},
        {FLEET_BEHIND, ERR_DEPLOY, "behind", "another image runs on",
         "deploy there, or wait until s3dock watch has done it"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        size_t count = fleet->marked[rows[i].mark];

        if (!count)
            continue;
        err_set(err, rows[i].family, rows[i].code, "%s: %s %zu of %zu host%s", app, rows[i].text,
                count, fleet->host_count, fleet->host_count == 1 ? "" : "s");
        return err_hint(err, "%s",
                        rows[i].mark == FLEET_BEHIND && fleet->marked[FLEET_HELD] ? HELD_HINT
                                                                                  : rows[i].hint);
    }
    return check_images(app, fleet, err);
}

static int show_fleet(struct cli *cli, const char *app, const struct fleet *fleet,
                      const struct text *warnings, struct err *err)
{
    struct json_writer *w;
    int failed = 0;

    if (config_switch(&cli->config, OPT_CHECK))
        failed = check_fleet(app, fleet, err);
    cli->output.result_and_error = failed != 0;
    w = output_data(&cli->output);
    write_fleet(w, app, fleet);
    print_fleet(cli, app, fleet);
    warnings_write(cli, w, warnings);
    return failed;
}

static int read_fleet(const struct cli *cli, struct store *store, const char *app, const char *env,
                      struct fleet *fleet, struct text *warnings, struct err *err)
{
    if (fleet_read(store, app, env, fleet, warnings, err) == 0)
        return 0;
    return err_is(err, ERR_NOT_FOUND, CODE_ENVIRONMENT) ? deployments_suggest(cli, app, env, err)
                                                        : ERR_FAIL;
}

static const char *environment_name(const void *fleet, size_t i)
{
    return ((const struct fleet *)fleet)->environments[i].env;
}

static int show_trust(struct cli *cli, struct store *store, const char *app,
                      const struct fleet *fleet, struct err *err)
{
    struct trust_list pointers = {
        .app = app, .count = fleet->environment_count, .name = environment_name, .items = fleet};

    return trust_list_show(cli, store, &pointers, err);
}

int cmd_status(struct cli *cli, struct err *err)
{
    const char *app = cli->args->operands[0];
    const char *env = cli->args->operand_count > 1 ? cli->args->operands[1] : NULL;
    struct fleet fleet = {.hosts = NULL};
    struct store *store = NULL;
    struct text warnings;
    int failed;

    if (name_check_app(app, err) || (env && name_check_env(env, err)))
        return ERR_FAIL;
    text_init(&warnings, OUTPUT_MAX);
    failed = connect_store(cli, &store, err) ||
             read_fleet(cli, store, app, env, &fleet, &warnings, err) ||
             show_trust(cli, store, app, &fleet, err) ||
             show_fleet(cli, app, &fleet, &warnings, err);
    fleet_finish(&fleet);
    text_finish(&warnings);
    store_destroy(store);
    return failed ? ERR_FAIL : 0;
}
