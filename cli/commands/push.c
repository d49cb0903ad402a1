#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "catalog/audit.h"
#include "catalog/name.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/transfer_ui.h"
#include "cli/commands/verify_ui.h"
#include "cli/connect.h"
#include "cli/print/human.h"
#include "docker/docker.h"
#include "push/push.h"
#include "store/store.h"

_Static_assert(PUSH_FROM_AUTO == 0 && PUSH_FROM_DOCKER == 1 && PUSH_FROM_LAYERS == 2,
               "the order of the words of --source");

static void write_data(struct json_writer *w, const struct push_options *options,
                       const struct push_result *result, bool audited, bool verified)
{
    jw_string(w, "image_ref", options->name.ref);
    jw_string(w, "s3_key", result->key);
    jw_string(w, "checksum", result->checksum);
    jw_int(w, "size", (int64_t)result->size);
    jw_bool(w, "skipped", result->skipped);
    jw_bool(w, "archived", result->archived);
    jw_string(w, "image_id", result->image_id);
    jw_int(w, "bases", result->bases);
    if (result->copies_refused)
        jw_bool(w, "copies_refused", true);
    jw_string_if(w, "copies_refused_reason", result->refusal);
    jw_string_if(w, "damaged_archive", result->corrupt_base);
    jw_string_if(w, "source", result->source);
    jw_string_if(w, "source_reason", result->source_reason);
    jw_int(w, "resumed_bytes", (int64_t)result->resumed_bytes);
    jw_string_if(w, "begun_afresh", result->resume_refusal);
    if (options->dry_run)
        jw_bool(w, "dry_run", true);
    else
        jw_bool(w, "audited", audited);
    if (verified)
        jw_bool(w, "verified", true);
    transfer_write_stats(w, &result->stats);
}

static void tell_skipped(struct cli *cli, const char *ref, bool verified)
{
    output_note(&cli->output, "%s is in the bucket already: nothing to do", ref);
    if (!verified)
        output_note(&cli->output, "only its metadata was read; s3dock verify %s reads the archive",
                    ref);
}

static void tell(struct cli *cli, const struct push_options *options,
                 const struct push_result *result, bool verified)
{
    const struct transfer_stats *stats = &result->stats;
    char archive[HUMAN_SIZE], raw[HUMAN_SIZE], time[HUMAN_SIZE], rate[HUMAN_SIZE];

    if (result->skipped)
        tell_skipped(cli, options->name.ref, verified);
    else if (options->dry_run)
        output_note(&cli->output, "would push %s to %s", options->name.ref, result->key);
    else if (stats->copied_bytes && result->bases)
        output_note(&cli->output, "pushed %s: %s in %s, of which %s had to be uploaded",
                    options->name.ref, human_bytes(result->size, archive),
                    human_seconds(stats->seconds, time), human_bytes(stats->uploaded_bytes, raw));
    else
        output_note(
            &cli->output, "pushed %s: %s in %s (%s image), %s", options->name.ref,
            human_bytes(result->size, archive), human_seconds(stats->seconds, time),
            human_bytes(stats->raw_bytes, raw),
            human_rate(stats->seconds > 0 ? (double)result->size / stats->seconds : 0, rate));
    if (result->outdated)
        output_note(&cli->output,
                    "%u earlier archives were not copied from: their index is of version 1, whose "
                    "names of chunks prove nothing",
                    result->outdated);
    if (result->resumed_bytes)
        output_note(&cli->output, "it went on where an earlier push had stopped: %s were there",
                    human_bytes(result->resumed_bytes, raw));
    if (result->resume_refusal[0])
        output_note(&cli->output, "what an earlier push had left was of no use (%s): removed",
                    result->resume_refusal);
    if (result->source_reason[0])
        output_note(&cli->output, "Docker's export was used, its layers could not be: %s",
                    result->source_reason);
    if (result->refusal[0])
        output_note(&cli->output,
                    "nothing could be copied from other archives, so everything was uploaded: %s",
                    result->refusal);
    if (result->corrupt_base[0])
        output_warn(&cli->output,
                    "%s does not hold what its index says, and was not copied from: push that "
                    "image again with --force --no-delta",
                    result->corrupt_base);
    if (result->archived)
        output_note(&cli->output, "the image that had this name before was kept under archive/");
}

/* Also of a push that changed nothing: somebody wanted this image in the bucket. False, with a
 * warning, when the push counts and only the event is missing. */
static bool record(struct cli *cli, const struct push_options *options,
                   const struct push_result *result)
{
    const struct image_name *name = &options->name;
    struct audit_event event = {.type = AUDIT_PUSH};
    struct audit_push *push = &event.push;
    struct err err;

    audit_identify(&event.by, getenv);
    str_copy(event.app_name, sizeof event.app_name, name->app);
    str_copy(event.git_hash, sizeof event.git_hash, name->hash);
    str_copy(event.git_time, sizeof event.git_time, name->time);
    str_copy(push->image_reference, sizeof push->image_reference, name->ref);
    str_copy(push->s3_path, sizeof push->s3_path, result->key);
    str_copy(push->checksum, sizeof push->checksum, result->checksum);
    push->size = result->size;
    push->was_skipped = result->skipped;
    push->was_archived = result->archived;
    if (audit_record(options->store, &event, clock_wall(), &err) == 0)
        return true;
    output_warn(&cli->output, "the push was made, but not written into the audit log: %s",
                err.text);
    return false;
}

/* Reads back what the bucket has now, if that was asked for. */
static int verify(struct cli *cli, const struct push_options *options,
                  const struct push_result *result, bool *verified, struct err *err)
{
    struct verify_options how = {
        .store = options->store, .name = options->name, .key = result->key};
    struct verify_result proven;

    *verified = config_switch(&cli->config, OPT_VERIFY) && !options->dry_run;
    return *verified ? verify_image(cli, &how, &proven, err) : 0;
}

static int transfer(struct cli *cli, struct push_options *options, struct err *err)
{
    struct push_result result;
    struct progress progress;
    bool audited, verified;
    int failed;

    transfer_begin(cli, options->name.ref, &progress, &options->transfer);
    failed = push_run(options, &result, err);
    progress_finish(&progress);
    if (failed)
        return ERR_FAIL;
    audited = options->dry_run || record(cli, options, &result);
    if (verify(cli, options, &result, &verified, err))
        return ERR_FAIL;
    write_data(output_data(&cli->output), options, &result, audited, verified);
    tell(cli, options, &result, verified);
    if (verified)
        output_note(&cli->output, "verified: %s was read back and is sound", options->name.ref);
    return 0;
}

int cmd_push(struct cli *cli, struct err *err)
{
    const struct config *config = &cli->config;
    struct push_options options = {
        .input = config_text(config, OPT_INPUT),
        .source = (enum push_source)config_number(config, OPT_SOURCE),
        .level = (int)config_number(config, OPT_LEVEL),
        .dry_run = config_switch(config, OPT_DRY_RUN),
        .force = config_switch(config, OPT_FORCE),
        .no_resume = config_switch(config, OPT_NO_RESUME) || !config_switch(config, OPT_RESUME),
        .no_delta = config_switch(config, OPT_NO_DELTA) || !config_switch(config, OPT_DELTA),
    };
    int failed;

    if (name_parse_image(cli->args->operands[0], &options.name, err))
        return ERR_FAIL;
    failed = connect_store(cli, !options.dry_run, &options.store, err) ||
             (!options.input && connect_docker(cli, &options.docker, err)) ||
             transfer(cli, &options, err);
    docker_close(options.docker);
    store_destroy(options.store);
    return failed ? ERR_FAIL : 0;
}
