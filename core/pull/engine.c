/*
 * The way of a span, from left to right:
 *
 *    engine                 store            workers             engine      writer
 *    plan -> empty span ==> ranged GET ==>   unpack, compare ==> reorder ==> bundle_writer -> sink
 *       ^                                                                      |
 *       +--------------------------- empty spans ------------------------------+
 *
 * engine_spans.c has the rules of the spans. Without an index the spans are plain pieces of the
 * archive, which the writer inflates in order.
 */
#include "pull/engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "pack/index/extent_cost.h"
#include "pull/engine_spans.h"
#include "pull/engine_state.h"
#include "pull/plan/span.h"
#include "pull/span_jobs.h"

/* Bytes of a thin image that are requested ahead of the stream: they are read again while the page
 * cache has them. */
#define THIN_AHEAD (64 * MIB)

/* The requests that a pull of a thin image may have, in relation to a whole one. */
static const struct extent_limits BRIDGE_LIMITS = {.ranges = 1.4, .bytes = 1.039};

/* ---- setup ---- */

static void note_line(void *arg, const char *line)
{
    pull_progress_note(arg, line);
}

/* The bridge of a thin image: the shortest one that needs few requests, for ranges of that length.
 */
static uint64_t choose_bridge(const struct pull_engine *p, uint64_t range)
{
    const struct prepare *prepared = p->prepared;
    const struct index *index =
        prepared->bundle_plan ? prepared->bundle_plan->index : prepared->index;
    bool need[INDEX_SECTIONS_MAX];
    uint64_t bridge;

    for (unsigned i = 0; i < index->section_count; i++)
        need[i] = index->sections[i].chunks != NULL;
    extent_bridge(index, need, range, &BRIDGE_LIMITS, &bridge);
    return bridge;
}

/* With a seed, the missing chunks lie among chunks that this host has, in thin images, too: a
 * bridge would fetch those, and the daemon may be far behind. */
static int create_prefetch(struct pull_engine *p, struct err *err)
{
    bool all = !p->prepared->seed.image;
    const struct prefetch_options options = {.range = p->buffer_plan.prefetch_range,
                                             .spans = p->buffer_plan.prefetch,
                                             .ahead = all ? THIN_AHEAD : UINT64_MAX};

    p->bridge = all ? choose_bridge(p, p->buffer_plan.prefetch_range) : RANGE_PLAN_BRIDGE;
    p->short_bridge = all ? choose_bridge(p, BUFFER_PLAN_RANGE_LEAST) : RANGE_PLAN_BRIDGE;
    log_debug("pull: gaps of up to %llu bytes are fetched, %llu on a slow link",
              (unsigned long long)p->bridge, (unsigned long long)p->short_bridge);
    p->prefetch = prefetch_create(p->prepared->needed, &options, err);
    return p->prefetch ? 0 : ERR_FAIL;
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
                                                   .partial = prepared->partial,
                                                   .thin = prepared->thin});
    log_debug("pull: %u buffers with at most %zu bytes", buffers->count,
              buffer_plan_bytes(buffers));
    reorder_init(&p->order, buffers->count);
    p->buffers =
        buffers_create(buffers->count, buffers->in, buffers->out, sizeof(struct span), err);
    if (!p->buffers)
        return ERR_FAIL;
    return buffers->prefetch ? create_prefetch(p, err) : 0;
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
    range_plan_init(&p->plan, p->prepared->needed, p->prepared->partial,
                    object_map_space(p->prepared->objects), BUFFER_PLAN_RANGE_LEAST,
                    p->buffer_plan.out);
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
    return p->prepared->needed ? p->prepared->needed->packed_size
                               : object_map_space(p->prepared->objects);
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
        pull_engine_stop(p, &err);
}

static void dispatch(struct pull_engine *p, struct msg *msg)
{
    switch (msg->kind) {
    case SPAN_FETCHED:
        engine_spans_fetched(p, msg);
        break;
    case SPAN_UNPACKED:
        engine_spans_unpacked(p, msg);
        break;
    case SPAN_WRITTEN:
        engine_spans_written(p, msg);
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
        engine_spans_prefetched(p, msg);
        break;
    case PREFETCH_KEPT:
        engine_spans_prefetch_kept(p, msg);
        break;
    default:
        break;
    }
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

    engine_spans_prefetch(p);
    engine_spans_start(p);
    if (p->stopping)
        engine_spans_drop(p);
    end_writer(p);
    msg = inbox_take(p->inbox, clock_monotonic() + CANCEL_TICK);
    if (msg)
        dispatch(p, msg);
    if (!p->stopping && cancel_check(p->options->transfer.cancel, &err))
        pull_engine_stop(p, &err);
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
