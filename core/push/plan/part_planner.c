/*
 * The planner keeps the end of the archive in three pieces, in the order of the archive:
 *
 *      parts that were emitted | tail | data | run
 *
 *   tail  a range of an object of the bucket, `least` bytes or more, that is not yet a part
 *   data  bytes, gathered in a part
 *   run   neighbouring held chunks of one base
 *
 * A store accepts no part under 5 MiB except the last one. The simple way around that is to upload
 * 5 MiB wherever something small changed. The planner uses another way: the *last* part of an
 * upload has no minimum. So a temporary object of two parts (a "join") holds 5 MiB that the bucket
 * has and the small change behind them. The join has at least 5 MiB and can be copied from. The
 * rules are:
 *
 *   - Bytes gather in data. When data reaches twice `least`, the bytes beyond `least` become a
 *     part. So data that was large enough once stays large enough.
 *   - When a run has become long enough to be worth a copy, or is known to become so (held.ahead),
 *     its bytes are dropped and the run is *open*. Data before the run becomes a part if it is large
 *     enough, and is joined to the tail otherwise.
 *   - An open run that reaches `least` becomes the tail and grows without its bytes. An open run
 *     that ends earlier is joined to the piece before it.
 *   - A run that ends before it is open becomes data: its bytes were kept behind data for this case.
 *
 * After the first tail, or the first `least` bytes of data, one of the two always exists. So a join
 * always has a left side. Held chunks before that are taken as bytes: a change at the very beginning
 * costs `least` bytes.
 */
#include "push/plan/part_planner.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/err.h"
#include "pack/chunk/chunker.h"
#include "pack/codec/gzip_member.h"
#include "store/store.h"

#define STEPS_MAX 64 /* of one part_planner_add: half a dozen, and a few more when sizes are tiny */

struct part_planner {
    struct part_planner_options options;
    struct parts *parts;

    bool has_tail, open;
    struct region tail, run; /* run.size 0: there is none */
    struct part *data;       /* data->size counts data alone; the bytes of the run stand behind */
    size_t run_bytes;

    uint64_t count;  /* chunks so far */
    uint32_t *sizes; /* of the run's chunks as packed */
    unsigned taken;  /* how many of these are being told */
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
    return (size_t)(2 * options->least + options->run_least) +
           2 * gzip_member_bound(CHUNK_MAX_LIMIT);
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

static struct part_planner_step *tell(struct part_planner *p, enum step_kind kind)
{
    struct part_planner_step *step = &p->steps[p->step_count++];

    assert(p->step_count <= STEPS_MAX);
    *step = (struct part_planner_step){.kind = kind};
    return step;
}

static void tell_part(struct part_planner *p, struct piece piece)
{
    struct part_planner_step *step = tell(p, STEP_PART);

    step->number = ++p->last_part;
    step->left = piece;
    if (piece.part)
        piece.part->number = step->number;
}

static void tell_range(struct part_planner *p, unsigned object, uint64_t offset, uint64_t size)
{
    tell_part(p, (struct piece){.region = {.object = object, .offset = offset, .size = size}});
}

static void take_tail(struct part_planner *p, struct region tail)
{
    p->tail = tail;
    p->has_tail = true;
}

static void tell_tail(struct part_planner *p)
{
    if (p->has_tail)
        tell_range(p, p->tail.object, p->tail.offset, p->tail.size);
    p->has_tail = false;
}

/* The front of the tail goes out as parts as long as `keep` bytes and more are left. */
static void shorten_tail(struct part_planner *p, uint64_t part, uint64_t keep)
{
    while (p->tail.size >= part + keep) {
        tell_range(p, p->tail.object, p->tail.offset, part);
        p->tail.offset += part;
        p->tail.size -= part;
    }
}

/* What comes out is the new tail. */
static void join(struct part_planner *p, struct piece left, struct piece right)
{
    struct part_planner_step *step = tell(p, STEP_JOIN);
    uint64_t size = (left.part ? left.part->size : left.region.size) +
                    (right.part ? right.part->size : right.region.size);

    step->number = PART_PLANNER_TEMP + p->temps++;
    step->left = left;
    step->right = right;
    take_tail(p, (struct region){.object = step->number, .size = size});
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

/* Keeps `least` bytes when there is twice that. */
static void spill(struct part_planner *p)
{
    size_t least = (size_t)p->options.least;
    struct part *kept;

    if (p->data->size < 2 * least)
        return;
    tell_tail(p);
    kept = parts_take(p->parts);
    assert(kept);
    p->data->size -= least;
    memcpy(kept->data, p->data->data + p->data->size, least);
    kept->size = least;
    tell_part(p, (struct piece){.part = p->data});
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

static void tell_taken(struct part_planner *p, uint64_t first, unsigned count)
{
    struct part_planner_step *step = tell(p, STEP_TAKEN);

    step->first = first;
    step->count = count;
    step->number = p->taken; /* until it is handed over: the list may move */
    p->taken += count;
}

/* The run's bytes, which stand behind data already, are data. */
static void take_run_in(struct part_planner *p)
{
    tell_taken(p, p->count - p->run_count, p->run_count);
    p->data->size += p->run_bytes;
    p->run_bytes = 0;
    p->run_count = 0;
    p->run.size = 0;
}

/* Data that stands before an open run that was joined or is the tail now. True: it is `*left`, and
 * large enough to be the left side of a join; there is no tail then. */
static bool clear_data(struct part_planner *p, struct piece *left)
{
    if (data_is_large(p)) {
        tell_tail(p);
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
        tell_part(p, left);
    tell_tail(p);
    take_tail(p, p->run);
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
        take_run_in(p);
        spill(p);
    }
}

static bool follows(const struct region *region, const struct held_chunk *held)
{
    return region->object == held->base && region->offset + region->size == held->offset;
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
    return held->ahead > held->size ? held->ahead : held->size;
}

/* Whether the run is, or begins as, one that is long enough to be worth a join, or its own tail,
 * now that this chunk comes: then its bytes are not needed. */
static bool opens(const struct part_planner *p, const struct held_chunk *held)
{
    bool goes_on = grows_run(p, held);
    bool tail = p->has_tail || (p->open && !goes_on);
    uint64_t data = (p->data ? p->data->size : 0) + (goes_on ? 0 : p->run_bytes);
    uint64_t run = (goes_on ? p->run.size : 0) + ahead_of(held);

    if (tail || data >= p->options.least)
        return run >= p->options.run_least;
    return data == 0 && run >= p->options.least;
}

/* Nothing to join to: what is there is too short for a part, and must grow. */
static bool must_take_in(const struct part_planner *p)
{
    return !p->has_tail && has_data(p) && !data_is_large(p);
}

/* Whether the run's bytes still fit behind data. */
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

static int take_in(struct part_planner *p, struct view packed, struct err *err)
{
    if (note_size(p, packed.size, err))
        return ERR_FAIL;
    tell_taken(p, p->count, 1);
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
        p->run = (struct region){.object = held->base, .offset = held->offset};
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
    return must_take_in(p) ? take_in(p, packed, err) : grow_run(p, packed, held, err);
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

/* The steps of the last call were taken; sizes that the run has noted move to the front. */
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
    if (needed && (packed.size == 0 || packed.size > gzip_member_bound(CHUNK_MAX_LIMIT)))
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
        make_run_the_tail(planner); /* however short: it is the last part */
    else if (planner->run.size)
        take_run_in(planner);
    tell_tail(planner);
    if (has_data(planner))
        tell_part(planner, (struct piece){.part = hand_over_data(planner)});
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
