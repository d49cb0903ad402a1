/*
 * coverage - which bytes of the objects any owner uses, and which bytes only one owner uses.
 *
 * Pure. An owner is a document; its spans are the bytes that its image uses.
 */
#ifndef S3DOCK_USAGE_COVERAGE_H
#define S3DOCK_USAGE_COVERAGE_H

#include <stddef.h>
#include <stdint.h>

struct err;

struct coverage_span {
    unsigned object, owner;
    uint64_t offset, size; /* the spans of an owner in an object do not overlap */
};

/* Adds to live[object] the bytes that at least one span covers, and to alone[owner] the bytes that
 * no other owner covers. The caller sizes both lists by the numbers in the spans. */
int coverage_measure(const struct coverage_span *spans, size_t count, uint64_t *live,
                     uint64_t *alone, struct err *err);

#endif
