/*
 * own_chunks - the chunks of a thin image that this push writes itself, by name.
 *
 * An image contains some chunks several times. The push writes each of them once, and the index
 * refers to the first one. Belongs to the engine. Memory: at most OWN_CHUNKS_BYTES. Beyond
 * OWN_CHUNKS_MAX chunks (about 6 GB), new ones are not entered: their repeats are written again.
 * The bound is fixed, so that a push with another memory limit can resume the upload.
 */
#ifndef S3DOCK_PUSH_PLAN_OWN_CHUNKS_H
#define S3DOCK_PUSH_PLAN_OWN_CHUNKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "pack/index/index.h"

struct err;

#define OWN_CHUNKS_MAX   (1U << 17)
#define OWN_CHUNKS_BYTES (10 * (size_t)MIB)

struct own_chunks;
struct own_chunks *own_chunks_create(struct err *err);
void own_chunks_destroy(struct own_chunks *own); /* takes NULL */

/* Enters a chunk that no earlier image holds, in the order of the stream. `number`: of the chunk in
 * the stream (index_builder_chunk). *repeat: an equal chunk was entered
 * before, and *first is its number. The packed size of the chunk does not count. */
int own_chunks_add(struct own_chunks *own, const struct index_chunk *chunk, uint64_t number,
                   bool *repeat, uint64_t *first, struct err *err);

#endif
