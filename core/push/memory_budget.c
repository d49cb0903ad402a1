#include "push/memory_budget.h"

#include "base/log.h"
#include "push/open_source.h"
#include "push/plan/span.h"
#include "push/upload/assembler.h"
#include "push/upload/copy_support.h"

#define SLOT_ROOM   (MEMORY_BUDGET_SLOT_SIZE + push_span_bound(MEMORY_BUDGET_SLOT_SIZE))
#define SLOTS_LEAST 3
#define PARTS_MOST  12 /* in memory: being filled or in the air */

/* Equal parts, so large that the store's number of parts suffices. An archive is hardly ever larger
 * than what it holds; without any hint the smallest parts still carry 80 GB. */
size_t memory_budget_part_size(const struct store *store, uint64_t size_hint)
{
    uint64_t size = store->limits.part_size, most = store->limits.parts_most;

    while (size_hint / size >= most - most / 16)
        size *= 2;
    return (size_t)size;
}

/* Whether this store copies for us. A stream that cannot be read twice must know beforehand. */
static bool may_copy(const struct push_options *push, const struct base *base, size_t least,
                     bool *tried)
{
    enum copy_support support = copy_support_remembered(push->store);

    *tried = support == COPY_SUPPORT_UNKNOWN && !open_source_is_repeatable(push);
    if (*tried)
        return copy_support_probe(push->store, base, least) == COPY_SUPPORT_YES;
    return support != COPY_SUPPORT_NO;
}

/* `memory`: what they may take. */
static void search_bases(const struct memory_budget_wanted *wanted, size_t memory,
                         struct memory_budget *s, struct bases *bases)
{
    struct find_bases_wanted which = wanted->bases;

    which.archive_least = s->least;
    which.index_most = memory / BASES_MEMORY(BASES_RECORD) * BASES_RECORD;
    if (wanted->recall)
        find_bases_again(wanted->push->store, &which, wanted->recall, wanted->recall_count, bases);
    else
        find_bases(wanted->push->store, &which, bases);
    if (bases->count && !may_copy(wanted->push, &bases->base[0], s->least, &s->tried)) {
        log_debug("push: this store does not copy ranges: all is uploaded");
        s->copies_refused = true;
        bases_finish(bases);
    }
}

struct memory_budget memory_budget_of(const struct memory_budget_wanted *wanted,
                                      struct bases *bases)
{
    const struct transfer_options *transfer = &wanted->push->transfer;
    const struct store *store = wanted->push->store;
    size_t memory = transfer->memory ? transfer->memory : TRANSFER_MEMORY;
    struct memory_budget s = {.jobs = transfer_jobs(transfer->jobs)};
    size_t parts_room, least_room, slot_bytes;

    s.least = assembler_least(store, wanted->size_hint);
    s.part_size = assembler_part_size(store, s.least);
    parts_room = ASSEMBLER_PARTS_MIN * s.part_size;
    least_room = parts_room + SLOTS_LEAST * SLOT_ROOM;
    *bases = (struct bases){0};
    if (wanted->delta && least_room < memory) {
        search_bases(wanted, memory - least_room, &s, bases);
    } else if (wanted->delta) {
        log_info("push: comparing with earlier archives takes more memory (%zu bytes) than it may "
                 "have",
                 least_room);
    }
    if (bases->count == 0) {
        s.part_size = memory_budget_part_size(store, wanted->size_hint);
        parts_room = memory / 2;
    }
    memory -= BASES_MEMORY(bases->index_bytes);
    s.slots = 3 * s.jobs + 2;
    while (s.slots > SLOTS_LEAST && s.slots * SLOT_ROOM + parts_room > memory)
        s.slots--;
    slot_bytes = s.slots * SLOT_ROOM;
    s.parts = memory > slot_bytes ? (unsigned)((memory - slot_bytes) / s.part_size) : 0;
    s.parts = s.parts < 2 ? 2 : s.parts > PARTS_MOST ? PARTS_MOST : s.parts;
    log_debug("push: %u workers, %u slots, %u parts of %zu bytes: at most %zu bytes of buffers",
              s.jobs, s.slots, s.parts, s.part_size, slot_bytes + s.parts * s.part_size);
    return s;
}
