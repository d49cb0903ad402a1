/*
 * Long ranges need few requests. Where this host has most chunks, the ranges are short anyway, and
 * many of them must run at once.
 */
#include "pull/buffer_plan.h"

#include "base/bytes.h"
#include "pull/plan/prefetch.h"
#include "pull/plan/span.h"

#define IN_FLIGHT     0.5 /* seconds of the link that all GETs together hold: lost in a crash */
#define BUFFERS_LEAST 3

static const struct shape {
    size_t in, out; /* of a buffer */
    unsigned most;  /* buffers */
} FETCHING = {2 * MIB, 4 * MIB, 16}, REUSING = {MIB, MIB, 40}, PIECES = {2 * MIB, 0, 16};

void buffer_plan_make(struct buffer_plan *plan, const struct buffer_plan_options *o)
{
    const struct shape *shape = !o->chunks ? &PIECES : o->seed ? &REUSING : &FETCHING;
    size_t prefetch_bytes = shape == &REUSING && o->partial ? PREFETCH_BYTES : 0;
    size_t memory = o->memory > prefetch_bytes ? o->memory - prefetch_bytes : 0;
    size_t count = memory / (shape->in + shape->out);

    count = count < BUFFERS_LEAST ? BUFFERS_LEAST : count > shape->most ? shape->most : count;
    *plan = (struct buffer_plan){.in = shape->in,
                                 .out = shape->out,
                                 .count = (unsigned)count,
                                 .prefetch_bytes = prefetch_bytes,
                                 .range = o->chunks ? shape->in - SPAN_PARTIAL_ROOM : shape->in};
}

size_t buffer_plan_range(const struct buffer_plan *plan, double rate)
{
    double share = rate * IN_FLIGHT / plan->count;

    if (share < (double)BUFFER_PLAN_RANGE_LEAST)
        return BUFFER_PLAN_RANGE_LEAST;
    return share > (double)plan->range ? plan->range : (size_t)share;
}
