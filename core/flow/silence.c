/* The times between notes double, up to STEP_MAX. */
#include "flow/silence.h"

#include <stdatomic.h>

#include "base/clock.h"

#define AFTER    (10 * NS_PER_S)
#define STEP_MAX (60 * NS_PER_S)
#define AWAY     NS_PER_S

static _Atomic int64_t after = AFTER;

void silence_set_after(int64_t time)
{
    atomic_store(&after, time);
}

void silence_moved(struct silence *silence, int64_t now)
{
    int64_t first = atomic_load(&after);

    *silence = (struct silence){.since = now, .due = now + first, .step = first, .looked = now};
}

bool silence_due(struct silence *silence, int64_t now)
{
    bool away = silence->step == 0 || now - silence->looked > AWAY;

    silence->looked = now;
    if (away)
        silence_moved(silence, now);
    if (now < silence->due)
        return false;
    if (silence->step < STEP_MAX)
        silence->step = 2 * silence->step < STEP_MAX ? 2 * silence->step : STEP_MAX;
    silence->due = now + silence->step;
    return true;
}

double silence_seconds(const struct silence *silence, int64_t now)
{
    return (double)(now - silence->since) / (double)NS_PER_S;
}
