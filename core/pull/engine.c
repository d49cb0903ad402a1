/*
 * One conductor, as it flows:
 *
 *    conductor              store            workers            conductor    writer
 *    plan -> empty span ==> ranged GET ==>   check, inflate ==> order ==> assembly -> sink
 *       ^                                                                      |
 *       +--------------------------- empty spans ------------------------------+
 *
 * A span is admitted, in order, only with both of its buffers in hand: so there is no deadlock, and
 * back-pressure needs no code. Without an index the spans are plain pieces that the writer inflates
 * in order.
 *
 * Chunks that a harvest may find are planned when its front has passed them: so the daemon is
 * loading while the rest is looked for. What then is missing is fetched ahead, into the spool, and
 * planned when it is there; so three fronts follow each other along the wanted chunks: the
 * harvest's, the forage's, the plan's.
 */
#include "pull/engine.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "flow/meter.h"
#include "flow/reorder.h"
#include "pack/codec/gzip_member.h"
#include "pull/bundle_writer.h"
#include "pull/plan/prefetch.h"
#include "pull/plan/range_plan.h"
#include "pull/plan/span.h"
#include "pull/seed_monitor.h"
#include "pull/sink.h"
#include "pull/verify_stream.h"
#include "pull/writer.h"

#define IN_LEAST    (384 * KIB)
#define IN_THE_AIR  0.5 /* seconds of the link that all GETs together hold: lost in a crash */
#define SPANS_LEAST 3

/* What the slots are made for. Long ranges cost few requests. Beside what this host has, ranges are
 * short: there it counts how many of them are in the air at once. */
static const struct shape {
    size_t in, out; /* of a span: bytes of the archive, and of the stream */
    unsigned most;  /* spans */
} FETCHING = {2 * MIB, 4 * MIB, 16}, REUSING = {MIB, MIB, 40}, PIECES = {2 * MIB, 0, 16};

enum { FETCHED = 1, UNPACKED, WRITTEN, VERIFIED, ENDED, MOVED, HARVESTED, BROUGHT, FORAGED };

struct pull_engine {
    struct prepare *from;
    const struct pull_options *options;
    struct pull_result *result;

    const struct shape *shape;
    struct plan plan;
    struct seed_monitor *glean; /* NULL: nothing is taken from images of this host */
    struct prefetch *forage;    /* NULL: nothing is fetched ahead */

    struct inbox *home;
    struct buffers *slots;
    unsigned slot_count;
    struct workers *workers;
    struct sink *sink;
    struct writer *writer;
    struct verify_stream *judge;    /* NULL: a bundle is written */
    struct bundle_writer *assembly; /* NULL: the archive is only judged */
    struct reorder order;
    bool writing, ended, stopping, replaced;

    struct meter meter;
    int64_t next_report, phase_began;
    enum transfer_phase phase;
    struct err err;
};

/* ---- setting up ---- */

static void *make_unpacker(void *arg)
{
    struct err ignored;

    (void)arg;
    return unpacker_create(&ignored);
}

static void free_unpacker(void *unpacker)
{
    unpacker_destroy(unpacker);
}

static struct sink *open_sink(const struct pull_options *o, struct err *err)
{
    if (o->docker)
        return sink_docker(o->docker, err);
    if (!o->output)
        return sink_null(err);
    if (strcmp(o->output, "-") == 0)
        return sink_fd(1, o->transfer.cancel, err);
    return sink_file(o->output, o->transfer.cancel, err);
}

/* What is kept ahead needs a place. */
static bool may_forage(const struct pull_engine *p)
{
    return p->shape == &REUSING && p->from->spool;
}

static const struct shape *choose_shape(const struct prepare *from)
{
    if (!from->wanted)
        return &PIECES;
    return from->delta && from->delta->donor ? &REUSING : &FETCHING;
}

/* Metadata of the original does not tell how much the archive inflates to: a disk is not to be
 * filled by it. */
static int check_room(const struct pull_engine *p, struct err *err)
{
    uint64_t room = sink_room(p->sink), size = p->from->bundle->size;

    if (p->from->at.metadata.raw_size || room >= size + PREPARE_KEEP_FREE)
        return 0;
    err_set(err, ERR_LOCAL, "disk_full",
            "the image has %llu bytes, and the disk of %s has %llu left", (unsigned long long)size,
            p->options->output, (unsigned long long)room);
    return err_hint(err, "free space there, or write the image to another disk");
}

static int open_assembly(struct pull_engine *p, struct err *err)
{
    p->sink = open_sink(p->options, err);
    if (!p->sink || check_room(p, err))
        return ERR_FAIL;
    p->assembly = bundle_writer_create(p->from->bundle, p->from->image, p->sink);
    return p->assembly ? 0 : err_memory(err, "the bundle");
}

static int open_writer(struct pull_engine *p, struct err *err)
{
    const struct metadata *metadata = &p->from->at.metadata;

    if (!p->judge && open_assembly(p, err))
        return ERR_FAIL;
    p->writer = writer_create(&(struct writer_options){.sink = p->sink,
                                                       .assembly = p->assembly,
                                                       .check = p->judge,
                                                       .packed = !p->from->wanted,
                                                       .summed = p->judge && p->from->wanted,
                                                       .raw_size = metadata->raw_size,
                                                       .checksum = metadata->checksum,
                                                       .home = p->home,
                                                       .kind_span = WRITTEN,
                                                       .kind_verified = VERIFIED,
                                                       .kind_done = ENDED},
                              err);
    p->writing = p->writer != NULL;
    return p->writer ? 0 : ERR_FAIL;
}

static int set_up(struct pull_engine *p, struct err *err)
{
    const struct pull_options *o = p->options;
    const struct shape *shape = p->shape = choose_shape(p->from);
    size_t memory = o->transfer.memory ? o->transfer.memory : TRANSFER_MEMORY;
    size_t ahead = may_forage(p) ? PREFETCH_BYTES : 0;
    unsigned count = (unsigned)((memory > ahead ? memory - ahead : 0) / (shape->in + shape->out));
    struct workers_options crew = {.count = transfer_jobs(o->transfer.jobs),
                                   .scratch_create = make_unpacker,
                                   .scratch_destroy = free_unpacker};

    count = count < SPANS_LEAST ? SPANS_LEAST : count > shape->most ? shape->most : count;
    log_debug("pull: %u workers, %u slots: at most %zu bytes of buffers", crew.count, count,
              count * (shape->in + shape->out) + ahead);
    reorder_init(&p->order, count);
    p->home = inbox_create(err);
    p->slots = buffers_create(count, shape->in, shape->out, sizeof(struct span), err);
    if (!p->home || !p->slots)
        return ERR_FAIL;
    plan_init(&p->plan, p->from->wanted, p->from->spool, p->from->archive.size, IN_LEAST,
              shape->out);
    p->slot_count = count;
    p->forage = ahead ? prefetch_create(p->from->wanted, err) : NULL;
    if (ahead && !p->forage)
        return ERR_FAIL;
    p->workers = workers_create(&crew, err);
    return p->workers ? open_writer(p, err) : ERR_FAIL;
}

/* ---- progress ---- */

static void report(struct pull_engine *p, enum transfer_phase phase)
{
    int64_t now = clock_monotonic();

    if (phase != p->phase) {
        p->phase = phase;
        p->phase_began = now;
        if (phase == PHASE_PULL || phase == PHASE_WRITE)
            meter_start(&p->meter,
                        p->from->wanted ? p->from->wanted->packed_size : p->from->archive.size,
                        now);
        else if (phase == PHASE_REUSE && p->from->delta)
            meter_start(&p->meter, p->from->delta->donor_source->size_hint, now);
    } else if (now < p->next_report) {
        return;
    }
    p->next_report = now + CANCEL_TICK;
    transfer_report(&p->options->transfer,
                    &(struct transfer_progress){
                        .phase = phase,
                        .done = p->meter.done,
                        .total = p->meter.total,
                        .moved = p->meter.done,
                        .rate = meter_rate(&p->meter, now),
                        .left = meter_left(&p->meter, now),
                        .elapsed = (double)(now - p->phase_began) / (double)NS_PER_S,
                    });
}

/* ---- the transfer: one function an event ---- */

static void stop(struct pull_engine *p, const struct err *err)
{
    if (!p->stopping)
        p->err = *err;
    p->stopping = true;
    if (p->glean)
        seed_monitor_stop(p->glean);
}

static struct span *span_of_op(struct msg *msg)
{
    return (struct span *)((char *)msg - offsetof(struct span, op.msg));
}

static void release_span(struct pull_engine *p, struct span *span)
{
    buffers_give(p->slots, span->slot);
}

/* Short ranges over a slow link: little is lost when the pull is killed or a connection cut. */
static size_t range_size(const struct pull_engine *p)
{
    double share = meter_rate(&p->meter, clock_monotonic()) * IN_THE_AIR / p->slot_count;
    size_t most = p->from->wanted ? p->shape->in - SPAN_KEPT_ROOM : p->shape->in;

    return share < IN_LEAST ? IN_LEAST : share > (double)most ? most : (size_t)share;
}

static void give(struct pull_engine *p, struct span *span, int kind,
                 void (*run)(struct job *job, void *scratch))
{
    span->job.home = p->home;
    span->job.msg.kind = kind;
    span->job.run = run;
    workers_give(p->workers, &span->job);
}

static void unpack(struct pull_engine *p, struct span *span)
{
    give(p, span, UNPACKED, p->from->wanted ? span_unpack : span_settle);
}

static void ask(struct pull_engine *p, struct span *span, int kind)
{
    span->op.key = p->from->at.archive_key;
    span->op.if_match = p->from->archive.etag;
    span->op.home = p->home;
    span->op.msg.kind = kind;
    store_submit(p->options->store, &span->op);
}

static void fetch_ahead(struct pull_engine *p, uint32_t settled)
{
    struct span *span;

    while (!p->stopping && (span = prefetch_next(p->forage, settled))) {
        span->kept = p->from->spool;
        ask(p, span, BROUGHT);
    }
}

/* How far the stream may be planned: not beyond what a harvest may still find, nor what is fetched
 * ahead of it. */
static void set_limit(struct pull_engine *p)
{
    uint32_t front;

    if (!p->from->wanted)
        return;
    front = p->glean ? seed_monitor_settled(p->glean) : p->from->wanted->count;
    if (p->forage) {
        fetch_ahead(p, front);
        if (prefetch_front(p->forage) < front)
            front = prefetch_front(p->forage);
    }
    p->plan.limit = front;
}

/* Sends out as many spans as there are slots for. */
static void admit(struct pull_engine *p)
{
    struct buffer *slot;
    struct err err;

    set_limit(p);
    while (!p->stopping && !plan_done(&p->plan) && !plan_waits(&p->plan) &&
           (slot = buffers_take(p->slots))) {
        struct span *span = span_of(slot);

        span->op = (struct store_op){.verb = STORE_GET, .buffer = slot->in};
        p->plan.in_size = range_size(p);
        if (plan_next(&p->plan, span, &err)) {
            release_span(p, span);
            stop(p, &err);
            return;
        }
        if (span->op.length)
            ask(p, span, FETCHED);
        else
            unpack(p, span); /* all of it is here */
    }
}

static void hand_to_writer(struct pull_engine *p)
{
    struct span *span;

    while ((span = reorder_take(&p->order)))
        writer_give(p->writer, span);
}

/* What a GET has answered. False: the pull is over. */
static bool is_answered(struct pull_engine *p, const struct span *span)
{
    struct err err;

    if (!p->stopping && span->op.answer == STORE_FAILED) {
        stop(p, &span->op.err);
    } else if (!p->stopping && span->op.answer != STORE_DONE) {
        p->replaced = true;
        err_set(&err, ERR_CONFLICT, "changed", "%s was replaced while it was being pulled",
                p->from->at.archive_key);
        stop(p, &err);
    }
    return !p->stopping;
}

static void on_fetched(struct pull_engine *p, struct span *span)
{
    if (is_answered(p, span))
        unpack(p, span);
    else
        release_span(p, span);
}

static void on_brought(struct pull_engine *p, struct span *span)
{
    if (is_answered(p, span))
        give(p, span, FORAGED, span_keep);
    else
        prefetch_done(p->forage, span, false);
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
    meter_add(&p->meter, span->packed, clock_monotonic());
}

static void on_ended(struct pull_engine *p)
{
    struct err err;

    p->ended = true;
    if (p->glean)
        seed_monitor_stop(p->glean);
    if (writer_result(p->writer, &err))
        stop(p, &err);
}

static void dispatch(struct pull_engine *p, struct msg *msg)
{
    switch (msg->kind) {
    case FETCHED:
        on_fetched(p, span_of_op(msg));
        break;
    case UNPACKED:
        on_unpacked(p, (struct span *)msg);
        break;
    case WRITTEN:
        on_written(p, (struct span *)msg);
        break;
    case VERIFIED:
        if (!p->judge)
            report(p, p->options->docker ? PHASE_LOAD : PHASE_COMMIT);
        break;
    case ENDED:
        on_ended(p);
        break;
    case MOVED:
        seed_monitor_moved(p->glean);
        break;
    case HARVESTED:
        seed_monitor_done(p->glean);
        break;
    case BROUGHT:
        on_brought(p, span_of_op(msg));
        break;
    case FORAGED:
        prefetch_done(p->forage, (struct span *)msg, !((struct span *)msg)->err.family);
        break;
    default:
        break;
    }
}

static void drop_what_waits(struct pull_engine *p)
{
    struct span *span;

    while ((span = reorder_take_any(&p->order)))
        release_span(p, span);
}

/* Nothing is out and nothing will be: the writer may end. */
static void end_writing(struct pull_engine *p)
{
    if (!p->writing || buffers_out(p->slots) || (p->forage && prefetch_out(p->forage)) ||
        !(p->stopping || plan_done(&p->plan)))
        return;
    p->writing = false;
    writer_end(p->writer, !p->stopping);
}

/* Until the first chunk is on its way, what is seen of the pull is how far the harvest is. */
static void report_on(struct pull_engine *p)
{
    if (p->phase == PHASE_REUSE && !buffers_out(p->slots) && plan_waits(&p->plan)) {
        meter_add(&p->meter, seed_monitor_progress(p->glean), clock_monotonic());
        report(p, PHASE_REUSE);
    } else {
        report(p, p->phase == PHASE_REUSE ? PHASE_PULL : p->phase);
    }
}

static enum transfer_phase first_phase(const struct pull_engine *p)
{
    bool second_pass = !p->judge && p->from->made;

    return p->glean ? PHASE_REUSE : second_pass ? PHASE_WRITE : PHASE_PULL;
}

int pull_engine_run(struct pull_engine *p, struct err *err)
{
    if (set_up(p, err))
        return ERR_FAIL;
    if (p->from->delta && p->from->delta->donor)
        p->glean = seed_monitor_start(p->from, p->home, MOVED, HARVESTED);
    report(p, first_phase(p));
    while (!p->ended || (p->glean && !seed_monitor_is_over(p->glean))) {
        struct msg *msg;

        admit(p);
        if (p->stopping)
            drop_what_waits(p);
        end_writing(p);
        msg = inbox_take(p->home, clock_monotonic() + CANCEL_TICK);
        if (msg)
            dispatch(p, msg);
        if (!p->stopping && cancel_check(p->options->transfer.cancel, err))
            stop(p, err);
        if (p->glean)
            seed_monitor_check(p->glean);
        report_on(p);
    }
    if (!p->stopping)
        return 0;
    *err = p->err;
    return p->replaced && pull_engine_may_repeat(p) ? INTAKE_REPLACED : ERR_FAIL;
}

/* ---- for who has it run ---- */

struct pull_engine *pull_engine_create(struct prepare *provision, struct verify_stream *judge,
                                       struct err *err)
{
    struct pull_engine *intake = calloc(1, sizeof *intake);

    if (!intake) {
        err_memory(err, "the pull");
        return NULL;
    }
    intake->from = provision;
    intake->judge = judge;
    intake->options = provision->options;
    intake->result = provision->result;
    intake->phase = PHASE_PREPARE;
    return intake;
}

void pull_engine_destroy(struct pull_engine *intake)
{
    if (!intake)
        return;
    seed_monitor_destroy(intake->glean);
    writer_destroy(intake->writer);
    bundle_writer_destroy(intake->assembly);
    sink_destroy(intake->sink);
    workers_destroy(intake->workers);
    buffers_destroy(intake->slots);
    prefetch_destroy(intake->forage);
    inbox_destroy(intake->home);
    free(intake);
}

const struct image_info *pull_engine_image(const struct pull_engine *intake)
{
    return writer_image(intake->writer);
}

struct view pull_engine_config(const struct pull_engine *intake)
{
    return writer_config(intake->writer);
}

const struct docker_loaded *pull_engine_loaded(const struct pull_engine *intake)
{
    return intake->sink ? intake->sink->loaded : NULL;
}

uint64_t pull_engine_raw(const struct pull_engine *intake)
{
    if (!intake->writer || !intake->ended)
        return 0;
    return intake->from->bundling ? intake->from->bundling->index->raw_size
                                  : writer_raw(intake->writer);
}

bool pull_engine_may_repeat(const struct pull_engine *intake)
{
    return intake->judge || (intake->sink && !intake->sink->in_place);
}
