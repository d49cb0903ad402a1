/*
 * watermark - how far along the wanted chunks a harvest is: those before it have got what they get of
 * the donor, so that they can be fetched or loaded while the rest is still looked for.
 */
#ifndef S3DOCK_PULL_SEED_WATERMARK_H
#define S3DOCK_PULL_SEED_WATERMARK_H

#include <stdint.h>

struct needed_chunks;

#define WATERMARK_BEHIND 64 /* chunks that it stays behind what was found last */
#define WATERMARK_ROW    32 /* finds that make a row */
#define WATERMARK_LOOKS  64 /* chunks that are looked at for a find, on average: work is linear */
#define WATERMARK_LEAP   (4 * 1024 * 1024) /* packed bytes that it may skip at once, not found */

struct watermark {
    const struct needed_chunks *wanted; /* borrowed */
    uint32_t at;                        /* all chunks before this one are settled */
    uint32_t last, row;                 /* the last find, and how many stand in a row up to it */
    uint32_t skip;  /* finds to come before it is looked again whether it may leap */
    uint64_t looks; /* chunks that were looked at for that, so far */
};

void watermark_init(struct watermark *front, const struct needed_chunks *wanted);
/* The chunk of that number was found for the first time (its spool_at is set). Moves front->at, and
 * never back. */
void watermark_found(struct watermark *front, uint32_t found);

#endif
