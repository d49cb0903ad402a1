/*
 * Prints the image of an environment.
 */
#include "base/err.h"
#include "catalog/resolve.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/trust_report.h"
#include "cli/connect.h"

static void print_image(struct cli *cli, const char *app, const char *env,
                        const struct resolved *resolved)
{
    struct json_writer *w = output_data(&cli->output);

    jw_string(w, "app_name", app);
    jw_string(w, "environment", env);
    jw_string(w, "image_ref", resolved->image.ref);
    jw_string_if(w, "source_tag", resolved->version);
    jw_string(w, "s3_key", resolved->archive_key);
    output_line(&cli->output, "%s", resolved->image.ref);
}

int cmd_current(struct cli *cli, struct err *err)
{
    const char *app = cli->args->operands[0], *env = cli->args->operands[1];
    struct resolved resolved;
    struct store *store = NULL;
    char key[KEY_MAX];
    int failed;

    if (name_check_app(app, err) || name_check_env(env, err))
        return ERR_FAIL;
    key_pointer(key, app, env);
    failed =
        connect_store(cli, &store, err) || resolve_environment(store, app, env, &resolved, err);
    if (!failed) {
        print_image(cli, app, env, &resolved);
        failed = trust_report_show(cli, store, key, err);
    }
    store_destroy(store);
    return failed ? ERR_FAIL : 0;
}
