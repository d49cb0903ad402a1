/*
 * Lines for people go to standard error, changes as JSON to standard output, figures to a file.
 */
#include "cli/commands/watch_report.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json_write.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/print/hints.h"

#define EVENT_MAX (16 * KIB)

void watch_report_note(const struct watch_report *report, unsigned at, const char *text)
{
    output_notice(&report->cli->output, "%s/%s: %s", report->entries[at].app,
                  report->entries[at].env, text);
}

void watch_report_warn(const struct watch_report *report, unsigned at, const struct err *why)
{
    struct err err = *why;

    hints_add(&err);
    output_warn(&report->cli->output, "%s/%s: %s [%s.%s]%s%s", report->entries[at].app,
                report->entries[at].env, err.text, err_family_name(err.family), err.code,
                err.hint[0] ? "; hint: " : "", err.hint);
}

void watch_report_once(struct watch_report *report, unsigned at, const char *text, bool check)
{
    if (printed_warnings_add(&report->printed[at], text, check))
        output_warn(&report->cli->output, "%s/%s: %s", report->entries[at].app,
                    report->entries[at].env, text);
}

void watch_report_checked(struct watch_report *report, unsigned at)
{
    if (printed_warnings_end_check(&report->printed[at],
                                   report->entries[at].state == WATCH_CURRENT))
        watch_report_note(report, at, "the cause of the last warnings is gone");
}

static void write_event(const struct watch_event *event, struct text *out)
{
    struct json_writer w;
    char time[CLOCK_RFC3339_SIZE];

    clock_rfc3339(clock_wall() / NS_PER_S * NS_PER_S, time);
    jw_init(&w, out, true);
    jw_object(&w, NULL);
    jw_string(&w, "time", time);
    jw_string(&w, "event", event->event);
    jw_string(&w, "app_name", event->entry->app);
    jw_string(&w, "environment", event->entry->env);
    jw_string(&w, "image_ref", event->image_ref);
    jw_string_if(&w, "previous_ref", event->previous_ref ? event->previous_ref : "");
    jw_string_if(&w, "pointer_etag", event->pointer_etag);
    if (event->err) {
        jw_object(&w, "error");
        jw_string(&w, "type", err_family_name(event->err->family));
        jw_string(&w, "code", event->err->code);
        jw_string(&w, "message", event->err->text);
        jw_end(&w);
    }
    jw_end(&w);
    text_char(out, '\n');
}

int watch_report_event(const struct watch_event *event, struct err *err)
{
    _cleanup_text_ struct text line = {0};

    text_init(&line, EVENT_MAX);
    write_event(event, &line);
    if (text_check(&line, "the change", err))
        return ERR_FAIL;
    log_redact(line.data);
    return file_write_all(STDOUT_FILENO, line.data, strlen(line.data), "standard output", err);
}

void watch_report_metrics(struct watch_report *report, const struct watch_entry *entries,
                          unsigned count)
{
    const char *path = config_text(&report->cli->config, OPT_METRICS);
    struct metrics_entry metrics[WATCH_ENTRIES_MAX];
    struct err err;

    if (!path)
        return;
    for (unsigned i = 0; i < count; i++)
        metrics[i] = entries[i].metrics;
    if (metrics_store(metrics, count, path, &err) && !report->metrics_failed) {
        report->metrics_failed = true;
        output_warn(&report->cli->output, "the metrics cannot be written: %s", err.text);
    }
}

void watch_report_init(struct watch_report *report, const struct cli *cli,
                       const struct watch_entry *entries)
{
    *report = (struct watch_report){.cli = cli, .entries = entries};
}
