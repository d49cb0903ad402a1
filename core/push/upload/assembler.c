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

struct assembler {
    struct assembler_options options;
    struct part_planner *placer;
    struct composer *joiner;
    struct spot_check *sample;
    struct packer *packer; /* the conductor's own */
    uint8_t *packed;

    struct held_chunk run; /* as seen when marking: size is what the run has so far */
    uint64_t run_size, seen;
    uint32_t cursor; /* into the known chunks */

    unsigned done; /* chunks of the current span */
    size_t in, out;
    struct part *last;
    bool copied, lacked_bytes;
    uint64_t fresh;
};

static struct part_planner_options placing(const struct store_limits *limits, size_t least)
{
    return (struct part_planner_options){
        .least = least,
        .most = limits->copy_most > least ? limits->copy_most : least,
        .run_least = limits->run_least < least ? limits->run_least : least};
}

size_t assembler_least(const struct store *store, uint64_t size_hint)
{
    uint64_t least = store->limits.part_least, most = store->limits.parts_most;

    while (size_hint / least >= most - most / 16)
        least *= 2;
    return (size_t)least;
}

size_t assembler_part_size(const struct store *store, size_t least)
{
    struct part_planner_options options = placing(&store->limits, least);

    return part_planner_part_size(&options);
}

uint64_t assembler_lead(size_t least)
{
    return 2 * (uint64_t)least;
}

struct assembler *assembler_create(const struct assembler_options *options, struct err *err)
{
    struct assembler *w = calloc(1, sizeof *w);
    struct part_planner_options how = placing(&options->store->limits, options->least);

    if (!w) {
        err_memory(err, "the upload");
        return NULL;
    }
    w->options = *options;
    w->packed = malloc(gzip_member_bound(CHUNK_MAX_LIMIT));
    w->packer = packer_create(options->level, err);
    w->placer = part_planner_create(options->parts, &how, err);
    w->joiner =
        composer_create(&(struct composer_options){.store = options->store,
                                                   .upload = options->upload,
                                                   .bases = options->bases,
                                                   .parts = options->parts,
                                                   .home = options->home,
                                                   .kind = options->kind,
                                                   .folder = resume_folder(options->resume)},
                        err);
    w->sample = spot_check_create(options->store, options->bases, err);
    if (!w->packed)
        err_memory(err, "the upload");
    if (!w->packed || !w->packer || !w->placer || !w->joiner || !w->sample) {
        assembler_destroy(w);
        return NULL;
    }
    return w;
}

void assembler_destroy(struct assembler *weave)
{
    if (!weave)
        return;
    if (weave->last)
        parts_give(weave->options.parts, weave->last);
    spot_check_destroy(weave->sample);
    composer_destroy(weave->joiner);
    part_planner_destroy(weave->placer);
    packer_destroy(weave->packer);
    free(weave->packed);
    free(weave);
}

/* ---- what the workers pack ---- */

static void mark(struct assembler *w, struct push_chunk *chunk)
{
    const struct held_chunk *held = &chunk->held;

    if (held->size == 0) {
        w->run_size = 0;
        return;
    }
    if (w->run_size == 0 || held->base != w->run.base || held->offset != w->run.offset)
        w->run_size = 0;
    if (!(chunk->flags & PUSH_UNREAD) && !chunk->sent)
        chunk->unpacked =
            w->run_size >= w->options.store->limits.run_least && w->seen >= w->options.least;
    w->run = (struct held_chunk){.base = held->base, .offset = held->offset + held->size};
    w->run_size += held->size;
    w->seen += held->size;
}

void assembler_look_up(struct assembler *weave, struct push_span *span)
{
    for (unsigned i = 0; !span->looked_up && i < span->count; i++) {
        struct push_chunk *chunk = &span->chunks[i];

        chunk_lookup_find(weave->options.bases->known, &chunk->chunk.name, chunk->chunk.raw_size,
                          &weave->cursor, &chunk->held);
    }
}

void assembler_mark(struct assembler *weave, struct push_span *span)
{
    for (unsigned i = 0; i < span->count; i++)
        mark(weave, &span->chunks[i]);
}

/* ---- steps ---- */

static void give_piece(struct assembler *w, const struct piece *piece)
{
    if (piece->part)
        parts_give(w->options.parts, piece->part);
}

static void give_pieces(struct assembler *w, const struct part_planner_step *step)
{
    if (step->kind != STEP_TAKEN)
        give_piece(w, &step->left);
    if (step->kind == STEP_JOIN)
        give_piece(w, &step->right);
}

static void count_piece(struct assembler *w, const struct piece *piece)
{
    if (piece->part)
        w->fresh += piece->part->size;
    else
        w->copied = true;
}

static int repack(struct assembler *w, const struct part_planner_step *step, struct err *err)
{
    for (unsigned i = 0; i < step->count; i++)
        if (index_builder_repack(w->options.builder, step->first + i, step->sizes[i], err))
            return ERR_FAIL;
    return 0;
}

/* An earlier push has done it. */
static int keep_step(struct assembler *w, const struct part_planner_step *step, const char *etag,
                     struct err *err)
{
    uint64_t size = step->left.part ? step->left.part->size : step->left.region.size;

    give_pieces(w, step);
    if (step->kind == STEP_JOIN)
        return composer_keep(w->joiner, step, etag, err);
    return upload_keep(w->options.upload, step->number, etag, size, err);
}

/* A part that is the whole object waits until all is known to be well. */
static int keep_whole(struct assembler *w, struct part *part)
{
    w->last = part;
    digest_add(w->options.md5, part->data, part->size);
    return 0;
}

static int take_step(struct assembler *w, const struct part_planner_step *step, struct err *err)
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
        return composer_step(w->joiner, step, err);
    give_pieces(w, step);
    return answer;
}

/* All steps are taken, whatever happens: their parts must find a home. */
static int take_steps(struct assembler *w, struct err *err)
{
    struct part_planner_step step;
    int answer = 0;

    while (part_planner_next(w->placer, &step)) {
        if (answer == 0) {
            answer = take_step(w, &step, err);
            continue;
        }
        give_pieces(w, &step);
    }
    return answer;
}

/* ---- chunks ---- */

static struct view packed_bytes(struct assembler *w, const struct push_span *span,
                                const struct push_chunk *chunk)
{
    bool stored = chunk->flags & CHUNK_STORED;
    size_t size;

    if (!chunk->unpacked)
        return view_of(span->slot->out + w->out, chunk->chunk.packed_size);
    if (!part_planner_needs(w->placer, &chunk->held))
        return view_of(NULL, 0);
    if (chunk->flags & PUSH_UNREAD) {
        w->lacked_bytes = true; /* and the placer fails */
        return view_of(NULL, 0);
    }
    size = gzip_member_pack(w->packer, view_of(span->slot->in + w->in, chunk->chunk.raw_size),
                            stored, w->packed);
    return view_of(w->packed, size);
}

static int place(struct assembler *w, const struct push_span *span, struct err *err)
{
    const struct push_chunk *chunk = &span->chunks[w->done];
    struct index_chunk entry = chunk->chunk;

    if (chunk->held.size) {
        entry.packed_size = chunk->held.size; /* until it is taken in */
        spot_check_note(w->sample, &entry, &chunk->held);
    }
    if (index_builder_add(w->options.builder, &entry, chunk->flags & CHUNK_SECTION, err) ||
        part_planner_add(w->placer, packed_bytes(w, span, chunk), &chunk->held, err))
        return ERR_FAIL;
    if (!(chunk->flags & PUSH_UNREAD))
        w->in += chunk->chunk.raw_size;
    w->out += chunk->chunk.packed_size;
    w->done++;
    return take_steps(w, err);
}

int assembler_add(struct assembler *weave, struct push_span *span, struct err *err)
{
    while (weave->done < span->count) {
        if (!part_planner_ready(weave->placer))
            return WEAVE_WAIT;
        if (place(weave, span, err))
            return ERR_FAIL;
    }
    weave->done = 0;
    weave->in = weave->out = 0;
    return 0;
}

/* All is placed: what is to be read back is read while the store copies. */
int assembler_end(struct assembler *weave, struct err *err)
{
    part_planner_end(weave->placer);
    if (take_steps(weave, err))
        return ERR_FAIL;
    return weave->copied ? spot_check_begin(weave->sample, err) : 0;
}

int assembler_check(struct assembler *weave, unsigned *liar, struct err *err)
{
    return weave->copied ? spot_check_verify(weave->sample, liar, err) : 0;
}

int assembler_home(struct assembler *weave, struct msg *msg, struct err *err)
{
    unsigned joined;
    int answer = composer_home(weave->joiner, msg, &joined, err);

    if (joined)
        resume_joined(weave->options.resume, joined, composer_etag(weave->joiner, joined));
    return answer;
}

void assembler_stop(struct assembler *weave)
{
    composer_stop(weave->joiner);
}

unsigned assembler_out(const struct assembler *weave)
{
    return composer_out(weave->joiner);
}

const struct part *assembler_last(const struct assembler *weave)
{
    return weave->last;
}

bool assembler_has_copied(const struct assembler *weave)
{
    return weave->copied;
}

uint64_t assembler_fresh(const struct assembler *weave)
{
    return weave->fresh;
}

unsigned assembler_joins(const struct assembler *weave)
{
    return composer_count(weave->joiner);
}

bool assembler_was_no_help(const struct assembler *weave)
{
    return composer_was_no_help(weave->joiner);
}

bool assembler_was_refused(const struct assembler *weave)
{
    return composer_was_refused(weave->joiner);
}

bool assembler_was_forbidden(const struct assembler *weave)
{
    return composer_was_forbidden(weave->joiner);
}

bool assembler_lacked_bytes(const struct assembler *weave)
{
    return weave->lacked_bytes;
}

void assembler_clean_up(struct assembler *weave)
{
    composer_clean_up(weave->joiner);
}
