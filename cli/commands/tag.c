/*
 * Gives an image a version.
 */
#include "base/err.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/release_ui.h"
#include "cli/signer.h"

static void print_result(struct cli *cli, const struct release_options *options,
                         const struct image_name *image, const struct cli_signer *signer,
                         const struct release_result *result)
{
    const char *version = cli->args->operands[1];
    struct json_writer *w = output_data(&cli->output);

    jw_string(w, "image_ref", image->ref);
    jw_string(w, "version", version);
    jw_string(w, "s3_key", result->key);
    jw_bool(w, "skipped", result->skipped);
    release_write(cli, w, signer, result);
    if (result->skipped)
        output_note(&cli->output, "%s is %s already%s", image->ref, version,
                    result->is_signed ? "" : ": nothing to do");
    else
        output_note(&cli->output, "%s %s as %s", options->dry_run ? "would tag" : "tagged",
                    image->ref, version);
    if (result->previous[0])
        output_note(&cli->output, "the version was %s before", result->previous);
    release_warn(cli, result);
}

int cmd_tag(struct cli *cli, struct err *err)
{
    struct release_options options = {0};
    struct cli_signer signer = {.key = ""};
    struct release_result result;
    struct image_name image;
    int failed;

    if (name_parse_image(cli->args->operands[0], &image, err))
        return err_wrap(err, "failed to parse image reference");
    if (name_check_new_version(cli->args->operands[1], err))
        return ERR_FAIL;
    failed = release_begin(cli, &options, &signer, err) ||
             release_tag(&options, &image, cli->args->operands[1], &result, err);
    if (!failed)
        print_result(cli, &options, &image, &signer, &result);
    if (!failed)
        release_judge(cli, &options, &result);
    release_end(&options, &signer);
    return failed ? ERR_FAIL : 0;
}
