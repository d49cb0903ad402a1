/*
 * seed_monitor - the conductor's side of a harvest: how far it is, whether it is worth going on, and what
 * it has brought.
 */
#ifndef S3DOCK_PULL_SEED_MONITOR_H
#define S3DOCK_PULL_SEED_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/inbox.h"
#include "pull/prepare.h"

/* Belongs to the conductor. */
struct glean;
/* Starts the harvest of the provision's donor, which posts the two kinds (harvest.h). Borrows the
 * provision. NULL: it could not be started, as was said; then all that is missing is fetched. */
struct glean *glean_start(const struct provision *from, struct inbox *home, int kind_moved,
                          int kind_done);
void glean_destroy(struct glean *glean); /* waits for the harvest's end. Takes NULL */

void glean_moved(struct glean *glean);         /* the harvest's front has moved */
void glean_done(struct glean *glean);          /* it has ended: the provision's result is told */
bool glean_is_over(const struct glean *glean); /* glean_done was called: nothing more is posted */
/* Wanted chunks, from the first on, that are found or are not going to be. */
uint32_t glean_settled(const struct glean *glean);
/* Bytes of the donor that were read since this was asked last. */
uint64_t glean_progress(struct glean *glean);

/* Gives the harvest up where reading takes longer than fetching would (a cold disk, a busy one).
 * Looks once in a while, and may be called as often as one likes. */
void glean_judge(struct glean *glean);
void glean_stop(struct glean *glean); /* asks the harvest to end early */

#endif
