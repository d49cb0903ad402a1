/* One buffer. A chunk that is not in it as a whole replaces its contents. */
#include "rewrite/chunk_window.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/err.h"
#include "store/store.h"

int chunk_window_init(struct chunk_window *window, struct store *store, struct err *err)
{
    *window = (struct chunk_window){.store = store, .bytes = malloc(CHUNK_WINDOW)};
    return window->bytes ? 0 : err_memory(err, "chunks");
}

void chunk_window_finish(struct chunk_window *window)
{
    free(window->bytes);
    window->bytes = NULL;
}

static int fill(struct chunk_window *window, const struct metadata_object *object, uint64_t offset,
                uint64_t size, struct err *err)
{
    struct store_op op = {.verb = STORE_GET,
                          .key = object->key,
                          .if_match = object->etag,
                          .offset = offset,
                          .length = size,
                          .buffer = window->bytes};

    window->object = NULL;
    if (store_run(window->store, &op, err) == STORE_FAILED)
        return ERR_FAIL;
    if (op.answer != STORE_DONE)
        return err_set(err, ERR_CONFLICT, "changed", "%s was replaced meanwhile", object->key);
    window->object = object;
    window->at = offset;
    window->size = op.length;
    return 0;
}

static bool contains(const struct chunk_window *window, const struct metadata_object *object,
                     uint64_t offset, uint32_t size)
{
    return window->object == object && offset >= window->at &&
           offset + size <= window->at + window->size;
}

int chunk_window_read(struct chunk_window *window, const struct metadata_object *object,
                      uint64_t offset, uint32_t size, uint64_t ahead, struct view *out,
                      struct err *err)
{
    if (!contains(window, object, offset, size) &&
        fill(window, object, offset, ahead < CHUNK_WINDOW ? ahead : CHUNK_WINDOW, err))
        return ERR_FAIL;
    *out = view_of(window->bytes + (offset - window->at), size);
    return 0;
}
