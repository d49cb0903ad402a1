/* A line has a fixed size: a longer text is cut. */
#include "credentials/report.h"

#include <stdarg.h>
#include <stdio.h>

void credential_report_add(struct credential_report *report, enum report_verdict verdict,
                           const char *source, const char *fmt, ...)
{
    struct report_line *line;
    va_list args;

    if (report->count == REPORT_LINES_MAX)
        return;
    line = &report->lines[report->count++];
    line->verdict = verdict;
    snprintf(line->source, sizeof line->source, "%s", source);
    va_start(args, fmt);
    vsnprintf(line->why, sizeof line->why, fmt, args);
    va_end(args);
}
