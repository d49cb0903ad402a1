/*
 * The line has the phase, a bar, and figures. The figures have a fixed width, so that the bar does
 * not move when they grow. On a narrow terminal the name of the image is left out first, then the
 * bar, then the end of the line. The line is narrower than the terminal, so that it never wraps.
 *
 * Log lines may come from any thread. log calls a hook before and after each line: under one lock,
 * the bar is removed and drawn again.
 */
#include "cli/print/progress.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/print/human.h"
#include "os/terminal.h"

#define BAR_MIN   8
#define BAR_MAX   40
#define FIGURES   48 /* columns: "41%  612 MB of ~1.46 GB  104 MB/s  1 min 28 s left" */
#define WIDTH_MAX 240
#define PART_MAX  256

/* The hooks of the log get no argument, so these are global. */
static pthread_mutex_t screen_lock = PTHREAD_MUTEX_INITIALIZER;
static struct progress *screen;

static const char *phase_words(enum transfer_phase phase)
{
    switch (phase) {
    case PHASE_PREPARE:
        return "checking the bucket";
    case PHASE_EXPORT:
        return "Docker is preparing the export";
    case PHASE_PUSH:
        return "pushing";
    case PHASE_REUSE:
        return "reading a local image";
    case PHASE_PULL:
        return "pulling";
    case PHASE_WRITE:
        return "writing";
    case PHASE_LOAD:
        return "Docker is loading the image";
    case PHASE_COMMIT:
        return "writing index and metadata";
    }
    return "";
}

static bool counts_bytes(enum transfer_phase phase)
{
    return phase == PHASE_PUSH || phase == PHASE_PULL || phase == PHASE_REUSE ||
           phase == PHASE_WRITE;
}

/* Returns 0 to 100; at most 99 if the total is an estimate. */
static unsigned percent(const struct transfer_progress *report)
{
    double share = (double)report->done / (double)report->total;
    unsigned most = report->total_is_estimate ? 99 : 100;

    return share * 100 >= most ? most : (unsigned)(share * 100);
}

/* Formats "612 MB of 1.46 GB" or "612 MB". */
static void format_amount(const struct transfer_progress *report, char out[PART_MAX])
{
    char done[HUMAN_SIZE], total[HUMAN_SIZE];

    human_bytes(report->done, done);
    if (report->total && (!report->total_is_estimate || report->done < report->total))
        snprintf(out, PART_MAX, "%s of %s%s", done, report->total_is_estimate ? "~" : "",
                 human_bytes(report->total, total));
    else
        snprintf(out, PART_MAX, "%s", done);
}

static void append_text(char out[PART_MAX], const char *separator, const char *text)
{
    size_t used = strlen(out);

    snprintf(out + used, PART_MAX - used, "%s%s", used ? separator : "", text);
}

/* Formats the figures to the right of the bar, or after the name in a plain line. */
static void format_figures(const struct transfer_progress *report, const char *separator,
                           char out[PART_MAX])
{
    char text[PART_MAX], wait[HUMAN_SIZE];

    out[0] = 0;
    if (!counts_bytes(report->phase)) {
        append_text(out, separator, human_wait(report->elapsed, wait));
        if (report->note)
            append_text(out, separator, report->note);
        return;
    }
    if (report->total) {
        snprintf(text, sizeof text, "%3u%%", percent(report));
        append_text(out, separator, text + strspn(text, " "));
    }
    format_amount(report, text);
    append_text(out, separator, text);
    if (report->rate > 0)
        append_text(out, separator, human_rate(report->rate, text));
    if (report->left >= 0) {
        snprintf(text, sizeof text, "%s left", human_wait(report->left, wait));
        append_text(out, separator, text);
    }
}

static void draw_bar(char *out, unsigned cells, unsigned filled)
{
    *out++ = '[';
    for (unsigned i = 0; i < cells; i++)
        *out++ = i < filled ? '=' : i == filled ? '>' : ' ';
    *out++ = ']';
    *out = 0;
}

/* Cuts the line to `width`, and replaces characters that are not one printable column. */
static void make_plain(char *line, unsigned width)
{
    if (strlen(line) > width)
        line[width] = 0;
    for (; *line; line++)
        if (*line < ' ' || *line > '~')
            *line = '?';
}

/* Returns the number of columns for the cells of the bar; 0: too few. */
static unsigned bar_cells(size_t words, size_t figures_size, unsigned width)
{
    size_t taken = words + 2 + 2 + 2 + (figures_size > FIGURES ? figures_size : FIGURES);

    if (taken + BAR_MIN > width)
        return 0;
    return width - taken > BAR_MAX ? BAR_MAX : (unsigned)(width - taken);
}

static void format_bar(const char *subject, const struct transfer_progress *report, unsigned width,
                       char out[PROGRESS_LINE_MAX])
{
    const char *words = phase_words(report->phase);
    char right[PART_MAX], bar[BAR_MAX + 3], named[PART_MAX];
    unsigned cells;

    format_figures(report, "  ", right);
    snprintf(named, sizeof named, "%s %s", words, subject);
    if (strlen(named) + 2 + strlen(right) > width)
        snprintf(named, sizeof named, "%s", words);
    cells = report->total ? bar_cells(strlen(named), strlen(right), width) : 0;
    if (report->total && !cells) {
        snprintf(named, sizeof named, "%s", words);
        cells = bar_cells(strlen(named), strlen(right), width);
    }
    if (cells) {
        draw_bar(bar, cells, cells * percent(report) / 100);
        snprintf(out, PROGRESS_LINE_MAX, "%s  %s  %s", named, bar, right);
    } else {
        snprintf(out, PROGRESS_LINE_MAX, "%s  %s", named, right);
    }
}

void progress_bar(const char *subject, const struct transfer_progress *report, unsigned width,
                  char out[PROGRESS_LINE_MAX])
{
    char right[PART_MAX];

    if (width > WIDTH_MAX)
        width = WIDTH_MAX;
    if (counts_bytes(report->phase)) {
        format_bar(subject, report, width, out);
    } else {
        format_figures(report, ", ", right);
        snprintf(out, PROGRESS_LINE_MAX, "%s, %s", phase_words(report->phase), right);
    }
    make_plain(out, width);
}

void progress_plain(const char *subject, const struct transfer_progress *report,
                    char out[PROGRESS_LINE_MAX])
{
    char right[PART_MAX];

    format_figures(report, ", ", right);
    snprintf(out, PROGRESS_LINE_MAX, "%s: %s, %s", subject, phase_words(report->phase), right);
    make_plain(out, PROGRESS_LINE_MAX - 1);
}

bool progress_due(struct progress *progress, enum transfer_phase phase, int64_t now)
{
    bool tty = progress->mode == PROGRESS_TTY;
    bool changed = tty && phase != progress->phase;

    progress->phase = phase;
    if (progress->mode == PROGRESS_NONE || (now < progress->next && !changed))
        return false;
    progress->next = now + (tty ? PROGRESS_BAR_STEP : PROGRESS_PLAIN_STEP);
    return true;
}

enum progress_mode progress_choose(enum progress_choice choice)
{
    switch (choice) {
    case PROGRESS_OFF:
        return PROGRESS_NONE;
    case PROGRESS_BAR:
        return PROGRESS_TTY;
    case PROGRESS_LINES:
        return PROGRESS_PLAIN;
    case PROGRESS_AUTO:
        break;
    }
    return os_terminal_draws(STDERR_FILENO) ? PROGRESS_TTY : PROGRESS_PLAIN;
}

static unsigned columns(void)
{
    unsigned found = os_terminal_columns(STDERR_FILENO);

    return found < 2 ? 79 : found - 1;
}

static void write_stderr(const char *text)
{
    struct err ignored;

    (void)file_write_all(STDERR_FILENO, text, strlen(text), "standard error", &ignored);
}

/* clear_bar and show_bar are called with the lock held. */
static void clear_bar(struct progress *progress)
{
    if (progress->on_screen)
        write_stderr("\r\033[K");
    progress->on_screen = false;
}

static void show_bar(struct progress *progress)
{
    char frame[PROGRESS_LINE_MAX + 8];

    snprintf(frame, sizeof frame, "\r%s\033[K", progress->line);
    write_stderr(frame);
    progress->on_screen = true;
}

static void before_log(void)
{
    pthread_mutex_lock(&screen_lock);
    if (screen)
        clear_bar(screen);
}

static void after_log(void)
{
    if (screen && screen->line[0])
        show_bar(screen);
    pthread_mutex_unlock(&screen_lock);
}

void progress_start(struct progress *progress, enum progress_mode mode, const char *subject)
{
    memset(progress, 0, sizeof *progress);
    progress->mode = mode;
    snprintf(progress->subject, sizeof progress->subject, "%s", subject);
    if (mode == PROGRESS_PLAIN)
        progress->next = clock_monotonic() + PROGRESS_PLAIN_STEP;
    if (mode != PROGRESS_TTY)
        return;
    pthread_mutex_lock(&screen_lock);
    screen = progress;
    pthread_mutex_unlock(&screen_lock);
    log_set_hooks(before_log, after_log);
}

void progress_finish(struct progress *progress)
{
    if (progress->mode != PROGRESS_TTY)
        return;
    log_set_hooks(NULL, NULL);
    pthread_mutex_lock(&screen_lock);
    clear_bar(progress);
    screen = NULL;
    pthread_mutex_unlock(&screen_lock);
}

static void show_line(struct progress *progress, const char *line)
{
    char copy[PROGRESS_LINE_MAX];

    snprintf(copy, sizeof copy, "%s", line);
    if (progress->mode == PROGRESS_PLAIN) {
        strncat(copy, "\n", sizeof copy - strlen(copy) - 1);
        write_stderr(copy);
        return;
    }
    pthread_mutex_lock(&screen_lock);
    memcpy(progress->line, copy, sizeof copy);
    show_bar(progress);
    pthread_mutex_unlock(&screen_lock);
}

void progress_show(void *arg, const struct transfer_progress *report)
{
    struct progress *progress = arg;
    char line[PROGRESS_LINE_MAX];

    if (!progress_due(progress, report->phase, clock_monotonic()))
        return;
    if (progress->mode == PROGRESS_PLAIN)
        progress_plain(progress->subject, report, line);
    else
        progress_bar(progress->subject, report, columns(), line);
    show_line(progress, line);
}

static void show_step(struct progress *progress, int64_t now)
{
    char line[PROGRESS_LINE_MAX], time[HUMAN_SIZE] = "";
    double seconds = (double)(now - progress->since) / NS_PER_S;

    if (now > progress->since)
        human_wait(seconds, time);
    snprintf(line, sizeof line, "%s: %s%s%s", progress->subject, progress->step,
             time[0] ? ", " : "", time);
    make_plain(line, progress->mode == PROGRESS_TTY ? columns() : PROGRESS_LINE_MAX - 2);
    progress->next =
        now + (progress->mode == PROGRESS_TTY ? PROGRESS_BAR_STEP : PROGRESS_PLAIN_STEP);
    show_line(progress, line);
}

void progress_step(struct progress *progress, const char *words)
{
    if (progress->mode == PROGRESS_NONE)
        return;
    snprintf(progress->step, sizeof progress->step, "%s", words);
    progress->since = clock_monotonic();
    show_step(progress, progress->since);
}

void progress_wake(struct progress *progress)
{
    int64_t now = clock_monotonic();

    if (progress->mode != PROGRESS_NONE && progress->step[0] && now >= progress->next)
        show_step(progress, now);
}

void progress_hide(struct progress *progress)
{
    pthread_mutex_lock(&screen_lock);
    clear_bar(progress);
    pthread_mutex_unlock(&screen_lock);
}
