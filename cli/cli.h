/*
 * cli - the arguments of every command: the parsed command line, the configuration, the output.
 */
#ifndef S3DOCK_CLI_CLI_H
#define S3DOCK_CLI_CLI_H

#include "cli/print/output.h"
#include "cli/settings/args.h"
#include "cli/settings/config.h"
#include "flow/cancel.h"

struct cli_credentials;

/* main creates and destroys it. `watch` makes one more for each profile that it uses. */
struct cli {
    const struct args *args;
    struct config config;                /* resolved for this command */
    struct output output;                /* collects and prints the result, notes and warnings */
    struct cancel *cancel;               /* set by a signal; NULL in tests: never */
    struct cli_credentials *credentials; /* NULL until credentials_open */
    const char *profile;                 /* of the file; NULL: that of the command line */
};

#endif
