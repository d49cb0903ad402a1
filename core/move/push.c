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
#include "move/push.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "catalog/conditions.h"
#include "catalog/metadata.h"
#include "flow/meter.h"
#include "flow/order.h"
#include "move/ability.h"
#include "move/bases.h"
#include "move/check.h"
#include "move/existing.h"
#include "move/identity.h"
#include "move/peek.h"
#include "move/reader.h"
#include "move/source.h"
#include "move/source_layers.h"
#include "move/span.h"
#include "move/upload.h"
#include "move/weave.h"
#include "pack/cut.h"
#include "pack/member.h"
#include "pack/part.h"
#include "pack/unread.h"
#include "wire/docker.h"

#define SLOT_SIZE   (1 * MIB) /* a dozen chunks: few hand-overs, little memory */
#define SLOT_ROOM   (SLOT_SIZE + span_bound(SLOT_SIZE))
#define SLOTS_LEAST 3
#define PART_SIZE   (8 * MIB) /* the size that the S3 clients agree on; grows with the image */
#define PARTS_MOST  12        /* in memory: being filled or in the air */
#define INDEX_MAX   (512 * MIB)

enum { STARTED = 1, FILLED, SPARE, READ, PACKED, UPLOADED, JOINED };

struct push {
    const struct push_options *options;
    struct push_result *result;
    struct store_stats stats_before;
    int64_t began;

    struct existing existing;
    bool learned;              /* which image that is: its metadata did not say */
    struct docker_image local; /* what the daemon says of the image; id "" without a daemon */

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

    bool delta; /* compare with earlier archives, as long as that may help */
    struct bases bases;
    struct weave *weave; /* NULL: everything is uploaded, in equal parts */
    bool woven;          /* to its end */
    size_t least;
    struct unread unread;

    struct span *current; /* being assembled; NULL between spans */
    size_t current_done;
    bool reading, stopping;
    bool distrusted;  /* Docker's layers turned out not to be what they should be */
    bool conditional; /* the store can be asked to write only over what we have seen */
    const struct image_info *image; /* once the reader is done */

    uint64_t raw, packed, uploaded; /* assembled; assembled; home again */
    struct meter meter;
    int64_t next_report, phase_began;
    enum transfer_phase phase;
    struct err err;
};

/* A daemon's export: its size is a guess, and its first byte may take long. */
static bool is_export(const struct push *p)
{
    return p->source && strcmp(p->source->kind, "docker") == 0;
}

static bool is_from_layers(const struct push *p)
{
    return p->source && strcmp(p->source->kind, "layers") == 0;
}

/* ---- progress ---- */

static void report(struct push *p, enum transfer_phase phase)
{
    int64_t now = clock_monotonic();
    uint64_t placed = p->upload ? upload_placed(p->upload) : 0;
    uint64_t done =
        p->packed ? (uint64_t)((double)p->raw * ((double)placed / (double)p->packed)) : 0;

    if (phase != p->phase) {
        p->phase = phase;
        p->phase_began = now;
        if (phase == PHASE_PUSH)
            meter_start(&p->meter, p->source->size_hint, now);
    } else if (now < p->next_report) {
        return;
    }
    p->next_report = now + CANCEL_TICK;
    if (phase == PHASE_PUSH && done > p->meter.done)
        meter_add(&p->meter, done - p->meter.done, now);
    transfer_report(&p->options->transfer,
                    &(struct transfer_progress){
                        .phase = phase,
                        .done = p->meter.done,
                        .total = p->meter.total,
                        .total_is_estimate = is_export(p),
                        .moved = p->uploaded,
                        .rate = meter_rate(&p->meter, now),
                        .left = meter_left(&p->meter, now),
                        .elapsed = (double)(now - p->phase_began) / (double)NS_PER_S,
                    });
}

/* ---- before the transfer: what is there already ---- */

static int look_at_image(struct push *p, struct err *err)
{
    switch (docker_inspect(p->options->docker, p->options->name.ref, &p->local, err)) {
    case DOCKER_OK:
        return 0;
    case DOCKER_ABSENT:
        err_set(err, ERR_NOT_FOUND, "image", "Docker has no image %s", p->options->name.ref);
        return err_hint(err, "docker images %s shows what there is; s3dock build makes one",
                        p->options->name.app);
    default:
        return ERR_FAIL;
    }
}

static void skip(struct push *p)
{
    const struct metadata *metadata = &p->existing.at.metadata;

    p->result->skipped = true;
    snprintf(p->result->key, sizeof p->result->key, "%s", p->existing.at.archive_key);
    snprintf(p->result->checksum, sizeof p->result->checksum, "%s", metadata->checksum);
    snprintf(p->result->image_id, sizeof p->result->image_id, "%s", metadata->image_id);
    p->result->size = metadata->size;
    if (p->learned && !p->options->dry_run)
        identity_add(p->options->store, &p->existing);
}

/* The original's archives do not say which image they hold. */
static int learn(struct push *p, struct err *err)
{
    const struct push_options *o = p->options;

    if (o->force || !identity_is_missing(&p->existing))
        return 0;
    p->learned = true;
    return identity_learn(o->store, &o->name, &o->transfer, &p->existing, err);
}

static int prepare(struct push *p, struct err *err)
{
    const struct push_options *o = p->options;
    char peeked[IMAGE_ID_SIZE] = "";

    report(p, PHASE_PREPARE);
    if (o->docker && look_at_image(p, err))
        return ERR_FAIL;
    if (existing_find(o->store, &o->name, &p->existing, err) || learn(p, err))
        return ERR_FAIL;
    if (p->existing.found)
        snprintf(p->result->key, sizeof p->result->key, "%s", p->existing.at.archive_key);
    else
        key_image(p->result->key, &o->name, NULL, KEY_ARCHIVE);
    if (!o->docker && p->existing.whole)
        peek_image_id(o->input, peeked);
    if (!o->force && (existing_is(&p->existing, p->local.id) || existing_is(&p->existing, peeked)))
        skip(p);
    return 0;
}

/* ---- the transfer: one function an event ---- */

static void stop(struct push *p, const struct err *err)
{
    if (!p->stopping)
        p->err = *err;
    p->stopping = true;
    if (p->reader)
        reader_stop(p->reader);
    if (p->weave)
        weave_stop(p->weave);
}

static void release_span(struct push *p, struct span *span)
{
    if (p->reading && !p->stopping)
        reader_give(p->reader, span);
    else
        slots_give(p->slots, span->slot);
}

static void on_filled(struct push *p, struct span *span)
{
    if (p->stopping) {
        release_span(p, span);
        return;
    }
    span->job.home = p->home;
    span->job.msg.kind = PACKED;
    span->job.run = span_pack;
    if (p->weave)
        weave_mark(p->weave, span);
    workers_give(p->workers, &span->job);
}

/* A whole span has become archive: its chunks enter the index. */
static void account(struct push *p, const struct span *span)
{
    struct err err;

    digest_add(p->md5, span->slot->out, span->out_size);
    p->raw += span->in_size;
    p->packed += span->out_size;
    for (unsigned i = 0; i < span->count; i++)
        if (index_builder_add(p->builder, &span->chunks[i].chunk,
                              span->chunks[i].flags & CHUNK_SECTION, &err))
            stop(p, &err);
}

/* The same with earlier archives: what they hold is copied. */
static void assemble_woven(struct push *p)
{
    while (!p->stopping) {
        struct err err;
        int answer;

        if (!p->current)
            p->current = order_take(&p->order);
        if (!p->current)
            return;
        answer = weave_add(p->weave, p->current, &err);
        if (answer == WEAVE_WAIT)
            return;
        p->packed = index_builder_packed(p->builder);
        if (answer) {
            stop(p, &err);
            return;
        }
        p->raw += p->current->in_size + p->current->unread;
        release_span(p, p->current);
        p->current = NULL;
    }
}

/* Moves packed bytes, in order, into parts, as far as there are spans in order and free parts. */
static void assemble_all(struct push *p)
{
    while (!p->stopping) {
        struct part *full = NULL;
        struct view rest;

        if (!p->current) {
            p->current = order_take(&p->order);
            p->current_done = 0;
            if (!p->current)
                return;
            account(p, p->current);
        }
        rest = view_of(p->current->slot->out + p->current_done,
                       p->current->out_size - p->current_done);
        if (rest.size) {
            size_t used = parts_add(p->parts, rest, &full);

            if (full)
                upload_part(p->upload, full);
            if (used == 0)
                return; /* every part is in the air: one will come home */
            p->current_done += used;
        }
        if (p->current_done == p->current->out_size) {
            release_span(p, p->current);
            p->current = NULL;
        }
    }
}

static void assemble(struct push *p)
{
    if (p->weave)
        assemble_woven(p);
    else
        assemble_all(p);
}

static void on_packed(struct push *p, struct span *span)
{
    if (p->stopping) {
        release_span(p, span);
        return;
    }
    order_put(&p->order, span->number, span);
    assemble(p);
}

static void on_uploaded(struct push *p, struct msg *msg)
{
    struct part *part;
    struct err err;
    int failed = upload_home(p->upload, msg, &part, &err);

    if (part) {
        if (!failed)
            p->uploaded += part->size;
        parts_give(p->parts, part);
    }
    if (failed)
        stop(p, &err);
    assemble(p);
}

static void on_joined(struct push *p, struct msg *msg)
{
    struct err err;

    if (weave_home(p->weave, msg, &err))
        stop(p, &err);
    assemble(p);
}

static void on_read(struct push *p)
{
    struct err err;

    p->reading = false;
    for (struct span *span; (span = reader_reclaim(p->reader));)
        slots_give(p->slots, span->slot);
    if (reader_result(p->reader, &p->image, &err)) {
        p->distrusted = !p->stopping && is_from_layers(p) && err.family != ERR_CANCELLED;
        stop(p, &err);
        return;
    }
    if (check_names(p->image, p->options->name.ref, NULL, &err)) {
        err_hint(&err, "docker tag %s %s, docker save %s, and push that",
                 p->image->tag_count ? p->image->tags[0] : p->image->id, p->options->name.ref,
                 p->options->name.ref);
        stop(p, &err);
    }
}

static void dispatch(struct push *p, struct msg *msg)
{
    switch (msg->kind) {
    case STARTED:
        report(p, PHASE_PUSH);
        break;
    case FILLED:
        on_filled(p, (struct span *)msg);
        break;
    case SPARE:
        slots_give(p->slots, ((struct span *)msg)->slot);
        break;
    case READ:
        on_read(p);
        break;
    case PACKED:
        on_packed(p, (struct span *)msg);
        break;
    case UPLOADED:
        on_uploaded(p, msg);
        break;
    case JOINED:
        on_joined(p, msg);
        break;
    default:
        break;
    }
}

/* Everything that still waits in the conductor's own hands when it stops. */
static void drop_what_waits(struct push *p)
{
    struct span *span;
    struct part *part;

    if (p->current)
        slots_give(p->slots, p->current->slot);
    p->current = NULL;
    while ((span = order_take_any(&p->order)))
        slots_give(p->slots, span->slot);
    while ((part = upload_reclaim(p->upload)))
        parts_give(p->parts, part);
}

static bool is_over(struct push *p)
{
    return !p->reading && slots_out(p->slots) == 0 && upload_out(p->upload) == 0 &&
           (!p->weave || weave_out(p->weave) == 0);
}

/* Every span was placed: what the weave still holds back may go, too. */
static void end_weave(struct push *p)
{
    struct err err;

    if (!p->weave || p->woven || p->stopping || p->reading || slots_out(p->slots))
        return;
    p->woven = true;
    if (weave_end(p->weave, &err))
        stop(p, &err);
    p->packed = index_builder_packed(p->builder);
}

/* Runs the picture above until nothing is out any more. */
static int conduct(struct push *p, struct err *err)
{
    report(p, is_export(p) ? PHASE_EXPORT : PHASE_PUSH);
    for (struct slot *slot; (slot = slots_take(p->slots));)
        reader_give(p->reader, span_of(slot));
    for (;;) {
        struct msg *msg;

        end_weave(p);
        if (p->stopping)
            drop_what_waits(p);
        if (is_over(p))
            break;
        msg = inbox_take(p->home, clock_monotonic() + CANCEL_TICK);
        if (msg)
            dispatch(p, msg);
        if (!p->stopping && cancel_check(p->options->transfer.cancel, err))
            stop(p, err);
        report(p, p->phase);
    }
    if (!p->stopping)
        return 0;
    *err = p->err;
    return ERR_FAIL;
}

/* ---- setting up and taking down ---- */

static void *make_packer(void *arg)
{
    const struct push *p = arg;
    struct err ignored;

    return packer_create(p->options->level, &ignored);
}

static void free_packer(void *packer)
{
    packer_destroy(packer);
}

static int64_t entry_time(const struct push *p)
{
    int64_t mtime = 0;

    if (is_from_layers(p))
        return SOURCE_LAYERS_TIME;
    clock_parse_stamp(p->options->name.time, &mtime);
    return mtime;
}

/* 0: they are the source; 1: the export is to be; negative: neither. */
static int open_layers(struct push *p, struct err *err)
{
    struct source_layers_options wanted;
    const struct push_options *o = p->options;

    if (o->source == PUSH_FROM_DOCKER || p->distrusted)
        return 1;
    wanted = (struct source_layers_options){.engine = docker_engine(o->docker),
                                            .image_id = p->local.id,
                                            .reference = o->name.ref,
                                            .indexes = (const struct index *const *)p->bases.indexes,
                                            .index_count = p->bases.count,
                                            .params = CHUNK_DEFAULT,
                                            .cancel = o->transfer.cancel};
    p->source = source_layers(&wanted, err);
    if (p->source) {
        unread_init(&p->unread, 2 * (uint64_t)p->least);
        source_layers_unread(p->source, &wanted, &p->unread);
        return 0;
    }
    if (o->source == PUSH_FROM_LAYERS || err->family == ERR_CANCELLED)
        return ERR_FAIL;
    log_info("push: the image comes from Docker's export: %s", err->text);
    return 1;
}

static int open_source(struct push *p, struct err *err)
{
    const struct push_options *o = p->options;
    int answer = o->docker ? open_layers(p, err) : 0;

    if (answer == 1)
        p->source = source_docker(o->docker, o->name.ref, p->local.size, err);
    else if (!o->docker && strcmp(o->input, "-") == 0)
        p->source = source_fd(0, o->transfer.cancel, err);
    else if (!o->docker)
        p->source = source_file(o->input, o->transfer.cancel, err);
    if (!p->source)
        return ERR_FAIL;
    snprintf(p->result->source, sizeof p->result->source, "%s", p->source->kind);
    return 0;
}

/* Equal parts, so large that the store's number of parts suffices. An archive is hardly ever larger
 * than what it holds; without any hint the smallest parts still carry 80 GB. */
static size_t choose_part_size(const struct store *store, uint64_t size_hint)
{
    uint64_t size = PART_SIZE, most = store->parts_max ? store->parts_max : 10000;

    if (size < store->part_size_min)
        size = store->part_size_min;
    while (size_hint / size >= most - most / 16)
        size *= 2;
    return (size_t)size;
}

/* Whether this store copies for us. A stream that cannot be read twice must know beforehand. */
static bool may_copy(struct push *p, size_t least)
{
    struct store *store = p->options->store;
    enum ability ability = ability_remembered(store);

    if (ability == ABILITY_UNKNOWN && !p->options->docker && strcmp(p->options->input, "-") == 0)
        return ability_probe(store, &p->bases.base[0], least) == ABILITY_YES;
    return ability != ABILITY_NO;
}

/* Finds the archives to compare with; none when that cannot help. */
static void choose_bases(struct push *p, size_t least)
{
    struct bases_wanted wanted = {
        .name = &p->options->name,
        .first = p->existing.whole ? p->existing.at.archive_key : NULL,
        .layers = (const char(*)[80])p->local.diff_ids,
        .layer_count = p->local.id[0] ? p->local.layer_count : 0,
        .archive_least = least,
    };

    if (!p->delta)
        return;
    bases_find(p->options->store, &wanted, &p->bases);
    if (p->bases.count && !may_copy(p, least)) {
        log_debug("push: this store does not copy ranges: all is uploaded");
        p->result->copies_refused = true;
        bases_finish(&p->bases);
    }
    p->result->bases = p->bases.count;
}

static int start_weave(struct push *p, size_t least, struct err *err)
{
    if (p->bases.count == 0)
        return 0;
    p->weave = weave_create(&(struct weave_options){.store = p->options->store,
                                                    .upload = p->upload,
                                                    .bases = &p->bases,
                                                    .parts = p->parts,
                                                    .builder = p->builder,
                                                    .md5 = p->md5,
                                                    .home = p->home,
                                                    .kind = JOINED,
                                                    .level = p->options->level,
                                                    .least = least},
                            err);
    return p->weave ? 0 : ERR_FAIL;
}

static int set_up(struct push *p, struct err *err)
{
    const struct push_options *o = p->options;
    size_t memory = o->transfer.memory ? o->transfer.memory : TRANSFER_MEMORY;
    unsigned jobs = transfer_jobs(o->transfer.jobs);
    unsigned slot_count = 3 * jobs + 2, part_count;
    size_t part_size, parts_room, least, slot_bytes;
    struct workers_options crew = {
        .count = jobs, .scratch_create = make_packer, .scratch_destroy = free_packer, .arg = p};

    if (!o->docker && open_source(p, err))
        return ERR_FAIL;
    least = weave_least(o->store, o->docker ? p->local.size : p->source->size_hint);
    p->least = least;
    part_size = weave_part_size(least);
    parts_room = WEAVE_PARTS_MIN * part_size;
    if (parts_room + SLOTS_LEAST * SLOT_ROOM <= memory)
        choose_bases(p, least);
    if (o->docker && open_source(p, err))
        return ERR_FAIL;
    if (p->bases.count == 0) {
        part_size = choose_part_size(o->store, p->source->size_hint);
        parts_room = memory / 2;
    }
    while (slot_count > SLOTS_LEAST && slot_count * SLOT_ROOM + parts_room > memory)
        slot_count--;
    slot_bytes = slot_count * SLOT_ROOM;
    part_count = memory > slot_bytes ? (unsigned)((memory - slot_bytes) / part_size) : 0;
    part_count = part_count < 2 ? 2 : part_count > PARTS_MOST ? PARTS_MOST : part_count;
    log_debug("push: %u workers, %u slots, %u parts of %zu bytes: at most %zu bytes of buffers",
              jobs, slot_count, part_count, part_size, slot_bytes + part_count * part_size);

    order_init(&p->order, slot_count);
    p->md5 = digest_create(DIGEST_MD5);
    if (!p->md5)
        return err_memory(err, "the checksum");
    p->home = inbox_create(err);
    p->slots = slots_create(slot_count, SLOT_SIZE, span_bound(SLOT_SIZE), sizeof(struct span), err);
    p->parts = parts_create(part_count, part_size, err);
    p->builder = index_builder_create(&CHUNK_DEFAULT, o->level, err);
    if (!p->home || !p->slots || !p->parts || !p->builder)
        return ERR_FAIL;
    p->upload = upload_create(o->store, p->result->key, p->home, UPLOADED, part_count, err);
    if (!p->upload || start_weave(p, least, err))
        return ERR_FAIL;
    p->workers = workers_create(&crew, err);
    if (!p->workers)
        return ERR_FAIL;
    p->reader = reader_create(&(struct reader_options){.source = p->source,
                                                       .params = CHUNK_DEFAULT,
                                                       .mtime = entry_time(p),
                                                       .slot_size = SLOT_SIZE,
                                                       .known = p->bases.known,
                                                       .unread =
                                                           p->unread.count ? &p->unread : NULL,
                                                       .home = p->home,
                                                       .kind_started = STARTED,
                                                       .kind_span = FILLED,
                                                       .kind_spare = SPARE,
                                                       .kind_done = READ},
                              err);
    p->reading = p->reader != NULL;
    return p->reader ? 0 : ERR_FAIL;
}

static void take_down(struct push *p)
{
    reader_destroy(p->reader);
    source_destroy(p->source);
    workers_destroy(p->workers);
    weave_destroy(p->weave);
    upload_destroy(p->upload);
    index_builder_destroy(p->builder);
    parts_destroy(p->parts);
    slots_destroy(p->slots);
    inbox_destroy(p->home);
    digest_destroy(p->md5);
    bases_finish(&p->bases);
}

/* ---- after the transfer: the archive becomes visible, then the index, then the metadata ---- */

static int describe(struct push *p, struct metadata *out, struct err *err)
{
    const struct image_info *image = p->image;
    const struct push_options *o = p->options;
    uint8_t md5[MD5_SIZE];

    *out = (struct metadata){.format = METADATA_FORMAT};
    if (!p->weave || !weave_has_copied(p->weave)) {
        digest_end(p->md5, md5);
        hex_encode(md5, sizeof md5, out->checksum);
    }
    out->size = p->packed;
    clock_rfc3339(clock_wall(), out->created_at);
    snprintf(out->git_hash, sizeof out->git_hash, "%s", o->name.hash);
    snprintf(out->git_time, sizeof out->git_time, "%s", o->name.time);
    snprintf(out->image_tag, sizeof out->image_tag, "%s", o->name.ref);
    snprintf(out->app_name, sizeof out->app_name, "%s", o->name.app);
    if (p->local.id[0] && strcmp(p->local.id, image->id) != 0)
        snprintf(out->engine_id, sizeof out->engine_id, "%s", p->local.id);
    return identity_describe(image, out, err);
}

/* Two pushes of one name may be at it at once. The archive is whoever's completed last, and only
 * that push may describe it: so each looks whether the archive is still its own, and writes only
 * over what it has seen. The other one's look fails. (A store that ignores conditions leaves a
 * window of one request.) */
static int put_beside(struct push *p, const char *key, struct view body, const char *archive_etag,
                      struct err *err)
{
    struct store *store = p->options->store;

    for (unsigned tries = 0; tries < 8; tries++) {
        struct store_info archive = {0}, there = {0};
        enum store_answer answer = store_head(store, p->result->key, &archive, err);

        if (answer == STORE_DONE && strcmp(archive.etag, archive_etag) == 0)
            answer = store_head(store, key, &there, err);
        else if (answer != STORE_FAILED)
            break;
        if (answer != STORE_FAILED)
            answer = store_put_document(store, key, body,
                                        p->conditional && answer == STORE_DONE ? there.etag : NULL,
                                        p->conditional && answer != STORE_DONE, NULL, err);
        if (answer == STORE_FAILED)
            return ERR_FAIL;
        if (answer == STORE_DONE)
            return 0;
    }
    err_set(err, ERR_CONFLICT, "push", "somebody else pushed %s at the same time and was later",
            p->options->name.ref);
    return err_hint(err, "see what is there: s3dock pull %s --dry-run", p->options->name.ref);
}

static int put_index(struct push *p, struct metadata *metadata, struct err *err)
{
    uint8_t sum[SHA256_SIZE];
    struct text text;
    int answer;

    text_init(&text, INDEX_MAX);
    answer = index_builder_finish(p->builder, p->image, &text, err);
    if (answer == 0) {
        key_sibling(metadata->index_key, p->result->key, KEY_INDEX);
        sha256_of(text_view(&text), sum);
        hex_encode(sum, sizeof sum, metadata->index_sha256);
        metadata->index_size = text.size;
        answer = put_beside(p, metadata->index_key, text_view(&text), metadata->archive_etag, err);
    }
    text_finish(&text);
    return answer;
}

static int put_metadata(struct push *p, const struct metadata *metadata, struct err *err)
{
    char key[KEY_MAX];
    struct text text;
    int answer;

    text_init(&text, 256 * KIB);
    metadata_write(metadata, &text);
    key_sibling(key, p->result->key, KEY_METADATA);
    answer = text_check(&text, "the metadata", err);
    if (answer == 0)
        answer = put_beside(p, key, text_view(&text), metadata->archive_etag, err);
    text_finish(&text);
    return answer;
}

/* Keeps what is replaced, then makes the new archive, its index and its metadata visible, in this
 * order. A cancel that comes when the archive may be visible finds the rest of it insisted on: an
 * archive under the documents of its predecessor is an image that nobody can pull. */
static int commit(struct push *p, struct err *err)
{
    struct store *store = p->options->store;
    struct part *flushed = p->weave ? NULL : parts_flush(p->parts);
    const struct part *last = p->weave ? weave_last(p->weave) : flushed;
    struct store_info info = {0};
    struct metadata metadata;
    int answer;

    report(p, PHASE_COMMIT);
    if (conditions_find(store, &p->conditional, err))
        p->conditional = false;
    answer = describe(p, &metadata, err);
    if (answer == 0 && p->existing.has_archive && !p->result->archived) {
        answer = existing_keep(store, &p->options->name, &p->existing, p->conditional,
                               &p->result->stats.copied_bytes, err);
        p->result->archived = answer == 0;
    }
    if (answer == 0)
        answer = upload_complete(p->upload, last, p->packed, &info, err);
    if (flushed)
        parts_give(p->parts, flushed);
    if (answer == 0) {
        str_copy(metadata.archive_etag, sizeof metadata.archive_etag, info.etag);
        answer = put_index(p, &metadata, err);
    }
    if (answer == 0)
        answer = put_metadata(p, &metadata, err);
    store_insist(store, false);
    snprintf(p->result->checksum, sizeof p->result->checksum, "%s", metadata.checksum);
    snprintf(p->result->image_id, sizeof p->result->image_id, "%s", metadata.image_id);
    p->result->size = metadata.size;
    metadata_finish(&metadata);
    return answer;
}

/* An archive's image is only known once it was read: it may be the one that the bucket holds. */
static int settle(struct push *p, struct err *err)
{
    struct part *last;

    if (p->options->force || !existing_is(&p->existing, p->image->id))
        return commit(p, err);
    last = p->weave ? NULL : parts_flush(p->parts);
    if (last)
        parts_give(p->parts, last);
    upload_abort(p->upload);
    skip(p);
    return 0;
}

static int transfer(struct push *p, struct err *err)
{
    int answer = set_up(p, err);

    if (answer == 0)
        answer = conduct(p, err);
    if (answer == 0)
        answer = settle(p, err);
    if (answer && p->upload)
        upload_abort(p->upload);
    if (p->weave)
        weave_clean_up(p->weave);
    return answer;
}

/* What copying has shown. True: the transfer failed for its sake, and may do without. */
static bool learn_copying(struct push *p, bool failed)
{
    if (!p->weave || (!failed && !weave_has_copied(p->weave)))
        return false;
    if (!failed || weave_was_refused(p->weave))
        ability_remember(p->options->store, !failed);
    return failed && weave_was_no_help(p->weave);
}

static void account_woven(struct push *p)
{
    if (!p->weave || p->result->skipped)
        return;
    p->result->joins = weave_joins(p->weave);
    p->result->stats.copied_bytes += p->packed - weave_fresh(p->weave);
}

/* After a failure: as if nothing had been moved yet. What was looked up before the transfer stays.
 */
static void start_again(struct push *p)
{
    take_down(p);
    *p = (struct push){.options = p->options,
                       .result = p->result,
                       .stats_before = p->stats_before,
                       .began = p->began,
                       .existing = p->existing,
                       .local = p->local,
                       .distrusted = p->distrusted,
                       .delta = p->delta,
                       .phase = PHASE_LOAD};
}

/* Whether the transfer may succeed another way, and says which: without the layers that were not to
 * be trusted (the export takes over from the start), or without the copies that the store would not
 * make. `before`: how it was begun. */
static bool has_another_way(struct push *p, bool distrusted_before, struct err *err)
{
    bool copying = learn_copying(p, true);

    if (p->distrusted && !distrusted_before && p->options->source == PUSH_FROM_AUTO) {
        str_copy(p->result->distrust, sizeof p->result->distrust, err->text);
        log_info("push: Docker's export takes over from its layers: %s", err->text);
        return true;
    }
    if (!copying)
        return false;
    if (!p->options->docker && strcmp(p->options->input, "-") == 0) {
        err_hint(err, "--no-delta uploads everything; standard input cannot be read twice");
        return false;
    }
    log_info("the store does not copy parts of other archives (%s): everything is uploaded",
             err->text);
    p->result->copies_refused = true;
    p->result->bases = 0;
    p->delta = false;
    return true;
}

static int transfer_somehow(struct push *p, struct err *err)
{
    for (;;) {
        bool distrusted = p->distrusted;
        int answer = transfer(p, err);

        if (answer == 0) {
            learn_copying(p, false);
            account_woven(p);
            return 0;
        }
        if (!has_another_way(p, distrusted, err))
            return answer;
        start_again(p);
    }
}

static void sum_up(struct push *p)
{
    struct transfer_stats *stats = &p->result->stats;
    struct store_stats now;

    store_stats(p->options->store, &now);
    stats->raw_bytes = p->raw;
    stats->archive_bytes = p->result->size;
    stats->uploaded_bytes = now.sent - p->stats_before.sent;
    stats->downloaded_bytes = now.received - p->stats_before.received;
    stats->requests = now.requests - p->stats_before.requests;
    stats->retries = now.retries - p->stats_before.retries;
    stats->seconds = (double)(clock_monotonic() - p->began) / (double)NS_PER_S;
    stats->peak_memory_bytes = transfer_peak_memory();
}

int push_run(const struct push_options *options, struct push_result *result, struct err *err)
{
    struct push *p = calloc(1, sizeof *p);
    int answer;

    if (!p)
        return err_memory(err, "the push");
    memset(result, 0, sizeof *result);
    p->options = options;
    p->result = result;
    p->delta = !options->no_delta;
    p->began = clock_monotonic();
    p->phase = PHASE_LOAD; /* none of ours: the first report is a change */
    store_stats(options->store, &p->stats_before);

    answer = prepare(p, err);
    if (answer == 0 && !result->skipped && !options->dry_run)
        answer = transfer_somehow(p, err);
    sum_up(p);
    take_down(p);
    existing_finish(&p->existing);
    free(p);
    return answer;
}
