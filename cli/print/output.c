/*
 * The JSON envelope has the members of the original: {"success", "command", "data"} or {"success",
 * "command", "error"}, indented by two spaces. New members (format_code, hint) follow these.
 */
#include "cli/print/output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/utf8.h"
#include "os/terminal.h"

#define NOTE_MAX 2048

static bool want_color(void)
{
    const char *no = getenv("NO_COLOR");

    return os_terminal_draws(STDERR_FILENO) && !(no && *no);
}

void output_init(struct output *output, bool json)
{
    *output = (struct output){.json = json,
                              .color = want_color(),
                              .columns = os_terminal_columns(STDOUT_FILENO),
                              .command = ""};
    text_init(&output->lines, OUTPUT_MAX);
    text_init(&output->envelope, OUTPUT_MAX);
}

void output_finish(struct output *output)
{
    text_finish(&output->lines);
    text_finish(&output->envelope);
}

/* Replaces control characters in a text of several lines, except tabs. */
static void make_lines_printable(char *text)
{
    for (;;) {
        size_t size = strcspn(text, "\n\t");
        char end = text[size];

        text[size] = '\0';
        str_printable(text);
        if (!end)
            return;
        text[size] = end;
        text += size + 1;
    }
}

void output_line(struct output *output, const char *fmt, ...)
{
    char line[NOTE_MAX];
    va_list args;

    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    str_printable(line);
    text_str(&output->lines, line);
    text_char(&output->lines, '\n');
}

static void begin_envelope(struct json_writer *w, const struct output *output, bool success)
{
    jw_object(w, NULL);
    jw_bool(w, "success", success);
    jw_string(w, "command", output->command);
}

struct json_writer *output_data(struct output *output)
{
    if (!output->has_data) {
        jw_init(&output->writer, &output->envelope, false);
        begin_envelope(&output->writer, output, !output->result_and_error);
        jw_object(&output->writer, "data");
        output->has_data = true;
    }
    return &output->writer;
}

/* Prints with one write, so that lines of several threads do not mix. */
static void print_stderr(const char *prefix, const char *fmt, va_list args)
{
    char line[NOTE_MAX];
    size_t used;
    struct err ignored;

    snprintf(line, sizeof line, "%s", prefix);
    used = strlen(line);
    vsnprintf(line + used, sizeof line - used - 1, fmt, args);
    str_printable(line + used);
    log_redact(line);
    used = strlen(line);
    line[used++] = '\n';
    (void)file_write_all(STDERR_FILENO, line, used, "standard error", &ignored);
}

void output_note(const struct output *output, const char *fmt, ...)
{
    va_list args;

    if (output->quiet || output->json)
        return;
    va_start(args, fmt);
    print_stderr("", fmt, args);
    va_end(args);
}

void output_notice(const struct output *output, const char *fmt, ...)
{
    va_list args;

    if (output->quiet)
        return;
    va_start(args, fmt);
    print_stderr("", fmt, args);
    va_end(args);
}

void output_warn(const struct output *output, const char *fmt, ...)
{
    va_list args;

    if (output->quiet)
        return;
    va_start(args, fmt);
    print_stderr(output->color ? "\033[33mwarning:\033[0m " : "warning: ", fmt, args);
    va_end(args);
}

static void format_code(const struct err *err, char *out, size_t size)
{
    snprintf(out, size, "%s.%s", err_family_name(err->family), err->code);
}

void output_error_text(const struct err *err, bool color, struct text *out)
{
    char code[64];

    format_code(err, code, sizeof code);
    text_printf(out, "%serror[%s]:%s %s\n", color ? "\033[1;31m" : "", code, color ? "\033[0m" : "",
                err->text);
    if (err->hint[0])
        text_printf(out, "  hint: %s\n", err->hint);
}

static void error_members(struct json_writer *w, const struct err *err)
{
    char code[64];

    format_code(err, code, sizeof code);
    jw_string(w, "error", err->text);
    jw_string(w, "error_code", code);
    if (err->hint[0])
        jw_string(w, "hint", err->hint);
}

static void error_envelope(struct output *output, const struct err *err)
{
    struct json_writer w;

    text_clear(&output->envelope);
    jw_init(&w, &output->envelope, false);
    begin_envelope(&w, output, false);
    error_members(&w, err);
    jw_end(&w);
}

/* Ends the envelope. A command without data (help, completion) has its lines as text. */
static void data_envelope(struct output *output, const struct err *err)
{
    bool had_data = output->has_data;
    struct json_writer *w = output_data(output);

    if (!had_data)
        jw_string_view(w, "text", text_view(&output->lines));
    jw_end(w);
    if (err)
        error_members(w, err);
    jw_end(w);
}

struct view output_envelope(struct output *output, const struct err *err)
{
    if (err && !output->result_and_error)
        error_envelope(output, err);
    else
        data_envelope(output, err);
    text_char(&output->envelope, '\n');
    return text_view(&output->envelope);
}

/* Prints the text. Returns 0, or the exit code of the failure. */
static int print_text(int fd, const struct text *text)
{
    struct err err, ignored;
    char line[1024];
    int failed = text_check(text, "the output", &err);

    if (!failed) {
        log_redact(text->data);
        errno = 0;
        failed = file_write_all(fd, text->data, strlen(text->data), "standard output", &err);
        if (failed && errno == EPIPE)
            return OUTPUT_UNREAD;
    }
    if (!failed)
        return 0;
    snprintf(line, sizeof line, "error[%s.%s]: %s\n", err_family_name(err.family), err.code,
             err.text);
    (void)file_write_all(STDERR_FILENO, line, strlen(line), "standard error", &ignored);
    return (int)err.family;
}

static int exit_code(const struct err *err, int signal)
{
    if (!err)
        return 0;
    if (err->family == ERR_CANCELLED && signal)
        return 128 + signal;
    return err->family == ERR_NONE ? ERR_INTERNAL : (int)err->family;
}

int output_end(struct output *output, const struct err *err, int signal)
{
    _cleanup_text_ struct text text = {0};
    int code = exit_code(err, signal), unprinted;
    struct err shown;

    if (err && err_is(err, ERR_LOCAL, CODE_UNREAD))
        return OUTPUT_UNREAD;
    if (err) {
        /* before JSON escapes change the letters of a secret, which log_redact looks for */
        shown = *err;
        log_redact(shown.text);
        log_redact(shown.hint);
        str_printable(shown.text);
        str_printable(shown.hint);
        err = &shown;
    }

    text_init(&text, 4 * KIB);
    if (output->json) {
        bool lines_count = !err && !output->has_data; /* they are the data */

        output_envelope(output, err);
        unprinted =
            print_text(STDOUT_FILENO,
                       lines_count && output->lines.failed ? &output->lines : &output->envelope);
    } else {
        bool has_result = !err || output->result_and_error;
        bool has_lines = output->lines.size || output->lines.failed;

        make_lines_printable(output->lines.data);
        unprinted = has_result && has_lines ? print_text(STDOUT_FILENO, &output->lines) : 0;
        if (err) {
            output_error_text(err, output->color, &text);
            unprinted = print_text(STDERR_FILENO, &text);
        }
    }
    return code ? code : unprinted;
}
