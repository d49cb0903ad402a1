/*
 * help - prints the tables of commands and options: for --help, and as the manual page.
 */
#ifndef S3DOCK_CLI_HELP_H
#define S3DOCK_CLI_HELP_H

#include "cli/settings/command_id.h"

struct text;

/* All lines have at most 80 columns. */
void help_general(struct text *out);
void help_command(enum command_id id, struct text *out);
/* The commands that begin with the word `group` ("config"). */
void help_group(const char *group, struct text *out);
/* roff, for man(1). */
void help_man(struct text *out);

#endif
