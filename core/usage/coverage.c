/*
 * Every span has two edges. In the order of their places, the edges give the number of owners of
 * each byte; where that is one, the exclusive or of the owners' numbers is its number.
 */
#include "usage/coverage.h"

#include <stdlib.h>

#include "base/err.h"

struct edge {
    uint64_t at;
    unsigned object, owner;
    int change; /* 1: a span begins; -1: it ends */
};

static int by_place(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;

    if (x->object != y->object)
        return x->object < y->object ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static size_t make_edges(const struct coverage_span *spans, size_t count, struct edge *edges)
{
    size_t made = 0;

    for (size_t i = 0; i < count; i++) {
        const struct coverage_span *span = &spans[i];

        if (!span->size)
            continue;
        edges[made++] = (struct edge){span->offset, span->object, span->owner, 1};
        edges[made++] = (struct edge){span->offset + span->size, span->object, span->owner, -1};
    }
    return made;
}

static void measure(const struct edge *edges, size_t count, uint64_t *live, uint64_t *alone)
{
    unsigned owners = 0, which = 0;

    for (size_t i = 0; i + 1 < count; i++) {
        uint64_t size;

        owners += (unsigned)edges[i].change;
        which ^= edges[i].owner;
        if (!owners)
            continue; /* the next edge can be of another object */
        size = edges[i + 1].at - edges[i].at;
        live[edges[i].object] += size;
        if (owners == 1)
            alone[which] += size;
    }
}

int coverage_measure(const struct coverage_span *spans, size_t count, uint64_t *live,
                     uint64_t *alone, struct err *err)
{
    struct edge *edges = calloc(2 * count + 1, sizeof *edges);
    size_t made;

    if (!edges)
        return err_memory(err, "the use of the bucket");
    made = make_edges(spans, count, edges);
    qsort(edges, made, sizeof *edges, by_place);
    measure(edges, made, live, alone);
    free(edges);
    return 0;
}
