/*
 * What is followed (`old`) and what is written (`journal`) are one file: the records that were good
 * stay, new ones are added behind them. Parts are written down before they are sent, with the
 * chunks they are made of; their ETags when the store has answered. So a part that the store lists
 * is known unless the process died between its answer and our note of it: then it is sent again.
 *
 * Why following is sound: a chunk is left out only when all parts that it lies in are in the store,
 * under the number, size and ETag that were written down; and a part is left out only after all of
 * its chunks were compared with what was written down, name and both sizes. So parts stand where
 * they stood, and no part that is sent has a gap.
 */
#include "move/resume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "catalog/audit.h"
#include "move/checkpoint_file.h"
#include "move/checkpoint_remote.h"

#define REMOTE_STEP                                                                                \
    (64 * (uint64_t)MIB) /* that arrive between two copies of the state, at least                  \
                          */

struct resume {
    struct resume_options options;
    struct checkpoint_file file;
    struct checkpoint_remote remote;
    uint64_t arrived, remote_at; /* bytes; when the last copy went into the bucket */
    bool alone;                  /* no other push of this name is at work here */
    struct checkpoint *old;      /* NULL: nothing to follow */
    bool *has;                   /* of old->parts: the store has it */
    char refusal[256];

    struct checkpoint_head head;
    bool begun;          /* the head is in the journal */
    struct text journal; /* before the head is known: what will follow it */
    size_t written;      /* bytes of it that are in the file */
    unsigned homes;      /* parts that the store has */

    uint32_t marked;    /* chunks of `old` that the stream was compared with */
    uint64_t marked_at; /* where the next one begins in the archive */
    unsigned mark_part; /* the part of `old` that it begins in */

    uint32_t noted;     /* chunks that were told with their part */
    uint64_t noted_end; /* where they end */
    unsigned parts;     /* that were told */
    uint64_t parts_end;
    uint64_t bytes;
    bool diverged, from_bucket;
};

/* ---- the file ---- */

/* A journal that cannot be written is one that a next push will not find: no failure of this one.
 */
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
        log_info("another push of this name is at work: this one cannot be resumed");
    else if (answer)
        log_info("this push cannot be resumed: %s", err.text);
}

/* ---- what an earlier push left ---- */

static void give_up(struct resume *r, const char *why)
{
    struct store_op op = {.verb = STORE_UPLOAD_ABORT, .optional = true};
    struct err err;

    str_copy(r->refusal, sizeof r->refusal, why);
    if (r->old) {
        op.key = r->old->head.key;
        op.upload_id_in = r->old->head.upload;
        if (store_run(r->options.store, &op, &err) == STORE_FAILED)
            log_info("the unfinished upload of %s could not be removed: %s", op.key, err.text);
    }
    checkpoint_destroy(r->old);
    r->old = NULL;
    if (r->file.fd >= 0 && checkpoint_file_cut(&r->file, 0, &err))
        checkpoint_file_remove(&r->file);
}

/* Why it is not for this push, or NULL. */
static const char *mismatch(const struct resume *r, const struct checkpoint_head *head)
{
    const struct resume_options *o = &r->options;
    char writer[INDEX_WRITER_SIZE];

    index_writer(o->level, writer);
    if (head->content[0] && o->content[0] && strcmp(head->content, o->content) != 0)
        return "the image has changed since";
    if (strcmp(head->writer, writer) != 0)
        return "it was compressed in another way";
    if (head->part_size != o->part_size || head->base_count)
        return "it was divided in another way";
    return NULL;
}

static void compare_part(struct resume *r, const struct store_entry *entry)
{
    unsigned long number = strtoul(entry->key, NULL, 10);
    const struct checkpoint_part *part;

    if (number == 0 || number > r->old->part_count)
        return;
    part = &r->old->parts[number - 1];
    if (part->has_md5 && part->etag[0] && part->size == entry->info.size &&
        strcmp(part->etag, entry->info.etag) == 0 && !r->has[number - 1]) {
        r->has[number - 1] = true;
        r->homes++;
    }
}

/* The store's word on what it has. */
static enum store_answer list_parts(struct resume *r, struct store_op *op, struct err *err)
{
    char token[STORE_KEY_MAX] = "";
    enum store_answer answer;

    for (unsigned pages = 0; pages < CHECKPOINT_PARTS; pages++) {
        struct store_page page = {0};
        bool more = false;

        *op = (struct store_op){.verb = STORE_UPLOAD_PARTS,
                                .key = r->old->head.key,
                                .upload_id_in = r->old->head.upload,
                                .token = token[0] ? token : NULL,
                                .page = &page,
                                .optional = true};
        answer = store_run(r->options.store, op, err);
        for (size_t i = 0; answer == STORE_DONE && i < page.count; i++)
            compare_part(r, &page.entries[i]);
        if (answer == STORE_DONE && page.next)
            more = str_copy(token, sizeof token, page.next);
        store_page_finish(&page);
        if (!more)
            return answer;
    }
    return STORE_DONE;
}

static int ask_store(struct resume *r, struct err *err)
{
    struct store_op op;

    r->has = calloc(r->old->part_count + 1, sizeof *r->has);
    if (!r->has)
        return err_memory(err, "the state of an upload");
    switch (list_parts(r, &op, err)) {
    case STORE_DONE:
        if (r->homes == 0)
            give_up(r, ""); /* nothing is lost */
        return 0;
    case STORE_FAILED:
        if (op.http_status == 0 || op.http_status >= 500)
            return err_wrap(err, "cannot look at the unfinished upload");
        give_up(r, "the store does not tell what it has of it");
        return 0;
    default:
        give_up(r, "it has expired");
        return 0;
    }
}

static void read_file(struct resume *r)
{
    struct err err;

    if (checkpoint_file_read(&r->file, &r->journal, &err)) {
        give_up(r, err.text);
    } else if (r->journal.size) {
        if (checkpoint_parse(text_view(&r->journal), &r->old, &err))
            give_up(r, "what was written down of it is damaged");
        else if (strcmp(r->old->head.store, r->options.store->identity) != 0 ||
                 strcmp(r->old->head.key, r->options.key) != 0)
            give_up(r, "what was written down is of another upload");
    }
}

static bool fits(void *arg, const struct checkpoint *checkpoint)
{
    return !mismatch(arg, &checkpoint->head);
}

/* Another host may have left its state in the bucket. */
static void read_bucket(struct resume *r)
{
    struct err ignored;

    if (!checkpoint_remote_take(&r->remote, r->options.key, fits, r, &r->journal))
        return;
    if (checkpoint_parse(text_view(&r->journal), &r->old, &ignored))
        r->old = NULL;
    else
        log_info("going on with the push of %s", r->old->head.host);
    r->from_bucket = true;
}

static int look_back(struct resume *r, struct err *err)
{
    const char *why;

    if (r->file.fd >= 0)
        read_file(r);
    if (!r->old && !r->options.off)
        read_bucket(r);
    why = r->old ? mismatch(r, &r->old->head) : NULL;
    if (r->options.off)
        why = "that was asked for";
    if (why && r->old)
        give_up(r, why);
    if (r->old && ask_store(r, err))
        return ERR_FAIL;
    if (r->options.off)
        checkpoint_file_remove(&r->file);
    if (!r->old) {
        text_clear(&r->journal);
        return 0;
    }
    r->begun = true;
    text_cut(&r->journal, r->old->good);
    if (r->from_bucket) {
        save(r);
    } else {
        if (checkpoint_file_cut(&r->file, r->old->good, err))
            return ERR_FAIL;
        r->written = r->old->good;
        checkpoint_remote_finish(&r->remote);
        checkpoint_remote_begin(&r->remote, r->options.store, r->options.key, r->old->head.owner);
        r->remote.written = r->old->head.owner[0] != '\0';
    }
    log_info("going on with an upload: the store has %u of %u parts", r->homes, r->old->part_count);
    return 0;
}

static int prepare_head(struct resume *r, struct err *err)
{
    struct checkpoint_head *head = &r->head;
    const struct resume_options *o = &r->options;

    if (!str_copy(head->store, sizeof head->store, o->store->identity) ||
        !str_copy(head->key, sizeof head->key, o->key) ||
        !str_copy(head->content, sizeof head->content, o->content))
        return err_set(err, ERR_INTERNAL, "checkpoint", "the state of an upload has no room");
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
        return err_memory(err, "the state of an upload");
    r->options = *options;
    r->file.fd = -1;
    text_init(&r->journal, CHECKPOINT_MAX);
    open_file(r);
    if (prepare_head(r, err) || (r->alone && look_back(r, err))) {
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
    checkpoint_destroy(resume->old);
    text_finish(&resume->journal);
    free(resume->has);
    free(resume);
}

const struct checkpoint_head *resume_follows(const struct resume *resume)
{
    return resume->old ? &resume->old->head : NULL;
}

const char *resume_refusal(const struct resume *resume)
{
    return resume->refusal;
}

/* ---- following ---- */

static int diverge(struct resume *r, struct err *err)
{
    r->diverged = true;
    return err_set(err, ERR_CONFLICT, "changed",
                   "the image is not the one that this upload was begun with");
}

/* Whether all of these bytes are in parts that the store has. */
static bool is_there(struct resume *r, uint64_t at, uint64_t end)
{
    const struct checkpoint *old = r->old;
    unsigned n;

    while (r->mark_part < old->part_count &&
           old->parts[r->mark_part].offset + old->parts[r->mark_part].size <= at)
        r->mark_part++;
    for (n = r->mark_part; n < old->part_count && old->parts[n].offset < end; n++)
        if (!r->has[n])
            return false;
    return n > 0 && old->parts[n - 1].offset + old->parts[n - 1].size >= end;
}

static int mark(struct resume *r, struct span_chunk *chunk, struct err *err)
{
    const struct index_chunk *then = &r->old->chunks[r->marked];

    if (then->raw_size != chunk->chunk.raw_size || !xxh128_equals(&then->name, &chunk->chunk.name))
        return diverge(r, err);
    if (chunk->held.size == 0 && is_there(r, r->marked_at, r->marked_at + then->packed_size)) {
        chunk->chunk.packed_size = then->packed_size;
        chunk->unpacked = false;
        chunk->sent = true;
    }
    r->marked++;
    r->marked_at += then->packed_size;
    return 0;
}

int resume_mark(struct resume *resume, struct span *span, struct err *err)
{
    for (unsigned i = 0; i < span->count; i++)
        if (resume->old && resume->marked < resume->old->chunk_count &&
            mark(resume, &span->chunks[i], err))
            return ERR_FAIL;
    return 0;
}

static bool same_chunk(const struct index_chunk *a, const struct index_chunk *b)
{
    return a->raw_size == b->raw_size && a->packed_size == b->packed_size &&
           xxh128_equals(&a->name, &b->name);
}

/* Goes over the chunks that begin before `end`. *first and *count: those that were not told yet. */
static int tell_chunks(struct resume *r, uint64_t end, uint32_t *first, uint32_t *count,
                       struct err *err)
{
    const struct index_chunk *chunk;

    *first = r->noted;
    *count = 0;
    while (r->noted_end < end) {
        chunk = index_builder_chunk(r->options.builder, r->noted);
        if (!chunk)
            return err_set(err, ERR_INTERNAL, "checkpoint", "a part has no chunks");
        if (r->old && r->noted < r->old->chunk_count) {
            if (!same_chunk(chunk, &r->old->chunks[r->noted]))
                return diverge(r, err);
            *first = r->noted + 1;
        }
        r->noted_end += chunk->packed_size;
        r->noted++;
    }
    *count = r->noted - *first;
    return 0;
}

static int write_part(struct resume *r, uint64_t size, uint32_t first, uint32_t count,
                      struct err *err)
{
    struct checkpoint_part part = {.size = size, .has_md5 = true};
    struct index_chunk *chunks = calloc(count + 1, sizeof *chunks);

    if (!chunks)
        return err_memory(err, "the state of an upload");
    for (uint32_t i = 0; i < count; i++)
        chunks[i] = *index_builder_chunk(r->options.builder, first + i);
    md5_save(r->options.md5, part.md5);
    checkpoint_put_part(&r->journal, &part, chunks, count);
    free(chunks);
    save(r);
    return 0;
}

int resume_part(struct resume *resume, const struct part *part, const char **etag, struct err *err)
{
    unsigned at = resume->parts++;
    const struct checkpoint_part *then =
        resume->old && at < resume->old->part_count ? &resume->old->parts[at] : NULL;
    uint32_t first = 0, count = 0;

    resume->parts_end += part->size;
    if (then && then->size != part->size)
        return diverge(resume, err);
    if (tell_chunks(resume, resume->parts_end, &first, &count, err))
        return ERR_FAIL;
    if (then && resume->has[at]) {
        md5_load(resume->options.md5, then->md5);
        *etag = then->etag;
        resume->bytes += part->size;
        return RESUME_HAS;
    }
    digest_add(resume->options.md5, part->data, part->size);
    return then ? 0 : write_part(resume, part->size, first, count, err);
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

/* So seldom that all copies together are a small part of what is uploaded. */
static void save_remote(struct resume *r)
{
    uint64_t since = r->arrived - r->remote_at;

    if (!r->alone || r->options.off || !r->begun || r->journal.failed || since < REMOTE_STEP ||
        since < r->arrived / 4)
        return;
    r->remote_at = r->arrived;
    checkpoint_remote_write(&r->remote, text_view(&r->journal));
}

void resume_home(struct resume *resume, const struct part *part, const char *etag)
{
    if (resume->options.off)
        return;
    resume->homes++;
    resume->arrived += part->size;
    checkpoint_put_etag(&resume->journal, part->number, etag);
    save(resume);
    save_remote(resume);
}

uint64_t resume_bytes(const struct resume *resume)
{
    return resume->bytes;
}

bool resume_has_diverged(const struct resume *resume)
{
    return resume->diverged;
}

/* ---- the end ---- */

bool resume_keep(struct resume *resume, bool reachable)
{
    if (!resume->alone || resume->options.off || !resume->begun || resume->homes == 0 ||
        resume->journal.failed)
        return false;
    checkpoint_put_stop(&resume->journal);
    save(resume);
    if (reachable)
        checkpoint_remote_write_last(&resume->remote, text_view(&resume->journal));
    return resume->file.fd >= 0 || resume->remote.written;
}

void resume_forget(struct resume *resume)
{
    checkpoint_remote_remove(&resume->remote);
    checkpoint_file_remove(&resume->file);
    resume->options.off = true;
}
