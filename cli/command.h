/*
 * command - the table of commands: how each is called, what it says about itself, what runs it.
 */
#ifndef S3DOCK_CLI_COMMAND_H
#define S3DOCK_CLI_COMMAND_H

#include <stdbool.h>

#include "cli/print/output.h"
#include "cli/settings/config.h"
#include "flow/cancel.h"

struct err;
struct args;

enum command_id {
    CMD_BUILD,
    CMD_PUSH,
    CMD_PULL,
    CMD_VERIFY,
    CMD_INSPECT,
    CMD_DIFF,
    CMD_TAG,
    CMD_PROMOTE,
    CMD_ROLLBACK,
    CMD_CURRENT,
    CMD_HISTORY,
    CMD_LIST_APPS,
    CMD_LIST_IMAGES,
    CMD_LIST_TAGS,
    CMD_LIST_ENVS,
    CMD_LIST_TAG_FOR,
    CMD_RESUME,
    CMD_CLEANUP,
    CMD_CONFIG_INIT,
    CMD_CONFIG_SHOW,
    CMD_CONFIG_LIST,
    CMD_CONFIG_VALIDATE,
    CMD_CONFIG_TRUST,
    CMD_DOCTOR,
    CMD_COMPLETION,
    CMD_MAN,
    CMD_VERSION,
    CMD_HELP,
    COMMAND_COUNT
};

/* What a command is given. Made and taken down by main. */
struct cli {
    const struct args *args;
    struct config config; /* resolved for this command */
    struct output output; /* what it says goes here */
    struct cancel cancel;
};

struct command {
    const char *name;     /* "push", "config init": also the envelope's "command" */
    const char *group;    /* heading in the help; commands of a group stand together */
    const char *operands; /* "REF", "[FILE]" */
    unsigned least, most; /* operands */
    const char *missing;  /* what is said when there are too few; NULL: the usual */
    bool hands_on;        /* what stands after -- goes to another program */
    bool no_file;         /* runs without the configuration file, even a broken one */
    const char *summary;  /* half a line */
    const char *examples; /* lines of two columns: command, tab, what it does */
    const char *details;  /* paragraphs of at most 78 columns */
    /* 0, or ERR_FAIL with err filled. Results go to cli->output. */
    int (*run)(struct cli *cli, struct err *err);
};

extern const struct command command_table[COMMAND_COUNT];

/* Whether `word` is the first of a command of two words. */
bool command_is_group(const char *word);

enum command_id command_id(const struct command *command);
/* The command that the first words name, and how many words it took; NULL and usage.command when
 * there is none such. */
const struct command *command_find(const char *const *words, unsigned count, unsigned *used,
                                   struct err *err);

int cmd_build(struct cli *cli, struct err *err);
int cmd_push(struct cli *cli, struct err *err);
int cmd_pull(struct cli *cli, struct err *err);
int cmd_verify(struct cli *cli, struct err *err);
int cmd_inspect(struct cli *cli, struct err *err);
int cmd_diff(struct cli *cli, struct err *err);
int cmd_tag(struct cli *cli, struct err *err);
int cmd_promote(struct cli *cli, struct err *err);
int cmd_rollback(struct cli *cli, struct err *err);
int cmd_current(struct cli *cli, struct err *err);
int cmd_history(struct cli *cli, struct err *err);
int cmd_list_apps(struct cli *cli, struct err *err);
int cmd_list_images(struct cli *cli, struct err *err);
int cmd_list_tags(struct cli *cli, struct err *err);
int cmd_list_envs(struct cli *cli, struct err *err);
int cmd_list_tag_for(struct cli *cli, struct err *err);
int cmd_resume(struct cli *cli, struct err *err);
int cmd_cleanup(struct cli *cli, struct err *err);
int cmd_config_init(struct cli *cli, struct err *err);
int cmd_config_show(struct cli *cli, struct err *err);
int cmd_config_list(struct cli *cli, struct err *err);
int cmd_config_validate(struct cli *cli, struct err *err);
int cmd_config_trust(struct cli *cli, struct err *err);
int cmd_doctor(struct cli *cli, struct err *err);
int cmd_completion(struct cli *cli, struct err *err);
int cmd_man(struct cli *cli, struct err *err);
int cmd_version(struct cli *cli, struct err *err);
int cmd_help(struct cli *cli, struct err *err);

#endif
