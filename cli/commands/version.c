/*
 * Prints version, commit and date of the build.
 */
#include "cli/version.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"

int cmd_version(struct cli *cli, struct err *err)
{
    struct json_writer *w = output_data(&cli->output);

    (void)err;
    jw_string(w, "version", S3DOCK_VERSION);
    jw_string(w, "commit", S3DOCK_COMMIT);
    jw_string(w, "date", S3DOCK_DATE);
    if (!config_switch(&cli->config, OPT_FULL)) {
        output_line(&cli->output, "%s", S3DOCK_VERSION);
        return 0;
    }
    output_line(&cli->output, "s3dock version %s", S3DOCK_VERSION);
    output_line(&cli->output, "commit: %s", S3DOCK_COMMIT);
    output_line(&cli->output, "date: %s", S3DOCK_DATE);
    return 0;
}
