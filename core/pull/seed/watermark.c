/*
 * Images that share chunks have them in the same order, nearly always. So a series of finds in
 * ascending order shows the position of the scan among the needed chunks: chunks before it that
 * were not found will not be found. A single find proves nothing: some files are in every image.
 *
 * If the order differs, the pull fetches chunks that the scan would have found later. So the
 * watermark passes few missing bytes at once. Where more are missing it stays, and the chunks
 * behind it wait for the end of the scan.
 */
#include "pull/seed/watermark.h"

#include "pull/plan/needed_chunks.h"

void watermark_init(struct watermark *mark, const struct needed_chunks *needed)
{
    *mark = (struct watermark){.needed = needed};
}

/* Returns true if few enough bytes are missing before `to`. After a negative result, as many finds
 * stay unchecked as the check has read chunks (WATERMARK_LOOKS). Otherwise the tiny chunks of a
 * hostile index would make the work quadratic. */
static bool may_leap(struct watermark *mark, uint32_t to)
{
    uint64_t left = 0;
    uint32_t i;

    if (mark->skip) {
        mark->skip--;
        return false;
    }
    for (i = mark->at; i < to && left <= WATERMARK_LEAP; i++) {
        const struct needed_chunk *chunk = &mark->needed->chunks[i];

        if (!chunk->kept && needed_place(mark->needed, chunk) == NEEDED_FROM_ARCHIVE)
            left += chunk->chunk.packed_size;
    }
    mark->looks += i - mark->at;
    if (left > WATERMARK_LEAP)
        mark->skip = (i - mark->at) / WATERMARK_LOOKS;
    return left <= WATERMARK_LEAP;
}

void watermark_found(struct watermark *mark, uint32_t found)
{
    bool follows = found > mark->last && found - mark->last <= WATERMARK_BEHIND;

    mark->row = follows ? mark->row + 1 : 1;
    mark->last = found;
    if (mark->row < WATERMARK_ROW || found < mark->at + WATERMARK_BEHIND)
        return;
    if (may_leap(mark, found - WATERMARK_BEHIND))
        mark->at = found - WATERMARK_BEHIND;
}
