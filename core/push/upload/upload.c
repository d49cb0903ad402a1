/*
 * The multipart upload is created with the first full part. Parts that become full before the store
 * has responded wait in their slots; each slot has one part and the operation that sends it.
 */
#include "push/upload/upload.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/codes.h"
#include "base/log.h"

struct part_slot {
    struct store_op op; /* first: its message is the operation */
    struct part *part;  /* NULL: free */
    bool sent;
};

/* A part that the store copies. */
struct range {
    struct store_op op; /* first */
    struct range *next; /* of the ranges that wait for the id */
};

struct upload {
    struct store *store;
    struct inbox *inbox;
    int kind;
    const char *key, *content_type;

    struct store_op create;
    bool creating;
    char id[STORE_UPLOAD_MAX]; /* "" until it is created */

    unsigned slot_count, out;
    struct part_slot *slots;
    struct range *waiting;
    bool has_ranges;
    uint64_t placed;
    struct part *held;  /* the only part of the object */
    struct digest *md5; /* of the parts before number `undigested` */
    uint8_t md5_state[MD5_STATE_SIZE];
    unsigned undigested;
    bool checked_later;
    bool gap;                /* a part was not added: the MD5 is not known any more */
    struct store_part *done; /* ETags by part number */
    unsigned done_count;
    size_t done_room;
};

struct upload *upload_create(const struct upload_options *options, struct err *err)
{
    struct upload *u = calloc(1, sizeof *u);

    if (!u) {
        err_memory(err, "the upload");
        return NULL;
    }
    u->slots = calloc(options->parts_out, sizeof *u->slots);
    u->md5 = digest_create(DIGEST_MD5);
    if (!u->slots || !u->md5) {
        upload_destroy(u);
        err_memory(err, "the upload");
        return NULL;
    }
    u->undigested = 1;
    u->store = options->store;
    u->key = options->key;
    u->content_type = options->content_type;
    u->inbox = options->inbox;
    u->kind = options->kind;
    u->slot_count = options->parts_out;
    u->gap = !options->digest;
    u->checked_later = options->checked_later;
    return u;
}

void upload_destroy(struct upload *upload)
{
    if (!upload)
        return;
    for (struct range *range = upload->waiting, *next; range; range = next) {
        next = range->next;
        free(range);
    }
    digest_destroy(upload->md5);
    free(upload->slots);
    free(upload->done);
    free(upload);
}

uint64_t upload_placed(const struct upload *upload)
{
    return upload->placed;
}

unsigned upload_out(const struct upload *upload)
{
    return upload->out;
}

static void submit(struct upload *u, struct store_op *op)
{
    op->inbox = u->inbox;
    op->msg.kind = u->kind;
    u->out++;
    store_submit(u->store, op);
}

static void send_slot(struct upload *u, struct part_slot *slot)
{
    slot->sent = true;
    slot->op = (struct store_op){
        .verb = STORE_UPLOAD_PART,
        .key = u->key,
        .upload_id_in = u->id,
        .part_number = slot->part->number,
        .body = view_of(slot->part->data, slot->part->size),
    };
    submit(u, &slot->op);
}

static void begin(struct upload *u)
{
    u->creating = true;
    u->create = (struct store_op){.verb = STORE_UPLOAD_CREATE,
                                  .key = u->key,
                                  .content_type = u->content_type,
                                  .archive = true};
    submit(u, &u->create);
}

void upload_part(struct upload *upload, struct part *part)
{
    struct part_slot *slot = upload->slots;

    while (slot->part)
        slot++;
    slot->part = part;
    slot->sent = false;
    if (upload->id[0])
        send_slot(upload, slot);
    else if (!upload->creating)
        begin(upload);
}

int upload_range(struct upload *upload, unsigned number, const char *source, const char *etag,
                 uint64_t offset, uint64_t size, struct err *err)
{
    struct range *range = calloc(1, sizeof *range);

    if (!range)
        return err_memory(err, "the upload");
    upload->has_ranges = true;
    range->op = (struct store_op){.verb = STORE_UPLOAD_COPY_PART,
                                  .key = upload->key,
                                  .upload_id_in = upload->id,
                                  .part_number = number,
                                  .source = source,
                                  .if_match = etag,
                                  .offset = offset,
                                  .length = size,
                                  .optional = true};
    if (upload->id[0]) {
        submit(upload, &range->op);
        return 0;
    }
    range->next = upload->waiting;
    upload->waiting = range;
    if (!upload->creating)
        begin(upload);
    return 0;
}

/* Stores the ETag of a part. Parts arrive in any order; numbers without an ETag are missing. */
static int remember(struct upload *u, unsigned number, const char *etag, struct err *err)
{
    size_t known = u->done_room;

    if (!array_reserve(&u->done, &u->done_room, number - 1, sizeof *u->done))
        return err_memory(err, "the list of parts");
    memset(u->done + known, 0, (u->done_room - known) * sizeof *u->done);
    u->done[number - 1].number = number;
    str_copy(u->done[number - 1].etag, sizeof u->done[number - 1].etag, etag);
    if (number > u->done_count)
        u->done_count = number;
    return 0;
}

void upload_adopt(struct upload *upload, const char *id)
{
    str_copy(upload->id, sizeof upload->id, id);
}

int upload_keep(struct upload *upload, unsigned number, uint64_t size,
                const struct resume_kept *kept, struct err *err)
{
    if (kept->md5 && number == upload->undigested) {
        md5_load(upload->md5, kept->md5);
        upload->undigested++;
    } else {
        upload->gap = true;
    }
    upload->placed += size;
    return remember(upload, number, kept->etag, err);
}

/* ---- the MD5 of the archive ---- */

void upload_digest(struct upload *upload, const struct part *part)
{
    if (part->number != upload->undigested)
        upload->gap = true;
    if (upload->gap)
        return;
    digest_add(upload->md5, part->data, part->size);
    upload->undigested++;
}

const uint8_t *upload_md5(struct upload *upload)
{
    if (upload->gap)
        return NULL;
    md5_save(upload->md5, upload->md5_state);
    return upload->md5_state;
}

void upload_checksum(struct upload *upload, char out[MD5_HEX_SIZE])
{
    uint8_t md5[MD5_SIZE];

    out[0] = '\0';
    if (upload->gap || upload->undigested <= upload->done_count) /* the last parts were copied */
        return;
    digest_end(upload->md5, md5);
    hex_encode(md5, sizeof md5, out);
}

void upload_hold(struct upload *upload, struct part *part)
{
    upload_digest(upload, part);
    upload->held = part;
}

bool upload_has_begun(const struct upload *upload)
{
    return upload->creating || upload->id[0];
}

const char *upload_new_id(const struct upload *upload, const struct msg *msg)
{
    const struct store_op *op = &upload->create;

    return msg == &op->msg && op->answer == STORE_DONE ? op->upload_id : "";
}

const char *upload_etag(const struct upload *upload, unsigned number)
{
    return upload->done[number - 1].etag;
}

static int op_failed(const struct store_op *op, const char *what, struct err *err)
{
    if (op->answer == STORE_FAILED)
        *err = op->err;
    else
        err_set(err, ERR_CONFLICT, "upload", "the unfinished upload is gone from the store");
    return err_wrap(err, "%s", what);
}

static int created(struct upload *u, struct err *err)
{
    u->creating = false;
    if (u->create.answer != STORE_DONE)
        return op_failed(&u->create, "cannot begin the upload", err);
    str_copy(u->id, sizeof u->id, u->create.upload_id);
    log_debug("upload %s: id %s", u->key, u->id);
    for (unsigned i = 0; i < u->slot_count; i++)
        if (u->slots[i].part && !u->slots[i].sent)
            send_slot(u, &u->slots[i]);
    while (u->waiting) {
        struct range *range = u->waiting;

        u->waiting = range->next;
        submit(u, &range->op);
    }
    return 0;
}

static int arrived(struct upload *u, unsigned number, uint64_t size, const char *etag,
                   struct upload_news *news, struct err *err)
{
    u->placed += size;
    news->number = number;
    news->size = size;
    return remember(u, number, etag, err);
}

static int finish_range(struct upload *u, struct range *range, struct upload_news *news,
                        struct err *err)
{
    int answer;

    if (range->op.answer == STORE_DONE) {
        answer =
            arrived(u, range->op.part_number, range->op.length, range->op.info.etag, news, err);
    } else {
        news->failure = copy_failure_of(&range->op);
        answer = op_failed(&range->op, "copy", err);
    }
    free(range);
    return answer;
}

int upload_finish_op(struct upload *upload, struct msg *msg, struct upload_news *news,
                     struct err *err)
{
    struct part_slot *slot = (struct part_slot *)msg;
    struct part *part;

    *news = (struct upload_news){0};
    upload->out--;
    if (msg == &upload->create.msg)
        return created(upload, err);
    if (((struct store_op *)msg)->verb == STORE_UPLOAD_COPY_PART)
        return finish_range(upload, (struct range *)msg, news, err);
    part = slot->part;
    slot->part = NULL;
    news->freed = part;
    if (slot->op.answer != STORE_DONE)
        return op_failed(&slot->op, "upload", err);
    return arrived(upload, part->number, part->size, slot->op.info.etag, news, err);
}

struct part *upload_reclaim(struct upload *upload)
{
    struct part *held = upload->held;

    upload->held = NULL;
    for (unsigned i = 0; !held && i < upload->slot_count; i++) {
        struct part_slot *slot = &upload->slots[i];

        if (slot->part && !slot->sent) {
            held = slot->part;
            slot->part = NULL;
        }
    }
    return held;
}

static int put_whole(struct upload *u, struct store_info *info, struct err *err)
{
    struct store_op op = {
        .verb = STORE_PUT,
        .key = u->key,
        .body = u->held ? view_of(u->held->data, u->held->size) : view_of(NULL, 0),
        .content_type = u->content_type,
        .archive = true,
    };

    if (store_run(u->store, &op, err) != STORE_DONE)
        return op_failed(&op, "upload", err);
    *info = (struct store_info){.size = op.body.size};
    str_copy(info->etag, sizeof info->etag, op.info.etag);
    return 0;
}

static int send_held(struct upload *u, struct err *err)
{
    const struct part *part = u->held;
    struct store_op op = {
        .verb = STORE_UPLOAD_PART,
        .key = u->key,
        .upload_id_in = u->id,
        .part_number = part->number,
        .body = view_of(part->data, part->size),
    };

    if (store_run(u->store, &op, err) != STORE_DONE)
        return op_failed(&op, "upload", err);
    return remember(u, part->number, op.info.etag, err);
}

static int complete(struct upload *u, uint64_t size, struct store_info *info,
                    enum copy_failure *failure, struct err *err)
{
    struct store_op op = {
        .verb = STORE_UPLOAD_COMPLETE,
        .key = u->key,
        .upload_id_in = u->id,
        .parts = u->done,
        .part_count = u->done_count,
        .length = size,
    };

    op.optional = u->has_ranges;
    if (store_run(u->store, &op, err) != STORE_DONE) {
        if (u->has_ranges)
            *failure = copy_failure_of(&op);
        return op_failed(&op, "cannot complete the upload", err);
    }
    u->id[0] = '\0';
    str_copy(info->etag, sizeof info->etag, op.info.etag);
    return 0;
}

/* Asks for the object. An object of another size with another ETag than the one that was sent is
 * the object of a concurrent push. */
static int confirm(struct upload *upload, uint64_t size, struct store_info *info, struct err *err)
{
    const struct store_info sent = *info;

    switch (store_head(upload->store, upload->key, info, err)) {
    case STORE_DONE:
        break;
    case STORE_FAILED:
        return err_wrap(err, "cannot check the uploaded archive");
    default:
        return err_set(err, ERR_INTEGRITY, "upload",
                       "the store accepted the archive but does not have it");
    }
    if (info->size == size)
        return 0;
    if (sent.etag[0] && strcmp(info->etag, sent.etag) != 0)
        return err_set(err, ERR_CONFLICT, CODE_PUSH, "another push has replaced %s", upload->key);
    return err_set(err, ERR_INTEGRITY, "upload", "the store holds %llu bytes where %llu were sent",
                   (unsigned long long)info->size, (unsigned long long)size);
}

int upload_complete(struct upload *upload, uint64_t size, struct store_info *info,
                    enum copy_failure *failure, struct err *err)
{
    bool put = !upload->id[0];

    *failure = COPY_FAILURE_NONE;
    *info = (struct store_info){0};
    if (!put && upload->held && send_held(upload, err))
        return ERR_FAIL;
    store_insist(upload->store, true);
    if (put ? put_whole(upload, info, err) : complete(upload, size, info, failure, err))
        return ERR_FAIL;
    return upload->checked_later && put && info->etag[0] ? 0 : confirm(upload, size, info, err);
}

void upload_abort(struct upload *upload)
{
    struct store_op op = {.verb = STORE_UPLOAD_ABORT,
                          .key = upload->key,
                          .upload_id_in = upload->id,
                          .optional = true};
    struct err ignored;

    if (!upload->id[0])
        return;
    if (store_run(upload->store, &op, &ignored) == STORE_FAILED)
        log_info("the unfinished upload of %s could not be removed: %s", upload->key, ignored.text);
    upload->id[0] = '\0';
}
