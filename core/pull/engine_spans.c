/*
 * A span needs both of its buffers before it starts, and spans start in order. So there is no
 * deadlock, and a slow writer slows the requests down without further code.
 *
 * Chunks that the seed scan may still find are planned once its watermark has passed them. So the
 * daemon loads while the scan goes through the rest. Chunks that are then missing are prefetched
 * into the partial download and planned when they have arrived. Three positions follow each other
 * along the needed chunks: that of the scan, of the prefetch, and of the plan.
 */
#include "pull/engine_spans.h"

#include <stddef.h>

#include "base/clock.h"
#include "pull/plan/span.h"
#include "pull/span_jobs.h"

#define REFRESHES_MAX 4 /* searches for objects in one pass */

void pull_engine_stop(struct pull_engine *p, const struct err *err)
{
    if (!p->stopping)
        p->err = *err;
    p->stopping = true;
    if (p->monitor)
        seed_monitor_stop(p->monitor);
}

/* The span of a request that has returned. */
static struct span *span_of_op(struct msg *msg)
{
    return (struct span *)((char *)msg - offsetof(struct span, op.msg));
}

static void release_span(struct pull_engine *p, struct span *span)
{
    buffers_give(p->buffers, span->buffer);
}

static void give_job(struct pull_engine *p, struct span *span, int kind,
                     void (*run)(struct job *job, void *scratch))
{
    span->job.inbox = p->inbox;
    span->job.msg.kind = kind;
    span->job.run = run;
    workers_give(p->workers, &span->job);
}

static void unpack_span(struct pull_engine *p, struct span *span)
{
    give_job(p, span, SPAN_UNPACKED, p->prepared->needed ? span_job_unpack : span_job_piece);
}

static void fetch_span(struct pull_engine *p, struct span *span, int kind)
{
    object_map_aim(p->prepared->objects, span->address, span->in_size, &span->op);
    span->op.inbox = p->inbox;
    span->op.msg.kind = kind;
    store_submit(p->options->store, &span->op);
}

/* Returns how many needed chunks are settled: the scan has found them or will not find them. */
static uint32_t settled_chunks(const struct pull_engine *p)
{
    return p->monitor ? seed_monitor_settled(p->monitor) : p->prepared->needed->count;
}

static double rate_of(const struct pull_engine *p)
{
    return meter_rate(&p->progress.meter, clock_monotonic());
}

/* Requests missing chunks ahead of the plan, among those that are settled. */
void engine_spans_prefetch(struct pull_engine *p)
{
    struct span *span;
    uint64_t bridge;
    size_t longest;

    if (!p->prefetch)
        return;
    prefetch_passed(p->prefetch, p->plan.chunk);
    longest = buffer_plan_prefetch(&p->buffer_plan, rate_of(p));
    bridge = longest < p->buffer_plan.prefetch_range / 2 ? p->short_bridge : p->bridge;
    while (!p->stopping &&
           (span = prefetch_next(p->prefetch, settled_chunks(p), longest, bridge))) {
        span->partial = p->prepared->partial;
        fetch_span(p, span, PREFETCH_FETCHED);
    }
}

/* The plan may go as far as the chunks are settled and prefetched. */
static uint32_t plan_limit(const struct pull_engine *p)
{
    uint32_t limit;

    if (!p->prepared->needed)
        return 0;
    limit = settled_chunks(p);
    if (p->prefetch && prefetch_settled(p->prefetch) < limit)
        limit = prefetch_settled(p->prefetch);
    return limit;
}

/* Starts as many spans as there are free buffers. */
void engine_spans_start(struct pull_engine *p)
{
    struct buffer *buffer;
    struct err err;

    p->plan.limit = plan_limit(p);
    while (!p->stopping && !range_plan_done(&p->plan) && !range_plan_waits(&p->plan) &&
           (buffer = buffers_take(p->buffers))) {
        struct span *span = span_of(buffer);

        span->op = (struct store_op){.verb = STORE_GET, .buffer = buffer->in};
        p->plan.in_size = buffer_plan_range(&p->buffer_plan, rate_of(p));
        if (range_plan_next(&p->plan, span, &err)) {
            release_span(p, span);
            pull_engine_stop(p, &err);
            return;
        }
        if (span->op.length)
            fetch_span(p, span, SPAN_FETCHED);
        else
            unpack_span(p, span); /* this host has all of its bytes */
    }
}

static void hand_to_writer(struct pull_engine *p)
{
    struct span *span;

    while ((span = reorder_take(&p->order)))
        writer_give(p->output.writer, span);
}

/* The object is absent or has changed. Looks for it; the main loop waits for a few requests. An
 * archive of a format up to 2 is not looked for: a new try reads its new metadata. */
static int find_object_again(struct pull_engine *p, const struct span *span, struct err *err)
{
    struct prepare *prepared = p->prepared;

    if (object_map_is_old(prepared->objects, span->address, &span->op))
        return 0;
    if (prepared->at.metadata.format > METADATA_ARCHIVE_FORMAT && p->refreshes++ < REFRESHES_MAX)
        return object_map_refresh(prepared->objects, p->options->store, err);
    return err_set(err, ERR_CONFLICT, "changed", "%s was replaced while it was being pulled",
                   span->op.key);
}

/* Requests the range again from where its object is now. False: the pull is stopping. */
static bool fetch_again(struct pull_engine *p, struct span *span)
{
    struct err err;

    if (find_object_again(p, span, &err)) {
        p->replaced = err.family == ERR_CONFLICT || err.family == ERR_NOT_FOUND;
        pull_engine_stop(p, &err);
        return false;
    }
    span->op =
        (struct store_op){.msg = span->op.msg, .verb = STORE_GET, .buffer = span->buffer->in};
    fetch_span(p, span, span->op.msg.kind);
    return true;
}

/* Checks the result of a GET. */
enum { GET_DONE, GET_AGAIN, GET_FAILED };
static int check_fetched(struct pull_engine *p, struct span *span)
{
    if (p->stopping)
        return GET_FAILED;
    if (span->op.answer == STORE_DONE)
        return GET_DONE;
    if (span->op.answer != STORE_FAILED)
        return fetch_again(p, span) ? GET_AGAIN : GET_FAILED;
    pull_engine_stop(p, &span->op.err);
    return GET_FAILED;
}

void engine_spans_fetched(struct pull_engine *p, struct msg *msg)
{
    struct span *span = span_of_op(msg);

    switch (check_fetched(p, span)) {
    case GET_DONE:
        unpack_span(p, span);
        break;
    case GET_FAILED:
        release_span(p, span);
        break;
    default:
        break;
    }
}

void engine_spans_prefetched(struct pull_engine *p, struct msg *msg)
{
    struct span *span = span_of_op(msg);

    switch (check_fetched(p, span)) {
    case GET_DONE:
        give_job(p, span, PREFETCH_KEPT, span_job_keep);
        break;
    case GET_FAILED:
        prefetch_done(p->prefetch, span, false);
        break;
    default:
        break;
    }
}

void engine_spans_prefetch_kept(struct pull_engine *p, struct msg *msg)
{
    struct span *span = (struct span *)msg;

    prefetch_done(p->prefetch, span, !span->err.family);
}

/* Stops with the place of the chunk that could not be unpacked. */
static void stop_at_damage(struct pull_engine *p, struct span *span)
{
    uint64_t offset;

    if (span->damaged != SPAN_UNDAMAGED) {
        const char *key = object_map_key(p->prepared->objects, span->damaged, &offset);

        err_wrap(&span->err, "%s, from byte %llu", key, (unsigned long long)offset);
    }
    pull_engine_stop(p, &span->err);
}

void engine_spans_unpacked(struct pull_engine *p, struct msg *msg)
{
    struct span *span = (struct span *)msg;

    if (!p->stopping && span->err.family)
        stop_at_damage(p, span);
    if (p->stopping) {
        release_span(p, span);
        return;
    }
    reorder_put(&p->order, span->number, span);
    hand_to_writer(p);
}

void engine_spans_written(struct pull_engine *p, struct msg *msg)
{
    struct span *span = (struct span *)msg;

    if (!p->stopping && span->err.family)
        pull_engine_stop(p, &span->err);
    release_span(p, span);
    pull_progress_add(&p->progress, span->packed);
}

void engine_spans_drop(struct pull_engine *p)
{
    struct span *span;

    while ((span = reorder_take_any(&p->order)))
        release_span(p, span);
}
