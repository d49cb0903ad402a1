/*
 * The table of functions. It is apart from the table of descriptions (command.c), so that the
 * argument parser and the help link without the commands.
 */
#include "cli/commands/commands.h"

command_fn *const command_functions[COMMAND_COUNT] = {
    [CMD_BUILD] = cmd_build,
    [CMD_PUSH] = cmd_push,
    [CMD_PULL] = cmd_pull,
    [CMD_VERIFY] = cmd_verify,
    [CMD_INSPECT] = cmd_inspect,
    [CMD_DIFF] = cmd_diff,
    [CMD_TAG] = cmd_tag,
    [CMD_PROMOTE] = cmd_promote,
    [CMD_ROLLBACK] = cmd_rollback,
    [CMD_CURRENT] = cmd_current,
    [CMD_HISTORY] = cmd_history,
    [CMD_LIST_APPS] = cmd_list_apps,
    [CMD_LIST_IMAGES] = cmd_list_images,
    [CMD_LIST_TAGS] = cmd_list_tags,
    [CMD_LIST_ENVS] = cmd_list_envs,
    [CMD_LIST_TAG_FOR] = cmd_list_tag_for,
    [CMD_DEPLOY] = cmd_deploy,
    [CMD_STATUS] = cmd_status,
    [CMD_WATCH] = cmd_watch,
    [CMD_STATS] = cmd_stats,
    [CMD_RESUME] = cmd_resume,
    [CMD_CLEANUP] = cmd_cleanup,
    [CMD_COMPACT] = cmd_compact,
    [CMD_SIGN] = cmd_sign,
    [CMD_THICKEN] = cmd_thicken,
    [CMD_CONFIG_INIT] = cmd_config_init,
    [CMD_CONFIG_SHOW] = cmd_config_show,
    [CMD_CONFIG_LIST] = cmd_config_list,
    [CMD_CONFIG_VALIDATE] = cmd_config_validate,
    [CMD_CONFIG_TRUST] = cmd_config_trust,
    [CMD_DOCTOR] = cmd_doctor,
    [CMD_COMPLETION] = cmd_completion,
    [CMD_MAN] = cmd_man,
    [CMD_VERSION] = cmd_version,
    [CMD_HELP] = cmd_help,
};
