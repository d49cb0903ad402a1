/*
 * The pull, as it flows:
 *
 *    conductor              store            workers            conductor    writer
 *    plan -> empty span ==> ranged GET ==>   check, inflate ==> order ==>    check -> sink
 *       ^                                                                      |
 *       +--------------------------- empty spans ------------------------------+
 *
 * Into a daemon, only what it lacks (delta): the plan then holds the chunks of missing layers, a
 * harvest takes those from an image of this host that it holds, and the writer assembles a bundle
 * of them. The plan follows the harvest's front: the daemon is loading while the rest is looked
 * for. If the daemon does not take that, or the index has lied, all of the image follows.
 *
 * What was fetched is kept in a spool until the pull is done: so one that is killed goes on where
 * it was.
 *
 * A span is admitted, in order, only with both of its buffers in hand: so there is no deadlock, and
 * back-pressure needs no code. Without an index the spans are plain pieces that the writer inflates
 * in order.
 */
#include "move/pull.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "catalog/locate.h"
#include "flow/meter.h"
#include "flow/order.h"
#include "move/assembly.h"
#include "move/delta.h"
#include "move/fetch_index.h"
#include "move/harvest.h"
#include "move/identity.h"
#include "move/loaded.h"
#include "move/plan.h"
#include "move/sink.h"
#include "move/span.h"
#include "move/spool.h"
#include "move/survey.h"
#include "move/writer.h"
#include "pack/member.h"
#include "wire/docker.h"

#define IN_SIZE     (2 * MIB) /* of a ranged GET: long enough that the request costs little */
#define IN_LEAST    (384 * KIB)
#define IN_THE_AIR  0.5 /* seconds of the link that all GETs together hold: lost in a crash */
#define OUT_SIZE    (4 * MIB)
#define SPANS_MOST  16
#define SPANS_LEAST 3
#define ATTEMPTS    4           /* replaced, spoiled, refused or misled, and one that goes well */
#define KEEP_FREE   (256 * MIB) /* of the disk: the spool is not to be what fills it */

enum { FETCHED = 1, UNPACKED, WRITTEN, VERIFIED, ENDED, MOVED, HARVESTED };

/* What one attempt answers besides 0 and failure: the archive was replaced meanwhile; the daemon
 * did not take a part of the image; what the index says is not so, or what the spool held. */
enum { REPLACED = 1, REFUSED, MISLED, SPOILED };

/* What an attempt shall do without. */
struct abstain {
    bool delta, index;
};

struct pull {
    const struct pull_options *options;
    struct pull_result *result;
    struct store_stats stats_before;
    int64_t began;

    struct located at;
    bool located;
    struct store_info archive;
    struct abstain without;
    struct delta *delta; /* NULL: all of the image is pulled */
    struct index *index; /* NULL: the archive is read without one, or by the delta's */
    struct need *wanted; /* NULL: plain pieces. The delta's, or all of the index */
    struct spool *spool; /* NULL: nothing is kept */
    struct plan plan;
    struct harvest *harvest; /* NULL: nothing is taken from images of this host */
    uint64_t harvested;      /* bytes that it has read, as far as they were counted */
    int64_t harvest_began, next_look;
    bool harvest_left; /* it was given up */

    struct inbox *home;
    struct slots *slots;
    unsigned slot_count;
    struct workers *workers;
    struct sink *sink;
    struct writer *writer;
    struct assembly *assembly;
    struct order order;
    bool writing, ended, stopping, replaced, spool_done;
    const struct image_info *image;

    struct meter meter;
    int64_t next_report, phase_began;
    enum transfer_phase phase;
    struct err err;
};

/* ---- progress ---- */

static void report(struct pull *p, enum transfer_phase phase)
{
    int64_t now = clock_monotonic();

    if (phase != p->phase) {
        p->phase = phase;
        p->phase_began = now;
        if (phase == PHASE_PULL)
            meter_start(&p->meter, p->wanted ? p->wanted->packed_size : p->archive.size, now);
        else if (phase == PHASE_REUSE)
            meter_start(&p->meter, p->delta->donor_source->size_hint, now);
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

/* ---- before the transfer: what is wanted, and what is here ---- */

static int find(struct pull *p, struct err *err)
{
    const struct pull_options *o = p->options;
    int answer = locate_image(o->store, &o->name, o->key, &p->at, err);

    p->located = answer == LOCATE_FOUND;
    if (answer == LOCATE_ABSENT) {
        err_set(err, ERR_NOT_FOUND, "image", "there is no image %s in %s", o->name.ref,
                o->store->where);
        return err_hint(err, "s3dock list images %s shows what there is", o->name.app);
    }
    if (answer)
        return ERR_FAIL;
    snprintf(p->result->key, sizeof p->result->key, "%s", p->at.archive_key);
    snprintf(p->result->image_ref, sizeof p->result->image_ref, "%s", p->at.metadata.image_tag);
    snprintf(p->result->image_id, sizeof p->result->image_id, "%s", p->at.metadata.image_id);
    p->result->size = p->at.metadata.size;
    return 0;
}

/* Whether a daemon's image is the one that the metadata speaks of. On the containerd store ids are
 * digests of manifests, so the layers decide there. */
static bool same_image(const struct metadata *metadata, const struct docker_engine *engine,
                       const struct docker_image *local)
{
    if (!metadata->image_id[0])
        return false;
    if (strcmp(local->id, metadata->image_id) == 0)
        return true;
    if (!engine->containerd_store || local->layer_count != metadata->layer_count)
        return false;
    if (metadata->engine_id[0] && strcmp(local->id, metadata->engine_id) == 0)
        return true;
    return false;
}

/* 1: the daemon has the image already. */
static int is_here(struct pull *p, struct err *err)
{
    const struct pull_options *o = p->options;
    struct docker_image *local;
    int answer;

    if (!o->docker || o->force)
        return 0;
    local = malloc(sizeof *local);
    if (!local)
        return err_memory(err, "the image");
    answer = docker_inspect(o->docker, o->name.ref, local, err);
    if (answer == DOCKER_OK)
        answer = same_image(&p->at.metadata, docker_engine(o->docker), local) ? 1 : 0;
    else if (answer == DOCKER_ABSENT)
        answer = 0;
    free(local);
    return answer;
}

static int find_archive(struct pull *p, struct err *err)
{
    const struct metadata *metadata = &p->at.metadata;

    switch (store_head(p->options->store, p->at.archive_key, &p->archive, err)) {
    case STORE_DONE:
        break;
    case STORE_FAILED:
        return ERR_FAIL;
    default:
        err_set(err, ERR_NOT_FOUND, "archive",
                "the metadata of %s is there, its archive is not: %s", p->options->name.ref,
                p->at.archive_key);
        return err_hint(err, "push the image again: s3dock push %s", p->options->name.ref);
    }
    if (p->archive.size == metadata->size)
        return 0;
    err_set(err, ERR_INTEGRITY, "size", "%s has %llu bytes where its metadata says %llu",
            p->at.archive_key, (unsigned long long)p->archive.size,
            (unsigned long long)metadata->size);
    return err_hint(err, "if it is just being pushed, wait and try again; else push it again");
}

/* Without a sound index the pull still works: slower, and judged by the layers' own digests. */
static int choose_index(struct pull *p, struct err *err)
{
    const char *key = p->at.metadata.index_key;
    struct raw_range all = {0};

    if (!key[0] || p->without.index)
        return 0;
    if (fetch_index(p->options->store, &p->at.metadata, &p->index, err) == 0) {
        all.size = p->index->raw_size;
        p->wanted = need_create(p->index, &all, 1, err);
        if (p->wanted && p->spool)
            need_kept(p->wanted, p->spool);
        return p->wanted ? 0 : ERR_FAIL;
    }
    if (err->family != ERR_INTEGRITY && err->family != ERR_NOT_FOUND)
        return err_wrap(err, "cannot read the index");
    log_info("%s: %s; pulling the archive without it", key, err->text);
    return 0;
}

/* ---- what an earlier pull has fetched ---- */

/* A daemon stores the image twice while it loads it; a file once. */
static uint64_t must_stay_free(const struct pull *p)
{
    const struct pull_options *o = p->options;
    uint64_t raw = p->at.metadata.raw_size > 0 ? (uint64_t)p->at.metadata.raw_size : 0;

    return KEEP_FREE + raw * (o->docker ? 2 : o->output ? 1 : 0);
}

/* A pull goes well without a spool. */
static void open_spool(struct pull *p)
{
    const struct pull_options *o = p->options;
    struct spool_subject subject = {.store = o->store->identity,
                                    .where = o->store->where,
                                    .key = p->at.archive_key,
                                    .etag = p->archive.etag,
                                    .image = o->name.ref,
                                    .size = p->archive.size};
    struct err err;

    if (o->no_resume || !p->archive.size || !p->archive.etag[0])
        return;
    p->spool =
        o->dry_run ? spool_look(&subject, &err) : spool_open(&subject, must_stay_free(p), &err);
    if (!p->spool) {
        if (!o->dry_run)
            log_info("%s; what is fetched is not kept", err.text);
        return;
    }
    p->result->kept = spool_held(p->spool);
    if (p->result->kept)
        log_info("%.1f MB were fetched by a pull that did not end", (double)p->result->kept / 1e6);
}

/* ---- what the host has ---- */

/* The names in the archive must be ours: else the whole is pulled, and refused as such. */
static bool may_be_bundled(const struct pull *p, const struct delta *delta)
{
    struct err ignored;

    return check_names(&delta->index->image, p->options->name.ref, p->at.metadata.image_tag,
                       &ignored) == 0;
}

static int choose_delta(struct pull *p, struct err *err)
{
    const struct pull_options *o = p->options;
    struct delta_options options = {.store = o->store,
                                    .docker = o->docker,
                                    .name = &o->name,
                                    .at = &p->at,
                                    .archive = &p->archive,
                                    .spool = p->spool,
                                    .reuse = o->reuse,
                                    .reason = p->result->reuse,
                                    .cancel = o->transfer.cancel};
    int answer;

    if (!o->docker || o->force || p->without.delta || !p->at.metadata.index_key[0] ||
        !p->at.metadata.layer_count || !p->at.metadata.image_id[0])
        return 0;
    answer = delta_prepare(&options, &p->delta, err);
    if (answer == ERR_FAIL && (err->family == ERR_INTEGRITY || err->family == ERR_NOT_FOUND)) {
        log_info("%s; pulling all of the image", err->text);
        return 0;
    }
    if (answer != DELTA_READY)
        return answer == DELTA_POINTLESS ? 0 : ERR_FAIL;
    if (!may_be_bundled(p, p->delta)) {
        delta_destroy(p->delta);
        p->delta = NULL;
        return 0;
    }
    p->wanted = p->delta->wanted;
    p->result->donor = p->delta->donor != NULL;
    p->result->layers_here = p->delta->has_count;
    p->result->stats.reused_bytes = delta_left_out(p->delta);
    log_info("%s: %u of %u layers are here", o->name.ref, p->delta->has_count,
             p->at.metadata.layer_count);
    return 0;
}

/* Wanted chunks come from there, as far as it holds them; the others are fetched. */
static void start_harvest(struct pull *p)
{
    const struct delta *delta = p->delta;
    struct harvest_options options = {.source = delta->donor_source,
                                      .params = delta->index->params,
                                      .file_min = delta->index->file_min,
                                      .wanted = delta->wanted,
                                      .home = p->home,
                                      .kind_moved = MOVED,
                                      .kind_done = HARVESTED};
    struct err err;

    p->harvest_began = clock_monotonic();
    p->harvest = harvest_create(&options, &err);
    if (p->harvest)
        p->plan.limit = 0;
    else
        log_info("%s: %s", delta->donor->name, err.text);
}

/* ---- the transfer: one function an event ---- */

static void stop(struct pull *p, const struct err *err)
{
    if (!p->stopping)
        p->err = *err;
    p->stopping = true;
    if (p->harvest)
        harvest_stop(p->harvest);
}

static struct span *span_of_op(struct msg *msg)
{
    return (struct span *)((char *)msg - offsetof(struct span, op.msg));
}

static void release_span(struct pull *p, struct span *span)
{
    slots_give(p->slots, span->slot);
}

/* Short ranges over a slow link: little is lost when the pull is killed or a connection cut. */
static size_t range_size(const struct pull *p)
{
    double share = meter_rate(&p->meter, clock_monotonic()) * IN_THE_AIR / p->slot_count;
    size_t most = p->wanted ? IN_SIZE - SPAN_KEPT_ROOM : IN_SIZE;

    return share < IN_LEAST ? IN_LEAST : share > (double)most ? most : (size_t)share;
}

/* Sends out as many spans as there are slots for. */
static void admit(struct pull *p)
{
    struct slot *slot;
    struct err err;

    while (!p->stopping && !plan_done(&p->plan) && !plan_waits(&p->plan) &&
           (slot = slots_take(p->slots))) {
        struct span *span = span_of(slot);

        span->op = (struct store_op){.verb = STORE_GET,
                                     .key = p->at.archive_key,
                                     .if_match = p->archive.etag,
                                     .buffer = slot->in,
                                     .home = p->home,
                                     .msg.kind = FETCHED};
        p->plan.in_size = range_size(p);
        if (plan_next(&p->plan, span, &err)) {
            release_span(p, span);
            stop(p, &err);
            return;
        }
        if (span->op.length)
            store_submit(p->options->store, &span->op);
        else
            inbox_post(p->home, &span->op.msg); /* all of it is here */
    }
}

static void hand_to_writer(struct pull *p)
{
    struct span *span;

    while ((span = order_take(&p->order)))
        writer_give(p->writer, span);
}

static void on_fetched(struct pull *p, struct span *span)
{
    struct err err;

    if (!p->stopping && span->op.answer == STORE_FAILED) {
        stop(p, &span->op.err);
    } else if (!p->stopping && span->op.answer != STORE_DONE) {
        p->replaced = true;
        err_set(&err, ERR_CONFLICT, "changed", "%s was replaced while it was being pulled",
                p->at.archive_key);
        stop(p, &err);
    }
    if (p->stopping) {
        release_span(p, span);
    } else {
        span->job.home = p->home;
        span->job.msg.kind = UNPACKED;
        span->job.run = p->wanted ? span_unpack : span_settle;
        workers_give(p->workers, &span->job);
    }
}

static void on_unpacked(struct pull *p, struct span *span)
{
    if (!p->stopping && span->err.family)
        stop(p, &span->err);
    if (p->stopping) {
        release_span(p, span);
        return;
    }
    order_put(&p->order, span->number, span);
    hand_to_writer(p);
}

static void on_written(struct pull *p, struct span *span)
{
    if (!p->stopping && span->err.family)
        stop(p, &span->err);
    release_span(p, span);
    meter_add(&p->meter, span->packed, clock_monotonic());
}

static void on_ended(struct pull *p)
{
    struct err err;

    p->ended = true;
    if (writer_result(p->writer, &p->image, &err))
        stop(p, &err);
    else if (p->delta)
        p->image = &p->delta->index->image;
}

static void on_harvested(struct pull *p)
{
    const char *donor = p->delta->donor->name;
    uint64_t missing = need_missing(p->wanted), found = p->result->to_fetch - missing;
    struct err err;

    p->plan.limit = p->wanted->count;
    if (harvest_result(p->harvest, &err))
        log_info("%s: %s", donor, err.text);
    log_info("%s held %.1f of %.1f MB that were missing; looking took %.1f s", donor,
             (double)found / 1e6, (double)p->result->to_fetch / 1e6,
             (double)(clock_monotonic() - p->harvest_began) / (double)NS_PER_S);
    p->result->stats.reused_bytes += found;
    p->result->to_fetch = missing;
}

static void dispatch(struct pull *p, struct msg *msg)
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
        report(p, p->options->docker ? PHASE_LOAD : PHASE_COMMIT);
        break;
    case ENDED:
        on_ended(p);
        break;
    case MOVED:
        p->plan.limit = harvest_front(p->harvest);
        break;
    case HARVESTED:
        on_harvested(p);
        break;
    default:
        break;
    }
}

static void drop_what_waits(struct pull *p)
{
    struct span *span;

    while ((span = order_take_any(&p->order)))
        release_span(p, span);
}

/* Nothing is out and nothing will be: the writer may end. */
static void end_writing(struct pull *p)
{
    if (!p->writing || slots_out(p->slots) || !(p->stopping || plan_done(&p->plan)))
        return;
    p->writing = false;
    writer_end(p->writer, !p->stopping);
}

/* Reading that takes longer than fetching would (a cold disk, a busy one) is given up. */
static void judge_harvest(struct pull *p)
{
    int64_t now = clock_monotonic();
    double seconds = (double)(now - p->harvest_began) / (double)NS_PER_S;
    uint64_t packed = 0, raw = 0;

    if (!p->harvest || p->harvest_left || p->options->reuse != REUSE_AUTO || now < p->next_look)
        return;
    p->next_look = now + CANCEL_TICK;
    for (uint32_t i = p->plan.limit; i < p->wanted->count; i++) {
        packed += p->wanted->chunks[i].chunk.packed_size;
        raw += p->wanted->chunks[i].chunk.raw_size;
    }
    if (!packed ||
        !harvest_lags(&p->delta->estimate, seconds, harvest_read(p->harvest), packed, raw))
        return;
    log_info("reading %s is slow: the rest is fetched", p->delta->donor->name);
    p->harvest_left = true;
    harvest_stop(p->harvest);
}

/* Until the first chunk is on its way, what is seen of the pull is how far the harvest is. */
static void report_on(struct pull *p)
{
    uint64_t read;

    if (p->phase == PHASE_REUSE && !slots_out(p->slots) && plan_waits(&p->plan)) {
        read = harvest_read(p->harvest);
        meter_add(&p->meter, read - p->harvested, clock_monotonic());
        p->harvested = read;
        report(p, PHASE_REUSE);
    } else {
        report(p, p->phase == PHASE_REUSE ? PHASE_PULL : p->phase);
    }
}

static int conduct(struct pull *p, struct err *err)
{
    report(p, p->harvest ? PHASE_REUSE : PHASE_PULL);
    while (!p->ended) {
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
        judge_harvest(p);
        report_on(p);
    }
    if (!p->stopping)
        return 0;
    *err = p->err;
    return p->replaced && !p->sink->in_place ? REPLACED : ERR_FAIL;
}

/* ---- setting up and taking down ---- */

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

/* On the writer's thread; reads only what nobody changes meanwhile. */
static int approve(void *arg, const struct image_info *info, struct err *err)
{
    const struct pull *p = arg;
    const struct metadata *metadata = &p->at.metadata;

    if (metadata->image_id[0] && strcmp(metadata->image_id, info->id) != 0)
        return err_set(err, ERR_INTEGRITY, "image_id", "the archive holds image %s, not %s",
                       info->id, metadata->image_id);
    return check_names(info, p->options->name.ref, metadata->image_tag, err);
}

static struct sink *open_sink(const struct pull_options *o, struct err *err)
{
    if (o->docker)
        return sink_docker(o->docker, err);
    if (!o->output)
        return sink_null(err);
    if (strcmp(o->output, "-") == 0)
        return sink_fd(1, o->transfer.cancel, err);
    return sink_file(o->output, err);
}

static int set_up(struct pull *p, struct err *err)
{
    const struct pull_options *o = p->options;
    size_t memory = o->transfer.memory ? o->transfer.memory : TRANSFER_MEMORY;
    size_t out_size = p->wanted ? OUT_SIZE : 0;
    unsigned count = (unsigned)(memory / (IN_SIZE + out_size));
    struct workers_options crew = {.count = transfer_jobs(o->transfer.jobs),
                                   .scratch_create = make_unpacker,
                                   .scratch_destroy = free_unpacker};

    count = count < SPANS_LEAST ? SPANS_LEAST : count > SPANS_MOST ? SPANS_MOST : count;
    log_debug("pull: %u workers, %u slots: at most %zu bytes of buffers", crew.count, count,
              count * (IN_SIZE + out_size));
    order_init(&p->order, count);
    p->slots = slots_create(count, IN_SIZE, out_size, sizeof(struct span), err);
    if (!p->slots)
        return ERR_FAIL;
    plan_init(&p->plan, p->wanted, p->spool, p->archive.size, IN_LEAST, OUT_SIZE);
    p->slot_count = count;
    p->workers = workers_create(&crew, err);
    p->sink = p->workers ? open_sink(o, err) : NULL;
    if (!p->sink)
        return ERR_FAIL;
    if (p->delta) {
        p->assembly = assembly_create(p->delta->bundle, &p->delta->index->image, p->sink);
        if (!p->assembly)
            return err_memory(err, "the bundle");
    }
    p->writer = writer_create(&(struct writer_options){.sink = p->sink,
                                                       .assembly = p->assembly,
                                                       .packed = !p->wanted,
                                                       .checksum = p->at.metadata.checksum,
                                                       .approve = approve,
                                                       .approve_arg = p,
                                                       .home = p->home,
                                                       .kind_span = WRITTEN,
                                                       .kind_verified = VERIFIED,
                                                       .kind_done = ENDED},
                              err);
    p->writing = p->writer != NULL;
    return p->writer ? 0 : ERR_FAIL;
}

static void take_down(struct pull *p)
{
    harvest_destroy(p->harvest);
    writer_destroy(p->writer);
    assembly_destroy(p->assembly);
    sink_destroy(p->sink);
    workers_destroy(p->workers);
    slots_destroy(p->slots);
    inbox_destroy(p->home);
    if (!p->delta)
        need_destroy(p->wanted);
    index_destroy(p->index);
    delta_destroy(p->delta);
    spool_close(p->spool, p->spool_done);
    if (p->located)
        located_finish(&p->at);
}

/* ---- one attempt ---- */

/* A part of the image that was not taken, or an index or a spool that has lied: the whole may go
 * well. */
static int fall_back(const struct pull *p, int answer, const struct err *err)
{
    if (answer != ERR_FAIL)
        return answer;
    if (err->family == ERR_INTEGRITY && p->result->kept && p->sink && !p->sink->in_place)
        return SPOILED;
    if (!p->delta)
        return ERR_FAIL;
    return err->family == ERR_DOCKER ? REFUSED : err->family == ERR_INTEGRITY ? MISLED : ERR_FAIL;
}

/* Kept is what a rerun can use: not when the pull is done, and not when the bytes were wrong. */
static bool is_spent(int answer, const struct err *err)
{
    return answer != ERR_FAIL || err->family == ERR_INTEGRITY;
}

static int transfer(struct pull *p, struct err *err)
{
    int answer = set_up(p, err);

    if (answer == 0 && p->delta && p->delta->donor)
        start_harvest(p);
    if (answer == 0)
        answer = conduct(p, err);
    if (answer == 0 && p->options->docker)
        answer = loaded_verify(p->options->docker, &p->options->name, p->image, err);
    if (answer == 0 && p->options->learned)
        answer = identity_describe(p->image, p->options->learned, err);
    if (answer == 0)
        snprintf(p->result->image_id, sizeof p->result->image_id, "%s", p->image->id);
    if (p->writer && p->ended)
        p->result->stats.raw_bytes = p->delta ? p->delta->index->raw_size : writer_raw(p->writer);
    answer = fall_back(p, answer, err);
    p->spool_done = answer != REFUSED && is_spent(answer, err);
    return answer;
}

/* For who only wants to know. */
static int survey_it(struct pull *p, struct err *err)
{
    const struct index *index = p->delta ? p->delta->index : p->index;
    struct survey *survey = survey_create(index, err);

    if (!survey)
        return ERR_FAIL;
    survey_plan(survey, index, p->wanted, p->delta ? p->delta->has : NULL);
    p->result->survey = survey;
    return 0;
}

/* What is there to pull, and how. */
static int prepare(struct pull *p, struct err *err)
{
    p->home = inbox_create(err);
    p->result->layers = p->at.metadata.layer_count;
    p->result->layers_here = 0;
    p->result->stats.reused_bytes = 0;
    p->result->reuse[0] = '\0';
    p->result->donor = false;
    p->result->kept = 0;
    if (!p->home || find_archive(p, err))
        return ERR_FAIL;
    open_spool(p);
    if (choose_delta(p, err))
        return ERR_FAIL;
    if (!p->delta && choose_index(p, err))
        return ERR_FAIL;
    p->result->to_fetch = p->wanted ? need_missing(p->wanted) : p->archive.size - p->result->kept;
    return p->options->dry_run && p->wanted ? survey_it(p, err) : 0;
}

static void sum_up(struct pull *p)
{
    struct transfer_stats *stats = &p->result->stats;
    struct store_stats now;

    store_stats(p->options->store, &now);
    stats->archive_bytes = p->result->size;
    stats->uploaded_bytes = now.sent - p->stats_before.sent;
    stats->downloaded_bytes = now.received - p->stats_before.received;
    stats->requests = now.requests - p->stats_before.requests;
    stats->retries = now.retries - p->stats_before.retries;
    stats->seconds = (double)(clock_monotonic() - p->began) / (double)NS_PER_S;
    stats->peak_memory_bytes = transfer_peak_memory();
}

/* One attempt. REPLACED: the archive was another one before the end. */
static int pull_once(const struct pull_options *options, struct pull_result *result,
                     const struct store_stats *before, int64_t began, struct abstain without,
                     struct err *err)
{
    struct pull *p = calloc(1, sizeof *p);
    int answer;

    if (!p)
        return err_memory(err, "the pull");
    p->options = options;
    p->result = result;
    p->stats_before = *before;
    p->began = began;
    p->without = without;
    p->phase = PHASE_EXPORT; /* none of ours: the first report is a change */

    report(p, PHASE_PREPARE);
    answer = find(p, err);
    if (answer == 0)
        answer = is_here(p, err);
    result->skipped = answer == 1;
    if (answer == 0)
        answer = prepare(p, err);
    if (answer == 0 && !options->dry_run)
        answer = transfer(p, err);
    sum_up(p);
    take_down(p);
    free(p);
    return result->skipped ? 0 : answer;
}

/* Nothing but a new push mends an archive. Without --force it would find the image there, and with
 * copies it may copy the damage. */
static int advise(const struct pull_options *options, struct err *err)
{
    if (err->family == ERR_INTEGRITY && !err->hint[0])
        err_hint(err,
                 "the archive in the bucket is damaged; from where %s is sound: s3dock push %s "
                 "--force --no-delta",
                 options->name.ref, options->name.ref);
    return ERR_FAIL;
}

static const char *const next_step[] = {
    [REPLACED] = "beginning again with the new one",
    [REFUSED] = "pulling all of the image",
    [MISLED] = "pulling all of the image",
    [SPOILED] = "what was kept of an earlier pull is dropped, and fetched again",
};

int pull_run(const struct pull_options *options, struct pull_result *result, struct err *err)
{
    int64_t began = clock_monotonic();
    struct abstain without = {0};
    struct store_stats before;
    int answer = 0;

    memset(result, 0, sizeof *result);
    store_stats(options->store, &before);
    for (unsigned i = 0; i < ATTEMPTS; i++) {
        answer = pull_once(options, result, &before, began, without, err);
        if (answer <= 0)
            break;
        log_info("%s; %s", err->text, next_step[answer]);
        if (answer == REFUSED || answer == MISLED) {
            without = (struct abstain){.delta = true, .index = answer == MISLED};
            result->reloaded = true;
        }
    }
    return answer ? advise(options, err) : 0;
}
