/*
 * resume - lets a push go on where one before it stopped.
 *
 * While a push runs, it writes down what its upload holds (checkpoint.h). The next push of the same
 * name reads that, asks the store what it still has, and follows (follow.h): its stream is read and
 * cut as ever, but what the store has is neither packed nor sent nor copied again. At the first
 * difference the push begins afresh.
 *
 * Belongs to the conductor. Nothing here fails a push that could do without.
 */
#ifndef S3DOCK_PUSH_RESUME_RESUME_H
#define S3DOCK_PUSH_RESUME_RESUME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "pack/index/index.h"
#include "push/plan/part_planner.h"
#include "push/plan/span.h"
#include "push/resume/checkpoint.h"
#include "store/store.h"

struct err;

struct resume_options {
    struct store *store; /* these are borrowed */
    const char *key;     /* of the archive */
    const char *content; /* the image's id, "" when it is not known yet */
    const struct index_builder *builder;
    int level;
    bool off;           /* begin afresh, and write nothing down */
    bool delta;         /* a push that copies from other archives may be gone on with */
    uint64_t part_size; /* of equal parts */
    uint64_t least;     /* of the parts of a push that copies */
};

struct resume;
/* Looks for what an earlier push left. Fails when the store cannot be asked (and only then: what is
 * there must not be given up for that). */
int resume_open(const struct resume_options *options, struct resume **out, struct err *err);
void resume_destroy(struct resume *resume); /* takes NULL */

/* The upload to go on with, or NULL. */
const struct checkpoint_head *resume_earlier(const struct resume *resume);
/* Why what an earlier push left is of no use, in words that end a sentence; "": it is, or there was
 * nothing. */
const char *resume_refusal(const struct resume *resume);
/* What is earlier cannot be: why, in words that end a sentence. It is removed. */
void resume_give_up(struct resume *resume, const char *why);

/* Begun afresh: which archives it copies from, and where its temporary objects lie. */
struct bases;
int resume_set_bases(struct resume *resume, const struct bases *bases, struct err *err);
/* The folder of temporary objects; "" when there are no bases. */
const char *resume_folder(const struct resume *resume);

/* Compares the next chunk of the stream with the unfinished upload. *sent: its packed size, if an
 * earlier push has sent all of its packed bytes; else 0. Fails when the stream is not that of the
 * unfinished upload. */
int resume_next_chunk(struct resume *resume, const struct push_chunk *chunk, uint32_t *sent,
                      struct err *err);

/* Compares the next step of the archive, before it is carried out, with the unfinished upload: a
 * STEP_PART or STEP_JOIN. Its chunks are in the index already. 0: carry it out, and call
 * resume_record before. RESUME_HAS: the store has it: *kept. RESUME_NEEDLESS: a join from which
 * nothing will be copied any more. Fails when the save stream is not that of the unfinished
 * upload. */
enum { RESUME_HAS = 1, RESUME_NEEDLESS = 2 };
struct resume_kept {
    const char *etag;
    const uint8_t *md5; /* serialized MD5 of the archive after this part; NULL: not known */
};
int resume_step(struct resume *resume, const struct part_planner_step *step,
                struct resume_kept *kept, struct err *err);
/* The same for a part of new bytes. */
int resume_part(struct resume *resume, const struct part *part, struct resume_kept *kept,
                struct err *err);
/* Writes the step that was compared last to the checkpoint, unless it is there already. `md5`: as in
 * struct resume_kept, with this part; NULL: not known. */
void resume_record(struct resume *resume, const uint8_t *md5);
/* The store has begun the upload; nothing was sent yet. An empty id says nothing. */
void resume_begun(struct resume *resume, const char *upload_id);
/* The store has taken, or copied, part `number`. */
void resume_part_done(struct resume *resume, unsigned number, uint64_t size, const char *etag);
/* It has put a temporary object together; `number` as in its step. */
void resume_join_done(struct resume *resume, unsigned number, const char *etag);

/* The archive is about to be completed; the store has it, under this ETag. */
void resume_completing(struct resume *resume, uint64_t size);
void resume_completed(struct resume *resume, uint64_t size, const char *etag);
/* What is earlier had come as far as that, and only its documents are missing: nothing is sent
 * then, and whoever completes confirms instead. */
bool resume_is_whole(const struct resume *resume);
/* 0: the archive in the bucket is the one that was earlier to its end. Fails like resume_mark. */
int resume_confirm(struct resume *resume, uint64_t size, struct store_info *info, struct err *err);

uint64_t resume_bytes(const struct resume *resume); /* of the archive, that were there, so far */
bool resume_differs(const struct resume *resume);

/* The upload has ended without its object. True: what it holds is kept, and a next push can go on;
 * from another host, too, when the store is `reachable` now. */
bool resume_keep(struct resume *resume, bool reachable);
/* The upload is over, was taken back, or is none to go on with: forgets it, and notes nothing more.
 */
void resume_forget(struct resume *resume);

#endif
