/*
 * spot_check - reads a few random copied chunks back and compares them with their names.
 *
 * Belongs to the engine.
 */
#ifndef S3DOCK_PUSH_UPLOAD_SPOT_CHECK_H
#define S3DOCK_PUSH_UPLOAD_SPOT_CHECK_H

#include "pack/index/chunk_lookup.h"
#include "pack/index/index.h"
#include "push/plan/bases.h"
#include "store/store.h"

struct err;

#define SPOT_CHECK_CHUNKS 16

struct spot_check;
/* Store and objects are borrowed. struct held_chunk refers to the objects by number. `names`: of
 * the chunks that will be offered. */
struct spot_check *spot_check_create(struct store *store, const struct base_object *objects,
                                     enum name_kind names, struct err *err);
void spot_check_destroy(struct spot_check *check); /* takes NULL; waits for the reads */

/* Offers a copied chunk. Each of them is chosen with the same probability. */
void spot_check_note(struct spot_check *check, const struct index_chunk *chunk,
                     const struct held_chunk *held);
/* Offers all chunks of an index that may be used, as if they were copied. */
void spot_check_note_index(struct spot_check *check, const struct held_index *held);
/* Begins to read the chosen chunks, all at once. No chunk is offered afterwards. Once. */
int spot_check_begin(struct spot_check *check, struct err *err);
/* Waits for the reads. 0: the chunks are as indexed. SPOT_CHECK_DIFFERS: object *different
 * contains other bytes. An object that was replaced or deleted meanwhile is not reported. */
enum { SPOT_CHECK_DIFFERS = 1 };
int spot_check_verify(struct spot_check *check, unsigned *different, struct err *err);

#endif
