/*
 * A list under a mutex. The caller wakes the http thread after s3_mailbox_put and s3_mailbox_close.
 */
#include "store/s3/mailbox.h"

#include <stddef.h>

#include "store/store.h"

void s3_mailbox_init(struct s3_mailbox *mailbox)
{
    *mailbox = (struct s3_mailbox){.first = NULL};
    pthread_mutex_init(&mailbox->lock, NULL);
}

void s3_mailbox_finish(struct s3_mailbox *mailbox)
{
    pthread_mutex_destroy(&mailbox->lock);
}

void s3_mailbox_put(struct s3_mailbox *mailbox, struct store_op *op)
{
    op->msg.next = NULL;
    pthread_mutex_lock(&mailbox->lock);
    if (mailbox->last)
        mailbox->last->msg.next = &op->msg;
    else
        mailbox->first = op;
    mailbox->last = op;
    pthread_mutex_unlock(&mailbox->lock);
}

void s3_mailbox_close(struct s3_mailbox *mailbox)
{
    pthread_mutex_lock(&mailbox->lock);
    mailbox->closing = true;
    pthread_mutex_unlock(&mailbox->lock);
}

struct store_op *s3_mailbox_take(struct s3_mailbox *mailbox, bool *closing)
{
    struct store_op *first;

    pthread_mutex_lock(&mailbox->lock);
    first = mailbox->first;
    *closing = mailbox->closing;
    mailbox->first = mailbox->last = NULL;
    pthread_mutex_unlock(&mailbox->lock);
    return first;
}
