/*
 * resume - resumes the interrupted push of the same name.
 *
 * A running push writes a checkpoint of its upload (checkpoint.h). The next push of the same name
 * reads it, lists the parts that the store still has, and replays (replay.h): the push reads and
 * cuts its stream as usual, but does not pack, send or copy the bytes that the store has. If the
 * stream differs, the push starts over.
 *
 * Belongs to the engine. Failures that are not named here are logged and ignored.
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
#include "push/resume/resume_options.h"
#include "store/store.h"

struct err;

struct resume;
/* Looks for the checkpoint of an interrupted push, and lists its parts in the store. Waits. Fails
 * when the store does not respond now: that is no reason to remove the unfinished upload. */
int resume_open(const struct resume_options *options, struct resume **out, struct err *err);
void resume_destroy(struct resume *resume); /* takes NULL */

/* Returns the head of the unfinished upload that is being resumed, or NULL. */
const struct checkpoint_head *resume_earlier(const struct resume *resume);
/* Returns why the interrupted push could not be resumed, as a clause; "": it is being resumed, or
 * there was none. */
const char *resume_refusal(const struct resume *resume);
/* Removes the unfinished upload, which cannot be resumed. `why`: as above. */
void resume_give_up(struct resume *resume, const char *why);

/* Without an unfinished upload: records the bases, and names the folder of temporary objects. */
struct bases;
int resume_set_bases(struct resume *resume, const struct bases *bases, struct err *err);
/* Returns the folder of temporary objects; "" without bases. */
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
/* Writes the step that was compared last to the checkpoint, unless the checkpoint has it already.
 * `md5`: of the archive after this part, serialized; NULL: not known. */
void resume_record(struct resume *resume, const uint8_t *md5);
/* The upload has this id; nothing was sent yet. Ignored if the id is "". */
void resume_begun(struct resume *resume, const char *upload_id);
/* The store has part `number`, sent or copied. */
void resume_part_done(struct resume *resume, unsigned number, uint64_t size, const char *etag);
/* The store has a temporary object; `number` as in its step. */
void resume_join_done(struct resume *resume, unsigned number, const char *etag);

/* Records that the archive will be completed (etag ""), or is complete, under this ETag. */
void resume_completed(struct resume *resume, uint64_t size, const char *etag);
/* Returns true if the interrupted push had completed its archive; only index and metadata are
 * missing. Call resume_confirm instead of completing the upload. */
bool resume_is_whole(const struct resume *resume);
/* Returns 0 if the archive in the bucket is that of the unfinished push. Waits. Fails like
 * resume_next_chunk. */
int resume_confirm(struct resume *resume, uint64_t size, struct store_info *info, struct err *err);

uint64_t resume_bytes(
    const struct resume *resume); /* bytes of the archive that were not sent again, so far */
bool resume_differs(const struct resume *resume);

/* The upload has ended without its object, because of `why`. True: it is kept, and a later push can
 * resume it; on another host, too, unless the store has failed. */
bool resume_keep(struct resume *resume, const struct err *why);
/* The upload is complete or was aborted: removes the checkpoint, and writes no other. */
void resume_forget(struct resume *resume);

#endif
