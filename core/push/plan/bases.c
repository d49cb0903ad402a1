/*
 * Frees the indexes of the bases and the look-up table of their chunks.
 */
#include "push/plan/bases.h"

#include "pack/index/index.h"

void bases_finish(struct bases *bases)
{
    for (unsigned i = 0; i < bases->count; i++)
        index_destroy(bases->indexes[i]);
    chunk_lookup_destroy(bases->known);
    bases->known = NULL;
    bases->count = 0;
}
