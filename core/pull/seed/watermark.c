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

void watermark_init(struct watermark *front, const struct needed_chunks *wanted)
{
    *front = (struct watermark){.wanted = wanted};
}

/* A look that fails is paid for by the finds after it: chunks of a hostile index may be so small
 * that each look takes long. */
static bool may_leap(struct watermark *front, uint32_t to)
{
    uint64_t left = 0;
    uint32_t i;

    if (front->skip) {
        front->skip--;
        return false;
    }
    for (i = front->at; i < to && left <= WATERMARK_LEAP; i++) {
        const struct needed_chunk *chunk = &front->wanted->chunks[i];

        if (!chunk->kept && needed_place(front->wanted, chunk) == NEEDED_FROM_ARCHIVE)
            left += chunk->chunk.packed_size;
    }
    front->looks += i - front->at;
    if (left > WATERMARK_LEAP)
        front->skip = (i - front->at) / WATERMARK_LOOKS;
    return left <= WATERMARK_LEAP;
}

void watermark_found(struct watermark *front, uint32_t found)
{
    bool follows = found > front->last && found - front->last <= WATERMARK_BEHIND;

    front->row = follows ? front->row + 1 : 1;
    front->last = found;
    if (front->row < WATERMARK_ROW || found < front->at + WATERMARK_BEHIND)
        return;
    if (may_leap(front, found - WATERMARK_BEHIND))
        front->at = found - WATERMARK_BEHIND;
}
