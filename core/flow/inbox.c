/*
 * A singly linked queue under one lock. The consumer waits for a condition with the monotonic
 * clock, so that a change of the wall clock does not change the wait.
 *
 * The sender signals the condition while it holds the lock. So the consumer, which may destroy the
 * inbox after the last message, cannot destroy a condition that is still in use.
 */
#include "flow/inbox.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "os/condition.h"

struct inbox {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct msg *first; /* under the lock, as is `end` */
    struct msg **end;  /* the link for the next message */
};

struct inbox *inbox_create(struct err *err)
{
    struct inbox *inbox = calloc(1, sizeof(*inbox));

    if (!inbox) {
        err_memory(err, "the inbox");
        return NULL;
    }
    pthread_mutex_init(&inbox->lock, NULL);
    os_condition_init(&inbox->filled);
    inbox->end = &inbox->first;
    return inbox;
}

void inbox_destroy(struct inbox *inbox)
{
    if (!inbox)
        return;
    /* The last sender may not have left inbox_post yet. */
    pthread_mutex_lock(&inbox->lock);
    assert(!inbox->first);
    pthread_mutex_unlock(&inbox->lock);
    pthread_cond_destroy(&inbox->filled);
    pthread_mutex_destroy(&inbox->lock);
    free(inbox);
}

void inbox_post(struct inbox *inbox, struct msg *msg)
{
    msg->next = NULL;
    pthread_mutex_lock(&inbox->lock);
    *inbox->end = msg;
    inbox->end = &msg->next;
    pthread_cond_signal(&inbox->filled);
    pthread_mutex_unlock(&inbox->lock);
}

/* Waits for one signal, with the lock held. Returns false after the deadline. */
static bool wait_for_signal(struct inbox *inbox, int64_t deadline)
{
    if (deadline == INBOX_FOREVER) {
        pthread_cond_wait(&inbox->filled, &inbox->lock);
        return true;
    }
    if (deadline <= clock_monotonic())
        return false;
    os_condition_wait(&inbox->filled, &inbox->lock, deadline);
    return true;
}

struct msg *inbox_take(struct inbox *inbox, int64_t deadline)
{
    struct msg *msg;

    pthread_mutex_lock(&inbox->lock);
    while (!inbox->first && wait_for_signal(inbox, deadline))
        ;
    msg = inbox->first;
    if (msg) {
        inbox->first = msg->next;
        if (!inbox->first)
            inbox->end = &inbox->first;
        msg->next = NULL;
    }
    pthread_mutex_unlock(&inbox->lock);
    return msg;
}
