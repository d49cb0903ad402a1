/*
 * Two images may name the same object. It has one number then, so that a run of chunks continues
 * from one to the other.
 */
#include "push/plan/bases.h"

#include <stdlib.h>
#include <string.h>

#include "pack/index/index.h"

unsigned bases_object(struct bases *bases, const struct base_object *object)
{
    unsigned i;

    if (!bases->objects)
        bases->objects = calloc(BASE_OBJECTS_MAX, sizeof bases->objects[0]);
    if (!bases->objects)
        return BASE_OBJECTS_MAX;
    for (i = 0; i < bases->object_count; i++)
        if (strcmp(bases->objects[i].key, object->key) == 0 &&
            strcmp(bases->objects[i].etag, object->etag) == 0)
            return i;
    if (i < BASE_OBJECTS_MAX)
        bases->objects[bases->object_count++] = *object;
    return i;
}

void bases_move(struct bases *from, struct bases *to)
{
    *to = *from;
    for (unsigned i = 0; i < to->count; i++)
        if (to->held[i].allowed)
            to->held[i].allowed = &to->allowed;
    *from = (struct bases){0};
}

void bases_finish(struct bases *bases)
{
    for (unsigned i = 0; i < bases->count; i++)
        index_destroy(bases->held[i].index);
    chunk_lookup_destroy(bases->known);
    object_runs_finish(&bases->allowed);
    free(bases->objects);
    bases->known = NULL;
    bases->objects = NULL;
    bases->count = bases->object_count = 0;
}
