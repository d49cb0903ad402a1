/*
 * Finds the unfinished upload of an earlier push: its checkpoint on this host, or in the bucket.
 * The upload is continued if the checkpoint fits this push and the store still has its parts;
 * otherwise it is removed from the store.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/utf8.h"
#include "catalog/audit.h"
#include "push/resume/checkpoint_match.h"
#include "push/resume/remote_state.h"
#include "push/resume/resume.h"
#include "push/resume/resume_state.h"

static void open_file(struct resume *r)
{
    struct err err;
    int answer = checkpoint_file_open(&r->file, r->options.store, r->options.image_key, &err);

    r->alone = answer != FILE_BUSY;
    if (answer == FILE_BUSY)
        log_info("another push of this name is running: this one cannot be resumed");
    else if (answer)
        log_info("this push cannot be resumed: %s", err.text);
}

/* ---- the unfinished upload of an earlier push ---- */

/* Deletes the copy of the checkpoint in the bucket. */
static void remove_remote(struct resume *r)
{
    struct checkpoint_remote theirs;

    checkpoint_remote_begin(&theirs, r->options.store, r->options.image_key,
                            resume_earlier(r)->owner);
    theirs.written = theirs.key[0] != '\0' && resume_earlier(r)->owner[0];
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
        op.key = resume_earlier(r)->key;
        op.upload_id_in = resume_earlier(r)->upload;
        if (store_run(r->options.store, &op, &err) == STORE_FAILED)
            log_info("the unfinished upload of %s could not be removed: %s", op.key, err.text);
        remote_state_clear(r->options.store, resume_earlier(r)->folder);
        remove_remote(r);
        checkpoint_remote_finish(&r->remote); /* from here on under our own name */
        checkpoint_remote_begin(&r->remote, r->options.store, r->options.image_key, r->head.owner);
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

    return checkpoint_mismatch(
        checkpoint, &(struct checkpoint_wanted){.content = o->content,
                                                .choice = o->choice,
                                                .own_key = strcmp(o->key, o->image_key) != 0,
                                                .thin = o->thin,
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
    else if (r->replay && (strcmp(resume_earlier(r)->store, r->options.store->identity) != 0 ||
                           strcmp(resume_earlier(r)->image_key, r->options.image_key) != 0))
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

    if (!checkpoint_remote_take(&r->remote, r->options.image_key, fits, r, &r->journal))
        return;
    if (start_replay(r, &ignored) == 0)
        log_info("resuming the push of host %s", resume_earlier(r)->host);
    r->from_bucket = true;
}

/* Keeps the valid prefix of the journal and appends to it. */
static int continue_journal(struct resume *r, struct err *err)
{
    const struct checkpoint *then = replay_checkpoint(r->replay);

    r->begun = true;
    text_cut(&r->journal, then->good);
    if (r->from_bucket) {
        resume_save(r);
    } else {
        if (checkpoint_file_cut(&r->file, then->good, err))
            return ERR_FAIL;
        r->written = then->good;
        checkpoint_remote_finish(&r->remote);
        checkpoint_remote_begin(&r->remote, r->options.store, r->options.image_key,
                                then->head.owner);
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
        !str_copy(head->image_key, sizeof head->image_key, o->image_key) ||
        !str_copy(head->key, sizeof head->key, o->key) ||
        !str_copy(head->content, sizeof head->content, o->content))
        return err_set(err, ERR_INTERNAL, "checkpoint", "a string does not fit the checkpoint");
    codec_writer(&o->choice, head->writer);
    if (gethostname(head->host, sizeof head->host - 1))
        head->host[0] = '\0';
    str_printable(head->host);
    if (audit_unique(head->owner, err))
        return ERR_FAIL;
    checkpoint_remote_begin(&r->remote, o->store, o->image_key, head->owner);
    head->began = clock_wall();
    head->part_size = o->part_size;
    head->codec = o->choice.codec;
    head->kind = o->thin ? CHECKPOINT_THIN : CHECKPOINT_PLAIN;
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
    r->record = (struct step_record){.builder = options->builder,
                                     .thin = options->thin,
                                     .no_md5 = strcmp(options->key, options->image_key) != 0};
    open_file(r);
    if (prepare_head(r, err) || (r->alone && find_earlier(r, err))) {
        resume_destroy(r);
        return ERR_FAIL;
    }
    *out = r;
    return 0;
}
