/*
 * watermark - the position up to which a seed scan has finished with the needed chunks. Those
 * before it can be fetched or loaded while the scan looks for the rest.
 */
#ifndef S3DOCK_PULL_SEED_WATERMARK_H
#define S3DOCK_PULL_SEED_WATERMARK_H

#include <stdint.h>

struct needed_chunks;

#define WATERMARK_BEHIND 64 /* chunks that it stays behind the last find */
#define WATERMARK_ROW    32 /* finds in ascending order before it moves */
#define WATERMARK_LOOKS  64 /* chunks that are checked for each find, on average: work is linear */
#define WATERMARK_LEAP   (4 * 1024 * 1024) /* packed bytes of missing chunks that it may pass */

struct watermark {
    const struct needed_chunks *needed; /* borrowed */
    uint32_t at;                        /* all chunks before this one are settled */
    uint32_t last, row;                 /* the last find; finds in ascending order up to it */
    uint32_t skip;                      /* finds before the next check whether it may move */
    uint64_t looks;                     /* chunks that these checks have read so far */
};

void watermark_init(struct watermark *mark, const struct needed_chunks *needed);
/* Call this when the chunk of that number was found for the first time (its seed_offset is set).
 * Moves mark->at forward, or leaves it. */
void watermark_found(struct watermark *mark, uint32_t found);

#endif
