/*
 * silence - decides when to print a note that a transfer makes no progress.
 *
 * The place that waits owns a struct silence and reports progress to it. The first note is due
 * after the time that silence_set_after() has set, later ones after longer times, at most a minute.
 * The current time is an argument.
 */
#ifndef S3DOCK_FLOW_SILENCE_H
#define S3DOCK_FLOW_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

/* Zero it before use. The silence begins with the first call. */
struct silence {
    int64_t since, due, step, looked;
};

/* Sets the time before the first note, for the whole process. 10 s by default. */
void silence_set_after(int64_t time);

/* Ends the silence: there was progress, or the caller waits for nothing. */
void silence_moved(struct silence *silence, int64_t now);
/* Returns true when a note is due, and plans the next one. If the last call was more than a second
 * ago, the caller was not waiting: the silence begins again. */
bool silence_due(struct silence *silence, int64_t now);
double silence_seconds(const struct silence *silence, int64_t now);

#endif
