/*
 * A join is an upload of two parts: create, send both sides at once, complete. A side that is a
 * range of another temporary object waits until that object is complete, because its ETag is only
 * known then. So do ranges of the final object.
 */
#include "push/upload/composer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/err.h"
#include "base/log.h"

#define TEMPS_MAX 65536

struct temp;

struct request {
    struct store_op op; /* first: its message is the operation */
    struct temp *temp;
    struct piece piece;
    bool sent, done;
};

enum { LEFT, RIGHT, SIDES };

/* The operations and pieces of a temporary object that is being made. */
struct work {
    struct request create, complete, side[SIDES];
    struct store_part parts[SIDES];
};

struct temp {
    unsigned number; /* PART_PLANNER_TEMP and up */
    char key[KEY_MAX];
    char etag[STORE_ETAG_MAX];
    char id[STORE_UPLOAD_MAX];
    bool ready, touched; /* complete; being completed, so perhaps complete */
    struct work *work;
};

/* A part of the final object that waits for its source. */
struct waiting {
    struct waiting *next;
    unsigned number;
    struct region region;
};

struct composer {
    struct composer_options options;
    struct temp **temps;
    unsigned count, out;
    size_t room; /* of temps */
    struct waiting *waiting;
    bool stopped;
};

struct composer *composer_create(const struct composer_options *options, struct err *err)
{
    struct composer *c = calloc(1, sizeof *c);

    if (!c) {
        err_memory(err, "the upload");
        return NULL;
    }
    c->options = *options;
    return c;
}

static void drop_work(struct composer *c, struct temp *temp)
{
    if (!temp->work)
        return;
    for (unsigned i = 0; i < SIDES; i++)
        if (temp->work->side[i].piece.part)
            parts_give(c->options.parts, temp->work->side[i].piece.part);
    free(temp->work);
    temp->work = NULL;
}

void composer_destroy(struct composer *composer)
{
    if (!composer)
        return;
    assert(composer->out == 0);
    for (unsigned i = 0; i < composer->count; i++) {
        drop_work(composer, composer->temps[i]);
        free(composer->temps[i]);
    }
    for (struct waiting *w = composer->waiting, *next; w; w = next) {
        next = w->next;
        free(w);
    }
    free(composer->temps);
    free(composer);
}

void composer_stop(struct composer *composer)
{
    composer->stopped = true;
}

unsigned composer_out(const struct composer *composer)
{
    return composer->out;
}

unsigned composer_count(const struct composer *composer)
{
    return composer->count;
}

static void submit(struct composer *c, struct request *request)
{
    request->sent = true;
    request->op.inbox = c->options.inbox;
    request->op.msg.kind = c->options.kind;
    request->op.optional = true;
    c->out++;
    store_submit(c->options.store, &request->op);
}

/* Finds the object of a range. False: it does not exist yet. */
static bool find_source(const struct composer *c, const struct region *region, const char **key,
                        const char **etag)
{
    const struct temp *temp;

    if (region->object < PART_PLANNER_TEMP) {
        *key = c->options.bases->objects[region->object].key;
        *etag = c->options.bases->objects[region->object].etag;
        return true;
    }
    temp = c->temps[region->object - PART_PLANNER_TEMP];
    *key = temp->key;
    *etag = temp->etag;
    return temp->ready;
}

static void send_side(struct composer *c, struct temp *temp, unsigned side)
{
    struct request *request = &temp->work->side[side];
    const struct region *region = &request->piece.region;

    request->op =
        (struct store_op){.key = temp->key, .upload_id_in = temp->id, .part_number = side + 1};
    if (request->piece.part) {
        request->op.verb = STORE_UPLOAD_PART;
        request->op.body = view_of(request->piece.part->data, request->piece.part->size);
    } else {
        if (!find_source(c, region, &request->op.source, &request->op.if_match))
            return;
        request->op.verb = STORE_UPLOAD_COPY_PART;
        request->op.offset = region->offset;
        request->op.length = region->size;
    }
    submit(c, request);
}

static void send_sides(struct composer *c, struct temp *temp)
{
    for (unsigned i = 0; i < SIDES; i++)
        if (!temp->work->side[i].sent)
            send_side(c, temp, i);
}

static void complete(struct composer *c, struct temp *temp)
{
    struct work *work = temp->work;
    uint64_t size = 0;

    for (unsigned i = 0; i < SIDES; i++) {
        const struct store_op *side = &work->side[i].op;

        work->parts[i].number = i + 1;
        str_copy(work->parts[i].etag, sizeof work->parts[i].etag, side->info.etag);
        size += side->verb == STORE_UPLOAD_PART ? side->body.size : side->length;
    }
    work->complete.op = (struct store_op){.verb = STORE_UPLOAD_COMPLETE,
                                          .key = temp->key,
                                          .upload_id_in = temp->id,
                                          .parts = work->parts,
                                          .part_count = SIDES,
                                          .length = size};
    temp->touched = true;
    submit(c, &work->complete);
}

static int send_region(struct composer *c, unsigned number, const struct region *region,
                       struct err *err)
{
    const char *key, *etag;

    find_source(c, region, &key, &etag);
    return upload_range(c->options.upload, number, key, etag, region->offset, region->size, err);
}

/* Sends the sides and ranges that waited for a temporary object. */
static int send_waiting(struct composer *c, struct err *err)
{
    struct waiting **at = &c->waiting;
    const char *key, *etag;

    for (unsigned i = 0; i < c->count; i++)
        if (c->temps[i]->work && c->temps[i]->id[0])
            send_sides(c, c->temps[i]);
    while (*at) {
        struct waiting *w = *at;
        int failed;

        if (!find_source(c, &w->region, &key, &etag)) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        failed = send_region(c, w->number, &w->region, err);
        free(w);
        if (failed)
            return ERR_FAIL;
    }
    return 0;
}

/* ---- finished operations ---- */

static int op_failed(const struct store_op *op, struct err *err)
{
    if (op->answer == STORE_FAILED)
        *err = op->err;
    else
        err_set(err, ERR_CONFLICT, "changed", "an archive that was to be copied from has changed");
    return err_wrap(err, "upload");
}

static void on_created(struct composer *c, struct temp *temp)
{
    str_copy(temp->id, sizeof temp->id, temp->work->create.op.upload_id);
    if (!c->stopped)
        send_sides(c, temp);
}

static void on_side(struct composer *c, struct temp *temp, struct request *request)
{
    if (request->piece.part)
        parts_give(c->options.parts, request->piece.part);
    request->piece.part = NULL;
    request->done = true;
    if (!c->stopped && temp->work->side[LEFT].done && temp->work->side[RIGHT].done)
        complete(c, temp);
}

static int on_complete(struct composer *c, struct temp *temp, struct err *err)
{
    str_copy(temp->etag, sizeof temp->etag, temp->work->complete.op.info.etag);
    temp->ready = true;
    drop_work(c, temp);
    return c->stopped ? 0 : send_waiting(c, err);
}

int composer_finish_op(struct composer *composer, struct msg *msg, struct composer_news *news,
                       struct err *err)
{
    struct request *request = (struct request *)msg;
    struct temp *temp = request->temp;

    *news = (struct composer_news){0};
    composer->out--;
    if (request->op.answer != STORE_DONE) {
        news->failure = copy_failure_of(&request->op);
        return op_failed(&request->op, err);
    }
    if (request == &temp->work->complete) {
        news->joined = temp->number;
        return on_complete(composer, temp, err);
    }
    if (request == &temp->work->create)
        on_created(composer, temp);
    else
        on_side(composer, temp, request);
    return 0;
}

/* ---- steps ---- */

static int add_temp(struct composer *c, struct temp *temp, struct err *err)
{
    if (!array_reserve(&c->temps, &c->room, c->count, sizeof(struct temp *)))
        return err_memory(err, "the upload");
    if (c->count == TEMPS_MAX)
        return err_set(err, ERR_UNSUPPORTED, "upload", "the image differs in too many places");
    c->temps[c->count++] = temp;
    return 0;
}

static void name_temp(const struct composer *c, struct temp *temp, unsigned number)
{
    temp->number = number;
    snprintf(temp->key, sizeof temp->key, "%.64s%u", c->options.folder, number - PART_PLANNER_TEMP);
}

int composer_keep(struct composer *composer, const struct part_planner_step *step, const char *etag,
                  struct err *err)
{
    struct temp *temp = calloc(1, sizeof *temp);

    if (!temp)
        return err_memory(err, "the upload");
    if (add_temp(composer, temp, err)) {
        free(temp);
        return ERR_FAIL;
    }
    name_temp(composer, temp, step->number);
    temp->ready = temp->touched = etag != NULL;
    if (etag)
        str_copy(temp->etag, sizeof temp->etag, etag);
    return 0;
}

const char *composer_etag(const struct composer *composer, unsigned number)
{
    return composer->temps[number - PART_PLANNER_TEMP]->etag;
}

static int begin_join(struct composer *c, const struct part_planner_step *step, struct err *err)
{
    struct temp *temp = calloc(1, sizeof *temp);
    struct work *work = temp ? calloc(1, sizeof *work) : NULL;
    const struct piece *pieces[SIDES] = {&step->left, &step->right};

    assert(step->number == PART_PLANNER_TEMP + c->count);
    if (!work || add_temp(c, temp, err)) {
        for (unsigned i = 0; i < SIDES; i++)
            if (pieces[i]->part)
                parts_give(c->options.parts, pieces[i]->part);
        free(work);
        free(temp);
        return work ? ERR_FAIL : err_memory(err, "the upload");
    }
    temp->work = work;
    name_temp(c, temp, step->number);
    work->create.temp = work->complete.temp = temp;
    for (unsigned i = 0; i < SIDES; i++) {
        work->side[i].temp = temp;
        work->side[i].piece = *pieces[i];
    }
    work->create.op = (struct store_op){.verb = STORE_UPLOAD_CREATE, .key = temp->key};
    submit(c, &work->create);
    return 0;
}

static int wait_for(struct composer *c, const struct part_planner_step *step, struct err *err)
{
    struct waiting *w = malloc(sizeof *w);

    if (!w)
        return err_memory(err, "the upload");
    *w = (struct waiting){.next = c->waiting, .number = step->number, .region = step->left.region};
    c->waiting = w;
    return 0;
}

int composer_step(struct composer *composer, const struct part_planner_step *step, struct err *err)
{
    const char *key, *etag;

    if (step->kind == STEP_JOIN)
        return begin_join(composer, step, err);
    if (step->left.part) {
        upload_part(composer->options.upload, step->left.part);
        return 0;
    }
    if (!find_source(composer, &step->left.region, &key, &etag))
        return wait_for(composer, step, err);
    return send_region(composer, step->number, &step->left.region, err);
}

/* ---- afterwards ---- */

void composer_clean_up(struct composer *composer)
{
    struct store_op *ops = calloc(2 * (size_t)composer->count + 1, sizeof *ops);
    struct err ignored;
    struct inbox *inbox = inbox_create(&ignored);
    unsigned count = 0;

    for (unsigned i = 0; ops && inbox && i < composer->count; i++) {
        const struct temp *temp = composer->temps[i];

        if (temp->id[0] && !temp->ready)
            ops[count++] = (struct store_op){
                .verb = STORE_UPLOAD_ABORT, .key = temp->key, .upload_id_in = temp->id};
        if (temp->touched)
            ops[count++] = (struct store_op){.verb = STORE_DELETE, .key = temp->key};
    }
    for (unsigned i = 0; i < count; i++) {
        ops[i].inbox = inbox;
        ops[i].optional = true;
        store_submit(composer->options.store, &ops[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        const struct store_op *op = (struct store_op *)inbox_take(inbox, INBOX_FOREVER);

        if (op->answer == STORE_FAILED)
            log_info("%s could not be removed: %s", op->key, op->err.text);
    }
    inbox_destroy(inbox);
    free(ops);
}
