/*
 * inbox - a queue of messages from many threads to one.
 *
 * A message is a struct whose first member is `struct msg`. inbox_post passes its ownership to the
 * consumer.
 */
#ifndef S3DOCK_FLOW_INBOX_H
#define S3DOCK_FLOW_INBOX_H

#include <stdint.h>

struct err;

struct msg {
    struct msg *next;
    int kind; /* an enum of the consumer */
};

struct inbox;
struct inbox *inbox_create(struct err *err);
void inbox_destroy(struct inbox *inbox); /* takes NULL; must be empty */

/* Appends a message. Any thread; never fails, and waits only for the lock. */
void inbox_post(struct inbox *inbox, struct msg *msg);

#define INBOX_FOREVER INT64_MAX
/* Removes and returns the oldest message. Waits for one until clock_monotonic() reaches `deadline`,
 * then returns NULL. A deadline in the past does not wait. Consumer only. */
struct msg *inbox_take(struct inbox *inbox, int64_t deadline);

#endif
