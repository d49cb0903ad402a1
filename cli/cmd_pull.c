#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "catalog/name.h"
#include "cli/args.h"
#include "cli/command.h"
#include "cli/connect.h"
#include "cli/human.h"
#include "cli/transfer_ui.h"
#include "move/pull.h"
#include "wire/docker.h"
#include "wire/store.h"

static void write_data(struct json_writer *w, const struct pull_options *options,
                       const struct pull_result *result)
{
    jw_string(w, "image_ref", result->image_ref);
    jw_string(w, "source", options->name.ref);
    jw_string(w, "source_type", "image");
    jw_bool(w, "skipped", result->skipped);
    jw_string(w, "s3_key", result->key);
    jw_int(w, "size", (int64_t)result->size);
    jw_string(w, "image_id", result->image_id);
    if (options->dry_run)
        jw_bool(w, "dry_run", true);
    if (!result->skipped) {
        jw_int(w, "layers", result->layers);
        jw_int(w, "layers_here", result->layers_here);
        jw_int(w, "to_fetch", (int64_t)result->to_fetch);
        jw_string_if(w, "reuse", result->reuse);
        jw_bool(w, "reloaded", result->reloaded);
    }
    transfer_write_stats(w, &result->stats);
}

/* "; 12 of 14 layers were here" */
static const char *words_of_layers(const struct pull_result *result, char out[80])
{
    out[0] = '\0';
    if (result->layers_here)
        snprintf(out, 80, "; %u of %u layers are here", result->layers_here, result->layers);
    return out;
}

static void tell_plan(struct cli *cli, const struct pull_result *result)
{
    char archive[HUMAN_SIZE], fetched[HUMAN_SIZE], layers[80];

    output_note(&cli->output, "would pull %s: %s of %s%s", result->key,
                human_bytes(result->to_fetch, fetched), human_bytes(result->size, archive),
                words_of_layers(result, layers));
    if (result->reuse[0])
        output_note(&cli->output, "%s", result->reuse);
}

static void tell_pulled(struct cli *cli, const char *ref, const struct pull_result *result)
{
    const struct transfer_stats *stats = &result->stats;
    char archive[HUMAN_SIZE], fetched[HUMAN_SIZE], raw[HUMAN_SIZE], time[HUMAN_SIZE],
        rate[HUMAN_SIZE];
    double speed = stats->seconds > 0 ? (double)result->size / stats->seconds : 0;

    if (result->reloaded)
        output_warn(&cli->output, "a part of the image was not enough: all of it was pulled");
    if (stats->reused_bytes)
        output_note(&cli->output, "pulled %s: %s of %s in %s (%s image)", ref,
                    human_bytes(stats->downloaded_bytes, fetched),
                    human_bytes(result->size, archive), human_seconds(stats->seconds, time),
                    human_bytes(stats->raw_bytes, raw));
    else
        output_note(&cli->output, "pulled %s: %s in %s (%s image), %s", ref,
                    human_bytes(result->size, archive), human_seconds(stats->seconds, time),
                    human_bytes(stats->raw_bytes, raw), human_rate(speed, rate));
}

static void tell(struct cli *cli, const struct pull_options *options,
                 const struct pull_result *result)
{
    if (result->skipped)
        output_note(&cli->output, "%s is here already: nothing to do", options->name.ref);
    else if (options->dry_run)
        tell_plan(cli, result);
    else
        tell_pulled(cli, options->name.ref, result);
}

static int transfer(struct cli *cli, struct pull_options *options, struct err *err)
{
    struct pull_result result;
    struct progress progress;
    int failed;

    transfer_begin(cli, options->name.ref, &progress, &options->transfer);
    failed = pull_run(options, &result, err);
    progress_finish(&progress);
    if (failed)
        return ERR_FAIL;
    write_data(output_data(&cli->output), options, &result);
    tell(cli, options, &result);
    return 0;
}

int cmd_pull(struct cli *cli, struct err *err)
{
    const struct config *config = &cli->config;
    struct pull_options options = {
        .output = config_text(config, OPT_OUTPUT),
        .dry_run = config_switch(config, OPT_DRY_RUN),
        .force = config_switch(config, OPT_FORCE),
        .reuse = config_is(config, OPT_REUSE, "always")  ? REUSE_ALWAYS
                 : config_is(config, OPT_REUSE, "never") ? REUSE_NEVER
                                                         : REUSE_AUTO,
    };
    int failed;

    if (cli->output.json && options.output && !strcmp(options.output, "-")) {
        err_set(err, ERR_USAGE, "flag", "--json and --output - both want standard output");
        return err_hint(err, "write the image to a file: --output image.tar");
    }
    if (name_parse_image(cli->args->operands[0], &options.name, err))
        return ERR_FAIL;
    failed = connect_store(cli, false, &options.store, err) ||
             (!options.output && connect_docker(cli, &options.docker, err)) ||
             transfer(cli, &options, err);
    docker_close(options.docker);
    store_destroy(options.store);
    return failed ? ERR_FAIL : 0;
}
