/*
 * silence - when to say that nothing moves, and for how long it has not.
 *
 * One place that waits owns a struct silence and tells it what moves. The first word is due after
 * silence_after(), the next ones after ever longer times, a minute at most. The time is an
 * argument.
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
int64_t silence_after(void);

/* Something moved, or nothing is waited for. */
void silence_moved(struct silence *silence, int64_t now);
/* True: it is time to say that nothing has moved; then the next word is planned. Whoever does not
 * look for a second was not waiting: the silence begins anew. */
bool silence_due(struct silence *silence, int64_t now);
double silence_seconds(const struct silence *silence, int64_t now);

#endif
