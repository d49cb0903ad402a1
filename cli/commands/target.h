/*
 * target - the image that a command reads: named by REF, APP:VERSION, or APP and an environment or
 * a version.
 */
#ifndef S3DOCK_CLI_COMMANDS_TARGET_H
#define S3DOCK_CLI_COMMANDS_TARGET_H

#include "catalog/resolve.h"
#include "cli/commands/release_ui.h"

struct args;
struct err;
struct store;

struct target {
    const char *verb;         /* of the command, for hints */
    const char *source;       /* as it was typed */
    const char *app;          /* the first of two operands; NULL: there is one */
    struct wanted wanted;     /* of one operand */
    const char *type;         /* "image", "tag", "environment" */
    struct resolved resolved; /* archive_key "": not known, the image's name tells where */
};

/* Reads the operands; needs no bucket. */
int target_parse(struct target *target, const struct args *args, struct err *err);
/* Sets type and resolved. */
int target_find(struct target *target, struct store *store, struct err *err);

#endif
