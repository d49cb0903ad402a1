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
struct seed_monitor;
/* Starts the harvest of the provision's donor, which posts the two kinds (harvest.h). Borrows the
 * provision. NULL: it could not be started, as was said; then all that is missing is fetched. */
struct seed_monitor *seed_monitor_start(const struct prepare *from, struct inbox *home,
                                        int kind_moved, int kind_done);
void seed_monitor_destroy(struct seed_monitor *glean); /* waits for the harvest's end. Takes NULL */

void seed_monitor_moved(struct seed_monitor *glean); /* the harvest's front has moved */
void seed_monitor_done(
    struct seed_monitor *glean); /* it has ended: the provision's result is told */
bool seed_monitor_is_over(
    const struct seed_monitor *glean); /* seed_monitor_done was called: nothing more is posted */
/* Wanted chunks, from the first on, that are found or are not going to be. */
uint32_t seed_monitor_settled(const struct seed_monitor *glean);
/* Bytes of the donor that were read since this was asked last. */
uint64_t seed_monitor_progress(struct seed_monitor *glean);

/* Gives the harvest up where reading takes longer than fetching would (a cold disk, a busy one).
 * Looks once in a while, and may be called as often as one likes. */
void seed_monitor_check(struct seed_monitor *glean);
void seed_monitor_stop(struct seed_monitor *glean); /* asks the harvest to end early */

#endif
