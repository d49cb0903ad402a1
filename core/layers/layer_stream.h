/*
 * layer_stream - the interface of a stream with the tar of one layer: built from files
 * (layer_tar.h), or unpacked from a blob (layer_blob.h).
 *
 * A blocking stream for one thread. The caller verifies the bytes with the diffID.
 */
#ifndef S3DOCK_LAYERS_LAYER_STREAM_H
#define S3DOCK_LAYERS_LAYER_STREAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct err;

struct layer_stream {
    /* Fills `out` and returns the number of bytes: less than cap only at the end, or when *stop
     * (may be NULL) is set; 0 at the end; negative after a failure. */
    long (*read)(struct layer_stream *stream, uint8_t *out, size_t cap, const atomic_bool *stop,
                 struct err *err);
    void (*close)(struct layer_stream *stream);
};

#endif
