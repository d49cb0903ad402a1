/*
 * The runs are sorted by place. A gap of at most `gap` bytes between two of them is bridged, and
 * each resulting stretch is fetched in as many ranges as its length needs.
 */
#include "pack/index/extent_cost.h"

#include "base/err.h"

const uint64_t extent_bridges[EXTENT_BRIDGES] = {
    EXTENT_BRIDGE_LEAST,
    8 * KIB,
    16 * KIB,
    24 * KIB,
    32 * KIB,
    40 * KIB,
    48 * KIB,
    64 * KIB,
    96 * KIB,
    128 * KIB,
    192 * KIB,
    EXTENT_BRIDGE_MOST,
};

static void add_stretch(struct extent_cost *cost, uint64_t size, uint64_t range)
{
    cost->ranges += (size + range - 1) / range;
    cost->bytes += size;
}

struct extent_cost extent_cost_of(const struct object_runs *runs, uint64_t gap, uint64_t range)
{
    struct extent_cost cost = {0};
    uint64_t begin = 0, end = 0;
    unsigned object = 0;

    for (size_t i = 0; i < runs->count; i++) {
        const struct object_run *run = &runs->list[i];

        if (i > 0 && (run->object != object || run->offset - end > gap)) {
            add_stretch(&cost, end - begin, range);
            begin = run->offset;
        } else if (i == 0) {
            begin = run->offset;
        }
        object = run->object;
        end = run->offset + run->size;
    }
    add_stretch(&cost, end - begin, range);
    return cost;
}

static int collect(const struct index *index, const bool *need, struct object_runs *runs,
                   struct err *err)
{
    for (unsigned i = 0; i < index->section_count; i++)
        if ((!need || need[i]) && object_runs_add_section(runs, &index->sections[i], err))
            return ERR_FAIL;
    object_runs_sort(runs);
    return 0;
}

int extent_cost(const struct index *index, const bool *need, uint64_t gap, uint64_t range,
                struct extent_cost *out, struct err *err)
{
    struct object_runs runs = {0};
    int answer = collect(index, need, &runs, err);

    if (answer == 0)
        *out = extent_cost_of(&runs, gap, range);
    object_runs_finish(&runs);
    return answer;
}

bool extent_bridge_of(const struct object_runs *runs, uint64_t range,
                      const struct extent_limits *limits, uint64_t *gap)
{
    uint64_t bytes = object_runs_bytes(runs), whole = (bytes + range - 1) / range;
    uint64_t most_ranges = (uint64_t)(limits->ranges * (double)whole) + limits->spare;
    uint64_t most_bytes = (uint64_t)(limits->bytes * (double)bytes);

    *gap = EXTENT_BRIDGE_LEAST;
    for (unsigned i = 0; i < EXTENT_BRIDGES; i++) {
        struct extent_cost cost = extent_cost_of(runs, extent_bridges[i], range);

        if (cost.bytes > most_bytes)
            return false;
        *gap = extent_bridges[i];
        if (cost.ranges <= most_ranges)
            return true;
    }
    return false;
}

bool extent_bridge(const struct index *index, const bool *need, uint64_t range,
                   const struct extent_limits *limits, uint64_t *gap)
{
    struct object_runs runs = {0};
    struct err ignored;
    bool within = false;

    *gap = EXTENT_BRIDGE_LEAST;
    if (collect(index, need, &runs, &ignored) == 0)
        within = extent_bridge_of(&runs, range, limits, gap);
    object_runs_finish(&runs);
    return within;
}

int extent_used(const struct index *index, uint64_t used[INDEX_OBJECTS_MAX], struct err *err)
{
    struct object_runs runs = {0};
    int answer = collect(index, NULL, &runs, err);

    for (unsigned i = 0; i < INDEX_OBJECTS_MAX; i++)
        used[i] = 0;
    for (size_t i = 0; answer == 0 && i < runs.count; i++)
        used[runs.list[i].object] += runs.list[i].size;
    object_runs_finish(&runs);
    return answer;
}
