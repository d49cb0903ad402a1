/*
 * signature_sweep - deletes signatures whose document does not exist any more.
 */
#ifndef S3DOCK_CLEANUP_SIGNATURE_SWEEP_H
#define S3DOCK_CLEANUP_SIGNATURE_SWEEP_H

#include "cleanup/sweep.h"

/* Deletes the objects below signatures/ that are older than policy->unfinished by the store's clock
 * and whose document does not exist. A signature of metadata with a tombstone stays. Younger ones
 * may belong to a writer that has not written its document yet. Reports each as SWEEP_DELETED.
 * policy->app, retention and stays are not used. A store that does not let this user list them has
 * none for this user: no failure. */
int signature_sweep_run(const struct sweep_policy *policy, sweep_fn *each, void *arg,
                        struct err *err);

#endif
