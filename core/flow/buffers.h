/*
 * buffers - the large memory of a transfer: a fixed set of buffers, allocated before the first byte,
 * that circulate. Whoever needs a slot and gets NULL waits for one to come back: that is all the
 * back-pressure there is.
 *
 * Belongs to one thread (the conductor); only the slots themselves travel.
 */
#ifndef S3DOCK_FLOW_BUFFERS_H
#define S3DOCK_FLOW_BUFFERS_H

#include <stddef.h>
#include <stdint.h>

struct err;

struct buffer {
    struct buffer *next; /* free list */
    uint8_t *in;         /* in_size bytes, 64-byte aligned */
    uint8_t *out;        /* out_size bytes, 64-byte aligned; NULL when out_size is 0 */
    void *aux;           /* aux_size bytes, zeroed at creation, kept as the user left them */
};

struct buffers;
/* One mapping for all of it; pages cost nothing until they are touched. */
struct buffers *buffers_create(unsigned count, size_t in_size, size_t out_size, size_t aux_size,
                               struct err *err);
void buffers_destroy(struct buffers *slots); /* takes NULL; asserts that every slot is home */

struct buffer *
buffers_take(struct buffers *slots); /* NULL when all are out; the last one given comes first */
void buffers_give(struct buffers *slots, struct buffer *slot);
unsigned buffers_out(const struct buffers *slots); /* how many are not home */
/* The i-th slot (0 .. count - 1) wherever it is: for setting up and tearing down aux. */
struct buffer *buffers_nth(struct buffers *slots, unsigned i);
size_t buffers_bytes(const struct buffers *slots); /* the bound: everything that was mapped */

#endif
