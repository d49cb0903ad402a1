/*
 * deploy/spec reads an entry; here is what the command line adds: consent and the profile.
 */
#include "cli/deployments.h"

#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/credentials.h"
#include "cli/settings/consent.h"
#include "deploy/spec/deployment.h"

static int report_absent(const struct config *config, const char *app, const char *env,
                         struct err *err)
{
    err_set(err, ERR_NOT_FOUND, CODE_DEPLOYMENT, "there is no entry deploy.%s.%s in %s", app, env,
            config->file.path[0] ? config->file.path : "a configuration file");
    return err_about(err, "%s %s", app, env);
}

int deployments_read(const struct cli *cli, const char *app, const char *env,
                     struct deployment **out, struct text *warnings, struct err *err)
{
    const struct config_file *file = &cli->config.file;
    struct deployment *deployment;
    int answer;

    *out = NULL;
    if (consent_deploy(&cli->config, err))
        return ERR_FAIL;
    deployment = calloc(1, sizeof *deployment);
    if (!deployment)
        return err_memory(err, "a deployment");
    answer =
        deployment_read(config_file_root(file), file->path, app, env, deployment, warnings, err);
    if (answer == DEPLOYMENT_ABSENT)
        answer = report_absent(&cli->config, app, env, err);
    if (answer)
        deployments_free(deployment);
    else
        *out = deployment;
    return answer ? ERR_FAIL : 0;
}

void deployments_free(struct deployment *deployment)
{
    if (deployment)
        deployment_finish(deployment);
    free(deployment);
}

bool deployments_name(const struct cli *cli, unsigned n, char app[NAME_APP_MAX],
                      char env[NAME_ENV_MAX])
{
    return deployment_name(config_file_root(&cli->config.file), n, app, env);
}

int deployments_enter(const struct cli *cli, const struct deployment *deployment, struct cli *out,
                      struct err *err)
{
    bool chosen = cli->config.profile_chosen || cli->config.aws_chosen || !deployment->profile[0];

    memset(out, 0, sizeof *out);
    out->args = cli->args;
    out->cancel = cli->cancel;
    out->profile = chosen ? NULL : deployment->profile;
    output_init(&out->output, cli->output.json);
    out->output.quiet = cli->output.quiet;
    if (chosen)
        return config_load(&out->config, cli->args, config_environment, false, err);
    return config_load_profile(&out->config, cli->args, config_environment, deployment->profile,
                               err);
}

void deployments_leave(struct cli *entered)
{
    credentials_close(entered);
    config_finish(&entered->config);
    output_finish(&entered->output);
}
