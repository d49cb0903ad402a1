/*
 * Finds the image that the operands name, downloads it into Docker or a file, and prints a summary.
 * --dry-run prints the plan.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/output_path.h"
#include "catalog/reference.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/layer_report_ui.h"
#include "cli/commands/target.h"
#include "cli/commands/transfer_ui.h"
#include "cli/connect.h"
#include "cli/demands.h"
#include "cli/platform_ui.h"
#include "cli/print/human.h"
#include "cli/settings/args.h"
#include "docker/docker.h"
#include "pull/pull.h"
#include "store/store.h"
#include "trust/guard.h"

_Static_assert(REUSE_AUTO == 0 && REUSE_ALWAYS == 1 && REUSE_NEVER == 2,
               "the order of the words of --reuse");

/* ---- the result ---- */

static void write_names(struct json_writer *w, const struct pull_options *options)
{
    jw_array(w, "names");
    jw_string(w, NULL, options->name.ref);
    for (unsigned i = 0; i < options->also_count; i++)
        jw_string(w, NULL, options->also[i].text);
    jw_end(w);
}

static void write_data(struct json_writer *w, const struct target *target,
                       const struct pull_options *options, const struct pull_result *result)
{
    jw_string(w, "image_ref", result->image_ref);
    jw_string(w, "source", target->source);
    jw_string(w, "source_type", target->type);
    jw_bool(w, "skipped", result->skipped);
    jw_string(w, "s3_key", result->key);
    jw_int(w, "size", (int64_t)result->size);
    jw_string(w, "image_id", result->image_id);
    jw_string_if(w, "platform", result->platform);
    write_names(w, options);
    if (options->dry_run)
        jw_bool(w, "dry_run", true);
    if (!result->skipped) {
        jw_int(w, "layers", result->layers);
        jw_int(w, "layers_here", result->layers_here);
        jw_int(w, "to_fetch", (int64_t)result->to_fetch);
        jw_int(w, "resumed_bytes", (int64_t)result->kept);
        jw_string_if(w, "reuse", result->reuse);
        jw_bool(w, "reloaded", result->reloaded);
    }
    transfer_write_stats(w, &result->stats);
}

/* Formats "; Docker has 12 of 14 layers". */
static const char *format_layers(const struct pull_result *result, char out[80])
{
    out[0] = '\0';
    if (result->layers_here)
        snprintf(out, 80, "; Docker has %u of %u layers", result->layers_here, result->layers);
    return out;
}

static void print_plan(struct cli *cli, const struct pull_result *result)
{
    char archive[HUMAN_SIZE], fetched[HUMAN_SIZE], kept[HUMAN_SIZE], layers[80];

    output_line(&cli->output, "would pull %s: %s%s of %s%s", result->key,
                result->seed ? "at most " : "", human_bytes(result->to_fetch, fetched),
                human_bytes(result->size, archive), format_layers(result, layers));
    if (result->kept)
        output_line(&cli->output, "%s are kept from an interrupted pull",
                    human_bytes(result->kept, kept));
    if (result->reuse[0])
        output_line(&cli->output, "%s", result->reuse);
    if (result->layer_report)
        layer_report_print_plan(cli, result->layer_report);
}

static void print_pulled(struct cli *cli, const char *ref, const struct pull_result *result)
{
    const struct transfer_stats *stats = &result->stats;
    char archive[HUMAN_SIZE], part[HUMAN_PART_SIZE], raw[HUMAN_SIZE], time[HUMAN_SIZE],
        rate[HUMAN_SIZE];
    double speed = stats->seconds > 0 ? (double)result->size / stats->seconds : 0;

    if (result->reloaded)
        output_warn(&cli->output,
                    "Docker did not accept the missing layers alone: the whole image was pulled");
    if (stats->reused_bytes)
        output_note(&cli->output, "pulled %s: %s in %s (%s image)", ref,
                    human_part(stats->downloaded_bytes, result->size, part),
                    human_seconds(stats->seconds, time), human_bytes(stats->raw_bytes, raw));
    else
        output_note(&cli->output, "pulled %s: %s in %s (%s image), %s", ref,
                    human_bytes(result->size, archive), human_seconds(stats->seconds, time),
                    human_bytes(stats->raw_bytes, raw), human_rate(speed, rate));
}

static void print_result(struct cli *cli, const struct pull_options *options,
                         const struct pull_result *result)
{
    if (result->foreign)
        output_warn(&cli->output,
                    "the bucket has %s for %s only, which is not the daemon's platform",
                    options->name.ref, result->platform);
    if (result->skipped)
        output_note(&cli->output, "Docker has %s already: nothing to do", options->name.ref);
    else if (options->dry_run)
        print_plan(cli, result);
    else
        print_pulled(cli, options->name.ref, result);
    for (unsigned i = 0; i < options->also_count; i++)
        output_note(&cli->output, "%s %s",
                    options->dry_run ? "would also tag it as" : "also tagged as",
                    options->also[i].text);
}

static int pull_image(struct cli *cli, const struct target *target, struct pull_options *options,
                      struct err *err)
{
    struct pull_result result;
    struct progress progress;
    int failed;

    options->name = target->resolved.image;
    options->key = target->resolved.archive_key[0] ? target->resolved.archive_key : NULL;
    options->stated = target->stated ? &target->statement : NULL;
    transfer_begin(cli, options->name.ref, &progress, &options->transfer);
    failed = pull_run(options, &result, err);
    progress_finish(&progress);
    if (failed)
        return transfer_hint_damage(options->name.ref, err);
    write_data(output_data(&cli->output), target, options, &result);
    print_result(cli, options, &result);
    layer_report_destroy(result.layer_report);
    return 0;
}

/* Returns whether the path is "-", /dev/stdout, /dev/fd/1, or a link to one of them. */
static bool is_standard_output(const char *path)
{
    struct output_path place;
    struct err ignored;

    return !strcmp(path, "-") ||
           (output_path_find(&place, path, &ignored) == 0 && place.kind == OUTPUT_PATH_DESCRIPTOR &&
            place.fd == STDOUT_FILENO);
}

/* Refuses an image on standard output that has another use already. */
static int check_output(const struct cli *cli, const struct pull_options *options, struct err *err)
{
    if (!options->output || !is_standard_output(options->output))
        return 0;
    if (cli->output.json) {
        err_set(err, ERR_USAGE, "flag", "--json and --output %s both write to standard output",
                options->output);
        return err_hint(err, "write the image to a file: --output image.tar");
    }
    if (options->dry_run || !isatty(STDOUT_FILENO))
        return 0;
    err_set(err, ERR_USAGE, "flag", "--output %s would print the image on the terminal",
            options->output);
    return err_hint(err, "write it to a file, --output image.tar, or into a pipe: --output - | "
                         "docker load");
}

static int read_names(const struct args *args, const struct pull_options *options,
                      struct reference *also, struct err *err)
{
    if (args->further_count && options->output) {
        err_set(err, ERR_USAGE, "flag",
                "--as names an image in Docker, and --output writes a file");
        return err_hint(err, "load the file, then use docker tag");
    }
    for (unsigned i = 0; i < args->further_count; i++)
        if (reference_parse(args->further[i], &also[i], err))
            return ERR_FAIL;
    return 0;
}

int cmd_pull(struct cli *cli, struct err *err)
{
    const struct config *config = &cli->config;
    struct pull_options options = {
        .output = config_text(config, OPT_OUTPUT),
        .dry_run = config_switch(config, OPT_DRY_RUN),
        .force = config_switch(config, OPT_FORCE),
        .no_resume = config_switch(config, OPT_NO_RESUME) || !config_switch(config, OPT_RESUME),
        .reuse = (enum reuse)config_number(config, OPT_REUSE),
    };
    struct reference also[ARGS_FURTHER_MAX];
    struct guard *guard = NULL;
    struct target target;
    int failed;

    if (check_output(cli, &options, err) || platform_read(config, &options.platform, err) ||
        target_parse(&target, cli->args, err) || read_names(cli->args, &options, also, err))
        return ERR_FAIL;
    options.also = also;
    options.also_count = cli->args->further_count;
    if (demands_open(cli, &guard, err))
        return ERR_FAIL;
    options.guard = guard;
    failed = connect_store(cli, &options.store, err) ||
             target_prove(&target, guard, options.store, err) ||
             (!options.output && connect_docker(cli, &options.docker, err)) ||
             pull_image(cli, &target, &options, err);
    docker_close(options.docker);
    store_destroy(options.store);
    guard_close(guard);
    return failed ? ERR_FAIL : 0;
}
