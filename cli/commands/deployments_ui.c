/*
 * The rules of an entry are those of deploy/spec.
 */
#include "cli/commands/deployments_ui.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/cli.h"
#include "deploy/spec/container_spec.h"
#include "deploy/spec/deployment.h"

/* ---- printing ---- */

void deployments_print(struct cli *cli, const struct config_file *file)
{
    char app[NAME_APP_MAX], env[NAME_ENV_MAX];

    for (unsigned n = 0; deployment_name(config_file_root(file), n, app, env); n++)
        output_line(&cli->output, "  deploy.%s.%s", app, env);
}

void deployments_show(struct cli *cli, const struct config *config)
{
    struct json_writer *w = output_data(&cli->output);
    char app[NAME_APP_MAX], env[NAME_ENV_MAX];

    if (!config_file_deploys(&config->file))
        return;
    output_line(&cli->output, "deployments (s3dock config validate reads them):");
    deployments_print(cli, &config->file);
    jw_array(w, "deployments");
    for (unsigned n = 0; deployment_name(config_file_root(&config->file), n, app, env); n++) {
        jw_object(w, NULL);
        jw_string(w, "app_name", app);
        jw_string(w, "environment", env);
        jw_end(w);
    }
    jw_end(w);
}

/* ---- checking ---- */

static void add_warnings(const struct text *from, struct text *to)
{
    text_add(to, from->data, from->size);
}

static int check_unit(const struct unit_spec *unit, struct text *warnings, struct err *err)
{
    struct container_spec spec = {0};
    int failed = container_spec_load(unit, &spec, err);

    if (!failed && spec.warnings.size)
        add_warnings(&spec.warnings, warnings);
    container_spec_finish(&spec);
    return failed;
}

static int check_profile(const struct config *config, const struct deployment *deployment,
                         struct err *err)
{
    if (!deployment->profile[0] || config_file_has_profile(&config->file, deployment->profile))
        return 0;
    err_set(err, ERR_USAGE, "profile",
            "deploy.%s.%s in %s names the profile '%s', which does not exist", deployment->app,
            deployment->env, config->file.path, deployment->profile);
    return err_hint(err, "s3dock config list shows the profiles of %s", config->file.path);
}

static int check_entry(const struct config *config, const char *app, const char *env,
                       struct deployment *deployment, struct text *warnings, struct err *err)
{
    if (deployment_read(config_file_root(&config->file), config->file.path, app, env, deployment,
                        warnings, err) ||
        check_profile(config, deployment, err))
        return ERR_FAIL;
    for (unsigned i = 0; i < deployment->unit_count; i++)
        if (check_unit(&deployment->units[i], warnings, err))
            return ERR_FAIL;
    return 0;
}

int deployments_validate(const struct config *config, struct text *warnings, struct err *err)
{
    struct deployment *deployment = calloc(1, sizeof *deployment);
    char app[NAME_APP_MAX], env[NAME_ENV_MAX];
    int failed = 0;

    if (!deployment)
        return err_memory(err, "a deployment");
    for (unsigned n = 0; !failed && deployment_name(config_file_root(&config->file), n, app, env);
         n++) {
        failed = check_entry(config, app, env, deployment, warnings, err);
        deployment_finish(deployment);
    }
    free(deployment);
    return failed ? ERR_FAIL : 0;
}
