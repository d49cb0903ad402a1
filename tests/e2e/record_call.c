/*
 * Calls deploy/record as a host does, for scenarios. The bucket is that of the environment.
 *
 *   record_call result HOST APP ENV HEARTBEAT OUTCOME IMAGE PREVIOUS [CODE]
 *   record_call heartbeat HOST APP ENV HEARTBEAT
 *
 * OUTCOME is a number of enum deploy_outcome. CODE: the run failed with deploy.CODE. The machine id
 * is read from the file machine-id of the current folder. Prints the result of the call.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/connect.h"
#include "cli/credentials.h"
#include "deploy/record.h"
#include "store/store.h"

static int record(struct record_options *options, int argc, char **argv, struct err *err)
{
    struct deploy_result result;
    struct err failure;
    int answer;

    if (argc < 9)
        return record_heartbeat(options, err);
    deploy_result_init(&result);
    result.outcome = (enum deploy_outcome)atoi(argv[6]);
    str_copy(result.wanted_ref, sizeof result.wanted_ref, argv[7]);
    str_copy(result.image_ref, sizeof result.image_ref, argc > 9 ? argv[8] : argv[7]);
    str_copy(result.previous_ref, sizeof result.previous_ref, argv[8]);
    if (argc > 9)
        err_set(&failure, ERR_DEPLOY, argv[9], "as the scenario wants");
    answer = record_result(options, &result, argc > 9 ? &failure : NULL, err);
    deploy_result_finish(&result);
    return answer;
}

static int run(struct cli *cli, int argc, char **argv, struct err *err)
{
    struct record_options options = {.host_name = argv[2],
                                     .app = argv[3],
                                     .env = argv[4],
                                     .heartbeat = atol(argv[5]),
                                     .version = "0.0.0",
                                     .id_file = "machine-id"};
    int answer = ERR_FAIL;

    if (config_load_without_file(&cli->config, cli->args, config_environment, err) == 0 &&
        connect_store(cli, &options.store, err) == 0)
        answer = record(&options, argc, argv, err);
    store_destroy(options.store);
    credentials_close(cli);
    config_finish(&cli->config);
    return answer;
}

int main(int argc, char **argv)
{
    struct args args = {.command = CMD_STATUS};
    struct cli cli = {.args = &args};
    struct err err = {0};
    int answer;

    if (argc < 6)
        return ERR_USAGE;
    output_init(&cli.output, false);
    answer = run(&cli, argc, argv, &err);
    output_finish(&cli.output);
    if (answer < 0)
        fprintf(stderr, "error[%s.%s]: %s\n  hint: %s\n", err_family_name(err.family), err.code,
                err.text, err.hint);
    else
        printf("%d\n", answer);
    return answer < 0 ? (int)err.family : 0;
}
