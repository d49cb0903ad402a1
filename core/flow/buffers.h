/*
 * buffers - the large memory of a transfer: a fixed set of buffers, allocated before the first
 * byte.
 *
 * The engine takes a buffer for each span and waits when all are in use. That limits the memory,
 * and slows the fast side of a transfer down to the slow one. One thread, the engine, owns the set;
 * other threads use single buffers.
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
    void *aux;           /* aux_size bytes, zeroed at creation; never changed by this module */
};

struct buffers;
/* Allocates `count` buffers. Pages take no memory until they are touched. */
struct buffers *buffers_create(unsigned count, size_t in_size, size_t out_size, size_t aux_size,
                               struct err *err);
/* Takes NULL. Every buffer must have been given back. */
void buffers_destroy(struct buffers *buffers);

/* Returns the free buffer that was given back last; NULL if all are taken. */
struct buffer *buffers_take(struct buffers *buffers);
void buffers_give(struct buffers *buffers, struct buffer *buffer);
/* Returns the number of taken buffers. */
unsigned buffers_out(const struct buffers *buffers);

#endif
