/*
 * The push, as it flows:
 *
 *    reader             workers              conductor                         store
 *    source -> cut  ==> fingerprint, pack ==> order -> parts -> (part) ==>     upload
 *       ^                                        |                               |
 *       +------------------ empty spans ---------+<------------ parts -----------+
 *
 * The conductor (this thread) owns every decision and everything that is not in somebody's hands.
 * It waits for one message, does what that message asks for, and waits again. Stopping is: set the
 * flag, hand out nothing more, and wait until all spans and parts are home.
 */
#include "move/attempt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "flow/meter.h"
#include "flow/order.h"
#include "move/ability.h"
#include "move/bases.h"
#include "move/check.h"
#include "move/origin.h"
#include "move/reader.h"
#include "move/resume.h"
#include "move/sample.h"
#include "move/shares.h"
#include "move/span.h"
#include "move/upload.h"
#include "move/weave.h"
#include "pack/cut.h"
#include "pack/member.h"
#include "pack/part.h"

enum { STARTED = 1, FILLED, SPARE, READ, PACKED, UPLOADED, JOINED };

struct attempt {
    struct attempt_options options;
    const struct push_options *push;

    struct inbox *home;
    struct slots *slots;
    struct workers *workers;
    struct source *source;
    struct reader *reader;
    struct order order;
    struct parts *parts;
    struct upload *upload;
    struct index_builder *builder;
    struct digest *md5;
    struct resume *resume;
    bool kept; /* what was sent, for another push */

    struct bases bases;
    struct weave *weave; /* NULL: everything is uploaded, in equal parts */
    bool ended;          /* nothing is left to be put into parts */
    struct part *last;   /* without a weave: the last part, when it is the only one */

    struct span *current; /* being assembled; NULL between spans */
    size_t current_done;
    bool reading, stopping;
    bool distrusted; /* Docker's layers turned out not to be what they should be */
    bool copies_refused, copies_tried; /* the store does not copy for us; found out just now */
    const struct base *liar;           /* does not hold what its index says */
    const struct image_info *image;    /* once the reader is done */

    uint64_t raw, packed, uploaded; /* assembled; assembled; home again */
    struct meter meter;
    int64_t next_report, phase_began;
    enum transfer_phase phase;
    struct err err;
};

/* A daemon's export: its size is a guess, and its first byte may take long. */
static bool is_export(const struct attempt *a)
{
    return strcmp(a->source->kind, "docker") == 0;
}

static bool is_from_layers(const struct attempt *a)
{
    return strcmp(a->source->kind, "layers") == 0;
}

/* ---- progress ---- */

void attempt_report(struct attempt *attempt, enum transfer_phase phase)
{
    struct attempt *a = attempt;
    int64_t now = clock_monotonic();
    uint64_t placed = upload_placed(a->upload);
    uint64_t done =
        a->packed ? (uint64_t)((double)a->raw * ((double)placed / (double)a->packed)) : 0;

    if (phase != a->phase) {
        a->phase = phase;
        a->phase_began = now;
        if (phase == PHASE_PUSH)
            meter_start(&a->meter, a->source->size_hint, now);
    } else if (now < a->next_report) {
        return;
    }
    a->next_report = now + CANCEL_TICK;
    if (phase == PHASE_PUSH && done > a->meter.done)
        meter_add(&a->meter, done - a->meter.done, now);
    transfer_report(&a->push->transfer,
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

static void stop(struct attempt *a, const struct err *err)
{
    if (!a->stopping)
        a->err = *err;
    a->stopping = true;
    if (a->reader)
        reader_stop(a->reader);
    if (a->weave)
        weave_stop(a->weave);
}

static void release_span(struct attempt *a, struct span *span)
{
    if (a->reading && !a->stopping)
        reader_give(a->reader, span);
    else
        slots_give(a->slots, span->slot);
}

static void on_filled(struct attempt *a, struct span *span)
{
    struct err err;

    if (!a->stopping && resume_mark(a->resume, span, &err))
        stop(a, &err);
    if (a->stopping) {
        release_span(a, span);
        return;
    }
    span->job.home = a->home;
    span->job.msg.kind = PACKED;
    span->job.run = span_pack;
    if (a->weave)
        weave_mark(a->weave, span);
    workers_give(a->workers, &span->job);
}

/* A whole span has become archive: its chunks enter the index. */
static void account(struct attempt *a, const struct span *span)
{
    struct err err;

    a->raw += span->in_size;
    a->packed += span->out_size;
    for (unsigned i = 0; i < span->count; i++)
        if (index_builder_add(a->builder, &span->chunks[i].chunk,
                              span->chunks[i].flags & CHUNK_SECTION, &err))
            stop(a, &err);
}

/* The same with earlier archives: what they hold is copied. */
static void assemble_woven(struct attempt *a)
{
    while (!a->stopping) {
        struct err err;
        int answer;

        if (!a->current)
            a->current = order_take(&a->order);
        if (!a->current)
            return;
        answer = weave_add(a->weave, a->current, &err);
        if (answer == WEAVE_WAIT)
            return;
        a->packed = index_builder_packed(a->builder);
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
static void part_out(struct attempt *a, struct part *part)
{
    struct err err;
    const char *etag;
    int answer = resume_part(a->resume, part, &etag, &err);

    if (answer == 0) {
        upload_part(a->upload, part);
        return;
    }
    if (answer == RESUME_HAS)
        answer = upload_keep(a->upload, part->number, etag, part->size, &err);
    parts_give(a->parts, part);
    if (answer)
        stop(a, &err);
}

/* Moves packed bytes, in order, into parts, as far as there are spans in order and free parts. */
static void assemble_all(struct attempt *a)
{
    while (!a->stopping) {
        struct part *full = NULL;
        struct view rest;

        if (!a->current) {
            a->current = order_take(&a->order);
            a->current_done = 0;
            if (!a->current)
                return;
            account(a, a->current);
        }
        rest = view_of(a->current->slot->out + a->current_done,
                       a->current->out_size - a->current_done);
        if (rest.size) {
            size_t used = parts_add(a->parts, rest, &full);

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

static void assemble(struct attempt *a)
{
    if (a->weave)
        assemble_woven(a);
    else
        assemble_all(a);
}

static void on_packed(struct attempt *a, struct span *span)
{
    if (a->stopping) {
        release_span(a, span);
        return;
    }
    order_put(&a->order, span->number, span);
    assemble(a);
}

static void on_uploaded(struct attempt *a, struct msg *msg)
{
    struct part *part;
    struct err err;
    int failed;

    resume_begun(a->resume, upload_told(a->upload, msg));
    failed = upload_home(a->upload, msg, &part, &err);
    if (part) {
        if (!failed) {
            a->uploaded += part->size;
            resume_home(a->resume, part->number, upload_etag(a->upload, part->number));
        }
        parts_give(a->parts, part);
    }
    if (failed)
        stop(a, &err);
    assemble(a);
}

static void on_joined(struct attempt *a, struct msg *msg)
{
    struct err err;

    if (weave_home(a->weave, msg, &err))
        stop(a, &err);
    assemble(a);
}

static void on_read(struct attempt *a)
{
    struct err err;

    a->reading = false;
    for (struct span *span; (span = reader_reclaim(a->reader));)
        slots_give(a->slots, span->slot);
    if (reader_result(a->reader, &a->image, &err)) {
        a->distrusted = !a->stopping && is_from_layers(a) && err.family != ERR_CANCELLED;
        stop(a, &err);
        return;
    }
    if (check_names(a->image, a->push->name.ref, NULL, &err)) {
        err_hint(&err, "docker tag %s %s, docker save %s, and push that",
                 a->image->tag_count ? a->image->tags[0] : a->image->id, a->push->name.ref,
                 a->push->name.ref);
        stop(a, &err);
    }
}

static void dispatch(struct attempt *a, struct msg *msg)
{
    switch (msg->kind) {
    case STARTED:
        attempt_report(a, PHASE_PUSH);
        break;
    case FILLED:
        on_filled(a, (struct span *)msg);
        break;
    case SPARE:
        slots_give(a->slots, ((struct span *)msg)->slot);
        break;
    case READ:
        on_read(a);
        break;
    case PACKED:
        on_packed(a, (struct span *)msg);
        break;
    case UPLOADED:
        on_uploaded(a, msg);
        break;
    case JOINED:
        on_joined(a, msg);
        break;
    default:
        break;
    }
}

static void drop_last(struct attempt *a)
{
    if (a->last)
        parts_give(a->parts, a->last);
    a->last = NULL;
}

/* Everything that still waits in the conductor's own hands when it stops. */
static void drop_what_waits(struct attempt *a)
{
    struct span *span;
    struct part *part;

    if (a->current)
        slots_give(a->slots, a->current->slot);
    a->current = NULL;
    drop_last(a);
    while ((span = order_take_any(&a->order)))
        slots_give(a->slots, span->slot);
    while ((part = upload_reclaim(a->upload)))
        parts_give(a->parts, part);
}

static bool is_over(struct attempt *a)
{
    return !a->reading && slots_out(a->slots) == 0 && upload_out(a->upload) == 0 &&
           (!a->weave || weave_out(a->weave) == 0);
}

/* The rest goes out as the last part. One that is the only part is the whole object: it waits until
 * all is known to be well (attempt_complete). */
static void end_parts(struct attempt *a)
{
    struct part *last = parts_flush(a->parts);

    if (last && upload_has_begun(a->upload)) {
        part_out(a, last);
    } else if (last) {
        a->last = last;
        digest_add(a->md5, last->data, last->size);
    }
}

/* Every span was placed: what is still held back may go, too. */
static void end(struct attempt *a)
{
    struct err err;

    if (a->ended || a->stopping || a->reading || slots_out(a->slots))
        return;
    a->ended = true;
    if (!a->weave) {
        end_parts(a);
        return;
    }
    if (weave_end(a->weave, &err))
        stop(a, &err);
    a->packed = index_builder_packed(a->builder);
}

/* Runs the picture above until nothing is out any more. */
static int conduct(struct attempt *a, struct err *err)
{
    attempt_report(a, is_export(a) ? PHASE_EXPORT : PHASE_PUSH);
    for (struct slot *slot; (slot = slots_take(a->slots));)
        reader_give(a->reader, span_of(slot));
    for (;;) {
        struct msg *msg;

        end(a);
        if (a->stopping)
            drop_what_waits(a);
        if (is_over(a))
            break;
        msg = inbox_take(a->home, clock_monotonic() + CANCEL_TICK);
        if (msg)
            dispatch(a, msg);
        if (!a->stopping && cancel_check(a->push->transfer.cancel, err))
            stop(a, err);
        attempt_report(a, a->phase);
    }
    if (!a->stopping)
        return 0;
    *err = a->err;
    return ERR_FAIL;
}

/* ---- setting up and taking down ---- */

static void *make_packer(void *arg)
{
    const struct attempt *a = arg;
    struct err ignored;

    return packer_create(a->push->level, &ignored);
}

static void free_packer(void *packer)
{
    packer_destroy(packer);
}

static int make_buffers(struct attempt *a, const struct shares *s, struct err *err)
{
    order_init(&a->order, s->slots);
    a->home = inbox_create(err);
    a->slots = slots_create(s->slots, SHARES_SLOT_SIZE, span_bound(SHARES_SLOT_SIZE),
                            sizeof(struct span), err);
    a->parts = parts_create(s->parts, s->part_size, err);
    return a->home && a->slots && a->parts ? 0 : ERR_FAIL;
}

/* What a push before this one left behind, if it is of use. */
static int look_back(struct attempt *a, struct err *err)
{
    const struct push_options *push = a->push;
    struct resume_options options = {
        .store = push->store,
        .key = a->options.key,
        .content = a->options.content,
        .level = push->level,
        .off = push->no_resume,
        .part_size = shares_part_size(push->store, origin_size(push, a->options.local)),
    };

    a->md5 = digest_create(DIGEST_MD5);
    if (!a->md5)
        return err_memory(err, "the checksum");
    a->builder = index_builder_create(&CHUNK_DEFAULT, push->level, err);
    options.md5 = a->md5;
    options.builder = a->builder;
    return a->builder ? resume_open(&options, &a->resume, err) : ERR_FAIL;
}

static int start_weave(struct attempt *a, size_t least, struct err *err)
{
    if (a->bases.count == 0)
        return 0;
    a->weave = weave_create(&(struct weave_options){.store = a->push->store,
                                                    .upload = a->upload,
                                                    .bases = &a->bases,
                                                    .parts = a->parts,
                                                    .builder = a->builder,
                                                    .md5 = a->md5,
                                                    .home = a->home,
                                                    .kind = JOINED,
                                                    .level = a->push->level,
                                                    .least = least},
                            err);
    return a->weave ? 0 : ERR_FAIL;
}

static int start_threads(struct attempt *a, unsigned jobs, struct err *err)
{
    a->workers = workers_create(
        &(struct workers_options){
            .count = jobs, .scratch_create = make_packer, .scratch_destroy = free_packer, .arg = a},
        err);
    if (!a->workers)
        return ERR_FAIL;
    a->reader = reader_create(&(struct reader_options){.source = a->source,
                                                       .params = CHUNK_DEFAULT,
                                                       .mtime = origin_time(a->push, a->source),
                                                       .slot_size = SHARES_SLOT_SIZE,
                                                       .known = a->bases.known,
                                                       .home = a->home,
                                                       .kind_started = STARTED,
                                                       .kind_span = FILLED,
                                                       .kind_spare = SPARE,
                                                       .kind_done = READ},
                              err);
    a->reading = a->reader != NULL;
    return a->reader ? 0 : ERR_FAIL;
}

static struct shares find_shares(struct attempt *a)
{
    const struct docker_image *local = a->options.local;
    struct shares_wanted wanted = {
        .push = a->push,
        .size_hint = origin_size(a->push, local),
        .delta = a->options.delta && !resume_follows(a->resume),
        .bases = {.name = &a->push->name,
                  .first = a->options.first,
                  .layers = (const char(*)[80])local->diff_ids,
                  .layer_count = local->id[0] ? local->layer_count : 0},
    };

    return shares_of(&wanted, &a->bases);
}

static int set_up(struct attempt *a, struct err *err)
{
    struct shares shares;

    if (look_back(a, err))
        return ERR_FAIL;
    shares = find_shares(a);
    a->copies_refused = shares.copies_refused;
    a->copies_tried = shares.tried;
    a->source =
        origin_open(&(struct origin_wanted){.push = a->push,
                                            .local = a->options.local,
                                            .export_only = a->options.export_only,
                                            .bases = &a->bases,
                                            .lead = a->options.read_all ? UINT64_MAX
                                                                        : weave_lead(shares.least)},
                    err);
    if (!a->source)
        return ERR_FAIL;
    if (make_buffers(a, &shares, err))
        return ERR_FAIL;
    a->upload = upload_create(a->push->store, a->options.key, a->home, UPLOADED, shares.parts, err);
    if (!a->upload || start_weave(a, shares.least, err))
        return ERR_FAIL;
    if (a->weave)
        resume_forget(a->resume);
    if (resume_follows(a->resume))
        upload_adopt(a->upload, resume_follows(a->resume)->upload);
    return start_threads(a, shares.jobs, err);
}

struct attempt *attempt_create(const struct attempt_options *options, struct err *err)
{
    struct attempt *a = calloc(1, sizeof *a);

    if (!a) {
        err_memory(err, "the push");
        return NULL;
    }
    a->options = *options;
    a->push = options->push;
    a->phase = PHASE_PREPARE; /* none of ours: the first report is a change */
    if (set_up(a, err)) {
        attempt_keep(a, err);
        attempt_destroy(a);
        return NULL;
    }
    return a;
}

/* Failures after which the same command may do better, and need not send again what was sent. */
static bool may_go_on(const struct attempt *a, const struct err *err)
{
    if (attempt_remedy(a) != ATTEMPT_HOPELESS)
        return false;
    return err->family == ERR_CANCELLED || err->family == ERR_NETWORK || err->family == ERR_AUTH ||
           err->family == ERR_LOCAL || err->family == ERR_DOCKER;
}

void attempt_keep(struct attempt *attempt, struct err *err)
{
    if (!attempt->upload) { /* it has touched nothing */
        attempt->kept = true;
        return;
    }
    if (!may_go_on(attempt, err) || !resume_keep(attempt->resume))
        return;
    attempt->kept = true;
    if (!err->hint[0])
        err_hint(err, "what was sent is kept: run the same command again to go on");
}

static void clean_up(struct attempt *a)
{
    if (a->upload && !a->kept)
        upload_abort(a->upload);
    if (a->resume && !a->kept)
        resume_forget(a->resume);
    if (a->weave)
        weave_clean_up(a->weave);
}

void attempt_destroy(struct attempt *attempt)
{
    struct attempt *a = attempt;

    if (!a)
        return;
    clean_up(a);
    drop_last(a);
    reader_destroy(a->reader);
    source_destroy(a->source);
    workers_destroy(a->workers);
    weave_destroy(a->weave);
    upload_destroy(a->upload);
    index_builder_destroy(a->builder);
    parts_destroy(a->parts);
    slots_destroy(a->slots);
    inbox_destroy(a->home);
    resume_destroy(a->resume);
    digest_destroy(a->md5);
    bases_finish(&a->bases);
    free(a);
}

/* ---- afterwards ---- */

static bool has_copied(const struct attempt *a)
{
    return a->weave && weave_has_copied(a->weave);
}

/* Whether this store copies is remembered, for the next push. */
static void learn_copying(const struct attempt *a, bool failed)
{
    if (failed ? a->weave && weave_was_refused(a->weave) : has_copied(a))
        ability_remember(a->push->store, !failed);
}

/* Copied bytes are not seen: a few are read back. */
static int check_copies(struct attempt *a, struct err *err)
{
    unsigned liar;
    int answer = a->weave ? weave_check(a->weave, &liar, err) : 0;

    if (answer != SAMPLE_LIE)
        return answer;
    a->liar = &a->bases.base[liar];
    err_set(err, ERR_INTEGRITY, "base", "the archive %s does not hold what its index says",
            a->liar->key);
    return err_hint(err, "push that image again with --force --no-delta");
}

int attempt_run(struct attempt *attempt, struct err *err)
{
    int answer = conduct(attempt, err);

    if (answer == 0)
        answer = check_copies(attempt, err);
    if (answer)
        learn_copying(attempt, true);
    return answer;
}

int attempt_complete(struct attempt *attempt, struct store_info *info, struct err *err)
{
    const struct part *last = attempt->weave ? weave_last(attempt->weave) : attempt->last;
    int answer = upload_complete(attempt->upload, last, attempt->packed, info, err);

    learn_copying(attempt, answer != 0);
    return answer;
}

int attempt_index(struct attempt *attempt, struct text *out, struct err *err)
{
    return index_builder_finish(attempt->builder, attempt->image, out, err);
}

void attempt_checksum(struct attempt *attempt, char out[MD5_HEX_SIZE])
{
    uint8_t md5[MD5_SIZE];

    out[0] = '\0';
    if (has_copied(attempt))
        return;
    digest_end(attempt->md5, md5);
    hex_encode(md5, sizeof md5, out);
}

enum attempt_remedy attempt_remedy(const struct attempt *attempt)
{
    const struct attempt *a = attempt;

    if (resume_has_diverged(a->resume))
        return ATTEMPT_AFRESH;
    if (a->liar)
        return ATTEMPT_WITHOUT_BASES;
    if (a->distrusted && a->push->source == PUSH_FROM_AUTO)
        return ATTEMPT_WITH_EXPORT;
    if (a->weave && weave_lacked_bytes(a->weave))
        return ATTEMPT_READING_ALL;
    if (!a->weave || !weave_was_no_help(a->weave))
        return ATTEMPT_HOPELESS;
    return weave_was_refused(a->weave) ? ATTEMPT_WITHOUT_COPIES : ATTEMPT_WITH_OTHER_BASES;
}

void attempt_facts(const struct attempt *attempt, struct attempt_facts *out)
{
    const struct attempt *a = attempt;

    *out = (struct attempt_facts){
        .image = a->image,
        .source = a->source->kind,
        .raw = a->raw,
        .packed = a->packed,
        .bases = a->bases.count,
        .copies_refused = a->copies_refused,
        .copies_tried = a->copies_tried,
        .resumed = resume_bytes(a->resume),
        .refusal = resume_refusal(a->resume),
        .liar = a->liar ? a->liar->key : NULL,
    };
    if (a->weave) {
        out->copied = a->packed - weave_fresh(a->weave);
        out->joins = weave_joins(a->weave);
    }
}
