/*
 * Prints the image of an environment.
 */
#include "base/err.h"
#include "catalog/resolve.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/connect.h"

int cmd_current(struct cli *cli, struct err *err)
{
    const char *app = cli->args->operands[0], *env = cli->args->operands[1];
    struct resolved resolved;
    struct store *store = NULL;
    struct json_writer *w;
    int failed;

    if (name_check_app(app, err) || name_check_env(env, err))
        return ERR_FAIL;
    failed = connect_store(cli, false, &store, err) ||
             resolve_environment(store, app, env, &resolved, err);
    store_destroy(store);
    if (failed)
        return ERR_FAIL;
    w = output_data(&cli->output);
    jw_string(w, "app_name", app);
    jw_string(w, "environment", env);
    jw_string(w, "image_ref", resolved.image.ref);
    jw_string_if(w, "source_tag", resolved.version);
    jw_string(w, "s3_key", resolved.archive_key);
    output_line(&cli->output, "%s", resolved.image.ref);
    return 0;
}
