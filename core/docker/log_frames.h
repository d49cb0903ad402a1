/*
 * log_frames - keeps the last printable lines of a container's log. Internal to core/docker. Pure.
 *
 * A daemon sends the log of a container without a terminal in frames: a byte for the output, three
 * zeros, the size (big-endian, 32 bits), then the bytes.
 */
#ifndef S3DOCK_DOCKER_LOG_FRAMES_H
#define S3DOCK_DOCKER_LOG_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct log_frames {
    bool framed;
    uint8_t head[8];
    size_t head_size;
    uint32_t left;    /* bytes of the current frame */
    size_t keep;      /* bytes of the end that are kept */
    struct text tail; /* the end of the log, not yet printable */
};

/* `framed`: false for the log of a container with a terminal. log_frames_finish frees the
 * memory. */
void log_frames_init(struct log_frames *frames, bool framed, size_t keep);
/* Takes the next bytes. Bytes that are no frame are read as text, and so is all that follows. */
void log_frames_feed(struct log_frames *frames, struct view bytes);
/* Appends the last `lines` lines that fit into `out`. Each ends with a newline. */
void log_frames_write(const struct log_frames *frames, unsigned lines, struct text *out);
void log_frames_finish(struct log_frames *frames);

#endif
