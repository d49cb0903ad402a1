/*
 * One queue of jobs, and N threads that take jobs from it. A job leaves the queue, runs and is
 * posted to its inbox. The pool keeps no state of jobs, so the result of one cannot affect another.
 *
 * The serial twin has the same queue and no threads: the thread that gives a job runs all queued
 * jobs. A job that gives another one, or a second thread that gives a job meanwhile, only appends
 * to the queue. So jobs never nest, and one scratch is enough.
 */
#include "flow/workers.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/err.h"
#include "flow/thread.h"

struct worker {
    struct workers *pool;
    pthread_t thread;
    void *scratch; /* made and destroyed by the creator, used only by the thread */
};

struct workers {
    struct workers_options options;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct {
        struct msg *first; /* queued jobs, linked by their first member */
        struct msg **end;
        bool stopping; /* the threads finish the queued jobs and return */
        bool draining; /* serial twin: a thread runs the queued jobs */
    } locked;
    unsigned scratches, threads; /* how many were made, for workers_destroy */
    struct worker worker[];      /* max(count, 1): the first has the scratch of the serial twin */
};

/* Links the queue by msg.next, which is free until the job is posted. */
static void push_locked(struct workers *workers, struct job *job)
{
    job->msg.next = NULL;
    *workers->locked.end = &job->msg;
    workers->locked.end = &job->msg.next;
}

static struct job *pop_locked(struct workers *workers)
{
    struct msg *msg = workers->locked.first;

    if (!msg)
        return NULL;
    workers->locked.first = msg->next;
    if (!workers->locked.first)
        workers->locked.end = &workers->locked.first;
    return (struct job *)msg;
}

static void run_and_post(struct job *job, void *scratch)
{
    job->run(job, scratch);
    inbox_post(job->inbox, &job->msg);
}

static void *worker_main(void *arg)
{
    struct worker *worker = arg;
    struct workers *pool = worker->pool;

    for (;;) {
        struct job *job;

        pthread_mutex_lock(&pool->lock);
        while (!(job = pop_locked(pool)) && !pool->locked.stopping)
            pthread_cond_wait(&pool->wake, &pool->lock);
        pthread_mutex_unlock(&pool->lock);
        if (!job)
            return NULL;
        run_and_post(job, worker->scratch);
    }
}

static void run_queued(struct workers *workers, struct job *job)
{
    pthread_mutex_lock(&workers->lock);
    push_locked(workers, job);
    if (!workers->locked.draining) {
        workers->locked.draining = true;
        while ((job = pop_locked(workers))) {
            pthread_mutex_unlock(&workers->lock);
            run_and_post(job, workers->worker[0].scratch);
            pthread_mutex_lock(&workers->lock);
        }
        workers->locked.draining = false;
    }
    pthread_mutex_unlock(&workers->lock);
}

void workers_give(struct workers *workers, struct job *job)
{
    if (workers->options.count == 0) {
        run_queued(workers, job);
        return;
    }
    pthread_mutex_lock(&workers->lock);
    push_locked(workers, job);
    pthread_cond_signal(&workers->wake);
    pthread_mutex_unlock(&workers->lock);
}

static int make_scratches(struct workers *workers, struct err *err)
{
    unsigned count = workers->options.count ? workers->options.count : 1;

    for (; workers->options.scratch_create && workers->scratches < count; workers->scratches++) {
        void *scratch = workers->options.scratch_create(workers->options.arg);

        if (!scratch)
            return err_memory(err, "a worker's scratch");
        workers->worker[workers->scratches].scratch = scratch;
    }
    return 0;
}

static int start_threads(struct workers *workers, struct err *err)
{
    for (; workers->threads < workers->options.count; workers->threads++) {
        struct worker *worker = &workers->worker[workers->threads];

        worker->pool = workers;
        if (thread_run(&worker->thread, worker_main, worker, "a worker", err))
            return ERR_FAIL;
    }
    return 0;
}

struct workers *workers_create(const struct workers_options *options, struct err *err)
{
    unsigned places = options->count ? options->count : 1;
    struct workers *workers;

    if (options->count > WORKERS_MAX) {
        err_set(err, ERR_USAGE, "workers", "%u workers are too many (at most %u)", options->count,
                WORKERS_MAX);
        return NULL;
    }
    workers = calloc(1, sizeof(*workers) + places * sizeof(workers->worker[0]));
    if (!workers) {
        err_memory(err, "the workers");
        return NULL;
    }
    workers->options = *options;
    workers->locked.end = &workers->locked.first;
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->wake, NULL);
    if (make_scratches(workers, err) < 0 || start_threads(workers, err) < 0) {
        workers_destroy(workers);
        return NULL;
    }
    return workers;
}

void workers_destroy(struct workers *workers)
{
    if (!workers)
        return;
    pthread_mutex_lock(&workers->lock);
    workers->locked.stopping = true;
    pthread_cond_broadcast(&workers->wake);
    pthread_mutex_unlock(&workers->lock);
    while (workers->threads > 0)
        pthread_join(workers->worker[--workers->threads].thread, NULL);
    while (workers->scratches > 0 && workers->options.scratch_destroy)
        workers->options.scratch_destroy(workers->worker[--workers->scratches].scratch);
    pthread_cond_destroy(&workers->wake);
    pthread_mutex_destroy(&workers->lock);
    free(workers);
}
