/*
 * Most held chunks are never packed. Only the first chunks of each run are, because a run that
 * turns out to be short is uploaded. chunk_fate.h guesses which ones; where the guess was wrong,
 * the assembler packs the chunk on the engine's thread.
 */
#include "push/upload/assembler.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pack/chunk/cut.h"
#include "pack/codec/codec.h"
#include "push/plan/part_planner.h"
#include "push/upload/composer.h"
#include "push/upload/spot_check.h"

struct assembler {
    struct assembler_options options;
    struct part_planner *planner;
    struct composer *composer;
    struct spot_check *check;
    struct packer *packer; /* used by the engine's thread */
    uint8_t *packed;

    uint32_t cursor; /* a hint for chunk_lookup_find */

    unsigned done; /* chunks of the current span that were added */
    size_t in, out;
    bool copied, lacked_bytes;
    uint64_t fresh;
};

struct assembler *assembler_create(const struct assembler_options *options, struct err *err)
{
    struct assembler *a = calloc(1, sizeof *a);

    if (!a) {
        err_memory(err, "the upload");
        return NULL;
    }
    a->options = *options;
    a->packed = malloc(codec_bound(CHUNK_MAX_LIMIT));
    a->packer = packer_create(&options->choice, err);
    a->planner = part_planner_create(options->parts, &options->planner, err);
    a->composer =
        composer_create(&(struct composer_options){.store = options->store,
                                                   .upload = options->upload,
                                                   .bases = options->bases,
                                                   .parts = options->parts,
                                                   .inbox = options->inbox,
                                                   .kind = options->kind,
                                                   .folder = resume_folder(options->resume)},
                        err);
    a->check = spot_check_create(options->store, options->bases->objects, NAME_SHA256, err);
    if (!a->packed)
        err_memory(err, "the upload");
    if (!a->packed || !a->packer || !a->planner || !a->composer || !a->check) {
        assembler_destroy(a);
        return NULL;
    }
    return a;
}

void assembler_destroy(struct assembler *assembler)
{
    if (!assembler)
        return;
    spot_check_destroy(assembler->check);
    composer_destroy(assembler->composer);
    part_planner_destroy(assembler->planner);
    packer_destroy(assembler->packer);
    free(assembler->packed);
    free(assembler);
}

void assembler_look_up(struct assembler *assembler, struct push_span *span)
{
    for (unsigned i = 0; !span->looked_up && i < span->count; i++) {
        struct push_chunk *chunk = &span->chunks[i];

        chunk_lookup_find(assembler->options.bases->known, &chunk->chunk.name,
                          chunk->chunk.raw_size, &assembler->cursor, &chunk->held);
    }
}

/* ---- steps ---- */

static void give_piece(struct assembler *a, const struct piece *piece)
{
    if (piece->part)
        parts_give(a->options.parts, piece->part);
}

static void give_pieces(struct assembler *a, const struct part_planner_step *step)
{
    if (step->kind != STEP_TAKEN)
        give_piece(a, &step->left);
    if (step->kind == STEP_JOIN)
        give_piece(a, &step->right);
}

static void count_piece(struct assembler *a, const struct piece *piece)
{
    if (piece->part)
        a->fresh += piece->part->size;
    else
        a->copied = true;
}

static int repack(struct assembler *a, const struct part_planner_step *step, struct err *err)
{
    for (unsigned i = 0; i < step->count; i++)
        if (index_builder_repack(a->options.builder, step->first + i, step->sizes[i], err))
            return ERR_FAIL;
    return 0;
}

/* An earlier push has carried out the step. */
static int keep_step(struct assembler *a, const struct part_planner_step *step,
                     const struct resume_kept *kept, struct err *err)
{
    uint64_t size = step->left.part ? step->left.part->size : step->left.region.size;

    give_pieces(a, step);
    if (step->kind == STEP_JOIN)
        return composer_keep(a->composer, step, kept->etag, err);
    return upload_keep(a->options.upload, step->number, size, kept, err);
}

static int carry_out(struct assembler *a, const struct part_planner_step *step, struct err *err)
{
    const uint8_t *md5 = NULL;

    if (step->kind == STEP_PART && step->left.part) {
        upload_digest(a->options.upload, step->left.part);
        md5 = upload_md5(a->options.upload);
    }
    resume_record(a->options.resume, md5);
    return composer_step(a->composer, step, err);
}

static int take_step(struct assembler *a, const struct part_planner_step *step, struct err *err)
{
    struct resume_kept kept = {0};
    int answer;

    if (step->kind == STEP_TAKEN)
        return repack(a, step, err);
    count_piece(a, &step->left);
    if (step->kind == STEP_JOIN)
        count_piece(a, &step->right);
    if (step->last && step->left.part && step->number == 1) {
        upload_hold(a->options.upload, step->left.part);
        return 0;
    }
    answer = resume_step(a->options.resume, step, &kept, err);
    if (answer > 0)
        return keep_step(a, step, &kept, err);
    if (answer == 0)
        return carry_out(a, step, err);
    give_pieces(a, step);
    return answer;
}

/* Takes all steps, even after a failure, so that their parts are returned. */
static int take_steps(struct assembler *a, struct err *err)
{
    struct part_planner_step step;
    int answer = 0;

    while (part_planner_next(a->planner, &step)) {
        if (answer == 0) {
            answer = take_step(a, &step, err);
            continue;
        }
        give_pieces(a, &step);
    }
    return answer;
}

/* ---- chunks ---- */

/* Returns the packed bytes of the next chunk; empty: the planner does not need them. */
static struct view packed_bytes(struct assembler *a, const struct push_span *span,
                                const struct push_chunk *chunk)
{
    size_t size;

    if (chunk->fate == CHUNK_PACK || chunk->fate == CHUNK_SENT)
        return view_of(span->buffer->out + a->out, chunk->chunk.packed_size);
    if (!part_planner_needs(a->planner, &chunk->held))
        return view_of(NULL, 0);
    if (chunk->fate == CHUNK_UNREAD) {
        a->lacked_bytes = true; /* part_planner_add fails */
        return view_of(NULL, 0);
    }
    size = packer_pack(a->packer, view_of(span->buffer->in + a->in, chunk->chunk.raw_size),
                       chunk->flags & CHUNK_STORED, a->packed);
    return view_of(a->packed, size);
}

static int add_chunk(struct assembler *a, const struct push_span *span, struct err *err)
{
    const struct push_chunk *chunk = &span->chunks[a->done];
    struct index_chunk entry = chunk->chunk;

    if (chunk->held.size) {
        entry.packed_size = chunk->held.size; /* until a STEP_TAKEN changes it */
        spot_check_note(a->check, &entry, &chunk->held);
    }
    if (index_builder_add(a->options.builder, &entry, NULL, chunk->flags & CHUNK_SECTION, err) ||
        part_planner_add(a->planner, packed_bytes(a, span, chunk), &chunk->held, err))
        return ERR_FAIL;
    if (chunk->fate != CHUNK_UNREAD)
        a->in += chunk->chunk.raw_size;
    a->out += chunk->chunk.packed_size;
    a->done++;
    return take_steps(a, err);
}

int assembler_add(struct assembler *assembler, struct push_span *span, struct err *err)
{
    while (assembler->done < span->count) {
        if (!part_planner_ready(assembler->planner))
            return PARTS_WAIT;
        if (add_chunk(assembler, span, err))
            return ERR_FAIL;
    }
    assembler->done = 0;
    assembler->in = assembler->out = 0;
    return 0;
}

/* The chosen chunks are read back while the store copies. */
int assembler_end(struct assembler *assembler, struct err *err)
{
    part_planner_end(assembler->planner);
    if (take_steps(assembler, err))
        return ERR_FAIL;
    return assembler->copied ? spot_check_begin(assembler->check, err) : 0;
}

int assembler_check(struct assembler *assembler, unsigned *different, struct err *err)
{
    return assembler->copied ? spot_check_verify(assembler->check, different, err) : 0;
}

int assembler_finish_op(struct assembler *assembler, struct msg *msg, enum copy_failure *failure,
                        struct err *err)
{
    struct composer_news news;
    int answer = composer_finish_op(assembler->composer, msg, &news, err);

    if (news.joined)
        resume_join_done(assembler->options.resume, news.joined,
                         composer_etag(assembler->composer, news.joined));
    *failure = news.failure;
    return answer;
}

void assembler_stop(struct assembler *assembler)
{
    composer_stop(assembler->composer);
}

unsigned assembler_out(const struct assembler *assembler)
{
    return composer_out(assembler->composer);
}

bool assembler_has_copied(const struct assembler *assembler)
{
    return assembler->copied;
}

uint64_t assembler_fresh(const struct assembler *assembler)
{
    return assembler->fresh;
}

unsigned assembler_joins(const struct assembler *assembler)
{
    return composer_count(assembler->composer);
}

bool assembler_lacked_bytes(const struct assembler *assembler)
{
    return assembler->lacked_bytes;
}

void assembler_clean_up(struct assembler *assembler)
{
    composer_clean_up(assembler->composer);
}
