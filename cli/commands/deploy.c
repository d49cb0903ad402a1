/*
 * Reads the entry of the configuration, connects the bucket of its profile and the daemon, and runs
 * the deployment. --init and --adopt are in deploy_spec.c.
 *
 * This file sends no request to the daemon: a deployment with nothing to do sends only one.
 */
#include "cli/commands/deploy_spec.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "catalog/name.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/deploy_ui.h"
#include "cli/connect.h"
#include "cli/demands.h"
#include "cli/deployments.h"
#include "cli/settings/args.h"
#include "cli/version.h"
#include "docker/host.h"
#include "store/store.h"
#include "trust/guard.h"

/* ---- flags ---- */

/* Refuses flags that select several actions, and flags without the action that they belong to. */
static int check_flags(const struct config *config, struct err *err)
{
    bool rollback = config_switch(config, OPT_ROLLBACK), init = config_switch(config, OPT_INIT);
    bool adopt = config_text(config, OPT_ADOPT) != NULL, spec = init || adopt;
    const struct {
        bool wrong;
        const char *text;
    } rules[] = {
        {rollback + init + adopt > 1, "--rollback, --init and --adopt exclude each other"},
        {config_text(config, OPT_OUTPUT) && !spec, "--output is for --init and --adopt"},
        {config_switch(config, OPT_OFFLINE) && (spec || !config_switch(config, OPT_DRY_RUN)),
         "--offline is for --dry-run"},
        {config_switch(config, OPT_BLUE_GREEN) && spec,
         "--blue-green deploys; --init and --adopt write a spec"},
        {config_switch(config, OPT_FORCE) && (spec || rollback),
         "--force is for a deployment: a rollback and a spec need none"},
        {config_text(config, OPT_PLATFORM) && (spec || rollback),
         "--platform is for a deployment: a rollback and a spec pull no image"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        if (rules[i].wrong) {
            err_set(err, ERR_USAGE, "flag", "%s", rules[i].text);
            return err_hint(err, "s3dock deploy --help explains the flags");
        }
    return 0;
}

static void read_options(const struct config *config, struct deploy_options *options)
{
    options->reuse = (enum reuse)config_number(config, OPT_REUSE);
    options->lock_wait = (int64_t)config_number(config, OPT_WAIT) * NS_PER_MS;
    options->blue_green = config_switch(config, OPT_BLUE_GREEN);
    options->force = config_switch(config, OPT_FORCE);
    options->dry_run = config_switch(config, OPT_DRY_RUN);
    options->offline = config_switch(config, OPT_OFFLINE);
    options->version = S3DOCK_VERSION;
}

/* ---- running ---- */

static int run(struct cli *cli, struct deploy_options *options, struct err *err)
{
    bool rollback = config_switch(&cli->config, OPT_ROLLBACK);
    struct deploy_result *result = calloc(1, sizeof *result);
    struct deploy_ui ui;
    int failed;

    if (!result)
        return err_memory(err, "the result");
    deploy_result_init(result);
    deploy_ui_begin(&ui, cli, options);
    failed = (rollback ? deploy_rollback : deploy_run)(options, result, err);
    deploy_ui_end(&ui);
    deploy_ui_print(cli, options, result, failed ? err : NULL);
    deploy_result_finish(result);
    free(result);
    return failed;
}

/* A rollback needs the bucket only to record its result, so it also runs without it. It starts a
 * container of this host, and demands no signature. */
static int open_bucket(struct cli *cli, struct cli *entered, struct guard **guard,
                       struct deploy_options *options, struct err *err)
{
    bool rollback = config_switch(&cli->config, OPT_ROLLBACK);

    if (deployments_enter(cli, options->deployment, entered, err) == 0 &&
        (rollback || demands_open(entered, guard, err) == 0) &&
        connect_store(entered, &options->store, err) == 0)
        return 0;
    if (!rollback || err->family == ERR_USAGE)
        return ERR_FAIL;
    output_warn(&cli->output, "the rollback is not recorded in the bucket: %s", err->text);
    return 0;
}

static int run_entry(struct cli *cli, struct deploy_options *options, struct err *err)
{
    struct docker_endpoint endpoint;
    struct guard *guard = NULL;
    struct cli entered = {0};
    int failed = connect_docker_endpoint(cli, &endpoint, err);

    options->endpoint = &endpoint;
    options->cancel = cli->cancel;
    failed = failed || open_bucket(cli, &entered, &guard, options, err);
    options->guard = guard;
    failed = failed || run(cli, options, err);
    store_destroy(options->store);
    guard_close(guard);
    options->guard = NULL;
    options->endpoint = NULL;
    deployments_leave(&entered);
    return failed ? ERR_FAIL : 0;
}

static void print_warnings(struct cli *cli, const struct text *warnings)
{
    const char *at = warnings->data;

    while (at && *at) {
        size_t size = strcspn(at, "\n");

        output_warn(&cli->output, "%.*s", (int)size, at);
        at += size + (at[size] == '\n');
    }
}

static int deploy_entry(struct cli *cli, const char *app, const char *env, struct err *err)
{
    _cleanup_text_ struct text warnings = {0};
    struct deploy_options options = {0};
    struct deployment *deployment;
    int failed;

    text_init(&warnings, 64 * KIB);
    if (deployments_read(cli, app, env, &deployment, &warnings, err))
        return ERR_FAIL;
    print_warnings(cli, &warnings);
    options.deployment = deployment;
    read_options(&cli->config, &options);
    failed = run_entry(cli, &options, err);
    deployments_free(deployment);
    return failed;
}

int cmd_deploy(struct cli *cli, struct err *err)
{
    const char *app = cli->args->operands[0], *env = cli->args->operands[1];

    if (check_flags(&cli->config, err) || name_check_app(app, err) || name_check_env(env, err))
        return ERR_FAIL;
    if (config_switch(&cli->config, OPT_INIT))
        return deploy_spec_init(cli, app, env, err);
    if (config_text(&cli->config, OPT_ADOPT))
        return deploy_spec_adopt(cli, app, env, err);
    return deploy_entry(cli, app, env, err);
}
