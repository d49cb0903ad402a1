/*
 * Phases go to standard error. The result is one line on standard output. Requests that were cut, a
 * kill and a gap are reported on standard error.
 */
#include "cli/commands/deploy_ui.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/commands/transfer_ui.h"
#include "cli/print/human.h"
#include "deploy/spec/labels.h"

/* ---- progress ---- */

static const struct {
    const char *phase, *words;
} phases[] = {
    {"resolve", "reading the environment"},
    {"pull", "pulling the image"},
    {"create", "creating the container"},
    {"judge", "checking the container"},
    {"start", "starting the container"},
    {"gate", "waiting until it is ready"},
    {"hook", "running before_switch"},
    {"arm", "preparing the switch"},
    {"exchange", "exchanging the containers"},
    {"enter", "directing requests to it"},
    {"leave", "taking requests from the old one"},
    {"observe", "observing it"},
    {"back", "taking the new one back"},
    {"commit", "committing"},
    {"drain", "waiting for open requests"},
    {"stop", "stopping the old container"},
    {"prune", "removing old containers and images"},
    {"record", "recording the result"},
};

static const char *phase_words(const char *phase)
{
    for (size_t i = 0; i < ARRAY_SIZE(phases); i++)
        if (strcmp(phases[i].phase, phase) == 0)
            return phases[i].words;
    return phase;
}

/* A step without an entry or a unit does nothing. */
static bool is_shown(const struct deploy_ui *ui, const char *phase, const char *unit)
{
    if (strcmp(phase, "hook") == 0)
        return ui->before_switch;
    return strcmp(phase, "exchange") != 0 || (unit && unit[0]);
}

static void show_phase(void *arg, const char *phase, const char *unit)
{
    struct deploy_ui *ui = arg;
    char words[sizeof ui->progress.step];
    bool named = ui->several_units && unit && unit[0];

    if (!is_shown(ui, phase, unit))
        return;
    snprintf(words, sizeof words, "%s%s%s", named ? unit : "", named ? ": " : "",
             phase_words(phase));
    if (strcmp(words, ui->progress.step) != 0)
        progress_step(&ui->progress, words);
}

static void show_note(void *arg, const char *text)
{
    struct deploy_ui *ui = arg;

    progress_hide(&ui->progress);
    output_note(&ui->cli->output, "%s", text);
}

static void show_warning(void *arg, const char *text)
{
    struct deploy_ui *ui = arg;

    progress_hide(&ui->progress);
    output_warn(&ui->cli->output, "%s", text);
}

static void show_wake(void *arg)
{
    struct deploy_ui *ui = arg;

    progress_wake(&ui->progress);
}

void deploy_ui_begin(struct deploy_ui *ui, struct cli *cli, struct deploy_options *options)
{
    const struct deployment *deployment = options->deployment;
    char subject[NAME_APP_MAX + NAME_ENV_MAX + 2];

    memset(ui, 0, sizeof *ui);
    ui->cli = cli;
    ui->several_units = deployment->unit_count > 1;
    ui->before_switch = deployment->before_switch != NULL;
    snprintf(subject, sizeof subject, "%s/%s", deployment->app, deployment->env);
    transfer_begin(cli, subject, &ui->progress, &options->transfer);
    options->observer = (struct deploy_observer){
        .arg = ui,
        .phase = show_phase,
        .note = show_note,
        .warn = show_warning,
        .wake = show_wake,
    };
}

void deploy_ui_end(struct deploy_ui *ui)
{
    progress_finish(&ui->progress);
}

/* ---- data ---- */

static void write_unit(struct json_writer *w, const struct deploy_unit_result *unit)
{
    jw_object(w, NULL);
    jw_string(w, "unit", unit->unit);
    jw_string(w, "container", unit->name);
    jw_string(w, "id", unit->container);
    jw_string_if(w, "previous_id", unit->previous);
    jw_int(w, "generation", unit->generation);
    jw_string(w, "slot", deploy_slot_name(unit->slot));
    jw_object(w, "gate");
    jw_string(w, "kind", unit->gate.kind);
    jw_int(w, "tries", unit->gate.tries);
    jw_double(w, "seconds", unit->gate.seconds);
    jw_string_if(w, "answer", unit->gate.answer);
    jw_end(w);
    jw_double(w, "gap_seconds", unit->gap_seconds);
    jw_object(w, "drained");
    jw_double(w, "seconds", unit->drain_seconds);
    jw_int(w, "left", unit->drain_left);
    jw_end(w);
    jw_object(w, "stopped");
    jw_double(w, "seconds", unit->stop_seconds);
    jw_bool(w, "forced", unit->stop_forced);
    jw_end(w);
    jw_end(w);
}

static void write_lines(struct json_writer *w, const char *name, const struct text *lines)
{
    const char *at = lines->data ? lines->data : "";

    jw_array(w, name);
    while (*at) {
        size_t size = strcspn(at, "\n");

        jw_string_view(w, NULL, view_of(at, size));
        at += size + (at[size] == '\n');
    }
    jw_end(w);
}

static void write_phases(struct json_writer *w, const struct deploy_result *result)
{
    jw_array(w, "phases");
    for (unsigned i = 0; i < result->phase_count; i++) {
        jw_object(w, NULL);
        jw_string(w, "phase", result->phases[i].phase);
        jw_double(w, "seconds", result->phases[i].seconds);
        jw_end(w);
    }
    jw_end(w);
}

static void write_data(struct json_writer *w, const struct deploy_options *options,
                       const struct deploy_result *result, bool failed)
{
    jw_string(w, "app_name", options->deployment->app);
    jw_string(w, "environment", options->deployment->env);
    jw_string(w, "image_ref", result->image_ref);
    jw_string(w, "image_id", result->image_id);
    jw_string(w, "result", deploy_outcome_name(result->outcome));
    jw_string(w, "previous", result->previous_ref);
    jw_string(w, "pointer_etag", result->pointer_etag);
    jw_array(w, "units");
    for (unsigned i = 0; i < result->unit_count; i++)
        write_unit(w, &result->units[i]);
    jw_end(w);
    write_phases(w, result);
    jw_object(w, "pruned");
    jw_int(w, "containers", result->pruned_containers);
    jw_int(w, "images", result->pruned_images);
    jw_end(w);
    jw_bool(w, "recorded", result->recorded);
    jw_bool(w, "hold", result->hold);
    if (options->dry_run) {
        jw_bool(w, "dry_run", true);
        write_lines(w, "plan", &result->plan);
    }
    if (failed)
        write_lines(w, "log", &result->log);
}

/* ---- lines ---- */

static double total_seconds(const struct deploy_result *result)
{
    double seconds = 0;

    for (unsigned i = 0; i < result->phase_count; i++)
        seconds += result->phases[i].seconds;
    return seconds;
}

static void print_line(struct cli *cli, const struct deployment *deployment,
                       const struct deploy_result *result)
{
    char time[HUMAN_SIZE];

    human_seconds(total_seconds(result), time);
    switch (result->outcome) {
    case DEPLOY_UNCHANGED:
        output_line(&cli->output, "%s serves %s/%s already: nothing to do", result->image_ref,
                    deployment->app, deployment->env);
        break;
    case DEPLOY_ROLLED_BACK:
        output_line(&cli->output, "rolled back %s/%s on this host to %s in %s", deployment->app,
                    deployment->env, result->image_ref, time);
        break;
    case DEPLOY_DEPLOYED:
        output_line(&cli->output, "deployed %s to %s/%s in %s", result->image_ref, deployment->app,
                    deployment->env, time);
        break;
    case DEPLOY_HELD:
        output_line(&cli->output, "%s/%s is held by a rollback: nothing done", deployment->app,
                    deployment->env);
        break;
    case DEPLOY_FAILED:
    case DEPLOY_DOWN:
    case DEPLOY_PLANNED:
        break;
    }
}

static void print_units(struct cli *cli, const struct deploy_result *result)
{
    for (unsigned i = 0; i < result->unit_count; i++) {
        const struct deploy_unit_result *unit = &result->units[i];
        char time[HUMAN_SIZE];

        if (unit->gap_seconds > 0)
            output_note(&cli->output, "%s: nothing served for %s", unit->name,
                        human_seconds(unit->gap_seconds, time));
        if (unit->stop_forced)
            output_warn(&cli->output, "%s: the old container did not stop in %s and was killed",
                        unit->name, human_seconds(unit->stop_seconds, time));
    }
}

/* Prints lines to standard output, or those of a log to standard error. */
static void print_lines(struct cli *cli, const struct text *lines, bool log)
{
    const char *at = lines->data ? lines->data : "";

    while (*at) {
        size_t size = strcspn(at, "\n");

        if (log)
            output_notice(&cli->output, "  | %.*s", (int)size, at);
        else
            output_line(&cli->output, "%.*s", (int)size, at);
        at += size + (at[size] == '\n');
    }
}

static void print_log(struct cli *cli, const struct deploy_result *result)
{
    if (!result->log.size || cli->output.json)
        return;
    output_notice(&cli->output, "the last lines of the new container's log:");
    print_lines(cli, &result->log, true);
}

/* Names the image that serves after a failed deployment. */
static void print_serving(struct cli *cli, const struct deployment *deployment,
                          const struct deploy_result *result, const struct err *failure)
{
    if (failure->family == ERR_DEPLOY && result->previous_ref[0])
        output_note(&cli->output, "%s serves %s/%s, as before", result->previous_ref,
                    deployment->app, deployment->env);
}

void deploy_ui_print(struct cli *cli, const struct deploy_options *options,
                     const struct deploy_result *result, const struct err *failure)
{
    cli->output.result_and_error = failure != NULL;
    write_data(output_data(&cli->output), options, result, failure != NULL);
    if (failure) {
        print_log(cli, result);
        print_serving(cli, options->deployment, result, failure);
        print_units(cli, result);
        return;
    }
    if (result->outcome == DEPLOY_PLANNED)
        print_lines(cli, &result->plan, false);
    print_line(cli, options->deployment, result);
    print_units(cli, result);
    if (result->hold && result->outcome == DEPLOY_ROLLED_BACK)
        output_note(&cli->output,
                    "s3dock watch keeps this until the next promotion of %s, or "
                    "s3dock deploy --force",
                    options->deployment->env);
}
