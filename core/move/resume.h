/*
 * resume - lets a push go on where one before it stopped.
 *
 * While a push runs, it writes down what its upload holds (checkpoint.h). The next push of the same
 * name reads that, asks the store which parts it still has, and follows: its stream is read and cut
 * as ever, but a chunk that lies whole in parts which the store has is not packed, and these parts
 * are not sent. Every chunk is held against what was written down; at the first difference the
 * image is another one, and the push begins afresh.
 *
 * Belongs to the conductor. Nothing here fails a push that could do without.
 */
#ifndef S3DOCK_MOVE_RESUME_H
#define S3DOCK_MOVE_RESUME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "move/checkpoint.h"
#include "move/span.h"
#include "pack/index.h"
#include "pack/part.h"
#include "wire/store.h"

struct err;

struct resume_options {
    struct store *store; /* these are borrowed */
    const char *key;     /* of the archive */
    const char *content; /* the image's id, "" when it is not known yet */
    const struct index_builder *builder;
    struct digest *md5; /* of the archive: resume_part feeds it */
    int level;
    bool off;           /* begin afresh, and write nothing down */
    uint64_t part_size; /* of a push that begins afresh */
};

struct resume;
/* Looks for what an earlier push left. Fails when the store cannot be asked (and only then: what is
 * there must not be given up for that). */
int resume_open(const struct resume_options *options, struct resume **out, struct err *err);
void resume_destroy(struct resume *resume); /* takes NULL */

/* The upload to go on with, or NULL. */
const struct checkpoint_head *resume_follows(const struct resume *resume);
/* Why what an earlier push left is of no use, in words that end a sentence; "": it is, or there was
 * nothing. */
const char *resume_refusal(const struct resume *resume);

/* Before a span goes to the workers, in order: says which of its chunks need not be packed. Fails
 * when the stream is not the one that was begun. */
int resume_mark(struct resume *resume, struct span *span, struct err *err);

/* The next part of the archive, in order, before it is sent. All its chunks are in the index. 0: to
 * be sent; RESUME_HAS: the store has it, under *etag. Fails like resume_mark. */
enum { RESUME_HAS = 1 };
int resume_part(struct resume *resume, const struct part *part, const char **etag, struct err *err);
/* The store has begun the upload; nothing was sent yet. An empty id says nothing. */
void resume_begun(struct resume *resume, const char *upload_id);
/* The store has taken a part. */
void resume_home(struct resume *resume, const struct part *part, const char *etag);

uint64_t resume_bytes(const struct resume *resume); /* that need not be sent again, so far */
bool resume_has_diverged(const struct resume *resume);

/* The upload has ended without its object. True: what it holds is kept, and a next push can go on;
 * from another host, too, when the store is `reachable` now. */
bool resume_keep(struct resume *resume, bool reachable);
/* The upload is over, was taken back, or is none to go on with: forgets it, and notes nothing more.
 */
void resume_forget(struct resume *resume);

#endif
