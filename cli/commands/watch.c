/*
 * Follows environments until a signal ends it. A signal is the usual end, so the exit code is 0: a
 * deployment that it interrupts is continued by the next run.
 */
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/watch_host.h"
#include "cli/deployments.h"
#include "cli/settings/args.h"
#include "watch/watch.h"

static int add_entry(struct watch_entry *entries, unsigned *count, const char *app, const char *env,
                     struct err *err)
{
    if (*count == WATCH_ENTRIES_MAX)
        return err_set(err, ERR_USAGE, CODE_CONFIG,
                       "the configuration has more than %d deployments", WATCH_ENTRIES_MAX);
    watch_entry_init(&entries[(*count)++], app, env);
    return 0;
}

/* The entry of the operands, or all entries of the configuration. */
static int find_entries(struct cli *cli, struct watch_entry *entries, unsigned *count,
                        struct err *err)
{
    char app[NAME_APP_MAX], env[NAME_ENV_MAX];

    if (cli->args->operand_count == 1) {
        err_set(err, ERR_USAGE, "arguments", "watch takes APP and ENV, or no operands");
        return err_hint(err, "s3dock watch %s production", cli->args->operands[0]);
    }
    if (cli->args->operand_count) {
        const char *const *names = cli->args->operands;

        return name_check_app(names[0], err) || name_check_env(names[1], err) ||
                       add_entry(entries, count, names[0], names[1], err)
                   ? ERR_FAIL
                   : 0;
    }
    for (unsigned n = 0; deployments_name(cli, n, app, env); n++)
        if (add_entry(entries, count, app, env, err))
            return ERR_FAIL;
    if (*count)
        return 0;
    err_set(err, ERR_USAGE, CODE_CONFIG, "the configuration has no deployments to watch");
    return err_hint(err, "name an environment: s3dock watch APP ENV; or add a deployment: s3dock "
                         "deploy --init APP ENV");
}

static int check_flags(const struct cli *cli, struct err *err)
{
    if (!config_switch(&cli->config, OPT_DEPLOY) || !config_text(&cli->config, OPT_HOOK))
        return 0;
    err_set(err, ERR_USAGE, "flag", "--hook is for a watch that does not deploy");
    return err_hint(err, "with --deploy, the keys before_switch and after of the deployment name "
                         "commands");
}

static int run_watch(struct cli *cli, struct watch_entry *entries, unsigned count, struct err *err)
{
    const struct config *config = &cli->config;
    struct live_watch *live =
        live_watch_create(cli, entries, count, config_switch(config, OPT_DEPLOY), err);
    struct watch_options options = {
        .interval = (int64_t)config_number(config, OPT_INTERVAL) * NS_PER_MS,
        .splay = (int64_t)config_number(config, OPT_SPLAY) * NS_PER_MS,
        .heartbeat = (int64_t)config_number(config, OPT_HEARTBEAT) * NS_PER_MS,
    };
    struct watch_host host;
    int failed;

    if (!live)
        return ERR_FAIL;
    options.machine = live_watch_machine(live);
    live_watch_begin(live, &host);
    failed = watch_run(&options, &host, entries, count, err);
    failed = live_watch_end(live, err) || failed;
    cli->output.json = false; /* standard output has one line for each change already */
    live_watch_destroy(live);
    return failed ? ERR_FAIL : 0;
}

int cmd_watch(struct cli *cli, struct err *err)
{
    struct watch_entry *entries = calloc(WATCH_ENTRIES_MAX, sizeof *entries);
    unsigned count = 0;
    int failed;

    if (!entries)
        return err_memory(err, "the environments");
    failed = check_flags(cli, err) || find_entries(cli, entries, &count, err) ||
             run_watch(cli, entries, count, err);
    free(entries);
    return failed ? ERR_FAIL : 0;
}
