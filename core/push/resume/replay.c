/*
 * A push does the same as the one before it as long as the stream, the archives that it copies
 * from, and the sizes of parts are the same: the placer's decisions are a function of these. So
 * following is comparing, and nothing has to be brought back into the state in which it was.
 *
 * A chunk is left unpacked when all bytes that it became are in a part that the store has, or in a
 * join that is there or that nobody needs. A join is needed by a part that is not there, by another
 * join that has to be made, and when what was made of all of its bytes was not written down any
 * more.
 *
 * That a chunk which was left unpacked is the one of then is seen a little later, by the sum of the
 * step's chunks (resume.c), and before anything of that step is left out.
 */
#include "push/resume/replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pack/codec/gzip_member.h"

/* Bytes that were packed and sent, in the order of the archive. */
struct piece_sent {
    uint64_t offset, end;
    bool there;
};

struct replay {
    struct checkpoint *then;
    bool *part_there;             /* [number - 1] */
    bool *join_there, *join_made; /* [number]; that it has to be made */
    unsigned there;
    struct piece_sent *pieces;
    uint32_t piece_count;

    uint32_t step;          /* that comes next */
    uint32_t size, of_size; /* of then->sizes; chunks of a run of held ones */
    uint32_t piece;         /* that `at` lies in, or the next one */
    uint64_t at;            /* of the next chunk in the archive */
};

struct replay *replay_create(struct checkpoint *then, struct err *err)
{
    struct replay *f = calloc(1, sizeof *f);

    if (f) {
        f->then = then;
        f->part_there = calloc(then->part_count + 1, sizeof *f->part_there);
        f->join_there = calloc(then->join_count + 1, sizeof *f->join_there);
        f->join_made = calloc(then->join_count + 1, sizeof *f->join_made);
        f->pieces = calloc(2 * (size_t)then->step_count + 1, sizeof *f->pieces);
    }
    if (f && f->part_there && f->join_there && f->join_made && f->pieces)
        return f;
    if (!f)
        checkpoint_destroy(then);
    replay_destroy(f);
    err_memory(err, "the state of an upload");
    return NULL;
}

void replay_destroy(struct replay *follow)
{
    if (!follow)
        return;
    checkpoint_destroy(follow->then);
    free(follow->part_there);
    free(follow->join_there);
    free(follow->join_made);
    free(follow->pieces);
    free(follow);
}

const struct checkpoint *replay_checkpoint(const struct replay *follow)
{
    return follow->then;
}

unsigned replay_count(const struct replay *follow)
{
    return follow->there;
}

uint32_t replay_chunks(const struct replay *follow)
{
    return follow->then->chunk_count;
}

/* ---- what is there ---- */

static void note(struct replay *f, const struct checkpoint_step *step, bool *there,
                 const struct store_info *info)
{
    if (*there || !step->etag[0] || step->size != info->size || strcmp(step->etag, info->etag) != 0)
        return;
    *there = true;
    f->there++;
}

void replay_has_part(struct replay *follow, unsigned long number, const struct store_info *info)
{
    const struct checkpoint_step *step;

    if (number == 0 || number > follow->then->part_count)
        return;
    step = checkpoint_part(follow->then, (unsigned)number);
    if (step->has_md5 || follow->then->head.base_count)
        note(follow, step, &follow->part_there[number - 1], info);
}

void replay_has_join(struct replay *follow, unsigned long number, const struct store_info *info)
{
    if (number < follow->then->join_count)
        note(follow, checkpoint_join(follow->then, (unsigned)number), &follow->join_there[number],
             info);
}

void replay_has_all(struct replay *follow)
{
    for (unsigned i = 0; i < follow->then->part_count; i++)
        follow->part_there[i] = true;
    follow->there = follow->then->part_count;
}

static bool is_done(const struct replay *f, const struct checkpoint_step *step)
{
    return step->join ? !f->join_made[step->number] : f->part_there[step->number - 1];
}

/* Pieces must come one behind the other: a state in which they do not is no true one. */
static int list_pieces(struct replay *f, struct err *err)
{
    uint64_t end = 0;

    for (uint32_t i = 0; i < f->then->step_count; i++) {
        const struct checkpoint_step *step = &f->then->steps[i];
        uint64_t at = step->offset;

        for (unsigned side = 0; side < (step->join ? 2 : 1); side++) {
            struct piece_sent *piece = &f->pieces[f->piece_count];

            if (step->side[side].object == CHECKPOINT_BYTES) {
                if (at < end)
                    return err_set(err, ERR_INTEGRITY, "checkpoint",
                                   "the state of the unfinished upload cannot be");
                end = at + step->side[side].size;
                *piece = (struct piece_sent){.offset = at, .end = end, .there = is_done(f, step)};
                f->piece_count++;
            }
            at += step->side[side].size;
        }
    }
    return 0;
}

/* Backwards: what takes from a join comes behind it. */
int replay_settle(struct replay *follow, struct err *err)
{
    const struct checkpoint *then = follow->then;
    uint64_t *used = calloc(then->join_count + 1, sizeof *used);

    if (!used)
        return err_memory(err, "the state of an upload");
    for (uint32_t i = then->step_count; i-- > 0;) {
        const struct checkpoint_step *step = &then->steps[i];

        if (step->join) {
            bool *made = &follow->join_made[step->number];

            *made = !follow->join_there[step->number] && (*made || used[step->number] < step->size);
        }
        for (unsigned side = 0; side < (step->join ? 2 : 1); side++) {
            unsigned from = step->side[side].object - PART_PLANNER_TEMP;

            if (step->side[side].object == CHECKPOINT_BYTES || from >= then->join_count)
                continue;
            used[from] += step->side[side].size;
            if (!is_done(follow, step))
                follow->join_made[from] = true;
        }
    }
    free(used);
    return list_pieces(follow, err);
}

/* ---- chunks ---- */

/* Whether all bytes up to `end` are pieces that are there. */
static bool is_there(struct replay *f, uint64_t end)
{
    uint64_t at = f->at;

    while (f->piece < f->piece_count && f->pieces[f->piece].end <= at)
        f->piece++;
    for (uint32_t i = f->piece; i < f->piece_count && at < end; i++) {
        if (f->pieces[i].offset > at || !f->pieces[i].there)
            return false;
        at = f->pieces[i].end;
    }
    return at >= end;
}

static bool mark_held(struct replay *f, const struct push_chunk *chunk, uint32_t count)
{
    if (chunk->held.size == 0)
        return false;
    f->at += chunk->held.size;
    if (++f->of_size == count) {
        f->of_size = 0;
        f->size++;
    }
    return true;
}

bool replay_mark(struct replay *follow, struct push_chunk *chunk)
{
    struct replay *f = follow;
    uint32_t size;

    if (f->size == f->then->size_count)
        return true;
    size = f->then->sizes[f->size];
    if (size & CHECKPOINT_HELD)
        return mark_held(f, chunk, size & ~CHECKPOINT_HELD);
    if (size > gzip_member_stored_size(chunk->chunk.raw_size) || (chunk->flags & PUSH_UNREAD))
        return false;
    if (is_there(f, f->at + size)) {
        chunk->chunk.packed_size = size;
        chunk->unpacked = false;
        chunk->sent = true;
    }
    f->at += size;
    f->size++;
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

bool replay_is_over(const struct replay *follow)
{
    return follow->step == follow->then->step_count;
}

enum replay_answer replay_step(struct replay *follow, const struct checkpoint_step *now,
                               const struct checkpoint_step **then)
{
    const struct checkpoint_step *step;

    if (replay_is_over(follow))
        return REPLAY_NEW;
    step = &follow->then->steps[follow->step++];
    if (!is_same(step, now))
        return REPLAY_DIFFERS;
    *then = step;
    if (!step->join)
        return follow->part_there[step->number - 1] ? REPLAY_THERE : REPLAY_AGAIN;
    if (follow->join_there[step->number])
        return REPLAY_THERE;
    return follow->join_made[step->number] ? REPLAY_AGAIN : REPLAY_NEEDLESS;
}
