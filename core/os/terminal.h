/*
 * terminal - the terminal of this process.
 */
#ifndef S3DOCK_OS_TERMINAL_H
#define S3DOCK_OS_TERMINAL_H

#include <stdbool.h>

/* Returns the columns of the terminal that a descriptor leads to; 0: it leads to none. */
unsigned os_terminal_columns(int fd);

/* Returns whether a descriptor leads to a terminal that knows escape sequences, by TERM. */
bool os_terminal_draws(int fd);

/* Opens the terminal for questions to the user, whatever the standard streams are. Returns a
 * descriptor, or -1: there is none, or the process is in the background, where a read would stop
 * it. */
int os_terminal_open(void);
/* Makes the terminal print typed characters, or not, and discards what was typed before. Returns
 * whether it printed them before (0 or 1), or -1 and errno. */
int os_terminal_echo(int fd, bool on);

#endif
