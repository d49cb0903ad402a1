/*
 * commands - the function of each command. command.h describes how a command is called.
 */
#ifndef S3DOCK_CLI_COMMANDS_COMMANDS_H
#define S3DOCK_CLI_COMMANDS_COMMANDS_H

#include "cli/settings/command_id.h"

struct cli;
struct err;

/* Runs a command and adds its result to cli->output. Returns 0, or ERR_FAIL with err filled. */
typedef int command_fn(struct cli *cli, struct err *err);

/* By enum command_id. */
extern command_fn *const command_functions[COMMAND_COUNT];

command_fn cmd_build;
command_fn cmd_push;
command_fn cmd_pull;
command_fn cmd_verify;
command_fn cmd_inspect;
command_fn cmd_diff;
command_fn cmd_tag;
command_fn cmd_promote;
command_fn cmd_rollback;
command_fn cmd_current;
command_fn cmd_history;
command_fn cmd_list_apps;
command_fn cmd_list_images;
command_fn cmd_list_tags;
command_fn cmd_list_envs;
command_fn cmd_list_tag_for;
command_fn cmd_deploy;
command_fn cmd_status;
command_fn cmd_watch;
command_fn cmd_resume;
command_fn cmd_stats;
command_fn cmd_cleanup;
command_fn cmd_compact;
command_fn cmd_sign;
command_fn cmd_thicken;
command_fn cmd_config_init;
command_fn cmd_config_show;
command_fn cmd_config_list;
command_fn cmd_config_validate;
command_fn cmd_config_trust;
command_fn cmd_doctor;
command_fn cmd_completion;
command_fn cmd_man;
command_fn cmd_version;
command_fn cmd_help;

#endif
