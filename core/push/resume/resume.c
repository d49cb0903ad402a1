/*
 * The checkpoint that is read and the one that is written (`journal`) are one file: the valid
 * records stay, and new ones are appended. A step is written before it is carried out, with its
 * chunks; its ETag is written when the store has answered. If the process ends between the answer
 * and that write, the part is sent again.
 *
 * Why it is safe to leave out work: a chunk is not packed only if everything that contains it is in
 * the store, under the recorded number, size and ETag. A part is not sent only after all of its
 * chunks were compared with the record, name and both sizes, by their checksum. So the parts keep
 * their places, and no part with a gap is ever sent.
 */
#include "push/resume/resume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/utf8.h"
#include "catalog/audit.h"
#include "catalog/temp_objects.h"
#include "push/resume/checkpoint_file.h"
#include "push/resume/checkpoint_match.h"
#include "push/resume/checkpoint_remote.h"
#include "push/resume/remote_state.h"
#include "push/resume/replay.h"
#include "push/resume/step_record.h"

struct resume {
    struct resume_options options;
    struct checkpoint_file file;
    struct checkpoint_remote remote;
    uint64_t arrived,
        remote_at;         /* bytes that have arrived; the same at the last write to the bucket */
    bool alone;            /* no other push of this name runs on this host */
    struct replay *replay; /* NULL: nothing to resume */
    char refusal[256];

    struct checkpoint_head head;
    bool begun;          /* the head is in the journal */
    struct text journal; /* before the head is known: the records that will follow it */
    size_t written;      /* bytes of the journal that are in the file */
    unsigned done_steps; /* parts and joins that the store has */

    struct step_record record;
    struct checkpoint_step next; /* the step that was compared last; */
    bool next_is_new;            /* it is not in the journal */
    uint64_t bytes;
    bool diverged, from_bucket, whole;
};

/* ---- the file ---- */

/* Appends to the file. If that fails, the next push cannot resume; this push continues. */
static void save(struct resume *r)
{
    struct err err;

    if (r->file.fd < 0 || !r->begun || r->journal.failed || r->written == r->journal.size)
        return;
    if (checkpoint_file_add(
            &r->file, view_of(r->journal.data + r->written, r->journal.size - r->written), &err)) {
        log_info("this push cannot be resumed: %s", err.text);
        checkpoint_file_remove(&r->file);
    }
    r->written = r->journal.size;
}

static void open_file(struct resume *r)
{
    struct err err;
    int answer = checkpoint_file_open(&r->file, r->options.store, r->options.key, &err);

    r->alone = answer != FILE_BUSY;
    if (answer == FILE_BUSY)
        log_info("another push of this name is running: this one cannot be resumed");
    else if (answer)
        log_info("this push cannot be resumed: %s", err.text);
}

/* ---- the unfinished upload of an earlier push ---- */

static const struct checkpoint_head *earlier(const struct resume *r)
{
    return r->replay ? &replay_checkpoint(r->replay)->head : NULL;
}

/* Deletes the copy of the checkpoint in the bucket. */
static void remove_remote(struct resume *r)
{
    struct checkpoint_remote theirs;

    checkpoint_remote_begin(&theirs, r->options.store, r->options.key, earlier(r)->owner);
    theirs.written = theirs.key[0] != '\0' && earlier(r)->owner[0];
    checkpoint_remote_remove(&theirs);
    checkpoint_remote_finish(&theirs);
}

void resume_give_up(struct resume *resume, const char *why)
{
    struct resume *r = resume;
    struct store_op op = {.verb = STORE_UPLOAD_ABORT, .optional = true};
    struct err err;

    str_copy(r->refusal, sizeof r->refusal, why);
    if (r->replay) {
        op.key = earlier(r)->key;
        op.upload_id_in = earlier(r)->upload;
        if (store_run(r->options.store, &op, &err) == STORE_FAILED)
            log_info("the unfinished upload of %s could not be removed: %s", op.key, err.text);
        remote_state_clear(r->options.store, earlier(r)->folder);
        remove_remote(r);
        checkpoint_remote_finish(&r->remote); /* from here on under our own name */
        checkpoint_remote_begin(&r->remote, r->options.store, r->options.key, r->head.owner);
        r->from_bucket = false;
    }
    replay_destroy(r->replay);
    r->replay = NULL;
    if (r->file.fd >= 0 && checkpoint_file_cut(&r->file, 0, &err))
        checkpoint_file_remove(&r->file);
    text_clear(&r->journal);
    r->written = 0;
    r->begun = false;
    r->done_steps = 0;
    r->whole = false;
}

static const char *mismatch(const struct resume *r, const struct checkpoint *checkpoint)
{
    const struct resume_options *o = &r->options;

    return checkpoint_mismatch(checkpoint, &(struct checkpoint_wanted){.content = o->content,
                                                                       .level = o->level,
                                                                       .delta = o->delta,
                                                                       .part_size = o->part_size,
                                                                       .least = o->least});
}

static int ask_parts(struct resume *r, struct err *err)
{
    switch (remote_state_ask(r->options.store, r->replay, err)) {
    case REMOTE_STATE_KNOWN:
        r->done_steps = replay_count(r->replay);
        if (r->done_steps == 0)
            resume_give_up(r, ""); /* no part is lost */
        return 0;
    case REMOTE_STATE_WHOLE:
        r->done_steps = replay_count(r->replay);
        r->whole = true;
        return 0;
    case REMOTE_STATE_GONE:
        resume_give_up(r, "it has expired");
        return 0;
    case REMOTE_STATE_UNKNOWN:
        resume_give_up(r, "the store cannot list its parts");
        return 0;
    default:
        return ERR_FAIL;
    }
}

/* Parses the journal, and replays it from now on. */
static int start_replay(struct resume *r, struct err *err)
{
    struct checkpoint *then;

    return checkpoint_parse(text_view(&r->journal), &then, err) ||
                   !(r->replay = replay_create(then, err))
               ? ERR_FAIL
               : 0;
}

static void read_file(struct resume *r)
{
    struct err err;

    if (checkpoint_file_read(&r->file, &r->journal, &err))
        resume_give_up(r, err.text);
    else if (r->journal.size && start_replay(r, &err))
        resume_give_up(r, "its checkpoint is damaged");
    else if (r->replay && (strcmp(earlier(r)->store, r->options.store->identity) != 0 ||
                           strcmp(earlier(r)->key, r->options.key) != 0))
        resume_give_up(r, "its checkpoint is of another upload");
}

static bool fits(void *arg, const struct checkpoint *checkpoint)
{
    return !mismatch(arg, checkpoint);
}

/* Looks for the checkpoint of a push on another host. */
static void read_bucket(struct resume *r)
{
    struct err ignored;

    if (!checkpoint_remote_take(&r->remote, r->options.key, fits, r, &r->journal))
        return;
    if (start_replay(r, &ignored) == 0)
        log_info("resuming the push of host %s", earlier(r)->host);
    r->from_bucket = true;
}

/* Keeps the valid prefix of the journal and appends to it. */
static int continue_journal(struct resume *r, struct err *err)
{
    const struct checkpoint *then = replay_checkpoint(r->replay);

    r->begun = true;
    text_cut(&r->journal, then->good);
    if (r->from_bucket) {
        save(r);
    } else {
        if (checkpoint_file_cut(&r->file, then->good, err))
            return ERR_FAIL;
        r->written = then->good;
        checkpoint_remote_finish(&r->remote);
        checkpoint_remote_begin(&r->remote, r->options.store, r->options.key, then->head.owner);
        r->remote.written = then->head.owner[0] != '\0';
    }
    log_info("resuming an upload: the store has %u of %u parts and joins", r->done_steps,
             then->step_count);
    return 0;
}

static int find_earlier(struct resume *r, struct err *err)
{
    const char *why;

    if (r->file.fd >= 0)
        read_file(r);
    if (!r->replay && !r->options.off)
        read_bucket(r);
    why = r->replay ? mismatch(r, replay_checkpoint(r->replay)) : NULL;
    if (r->options.off)
        why = "resuming is switched off";
    if (why && r->replay)
        resume_give_up(r, why);
    if (r->replay && ask_parts(r, err))
        return ERR_FAIL;
    if (r->options.off)
        checkpoint_file_remove(&r->file);
    return r->replay ? continue_journal(r, err) : 0;
}

static int prepare_head(struct resume *r, struct err *err)
{
    struct checkpoint_head *head = &r->head;
    const struct resume_options *o = &r->options;

    if (!str_copy(head->store, sizeof head->store, o->store->identity) ||
        !str_copy(head->key, sizeof head->key, o->key) ||
        !str_copy(head->content, sizeof head->content, o->content))
        return err_set(err, ERR_INTERNAL, "checkpoint", "a string does not fit the checkpoint");
    index_writer(o->level, head->writer);
    if (gethostname(head->host, sizeof head->host - 1))
        head->host[0] = '\0';
    str_printable(head->host);
    if (audit_unique(head->owner, err))
        return ERR_FAIL;
    checkpoint_remote_begin(&r->remote, o->store, o->key, head->owner);
    head->began = clock_wall();
    head->part_size = o->part_size;
    return 0;
}

int resume_open(const struct resume_options *options, struct resume **out, struct err *err)
{
    struct resume *r = calloc(1, sizeof *r);

    if (!r)
        return err_memory(err, "the checkpoint");
    r->options = *options;
    r->file.fd = -1;
    text_init(&r->journal, CHECKPOINT_MAX);
    r->record = (struct step_record){.builder = options->builder};
    open_file(r);
    if (prepare_head(r, err) || (r->alone && find_earlier(r, err))) {
        resume_destroy(r);
        return ERR_FAIL;
    }
    *out = r;
    return 0;
}

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
    return earlier(resume);
}

const char *resume_refusal(const struct resume *resume)
{
    return resume->refusal;
}

int resume_set_bases(struct resume *resume, const struct bases *bases, struct err *err)
{
    struct checkpoint_head *head = &resume->head;

    head->part_size = resume->options.least;
    head->base_count = bases->count;
    memcpy(head->bases, bases->base, sizeof head->bases);
    return temp_objects_new_folder(head->folder, err);
}

const char *resume_folder(const struct resume *resume)
{
    return resume->replay ? earlier(resume)->folder : resume->head.folder;
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
    save(resume);
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
    save(resume);
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
    checkpoint_put_etag(&resume->journal, false, number, etag);
    save(resume);
    save_remote(resume);
}

void resume_join_done(struct resume *resume, unsigned number, const char *etag)
{
    if (resume->options.off)
        return;
    resume->done_steps++;
    checkpoint_put_etag(&resume->journal, true, number - PART_PLANNER_TEMP, etag);
    save(resume);
}

void resume_completed(struct resume *resume, uint64_t size, const char *etag)
{
    if (resume->options.off || !resume->begun)
        return;
    checkpoint_put_whole(&resume->journal, size, etag);
    save(resume);
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
    save(resume);
    if (may_reach_store(why))
        checkpoint_remote_write_last(&resume->remote, text_view(&resume->journal));
    return resume->file.fd >= 0 || resume->remote.written;
}

void resume_forget(struct resume *resume)
{
    if (resume->replay)
        remote_state_clear(resume->options.store, earlier(resume)->folder);
    checkpoint_remote_remove(&resume->remote);
    checkpoint_file_remove(&resume->file);
    resume->options.off = true;
}
