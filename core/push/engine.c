/*
 * The push, as it flows:
 *
 *    reader             workers              conductor                         store
 *    source -> cut  ==>    name, pack     ==> order -> parts -> (part) ==>     upload
 *       ^                                        |                               |
 *       +------------------ empty spans ---------+<------------ parts -----------+
 *
 * The conductor (this thread) owns every decision and everything that is not in somebody's hands.
 * It waits for one message, does what that message asks for, and waits again. Stopping is: set the
 * flag, hand out nothing more, and wait until all spans and parts are home.
 */
#include "push/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/again.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/log.h"
#include "flow/meter.h"
#include "pack/chunk/cut.h"
#include "pull/verify_stream.h"
#include "push/plan/span.h"
#include "push/setup.h"
#include "push/upload/copy_support.h"
#include "push/upload/spot_check.h"

struct push_engine {
    struct push_setup setup;
    bool kept;  /* what was sent, for another push */
    bool ended; /* nothing is left to be put into parts */

    struct push_span *current; /* being assembled; NULL between spans */
    size_t current_done;
    bool reading, stopping;
    enum copy_failure copy_failure;  /* the gravest so far */
    bool distrusted;                 /* Docker's layers turned out not to be what they should be */
    const struct base *corrupt_base; /* does not hold what its index says */
    const struct image_info *image;  /* once the reader is done */

    uint64_t raw, packed, uploaded; /* assembled; assembled; home again */
    struct meter meter;
    int64_t next_report, phase_began;
    enum transfer_phase phase;
    struct err err;
};

/* A daemon's export: its size is a guess, and its first byte may take long. */
static bool is_export(const struct push_engine *e)
{
    return e->setup.source->kind == SOURCE_DOCKER;
}

static bool is_from_layers(const struct push_engine *e)
{
    return e->setup.source->kind == SOURCE_LAYERS;
}

/* ---- progress ---- */

void push_engine_report(struct push_engine *engine, enum transfer_phase phase)
{
    struct push_engine *e = engine;
    int64_t now = clock_monotonic();
    uint64_t placed = upload_placed(e->setup.upload);
    uint64_t done =
        e->packed ? (uint64_t)((double)e->raw * ((double)placed / (double)e->packed)) : 0;

    if (phase != e->phase) {
        e->phase = phase;
        e->phase_began = now;
        if (phase == PHASE_PUSH)
            meter_start(&e->meter, e->setup.source->size_hint, now);
    } else if (now < e->next_report) {
        return;
    }
    e->next_report = now + CANCEL_TICK;
    if (phase == PHASE_PUSH && done > e->meter.done)
        meter_add(&e->meter, done - e->meter.done, now);
    transfer_report(e->setup.options.transfer,
                    &(struct transfer_progress){
                        .phase = phase,
                        .done = e->meter.done,
                        .total = e->meter.total,
                        .total_is_estimate = is_export(e),
                        .moved = e->uploaded,
                        .rate = meter_rate(&e->meter, now),
                        .left = meter_left(&e->meter, now),
                        .elapsed = (double)(now - e->phase_began) / (double)NS_PER_S,
                    });
}

/* ---- the transfer: one function an event ---- */

static void stop(struct push_engine *e, const struct err *err)
{
    if (!e->stopping)
        e->err = *err;
    e->stopping = true;
    if (e->setup.reader)
        reader_stop(e->setup.reader);
    if (e->setup.assembler)
        assembler_stop(e->setup.assembler);
}

static void release_span(struct push_engine *e, struct push_span *span)
{
    if (e->reading && !e->stopping)
        reader_give(e->setup.reader, span);
    else
        buffers_give(e->setup.slots, span->slot);
}

static void give(struct push_engine *e, struct push_span *span, int kind,
                 void (*run)(struct job *job, void *scratch))
{
    span->job.home = e->setup.inbox;
    span->job.msg.kind = kind;
    span->job.run = run;
    workers_give(e->setup.workers, &span->job);
}

/* In the order of the stream. */
static void pack(struct push_engine *e, struct push_span *span)
{
    struct err err;

    if (!e->stopping && resume_mark(e->setup.resume, span, &err))
        stop(e, &err);
    if (e->stopping) {
        release_span(e, span);
        return;
    }
    if (e->setup.assembler)
        assembler_mark(e->setup.assembler, span);
    give(e, span, PUSH_PACKED, push_span_pack);
}

static void on_named(struct push_engine *e, struct push_span *span)
{
    if (e->stopping) {
        release_span(e, span);
        return;
    }
    reorder_put(&e->setup.named, span->number, span);
    while ((span = reorder_take(&e->setup.named))) {
        assembler_look_up(e->setup.assembler, span);
        pack(e, span);
    }
}

/* Spans that are compared with earlier archives are named first, so that held chunks are not
 * packed. */
static void on_filled(struct push_engine *e, struct push_span *span)
{
    if (!e->setup.assembler)
        pack(e, span);
    else if (span->named || e->stopping)
        on_named(e, span);
    else
        give(e, span, PUSH_NAMED, push_span_name);
}

/* A whole span has become archive: its chunks enter the index. */
static void account(struct push_engine *e, const struct push_span *span)
{
    struct err err;

    e->raw += span->in_size;
    e->packed += span->out_size;
    for (unsigned i = 0; i < span->count; i++)
        if (index_builder_add(e->setup.builder, &span->chunks[i].chunk,
                              span->chunks[i].flags & CHUNK_SECTION, &err))
            stop(e, &err);
}

/* The same with earlier archives: what they hold is copied. */
static void assemble_with_bases(struct push_engine *e)
{
    while (!e->stopping) {
        struct err err;
        int answer;

        if (!e->current)
            e->current = reorder_take(&e->setup.packed);
        if (!e->current)
            return;
        answer = assembler_add(e->setup.assembler, e->current, &err);
        if (answer == ASSEMBLER_WAIT)
            return;
        e->packed = index_builder_packed(e->setup.builder);
        if (answer) {
            stop(e, &err);
            return;
        }
        e->raw += e->current->in_size + e->current->unread;
        release_span(e, e->current);
        e->current = NULL;
    }
}

/* Sends a full part, unless an earlier push has sent it. */
static void send_part(struct push_engine *e, struct part *part)
{
    struct resume_kept kept;
    struct err err;
    int answer = resume_part(e->setup.resume, part, &kept, &err);

    if (answer == 0) {
        upload_digest(e->setup.upload, part);
        resume_record(e->setup.resume, upload_md5(e->setup.upload));
        upload_part(e->setup.upload, part);
        return;
    }
    if (answer == RESUME_HAS)
        answer = upload_keep(e->setup.upload, part->number, part->size, &kept, &err);
    parts_give(e->setup.parts, part);
    if (answer)
        stop(e, &err);
}

/* Moves packed bytes, in order, into parts, as far as there are spans in order and free parts. */
static void assemble_plain(struct push_engine *e)
{
    while (!e->stopping) {
        struct part *full = NULL;
        struct view rest;

        if (!e->current) {
            e->current = reorder_take(&e->setup.packed);
            e->current_done = 0;
            if (!e->current)
                return;
            account(e, e->current);
        }
        rest = view_of(e->current->slot->out + e->current_done,
                       e->current->out_size - e->current_done);
        if (rest.size) {
            size_t used = parts_add(e->setup.parts, rest, &full);

            if (full)
                send_part(e, full);
            if (used == 0)
                return; /* every part is in the air: one will come home */
            e->current_done += used;
        }
        if (e->current_done == e->current->out_size) {
            release_span(e, e->current);
            e->current = NULL;
        }
    }
}

static void assemble(struct push_engine *e)
{
    if (e->setup.assembler)
        assemble_with_bases(e);
    else
        assemble_plain(e);
}

static void on_packed(struct push_engine *e, struct push_span *span)
{
    if (e->stopping) {
        release_span(e, span);
        return;
    }
    reorder_put(&e->setup.packed, span->number, span);
    assemble(e);
}

static void on_uploaded(struct push_engine *e, struct msg *msg)
{
    struct upload_news news;
    struct err err;
    int failed;

    resume_begun(e->setup.resume, upload_told(e->setup.upload, msg));
    failed = upload_finish_op(e->setup.upload, msg, &news, &err);
    if (news.number && !failed)
        resume_part_done(e->setup.resume, news.number, news.size,
                         upload_etag(e->setup.upload, news.number));
    if (news.freed) {
        e->uploaded += failed ? 0 : news.freed->size;
        parts_give(e->setup.parts, news.freed);
    }
    copy_failure_add(&e->copy_failure, news.failure);
    if (failed)
        stop(e, &err);
    assemble(e);
}

static void on_composed(struct push_engine *e, struct msg *msg)
{
    enum copy_failure failure;
    struct err err;

    if (assembler_finish_op(e->setup.assembler, msg, &failure, &err))
        stop(e, &err);
    copy_failure_add(&e->copy_failure, failure);
    assemble(e);
}

/* How the archive comes by the one name that it should have. */
static void hint_name(const struct image_info *image, const char *ref, struct err *err)
{
    for (unsigned i = 0; i < image->tag_count; i++)
        if (strcmp(image->tags[i], ref) == 0) {
            err_hint(err, "docker save %s, no other name beside it, and push that", ref);
            return;
        }
    err_hint(err, "docker tag %s %s, docker save %s, and push that",
             image->tag_count ? image->tags[0] : image->id, ref, ref);
}

static void on_read(struct push_engine *e)
{
    struct err err;

    e->reading = false;
    for (struct push_span *span; (span = reader_reclaim(e->setup.reader));)
        buffers_give(e->setup.slots, span->slot);
    if (reader_result(e->setup.reader, &e->image, &err)) {
        e->distrusted = !e->stopping && is_from_layers(e) && err.family != ERR_CANCELLED;
        stop(e, &err);
        return;
    }
    if (image_names_check(e->image, e->setup.options.name->ref, &err)) {
        hint_name(e->image, e->setup.options.name->ref, &err);
        stop(e, &err);
    }
}

static void dispatch(struct push_engine *e, struct msg *msg)
{
    switch (msg->kind) {
    case PUSH_STARTED:
        push_engine_report(e, PHASE_PUSH);
        break;
    case PUSH_FILLED:
        on_filled(e, (struct push_span *)msg);
        break;
    case PUSH_NAMED:
        on_named(e, (struct push_span *)msg);
        break;
    case PUSH_UNUSED:
        buffers_give(e->setup.slots, ((struct push_span *)msg)->slot);
        break;
    case PUSH_READ:
        on_read(e);
        break;
    case PUSH_PACKED:
        on_packed(e, (struct push_span *)msg);
        break;
    case PUSH_UPLOADED:
        on_uploaded(e, msg);
        break;
    case PUSH_COMPOSED:
        on_composed(e, msg);
        break;
    default:
        break;
    }
}

static void reclaim_parts(struct push_engine *e)
{
    struct part *part;

    while (e->setup.upload && (part = upload_reclaim(e->setup.upload)))
        parts_give(e->setup.parts, part);
}

/* Everything that still waits in the conductor's own hands when it stops. */
static void drop_what_waits(struct push_engine *e)
{
    struct push_span *span;

    if (e->current)
        buffers_give(e->setup.slots, e->current->slot);
    e->current = NULL;
    while ((span = reorder_take_any(&e->setup.packed)) ||
           (span = reorder_take_any(&e->setup.named)))
        buffers_give(e->setup.slots, span->slot);
    reclaim_parts(e);
}

static bool is_over(struct push_engine *e)
{
    return !e->reading && buffers_out(e->setup.slots) == 0 && upload_out(e->setup.upload) == 0 &&
           (!e->setup.assembler || assembler_out(e->setup.assembler) == 0);
}

/* Sends the rest as the last part. The only part of an archive is held until everything is known to
 * be well (push_engine_complete). */
static void end_parts(struct push_engine *e)
{
    struct part *last = parts_flush(e->setup.parts);

    if (last && upload_has_begun(e->setup.upload))
        send_part(e, last);
    else if (last)
        upload_hold(e->setup.upload, last);
}

/* Every span was placed: what is still held back may go, too. */
static void end(struct push_engine *e)
{
    struct err err;

    if (e->ended || e->stopping || e->reading || buffers_out(e->setup.slots))
        return;
    e->ended = true;
    if (!e->setup.assembler) {
        end_parts(e);
        return;
    }
    if (assembler_end(e->setup.assembler, &err))
        stop(e, &err);
    e->packed = index_builder_packed(e->setup.builder);
}

/* Runs the picture above until nothing is out any more. */
static int conduct(struct push_engine *e, struct err *err)
{
    push_engine_report(e, is_export(e) ? PHASE_EXPORT : PHASE_PUSH);
    for (struct buffer *slot; (slot = buffers_take(e->setup.slots));)
        reader_give(e->setup.reader, push_span_of(slot));
    for (;;) {
        struct msg *msg;

        end(e);
        if (e->stopping)
            drop_what_waits(e);
        if (is_over(e))
            break;
        msg = inbox_take(e->setup.inbox, clock_monotonic() + CANCEL_TICK);
        if (msg)
            dispatch(e, msg);
        if (!e->stopping && cancel_check(e->setup.options.transfer->cancel, err))
            stop(e, err);
        push_engine_report(e, e->phase);
    }
    if (!e->stopping)
        return 0;
    *err = e->err;
    return ERR_FAIL;
}

/* ---- beginning and end ---- */

struct push_engine *push_engine_create(const struct push_engine_options *options, struct err *err)
{
    struct push_engine *e = calloc(1, sizeof *e);

    if (!e) {
        err_memory(err, "the push");
        return NULL;
    }
    e->phase = PHASE_PREPARE; /* none of ours: the first report is a change */
    if (push_setup(&e->setup, options, err)) {
        push_engine_keep(e, err);
        push_engine_destroy(e);
        return NULL;
    }
    e->reading = true;
    return e;
}

/* Failures after which the same command may do better, and need not send again what was sent. */
static bool may_go_on(const struct push_engine *e, const struct err *err)
{
    if (push_engine_remedy(e) != REMEDY_HOPELESS)
        return false;
    if (err->family == ERR_DOCKER) /* an archive that ends in a daemon's error always will */
        return e->setup.options.input.docker != NULL;
    return err->family == ERR_CANCELLED || err->family == ERR_NETWORK || err->family == ERR_AUTH ||
           err->family == ERR_LOCAL;
}

/* It is not the store that failed: it can be told. */
static bool may_reach_store(const struct err *err)
{
    return err->family == ERR_CANCELLED || err->family == ERR_DOCKER || err->family == ERR_LOCAL;
}

void push_engine_keep(struct push_engine *engine, struct err *err)
{
    if (!engine->setup.upload) { /* it has touched nothing */
        engine->kept = true;
        return;
    }
    if (!may_go_on(engine, err) || !resume_keep(engine->setup.resume, may_reach_store(err)))
        return;
    engine->kept = true;
    if (!err->hint[0] && again_may_help(err))
        err_hint(err, "what was sent is kept: run the same command again to go on");
}

static void clean_up(struct push_engine *e)
{
    if (e->setup.upload && !e->kept)
        upload_abort(e->setup.upload);
    if (e->setup.assembler && !e->kept)
        assembler_clean_up(e->setup.assembler);
    if (e->setup.resume && !e->kept)
        resume_forget(e->setup.resume);
}

void push_engine_destroy(struct push_engine *engine)
{
    struct push_engine *e = engine;

    if (!e)
        return;
    clean_up(e);
    reclaim_parts(e);
    push_setup_finish(&e->setup);
    free(e);
}

/* ---- afterwards ---- */

static bool has_copied(const struct push_engine *e)
{
    return e->setup.assembler && assembler_has_copied(e->setup.assembler);
}

/* Remembers for the next push whether this store copies. */
static void remember_copy_support(const struct push_engine *e, bool failed)
{
    if (failed ? e->copy_failure : has_copied(e))
        copy_support_remember(e->setup.options.store, failed ? e->copy_failure : COPY_FAILURE_NONE);
}

/* Copied bytes are not seen: a few are read back. */
static int check_copies(struct push_engine *e, struct err *err)
{
    unsigned corrupt_base;
    bool unchecked =
        e->setup.assembler && !resume_is_whole(e->setup.resume); /* else it was before */
    int answer = unchecked ? assembler_check(e->setup.assembler, &corrupt_base, err) : 0;

    if (answer != SPOT_CHECK_DIFFERS)
        return answer;
    e->corrupt_base = &e->setup.bases.base[corrupt_base];
    return err_set(err, ERR_INTEGRITY, CODE_BASE,
                   "the archive %s does not hold what its index says", e->corrupt_base->key);
}

int push_engine_run(struct push_engine *engine, struct err *err)
{
    int answer = conduct(engine, err);

    if (answer == 0)
        answer = check_copies(engine, err);
    if (answer)
        remember_copy_support(engine, true);
    return answer;
}

int push_engine_complete(struct push_engine *engine, struct store_info *info, struct err *err)
{
    struct resume *resume = engine->setup.resume;
    enum copy_failure failure;
    int answer;

    if (resume_is_whole(resume)) {
        store_insist(engine->setup.options.store, true);
        return resume_confirm(resume, engine->packed, info, err);
    }
    resume_completing(resume, engine->packed);
    answer = upload_complete(engine->setup.upload, engine->packed, info, &failure, err);
    copy_failure_add(&engine->copy_failure, failure);
    if (answer == 0)
        resume_completed(resume, engine->packed, info->etag);
    remember_copy_support(engine, answer != 0);
    return answer;
}

int push_engine_index(struct push_engine *engine, struct text *out, struct err *err)
{
    return index_builder_finish(engine->setup.builder, engine->image, out, err);
}

void push_engine_checksum(struct push_engine *engine, char out[MD5_HEX_SIZE])
{
    upload_checksum(engine->setup.upload, out);
}

enum push_remedy push_engine_remedy(const struct push_engine *engine)
{
    const struct push_engine *e = engine;

    if (resume_differs(e->setup.resume))
        return REMEDY_AFRESH;
    if (e->corrupt_base)
        return REMEDY_WITHOUT_BASES;
    if (e->distrusted && e->setup.options.input.from == PUSH_FROM_AUTO)
        return REMEDY_WITH_EXPORT;
    if (e->setup.assembler && assembler_lacked_bytes(e->setup.assembler))
        return REMEDY_READING_ALL;
    switch (e->copy_failure) {
    case COPY_FAILURE_NONE:
        return REMEDY_HOPELESS;
    case COPY_FAILURE_BASE:
        return REMEDY_WITH_OTHER_BASES;
    default:
        return REMEDY_WITHOUT_COPIES;
    }
}

void push_engine_facts(const struct push_engine *engine, struct push_facts *out)
{
    const struct push_engine *e = engine;

    *out = (struct push_facts){
        .image = e->image,
        .source = source_kind_name(e->setup.source->kind),
        .raw = e->raw,
        .packed = e->packed,
        .bases = e->setup.bases.count,
        .outdated = e->setup.bases.outdated,
        .copies_refused = e->setup.copies_refused,
        .copies_tried = e->setup.copies_tried,
        .resumed = resume_bytes(e->setup.resume),
        .refusal = resume_refusal(e->setup.resume),
        .corrupt_base = e->corrupt_base ? e->corrupt_base->key : NULL,
    };
    if (e->setup.assembler) {
        out->copied = e->packed - assembler_fresh(e->setup.assembler);
        out->joins = assembler_joins(e->setup.assembler);
    }
}
