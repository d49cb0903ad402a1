/*
 * Images that share chunks have them in the same order, nearly always. So a row of finds that
 * ascends tells where in the wanted chunks the donor is by now, and what lies before that and was
 * not found is not going to be. A single find tells nothing: a licence stands anywhere.
 *
 * Where the order is another one, chunks that the donor has further on would be given up, and
 * fetched. So the front leaves behind little at once; where more is missing it stays, and all that
 * follows waits for the end of the harvest.
 */
#include "pull/seed/watermark.h"

#include "pull/plan/needed_chunks.h"

void front_init(struct front *front, const struct need *wanted)
{
    *front = (struct front){.wanted = wanted};
}

/* A look that fails is paid for by the finds after it: chunks of a hostile index may be so small
 * that each look takes long. */
static bool may_leap(struct front *front, uint32_t to)
{
    uint64_t left = 0;
    uint32_t i;

    if (front->skip) {
        front->skip--;
        return false;
    }
    for (i = front->at; i < to && left <= FRONT_LEAP; i++) {
        const struct need_chunk *chunk = &front->wanted->chunks[i];

        if (!chunk->kept && need_place(front->wanted, chunk) == NEED_FROM_ARCHIVE)
            left += chunk->chunk.packed_size;
    }
    front->looks += i - front->at;
    if (left > FRONT_LEAP)
        front->skip = (i - front->at) / FRONT_LOOKS;
    return left <= FRONT_LEAP;
}

void front_found(struct front *front, uint32_t found)
{
    bool follows = found > front->last && found - front->last <= FRONT_BEHIND;

    front->row = follows ? front->row + 1 : 1;
    front->last = found;
    if (front->row < FRONT_ROW || found < front->at + FRONT_BEHIND)
        return;
    if (may_leap(front, found - FRONT_BEHIND))
        front->at = found - FRONT_BEHIND;
}
