/*
 * command - the table of commands: for each its words, its operands and its help text.
 */
#ifndef S3DOCK_CLI_COMMAND_H
#define S3DOCK_CLI_COMMAND_H

#include <stdbool.h>

#include "cli/settings/command_id.h"

struct err;

struct command {
    const char *name;     /* "push", "config init"; also "command" of the JSON envelope */
    const char *group;    /* heading in the help; the commands of a group are neighbours here */
    const char *operands; /* "REF", "[FILE]" */
    unsigned least, most; /* number of operands */
    const char *missing;  /* message for too few operands; NULL: the usual one */
    bool hands_on;        /* passes the words after -- to another program */
    bool no_file;         /* runs without the configuration file, even if that is broken */
    const char *summary;  /* half a line */
    const char *examples; /* lines of two columns: command, tab, explanation */
    const char *details;  /* paragraphs of at most 78 columns */
};

/* By enum command_id. */
extern const struct command command_table[COMMAND_COUNT];

/* Returns whether `word` is the first word of commands of two words. */
bool command_is_group(const char *word);

/* Returns the command that the first words name, and sets *used to the number of these words.
 * CMD_NONE when they name none, with err filled (usage.command). */
enum command_id command_find(const char *const *words, unsigned count, unsigned *used,
                             struct err *err);

#endif
