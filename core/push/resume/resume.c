/*
 * The checkpoint that is read and the one that is written (`journal`) are one file: the valid
 * records stay, and new ones are appended. A step is written before it is carried out, with its
 * chunks; its ETag is written after the response of the store. If the process ends between the
 * response and that write, the part is sent again.
 *
 * Why it is safe to leave out work: a chunk is not packed only if the store has all parts and
 * objects that contain it, under the recorded number, size and ETag. A part is not sent only after
 * all of its chunks were compared with the record, name and both sizes, by their checksum. So the
 * parts keep their places, and no part with a gap is ever sent.
 */
#include "push/resume/resume.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "catalog/temp_objects.h"
#include "push/resume/remote_state.h"
#include "push/resume/resume_state.h"

void resume_destroy(struct resume *resume)
{
    if (!resume)
        return;
    checkpoint_remote_finish(&resume->remote);
    checkpoint_file_close(&resume->file);
    replay_destroy(resume->replay);
    text_finish(&resume->journal);
    step_record_finish(&resume->record);
    free(resume);
}

const struct checkpoint_head *resume_earlier(const struct resume *resume)
{
    return resume->replay ? &replay_checkpoint(resume->replay)->head : NULL;
}

const char *resume_refusal(const struct resume *resume)
{
    return resume->refusal;
}

int resume_set_bases(struct resume *resume, const struct bases *bases, struct err *err)
{
    struct checkpoint_head *head = &resume->head;

    head->base_count = bases->object_count;
    memcpy(head->bases, bases->objects, bases->object_count * sizeof head->bases[0]);
    if (head->kind == CHECKPOINT_THIN)
        return 0;
    head->kind = CHECKPOINT_COPIES;
    head->part_size = resume->options.least;
    return temp_objects_new_folder(head->folder, err);
}

const char *resume_folder(const struct resume *resume)
{
    return resume->replay ? resume_earlier(resume)->folder : resume->head.folder;
}

/* ---- comparing ---- */

static int diverge(struct resume *r, struct err *err)
{
    r->diverged = true;
    return err_set(err, ERR_CONFLICT, "changed",
                   "the image differs from the one of the unfinished upload");
}

int resume_next_chunk(struct resume *resume, const struct push_chunk *chunk, uint32_t *sent,
                      struct err *err)
{
    *sent = 0;
    if (resume->replay && !replay_next_chunk(resume->replay, chunk, sent))
        return diverge(resume, err);
    return 0;
}

static int compare_step(struct resume *r, const struct region side[2], struct resume_kept *kept,
                        struct err *err)
{
    const struct checkpoint_step *then = NULL;
    enum replay_answer answer = REPLAY_NEW;

    if (step_record_step(&r->record, side, &r->next, err))
        return ERR_FAIL;
    if (r->replay)
        answer = replay_step(r->replay, &r->next, &then);
    if (r->whole && (answer == REPLAY_NEW || answer == REPLAY_AGAIN))
        answer = REPLAY_DIFFERS;
    r->next_is_new = answer == REPLAY_NEW;
    switch (answer) {
    case REPLAY_DIFFERS:
        return diverge(r, err);
    case REPLAY_NEEDLESS:
        return RESUME_NEEDLESS;
    case REPLAY_THERE:
        if (!then->join)
            r->bytes += then->size;
        *kept = (struct resume_kept){.etag = then->etag, .md5 = then->has_md5 ? then->md5 : NULL};
        return RESUME_HAS;
    default:
        return 0;
    }
}

static struct region region_of(const struct piece *piece)
{
    return piece->part ? (struct region){.object = CHECKPOINT_BYTES, .size = piece->part->size}
                       : piece->region;
}

int resume_step(struct resume *resume, const struct part_planner_step *step,
                struct resume_kept *kept, struct err *err)
{
    struct region side[2] = {region_of(&step->left)};

    if (step->kind == STEP_JOIN)
        side[1] = region_of(&step->right);
    return compare_step(resume, side, kept, err);
}

int resume_part(struct resume *resume, const struct part *part, struct resume_kept *kept,
                struct err *err)
{
    struct region side[2] = {{.object = CHECKPOINT_BYTES, .size = part->size}};

    return compare_step(resume, side, kept, err);
}

void resume_record(struct resume *resume, const uint8_t *md5)
{
    struct checkpoint_step *step = &resume->next;

    if (!resume->next_is_new)
        return;
    if (step->has_md5 && md5)
        memcpy(step->md5, md5, MD5_STATE_SIZE);
    checkpoint_put_step(&resume->journal, step, resume->record.sizes, resume->record.size_count);
    resume_save(resume);
}

/* ---- writing ---- */

void resume_begun(struct resume *resume, const char *upload_id)
{
    struct text head;

    if (resume->options.off || resume->begun ||
        !str_copy(resume->head.upload, sizeof resume->head.upload, upload_id) || !upload_id[0])
        return;
    text_init(&head, CHECKPOINT_MAX);
    checkpoint_put_head(&head, &resume->head);
    text_add(&head, resume->journal.data, resume->journal.size);
    text_finish(&resume->journal);
    resume->journal = head;
    resume->begun = true;
    resume_save(resume);
}

/* Writes the copy in the bucket, so rarely that all copies are a small part of the upload. */
static void save_remote(struct resume *r)
{
    uint64_t since = r->arrived - r->remote_at;

    if (!r->alone || r->options.off || !r->begun || r->journal.failed ||
        since < r->options.store->limits.remote_step || since < r->arrived / 4)
        return;
    r->remote_at = r->arrived;
    checkpoint_remote_write(&r->remote, text_view(&r->journal));
}

void resume_part_done(struct resume *resume, unsigned number, uint64_t size, const char *etag)
{
    if (resume->options.off)
        return;
    resume->done_steps++;
    resume->arrived += size;
    checkpoint_put_part_etag(&resume->journal, number, etag);
    resume_save(resume);
    save_remote(resume);
}

void resume_join_done(struct resume *resume, unsigned number, const char *etag)
{
    if (resume->options.off)
        return;
    resume->done_steps++;
    checkpoint_put_join_etag(&resume->journal, number - PART_PLANNER_TEMP, etag);
    resume_save(resume);
}

void resume_completed(struct resume *resume, uint64_t size, const char *etag)
{
    if (resume->options.off || !resume->begun)
        return;
    checkpoint_put_whole(&resume->journal, size, etag);
    resume_save(resume);
}

bool resume_is_whole(const struct resume *resume)
{
    return resume->whole;
}

int resume_confirm(struct resume *resume, uint64_t size, struct store_info *info, struct err *err)
{
    const struct checkpoint *then = replay_checkpoint(resume->replay);
    int answer;

    if (!replay_is_over(resume->replay) || then->whole != size)
        return diverge(resume, err);
    answer = remote_state_is_whole(resume->options.store, then, info, err);
    if (answer < 0)
        return ERR_FAIL;
    return answer == REMOTE_STATE_WHOLE ? 0 : diverge(resume, err);
}

uint64_t resume_bytes(const struct resume *resume)
{
    return resume->bytes;
}

bool resume_differs(const struct resume *resume)
{
    return resume->diverged;
}

/* ---- the end ---- */

/* Returns true if the store did not cause the failure, so that it probably accepts a write. */
static bool may_reach_store(const struct err *err)
{
    return err->family == ERR_CANCELLED || err->family == ERR_DOCKER || err->family == ERR_LOCAL;
}

bool resume_keep(struct resume *resume, const struct err *why)
{
    if (!resume->alone || resume->options.off || !resume->begun || resume->done_steps == 0 ||
        resume->journal.failed)
        return false;
    checkpoint_put_stop(&resume->journal);
    resume_save(resume);
    if (may_reach_store(why))
        checkpoint_remote_write_last(&resume->remote, text_view(&resume->journal));
    return resume->file.fd >= 0 || resume->remote.written;
}

void resume_forget(struct resume *resume)
{
    if (resume->replay)
        remote_state_clear(resume->options.store, resume_earlier(resume)->folder);
    checkpoint_remote_remove(&resume->remote);
    checkpoint_file_remove(&resume->file);
    resume->options.off = true;
}
