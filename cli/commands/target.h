/*
 * target - the image that pull or verify reads: REF, APP:VERSION, or APP with an environment or a
 * version.
 */
#ifndef S3DOCK_CLI_COMMANDS_TARGET_H
#define S3DOCK_CLI_COMMANDS_TARGET_H

#include "catalog/resolve.h"
#include "catalog/statement.h"
#include "cli/commands/release_ui.h"

struct args;
struct err;
struct guard;
struct store;

struct target {
    const char *verb;           /* of the command, for hints */
    const char *source;         /* the last operand */
    const char *app;            /* the first of two operands; NULL: only one operand */
    struct wanted wanted;       /* of one operand */
    const char *type;           /* "image", "tag", "environment" */
    struct resolved resolved;   /* archive_key "": the name of the image decides */
    bool stated;                /* `statement` binds the image: it was proven */
    struct statement statement; /* of the environment or the version */
};

/* Parses the operands. Sends no request. */
int target_parse(struct target *target, const struct args *args, struct err *err);
/* Reads the bucket; sets type and resolved. not_found.* if there is no such version or environment.
 */
int target_find(struct target *target, struct store *store, struct err *err);
/* The same, and sets what is stated. `guard`: the demanded signatures; NULL: none. trust.*: the
 * version or the environment is not signed as demanded. */
int target_prove(struct target *target, const struct guard *guard, struct store *store,
                 struct err *err);

#endif
