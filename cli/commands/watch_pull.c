/*
 * A poll only compares ETags. So the pull reads the pointer again if it must be proven.
 */
#include "cli/commands/watch_pull.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/connect.h"
#include "docker/docker.h"
#include "pull/pull.h"
#include "trust/guard.h"
#include "watch/entry.h"
#include "watch/watchdog.h"

/* Proves the pointer, and that it still means what the poll has read. */
static int prove_target(const struct watch_pull *pull, struct pull_options *options,
                        struct guarded *meant, struct err *err)
{
    const struct watch_entry *entry = pull->entry;

    if (!pull->guard)
        return 0;
    if (guard_environment(pull->guard, pull->store, entry->app, entry->env, meant, err))
        return ERR_FAIL;
    if (strcmp(meant->resolved.archive_key, pull->target->resolved.archive_key) != 0)
        return err_set(err, ERR_CONFLICT, "changed", "%s/%s was changed during the pull",
                       entry->app, entry->env);
    options->stated = meant->stated ? &meant->statement : NULL;
    return 0;
}

void watch_pull_transfer(const struct cli *cli, struct watchdog *watchdog,
                         struct transfer_options *out)
{
    const struct config *config = &cli->config;

    *out = (struct transfer_options){
        .jobs = config_is_word(config, OPT_JOBS) ? TRANSFER_JOBS_AUTO
                                                 : (unsigned)config_number(config, OPT_JOBS),
        .memory = (size_t)config_number(config, OPT_MEMORY),
        .cancel = cli->cancel,
        .progress = watchdog_transfer,
        .progress_arg = watchdog,
    };
}

int watch_pull_run(const struct watch_pull *pull, char id[DIGEST_TEXT_SIZE], struct err *err)
{
    const struct config *config = &pull->cli->config;
    struct pull_options options = {
        .transfer = pull->transfer,
        .store = pull->store,
        .name = pull->target->resolved.image,
        .key = pull->target->resolved.archive_key,
        .reuse = (enum reuse)config_number(config, OPT_REUSE),
        .no_resume = !config_switch(config, OPT_RESUME),
        .platform = pull->platform,
        .guard = pull->guard,
    };
    struct pull_result result;
    struct guarded meant;
    int failed = prove_target(pull, &options, &meant, err) ||
                 connect_docker(pull->cli, &options.docker, err) ||
                 pull_run(&options, &result, err);

    docker_close(options.docker);
    if (failed)
        return ERR_FAIL;
    str_copy(id, DIGEST_TEXT_SIZE, result.daemon_id);
    return 0;
}
