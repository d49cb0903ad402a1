/*
 * Each command creates the host of this machine, and lends it to the deployer.
 */
#include "deploy/deploy.h"

#include "deploy/deployer.h"
#include "deploy/real_host.h"

typedef int command_fn(struct deploy_host *host, const struct deploy_options *options,
                       struct deploy_result *result, struct err *err);

static int run_on_host(command_fn *command, const struct deploy_options *options,
                       struct deploy_result *result, struct err *err)
{
    struct deploy_host *host;
    int failed;

    deploy_result_init(result);
    host = real_host_create(options, err);
    failed = host ? command(host, options, result, err) : ERR_FAIL;
    real_host_destroy(host);
    return failed;
}

int deploy_run(const struct deploy_options *options, struct deploy_result *result, struct err *err)
{
    return run_on_host(deployer_run, options, result, err);
}

int deploy_converge(const struct deploy_options *options, struct deploy_result *result,
                    struct err *err)
{
    return run_on_host(deployer_converge, options, result, err);
}

int deploy_rollback(const struct deploy_options *options, struct deploy_result *result,
                    struct err *err)
{
    return run_on_host(deployer_rollback, options, result, err);
}
