/*
 * workers - a pool of threads that run jobs and post them to an inbox.
 *
 * Every job is posted when it is done, and contains its own result or error. The serial twin (count
 * 0) runs each job inside workers_give, on the thread of the caller, and posts it: the same
 * interface and results with one thread.
 */
#ifndef S3DOCK_FLOW_WORKERS_H
#define S3DOCK_FLOW_WORKERS_H

#include "flow/inbox.h"

struct job {
    struct msg msg; /* posted to `inbox` when the job is done */
    struct inbox *inbox;
    /* Runs on a worker. `scratch` is the value that scratch_create made for this thread. */
    void (*run)(struct job *job, void *scratch);
};

#define WORKERS_MAX 256u

struct workers_options {
    unsigned count; /* threads, at most WORKERS_MAX; 0 is the serial twin */
    /* Makes the state of a thread, such as a compressor, before the first job. NULL: jobs get
     * NULL. */
    void *(*scratch_create)(void *arg);
    void (*scratch_destroy)(void *scratch);
    void *arg;
};

struct workers;
/* Starts the threads, with all signals blocked. Fails, and leaves nothing behind, if a thread or a
 * scratch cannot be made. */
struct workers *workers_create(const struct workers_options *options, struct err *err);
/* Queues a job. Any thread, and a running job too; never fails. Jobs start in the order of the
 * calls. On the serial twin, a job given while another one runs starts after it, on the same
 * thread. */
void workers_give(struct workers *workers, struct job *job);
/* Finishes and posts the queued jobs, then joins the threads. Takes NULL. */
void workers_destroy(struct workers *workers);

#endif
