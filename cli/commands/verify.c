/*
 * Prints who signed an image and the documents that lead to it, if the profile demands signatures.
 * Reads an image in the bucket to its end and prints whether it is intact. Without --platform, each
 * of its platforms is read.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "catalog/locate.h"
#include "catalog/version.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/target.h"
#include "cli/commands/transfer_ui.h"
#include "cli/commands/trust_report.h"
#include "cli/commands/verify_ui.h"
#include "cli/connect.h"
#include "cli/demands.h"
#include "cli/platform_ui.h"
#include "cli/print/human.h"
#include "sign/sshsig.h"
#include "store/store.h"
#include "trust/guard.h"
#include "trust/signatures.h"

#define METADATA_MAX (256 * KIB)

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

/* The members that differ between the platforms of an image. */
static void write_platform(struct json_writer *w, const struct verify_result *result)
{
    jw_object(w, NULL);
    jw_string(w, "platform", result->platform);
    jw_int(w, "size", (int64_t)result->size);
    jw_string(w, "image_id", result->image_id);
    jw_int(w, "layers", result->layers);
    jw_int(w, "chunks", result->chunks);
    jw_string(w, "checksum", result->checksum);
    jw_end(w);
}

static void print_result(struct cli *cli, const char *ref, bool several,
                         const struct verify_result *result)
{
    char archive[HUMAN_SIZE], raw[HUMAN_SIZE], time[HUMAN_SIZE], chunks[48] = "";

    if (result->chunks)
        snprintf(chunks, sizeof chunks, ", %u chunk%s", result->chunks,
                 result->chunks == 1 ? "" : "s");
    output_line(&cli->output, "%s%s%s is sound: %u layer%s%s%s", ref, several ? " for " : "",
                several ? result->platform : "", result->layers, result->layers == 1 ? "" : "s",
                chunks, result->checksum[0] ? ", the MD5 matches" : "");
    output_note(&cli->output, "read %s in %s (%s image)", human_bytes(result->size, archive),
                human_seconds(result->stats.seconds, time),
                human_bytes(result->stats.raw_bytes, raw));
}

/* Lists the platforms to verify: the wanted one, else all. Of an image that is not found,
 * verify_run reports the reason. */
static int list_platforms(const struct verify_options *options,
                          struct platform out[LOCATE_PLATFORMS_MAX], unsigned *count,
                          struct err *err)
{
    int answer = LOCATE_ABSENT;

    if (!options->platform.os[0])
        answer = locate_platforms(options->store, &options->name, options->key, out, count, err);
    if (answer == LOCATE_FOUND)
        return 0;
    out[0] = options->platform;
    *count = 1;
    return answer < 0 ? ERR_FAIL : 0;
}

/* ---- signatures without a policy ---- */

/* Returns whether a block of the object proves the metadata. Other blocks may prove former
 * metadata. */
static bool note_block(struct cli *cli, const char *key, struct view document, struct view block)
{
    struct json_writer *w = output_data(&cli->output);
    char fingerprint[SSH_FINGERPRINT_SIZE];
    struct sshsig sig;
    struct err why;
    bool proves = sshsig_parse(block, &sig, &why) == 0 &&
                  sshsig_prove(&sig, statement_namespace(STATEMENT_IMAGE), document, &why) == 0;

    if (proves) {
        ssh_key_fingerprint(&sig.key, fingerprint);
        output_note(&cli->output,
                    "%s: signed by the key %s; the profile has no \"trust\" to compare it with",
                    key, fingerprint);
        jw_object(w, NULL);
        jw_string(w, "s3_key", key);
        jw_string(w, "key", fingerprint);
        jw_bool(w, "judged", false);
        jw_end(w);
    }
    sshsig_finish(&sig);
    return proves;
}

/* Returns true if the profile signs: then unsigned metadata is reported. */
static bool profile_signs(const struct config *config)
{
    struct json_node profiles = json_get(config_file_root(&config->file), "profiles");

    return json_present(json_get(json_get_exact(profiles, config->profile), "sign"));
}

static void note_metadata(struct cli *cli, struct store *store, const char *key)
{
    struct signed_document read = {.etag = ""};
    struct err why;
    int answer = (int)signed_document_read(store, key, METADATA_MAX, &read, &why);
    struct signatures blocks;
    unsigned count = 0;

    signatures_split(text_view(&read.signatures), &blocks);
    for (unsigned i = 0; answer == STORE_DONE && i < blocks.count; i++)
        count += note_block(cli, key, text_view(&read.document), blocks.blocks[i]);
    if (answer == STORE_FAILED)
        output_note(&cli->output, "%s: its signatures cannot be read: %s", key, why.text);
    else if (answer == STORE_DONE && !count && profile_signs(&cli->config))
        output_note(&cli->output, "%s: not signed", key);
    signed_document_finish(&read);
}

/* Lists the signatures of the images that were verified, for a profile that demands none.
 * Signatures that cannot be read are no failure: earlier versions did not need the right to read
 * them. */
static void note_signatures(struct cli *cli, const struct verify_options *options,
                            const struct platform *platforms, unsigned count)
{
    struct located at;
    struct err ignored;

    jw_array(output_data(&cli->output), "signatures");
    for (unsigned i = 0; i < count; i++) {
        if (locate_image(options->store, &options->name, options->key, &platforms[i], &at,
                         &ignored) != LOCATE_FOUND)
            continue; /* it was removed since it was verified */
        if (!at.retired)
            note_metadata(cli, options->store, at.metadata_key);
        located_finish(&at);
    }
    jw_end(output_data(&cli->output));
}

/* ---- the archive ---- */

/* The main members describe the first platform that was verified. `notes`: lists the signatures. */
static int verify_platforms(struct cli *cli, const struct target *target, bool notes,
                            struct verify_options *options, struct err *err)
{
    struct json_writer *w = output_data(&cli->output);
    struct platform platforms[LOCATE_PLATFORMS_MAX];
    struct verify_result *results;
    unsigned count, done = 0;
    int failed = list_platforms(options, platforms, &count, err);

    if (failed)
        return ERR_FAIL;
    results = calloc(count, sizeof *results);
    if (!results)
        return err_memory(err, "the results");
    for (; !failed && done < count; done += !failed) {
        options->platform = platforms[done];
        failed = verify_image(cli, options, &results[done], err);
        if (!failed)
            print_result(cli, options->name.ref, count > 1, &results[done]);
    }
    if (!failed) {
        write_data(w, target, &results[0]);
        if (count > 1)
            jw_array(w, "platforms");
        for (unsigned i = 0; i < count && count > 1; i++)
            write_platform(w, &results[i]);
        if (count > 1)
            jw_end(w);
    }
    if (!failed && notes)
        note_signatures(cli, options, platforms, count);
    free(results);
    return failed;
}

/* Forgets the sequence number of the environment or the version that the operands name. */
static int reset_sequence(struct cli *cli, const struct guard *guard, const struct store *store,
                          const struct target *target, struct err *err)
{
    char key[KEY_MAX];
    int answer;

    if (!guard || (!target->app && !target->wanted.by_version))
        return err_set(err, ERR_USAGE, "flag",
                       "--reset-sequence is for an environment or a version: APP NAME or "
                       "APP:VERSION, and for a profile that demands signatures");
    if (!target->app)
        key_tag(key, target->wanted.app, target->wanted.version);
    else if (version_is_semantic(target->source))
        key_tag(key, target->app, target->source);
    else
        key_pointer(key, target->app, target->source);
    answer = guard_forget(guard, store, key, err);
    if (answer < 0)
        return ERR_FAIL;
    output_note(&cli->output,
                answer ? "this host has no sequence number of %s"
                       : "the sequence number of %s was forgotten",
                key);
    return 0;
}

static int verify_signatures(struct cli *cli, const struct guard *guard, struct target *target,
                             const struct verify_options *options, struct err *err)
{
    if (config_switch(&cli->config, OPT_RESET_SEQUENCE) &&
        reset_sequence(cli, guard, options->store, target, err))
        return ERR_FAIL;
    return guard ? trust_report_target(cli, guard, options->store, target, &options->platform, err)
                 : target_find(target, options->store, err);
}

static int verify_data(struct cli *cli, const struct target *target, bool notes,
                       struct verify_options *options, struct err *err)
{
    options->name = target->resolved.image;
    options->key = target->resolved.archive_key[0] ? target->resolved.archive_key : NULL;
    return verify_platforms(cli, target, notes, options, err);
}

int cmd_verify(struct cli *cli, struct err *err)
{
    struct verify_options options = {.store = NULL};
    struct guard *guard = NULL;
    struct target target;
    int failed;

    if (platform_read(&cli->config, &options.platform, err) ||
        target_parse(&target, cli->args, err) || demands_open(cli, &guard, err))
        return ERR_FAIL;
    failed = connect_store(cli, &options.store, err) ||
             verify_signatures(cli, guard, &target, &options, err);
    if (!failed && (!guard || config_switch(&cli->config, OPT_DATA)))
        failed = verify_data(cli, &target, !guard, &options, err);
    store_destroy(options.store);
    guard_close(guard);
    return failed ? ERR_FAIL : 0;
}
