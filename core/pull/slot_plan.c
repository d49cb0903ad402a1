/*
 * Long ranges need few requests. Where this host has most chunks, the ranges are short anyway, and
 * many of them must run at once.
 */
#include "pull/slot_plan.h"

#include "base/bytes.h"
#include "pull/plan/prefetch.h"
#include "pull/plan/span.h"

#define IN_FLIGHT   0.5 /* seconds of the link that all GETs together hold: lost in a crash */
#define SLOTS_LEAST 3

static const struct shape {
    size_t in, out; /* of a slot */
    unsigned most;  /* slots */
} FETCHING = {2 * MIB, 4 * MIB, 16}, REUSING = {MIB, MIB, 40}, PIECES = {2 * MIB, 0, 16};

void slot_plan_make(struct slot_plan *plan, const struct slot_plan_options *o)
{
    const struct shape *shape = !o->chunks ? &PIECES : o->seed ? &REUSING : &FETCHING;
    size_t ahead = shape == &REUSING && o->partial ? PREFETCH_BYTES : 0;
    size_t memory = o->memory > ahead ? o->memory - ahead : 0;
    size_t count = memory / (shape->in + shape->out);

    count = count < SLOTS_LEAST ? SLOTS_LEAST : count > shape->most ? shape->most : count;
    *plan = (struct slot_plan){.in = shape->in,
                               .out = shape->out,
                               .count = (unsigned)count,
                               .ahead = ahead,
                               .range = o->chunks ? shape->in - SPAN_PARTIAL_ROOM : shape->in};
}

size_t slot_plan_range(const struct slot_plan *plan, double rate)
{
    double share = rate * IN_FLIGHT / plan->count;

    if (share < (double)SLOT_PLAN_RANGE_LEAST)
        return SLOT_PLAN_RANGE_LEAST;
    return share > (double)plan->range ? plan->range : (size_t)share;
}
