/*
 * verify_ui - verifies an image with progress, for verify and push --verify.
 */
#ifndef S3DOCK_CLI_COMMANDS_VERIFY_UI_H
#define S3DOCK_CLI_COMMANDS_VERIFY_UI_H

#include "pull/verify.h"

struct cli;
struct err;

/* Sets options->transfer and runs verify_run. An error of integrity gets the hint to push again. */
int verify_image(struct cli *cli, struct verify_options *options, struct verify_result *result,
                 struct err *err);

#endif
