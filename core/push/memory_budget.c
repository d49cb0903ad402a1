/*
 * A push with bases needs a fixed number of large parts; the indexes of the bases may use the rest.
 * Then the buffers get their share, three for each worker if possible, and the parts the rest.
 */
#include "push/memory_budget.h"

#include "push/plan/bases.h"
#include "push/plan/own_chunks.h"
#include "push/plan/part_planner.h"
#include "push/plan/span.h"
#include "transfer/transfer.h"

#define BUFFER_BYTES  (MEMORY_BUDGET_BUFFER_SIZE + push_span_bound(MEMORY_BUDGET_BUFFER_SIZE))
#define BUFFERS_LEAST 3
#define OWN_SHARE     8 /* part of the memory that own chunks have at most */
#define PARTS_LEAST   2
#define PARTS_MOST    12 /* being filled, or being sent */

/* An archive is hardly larger than the stream. Without a hint the smallest parts hold 80 GB. */
size_t memory_budget_part_size(const struct store_limits *limits, uint64_t size_hint)
{
    uint64_t size = limits->part_size, most = limits->parts_most;

    while (size_hint / size >= most - most / 16)
        size *= 2;
    return (size_t)size;
}

/* A thin push has a table of its own chunks. */
static size_t memory_of(const struct memory_budget_input *input)
{
    size_t memory = input->memory ? input->memory : TRANSFER_MEMORY, most = memory / OWN_SHARE;

    if (!input->thin)
        return memory;
    return memory - (most < OWN_CHUNKS_BYTES ? most : OWN_CHUNKS_BYTES);
}

static size_t planner_part_size(const struct memory_budget_input *input)
{
    struct part_planner_options planner = part_planner_options_of(&input->limits, input->size_hint);

    return part_planner_part_size(&planner);
}

size_t memory_budget_least(const struct memory_budget_input *input)
{
    return PART_PLANNER_PARTS_MIN * planner_part_size(input) + BUFFERS_LEAST * BUFFER_BYTES;
}

uint64_t memory_budget_indexes(const struct memory_budget_input *input)
{
    size_t memory = memory_of(input), least = memory_budget_least(input);

    return least < memory ? (memory - least) / BASES_MEMORY(BASES_RECORD) * BASES_RECORD : 0;
}

static unsigned buffers_of(unsigned jobs, size_t memory, size_t parts_bytes)
{
    unsigned buffers = 3 * jobs + 2;

    while (buffers > BUFFERS_LEAST && buffers * BUFFER_BYTES + parts_bytes > memory)
        buffers--;
    return buffers;
}

static unsigned parts_of(size_t bytes, size_t part_size)
{
    size_t parts = bytes / part_size;

    return parts < PARTS_LEAST ? PARTS_LEAST : parts > PARTS_MOST ? PARTS_MOST : (unsigned)parts;
}

struct memory_budget memory_budget_of(const struct memory_budget_input *input, uint64_t index_bytes)
{
    struct memory_budget budget = {.jobs = transfer_jobs(input->jobs)};
    size_t memory = memory_of(input), parts_bytes, buffers_bytes;

    memory -= BASES_MEMORY(index_bytes);
    if (index_bytes && !input->thin) {
        budget.part_size = planner_part_size(input);
        parts_bytes = PART_PLANNER_PARTS_MIN * budget.part_size;
    } else {
        budget.part_size = memory_budget_part_size(&input->limits, input->size_hint);
        parts_bytes = PARTS_LEAST * budget.part_size;
        if (parts_bytes < memory / 2)
            parts_bytes = memory / 2;
    }
    budget.buffers = buffers_of(budget.jobs, memory, parts_bytes);
    buffers_bytes = budget.buffers * BUFFER_BYTES;
    budget.parts = parts_of(memory > buffers_bytes ? memory - buffers_bytes : 0, budget.part_size);
    budget.bytes = buffers_bytes + budget.parts * budget.part_size;
    return budget;
}
