/*
 * silence - when to say that nothing moves, and for how long it has not.
 *
 * One place that waits owns a struct silence and tells it what moves. The first word is due after
 * the time that silence_set_after() set, the next ones after ever longer times, a minute at most.
 * The current time is an argument.
 */
#ifndef S3DOCK_FLOW_SILENCE_H
#define S3DOCK_FLOW_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

/* Zero it before use: the silence begins with the first call. */
struct silence {
    int64_t since, due, step, looked;
};

/* For the whole process; 10 s unless it is set. */
void silence_set_after(int64_t time);

/* Something moved, or nothing is waited for. */
void silence_moved(struct silence *silence, int64_t now);
/* Returns true when a note is due, and plans the next one. If the last call was more than a second
 * ago, the caller was not waiting: the silence begins again. */
bool silence_due(struct silence *silence, int64_t now);
double silence_seconds(const struct silence *silence, int64_t now);

#endif
