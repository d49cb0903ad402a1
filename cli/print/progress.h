/*
 * progress - shows a transfer on standard error: a bar on a terminal, otherwise a line every ten
 * seconds.
 */
#ifndef S3DOCK_CLI_PRINT_PROGRESS_H
#define S3DOCK_CLI_PRINT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transfer/transfer.h"

#define PROGRESS_LINE_MAX   512
#define PROGRESS_BAR_STEP   (100 * NS_PER_MS)
#define PROGRESS_PLAIN_STEP (10 * NS_PER_S)

enum progress_mode { PROGRESS_NONE, PROGRESS_TTY, PROGRESS_PLAIN };

struct progress {
    enum progress_mode mode;
    char subject[256];            /* "myapp:20250721-2118-f7a5a27" */
    int64_t next;                 /* monotonic ns: time of the next print */
    enum transfer_phase phase;    /* of the last report */
    bool on_screen;               /* the bar is on the terminal */
    char step[64];                /* of progress_step */
    int64_t since;                /* monotonic ns: its start */
    char line[PROGRESS_LINE_MAX]; /* that bar */
};

/* The words of --progress, in their order. */
enum progress_choice { PROGRESS_AUTO, PROGRESS_BAR, PROGRESS_LINES, PROGRESS_OFF };

/* PROGRESS_AUTO: a bar if standard error is a terminal that can move the cursor, lines otherwise.
 */
enum progress_mode progress_choose(enum progress_choice choice);

/* Between start and finish, log lines do not disturb the bar. Only one progress at a time. */
void progress_start(struct progress *progress, enum progress_mode mode, const char *subject);
void progress_finish(struct progress *progress); /* removes the bar */
/* Callback for transfer_options.progress; `arg` is the struct progress. One thread at a time. */
void progress_show(void *arg, const struct transfer_progress *report);

/* For work without bytes. The first prints the words of a step: a line of a log, or the bar with
 * the seconds since. The second shows that the step continues. The third removes the bar before
 * other output; the next report shows it again. */
void progress_step(struct progress *progress, const char *words);
void progress_wake(struct progress *progress);
void progress_hide(struct progress *progress);

/* Format one line without newline, at most `width` columns, printable ASCII only. */
void progress_bar(const char *subject, const struct transfer_progress *report, unsigned width,
                  char out[PROGRESS_LINE_MAX]);
void progress_plain(const char *subject, const struct transfer_progress *report,
                    char out[PROGRESS_LINE_MAX]);
/* Returns whether to print a report at `now` (monotonic ns), and stores the time of the next print.
 */
bool progress_due(struct progress *progress, enum transfer_phase phase, int64_t now);

#endif
