/*
 * Most held chunks are never packed: only the first of each run are, since a run that turns out
 * short is uploaded after all. Which ones is guessed when a span goes to the workers (the placer,
 * which knows, is some spans behind); where the guess was wrong the conductor packs a chunk itself.
 */
#include "push/upload/assembler.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pack/chunk/cut.h"
#include "pack/codec/gzip_member.h"
#include "push/plan/part_planner.h"
#include "push/upload/composer.h"
#include "push/upload/spot_check.h"

struct weave {
    struct weave_options options;
    struct placer *placer;
    struct joiner *joiner;
    struct sample *sample;
    struct packer *packer; /* the conductor's own */
    uint8_t *packed;

    struct held run; /* as seen when marking: size is what the run has so far */
    uint64_t run_size, seen;
    uint32_t cursor; /* into the known chunks */

    unsigned done; /* chunks of the current span */
    size_t in, out;
    struct part *last;
    bool copied, lacked_bytes;
    uint64_t fresh;
};

static struct placer_options placing(const struct store_limits *limits, size_t least)
{
    return (struct placer_options){.least = least,
                                   .most = limits->copy_most > least ? limits->copy_most : least,
                                   .run_least =
                                       limits->run_least < least ? limits->run_least : least};
}

size_t weave_least(const struct store *store, uint64_t size_hint)
{
    uint64_t least = store->limits.part_least, most = store->limits.parts_most;

    while (size_hint / least >= most - most / 16)
        least *= 2;
    return (size_t)least;
}

size_t weave_part_size(const struct store *store, size_t least)
{
    struct placer_options options = placing(&store->limits, least);

    return placer_part_size(&options);
}

uint64_t weave_lead(size_t least)
{
    return 2 * (uint64_t)least;
}

struct weave *weave_create(const struct weave_options *options, struct err *err)
{
    struct weave *w = calloc(1, sizeof *w);
    struct placer_options how = placing(&options->store->limits, options->least);

    if (!w) {
        err_memory(err, "the upload");
        return NULL;
    }
    w->options = *options;
    w->packed = malloc(member_bound(CHUNK_MAX_LIMIT));
    w->packer = packer_create(options->level, err);
    w->placer = placer_create(options->parts, &how, err);
    w->joiner = joiner_create(&(struct joiner_options){.store = options->store,
                                                       .upload = options->upload,
                                                       .bases = options->bases,
                                                       .parts = options->parts,
                                                       .home = options->home,
                                                       .kind = options->kind,
                                                       .folder = resume_folder(options->resume)},
                              err);
    w->sample = sample_create(options->store, options->bases, err);
    if (!w->packed)
        err_memory(err, "the upload");
    if (!w->packed || !w->packer || !w->placer || !w->joiner || !w->sample) {
        weave_destroy(w);
        return NULL;
    }
    return w;
}

void weave_destroy(struct weave *weave)
{
    if (!weave)
        return;
    if (weave->last)
        parts_give(weave->options.parts, weave->last);
    sample_destroy(weave->sample);
    joiner_destroy(weave->joiner);
    placer_destroy(weave->placer);
    packer_destroy(weave->packer);
    free(weave->packed);
    free(weave);
}

/* ---- what the workers pack ---- */

static void mark(struct weave *w, struct span_chunk *chunk)
{
    const struct held *held = &chunk->held;

    if (held->size == 0) {
        w->run_size = 0;
        return;
    }
    if (w->run_size == 0 || held->base != w->run.base || held->offset != w->run.offset)
        w->run_size = 0;
    if (!(chunk->flags & SPAN_UNREAD) && !chunk->sent)
        chunk->unpacked =
            w->run_size >= w->options.store->limits.run_least && w->seen >= w->options.least;
    w->run = (struct held){.base = held->base, .offset = held->offset + held->size};
    w->run_size += held->size;
    w->seen += held->size;
}

void weave_look_up(struct weave *weave, struct span *span)
{
    for (unsigned i = 0; !span->looked_up && i < span->count; i++) {
        struct span_chunk *chunk = &span->chunks[i];

        known_find(weave->options.bases->known, &chunk->chunk.name, chunk->chunk.raw_size,
                   &weave->cursor, &chunk->held);
    }
}

void weave_mark(struct weave *weave, struct span *span)
{
    for (unsigned i = 0; i < span->count; i++)
        mark(weave, &span->chunks[i]);
}

/* ---- steps ---- */

static void give_piece(struct weave *w, const struct piece *piece)
{
    if (piece->part)
        parts_give(w->options.parts, piece->part);
}

static void give_pieces(struct weave *w, const struct placer_step *step)
{
    if (step->kind != STEP_TAKEN)
        give_piece(w, &step->left);
    if (step->kind == STEP_JOIN)
        give_piece(w, &step->right);
}

static void count_piece(struct weave *w, const struct piece *piece)
{
    if (piece->part)
        w->fresh += piece->part->size;
    else
        w->copied = true;
}

static int repack(struct weave *w, const struct placer_step *step, struct err *err)
{
    for (unsigned i = 0; i < step->count; i++)
        if (index_builder_repack(w->options.builder, step->first + i, step->sizes[i], err))
            return ERR_FAIL;
    return 0;
}

/* An earlier push has done it. */
static int keep_step(struct weave *w, const struct placer_step *step, const char *etag,
                     struct err *err)
{
    uint64_t size = step->left.part ? step->left.part->size : step->left.region.size;

    give_pieces(w, step);
    if (step->kind == STEP_JOIN)
        return joiner_keep(w->joiner, step, etag, err);
    return upload_keep(w->options.upload, step->number, etag, size, err);
}

/* A part that is the whole object waits until all is known to be well. */
static int keep_whole(struct weave *w, struct part *part)
{
    w->last = part;
    digest_add(w->options.md5, part->data, part->size);
    return 0;
}

static int take_step(struct weave *w, const struct placer_step *step, struct err *err)
{
    const char *etag = NULL;
    int answer;

    if (step->kind == STEP_TAKEN)
        return repack(w, step, err);
    count_piece(w, &step->left);
    if (step->kind == STEP_JOIN)
        count_piece(w, &step->right);
    if (step->last && step->left.part && step->number == 1)
        return keep_whole(w, step->left.part);
    answer = resume_step(w->options.resume, step, &etag, err);
    if (answer > 0)
        return keep_step(w, step, etag, err);
    if (answer == 0)
        return joiner_step(w->joiner, step, err);
    give_pieces(w, step);
    return answer;
}

/* All steps are taken, whatever happens: their parts must find a home. */
static int take_steps(struct weave *w, struct err *err)
{
    struct placer_step step;
    int answer = 0;

    while (placer_next(w->placer, &step)) {
        if (answer == 0) {
            answer = take_step(w, &step, err);
            continue;
        }
        give_pieces(w, &step);
    }
    return answer;
}

/* ---- chunks ---- */

static struct view packed_bytes(struct weave *w, const struct span *span,
                                const struct span_chunk *chunk)
{
    bool stored = chunk->flags & CHUNK_STORED;
    size_t size;

    if (!chunk->unpacked)
        return view_of(span->slot->out + w->out, chunk->chunk.packed_size);
    if (!placer_needs(w->placer, &chunk->held))
        return view_of(NULL, 0);
    if (chunk->flags & SPAN_UNREAD) {
        w->lacked_bytes = true; /* and the placer fails */
        return view_of(NULL, 0);
    }
    size = member_pack(w->packer, view_of(span->slot->in + w->in, chunk->chunk.raw_size), stored,
                       w->packed);
    return view_of(w->packed, size);
}

static int place(struct weave *w, const struct span *span, struct err *err)
{
    const struct span_chunk *chunk = &span->chunks[w->done];
    struct index_chunk entry = chunk->chunk;

    if (chunk->held.size) {
        entry.packed_size = chunk->held.size; /* until it is taken in */
        sample_note(w->sample, &entry, &chunk->held);
    }
    if (index_builder_add(w->options.builder, &entry, chunk->flags & CHUNK_SECTION, err) ||
        placer_add(w->placer, packed_bytes(w, span, chunk), &chunk->held, err))
        return ERR_FAIL;
    if (!(chunk->flags & SPAN_UNREAD))
        w->in += chunk->chunk.raw_size;
    w->out += chunk->chunk.packed_size;
    w->done++;
    return take_steps(w, err);
}

int weave_add(struct weave *weave, struct span *span, struct err *err)
{
    while (weave->done < span->count) {
        if (!placer_ready(weave->placer))
            return WEAVE_WAIT;
        if (place(weave, span, err))
            return ERR_FAIL;
    }
    weave->done = 0;
    weave->in = weave->out = 0;
    return 0;
}

/* All is placed: what is to be read back is read while the store copies. */
int weave_end(struct weave *weave, struct err *err)
{
    placer_end(weave->placer);
    if (take_steps(weave, err))
        return ERR_FAIL;
    return weave->copied ? sample_begin(weave->sample, err) : 0;
}

int weave_check(struct weave *weave, unsigned *liar, struct err *err)
{
    return weave->copied ? sample_check(weave->sample, liar, err) : 0;
}

int weave_home(struct weave *weave, struct msg *msg, struct err *err)
{
    unsigned joined;
    int answer = joiner_home(weave->joiner, msg, &joined, err);

    if (joined)
        resume_joined(weave->options.resume, joined, joiner_etag(weave->joiner, joined));
    return answer;
}

void weave_stop(struct weave *weave)
{
    joiner_stop(weave->joiner);
}

unsigned weave_out(const struct weave *weave)
{
    return joiner_out(weave->joiner);
}

const struct part *weave_last(const struct weave *weave)
{
    return weave->last;
}

bool weave_has_copied(const struct weave *weave)
{
    return weave->copied;
}

uint64_t weave_fresh(const struct weave *weave)
{
    return weave->fresh;
}

unsigned weave_joins(const struct weave *weave)
{
    return joiner_count(weave->joiner);
}

bool weave_was_no_help(const struct weave *weave)
{
    return joiner_was_no_help(weave->joiner);
}

bool weave_was_refused(const struct weave *weave)
{
    return joiner_was_refused(weave->joiner);
}

bool weave_was_forbidden(const struct weave *weave)
{
    return joiner_was_forbidden(weave->joiner);
}

bool weave_lacked_bytes(const struct weave *weave)
{
    return weave->lacked_bytes;
}

void weave_clean_up(struct weave *weave)
{
    joiner_clean_up(weave->joiner);
}
