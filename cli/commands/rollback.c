/*
 * Sets the previous image of an environment again.
 */
#include "base/err.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/release_ui.h"
#include "cli/signer.h"

static void print_result(struct cli *cli, const char *app, const char *env,
                         const struct cli_signer *signer, const struct release_result *result)
{
    struct json_writer *w = output_data(&cli->output);

    jw_string(w, "app_name", app);
    jw_string(w, "environment", env);
    jw_string(w, "image_ref", result->image.ref);
    jw_string_if(w, "source_tag", result->version);
    jw_bool(w, "skipped", result->skipped);
    jw_string(w, "s3_key", result->key);
    release_write(cli, w, signer, result);
    output_note(&cli->output, "%s %s/%s to %s%s%s",
                config_switch(&cli->config, OPT_DRY_RUN) ? "would roll back" : "rolled back", app,
                env, result->image.ref, result->version[0] ? " via " : "", result->version);
    release_warn(cli, result);
}

int cmd_rollback(struct cli *cli, struct err *err)
{
    const char *app = cli->args->operands[0], *env = cli->args->operands[1];
    struct release_options options = {0};
    struct cli_signer signer = {.key = ""};
    struct release_result result;
    int failed;

    if (name_check_app(app, err) || name_check_env(env, err))
        return ERR_FAIL;
    failed = release_begin(cli, &options, &signer, err) ||
             release_rollback(&options, app, env, &result, err);
    if (!failed)
        print_result(cli, app, env, &signer, &result);
    if (!failed)
        release_judge(cli, &options, &result);
    release_end(&options, &signer);
    return failed ? ERR_FAIL : 0;
}
