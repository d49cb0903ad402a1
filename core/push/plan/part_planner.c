/*
 * The pieces that are not part of a step yet, in the order of the archive:
 *
 *      parts that were sent | tail | data | run
 *
 *   tail  a range of an object in the bucket, of at least `least` bytes, that will become a part
 *   data  bytes, gathered in a part
 *   run   held chunks that are consecutive in one base
 *
 * A store accepts no part under 5 MiB except the last one. A simple planner would upload 5 MiB
 * wherever something small has changed. But the *last* part of an upload has no minimum. So a
 * small piece can be put behind 5 MiB that the bucket has, in a temporary object of its own (a
 * join). That object has at least 5 MiB and can be copied from. The rules:
 *
 *   - Bytes gather in data. When data reaches twice `least`, everything except the last `least`
 *     bytes becomes a part: once data is large enough, it stays large enough.
 *   - A run that is long enough to be copied, or will become so (held.run_size), drops its
 *     bytes and is *open*. Data before it becomes a part if it is large enough; otherwise it is
 *     joined to the tail.
 *   - An open run that reaches `least` becomes the tail, which grows without bytes. An open run
 *     that ends earlier is joined to the piece before it.
 *   - A run that ends before it is open becomes data: its bytes were gathered behind data for that.
 *
 * From the first tail, or the first `least` bytes of data, there is always one of the two, so that
 * a join has its left side. Before that, held chunks are uploaded: a change at the very beginning
 * of an image costs `least` bytes.
 */
#include "push/plan/part_planner.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/err.h"
#include "pack/chunk/chunker.h"
#include "pack/codec/codec.h"
#include "store/store.h"

#define STEPS_MAX 64 /* of one part_planner_add: about six, more when sizes are tiny */

struct part_planner {
    struct part_planner_options options;
    struct parts *parts;

    bool has_tail, open;
    struct region tail, run; /* run.size 0: there is none */
    struct part *data;       /* data->size is of the data alone; the bytes of the run follow */
    size_t run_bytes;

    uint64_t count;  /* chunks that were added */
    uint32_t *sizes; /* packed sizes of the chunks of the run */
    unsigned taken;  /* how many of these are in STEP_TAKEN steps */
    unsigned run_count;
    size_t room; /* of sizes */
    unsigned last_part, temps;

    struct part_planner_step steps[STEPS_MAX];
    unsigned first_step, step_count;
};

struct part_planner_options part_planner_options_of(const struct store_limits *limits,
                                                    uint64_t size_hint)
{
    uint64_t least = limits->part_least, most = limits->parts_most;

    while (size_hint / least >= most - most / 16)
        least *= 2;
    return (struct part_planner_options){
        .least = least,
        .most = limits->copy_most > least ? limits->copy_most : least,
        .run_least = limits->run_least < least ? limits->run_least : least};
}

uint64_t part_planner_lead(const struct part_planner_options *options)
{
    return 2 * options->least;
}

size_t part_planner_part_size(const struct part_planner_options *options)
{
    return (size_t)(2 * options->least + options->run_least) + 2 * codec_bound(CHUNK_MAX_LIMIT);
}

struct part_planner *part_planner_create(struct parts *parts,
                                         const struct part_planner_options *options,
                                         struct err *err)
{
    struct part_planner *planner = calloc(1, sizeof *planner);

    if (!planner) {
        err_memory(err, "the plan of the upload");
        return NULL;
    }
    planner->options = *options;
    planner->parts = parts;
    return planner;
}

void part_planner_destroy(struct part_planner *planner)
{
    if (!planner)
        return;
    if (planner->data)
        parts_give(planner->parts, planner->data);
    free(planner->sizes);
    free(planner);
}

/* ---- steps ---- */

static struct part_planner_step *add_step(struct part_planner *p, enum step_kind kind)
{
    struct part_planner_step *step = &p->steps[p->step_count++];

    assert(p->step_count <= STEPS_MAX);
    *step = (struct part_planner_step){.kind = kind};
    return step;
}

static void add_part_step(struct part_planner *p, struct piece piece)
{
    struct part_planner_step *step = add_step(p, STEP_PART);

    step->number = ++p->last_part;
    step->left = piece;
    if (piece.part)
        piece.part->number = step->number;
}

static void add_range_step(struct part_planner *p, unsigned object, uint64_t offset, uint64_t size)
{
    add_part_step(p, (struct piece){.region = {.object = object, .offset = offset, .size = size}});
}

static void set_tail(struct part_planner *p, struct region tail)
{
    p->tail = tail;
    p->has_tail = true;
}

static void add_tail_step(struct part_planner *p)
{
    if (p->has_tail)
        add_range_step(p, p->tail.object, p->tail.offset, p->tail.size);
    p->has_tail = false;
}

/* Makes parts of the front of the tail while at least `keep` bytes remain. */
static void shorten_tail(struct part_planner *p, uint64_t part, uint64_t keep)
{
    while (p->tail.size >= part + keep) {
        add_range_step(p, p->tail.object, p->tail.offset, part);
        p->tail.offset += part;
        p->tail.size -= part;
    }
}

/* Joins two pieces; the result is the new tail. */
static void join(struct part_planner *p, struct piece left, struct piece right)
{
    struct part_planner_step *step = add_step(p, STEP_JOIN);
    uint64_t size = (left.part ? left.part->size : left.region.size) +
                    (right.part ? right.part->size : right.region.size);

    step->number = PART_PLANNER_TEMP + p->temps++;
    step->left = left;
    step->right = right;
    set_tail(p, (struct region){.object = step->number, .size = size});
}

static void join_to_tail(struct part_planner *p, struct piece right)
{
    uint64_t least = p->options.least;

    if (p->tail.size >= 2 * least)
        shorten_tail(p, p->tail.size - least, least);
    join(p, (struct piece){.region = p->tail}, right);
}

/* ---- data ---- */

static bool data_is_large(const struct part_planner *p)
{
    return p->data && p->data->size >= p->options.least;
}

static bool has_data(const struct part_planner *p)
{
    return p->data && p->data->size > 0;
}

static struct part *hand_over_data(struct part_planner *p)
{
    struct part *part = p->data;

    p->data = NULL;
    return part;
}

/* Makes a part of the data, except for its last `least` bytes, if it has twice that. */
static void spill(struct part_planner *p)
{
    size_t least = (size_t)p->options.least;
    struct part *kept;

    if (p->data->size < 2 * least)
        return;
    add_tail_step(p);
    kept = parts_take(p->parts);
    assert(kept);
    p->data->size -= least;
    memcpy(kept->data, p->data->data + p->data->size, least);
    kept->size = least;
    add_part_step(p, (struct piece){.part = p->data});
    p->data = kept;
}

static void begin_data(struct part_planner *p)
{
    if (!p->data)
        p->data = parts_take(p->parts);
    assert(p->data);
}

static void add_data(struct part_planner *p, struct view packed)
{
    begin_data(p);
    memcpy(p->data->data + p->data->size, packed.data, packed.size);
    p->data->size += packed.size;
    spill(p);
}

/* ---- the run ---- */

static void forget_run_bytes(struct part_planner *p)
{
    p->run_bytes = 0;
    p->run_count = 0;
    if (p->data && p->data->size == 0)
        parts_give(p->parts, hand_over_data(p));
}

static void add_taken_step(struct part_planner *p, uint64_t first, unsigned count)
{
    struct part_planner_step *step = add_step(p, STEP_TAKEN);

    step->first = first;
    step->count = count;
    step->number = p->taken; /* an index until part_planner_next sets `sizes`: the list may move */
    p->taken += count;
}

/* Turns the bytes of the run, which follow data already, into data. */
static void turn_run_into_data(struct part_planner *p)
{
    add_taken_step(p, p->count - p->run_count, p->run_count);
    p->data->size += p->run_bytes;
    p->run_bytes = 0;
    p->run_count = 0;
    p->run.size = 0;
}

/* Handles the data before an open run. True: *left is that data, large enough to be the left side
 * of a join; there is no tail then. */
static bool clear_data(struct part_planner *p, struct piece *left)
{
    if (data_is_large(p)) {
        add_tail_step(p);
        *left = (struct piece){.part = hand_over_data(p)};
        return true;
    }
    if (has_data(p))
        join_to_tail(p, (struct piece){.part = hand_over_data(p)});
    return false;
}

static void make_run_the_tail(struct part_planner *p)
{
    struct piece left;

    if (clear_data(p, &left))
        add_part_step(p, left);
    add_tail_step(p);
    set_tail(p, p->run);
    p->run.size = 0;
    p->open = false;
}

static void join_run(struct part_planner *p)
{
    struct piece left, right = {.region = p->run};

    if (clear_data(p, &left))
        join(p, left, right);
    else
        join_to_tail(p, right);
    p->run.size = 0;
    p->open = false;
}

static void end_run(struct part_planner *p)
{
    if (p->open) {
        join_run(p);
    } else if (p->run.size) {
        turn_run_into_data(p);
        spill(p);
    }
}

static bool follows(const struct region *region, const struct held_chunk *held)
{
    return region->object == held->object && region->offset + region->size == held->offset;
}

static bool grows_run(const struct part_planner *p, const struct held_chunk *held)
{
    return p->run.size && follows(&p->run, held);
}

static bool grows_tail(const struct part_planner *p, const struct held_chunk *held)
{
    return p->has_tail && p->run.size == 0 && !has_data(p) && follows(&p->tail, held);
}

static uint64_t ahead_of(const struct held_chunk *held)
{
    return held->run_size > held->size ? held->run_size : held->size;
}

/* Returns true if the run, together with this chunk, is known to be long enough to be joined or to
 * be a tail of its own. Then its bytes are not needed. */
static bool opens(const struct part_planner *p, const struct held_chunk *held)
{
    bool grows = grows_run(p, held);
    bool tail = p->has_tail || (p->open && !grows);
    uint64_t data = (p->data ? p->data->size : 0) + (grows ? 0 : p->run_bytes);
    uint64_t run = (grows ? p->run.size : 0) + ahead_of(held);

    if (tail || data >= p->options.least)
        return run >= p->options.run_least;
    return data == 0 && run >= p->options.least;
}

/* Returns true if there is nothing to join to: data is too small for a part and must grow. */
static bool must_upload(const struct part_planner *p)
{
    return !p->has_tail && has_data(p) && !data_is_large(p);
}

/* Returns true if the bytes of the run still fit behind data. */
static bool has_room(const struct part_planner *p, size_t size)
{
    size_t used = (p->data ? p->data->size : 0) + p->run_bytes;

    return used + size <= part_planner_part_size(&p->options);
}

static int note_size(struct part_planner *p, size_t size, struct err *err)
{
    unsigned at = p->taken + p->run_count;

    if (!array_reserve(&p->sizes, &p->room, at, sizeof *p->sizes))
        return err_memory(err, "the plan of the upload");
    p->sizes[at] = (uint32_t)size;
    return 0;
}

static void add_run_bytes(struct part_planner *p, struct view packed)
{
    begin_data(p);
    memcpy(p->data->data + p->data->size + p->run_bytes, packed.data, packed.size);
    p->run_bytes += packed.size;
    p->run_count++;
}

static int upload_held(struct part_planner *p, struct view packed, struct err *err)
{
    if (note_size(p, packed.size, err))
        return ERR_FAIL;
    add_taken_step(p, p->count, 1);
    add_data(p, packed);
    return 0;
}

static int grow_run(struct part_planner *p, struct view packed, const struct held_chunk *held,
                    struct err *err)
{
    if (!p->open && opens(p, held)) {
        p->open = true;
        forget_run_bytes(p);
    }
    if (p->run.size == 0)
        p->run = (struct region){.object = held->object, .offset = held->offset};
    if (!p->open) {
        if (note_size(p, packed.size, err))
            return ERR_FAIL;
        add_run_bytes(p, packed);
    }
    p->run.size += held->size;
    if (p->open && p->run.size >= p->options.least)
        make_run_the_tail(p);
    return 0;
}

static int add_held(struct part_planner *p, struct view packed, const struct held_chunk *held,
                    struct err *err)
{
    if (grows_tail(p, held)) {
        p->tail.size += held->size;
        shorten_tail(p, p->options.most, p->options.least);
        return 0;
    }
    if (!grows_run(p, held) || (!p->open && !has_room(p, packed.size)))
        end_run(p);
    return must_upload(p) ? upload_held(p, packed, err) : grow_run(p, packed, held, err);
}

/* ---- the module ---- */

bool part_planner_ready(const struct part_planner *planner)
{
    return planner->first_step == planner->step_count && parts_free(planner->parts) >= 2;
}

bool part_planner_needs(const struct part_planner *planner, const struct held_chunk *held)
{
    if (held->size == 0)
        return true;
    return !grows_tail(planner, held) && !(planner->open && grows_run(planner, held)) &&
           !opens(planner, held);
}

/* Drops the steps of the last call; sizes of the run move to the front of the list. */
static void begin(struct part_planner *planner)
{
    assert(planner->first_step == planner->step_count);
    planner->first_step = planner->step_count = 0;
    if (planner->taken && planner->run_count)
        memmove(planner->sizes, planner->sizes + planner->taken,
                planner->run_count * sizeof *planner->sizes);
    planner->taken = 0;
}

int part_planner_add(struct part_planner *planner, struct view packed,
                     const struct held_chunk *held, struct err *err)
{
    bool needed = part_planner_needs(planner, held);
    int answer = 0;

    begin(planner);
    if (needed && (packed.size == 0 || packed.size > codec_bound(CHUNK_MAX_LIMIT)))
        return err_set(err, ERR_INTERNAL, "placer", "a chunk of %zu bytes cannot be placed",
                       packed.size);
    if (held->size == 0) {
        end_run(planner);
        add_data(planner, packed);
    } else {
        answer = add_held(planner, packed, held, err);
    }
    planner->count++;
    return answer;
}

void part_planner_end(struct part_planner *planner)
{
    begin(planner);
    if (planner->open)
        make_run_the_tail(planner); /* the last part may be short */
    else if (planner->run.size)
        turn_run_into_data(planner);
    add_tail_step(planner);
    if (has_data(planner))
        add_part_step(planner, (struct piece){.part = hand_over_data(planner)});
    if (planner->step_count && planner->steps[planner->step_count - 1].kind == STEP_PART)
        planner->steps[planner->step_count - 1].last = true;
}

bool part_planner_next(struct part_planner *planner, struct part_planner_step *step)
{
    if (planner->first_step == planner->step_count)
        return false;
    *step = planner->steps[planner->first_step++];
    if (step->kind == STEP_TAKEN)
        step->sizes = planner->sizes + step->number;
    return true;
}
