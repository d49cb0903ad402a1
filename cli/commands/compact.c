/*
 * Rewrites objects that are mostly unused, and images that are too scattered. core/rewrite decides
 * and writes; here both are printed.
 */
#include "rewrite/compact.h"
#include "base/bytes.h"
#include "base/err.h"
#include "catalog/name.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/release_ui.h"
#include "cli/commands/transfer_ui.h"
#include "cli/connect.h"
#include "cli/print/human.h"
#include "cli/signer.h"
#include "rewrite/gather.h"
#include "store/store.h"

struct listing {
    struct cli *cli;
    bool images; /* the array of the images was begun */
};

static void print_object(void *arg, const struct compact_object *object)
{
    struct cli *cli = ((struct listing *)arg)->cli;
    struct json_writer *w = output_data(&cli->output);
    char size[HUMAN_SIZE], used[HUMAN_SIZE];

    jw_object(w, NULL);
    jw_string(w, "key", object->key);
    jw_int(w, "size", (int64_t)object->size);
    jw_int(w, "used", (int64_t)object->used);
    jw_int(w, "images", object->images);
    jw_end(w);
    output_line(&cli->output, "%s: mostly unused: %s of %s used, by %u image%s", object->key,
                human_bytes(object->used, used), human_bytes(object->size, size), object->images,
                object->images == 1 ? "" : "s");
}

static void begin_images(struct listing *listing)
{
    struct json_writer *w = output_data(&listing->cli->output);

    if (listing->images)
        return;
    jw_end(w);
    jw_array(w, "scattered");
    listing->images = true;
}

static void print_image(void *arg, const struct compact_image *image)
{
    struct cli *cli = ((struct listing *)arg)->cli;
    struct json_writer *w = output_data(&cli->output);

    begin_images(arg);
    jw_object(w, NULL);
    jw_string(w, "metadata_key", image->key);
    jw_int(w, "size", (int64_t)image->size);
    jw_int(w, "ranges", (int64_t)image->ranges);
    jw_int(w, "whole_ranges", (int64_t)image->whole);
    jw_end(w);
    output_line(&cli->output, "%s: scattered: a pull needs %llu ranges, of a whole image %llu",
                image->key, (unsigned long long)image->ranges, (unsigned long long)image->whole);
}

static void print_result(struct cli *cli, const struct compact_result *result, bool dry_run)
{
    struct json_writer *w = output_data(&cli->output);
    struct output *out = &cli->output;
    char unused[HUMAN_SIZE], written[HUMAN_SIZE];

    jw_int(w, "images", result->images);
    jw_int(w, "images_moved", result->moved);
    jw_int(w, "images_skipped", result->skipped);
    jw_int(w, "images_signed_by_others", result->signed_images);
    jw_int(w, "images_gathered", result->gathered);
    jw_int(w, "objects_kept", result->kept);
    jw_int(w, "unused_bytes", (int64_t)result->unused);
    jw_int(w, "written_bytes", (int64_t)result->written);
    jw_int(w, "copied_bytes", (int64_t)result->copied);
    if (dry_run)
        jw_bool(w, "dry_run", true);
    if (!result->has_images)
        release_note_no_images(cli, cli->args->operands[0]);
    else if (!result->objects && !result->scattered)
        output_note(out, "no object is mostly unused, and no image is scattered: nothing to do");
    if (result->objects && dry_run)
        output_note(out, "%u image%s would be moved; %s are unused", result->images,
                    result->images == 1 ? "" : "s", human_bytes(result->unused, unused));
    if (result->objects && !dry_run)
        output_note(out,
                    "%u image%s moved, %s written; cleanup deletes the former objects (%s unused) "
                    "later",
                    result->moved, result->moved == 1 ? "" : "s",
                    human_bytes(result->written, written), human_bytes(result->unused, unused));
    if (result->scattered)
        output_note(out, "%u scattered image%s %s", dry_run ? result->scattered : result->gathered,
                    (dry_run ? result->scattered : result->gathered) == 1 ? "" : "s",
                    dry_run ? "would be gathered" : "gathered");
    if (result->kept)
        output_note(out, "%u more stay, because replaced images need them", result->kept);
    if (result->signed_images)
        output_note(out,
                    "%u signed image%s as %s: new metadata would need a new signature (--sign-key "
                    "with the key that signed)",
                    result->signed_images, result->signed_images == 1 ? " stays" : "s stay",
                    result->signed_images == 1 ? "it is" : "they are");
    if (result->skipped)
        output_warn(out, "%u image%s changed meanwhile: run the same command again",
                    result->skipped, result->skipped == 1 ? " was" : "s were");
}

int cmd_compact(struct cli *cli, struct err *err)
{
    struct listing listing = {.cli = cli};
    struct compact_options options = {.app = cli->args->operands[0],
                                      .dry_run = config_switch(&cli->config, OPT_DRY_RUN),
                                      .least = COMPACT_LEAST,
                                      .scatter = &GATHER_LIMITS,
                                      .each = print_object,
                                      .each_image = print_image,
                                      .arg = &listing};
    struct json_writer *w = output_data(&cli->output);
    struct cli_signer signer = {.key = ""};
    struct compact_result result;
    int failed;

    if (name_check_app(options.app, err) || signer_open(cli, &signer, &options.signing, err) ||
        connect_store(cli, &options.store, err)) {
        signer_close(&signer);
        return ERR_FAIL;
    }
    jw_string(w, "app_name", options.app);
    jw_array(w, "objects");
    failed = compact_run(&options, &result, err) &&
             transfer_hint_damage(err->about[0] ? err->about : "REF", err);
    begin_images(&listing);
    jw_end(w);
    if (!failed)
        print_result(cli, &result, options.dry_run);
    store_destroy(options.store);
    signer_close(&signer);
    return failed ? ERR_FAIL : 0;
}
