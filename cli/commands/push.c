/*
 * Uploads an image, records the push in the audit log, and prints a summary.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "catalog/audit.h"
#include "catalog/name.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/transfer_ui.h"
#include "cli/commands/verify_ui.h"
#include "cli/connect.h"
#include "cli/platform_ui.h"
#include "cli/print/human.h"
#include "cli/signer.h"
#include "docker/docker.h"
#include "push/own_platform.h"
#include "push/push.h"
#include "store/store.h"
#include "transfer/engine_platform.h"

_Static_assert(PUSH_FROM_AUTO == 0 && PUSH_FROM_DOCKER == 1 && PUSH_FROM_LAYERS == 2,
               "the order of the words of --source");

/* Returns true if the source has images for other platforms, and --platform is not set. */
static bool leaves_out(const struct push_options *options, const struct push_result *result)
{
    return result->others && !options->platform.os[0];
}

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
    jw_string(w, "codec", codec_name(result->codec));
    jw_bool(w, "thin", result->thin);
    jw_int(w, "objects", result->objects);
    jw_int(w, "referred_bytes", (int64_t)result->referred_bytes);
    jw_string_if(w, "platform", result->platform);
    if (leaves_out(options, result))
        jw_bool(w, "platforms_left_out", true);
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
    if (options->signing && !options->dry_run)
        jw_bool(w, "signed", result->is_signed);
    transfer_write_stats(w, &result->stats);
}

static void print_skipped(struct cli *cli, const char *ref, bool is_signed, bool verified)
{
    output_note(&cli->output, "%s is in the bucket already%s", ref,
                is_signed ? ", and signed by this key" : ": nothing to do");
    if (!verified)
        output_note(&cli->output, "only its metadata was read; s3dock verify %s reads the archive",
                    ref);
}

static void print_pushed(struct cli *cli, const char *ref, const struct push_result *result)
{
    const struct transfer_stats *stats = &result->stats;
    char archive[HUMAN_SIZE], bytes[HUMAN_SIZE], time[HUMAN_SIZE], rate[HUMAN_SIZE];
    double speed = stats->seconds > 0 ? (double)result->size / stats->seconds : 0;

    if ((stats->copied_bytes || result->referred_bytes) && result->bases)
        output_note(&cli->output, "pushed %s: %s in %s, uploaded %s of it", ref,
                    human_bytes(result->size, archive), human_seconds(stats->seconds, time),
                    human_bytes(stats->uploaded_bytes, bytes));
    else
        output_note(&cli->output, "pushed %s: %s in %s (%s image), %s", ref,
                    human_bytes(result->size, archive), human_seconds(stats->seconds, time),
                    human_bytes(stats->raw_bytes, bytes), human_rate(speed, rate));
}

/* Prints what the push used or refused of earlier work, and why. */
static void print_reuse(struct cli *cli, const struct push_result *result)
{
    char resumed[HUMAN_SIZE];

    if (result->outdated)
        output_note(&cli->output,
                    "%u earlier archives could not be used as a source: their index has version 1, "
                    "whose chunk names do not prove the content",
                    result->outdated);
    if (result->resumed_bytes)
        output_note(&cli->output, "resumed an interrupted push: %s already uploaded",
                    human_bytes(result->resumed_bytes, resumed));
    if (result->resume_refusal[0])
        output_note(&cli->output, "could not resume the earlier upload (%s): removed it",
                    result->resume_refusal);
    if (result->source_reason[0])
        output_note(&cli->output,
                    "read the image from Docker's export, because its layers could not be used: %s",
                    result->source_reason);
    if (result->refusal[0])
        output_note(&cli->output,
                    "uploaded everything, because nothing could be copied from other archives: %s",
                    result->refusal);
    if (result->corrupt_base[0])
        output_warn(&cli->output,
                    "%s is damaged: its content differs from its index, so nothing was copied from "
                    "it. Push that image again with --force --no-delta",
                    result->corrupt_base);
}

static void print_result(struct cli *cli, const struct push_options *options,
                         const struct push_result *result, bool verified)
{
    const char *ref = options->name.ref;

    if (result->skipped)
        print_skipped(cli, ref, result->is_signed, verified);
    else if (options->dry_run)
        output_note(&cli->output, "would push %s to %s", ref, result->key);
    else
        print_pushed(cli, ref, result);
    print_reuse(cli, result);
    if (leaves_out(options, result))
        output_warn(&cli->output,
                    "only the image for %s was pushed, and the source has other platforms, too: "
                    "Docker 28 and newer push all of them; with an older one, build and push one "
                    "platform after the other",
                    result->platform);
    if (result->archived)
        output_note(&cli->output, "the earlier image of this name is kept under archive/");
}

/* Records the push in the audit log, also if it changed nothing. False, with a warning, if only the
 * event could not be written. */
static bool record_push(struct cli *cli, const struct push_options *options,
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
    output_warn(&cli->output, "the push succeeded, but could not be recorded in the audit log: %s",
                err.text);
    return false;
}

/* Reads the image in the bucket back, with --verify. */
static int read_back(struct cli *cli, const struct push_options *options,
                     const struct push_result *result, bool *verified, struct err *err)
{
    struct verify_options how = {
        .store = options->store, .name = options->name, .key = result->key};
    struct verify_result proven;

    platform_parse(result->platform, &how.platform);
    *verified = config_switch(&cli->config, OPT_VERIFY) && !options->dry_run;
    return *verified ? verify_image(cli, &how, &proven, err) : 0;
}

struct pushed {
    struct push_result result;
    bool audited, verified;
};

static int push_image(struct cli *cli, struct push_options *options, struct pushed *pushed,
                      struct err *err)
{
    struct push_result *result = &pushed->result;
    struct progress progress;
    int failed;

    transfer_begin(cli, options->name.ref, &progress, &options->transfer);
    failed = push_run(options, result, err);
    progress_finish(&progress);
    if (failed)
        return ERR_FAIL;
    pushed->audited = options->dry_run || record_push(cli, options, result);
    if (read_back(cli, options, result, &pushed->verified, err))
        return ERR_FAIL;
    print_result(cli, options, result, pushed->verified);
    if (pushed->verified)
        output_note(&cli->output, "verified: %s was read back and is intact", options->name.ref);
    return 0;
}

/* The words of OPT_LEVEL. */
enum level_words { LEVEL_AUTO, LEVEL_FASTEST };

/* Reads codec and level. Fails with usage.level if the codec has no such level. */
static int read_choice(const struct config *config, struct codec_choice *out, struct err *err)
{
    uint64_t level = config_number(config, OPT_LEVEL);

    out->codec = CODEC_GZIP + (enum codec)config_number(config, OPT_COMPRESSION);
    if (config_is_word(config, OPT_LEVEL))
        out->level = level == LEVEL_FASTEST ? CODEC_FASTEST : codec_level_default(out->codec);
    else
        out->level = (int)level;
    if (out->level <= codec_level_max(out->codec))
        return 0;
    return err_set(err, ERR_USAGE, "level", "%s has the levels 1 to %d, and no level %d",
                   codec_name(out->codec), codec_level_max(out->codec), out->level);
}

/* ---- several platforms ---- */

/* The platforms to push; one item: that of the options. The daemon's own one is the first. */
struct platforms {
    struct platform items[DOCKER_PLATFORMS_MAX];
    unsigned count;
};

/* An image that was built for linux/arm64 and for linux/arm64/v8 has one platform twice. */
static int list_platforms(const struct push_options *options, struct platforms *out,
                          struct err *err)
{
    struct platform own = engine_platform(options->docker);
    struct docker_platform all[DOCKER_PLATFORMS_MAX];
    unsigned count = 0;

    *out = (struct platforms){.items = {options->platform}, .count = 1};
    if (!options->docker || options->platform.os[0])
        return 0;
    if (docker_platforms(options->docker, options->name.ref, all, &count, err) < 0)
        return ERR_FAIL;
    if (count < 2)
        return 0;
    out->count = 0;
    for (unsigned i = 0; i < count; i++) {
        struct platform item = own_platform_of(all[i].os, all[i].architecture, all[i].variant);

        if (item.os[0] && !platform_in(out->items, out->count, &item))
            out->items[out->count++] = item;
    }
    out->count += out->count == 0; /* the options choose none: the daemon does */
    for (unsigned i = 1; i < out->count; i++)
        if (platform_same(&out->items[i], &own)) {
            out->items[i] = out->items[0];
            out->items[0] = own;
        }
    return 0;
}

static void write_platform(struct json_writer *w, const struct push_result *result)
{
    jw_object(w, NULL);
    jw_string(w, "platform", result->platform);
    jw_string(w, "image_id", result->image_id);
    jw_string(w, "checksum", result->checksum);
    jw_int(w, "size", (int64_t)result->size);
    jw_bool(w, "skipped", result->skipped);
    jw_bool(w, "archived", result->archived);
    jw_end(w);
}

/* The main members describe the first platform. */
static void write_all(struct json_writer *w, const struct push_options *options,
                      const struct pushed *pushed, unsigned count)
{
    write_data(w, options, &pushed->result, pushed->audited, pushed->verified);
    if (count < 2)
        return;
    jw_array(w, "platforms");
    for (unsigned i = 0; i < count; i++)
        write_platform(w, &pushed[i].result);
    jw_end(w);
}

static int push_platforms(struct cli *cli, struct push_options *options, struct err *err)
{
    struct platforms platforms;
    struct pushed *pushed;
    int failed = list_platforms(options, &platforms, err);

    if (failed)
        return ERR_FAIL;
    pushed = calloc(platforms.count, sizeof *pushed);
    if (!pushed)
        return err_memory(err, "the results");
    for (unsigned i = 0; !failed && i < platforms.count; i++) {
        char text[PLATFORM_TEXT_SIZE];

        options->platform = platforms.items[i];
        platform_text(&options->platform, text);
        if (platforms.count > 1)
            output_note(&cli->output, "%s for %s:", options->name.ref, text);
        failed = push_image(cli, options, &pushed[i], err);
    }
    if (!failed)
        write_all(output_data(&cli->output), options, pushed, platforms.count);
    free(pushed);
    return failed;
}

/* Refuses to wait for an image that a user would have to type. */
static int check_input(const char *input, struct err *err)
{
    if (!input || strcmp(input, "-") != 0 || !isatty(STDIN_FILENO))
        return 0;
    err_set(err, ERR_USAGE, "input", "standard input is a terminal, not an image archive");
    return err_hint(err, "write docker save IMAGE | s3dock push REF --input -");
}

int cmd_push(struct cli *cli, struct err *err)
{
    const struct config *config = &cli->config;
    struct push_options options = {
        .input = config_text(config, OPT_INPUT),
        .source = (enum push_source)config_number(config, OPT_SOURCE),
        .dry_run = config_switch(config, OPT_DRY_RUN),
        .force = config_switch(config, OPT_FORCE),
        .no_resume = config_switch(config, OPT_NO_RESUME) || !config_switch(config, OPT_RESUME),
        .no_delta = config_switch(config, OPT_NO_DELTA) || !config_switch(config, OPT_DELTA),
        .thin = config_switch(config, OPT_THIN) && !config_switch(config, OPT_NO_THIN),
    };
    struct cli_signer signer = {.key = ""};
    int failed;

    if (name_parse_image(cli->args->operands[0], &options.name, err) ||
        check_input(options.input, err) || platform_read(config, &options.platform, err) ||
        read_choice(config, &options.choice, err) ||
        signer_open(cli, &signer, &options.signing, err))
        return ERR_FAIL; /* the signer owns nothing then */
    failed = connect_or_create_store(cli, !options.dry_run, &options.store, err) ||
             (!options.input && connect_docker(cli, &options.docker, err)) ||
             push_platforms(cli, &options, err);
    if (!failed)
        signer_write(&signer, output_data(&cli->output));
    docker_close(options.docker);
    store_destroy(options.store);
    signer_close(&signer);
    return failed ? ERR_FAIL : 0;
}
