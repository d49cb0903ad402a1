/*
 * deploy_ui - prints a deployment: its phases while it runs, and its result.
 */
#ifndef S3DOCK_CLI_COMMANDS_DEPLOY_UI_H
#define S3DOCK_CLI_COMMANDS_DEPLOY_UI_H

#include "cli/print/progress.h"
#include "deploy/deploy.h"

struct cli;
struct err;

struct deploy_ui {
    struct cli *cli;
    struct progress progress;
    bool several_units; /* the name of the unit is printed */
    bool before_switch; /* the deployment has this hook */
};

/* Starts the progress, and fills options->transfer and options->observer. */
void deploy_ui_begin(struct deploy_ui *ui, struct cli *cli, struct deploy_options *options);
void deploy_ui_end(struct deploy_ui *ui);

/* Prints the result as a line and as data. `failure`: the error of the run, or NULL. Then prints
 * the end of the candidate's log, too. */
void deploy_ui_print(struct cli *cli, const struct deploy_options *options,
                     const struct deploy_result *result, const struct err *failure);

#endif
