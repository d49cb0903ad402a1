/*
 * hints - adds the next step of the user to errors whose remedy is a flag, a command or a setting.
 *
 * core reports facts and does not depend on the command line. Its own hints name other programs and
 * the environment. Only a general hint (err.h) is replaced.
 */
#ifndef S3DOCK_CLI_PRINT_HINTS_H
#define S3DOCK_CLI_PRINT_HINTS_H

struct err;

/* Sets the hint for the code of *err, if there is one and *err has no hint or only a general
 * one. */
void hints_add(struct err *err);

#endif
