/*
 * Long ranges need few requests. Where this host has most chunks, the ranges are short anyway, and
 * many of them must run at once.
 */
#include "pull/buffer_plan.h"

#include "base/bytes.h"
#include "pull/plan/span.h"

#define IN_FLIGHT     0.5 /* seconds of the link that all GETs together hold: lost in a crash */
#define BUFFERS_LEAST 3

/* The prefetch of a thin image fetches nearly all bytes. It gets this share of the memory. */
#define THIN_SHARE(memory) ((memory) / 20 * 7)

static const struct shape {
    size_t in, out;    /* of a buffer */
    unsigned most;     /* buffers */
    unsigned prefetch; /* requests */
    size_t prefetch_range;
} FETCHING = {2 * MIB, 4 * MIB, 16, 0, 0}, REUSING = {MIB, MIB, 40, 32, BUFFER_PLAN_RANGE_LEAST},
  THIN = {MIB, MIB, 26, 13, 7 * MIB / 4}, PIECES = {2 * MIB, 0, 16, 0, 0};

static const struct shape *choose_shape(const struct buffer_plan_options *o)
{
    if (!o->chunks)
        return &PIECES;
    if (o->seed)
        return &REUSING;
    return o->thin && o->partial ? &THIN : &FETCHING;
}

static unsigned at_least(size_t count, unsigned least, unsigned most)
{
    return count < least ? least : count > most ? most : (unsigned)count;
}

void buffer_plan_make(struct buffer_plan *plan, const struct buffer_plan_options *o)
{
    const struct shape *shape = choose_shape(o);
    size_t ahead, memory;

    *plan = (struct buffer_plan){.in = shape->in,
                                 .out = shape->out,
                                 .range = o->chunks ? shape->in - SPAN_PARTIAL_ROOM : shape->in,
                                 .prefetch = o->partial ? shape->prefetch : 0,
                                 .prefetch_range = shape->prefetch_range};
    if (shape == &THIN)
        plan->prefetch =
            at_least(THIN_SHARE(o->memory) / shape->prefetch_range, 1, shape->prefetch);
    ahead = plan->prefetch * plan->prefetch_range;
    memory = o->memory > ahead ? o->memory - ahead : 0;
    plan->count = at_least(memory / (shape->in + shape->out), BUFFERS_LEAST, shape->most);
}

static size_t clip(double share, size_t most)
{
    if (share < (double)BUFFER_PLAN_RANGE_LEAST)
        return BUFFER_PLAN_RANGE_LEAST;
    return share > (double)most ? most : (size_t)share;
}

size_t buffer_plan_range(const struct buffer_plan *plan, double rate)
{
    return clip(rate * IN_FLIGHT / plan->count, plan->range);
}

size_t buffer_plan_prefetch(const struct buffer_plan *plan, double rate)
{
    return plan->prefetch ? clip(rate * IN_FLIGHT / plan->prefetch, plan->prefetch_range) : 0;
}

size_t buffer_plan_bytes(const struct buffer_plan *plan)
{
    return plan->count * (plan->in + plan->out) + plan->prefetch * plan->prefetch_range;
}
