/*
 * spot_check - a few of the chunks that an archive is copied from, chosen at random while it is put
 * together and then read back: do earlier archives hold what their indexes say?
 *
 * Belongs to the conductor.
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
/* Both are borrowed. */
struct spot_check *spot_check_create(struct store *store, const struct bases *bases,
                                     struct err *err);
void spot_check_destroy(struct spot_check *check); /* takes NULL; waits for what was begun */

/* A chunk that is held there. Each of them is as likely to be chosen as any other. */
void spot_check_note(struct spot_check *check, const struct index_chunk *chunk,
                     const struct held_chunk *held);
/* Begins to read them, all at once; no more are noted then. Once. */
int spot_check_begin(struct spot_check *check, struct err *err);
/* Waits for them. 0: they are what they should be; SPOT_CHECK_DIFFERS: base *different holds
 * something else. An archive that was replaced or deleted since it was copied from says nothing. */
enum { SPOT_CHECK_DIFFERS = 1 };
int spot_check_verify(struct spot_check *check, unsigned *different, struct err *err);

#endif
