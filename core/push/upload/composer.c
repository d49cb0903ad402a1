/*
 * A join is an upload of two parts: create, both sides at once, complete. A side that is a range of
 * another temporary object waits until that one is complete, since its ETag is only known then, and
 * so do ranges of the final object.
 */
#include "push/upload/composer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/err.h"
#include "base/log.h"
#include "catalog/temp_objects.h"
#include "push/upload/copy_support.h"

#define TEMPS_MAX 65536

struct temp;

struct errand {
    struct store_op op; /* first: comes home as its message */
    struct temp *temp;
    struct piece piece;
    bool sent, done;
};

enum { LEFT, RIGHT, SIDES };

/* What is needed while a temporary object is being made. */
struct work {
    struct errand create, complete, side[SIDES];
    struct store_part parts[SIDES];
};

struct temp {
    unsigned number; /* PART_PLANNER_TEMP and up */
    char key[KEY_MAX];
    char etag[STORE_ETAG_MAX];
    char id[STORE_UPLOAD_MAX];
    bool ready, touched; /* complete; perhaps complete */
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
    unsigned count, room, out, waiting_count;
    struct waiting *waiting;
    bool stopped, no_help, refused, forbidden;
};

int composer_folder(char out[KEY_MAX], struct err *err)
{
    uint8_t unique[8];
    char hex[2 * sizeof unique + 1];

    if (getrandom(unique, sizeof unique, 0) != (ssize_t)sizeof unique)
        return err_set(err, ERR_LOCAL, "random", "the system gives no random numbers");
    hex_encode(unique, sizeof unique, hex);
    snprintf(out, KEY_MAX, TEMP_OBJECTS_FOLDER "%s/", hex);
    return 0;
}

struct composer *composer_create(const struct composer_options *options, struct err *err)
{
    struct composer *j = calloc(1, sizeof *j);

    if (!j) {
        err_memory(err, "the upload");
        return NULL;
    }
    j->options = *options;
    return j;
}

static void drop_work(struct composer *j, struct temp *temp)
{
    if (!temp->work)
        return;
    for (unsigned i = 0; i < SIDES; i++)
        if (temp->work->side[i].piece.part)
            parts_give(j->options.parts, temp->work->side[i].piece.part);
    free(temp->work);
    temp->work = NULL;
}

void composer_destroy(struct composer *joiner)
{
    if (!joiner)
        return;
    assert(joiner->out == 0);
    for (unsigned i = 0; i < joiner->count; i++) {
        drop_work(joiner, joiner->temps[i]);
        free(joiner->temps[i]);
    }
    for (struct waiting *w = joiner->waiting, *next; w; w = next) {
        next = w->next;
        free(w);
    }
    free(joiner->temps);
    free(joiner);
}

void composer_stop(struct composer *joiner)
{
    joiner->stopped = true;
}

unsigned composer_out(const struct composer *joiner)
{
    return joiner->out;
}

unsigned composer_waiting(const struct composer *joiner)
{
    return joiner->waiting_count;
}

unsigned composer_count(const struct composer *joiner)
{
    return joiner->count;
}

bool composer_was_no_help(const struct composer *joiner)
{
    return joiner->no_help || upload_was_no_help(joiner->options.upload);
}

bool composer_was_refused(const struct composer *joiner)
{
    return joiner->refused || upload_was_refused(joiner->options.upload);
}

bool composer_was_forbidden(const struct composer *joiner)
{
    return joiner->forbidden || upload_was_forbidden(joiner->options.upload);
}

static void submit(struct composer *j, struct errand *errand)
{
    errand->sent = true;
    errand->op.home = j->options.home;
    errand->op.msg.kind = j->options.kind;
    errand->op.optional = true;
    j->out++;
    store_submit(j->options.store, &errand->op);
}

/* Where a range is to be had. False: not there yet. */
static bool find_source(const struct composer *j, const struct region *region, const char **key,
                        const char **etag)
{
    const struct temp *temp;

    if (region->object < BASES_MAX) {
        *key = j->options.bases->base[region->object].key;
        *etag = j->options.bases->base[region->object].etag;
        return true;
    }
    temp = j->temps[region->object - PART_PLANNER_TEMP];
    *key = temp->key;
    *etag = temp->etag;
    return temp->ready;
}

static void send_side(struct composer *j, struct temp *temp, unsigned side)
{
    struct errand *errand = &temp->work->side[side];
    const struct region *region = &errand->piece.region;

    errand->op =
        (struct store_op){.key = temp->key, .upload_id_in = temp->id, .part_number = side + 1};
    if (errand->piece.part) {
        errand->op.verb = STORE_UPLOAD_PART;
        errand->op.body = view_of(errand->piece.part->data, errand->piece.part->size);
    } else {
        if (!find_source(j, region, &errand->op.source, &errand->op.if_match))
            return;
        errand->op.verb = STORE_UPLOAD_COPY_PART;
        errand->op.offset = region->offset;
        errand->op.length = region->size;
    }
    submit(j, errand);
}

static void send_sides(struct composer *j, struct temp *temp)
{
    for (unsigned i = 0; i < SIDES; i++)
        if (!temp->work->side[i].sent)
            send_side(j, temp, i);
}

static void complete(struct composer *j, struct temp *temp)
{
    struct work *work = temp->work;

    for (unsigned i = 0; i < SIDES; i++) {
        work->parts[i].number = i + 1;
        str_copy(work->parts[i].etag, sizeof work->parts[i].etag, work->side[i].op.info.etag);
    }
    work->complete.op = (struct store_op){.verb = STORE_UPLOAD_COMPLETE,
                                          .key = temp->key,
                                          .upload_id_in = temp->id,
                                          .parts = work->parts,
                                          .part_count = SIDES};
    temp->touched = true;
    submit(j, &work->complete);
}

static int send_region(struct composer *j, unsigned number, const struct region *region,
                       struct err *err)
{
    const char *key, *etag;

    find_source(j, region, &key, &etag);
    return upload_range(j->options.upload, number, key, etag, region->offset, region->size, err);
}

/* A temporary object is there: whatever waited for one may go on. */
static int go_on(struct composer *j, struct err *err)
{
    struct waiting **at = &j->waiting;
    const char *key, *etag;

    for (unsigned i = 0; i < j->count; i++)
        if (j->temps[i]->work && j->temps[i]->id[0])
            send_sides(j, j->temps[i]);
    while (*at) {
        struct waiting *w = *at;
        int failed;

        if (!find_source(j, &w->region, &key, &etag)) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        j->waiting_count--;
        failed = send_region(j, w->number, &w->region, err);
        free(w);
        if (failed)
            return ERR_FAIL;
    }
    return 0;
}

/* ---- answers ---- */

static int failed(struct composer *j, const struct store_op *op, struct err *err)
{
    j->no_help = j->no_help || copy_error_is_no_help(op);
    j->refused = j->refused || copy_error_is_missing(op);
    j->forbidden = j->forbidden || copy_error_is_forbidden(op);
    if (op->answer == STORE_FAILED)
        *err = op->err;
    else
        err_set(err, ERR_CONFLICT, "changed", "an archive that was to be copied from has changed");
    return err_wrap(err, "upload");
}

static void on_created(struct composer *j, struct temp *temp)
{
    str_copy(temp->id, sizeof temp->id, temp->work->create.op.upload_id);
    if (!j->stopped)
        send_sides(j, temp);
}

static void on_side(struct composer *j, struct temp *temp, struct errand *errand)
{
    if (errand->piece.part)
        parts_give(j->options.parts, errand->piece.part);
    errand->piece.part = NULL;
    errand->done = true;
    if (!j->stopped && temp->work->side[LEFT].done && temp->work->side[RIGHT].done)
        complete(j, temp);
}

static int on_complete(struct composer *j, struct temp *temp, struct err *err)
{
    str_copy(temp->etag, sizeof temp->etag, temp->work->complete.op.info.etag);
    temp->ready = true;
    drop_work(j, temp);
    return j->stopped ? 0 : go_on(j, err);
}

int composer_home(struct composer *joiner, struct msg *msg, unsigned *joined, struct err *err)
{
    struct errand *errand = (struct errand *)msg;
    struct temp *temp = errand->temp;

    *joined = 0;
    joiner->out--;
    if (errand->op.answer != STORE_DONE)
        return failed(joiner, &errand->op, err);
    if (errand == &temp->work->complete) {
        *joined = temp->number;
        return on_complete(joiner, temp, err);
    }
    if (errand == &temp->work->create)
        on_created(joiner, temp);
    else
        on_side(joiner, temp, errand);
    return 0;
}

/* ---- steps ---- */

static int add_temp(struct composer *j, struct temp *temp, struct err *err)
{
    if (j->count == j->room) {
        unsigned room = j->room ? 2 * j->room : 16;
        struct temp **grown = realloc(j->temps, room * sizeof(struct temp *));

        if (!grown)
            return err_memory(err, "the upload");
        j->temps = grown;
        j->room = room;
    }
    if (j->count == TEMPS_MAX)
        return err_set(err, ERR_UNSUPPORTED, "upload", "the image differs in too many places");
    j->temps[j->count++] = temp;
    return 0;
}

static void name_temp(const struct composer *j, struct temp *temp, unsigned number)
{
    temp->number = number;
    snprintf(temp->key, sizeof temp->key, "%.64s%u", j->options.folder, number - PART_PLANNER_TEMP);
}

int composer_keep(struct composer *joiner, const struct part_planner_step *step, const char *etag,
                  struct err *err)
{
    struct temp *temp = calloc(1, sizeof *temp);

    if (!temp)
        return err_memory(err, "the upload");
    if (add_temp(joiner, temp, err)) {
        free(temp);
        return ERR_FAIL;
    }
    name_temp(joiner, temp, step->number);
    temp->ready = temp->touched = etag != NULL;
    if (etag)
        str_copy(temp->etag, sizeof temp->etag, etag);
    return 0;
}

const char *composer_etag(const struct composer *joiner, unsigned number)
{
    return joiner->temps[number - PART_PLANNER_TEMP]->etag;
}

static int begin_join(struct composer *j, const struct part_planner_step *step, struct err *err)
{
    struct temp *temp = calloc(1, sizeof *temp);
    struct work *work = temp ? calloc(1, sizeof *work) : NULL;
    const struct piece *pieces[SIDES] = {&step->left, &step->right};

    assert(step->number == PART_PLANNER_TEMP + j->count);
    if (!work || add_temp(j, temp, err)) {
        for (unsigned i = 0; i < SIDES; i++)
            if (pieces[i]->part)
                parts_give(j->options.parts, pieces[i]->part);
        free(work);
        free(temp);
        return work ? ERR_FAIL : err_memory(err, "the upload");
    }
    temp->work = work;
    name_temp(j, temp, step->number);
    work->create.temp = work->complete.temp = temp;
    for (unsigned i = 0; i < SIDES; i++) {
        work->side[i].temp = temp;
        work->side[i].piece = *pieces[i];
    }
    work->create.op = (struct store_op){.verb = STORE_UPLOAD_CREATE, .key = temp->key};
    submit(j, &work->create);
    return 0;
}

static int wait_for(struct composer *j, const struct part_planner_step *step, struct err *err)
{
    struct waiting *w = malloc(sizeof *w);

    if (!w)
        return err_memory(err, "the upload");
    *w = (struct waiting){.next = j->waiting, .number = step->number, .region = step->left.region};
    j->waiting = w;
    j->waiting_count++;
    return 0;
}

int composer_step(struct composer *joiner, const struct part_planner_step *step, struct err *err)
{
    const char *key, *etag;

    if (step->kind == STEP_JOIN)
        return begin_join(joiner, step, err);
    if (step->left.part) {
        upload_part(joiner->options.upload, step->left.part);
        return 0;
    }
    if (!find_source(joiner, &step->left.region, &key, &etag))
        return wait_for(joiner, step, err);
    return send_region(joiner, step->number, &step->left.region, err);
}

/* ---- afterwards ---- */

void composer_clean_up(struct composer *joiner)
{
    struct store_op *ops = calloc(2 * (size_t)joiner->count + 1, sizeof *ops);
    struct err ignored;
    struct inbox *home = inbox_create(&ignored);
    unsigned count = 0;

    for (unsigned i = 0; ops && home && i < joiner->count; i++) {
        const struct temp *temp = joiner->temps[i];

        if (temp->id[0] && !temp->ready)
            ops[count++] = (struct store_op){
                .verb = STORE_UPLOAD_ABORT, .key = temp->key, .upload_id_in = temp->id};
        if (temp->touched)
            ops[count++] = (struct store_op){.verb = STORE_DELETE, .key = temp->key};
    }
    for (unsigned i = 0; i < count; i++) {
        ops[i].home = home;
        ops[i].optional = true;
        store_submit(joiner->options.store, &ops[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        const struct store_op *op = (struct store_op *)inbox_take(home, INBOX_FOREVER);

        if (op->answer == STORE_FAILED)
            log_info("%s could not be removed: %s", op->key, op->err.text);
    }
    inbox_destroy(home);
    free(ops);
}
