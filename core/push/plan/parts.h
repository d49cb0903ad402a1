/*
 * parts - gathers packed bytes, in order, into parts of one size for a multipart upload.
 *
 * The part buffers are a fixed set, like the buffers of spans. Belongs to the engine.
 */
#ifndef S3DOCK_PUSH_PLAN_PARTS_H
#define S3DOCK_PUSH_PLAN_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct err;

struct part {
    struct part *next;
    unsigned number; /* from 1 */
    uint8_t *data;
    size_t size; /* filled so far */
};

/* No part is free: call the function again when one is. */
enum { PARTS_WAIT = 1 };

struct parts;
struct parts *parts_create(unsigned count, size_t part_size, struct err *err);
void parts_destroy(struct parts *parts); /* takes NULL; asserts that no part is out */
size_t parts_bytes(const struct parts *parts);

/* Adds as much of `bytes` as fits in the part being filled (taking a free one when there is none)
 * and returns how many; 0 when no part is free. When a part is full, *full is it, and the caller
 * owns it until parts_give. */
size_t parts_add(struct parts *parts, struct view bytes, struct part **full);
/* Returns the last, partly filled part, or NULL. The caller owns it until parts_give. */
struct part *parts_flush(struct parts *parts);
void parts_give(struct parts *parts, struct part *part);
/* Returns an empty part without a number, which the caller fills; NULL: none is free. */
struct part *parts_take(struct parts *parts);
unsigned parts_free(const struct parts *parts);
unsigned parts_out(const struct parts *parts);

#endif
