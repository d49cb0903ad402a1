/*
 * workers - a pool of threads that do what they are handed and hand it back.
 *
 * A job always comes home, and carries its own outcome: the pool knows of no errors, so a failing
 * job cannot leave anybody waiting. The serial twin (count 0) runs each job inside workers_give on
 * the caller's thread and posts it home: same interface, same results, one thread.
 */
#ifndef S3DOCK_FLOW_WORKERS_H
#define S3DOCK_FLOW_WORKERS_H

#include "flow/inbox.h"

struct job {
    struct msg msg; /* posted to `home` when the job is done */
    struct inbox *home;
    /* Runs on a worker. `scratch` is what scratch_create made for this thread alone. */
    void (*run)(struct job *job, void *scratch);
};

#define WORKERS_MAX 256u

struct workers_options {
    unsigned count; /* threads, at most WORKERS_MAX; 0 is the serial twin */
    /* Per-thread state (a compressor, say), made before the first job. NULL: jobs get NULL. */
    void *(*scratch_create)(void *arg);
    void (*scratch_destroy)(void *scratch);
    void *arg;
};

struct workers;
/* All signals are blocked in the workers, so they reach the thread that waits for them. Fails when
 * a thread or a scratch cannot be made (nothing is left behind). */
struct workers *workers_create(const struct workers_options *options, struct err *err);
/* Any thread, a running job too. Never fails. First come, first served. On the serial twin a job
 * given while another one runs is run after it, by the thread that is at it. */
void workers_give(struct workers *workers, struct job *job);
/* Finishes the jobs given so far (they go home), then joins. Takes NULL. */
void workers_destroy(struct workers *workers);

#endif
