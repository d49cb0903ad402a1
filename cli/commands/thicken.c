/* Makes a thin image whole, and prints its new object. */
#include "rewrite/thicken.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/target.h"
#include "cli/commands/transfer_ui.h"
#include "cli/connect.h"
#include "cli/platform_ui.h"
#include "cli/print/human.h"
#include "cli/signer.h"
#include "store/store.h"

static void print_result(struct cli *cli, const struct thicken_result *result, bool dry_run)
{
    struct json_writer *w = output_data(&cli->output);
    char size[HUMAN_SIZE];

    jw_string(w, "image_ref", result->image_ref);
    jw_string_if(w, "platform", result->platform);
    jw_int(w, "size", (int64_t)result->size);
    jw_int(w, "objects", result->objects);
    jw_bool(w, "changed", result->key[0] && !dry_run);
    if (!dry_run)
        jw_string_if(w, "object_key", result->key);
    jw_int(w, "copied_bytes", (int64_t)result->copied);
    jw_int(w, "repacked_bytes", (int64_t)result->repacked);
    if (dry_run)
        jw_bool(w, "dry_run", true);
    if (!result->key[0])
        output_line(&cli->output, "%s is whole already", result->image_ref);
    else
        output_line(&cli->output, "%s: %s from %u object%s %s into one archive", result->image_ref,
                    human_bytes(result->size, size), result->objects,
                    result->objects == 1 ? "" : "s", dry_run ? "would be copied" : "were copied");
    if (result->key[0] && !dry_run)
        output_note(&cli->output, "%s", result->key);
}

int cmd_thicken(struct cli *cli, struct err *err)
{
    struct thicken_options options = {.dry_run = config_switch(&cli->config, OPT_DRY_RUN)};
    struct thicken_result result;
    struct platform platform;
    struct cli_signer signer = {.key = ""};
    struct target target;
    int failed;

    if (platform_read(&cli->config, &platform, err) || target_parse(&target, cli->args, err))
        return ERR_FAIL;
    failed = signer_open(cli, &signer, &options.signing, err) ||
             connect_store(cli, &options.store, err) || target_find(&target, options.store, err);
    if (!failed) {
        options.platform = platform.os[0] ? &platform : NULL;
        options.name = target.resolved.image;
        options.key = target.resolved.archive_key[0] ? target.resolved.archive_key : NULL;
        failed = thicken_run(&options, &result, err) && transfer_hint_damage(options.name.ref, err);
    }
    if (!failed)
        print_result(cli, &result, options.dry_run);
    store_destroy(options.store);
    signer_close(&signer);
    return failed ? ERR_FAIL : 0;
}
