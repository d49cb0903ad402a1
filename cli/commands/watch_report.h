/*
 * watch_report - the output of `s3dock watch`: lines for people, changes as JSON, metrics.
 */
#ifndef S3DOCK_CLI_COMMANDS_WATCH_REPORT_H
#define S3DOCK_CLI_COMMANDS_WATCH_REPORT_H

#include <stdbool.h>

#include "watch/printed_warnings.h"
#include "watch/watch.h"

struct cli;
struct err;

/* How many environments one process follows. */
#define WATCH_ENTRIES_MAX 64

struct watch_report {
    const struct cli *cli;             /* borrowed */
    const struct watch_entry *entries; /* borrowed */
    bool metrics_failed;               /* a warning was printed */
    struct printed_warnings printed[WATCH_ENTRIES_MAX];
};

void watch_report_init(struct watch_report *report, const struct cli *cli,
                       const struct watch_entry *entries);
/* Print a line about the entry `at` on standard error. */
void watch_report_note(const struct watch_report *report, unsigned at, const char *text);
void watch_report_warn(const struct watch_report *report, unsigned at, const struct err *why);
/* Prints a warning of a deployment or, with `check`, of a check of the containers, once. */
void watch_report_once(struct watch_report *report, unsigned at, const char *text, bool check);
/* The containers of an entry were checked. */
void watch_report_checked(struct watch_report *report, unsigned at);
/* Prints a change as one line of JSON on standard output. local.*: it cannot. */
int watch_report_event(const struct watch_event *event, struct err *err);
/* Writes the file of --metrics. */
void watch_report_metrics(struct watch_report *report, const struct watch_entry *entries,
                          unsigned count);

#endif
