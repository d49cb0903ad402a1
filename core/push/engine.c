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
#include "base/log.h"
#include "flow/meter.h"
#include "pack/chunk/cut.h"
#include "pull/verify_stream.h"
#include "push/plan/span.h"
#include "push/setup.h"
#include "push/upload/copy_support.h"
#include "push/upload/spot_check.h"

struct push_engine {
    struct push_setup rig;
    bool kept;         /* what was sent, for another push */
    bool ended;        /* nothing is left to be put into parts */
    struct part *last; /* without a weave: the last part, when it is the only one */

    struct push_span *current; /* being assembled; NULL between spans */
    size_t current_done;
    bool reading, stopping;
    bool distrusted;                /* Docker's layers turned out not to be what they should be */
    const struct base *liar;        /* does not hold what its index says */
    const struct image_info *image; /* once the reader is done */

    uint64_t raw, packed, uploaded; /* assembled; assembled; home again */
    struct meter meter;
    int64_t next_report, phase_began;
    enum transfer_phase phase;
    struct err err;
};

/* A daemon's export: its size is a guess, and its first byte may take long. */
static bool is_export(const struct push_engine *a)
{
    return strcmp(a->rig.source->kind, "docker") == 0;
}

static bool is_from_layers(const struct push_engine *a)
{
    return strcmp(a->rig.source->kind, "layers") == 0;
}

/* ---- progress ---- */

void push_engine_report(struct push_engine *attempt, enum transfer_phase phase)
{
    struct push_engine *a = attempt;
    int64_t now = clock_monotonic();
    uint64_t placed = upload_placed(a->rig.upload);
    uint64_t done =
        a->packed ? (uint64_t)((double)a->raw * ((double)placed / (double)a->packed)) : 0;

    if (phase != a->phase) {
        a->phase = phase;
        a->phase_began = now;
        if (phase == PHASE_PUSH)
            meter_start(&a->meter, a->rig.source->size_hint, now);
    } else if (now < a->next_report) {
        return;
    }
    a->next_report = now + CANCEL_TICK;
    if (phase == PHASE_PUSH && done > a->meter.done)
        meter_add(&a->meter, done - a->meter.done, now);
    transfer_report(&a->rig.push->transfer,
                    &(struct transfer_progress){
                        .phase = phase,
                        .done = a->meter.done,
                        .total = a->meter.total,
                        .total_is_estimate = is_export(a),
                        .moved = a->uploaded,
                        .rate = meter_rate(&a->meter, now),
                        .left = meter_left(&a->meter, now),
                        .elapsed = (double)(now - a->phase_began) / (double)NS_PER_S,
                    });
}

/* ---- the transfer: one function an event ---- */

static void stop(struct push_engine *a, const struct err *err)
{
    if (!a->stopping)
        a->err = *err;
    a->stopping = true;
    if (a->rig.reader)
        reader_stop(a->rig.reader);
    if (a->rig.weave)
        assembler_stop(a->rig.weave);
}

static void release_span(struct push_engine *a, struct push_span *span)
{
    if (a->reading && !a->stopping)
        reader_give(a->rig.reader, span);
    else
        buffers_give(a->rig.slots, span->slot);
}

static void give(struct push_engine *a, struct push_span *span, int kind,
                 void (*run)(struct job *job, void *scratch))
{
    span->job.home = a->rig.home;
    span->job.msg.kind = kind;
    span->job.run = run;
    workers_give(a->rig.workers, &span->job);
}

/* In the order of the stream. */
static void pack(struct push_engine *a, struct push_span *span)
{
    struct err err;

    if (!a->stopping && resume_mark(a->rig.resume, span, &err))
        stop(a, &err);
    if (a->stopping) {
        release_span(a, span);
        return;
    }
    if (a->rig.weave)
        assembler_mark(a->rig.weave, span);
    give(a, span, PUSH_PACKED, push_span_pack);
}

static void on_named(struct push_engine *a, struct push_span *span)
{
    if (a->stopping) {
        release_span(a, span);
        return;
    }
    reorder_put(&a->rig.named, span->number, span);
    while ((span = reorder_take(&a->rig.named))) {
        assembler_look_up(a->rig.weave, span);
        pack(a, span);
    }
}

/* Spans that are compared with earlier archives are named first, so that held chunks are not
 * packed. */
static void on_filled(struct push_engine *a, struct push_span *span)
{
    if (!a->rig.weave)
        pack(a, span);
    else if (span->named || a->stopping)
        on_named(a, span);
    else
        give(a, span, PUSH_NAMED, push_span_name);
}

/* A whole span has become archive: its chunks enter the index. */
static void account(struct push_engine *a, const struct push_span *span)
{
    struct err err;

    a->raw += span->in_size;
    a->packed += span->out_size;
    for (unsigned i = 0; i < span->count; i++)
        if (index_builder_add(a->rig.builder, &span->chunks[i].chunk,
                              span->chunks[i].flags & CHUNK_SECTION, &err))
            stop(a, &err);
}

/* The same with earlier archives: what they hold is copied. */
static void assemble_woven(struct push_engine *a)
{
    while (!a->stopping) {
        struct err err;
        int answer;

        if (!a->current)
            a->current = reorder_take(&a->rig.order);
        if (!a->current)
            return;
        answer = assembler_add(a->rig.weave, a->current, &err);
        if (answer == WEAVE_WAIT)
            return;
        a->packed = index_builder_packed(a->rig.builder);
        if (answer) {
            stop(a, &err);
            return;
        }
        a->raw += a->current->in_size + a->current->unread;
        release_span(a, a->current);
        a->current = NULL;
    }
}

/* A part is full: it goes out, unless an earlier push has sent it. */
static void part_out(struct push_engine *a, struct part *part)
{
    struct err err;
    const char *etag;
    struct part_planner_step step = {.kind = STEP_PART, .number = part->number, .left.part = part};
    int answer = resume_step(a->rig.resume, &step, &etag, &err);

    if (answer == 0) {
        upload_part(a->rig.upload, part);
        return;
    }
    if (answer == RESUME_HAS)
        answer = upload_keep(a->rig.upload, part->number, etag, part->size, &err);
    parts_give(a->rig.parts, part);
    if (answer)
        stop(a, &err);
}

/* Moves packed bytes, in order, into parts, as far as there are spans in order and free parts. */
static void assemble_all(struct push_engine *a)
{
    while (!a->stopping) {
        struct part *full = NULL;
        struct view rest;

        if (!a->current) {
            a->current = reorder_take(&a->rig.order);
            a->current_done = 0;
            if (!a->current)
                return;
            account(a, a->current);
        }
        rest = view_of(a->current->slot->out + a->current_done,
                       a->current->out_size - a->current_done);
        if (rest.size) {
            size_t used = parts_add(a->rig.parts, rest, &full);

            if (full)
                part_out(a, full);
            if (used == 0)
                return; /* every part is in the air: one will come home */
            a->current_done += used;
        }
        if (a->current_done == a->current->out_size) {
            release_span(a, a->current);
            a->current = NULL;
        }
    }
}

static void assemble(struct push_engine *a)
{
    if (a->rig.weave)
        assemble_woven(a);
    else
        assemble_all(a);
}

static void on_packed(struct push_engine *a, struct push_span *span)
{
    if (a->stopping) {
        release_span(a, span);
        return;
    }
    reorder_put(&a->rig.order, span->number, span);
    assemble(a);
}

static void on_uploaded(struct push_engine *a, struct msg *msg)
{
    struct upload_news news;
    struct err err;
    int failed;

    resume_begun(a->rig.resume, upload_told(a->rig.upload, msg));
    failed = upload_home(a->rig.upload, msg, &news, &err);
    if (news.number && !failed)
        resume_home(a->rig.resume, news.number, news.size, upload_etag(a->rig.upload, news.number));
    if (news.freed) {
        a->uploaded += failed ? 0 : news.freed->size;
        parts_give(a->rig.parts, news.freed);
    }
    if (failed)
        stop(a, &err);
    assemble(a);
}

static void on_joined(struct push_engine *a, struct msg *msg)
{
    struct err err;

    if (assembler_home(a->rig.weave, msg, &err))
        stop(a, &err);
    assemble(a);
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

static void on_read(struct push_engine *a)
{
    struct err err;

    a->reading = false;
    for (struct push_span *span; (span = reader_reclaim(a->rig.reader));)
        buffers_give(a->rig.slots, span->slot);
    if (reader_result(a->rig.reader, &a->image, &err)) {
        a->distrusted = !a->stopping && is_from_layers(a) && err.family != ERR_CANCELLED;
        stop(a, &err);
        return;
    }
    if (image_names_check(a->image, a->rig.push->name.ref, &err)) {
        hint_name(a->image, a->rig.push->name.ref, &err);
        stop(a, &err);
    }
}

static void dispatch(struct push_engine *a, struct msg *msg)
{
    switch (msg->kind) {
    case PUSH_STARTED:
        push_engine_report(a, PHASE_PUSH);
        break;
    case PUSH_FILLED:
        on_filled(a, (struct push_span *)msg);
        break;
    case PUSH_NAMED:
        on_named(a, (struct push_span *)msg);
        break;
    case PUSH_SPARE:
        buffers_give(a->rig.slots, ((struct push_span *)msg)->slot);
        break;
    case PUSH_READ:
        on_read(a);
        break;
    case PUSH_PACKED:
        on_packed(a, (struct push_span *)msg);
        break;
    case PUSH_UPLOADED:
        on_uploaded(a, msg);
        break;
    case PUSH_JOINED:
        on_joined(a, msg);
        break;
    default:
        break;
    }
}

static void drop_last(struct push_engine *a)
{
    if (a->last)
        parts_give(a->rig.parts, a->last);
    a->last = NULL;
}

/* Everything that still waits in the conductor's own hands when it stops. */
static void drop_what_waits(struct push_engine *a)
{
    struct push_span *span;
    struct part *part;

    if (a->current)
        buffers_give(a->rig.slots, a->current->slot);
    a->current = NULL;
    drop_last(a);
    while ((span = reorder_take_any(&a->rig.order)) || (span = reorder_take_any(&a->rig.named)))
        buffers_give(a->rig.slots, span->slot);
    while ((part = upload_reclaim(a->rig.upload)))
        parts_give(a->rig.parts, part);
}

static bool is_over(struct push_engine *a)
{
    return !a->reading && buffers_out(a->rig.slots) == 0 && upload_out(a->rig.upload) == 0 &&
           (!a->rig.weave || assembler_out(a->rig.weave) == 0);
}

/* The rest goes out as the last part. One that is the only part is the whole object: it waits until
 * all is known to be well (push_engine_complete). */
static void end_parts(struct push_engine *a)
{
    struct part *last = parts_flush(a->rig.parts);

    if (last && upload_has_begun(a->rig.upload)) {
        part_out(a, last);
    } else if (last) {
        a->last = last;
        digest_add(a->rig.md5, last->data, last->size);
    }
}

/* Every span was placed: what is still held back may go, too. */
static void end(struct push_engine *a)
{
    struct err err;

    if (a->ended || a->stopping || a->reading || buffers_out(a->rig.slots))
        return;
    a->ended = true;
    if (!a->rig.weave) {
        end_parts(a);
        return;
    }
    if (assembler_end(a->rig.weave, &err))
        stop(a, &err);
    a->packed = index_builder_packed(a->rig.builder);
}

/* Runs the picture above until nothing is out any more. */
static int conduct(struct push_engine *a, struct err *err)
{
    push_engine_report(a, is_export(a) ? PHASE_EXPORT : PHASE_PUSH);
    for (struct buffer *slot; (slot = buffers_take(a->rig.slots));)
        reader_give(a->rig.reader, push_span_of(slot));
    for (;;) {
        struct msg *msg;

        end(a);
        if (a->stopping)
            drop_what_waits(a);
        if (is_over(a))
            break;
        msg = inbox_take(a->rig.home, clock_monotonic() + CANCEL_TICK);
        if (msg)
            dispatch(a, msg);
        if (!a->stopping && cancel_check(a->rig.push->transfer.cancel, err))
            stop(a, err);
        push_engine_report(a, a->phase);
    }
    if (!a->stopping)
        return 0;
    *err = a->err;
    return ERR_FAIL;
}

/* ---- beginning and end ---- */

struct push_engine *push_engine_create(const struct push_engine_options *options, struct err *err)
{
    struct push_engine *a = calloc(1, sizeof *a);

    if (!a) {
        err_memory(err, "the push");
        return NULL;
    }
    a->phase = PHASE_PREPARE; /* none of ours: the first report is a change */
    if (push_setup(&a->rig, options, err)) {
        push_engine_keep(a, err);
        push_engine_destroy(a);
        return NULL;
    }
    a->reading = true;
    return a;
}

/* Failures after which the same command may do better, and need not send again what was sent. */
static bool may_go_on(const struct push_engine *a, const struct err *err)
{
    if (push_engine_remedy(a) != REMEDY_HOPELESS)
        return false;
    if (err->family == ERR_DOCKER) /* an archive that ends in a daemon's error always will */
        return a->rig.push->docker != NULL;
    return err->family == ERR_CANCELLED || err->family == ERR_NETWORK || err->family == ERR_AUTH ||
           err->family == ERR_LOCAL;
}

/* It is not the store that failed: it can be told. */
static bool may_reach_store(const struct err *err)
{
    return err->family == ERR_CANCELLED || err->family == ERR_DOCKER || err->family == ERR_LOCAL;
}

void push_engine_keep(struct push_engine *attempt, struct err *err)
{
    if (!attempt->rig.upload) { /* it has touched nothing */
        attempt->kept = true;
        return;
    }
    if (!may_go_on(attempt, err) || !resume_keep(attempt->rig.resume, may_reach_store(err)))
        return;
    attempt->kept = true;
    if (!err->hint[0] && again_may_help(err))
        err_hint(err, "what was sent is kept: run the same command again to go on");
}

static void clean_up(struct push_engine *a)
{
    if (a->rig.upload && !a->kept)
        upload_abort(a->rig.upload);
    if (a->rig.weave && !a->kept)
        assembler_clean_up(a->rig.weave);
    if (a->rig.resume && !a->kept)
        resume_forget(a->rig.resume);
}

void push_engine_destroy(struct push_engine *attempt)
{
    struct push_engine *a = attempt;

    if (!a)
        return;
    clean_up(a);
    drop_last(a);
    push_setup_finish(&a->rig);
    free(a);
}

/* ---- afterwards ---- */

static bool has_copied(const struct push_engine *a)
{
    return a->rig.weave && assembler_has_copied(a->rig.weave);
}

/* Whether this store copies is remembered, for the next push. */
static void learn_copying(const struct push_engine *a, bool failed)
{
    if (failed ? a->rig.weave && assembler_was_refused(a->rig.weave) : has_copied(a))
        copy_support_remember(a->rig.push->store, !failed,
                              failed && assembler_was_forbidden(a->rig.weave));
}

/* Copied bytes are not seen: a few are read back. */
static int check_copies(struct push_engine *a, struct err *err)
{
    unsigned liar;
    bool unchecked = a->rig.weave && !resume_is_whole(a->rig.resume); /* else it was before */
    int answer = unchecked ? assembler_check(a->rig.weave, &liar, err) : 0;

    if (answer != SAMPLE_LIE)
        return answer;
    a->liar = &a->rig.bases.base[liar];
    err_set(err, ERR_INTEGRITY, "base", "the archive %s does not hold what its index says",
            a->liar->key);
    return err_hint(err, "push that image again with --force --no-delta");
}

int push_engine_run(struct push_engine *attempt, struct err *err)
{
    int answer = conduct(attempt, err);

    if (answer == 0)
        answer = check_copies(attempt, err);
    if (answer)
        learn_copying(attempt, true);
    return answer;
}

int push_engine_complete(struct push_engine *attempt, struct store_info *info, struct err *err)
{
    const struct part *last =
        attempt->rig.weave ? assembler_last(attempt->rig.weave) : attempt->last;
    struct resume *resume = attempt->rig.resume;
    int answer;

    if (resume_is_whole(resume)) {
        store_insist(attempt->rig.push->store, true);
        return resume_confirm(resume, attempt->packed, info, err);
    }
    resume_completing(resume, attempt->packed);
    answer = upload_complete(attempt->rig.upload, last, attempt->packed, info, err);
    if (answer == 0)
        resume_completed(resume, attempt->packed, info->etag);
    learn_copying(attempt, answer != 0);
    return answer;
}

int push_engine_index(struct push_engine *attempt, struct text *out, struct err *err)
{
    return index_builder_finish(attempt->rig.builder, attempt->image, out, err);
}

void push_engine_checksum(struct push_engine *attempt, char out[MD5_HEX_SIZE])
{
    uint8_t md5[MD5_SIZE];

    out[0] = '\0';
    if (has_copied(attempt))
        return;
    digest_end(attempt->rig.md5, md5);
    hex_encode(md5, sizeof md5, out);
}

enum push_remedy push_engine_remedy(const struct push_engine *attempt)
{
    const struct push_engine *a = attempt;

    if (resume_has_diverged(a->rig.resume))
        return REMEDY_AFRESH;
    if (a->liar)
        return REMEDY_WITHOUT_BASES;
    if (a->distrusted && a->rig.push->source == PUSH_FROM_AUTO)
        return REMEDY_WITH_EXPORT;
    if (a->rig.weave && assembler_lacked_bytes(a->rig.weave))
        return REMEDY_READING_ALL;
    if (!a->rig.weave || !assembler_was_no_help(a->rig.weave))
        return REMEDY_HOPELESS;
    return assembler_was_refused(a->rig.weave) ? REMEDY_WITHOUT_COPIES : REMEDY_WITH_OTHER_BASES;
}

void push_engine_facts(const struct push_engine *attempt, struct push_facts *out)
{
    const struct push_engine *a = attempt;

    *out = (struct push_facts){
        .image = a->image,
        .source = a->rig.source->kind,
        .raw = a->raw,
        .packed = a->packed,
        .bases = a->rig.bases.count,
        .outdated = a->rig.bases.outdated,
        .copies_refused = a->rig.copies_refused,
        .copies_tried = a->rig.copies_tried,
        .resumed = resume_bytes(a->rig.resume),
        .refusal = resume_refusal(a->rig.resume),
        .liar = a->liar ? a->liar->key : NULL,
    };
    if (a->rig.weave) {
        out->copied = a->packed - assembler_fresh(a->rig.weave);
        out->joins = assembler_joins(a->rig.weave);
    }
}
