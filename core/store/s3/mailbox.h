/*
 * mailbox - passes ops from any thread to the http thread of an S3 store, in order.
 */
#ifndef S3DOCK_STORE_S3_MAILBOX_H
#define S3DOCK_STORE_S3_MAILBOX_H

#include <pthread.h>
#include <stdbool.h>

struct store_op;

struct s3_mailbox {
    pthread_mutex_t lock;
    struct store_op *first, *last; /* linked by op->msg.next */
    bool closing;
};

void s3_mailbox_init(struct s3_mailbox *mailbox);
void s3_mailbox_finish(struct s3_mailbox *mailbox);
/* Any thread. */
void s3_mailbox_put(struct s3_mailbox *mailbox, struct store_op *op);
/* Any thread: no op will follow. */
void s3_mailbox_close(struct s3_mailbox *mailbox);
/* The http thread. Returns the ops since the last call as a list, or NULL. */
struct store_op *s3_mailbox_take(struct s3_mailbox *mailbox, bool *closing);

#endif
