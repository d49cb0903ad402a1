/*
 * terminal - asks the user for a line on the controlling terminal.
 */
#ifndef S3DOCK_CREDENTIALS_TERMINAL_H
#define S3DOCK_CREDENTIALS_TERMINAL_H

#include <stddef.h>

struct cancel;
struct err;

/* Prints the prompt and reads a line without echo; stores it without its line end. Restores the
 * echo in all cases. SYSTEM_ABSENT: there is no terminal, or s3dock is in the background. Fails
 * with cancelled.*, local.input (end of input, or a line that does not fit). */
int terminal_ask(const char *prompt, const struct cancel *cancel, char *out, size_t size,
                 struct err *err);

#endif
