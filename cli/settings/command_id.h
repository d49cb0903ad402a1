/*
 * command_id - the numbers of the commands, for the tables of options and of commands.
 */
#ifndef S3DOCK_CLI_SETTINGS_COMMAND_ID_H
#define S3DOCK_CLI_SETTINGS_COMMAND_ID_H

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
    CMD_SIGN,
    CMD_CURRENT,
    CMD_HISTORY,
    CMD_LIST_APPS,
    CMD_LIST_IMAGES,
    CMD_LIST_TAGS,
    CMD_LIST_ENVS,
    CMD_LIST_TAG_FOR,
    CMD_DEPLOY,
    CMD_STATUS,
    CMD_WATCH,
    CMD_STATS,
    CMD_RESUME,
    CMD_CLEANUP,
    CMD_COMPACT,
    CMD_THICKEN,
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
    COMMAND_COUNT,
    CMD_NONE = COMMAND_COUNT /* no command was named; or: any command */
};

#endif
