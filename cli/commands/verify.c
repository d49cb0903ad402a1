/*
 * Reads an image in the bucket to its end and prints whether it is intact.
 */
#include <stdio.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/target.h"
#include "cli/commands/transfer_ui.h"
#include "cli/commands/verify_ui.h"
#include "cli/connect.h"
#include "cli/print/human.h"
#include "store/store.h"

int verify_image(struct cli *cli, struct verify_options *options, struct verify_result *result,
                 struct err *err)
{
    struct progress progress;
    int failed;

    transfer_begin(cli, options->name.ref, &progress, &options->transfer);
    failed = verify_run(options, result, err);
    progress_finish(&progress);
    if (!failed)
        return 0;
    if (err->family == ERR_INTEGRITY)
        err->hint[0] = '\0'; /* core's hints are for the image that a push reads */
    return transfer_hint_damage(options->name.ref, err);
}

static void write_data(struct json_writer *w, const struct target *target,
                       const struct verify_result *result)
{
    jw_string(w, "image_ref", result->image_ref);
    jw_string(w, "source", target->source);
    jw_string(w, "source_type", target->type);
    jw_string(w, "s3_key", result->key);
    jw_int(w, "size", (int64_t)result->size);
    jw_string(w, "image_id", result->image_id);
    jw_bool(w, "verified", true);
    jw_int(w, "layers", result->layers);
    jw_int(w, "chunks", result->chunks);
    jw_string(w, "checksum", result->checksum);
    transfer_write_stats(w, &result->stats);
}

static void print_result(struct cli *cli, const char *ref, const struct verify_result *result)
{
    char archive[HUMAN_SIZE], raw[HUMAN_SIZE], time[HUMAN_SIZE], chunks[48] = "";

    if (result->chunks)
        snprintf(chunks, sizeof chunks, ", %u chunk%s", result->chunks,
                 result->chunks == 1 ? "" : "s");
    output_line(&cli->output, "%s is sound: %u layer%s%s%s", ref, result->layers,
                result->layers == 1 ? "" : "s", chunks,
                result->checksum[0] ? ", the MD5 matches" : "");
    output_note(&cli->output, "read %s in %s (%s image)", human_bytes(result->size, archive),
                human_seconds(result->stats.seconds, time),
                human_bytes(result->stats.raw_bytes, raw));
}

int cmd_verify(struct cli *cli, struct err *err)
{
    struct verify_options options = {.store = NULL};
    struct verify_result result;
    struct target target;
    int failed;

    if (target_parse(&target, cli->args, err))
        return ERR_FAIL;
    failed =
        connect_store(cli, false, &options.store, err) || target_find(&target, options.store, err);
    if (!failed) {
        options.name = target.resolved.image;
        options.key = target.resolved.archive_key[0] ? target.resolved.archive_key : NULL;
        failed = verify_image(cli, &options, &result, err);
    }
    if (!failed) {
        write_data(output_data(&cli->output), &target, &result);
        print_result(cli, options.name.ref, &result);
    }
    store_destroy(options.store);
    return failed ? ERR_FAIL : 0;
}
