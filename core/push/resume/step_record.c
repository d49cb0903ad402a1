/*
 * A join precedes the parts that are copied from it. Each chunk is recorded with the first step
 * that needs its bytes.
 */
#include "push/resume/step_record.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/err.h"
#include "base/le.h"

#define RECORD_SIZE (8 + CHUNK_NAME_SIZE) /* of a chunk, as in the index */

static void add_record(struct text *records, const struct index_chunk *chunk)
{
    uint8_t bytes[RECORD_SIZE];

    le_put(bytes, chunk->raw_size, 4);
    le_put(bytes + 4, chunk->packed_size, 4);
    memcpy(bytes + 8, chunk->name.bytes, sizeof chunk->name.bytes);
    text_add(records, bytes, sizeof bytes);
}

/* Adds a chunk to the sizes; there is room. */
static void add_size(struct step_record *r, bool held, uint32_t size)
{
    if (!held)
        r->sizes[r->size_count++] = size;
    else if (r->size_count && (r->sizes[r->size_count - 1] & CHECKPOINT_HELD))
        r->sizes[r->size_count - 1]++;
    else
        r->sizes[r->size_count++] = CHECKPOINT_HELD | 1;
}

/* Returns true if the store copies the chunk that begins at `at`. */
static bool is_held(const struct checkpoint_step *step, uint64_t at)
{
    bool right = step->join && at >= step->offset + step->side[0].size;

    return step->side[right].object != CHECKPOINT_BYTES;
}

/* Returns the next chunk of the object. Chunks of a thin image that lie in other objects, or that
 * repeat an own one, are passed over. */
static const struct index_chunk *next_chunk(struct step_record *r)
{
    const struct index_chunk *chunk;

    while ((chunk = index_builder_chunk(r->builder, r->recorded)) && r->thin) {
        struct index_place place = index_builder_place(r->builder, r->recorded);

        if (place.object == INDEX_OWN && place.offset == r->recorded_end)
            break;
        r->recorded++;
    }
    return chunk;
}

/* Records the chunks that begin before the step's end and that no earlier step has. */
static int record_chunks(struct step_record *r, struct checkpoint_step *step, struct text *records,
                         struct err *err)
{
    r->size_count = 0;
    while (r->recorded_end < step->offset + step->size) {
        const struct index_chunk *chunk = next_chunk(r);

        if (!chunk)
            return err_set(err, ERR_INTERNAL, "checkpoint", "a part has no chunks");
        if (!array_reserve(&r->sizes, &r->room, r->size_count, sizeof *r->sizes))
            return err_memory(err, "the checkpoint");
        add_record(records, chunk);
        add_size(r, is_held(step, r->recorded_end), chunk->packed_size);
        r->recorded_end += chunk->packed_size;
        r->recorded++;
        step->chunks++;
    }
    sha256_of(text_view(records), step->sum);
    return text_check(records, "the checkpoint", err);
}

static void locate(struct step_record *r, const struct region side[2], struct checkpoint_step *step)
{
    *step = (struct checkpoint_step){
        .join = side[1].size > 0, .side = {side[0], side[1]}, .offset = r->parts_end};
    step->number = step->join ? r->joins++ : ++r->parts;
    step->size = step->side[0].size + step->side[1].size;
    if (r->no_md5 || step->join || step->side[0].object != CHECKPOINT_BYTES)
        r->copied = true;
    step->has_md5 = !r->copied;
    if (!step->join)
        r->parts_end += step->size;
}

int step_record_step(struct step_record *record, const struct region side[2],
                     struct checkpoint_step *step, struct err *err)
{
    struct text records;
    int failed;

    text_init(&records, (size_t)RECORD_SIZE * INDEX_CHUNKS_MAX);
    locate(record, side, step);
    failed = record_chunks(record, step, &records, err);
    text_finish(&records);
    return failed;
}

void step_record_finish(struct step_record *record)
{
    free(record->sizes);
    record->sizes = NULL;
}
