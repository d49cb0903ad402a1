/*
 * Collects the checks and prints them as a table and as JSON.
 */
#include "cli/doctor/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/print/hints.h"
#include "cli/print/output.h"

#define NAME_COLUMN 19
#define INDENT      2 /* of a line's first column; its second is the status */
#define STATUS      8
#define WIDTH       100 /* longer details continue on the next line */

static const char *const status_names[] = {"ok", "warning", "failed", "skipped"};

void doctor_found(struct doctor *doctor, const char *name, enum doctor_status status,
                  const struct err *err)
{
    struct doctor_check *check = &doctor->checks[doctor->count];

    if (doctor->count == DOCTOR_CHECKS_MAX)
        return;
    *check = (struct doctor_check){.name = name, .status = status, .found = *err};
    if (status != DOCTOR_SKIPPED) /* nothing failed, so nothing needs a remedy */
        hints_add(&check->found);
    doctor->count++;
}

static void add_check(struct doctor *doctor, const char *name, enum doctor_status status,
                      const char *hint, const char *fmt, va_list args)
{
    struct err found = {0};
    char text[sizeof found.text];

    vsnprintf(text, sizeof text, fmt, args);
    err_set(&found, ERR_NONE, "", "%s", text);
    if (hint)
        err_hint(&found, "%s", hint);
    doctor_found(doctor, name, status, &found);
}

void doctor_ok(struct doctor *doctor, const char *name, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    add_check(doctor, name, DOCTOR_OK, NULL, fmt, args);
    va_end(args);
}

void doctor_skipped(struct doctor *doctor, const char *name, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    add_check(doctor, name, DOCTOR_SKIPPED, NULL, fmt, args);
    va_end(args);
}

void doctor_warning(struct doctor *doctor, const char *name, const char *hint, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    add_check(doctor, name, DOCTOR_WARNING, hint, fmt, args);
    va_end(args);
}

static unsigned count_of(const struct doctor *doctor, enum doctor_status status)
{
    unsigned count = 0;

    for (unsigned i = 0; i < doctor->count; i++)
        count += doctor->checks[i].status == status;
    return count;
}

/* Returns the size of the next line of `text`: whole words, at most `width` unless a word is
 * longer. */
static size_t line_size(const char *text, size_t width)
{
    size_t size = 0, end;

    for (end = strcspn(text, " "); end <= width || !size; end += 1 + strcspn(text + end + 1, " ")) {
        size = end;
        if (!text[end])
            break;
    }
    return size;
}

/* Prints `text` after `first`, in lines that are indented to the end of `first`. */
static void print_folded(struct output *output, const char *first, const char *text)
{
    size_t column = strlen(first), size;

    do {
        size = line_size(text, WIDTH - column);
        output_line(output, "%-*s%.*s", (int)column, first, (int)size, text);
        text += size;
        text += strspn(text, " ");
        first = "";
    } while (*text);
}

static void print_line(const struct doctor_check *check, struct output *output)
{
    char first[80];

    snprintf(first, sizeof first, "%*s%-*s%-*s", INDENT, "", STATUS + 1,
             status_names[check->status], NAME_COLUMN, check->name);
    print_folded(output, first, check->found.text);
    if (!check->found.hint[0])
        return;
    snprintf(first, sizeof first, "%*s-> ", INDENT + STATUS + 1 + NAME_COLUMN, "");
    print_folded(output, first, check->found.hint);
}

static void print_data(const struct doctor_check *check, struct json_writer *w)
{
    jw_object(w, NULL);
    jw_string(w, "name", check->name);
    jw_string(w, "status", status_names[check->status]);
    jw_string(w, "detail", check->found.text);
    jw_string(w, "hint", check->found.hint);
    jw_end(w);
}

void doctor_print(const struct doctor *doctor, struct output *output)
{
    struct json_writer *w = output_data(output);
    unsigned warnings = count_of(doctor, DOCTOR_WARNING), failed = count_of(doctor, DOCTOR_FAILED);

    jw_array(w, "checks");
    for (unsigned i = 0; i < doctor->count; i++) {
        print_line(&doctor->checks[i], output);
        print_data(&doctor->checks[i], w);
    }
    jw_end(w);
    jw_bool(w, "ok", failed == 0);
    output_line(output, "%s", "");
    output_line(output, "%u ok, %u warning%s, %u failed", count_of(doctor, DOCTOR_OK), warnings,
                warnings == 1 ? "" : "s", failed);
}

int doctor_verdict(const struct doctor *doctor, struct err *err)
{
    unsigned failed = count_of(doctor, DOCTOR_FAILED);

    for (unsigned i = 0; i < doctor->count; i++) {
        const struct doctor_check *check = &doctor->checks[i];

        if (check->status != DOCTOR_FAILED)
            continue;
        *err = check->found;
        err_wrap(err, "%s", check->name);
        return failed == 1 ? ERR_FAIL : err_wrap(err, "%u checks failed, first", failed);
    }
    return 0;
}
