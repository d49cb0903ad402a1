/*
 * output - the only printer: results on standard output, everything else on standard error.
 *
 * A command collects its result; output_finish prints it whole, or the error in its place. So
 * standard output holds a complete answer or none. Everything printed passes log_redact and, as
 * text, str_printable: names come from files and buckets, and none may paint the terminal.
 */
#ifndef S3DOCK_CLI_PRINT_OUTPUT_H
#define S3DOCK_CLI_PRINT_OUTPUT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/json_write.h"

struct err;

#define OUTPUT_MAX (256 * MIB)

struct output {
    bool json;            /* answer in JSON */
    bool quiet;           /* no notes, no warnings */
    bool color;           /* on standard error */
    const char *command;  /* for the envelope: "push", "config show" */
    struct text lines;    /* the result as text */
    struct text envelope; /* the result as JSON */
    struct json_writer writer;
    bool has_data;
    bool bad_news; /* set before anything else: the command fails, and what it has to say is printed
                      all the same, before the error */
};

void output_init(struct output *output, bool json);
void output_finish(struct output *output); /* frees */

/* One line of the result in text mode; left out with --json. */
void output_line(struct output *output, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The envelope's "data" object, open for members until the end. `command` must be set. A command
 * that never asks for it answers {"text": its lines}. */
struct json_writer *output_data(struct output *output);

/* A line for people, on standard error: not with --quiet nor --json. */
void output_note(const struct output *output, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A line on standard error: not with --quiet. */
void output_notice(const struct output *output, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* "warning: ..." on standard error: not with --quiet. */
void output_warn(const struct output *output, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#define OUTPUT_UNREAD 141 /* 128 + SIGPIPE */

/* Prints the result, or the error when `err` is not NULL, and returns the exit code: 0, the error's
 * family, or what printing itself came to. For ERR_CANCELLED, 128 + `signal`. OUTPUT_UNREAD, and
 * nothing is said: the reader of standard output went away, of which other programs die. */
int output_end(struct output *output, const struct err *err, int signal);

/* The whole JSON answer; borrowed until output_finish. Ends what output_data began. */
struct view output_envelope(struct output *output, const struct err *err);
/* "error[not_found.image]: ...\n  hint: ...\n" */
void output_error_text(const struct err *err, bool color, struct text *out);

#endif
