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
#include "push/find_bases.h"
#include "store/store.h"

struct err;

#define SAMPLE_CHUNKS 16

struct sample;
/* Both are borrowed. */
struct sample *sample_create(struct store *store, const struct bases *bases, struct err *err);
void sample_destroy(struct sample *sample); /* takes NULL; waits for what was begun */

/* A chunk that is held there. Each of them is as likely to be chosen as any other. */
void sample_note(struct sample *sample, const struct index_chunk *chunk, const struct held *held);
/* Begins to read them, all at once; no more are noted then. Once. */
int sample_begin(struct sample *sample, struct err *err);
/* Waits for them. 0: they are what they should be; SAMPLE_LIE: base *liar holds
 * something else. An archive that was replaced or deleted since it was copied from says nothing. */
enum { SAMPLE_LIE = 1 };
int sample_check(struct sample *sample, unsigned *liar, struct err *err);

#endif
