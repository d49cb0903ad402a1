/*
 * The flow of a push:
 *
 *    reader             workers              engine                             store
 *    source -> cut  ==>    name, pack     ==> order -> parts -> (part) ==>     upload
 *       ^                                        |                               |
 *       +------------------ empty spans ---------+<------------ parts -----------+
 *
 * The engine (this thread) makes all decisions and owns every span and part that no other thread
 * has. It waits for one message, handles it, and waits again. To stop, the engine sets a flag,
 * gives out no more spans and parts, and waits until all of them are returned.
 */
#include "push/engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/again.h"
#include "base/clock.h"
#include "base/codes.h"
#include "push/engine_state.h"
#include "push/plan/span.h"
#include "push/upload/copy_support.h"
#include "push/upload/spot_check.h"
#include "transfer/image_names.h"

/* ---- progress ---- */

static void report(struct push_engine *e, enum transfer_phase phase)
{
    uint64_t referred = e->packed - e->own;
    double placed = (double)(upload_placed(e->setup.upload) + referred);
    uint64_t done = e->packed ? (uint64_t)((double)e->raw * (placed / (double)e->packed)) : 0;

    push_progress_report(&e->progress, phase, done, e->uploaded);
}

void push_engine_report_commit(struct push_engine *engine)
{
    report(engine, PHASE_COMMIT);
}

/* ---- spans on their way to the workers and back ---- */

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
        buffers_give(e->setup.buffers, span->buffer);
}

static void give_to_worker(struct push_engine *e, struct push_span *span, int kind,
                           void (*run)(struct job *job, void *scratch))
{
    span->job.inbox = e->setup.inbox;
    span->job.msg.kind = kind;
    span->job.run = run;
    workers_give(e->setup.workers, &span->job);
}

/* Decides what happens to the chunks of a span. */
static int decide(struct push_engine *e, struct push_span *span, struct err *err)
{
    return e->setup.thin ? thin_upload_look_up(e->setup.thin, span, err)
                         : chunk_fates_set(&e->setup.fates, span, err);
}

/* Sends a span to be packed. Called in the order of the stream. */
static void pack(struct push_engine *e, struct push_span *span)
{
    struct err err;

    if (!e->stopping && decide(e, span, &err))
        stop(e, &err);
    if (e->stopping) {
        release_span(e, span);
        return;
    }
    give_to_worker(e, span, PUSH_PACKED, push_span_pack);
}

static void on_named(struct push_engine *e, struct push_span *span)
{
    if (e->stopping) {
        release_span(e, span);
        return;
    }
    reorder_put(&e->setup.named, span->number, span);
    while ((span = reorder_take(&e->setup.named))) {
        if (e->setup.assembler)
            assembler_look_up(e->setup.assembler, span);
        pack(e, span);
    }
}

/* With bases, and of a thin image, the chunks of a span are named first, so that chunks which the
 * bucket has are not packed. */
static void on_filled(struct push_engine *e, struct push_span *span)
{
    if (!e->setup.assembler && !e->setup.thin)
        pack(e, span);
    else if (span->named || e->stopping)
        on_named(e, span);
    else
        give_to_worker(e, span, PUSH_NAMED, push_span_name);
}

/* ---- packed spans become parts ---- */

static int add_span(struct push_engine *e, struct push_span *span, struct err *err)
{
    if (e->setup.thin)
        return thin_upload_add(e->setup.thin, span, err);
    if (e->setup.assembler)
        return assembler_add(e->setup.assembler, span, err);
    return plain_upload_add(&e->setup.plain, span, err);
}

static void count_packed(struct push_engine *e)
{
    e->packed = index_builder_packed(e->setup.builder);
    e->own = index_builder_own_size(e->setup.builder);
}

/* Puts the packed spans, in order, into parts, as long as parts are free. */
static void assemble(struct push_engine *e)
{
    while (!e->stopping) {
        struct err err;
        int answer;

        if (!e->current)
            e->current = reorder_take(&e->setup.packed);
        if (!e->current)
            return;
        answer = add_span(e, e->current, &err);
        count_packed(e);
        if (answer == PARTS_WAIT)
            return;
        if (answer) {
            stop(e, &err);
            return;
        }
        e->raw += e->current->in_size + e->current->unread;
        release_span(e, e->current);
        e->current = NULL;
    }
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

/* ---- the store's results ---- */

static void on_uploaded(struct push_engine *e, struct msg *msg)
{
    struct upload_news news;
    struct err err;
    int failed;

    resume_begun(e->setup.resume, upload_new_id(e->setup.upload, msg));
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

/* ---- the end of the stream ---- */

/* Adds the commands that give the archive the name that it must have. */
static void hint_name(const struct image_info *image, const char *ref, struct err *err)
{
    for (unsigned i = 0; i < image->tag_count; i++)
        if (strcmp(image->tags[i], ref) == 0) {
            err_hint(err, "docker save %s, without any other name, and push that archive", ref);
            return;
        }
    err_hint(err, "docker tag %s %s, docker save %s, and push that archive",
             image->tag_count ? image->tags[0] : image->id, ref, ref);
}

static void on_read(struct push_engine *e)
{
    const char *ref = e->setup.options.name->ref;
    struct err err;

    e->reading = false;
    for (struct push_span *span; (span = reader_reclaim(e->setup.reader));)
        buffers_give(e->setup.buffers, span->buffer);
    if (reader_result(e->setup.reader, &e->image, &err)) {
        e->distrusted =
            !e->stopping && e->setup.source->kind == SOURCE_LAYERS && err.family != ERR_CANCELLED;
        stop(e, &err);
        return;
    }
    if (image_names_check(e->image, ref, &err)) {
        hint_name(e->image, ref, &err);
        stop(e, &err);
    }
}

static int end_upload(struct push_engine *e, struct err *err)
{
    if (e->setup.thin)
        return thin_upload_end(e->setup.thin, err);
    return e->setup.assembler ? assembler_end(e->setup.assembler, err)
                              : plain_upload_end(&e->setup.plain, err);
}

/* Sends what is held back, once all spans are in parts. */
static void end(struct push_engine *e)
{
    struct err err;

    if (e->ended || e->stopping || e->reading || buffers_out(e->setup.buffers))
        return;
    e->ended = true;
    if (end_upload(e, &err))
        stop(e, &err);
    count_packed(e);
}

/* ---- the main loop ---- */

static void dispatch(struct push_engine *e, struct msg *msg)
{
    switch (msg->kind) {
    case PUSH_STARTED:
        report(e, PHASE_PUSH);
        break;
    case PUSH_FILLED:
        on_filled(e, (struct push_span *)msg);
        break;
    case PUSH_NAMED:
        on_named(e, (struct push_span *)msg);
        break;
    case PUSH_UNUSED:
        buffers_give(e->setup.buffers, ((struct push_span *)msg)->buffer);
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

/* Drops the spans and parts that wait in the engine, after a stop. */
static void drop_waiting(struct push_engine *e)
{
    struct push_span *span;

    if (e->current)
        buffers_give(e->setup.buffers, e->current->buffer);
    e->current = NULL;
    while ((span = reorder_take_any(&e->setup.packed)) ||
           (span = reorder_take_any(&e->setup.named)))
        buffers_give(e->setup.buffers, span->buffer);
    reclaim_parts(e);
}

static bool is_over(struct push_engine *e)
{
    return !e->reading && buffers_out(e->setup.buffers) == 0 && upload_out(e->setup.upload) == 0 &&
           (!e->setup.assembler || assembler_out(e->setup.assembler) == 0);
}

/* Handles messages until no span, part or operation is out. */
static int run_loop(struct push_engine *e, struct err *err)
{
    report(e, e->setup.source->kind == SOURCE_DOCKER ? PHASE_EXPORT : PHASE_PUSH);
    for (struct buffer *buffer; (buffer = buffers_take(e->setup.buffers));)
        reader_give(e->setup.reader, push_span_of(buffer));
    for (;;) {
        struct msg *msg;

        end(e);
        if (e->stopping)
            drop_waiting(e);
        if (is_over(e))
            break;
        msg = inbox_take(e->setup.inbox, clock_monotonic() + CANCEL_TICK);
        if (msg)
            dispatch(e, msg);
        if (!e->stopping && cancel_check(e->setup.options.transfer->cancel, err))
            stop(e, err);
        report(e, e->progress.phase);
    }
    if (!e->stopping)
        return 0;
    *err = e->err;
    return ERR_FAIL;
}

static bool has_copied(const struct push_engine *e)
{
    return e->setup.assembler && assembler_has_copied(e->setup.assembler);
}

/* Compares a few of the chunks that are copied, or referred to, with their index. An interrupted
 * push that had completed its archive has done so before. */
static int check_copies(struct push_engine *e, struct err *err)
{
    unsigned different;
    int answer;

    if (resume_is_whole(e->setup.resume))
        return 0;
    if (e->setup.thin)
        answer = thin_upload_check(e->setup.thin, &different, err);
    else
        answer = e->setup.assembler ? assembler_check(e->setup.assembler, &different, err) : 0;
    if (answer != SPOT_CHECK_DIFFERS)
        return answer;
    e->corrupt_base = &e->setup.bases.objects[different];
    return err_set(err, ERR_INTEGRITY, CODE_BASE, "the archive %s differs from its index",
                   e->corrupt_base->key);
}

int push_engine_run(struct push_engine *engine, struct push_outcome *outcome, struct err *err)
{
    struct push_engine *e = engine;

    if (run_loop(e, err) || check_copies(e, err)) {
        if (e->copy_failure != COPY_FAILURE_NONE)
            copy_support_remember(e->setup.options.store, e->copy_failure);
        return ERR_FAIL;
    }
    e->archive = (struct pending_archive){.store = e->setup.options.store,
                                          .upload = e->setup.upload,
                                          .resume = e->setup.resume,
                                          .size = e->own,
                                          .copied = has_copied(e)};
    *outcome = (struct push_outcome){.image = e->image,
                                     .size = e->packed,
                                     .index = e->setup.builder,
                                     .archive = &e->archive,
                                     .third = push_setup_is_third(&e->setup),
                                     .thin = e->setup.options.thin,
                                     .key = push_setup_key(&e->setup),
                                     .own_size = e->own,
                                     .choice = e->setup.options.choice,
                                     .bases = &e->setup.bases};
    upload_checksum(e->setup.upload, outcome->checksum);
    return 0;
}

/* ---- beginning and end ---- */

struct push_engine *push_engine_create(const struct push_engine_options *options, struct err *err)
{
    struct push_engine *e = calloc(1, sizeof *e);

    if (!e) {
        err_memory(err, "the push");
        return NULL;
    }
    if (push_setup(&e->setup, options, err)) {
        push_engine_keep(e, err);
        push_engine_destroy(e);
        return NULL;
    }
    push_progress_init(&e->progress, options->transfer, e->setup.source->size_hint,
                       e->setup.source->kind == SOURCE_DOCKER);
    e->reading = true;
    return e;
}

/* Returns true if the same command may succeed later, and need not send the same bytes again. */
static bool may_resume(const struct push_engine *e, const struct err *err)
{
    if (push_engine_remedy(e) != REMEDY_NONE)
        return false;
    if (err->family == ERR_DOCKER) /* an archive that ends in a daemon's error always will */
        return e->setup.options.input.docker != NULL;
    return err->family == ERR_CANCELLED || err->family == ERR_NETWORK || err->family == ERR_AUTH ||
           err->family == ERR_LOCAL;
}

void push_engine_keep(struct push_engine *engine, struct err *err)
{
    if (!engine->setup.upload) { /* nothing in the bucket was touched */
        engine->kept = true;
        return;
    }
    if (!may_resume(engine, err) || !resume_keep(engine->setup.resume, err))
        return;
    engine->kept = true;
    if (again_may_help(err))
        err_general_hint(err, "the uploaded parts are kept: run the same command again to resume");
}

static void clean_up(struct push_engine *e)
{
    if (e->setup.upload)
        upload_abort(e->setup.upload);
    if (e->setup.assembler)
        assembler_clean_up(e->setup.assembler);
    if (e->setup.resume)
        resume_forget(e->setup.resume);
}

void push_engine_destroy(struct push_engine *engine)
{
    if (!engine)
        return;
    if (!engine->kept)
        clean_up(engine);
    reclaim_parts(engine);
    push_setup_finish(&engine->setup);
    free(engine);
}
