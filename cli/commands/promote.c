/*
 * Sets the image of an environment, to an image or to a version.
 */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/release_ui.h"
#include "cli/settings/args.h"
#include "cli/signer.h"

/* Parses REF ENV, APP:VERSION ENV, or APP VERSION ENV. */
static int read_operands(const struct args *args, struct wanted *wanted, const char **env,
                         struct err *err)
{
    const char *first = args->operands[0];

    *env = args->operands[args->operand_count - 1];
    if (args->operand_count == 3) {
        *wanted = (struct wanted){.by_version = true};
        if (name_check_app(first, err) || name_check_version(args->operands[1], err))
            return ERR_FAIL;
        str_copy(wanted->app, sizeof wanted->app, first);
        str_copy(wanted->version, sizeof wanted->version, args->operands[1]);
        return 0;
    }
    if (!strchr(first, ':')) {
        err_set(err, ERR_USAGE, "reference",
                "promoting from version tags requires specifying app name - use "
                "'appname:version' format or direct image reference");
        return err_hint(err, "s3dock promote APP %s %s", first, *env);
    }
    if (wanted_parse(first, wanted, err))
        return err_wrap(err, "failed to parse image reference");
    return 0;
}

static void print_result(struct cli *cli, const struct wanted *wanted, const char *env,
                         const struct cli_signer *signer, const struct release_result *result)
{
    struct json_writer *w = output_data(&cli->output);
    char source[NAME_APP_MAX + NAME_VERSION_MAX];

    snprintf(source, sizeof source, "%s:%s", wanted->app,
             wanted->by_version ? wanted->version : wanted->image.tag);
    jw_string(w, "source", source);
    jw_string(w, "environment", env);
    jw_string(w, "source_type", wanted->by_version ? "tag" : "image");
    jw_string(w, "image_ref", result->image.ref);
    jw_bool(w, "skipped", result->skipped);
    jw_string(w, "s3_key", result->key);
    release_write(cli, w, signer, result);
    if (result->skipped)
        output_note(&cli->output, "%s is %s already%s", env, source,
                    result->is_signed ? "" : ": nothing to do");
    else
        output_note(&cli->output, "%s %s to %s",
                    config_switch(&cli->config, OPT_DRY_RUN) ? "would promote" : "promoted", source,
                    env);
    release_warn(cli, result);
}

static int promote_version(const struct release_options *options, const struct wanted *wanted,
                           const char *env, struct release_result *result, struct err *err)
{
    int failed = release_promote_tag(options, wanted->app, wanted->version, env, result, err);

    if (failed)
        wanted_no_version(options->store, wanted->app, wanted->version, "current", err);
    return failed;
}

int cmd_promote(struct cli *cli, struct err *err)
{
    struct release_options options = {0};
    struct cli_signer signer = {.key = ""};
    struct release_result result;
    struct wanted wanted = {.by_version = false};
    const char *env;
    int failed;

    if (read_operands(cli->args, &wanted, &env, err) || name_check_new_env(env, err))
        return ERR_FAIL;
    failed = release_begin(cli, &options, &signer, err);
    if (!failed && wanted.by_version)
        failed = promote_version(&options, &wanted, env, &result, err);
    else if (!failed)
        failed = release_promote_image(&options, &wanted.image, env, &result, err);
    if (!failed)
        print_result(cli, &wanted, env, &signer, &result);
    if (!failed)
        release_judge(cli, &options, &result);
    release_end(&options, &signer);
    return failed ? ERR_FAIL : 0;
}
