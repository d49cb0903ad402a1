/* One chunk at a time: a rewrite is rare. The caller compares the chunks with their names later. */
#include "rewrite/repacker.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/err.h"
#include "pack/chunk/chunker.h"
#include "rewrite/chunk_window.h"

struct repacker {
    struct chunk_window window;
    struct unpacker *unpacker;
    struct packer *packer;
    uint8_t *raw;
};

static int fill(struct repacker *repacker, struct store *store, const struct codec_choice *choice,
                struct err *err)
{
    repacker->raw = malloc(codec_bound(CHUNK_MAX_LIMIT));
    if (!repacker->raw)
        return err_memory(err, "a chunk");
    repacker->unpacker = unpacker_create(err);
    repacker->packer = packer_create(choice, err);
    return repacker->unpacker && repacker->packer ? chunk_window_init(&repacker->window, store, err)
                                                  : ERR_FAIL;
}

struct repacker *repacker_create(struct store *store, const struct codec_choice *choice,
                                 struct err *err)
{
    struct repacker *repacker = calloc(1, sizeof *repacker);

    if (!repacker) {
        err_memory(err, "a chunk");
        return NULL;
    }
    if (fill(repacker, store, choice, err) == 0)
        return repacker;
    repacker_destroy(repacker);
    return NULL;
}

void repacker_destroy(struct repacker *repacker)
{
    if (!repacker)
        return;
    chunk_window_finish(&repacker->window);
    unpacker_destroy(repacker->unpacker);
    packer_destroy(repacker->packer);
    free(repacker->raw);
    free(repacker);
}

int repacker_run(struct repacker *repacker, const struct repack_chunk *chunk, uint8_t *out,
                 uint32_t *size, struct err *err)
{
    enum codec codec = (enum codec)chunk->object->codec;
    bool stored = chunk->size == codec_stored_size(codec, chunk->raw_size);
    struct view packed;

    if (chunk_window_read(&repacker->window, chunk->object, chunk->offset, chunk->size,
                          chunk->ahead, &packed, err))
        return ERR_FAIL;
    if (unpacker_unpack(repacker->unpacker, codec, packed, repacker->raw, chunk->raw_size, err))
        return err_wrap(err, "%s", chunk->object->key);
    *size = (uint32_t)packer_pack(repacker->packer, view_of(repacker->raw, chunk->raw_size), stored,
                                  out);
    return 0;
}
