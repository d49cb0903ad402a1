/*
 * A join comes before the parts that are taken from it, and tells the chunks of them all: so each
 * chunk is told by the step for which its bytes are first needed.
 */
#include "push/resume/step_record.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define RECORD_SIZE (8 + CHUNK_NAME_SIZE) /* of a chunk, as in the index */

static struct region region_of(const struct piece *piece)
{
    return piece->part ? (struct region){.object = CHECKPOINT_BYTES, .size = piece->part->size}
                       : piece->region;
}

static void add_record(struct text *records, const struct index_chunk *chunk)
{
    uint8_t bytes[RECORD_SIZE];

    for (unsigned i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(chunk->raw_size >> 8 * i);
        bytes[4 + i] = (uint8_t)(chunk->packed_size >> 8 * i);
    }
    memcpy(bytes + 8, chunk->name.bytes, sizeof chunk->name.bytes);
    text_add(records, bytes, sizeof bytes);
}

/* Adds the chunk to sizes; room was made. */
static void add_size(struct step_record *t, bool held, uint32_t size)
{
    if (!held)
        t->sizes[t->size_count++] = size;
    else if (t->size_count && (t->sizes[t->size_count - 1] & CHECKPOINT_HELD))
        t->sizes[t->size_count - 1]++;
    else
        t->sizes[t->size_count++] = CHECKPOINT_HELD | 1;
}

/* Whether the chunk that begins there is the store's. */
static bool is_held(const struct checkpoint_step *step, uint64_t at)
{
    bool right = step->join && at >= step->offset + step->side[0].size;

    return step->side[right].object != CHECKPOINT_BYTES;
}

static bool make_room(struct step_record *t)
{
    uint32_t room = t->room ? 2 * t->room : 1024;
    uint32_t *grown;

    if (t->size_count < t->room)
        return true;
    grown = realloc(t->sizes, room * sizeof *grown);
    if (!grown)
        return false;
    t->sizes = grown;
    t->room = room;
    return true;
}

/* The chunks that begin before the step's end and were not told yet. */
static int tell_chunks(struct step_record *t, struct checkpoint_step *step, struct text *records,
                       struct err *err)
{
    t->size_count = 0;
    while (t->told_end < step->offset + step->size) {
        const struct index_chunk *chunk = index_builder_chunk(t->builder, t->told);

        if (!chunk)
            return err_set(err, ERR_INTERNAL, "checkpoint", "a part has no chunks");
        if (!make_room(t))
            return err_memory(err, "the state of an upload");
        add_record(records, chunk);
        add_size(t, is_held(step, t->told_end), chunk->packed_size);
        t->told_end += chunk->packed_size;
        t->told++;
        step->chunks++;
    }
    sha256_of(text_view(records), step->sum);
    return text_check(records, "the state of an upload", err);
}

static void place(struct step_record *t, const struct part_planner_step *from,
                  struct checkpoint_step *step)
{
    *step = (struct checkpoint_step){.join = from->kind == STEP_JOIN, .offset = t->parts_end};
    step->number = step->join ? t->joins++ : ++t->parts;
    step->side[0] = region_of(&from->left);
    if (step->join)
        step->side[1] = region_of(&from->right);
    step->size = step->side[0].size + step->side[1].size;
    if (step->join || !from->left.part)
        t->copied = true;
    step->has_md5 = !t->copied;
    if (!step->join)
        t->parts_end += step->size;
}

int step_record_step(struct step_record *tally, const struct part_planner_step *from,
                     struct checkpoint_step *step, struct err *err)
{
    struct text records;
    int failed;

    text_init(&records, (size_t)RECORD_SIZE * INDEX_CHUNKS_MAX);
    place(tally, from, step);
    failed = tell_chunks(tally, step, &records, err);
    text_finish(&records);
    return failed;
}

void step_record_finish(struct step_record *tally)
{
    free(tally->sizes);
    tally->sizes = NULL;
}
