/*
 * Runs all checks, prints the report, and fails with the first failure.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/connect.h"
#include "cli/doctor/doctor.h"
#include "cli/settings/args.h"
#include "store/store.h"

/* Loads the configuration with its file, as for other commands. If that fails, the settings of
 * flags and environment stay. */
static int load_settings(struct cli *cli, struct err *err)
{
    struct args args = *cli->args;
    struct config whole;

    args.command = CMD_NONE; /* report the wrong values of all commands */
    if (config_load(&whole, &args, config_environment, err)) {
        config_finish(&whole);
        return ERR_FAIL;
    }
    config_finish(&cli->config);
    cli->config = whole;
    return 0;
}

/* Returns the name of the check for an error of opening the store. */
static const char *check_name(const struct err *err)
{
    switch (err->family) {
    case ERR_AUTH:
        return "credentials";
    case ERR_NOT_FOUND:
        return "bucket";
    default:
        return "endpoint";
    }
}

static void check_opened(struct doctor *doctor, struct cli *cli, struct store *store, bool create)
{
    const struct config *config = &cli->config;

    if (doctor_check_bucket(doctor, store, config_switch(config, OPT_READ_ONLY), create))
        doctor_check_lifecycle(doctor, store, config_text(config, OPT_KEY_PREFIX),
                               config_text(config, OPT_TAGS) != NULL);
}

static void check_bucket(struct doctor *doctor, struct cli *cli)
{
    bool create = config_switch(&cli->config, OPT_CREATE);
    struct store *store = NULL;
    struct err err;

    doctor_check_settings(doctor, &cli->config);
    if (!doctor_check_credentials(doctor, cli)) {
        doctor_skipped(doctor, "bucket", "skipped, because there are no credentials");
        return;
    }
    if (connect_or_create_store(cli, create, &store, &err))
        doctor_found(doctor, check_name(&err), DOCTOR_FAILED, &err);
    else
        check_opened(doctor, cli, store, create);
    store_destroy(store);
}

int cmd_doctor(struct cli *cli, struct err *err)
{
    struct doctor *doctor = calloc(1, sizeof *doctor);
    int failed;

    if (!doctor)
        return err_memory(err, "the report");
    if (load_settings(cli, err)) {
        doctor_found(doctor, "configuration", DOCTOR_FAILED, err);
        doctor_skipped(doctor, "bucket", "skipped, because the configuration does not name it");
    } else {
        check_bucket(doctor, cli);
        doctor_check_signatures(doctor, cli);
    }
    doctor_check_docker(doctor, cli);
    doctor_check_cache(doctor);
    doctor_check_deployments(doctor, cli);
    failed = cancel_check(cli->cancel, err);
    if (!failed) {
        failed = doctor_verdict(doctor, err);
        cli->output.result_and_error = failed != 0;
        doctor_print(doctor, &cli->output);
    }
    free(doctor);
    return failed;
}
