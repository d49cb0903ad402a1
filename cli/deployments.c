/*
 * deploy/spec reads an entry. This module adds consent, the platform, and the profile.
 */
#include "cli/deployments.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/nearest.h"
#include "cli/cli.h"
#include "cli/credentials.h"
#include "cli/platform_ui.h"
#include "cli/settings/consent.h"
#include "deploy/spec/deployment.h"

static int report_absent(const struct cli *cli, const char *app, const char *env, struct err *err)
{
    const char *path = cli->config.file.path;

    err_set(err, ERR_NOT_FOUND, CODE_DEPLOYMENT, "there is no entry deploy.%s.%s in %s", app, env,
            path[0] ? path : "a configuration file");
    err_about(err, "%s %s", app, env);
    return deployments_suggest(cli, app, env, err);
}

/* Sets the platform of the option, if it is set. */
static int choose_platform(const struct config *config, struct platform *out, struct err *err)
{
    struct platform chosen;

    if (platform_read(config, &chosen, err))
        return ERR_FAIL;
    if (chosen.os[0])
        *out = chosen;
    return 0;
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
        answer = report_absent(cli, app, env, err);
    answer = answer || choose_platform(&cli->config, &deployment->platform, err);
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

#define SHORT_FORM 3

/* Adds the distance of a name to *distance. False: the names are not similar. A short form, such as
 * "prod", counts as one error. */
static bool add_distance(const char *name, const char *candidate, unsigned *distance)
{
    struct nearest nearest;
    size_t size = strlen(name);

    if (strcmp(name, candidate) == 0)
        return true;
    if (size >= SHORT_FORM && strncmp(name, candidate, size) == 0) {
        *distance += 1;
        return true;
    }
    nearest_init(&nearest, name);
    nearest_try(&nearest, candidate);
    *distance += nearest.distance;
    return nearest_found(&nearest) != NULL;
}

/* Returns the number of wrong letters. UINT_MAX: the names are not similar. */
static unsigned distance_of(const char *app, const char *env, const char *near_app,
                            const char *near_env)
{
    unsigned distance = 0;

    if (!add_distance(app, near_app, &distance) || (env && !add_distance(env, near_env, &distance)))
        return UINT_MAX;
    return distance;
}

bool deployments_nearest(const struct cli *cli, const char *app, const char *env,
                         char out[DEPLOYMENTS_NAMES_MAX])
{
    char near_app[NAME_APP_MAX], near_env[NAME_ENV_MAX];
    unsigned least = UINT_MAX;

    for (unsigned n = 0; deployments_name(cli, n, near_app, near_env); n++) {
        unsigned distance = distance_of(app, env, near_app, near_env);
        struct err invalid = {0};

        if (!distance)
            return false;
        if (distance >= least || name_check_app(near_app, &invalid) ||
            name_check_env(near_env, &invalid))
            continue;
        least = distance;
        snprintf(out, DEPLOYMENTS_NAMES_MAX, "%s%s%s", near_app, env ? " " : "",
                 env ? near_env : "");
    }
    return least < UINT_MAX;
}

int deployments_suggest(const struct cli *cli, const char *app, const char *env, struct err *err)
{
    char names[DEPLOYMENTS_NAMES_MAX];

    return deployments_nearest(cli, app, env, names) ? err_hint(err, "did you mean %s?", names)
                                                     : ERR_FAIL;
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
    return config_load_profile(&out->config, cli->args, config_environment, out->profile, err);
}

void deployments_leave(struct cli *entered)
{
    credentials_close(entered);
    config_finish(&entered->config);
    output_finish(&entered->output);
}
