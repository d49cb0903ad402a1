/*
 * inbox - where threads hand finished work back.
 *
 * Messages are intrusive: a struct embeds `struct msg` as its first member and is handed over
 * whole. After inbox_post the sender forgets it. Many producers, one consumer.
 */
#ifndef S3DOCK_FLOW_INBOX_H
#define S3DOCK_FLOW_INBOX_H

#include <stdint.h>

struct err;

struct msg {
    struct msg *next;
    int kind; /* the consumer's own enum */
};

struct inbox;
struct inbox *inbox_create(struct err *err);
void inbox_destroy(struct inbox *inbox); /* takes NULL; must be empty */

/* Any thread. Never fails, never waits (beyond the lock). First in, first out. */
void inbox_post(struct inbox *inbox, struct msg *msg);

#define INBOX_FOREVER INT64_MAX
/* The consumer. Waits until a message is there or clock_monotonic() passes `deadline`; NULL then. A
 * deadline in the past polls. */
struct msg *inbox_take(struct inbox *inbox, int64_t deadline);

#endif
