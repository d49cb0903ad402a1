/*
 * Formats the variables and runs the command beside the threads of the store.
 */
#include "cli/commands/watch_hook.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "flow/program.h"
#include "flow/run.h"
#include "watch/entry.h"

static int run_line(const struct watch_hook *hook, char *const *environment, struct err *err)
{
    struct program program = {.what = "the hook",
                              .line = hook->line,
                              .env = environment,
                              .limit = WATCH_HOOK_LIMIT,
                              .family = ERR_LOCAL,
                              .code = "hook",
                              .cancel = hook->cancel,
                              .wake = hook->wake,
                              .arg = hook->arg};
    int code;

    if (program_run(&program, &code, err))
        return ERR_FAIL;
    return code ? err_set(err, ERR_LOCAL, "hook", "the hook ended with exit code %d", code) : 0;
}

int watch_hook_run(const struct watch_hook *hook, const struct watch_entry *entry,
                   const char *image, const char *id, struct err *err)
{
    char app[NAME_APP_MAX + 16], env[NAME_ENV_MAX + 16], now[NAME_REF_MAX + 16],
        previous[NAME_REF_MAX + 20], image_id[DIGEST_TEXT_SIZE + 20];
    const char *const changes[] = {PROGRAM_NO_NOTIFY, app, env, now, image_id, previous, NULL};
    char **environment;
    int failed;

    snprintf(app, sizeof app, "S3DOCK_APP=%s", entry->app);
    snprintf(env, sizeof env, "S3DOCK_ENV=%s", entry->env);
    snprintf(now, sizeof now, "S3DOCK_IMAGE=%s", image);
    snprintf(image_id, sizeof image_id, "S3DOCK_IMAGE_ID=%s", id);
    snprintf(previous, sizeof previous, "S3DOCK_PREVIOUS=%s", entry->served);
    environment = run_environment(changes);
    if (!environment)
        return err_memory(err, "the environment of the hook");
    failed = run_line(hook, environment, err);
    free(environment);
    return failed;
}
