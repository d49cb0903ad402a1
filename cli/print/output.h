/*
 * output - prints the result to standard output, everything else to standard error.
 *
 * A command collects its result; output_end prints the whole result, or the error instead. So
 * standard output has a complete result or nothing. All output passes log_redact. Text also passes
 * str_printable, because names from files and buckets must not control the terminal.
 */
#ifndef S3DOCK_CLI_PRINT_OUTPUT_H
#define S3DOCK_CLI_PRINT_OUTPUT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/json_write.h"

struct err;

#define OUTPUT_MAX (256 * MIB)

struct output {
    bool json;            /* print JSON */
    bool quiet;           /* no notes, no warnings */
    bool color;           /* on standard error */
    unsigned columns;     /* of the terminal on standard output; 0: it is no terminal */
    const char *command;  /* for the envelope: "push", "config show" */
    struct text lines;    /* the result as text */
    struct text envelope; /* the result as JSON */
    struct json_writer writer;
    bool has_data;
    /* The command fails, but its result is printed before the error. Set it before the result. */
    bool result_and_error;
};

void output_init(struct output *output, bool json);
void output_finish(struct output *output); /* frees */

/* Adds a line to the result as text. Not printed with --json. */
void output_line(struct output *output, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Returns the writer of the "data" object of the envelope, open for members. `command` must be set.
 * Without this call, "data" is {"text": the lines}. */
struct json_writer *output_data(struct output *output);

/* Prints a line to standard error, except with --quiet or --json. */
void output_note(const struct output *output, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Prints a line to standard error, except with --quiet. */
void output_notice(const struct output *output, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Prints "warning: ..." to standard error, except with --quiet. */
void output_warn(const struct output *output, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#define OUTPUT_UNREAD 141 /* 128 + SIGPIPE */

/* Prints the result, or the error if `err` is not NULL. Returns the exit code: 0, the family of the
 * error, 128 + `signal` for ERR_CANCELLED, or the code of a failure to print. OUTPUT_UNREAD,
 * without a message: the reader of standard output closed it, so the process should end by SIGPIPE.
 */
int output_end(struct output *output, const struct err *err, int signal);

/* Returns the complete JSON envelope, borrowed until output_finish. Ends the object of output_data.
 */
struct view output_envelope(struct output *output, const struct err *err);
/* Formats "error[not_found.image]: ...\n  hint: ...\n". */
void output_error_text(const struct err *err, bool color, struct text *out);

#endif
