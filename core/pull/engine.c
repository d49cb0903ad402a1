/*
 * The way of a span, from left to right:
 *
 *    engine                 store            workers             engine      writer
 *    plan -> empty span ==> ranged GET ==>   unpack, compare ==> reorder ==> bundle_writer -> sink
 *       ^                                                                      |
 *       +--------------------------- empty spans ------------------------------+
 *
 * The engine starts a span, in order, only with both of its buffers in hand. So there is no
 * deadlock, and a slow writer slows the requests down without further code. Without an index the
 * spans are plain pieces of the archive, which the writer inflates in order.
 *
 * Chunks that the seed scan may still find are planned once its watermark has passed them. So the
 * daemon loads while the scan goes through the rest. Chunks that are then missing are prefetched
 * into the partial download and planned when they have arrived. Three positions follow each other
 * along the needed chunks: that of the scan, of the prefetch, and of the plan.
 */
#include "pull/engine.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "flow/reorder.h"
#include "pull/buffer_plan.h"
#include "pull/output.h"
#include "pull/plan/prefetch.h"
#include "pull/plan/range_plan.h"
#include "pull/plan/span.h"
#include "pull/progress.h"
#include "pull/seed_monitor.h"
#include "pull/span_jobs.h"

/* Messages to the engine. */
enum {
    SPAN_FETCHED = 1,
    SPAN_UNPACKED,
    SPAN_WRITTEN,
    BUNDLE_VERIFIED,
    WRITER_ENDED,
    SCAN_MOVED,
    SCAN_ENDED,
    PREFETCH_FETCHED,
    PREFETCH_KEPT
};

struct pull_engine {
    struct prepare *prepared;
    const struct pull_options *options;

    struct buffer_plan buffer_plan;
    struct range_plan plan;
    struct seed_monitor *monitor; /* NULL: no local image is scanned */
    struct prefetch *prefetch;    /* NULL: nothing is fetched ahead of the plan */

    struct inbox *inbox;
    struct buffers *buffers;
    struct workers *workers;
    struct pull_output output;
    struct verify_stream *verify; /* NULL: a bundle is written */
    struct reorder order;
    bool writing, ended, stopping, replaced;

    struct pull_progress progress;
    struct err err;
};

/* ---- setup ---- */

static void note_line(void *arg, const char *line)
{
    pull_progress_note(arg, line);
}

static int create_buffers(struct pull_engine *p, struct err *err)
{
    const struct prepare *prepared = p->prepared;
    size_t memory = p->options->transfer.memory;
    struct buffer_plan *buffers = &p->buffer_plan;

    buffer_plan_make(buffers,
                     &(struct buffer_plan_options){.memory = memory ? memory : TRANSFER_MEMORY,
                                                   .chunks = prepared->needed,
                                                   .seed = prepared->seed.image,
                                                   .partial = prepared->partial});
    log_debug("pull: %u buffers with at most %zu bytes", buffers->count,
              buffers->count * (buffers->in + buffers->out) + buffers->prefetch_bytes);
    reorder_init(&p->order, buffers->count);
    p->buffers =
        buffers_create(buffers->count, buffers->in, buffers->out, sizeof(struct span), err);
    if (!p->buffers)
        return ERR_FAIL;
    if (buffers->prefetch_bytes)
        p->prefetch = prefetch_create(prepared->needed, err);
    return buffers->prefetch_bytes && !p->prefetch ? ERR_FAIL : 0;
}

static int open_output(struct pull_engine *p, struct err *err)
{
    const struct pull_output_options options = {.prepared = p->prepared,
                                                .verify = p->verify,
                                                .inbox = p->inbox,
                                                .kind_span = SPAN_WRITTEN,
                                                .kind_verified = BUNDLE_VERIFIED,
                                                .kind_done = WRITER_ENDED,
                                                .line = note_line,
                                                .arg = &p->progress};

    if (pull_output_open(&p->output, &options, err))
        return ERR_FAIL;
    p->writing = true;
    return 0;
}

static int set_up(struct pull_engine *p, struct err *err)
{
    unsigned jobs = transfer_jobs(p->options->transfer.jobs);

    p->inbox = inbox_create(err);
    if (!p->inbox || create_buffers(p, err))
        return ERR_FAIL;
    range_plan_init(&p->plan, p->prepared->needed, p->prepared->partial, p->prepared->archive.size,
                    BUFFER_PLAN_RANGE_LEAST, p->buffer_plan.out);
    log_debug("pull: %u workers", jobs);
    p->workers = span_jobs_start_workers(jobs, err);
    return p->workers ? open_output(p, err) : ERR_FAIL;
}

static void start_scan(struct pull_engine *p)
{
    if (p->prepared->seed.image)
        p->monitor = seed_monitor_start(
            &(struct seed_monitor_options){.seed = &p->prepared->seed,
                                           .bundle = p->prepared->bundle_plan,
                                           .leave = prepare_leave(p->prepared),
                                           .stops_slow_scan = p->options->reuse == REUSE_AUTO,
                                           .inbox = p->inbox,
                                           .kind_moved = SCAN_MOVED,
                                           .kind_done = SCAN_ENDED});
}

/* ---- progress ---- */

static uint64_t bytes_to_move(const struct pull_engine *p)
{
    return p->prepared->needed ? p->prepared->needed->packed_size : p->prepared->archive.size;
}

static void begin_progress(struct pull_engine *p)
{
    bool second_pass = !p->verify && p->prepared->made;

    if (p->monitor)
        pull_progress_begin(&p->progress, PHASE_REUSE, p->prepared->seed.source->size_hint);
    else
        pull_progress_begin(&p->progress, second_pass ? PHASE_WRITE : PHASE_PULL, bytes_to_move(p));
}

/* Until the first chunk is on its way, the pull reports the progress of the scan. */
static void report_progress(struct pull_engine *p)
{
    if (p->progress.phase == PHASE_REUSE) {
        if (!buffers_out(p->buffers) && range_plan_waits(&p->plan))
            pull_progress_add(&p->progress, seed_monitor_progress(p->monitor));
        else
            pull_progress_begin(&p->progress, PHASE_PULL, bytes_to_move(p));
    }
    pull_progress_tick(&p->progress);
}

/* ---- the transfer: one function for each event ---- */

static void stop(struct pull_engine *p, const struct err *err)
{
    if (!p->stopping)
        p->err = *err;
    p->stopping = true;
    if (p->monitor)
        seed_monitor_stop(p->monitor);
}

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
    span->op.key = p->prepared->at.archive_key;
    span->op.if_match = p->prepared->archive.etag;
    span->op.inbox = p->inbox;
    span->op.msg.kind = kind;
    store_submit(p->options->store, &span->op);
}

/* Returns how many needed chunks are settled: the scan has found them or will not find them. */
static uint32_t settled_chunks(const struct pull_engine *p)
{
    return p->monitor ? seed_monitor_settled(p->monitor) : p->prepared->needed->count;
}

/* Requests missing chunks ahead of the plan, among those that are settled. */
static void start_prefetch(struct pull_engine *p)
{
    struct span *span;

    while (p->prefetch && !p->stopping && (span = prefetch_next(p->prefetch, settled_chunks(p)))) {
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
static void start_spans(struct pull_engine *p)
{
    struct buffer *buffer;
    struct err err;

    p->plan.limit = plan_limit(p);
    while (!p->stopping && !range_plan_done(&p->plan) && !range_plan_waits(&p->plan) &&
           (buffer = buffers_take(p->buffers))) {
        struct span *span = span_of(buffer);

        span->op = (struct store_op){.verb = STORE_GET, .buffer = buffer->in};
        p->plan.in_size =
            buffer_plan_range(&p->buffer_plan, meter_rate(&p->progress.meter, clock_monotonic()));
        if (range_plan_next(&p->plan, span, &err)) {
            release_span(p, span);
            stop(p, &err);
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

/* Checks the result of a GET. False: the pull is stopping. */
static bool check_fetched(struct pull_engine *p, const struct span *span)
{
    struct err err;

    if (!p->stopping && span->op.answer == STORE_FAILED) {
        stop(p, &span->op.err);
    } else if (!p->stopping && span->op.answer != STORE_DONE) {
        p->replaced = true;
        err_set(&err, ERR_CONFLICT, "changed", "%s was replaced while it was being pulled",
                p->prepared->at.archive_key);
        stop(p, &err);
    }
    return !p->stopping;
}

static void on_fetched(struct pull_engine *p, struct span *span)
{
    if (check_fetched(p, span))
        unpack_span(p, span);
    else
        release_span(p, span);
}

static void on_prefetched(struct pull_engine *p, struct span *span)
{
    if (check_fetched(p, span))
        give_job(p, span, PREFETCH_KEPT, span_job_keep);
    else
        prefetch_done(p->prefetch, span, false);
}

static void on_unpacked(struct pull_engine *p, struct span *span)
{
    if (!p->stopping && span->err.family)
        stop(p, &span->err);
    if (p->stopping) {
        release_span(p, span);
        return;
    }
    reorder_put(&p->order, span->number, span);
    hand_to_writer(p);
}

static void on_written(struct pull_engine *p, struct span *span)
{
    if (!p->stopping && span->err.family)
        stop(p, &span->err);
    release_span(p, span);
    pull_progress_add(&p->progress, span->packed);
}

static void on_verified(struct pull_engine *p)
{
    if (!p->verify)
        pull_progress_wait(&p->progress, p->options->docker ? PHASE_LOAD : PHASE_COMMIT);
}

static void on_writer_ended(struct pull_engine *p)
{
    struct err err;

    p->ended = true;
    pull_progress_report(&p->progress); /* the last line of the daemon */
    if (p->monitor)
        seed_monitor_stop(p->monitor);
    if (writer_result(p->output.writer, &err))
        stop(p, &err);
}

static void dispatch(struct pull_engine *p, struct msg *msg)
{
    struct span *span = (struct span *)msg;

    switch (msg->kind) {
    case SPAN_FETCHED:
        on_fetched(p, span_of_op(msg));
        break;
    case SPAN_UNPACKED:
        on_unpacked(p, span);
        break;
    case SPAN_WRITTEN:
        on_written(p, span);
        break;
    case BUNDLE_VERIFIED:
        on_verified(p);
        break;
    case WRITER_ENDED:
        on_writer_ended(p);
        break;
    case SCAN_MOVED:
        seed_monitor_moved(p->monitor);
        break;
    case SCAN_ENDED:
        seed_monitor_done(p->monitor);
        break;
    case PREFETCH_FETCHED:
        on_prefetched(p, span_of_op(msg));
        break;
    case PREFETCH_KEPT:
        prefetch_done(p->prefetch, span, !span->err.family);
        break;
    default:
        break;
    }
}

static void drop_waiting_spans(struct pull_engine *p)
{
    struct span *span;

    while ((span = reorder_take_any(&p->order)))
        release_span(p, span);
}

/* Ends the writer when no span is on its way and none will follow. */
static void end_writer(struct pull_engine *p)
{
    if (!p->writing || buffers_out(p->buffers) || (p->prefetch && prefetch_out(p->prefetch)) ||
        !(p->stopping || range_plan_done(&p->plan)))
        return;
    p->writing = false;
    writer_end(p->output.writer, !p->stopping);
}

static bool is_running(const struct pull_engine *p)
{
    return !p->ended || (p->monitor && !seed_monitor_is_over(p->monitor));
}

static void run_once(struct pull_engine *p)
{
    struct msg *msg;
    struct err err;

    start_prefetch(p);
    start_spans(p);
    if (p->stopping)
        drop_waiting_spans(p);
    end_writer(p);
    msg = inbox_take(p->inbox, clock_monotonic() + CANCEL_TICK);
    if (msg)
        dispatch(p, msg);
    if (!p->stopping && cancel_check(p->options->transfer.cancel, &err))
        stop(p, &err);
    if (p->monitor)
        seed_monitor_check(p->monitor);
    report_progress(p);
}

int pull_engine_run(struct pull_engine *p, struct err *err)
{
    if (set_up(p, err))
        return ERR_FAIL;
    start_scan(p);
    begin_progress(p);
    while (is_running(p))
        run_once(p);
    if (!p->stopping)
        return 0;
    *err = p->err;
    return p->replaced && pull_engine_outcome(p).may_repeat ? PULL_ENGINE_REPLACED : ERR_FAIL;
}

/* ---- creation and result ---- */

struct pull_engine *pull_engine_create(struct prepare *prepared, struct verify_stream *verify,
                                       struct err *err)
{
    struct pull_engine *engine = calloc(1, sizeof *engine);

    if (!engine) {
        err_memory(err, "the pull");
        return NULL;
    }
    engine->prepared = prepared;
    engine->verify = verify;
    engine->options = prepared->options;
    pull_progress_init(&engine->progress, &prepared->options->transfer);
    return engine;
}

void pull_engine_destroy(struct pull_engine *engine)
{
    if (!engine)
        return;
    seed_monitor_destroy(engine->monitor);
    pull_output_close(&engine->output);
    workers_destroy(engine->workers);
    buffers_destroy(engine->buffers);
    prefetch_destroy(engine->prefetch);
    inbox_destroy(engine->inbox);
    pull_progress_finish(&engine->progress);
    free(engine);
}

static uint64_t raw_size(const struct pull_engine *p)
{
    if (!p->output.writer || !p->ended)
        return 0;
    return p->prepared->bundle_plan ? p->prepared->bundle_plan->index->raw_size
                                    : writer_raw(p->output.writer);
}

struct pull_outcome pull_engine_outcome(const struct pull_engine *engine)
{
    bool ended = engine->output.writer && engine->ended;

    return (struct pull_outcome){
        .image = ended ? writer_image(engine->output.writer) : NULL,
        .config = ended ? writer_config(engine->output.writer) : (struct view){0},
        .loaded = engine->output.sink ? engine->output.sink->loaded : NULL,
        .raw = raw_size(engine),
        .found = engine->monitor ? seed_monitor_found(engine->monitor) : 0,
        .may_repeat = engine->verify || (engine->output.sink && !engine->output.sink->in_place),
    };
}
