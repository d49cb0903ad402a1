/*
 * A push repeats the decisions of the interrupted one as long as the stream, the bases and the
 * sizes of parts are the same: the planner's decisions are a function of these. So it is enough to
 * compare the steps; no state of the interrupted push has to be restored.
 *
 * A chunk need not be packed if all of its packed bytes are in parts that the store has, or in
 * joins that exist or are not needed. A join is needed by a part that the store does not have, by
 * another join that has to be made, and when the checkpoint ends before all of its bytes were
 * copied.
 *
 * The checksum of the step's chunks (resume.c) proves a little later that such a chunk is that of
 * the interrupted push. The check precedes the first part of that step that is not sent.
 */
#include "push/resume/replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pack/codec/codec.h"

/* Bytes that the push had packed and sent, in the order of the archive. */
struct piece_sent {
    uint64_t offset, end;
    bool there;
};

struct replay {
    struct checkpoint *then;
    bool *part_there;             /* [number - 1] */
    bool *join_there, *join_made; /* [number]; join_made: it has to be made again */
    unsigned there;
    struct piece_sent *pieces;
    uint32_t piece_count;

    uint32_t step;          /* the next one to compare */
    uint32_t size, of_size; /* next of then->sizes; chunks of its run so far */
    uint32_t piece;         /* the piece that contains `at`, or the next one */
    uint64_t at;            /* offset of the next chunk in the archive */
};

struct replay *replay_create(struct checkpoint *then, struct err *err)
{
    struct replay *r = calloc(1, sizeof *r);

    if (r) {
        r->then = then;
        r->part_there = calloc(then->part_count + 1, sizeof *r->part_there);
        r->join_there = calloc(then->join_count + 1, sizeof *r->join_there);
        r->join_made = calloc(then->join_count + 1, sizeof *r->join_made);
        r->pieces = calloc(2 * (size_t)then->step_count + 1, sizeof *r->pieces);
    }
    if (r && r->part_there && r->join_there && r->join_made && r->pieces)
        return r;
    if (!r)
        checkpoint_destroy(then);
    replay_destroy(r);
    err_memory(err, "the checkpoint");
    return NULL;
}

void replay_destroy(struct replay *replay)
{
    if (!replay)
        return;
    checkpoint_destroy(replay->then);
    free(replay->part_there);
    free(replay->join_there);
    free(replay->join_made);
    free(replay->pieces);
    free(replay);
}

const struct checkpoint *replay_checkpoint(const struct replay *replay)
{
    return replay->then;
}

unsigned replay_count(const struct replay *replay)
{
    return replay->there;
}

/* ---- the parts in the store ---- */

static void note_step(struct replay *r, const struct checkpoint_step *step, bool *there,
                      const struct store_info *info)
{
    if (*there || !step->etag[0] || step->size != info->size || strcmp(step->etag, info->etag) != 0)
        return;
    *there = true;
    r->there++;
}

void replay_has_part(struct replay *replay, unsigned long number, const struct store_info *info)
{
    const struct checkpoint_step *step;

    if (number == 0 || number > replay->then->part_count)
        return;
    step = checkpoint_part(replay->then, (unsigned)number);
    if (step->has_md5 || replay->then->head.kind != CHECKPOINT_PLAIN ||
        !checkpoint_has_md5(&replay->then->head))
        note_step(replay, step, &replay->part_there[number - 1], info);
}

void replay_has_join(struct replay *replay, unsigned long number, const struct store_info *info)
{
    if (number < replay->then->join_count)
        note_step(replay, checkpoint_join(replay->then, (unsigned)number),
                  &replay->join_there[number], info);
}

void replay_has_all(struct replay *replay)
{
    for (unsigned i = 0; i < replay->then->part_count; i++)
        replay->part_there[i] = true;
    replay->there = replay->then->part_count;
}

static bool is_done(const struct replay *r, const struct checkpoint_step *step)
{
    return step->join ? !r->join_made[step->number] : r->part_there[step->number - 1];
}

/* Lists the pieces. A checkpoint in which they overlap contradicts itself. */
static int list_pieces(struct replay *r, struct err *err)
{
    uint64_t end = 0;

    for (uint32_t i = 0; i < r->then->step_count; i++) {
        const struct checkpoint_step *step = &r->then->steps[i];
        uint64_t at = step->offset;

        for (unsigned side = 0; side < (step->join ? 2 : 1); side++) {
            struct piece_sent *piece = &r->pieces[r->piece_count];

            if (step->side[side].object == CHECKPOINT_BYTES) {
                if (at < end)
                    return err_set(err, ERR_INTEGRITY, "checkpoint",
                                   "the checkpoint of the unfinished upload contradicts itself");
                end = at + step->side[side].size;
                *piece = (struct piece_sent){.offset = at, .end = end, .there = is_done(r, step)};
                r->piece_count++;
            }
            at += step->side[side].size;
        }
    }
    return 0;
}

/* Runs backwards, because a step that copies from a join follows it. */
int replay_settle(struct replay *replay, struct err *err)
{
    const struct checkpoint *then = replay->then;
    uint64_t *used = calloc(then->join_count + 1, sizeof *used);

    if (!used)
        return err_memory(err, "the checkpoint");
    for (uint32_t i = then->step_count; i-- > 0;) {
        const struct checkpoint_step *step = &then->steps[i];

        if (step->join) {
            bool *made = &replay->join_made[step->number];

            *made = !replay->join_there[step->number] && (*made || used[step->number] < step->size);
        }
        for (unsigned side = 0; side < (step->join ? 2 : 1); side++) {
            unsigned from = step->side[side].object - PART_PLANNER_TEMP;

            if (step->side[side].object == CHECKPOINT_BYTES || from >= then->join_count)
                continue;
            used[from] += step->side[side].size;
            if (!is_done(replay, step))
                replay->join_made[from] = true;
        }
    }
    free(used);
    return list_pieces(replay, err);
}

/* ---- chunks ---- */

/* Returns true if the store has all bytes up to `end`. */
static bool is_there(struct replay *r, uint64_t end)
{
    uint64_t at = r->at;

    while (r->piece < r->piece_count && r->pieces[r->piece].end <= at)
        r->piece++;
    for (uint32_t i = r->piece; i < r->piece_count && at < end; i++) {
        if (r->pieces[i].offset > at || !r->pieces[i].there)
            return false;
        at = r->pieces[i].end;
    }
    return at >= end;
}

/* `count`: held chunks in the run that was recorded. */
static bool next_held(struct replay *r, const struct push_chunk *chunk, uint32_t count)
{
    if (chunk->held.size == 0)
        return false;
    r->at += chunk->held.size;
    if (++r->of_size == count) {
        r->of_size = 0;
        r->size++;
    }
    return true;
}

bool replay_next_chunk(struct replay *replay, const struct push_chunk *chunk, uint32_t *sent)
{
    struct replay *r = replay;
    uint32_t size;

    *sent = 0;
    if (r->size == r->then->size_count)
        return true;
    size = r->then->sizes[r->size];
    if (size & CHECKPOINT_HELD)
        return next_held(r, chunk, size & ~CHECKPOINT_HELD);
    if (size > codec_packed_max(chunk->chunk.raw_size) || chunk->fate == CHUNK_UNREAD)
        return false;
    if (is_there(r, r->at + size))
        *sent = size;
    r->at += size;
    r->size++;
    return true;
}

/* ---- steps ---- */

static bool same_region(const struct region *a, const struct region *b)
{
    return a->object == b->object && a->offset == b->offset && a->size == b->size;
}

static bool is_same(const struct checkpoint_step *a, const struct checkpoint_step *b)
{
    return a->join == b->join && a->number == b->number && a->chunks == b->chunks &&
           a->has_md5 == b->has_md5 && memcmp(a->sum, b->sum, sizeof a->sum) == 0 &&
           same_region(&a->side[0], &b->side[0]) &&
           (!a->join || same_region(&a->side[1], &b->side[1]));
}

bool replay_is_over(const struct replay *replay)
{
    return replay->step == replay->then->step_count;
}

enum replay_answer replay_step(struct replay *replay, const struct checkpoint_step *now,
                               const struct checkpoint_step **then)
{
    const struct checkpoint_step *step;

    if (replay_is_over(replay))
        return REPLAY_NEW;
    step = &replay->then->steps[replay->step++];
    if (!is_same(step, now))
        return REPLAY_DIFFERS;
    *then = step;
    if (!step->join)
        return replay->part_there[step->number - 1] ? REPLAY_THERE : REPLAY_AGAIN;
    if (replay->join_there[step->number])
        return REPLAY_THERE;
    return replay->join_made[step->number] ? REPLAY_AGAIN : REPLAY_NEEDLESS;
}
