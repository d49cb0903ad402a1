/* The pool and its serial twin: jobs that finish in reverse order, fail, submit jobs, or are many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/err.h"
#include "flow/reorder.h"
#include "flow/workers.h"

#define THREADS 4

/* Lets jobs finish only in descending order of their numbers: the last submitted job finishes
 * first. */
struct turnstile {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int turn; /* negative: all jobs pass */
};

static void pass(struct turnstile *turnstile, int number)
{
    pthread_mutex_lock(&turnstile->lock);
    while (turnstile->turn >= 0 && turnstile->turn != number)
        pthread_cond_wait(&turnstile->moved, &turnstile->lock);
    pthread_mutex_unlock(&turnstile->lock);
}

static void let_the_next_pass(struct turnstile *turnstile)
{
    pthread_mutex_lock(&turnstile->lock);
    turnstile->turn--;
    pthread_cond_broadcast(&turnstile->moved);
    pthread_mutex_unlock(&turnstile->lock);
}

struct task {
    struct job job;
    struct turnstile *turnstile;
    struct workers *workers; /* for a task that submits another one */
    struct task *child;
    int number, result;
    bool fails;
    struct err err;
    bool signals_blocked;
};

static void square(struct job *job, void *scratch)
{
    struct task *task = (struct task *)job;

    (void)scratch;
    if (task->turnstile)
        pass(task->turnstile, task->number);
    if (task->fails)
        task->result = err_set(&task->err, ERR_INTEGRITY, "task", "task %d failed", task->number);
    else
        task->result = task->number * task->number;
}

static struct workers *pool_of(unsigned count)
{
    struct workers_options options = {.count = count};
    struct err err;
    struct workers *workers = workers_create(&options, &err);

    assert_non_null(workers);
    return workers;
}

static struct inbox *new_inbox(void)
{
    struct err err;
    struct inbox *inbox = inbox_create(&err);

    assert_non_null(inbox);
    return inbox;
}

/* Runs THREADS jobs, delayed by the turnstile if there is one. `came` is the order of their ends,
 * and `results` the order of reorder_take. */
static void play(unsigned count, struct turnstile *turnstile, int fails, int came[THREADS],
                 int results[THREADS])
{
    struct inbox *inbox = new_inbox();
    struct workers *workers = pool_of(count);
    struct task tasks[THREADS];
    struct reorder order;
    int taken = 0;

    reorder_init(&order, THREADS);
    for (int i = 0; i < THREADS; i++) {
        tasks[i] = (struct task){.job = {.inbox = inbox, .run = square},
                                 .turnstile = turnstile,
                                 .number = i,
                                 .fails = i == fails};
        workers_give(workers, &tasks[i].job);
    }
    for (int i = 0; i < THREADS; i++) {
        struct task *task = (struct task *)inbox_take(inbox, INBOX_FOREVER);

        came[i] = task->number;
        reorder_put(&order, (uint64_t)task->number, task);
        while ((task = reorder_take(&order)))
            results[taken++] = task->result;
        if (turnstile)
            let_the_next_pass(turnstile);
    }
    assert_int_equal(taken, THREADS);
    workers_destroy(workers);
    inbox_destroy(inbox);
}

static void jobs_that_finish_in_reverse_give_the_results_of_the_serial_twin(void **state)
{
    struct turnstile turnstile = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, THREADS - 1};
    int came[THREADS], results[THREADS], serial_came[THREADS], serial_results[THREADS];

    (void)state;
    play(THREADS, &turnstile, -1, came, results);
    play(0, NULL, -1, serial_came, serial_results);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(came[i], THREADS - 1 - i);
        assert_int_equal(serial_came[i], i);
        assert_int_equal(results[i], i * i);
        assert_int_equal(serial_results[i], i * i);
    }
}

static void a_failed_job_returns_like_any_other(void **state)
{
    static const unsigned counts[] = {0, 1, THREADS};

    (void)state;
    for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
        for (int bad = 0; bad < THREADS; bad++) {
            int came[THREADS], results[THREADS];

            play(counts[c], NULL, bad, came, results);
            for (int i = 0; i < THREADS; i++)
                assert_int_equal(results[i], i == bad ? ERR_FAIL : i * i);
        }
    }
}

static void destroying_finishes_submitted_jobs(void **state)
{
    static const unsigned counts[] = {0, 1, THREADS};

    (void)state;
    for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
        struct inbox *inbox = new_inbox();
        struct workers *workers = pool_of(counts[c]);
        struct task tasks[64];

        for (int i = 0; i < 64; i++) {
            tasks[i] = (struct task){.job = {.inbox = inbox, .run = square}, .number = i};
            workers_give(workers, &tasks[i].job);
        }
        workers_destroy(workers);
        for (int i = 0; i < 64; i++)
            assert_non_null(inbox_take(inbox, 0));
        assert_null(inbox_take(inbox, 0));
        inbox_destroy(inbox);
    }
}

static void give_child(struct job *job, void *scratch)
{
    struct task *task = (struct task *)job;

    (void)scratch;
    if (task->child)
        workers_give(task->workers, &task->child->job);
    task->result = 1;
}

static void a_job_may_submit_another_one(void **state)
{
    static const unsigned counts[] = {0, 1, THREADS};

    (void)state;
    for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
        struct inbox *inbox = new_inbox();
        struct workers *workers = pool_of(counts[c]);
        struct task child = {.job = {.inbox = inbox, .run = give_child}};
        struct task parent = {
            .job = {.inbox = inbox, .run = give_child}, .workers = workers, .child = &child};

        workers_give(workers, &parent.job);
        for (int i = 0; i < 2; i++)
            assert_int_equal(((struct task *)inbox_take(inbox, INBOX_FOREVER))->result, 1);
        workers_destroy(workers);
        inbox_destroy(inbox);
    }
}

/* Scratch areas: one counter each, used by one job at a time. */
struct pad {
    int uses;
};

struct pads {
    unsigned made, destroyed, fail_at; /* fail_at 0: never */
};
static struct pads pads;

static void *pad_create(void *arg)
{
    struct pads *count = arg;

    if (count->fail_at && count->made + 1 == count->fail_at)
        return NULL;
    count->made++;
    return calloc(1, sizeof(struct pad));
}

static void pad_destroy(void *pad)
{
    pads.destroyed++;
    free(pad);
}

static void use_pad(struct job *job, void *scratch)
{
    ((struct task *)job)->result = ++((struct pad *)scratch)->uses;
}

static void every_worker_has_a_scratch_of_its_own(void **state)
{
    static const unsigned counts[] = {0, 1, THREADS};

    (void)state;
    for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
        struct workers_options options = {counts[c], pad_create, pad_destroy, &pads};
        struct inbox *inbox = new_inbox();
        struct task tasks[100];
        struct workers *workers;
        struct err err;

        pads = (struct pads){0};
        workers = workers_create(&options, &err);
        assert_non_null(workers);
        for (int i = 0; i < 100; i++) {
            tasks[i] = (struct task){.job = {.inbox = inbox, .run = use_pad}};
            workers_give(workers, &tasks[i].job);
        }
        for (int i = 0; i < 100; i++)
            assert_true(((struct task *)inbox_take(inbox, INBOX_FOREVER))->result >= 1);
        workers_destroy(workers);
        assert_int_equal(pads.made, counts[c] ? counts[c] : 1);
        assert_int_equal(pads.destroyed, pads.made);
        inbox_destroy(inbox);
    }
}

static void a_scratch_that_cannot_be_made_leaves_nothing_behind(void **state)
{
    (void)state;
    for (unsigned at = 1; at <= THREADS; at++) {
        struct workers_options options = {THREADS, pad_create, pad_destroy, &pads};
        struct err err = {0};

        pads = (struct pads){.fail_at = at};
        assert_null(workers_create(&options, &err));
        assert_int_equal(err.family, ERR_LOCAL);
        assert_int_equal(pads.destroyed, pads.made);
    }
}

static void an_absurd_number_of_workers_is_refused(void **state)
{
    struct workers_options options = {.count = UINT32_MAX};
    struct err err = {0};

    (void)state;
    assert_null(workers_create(&options, &err));
    assert_int_equal(err.family, ERR_USAGE);
    workers_destroy(NULL);
}

static void look_at_signals(struct job *job, void *scratch)
{
    sigset_t mask;

    (void)scratch;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    ((struct task *)job)->signals_blocked =
        sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGTERM) == 1;
}

static void signals_are_blocked_in_workers_and_not_in_their_creator(void **state)
{
    struct inbox *inbox = new_inbox();
    struct workers *workers = pool_of(1);
    struct task task = {.job = {.inbox = inbox, .run = look_at_signals}};
    sigset_t mask;

    (void)state;
    workers_give(workers, &task.job);
    inbox_take(inbox, INBOX_FOREVER);
    assert_true(task.signals_blocked);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    assert_int_equal(sigismember(&mask, SIGINT), 0);
    workers_destroy(workers);
    inbox_destroy(inbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_that_finish_in_reverse_give_the_results_of_the_serial_twin),
        cmocka_unit_test(a_failed_job_returns_like_any_other),
        cmocka_unit_test(destroying_finishes_submitted_jobs),
        cmocka_unit_test(a_job_may_submit_another_one),
        cmocka_unit_test(every_worker_has_a_scratch_of_its_own),
        cmocka_unit_test(a_scratch_that_cannot_be_made_leaves_nothing_behind),
        cmocka_unit_test(an_absurd_number_of_workers_is_refused),
        cmocka_unit_test(signals_are_blocked_in_workers_and_not_in_their_creator),
    };

    return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
