/*
 * stored - reads an image from a hostile store: all bytes are verified, or refused.
 */
#ifndef S3DOCK_TESTS_FUZZ_STORED_H
#define S3DOCK_TESTS_FUZZ_STORED_H

#include <string.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "base/hash.h"
#include "docker/docker.h"
#include "folder.h"
#include "layers/open_layers.h"

#define STORED_MAX (4 * MIB) /* limit of bytes read from a layer */

/* The separator of the parts of an input. */
#define STORED_NEXT '\n'

static inline struct view stored_part(struct view *input)
{
    const uint8_t *end = input->size ? memchr(input->data, STORED_NEXT, input->size) : NULL;
    struct view part = view_of(input->data, end ? (size_t)(end - input->data) : input->size);

    *input = end ? view_of(end + 1, input->size - part.size - 1) : view_of(NULL, 0);
    return part;
}

static inline void stored_digest(struct view bytes, char out[DIGEST_TEXT_SIZE])
{
    char hex[SHA256_HEX_SIZE];
    uint8_t sum[SHA256_SIZE];

    sha256_of(bytes, sum);
    hex_encode(sum, sizeof sum, hex);
    snprintf(out, DIGEST_TEXT_SIZE, "sha256:%s", hex);
}

/* Reads a layer: it has the measured size, or reading fails. `look` receives its bytes. */
static inline void stored_read(struct layer_store *store, unsigned number,
                               void (*look)(const uint8_t *bytes, size_t size))
{
    static uint8_t room[64 * KIB];
    struct err err = {0};
    struct layer_stream *stream;
    bool measured = layer_store_measure(store, number, NULL, &err) == 0;
    uint64_t size = 0;
    long got = 0;

    stream = layer_store_stream(store, number, &err);
    if (!stream)
        return;
    do {
        got = stream->read(stream, room, sizeof room, NULL, &err);
        check(got <= (long)sizeof room);
        if (got > 0)
            size += (uint64_t)got;
        if (got > 0 && look)
            look(room, (size_t)got);
    } while (got > 0 && size < STORED_MAX);
    stream->close(stream);
    check(got != 0 || (measured && size == store->layers[number].size));
}

static inline void stored_look(const struct docker_engine *engine, const char *id,
                               void (*look)(const uint8_t *bytes, size_t size))
{
    struct layer_store_wanted wanted = {.engine = engine, .image_id = id};
    char config_id[DIGEST_TEXT_SIZE];
    struct layer_store *store;
    struct err err = {0};

    open_layers_readable(engine, &err);
    store = open_layers(&wanted, &err);
    if (!store)
        return;
    stored_digest(text_view(&store->config), config_id);
    check(strcmp(config_id, store->id) == 0);
    check(store->count > 0 && store->count <= IMAGE_LAYERS_MAX);
    for (unsigned i = 0; i < store->count && i < 4; i++) {
        check(digest_text_valid(store->layers[i].diff_id));
        stored_read(store, i, look);
    }
    layer_store_close(store);
}

#endif
