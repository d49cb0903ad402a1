/*
 * hints - adds the next step of the user to errors whose remedy is a flag, a command or a setting.
 *
 * core reports facts and does not depend on the command line. Its own hints name other programs and
 * the environment; they are never replaced.
 */
#ifndef S3DOCK_CLI_PRINT_HINTS_H
#define S3DOCK_CLI_PRINT_HINTS_H

struct err;

/* Sets the hint for the code of *err, if there is such a hint and err->hint is empty. */
void hints_add(struct err *err);

#endif
