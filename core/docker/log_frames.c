/*
 * The bytes of the frames are appended to a text of twice the kept size; its older half is dropped
 * when it is full. A frame ends in the middle of a line at times, so lines are made at the end.
 */
#include "docker/log_frames.h"

#include <string.h>

#include "base/utf8.h"

void log_frames_init(struct log_frames *frames, bool framed, size_t keep)
{
    *frames = (struct log_frames){.framed = framed, .keep = keep};
    text_init(&frames->tail, 2 * keep + 1);
}

void log_frames_finish(struct log_frames *frames)
{
    text_finish(&frames->tail);
}

/* ---- frames ---- */

static void keep_bytes(struct log_frames *frames, struct view bytes)
{
    struct text *tail = &frames->tail;

    if (bytes.size > frames->keep)
        bytes = view_of(bytes.data + (bytes.size - frames->keep), frames->keep);
    if (tail->size + bytes.size > 2 * frames->keep) {
        size_t drop = tail->size + bytes.size - frames->keep;

        if (drop > tail->size)
            drop = tail->size;
        memmove(tail->data, tail->data + drop, tail->size - drop);
        text_cut(tail, tail->size - drop);
    }
    text_add(tail, bytes.data, bytes.size);
}

static bool is_frame_head(const uint8_t head[8])
{
    return head[0] <= 2 && head[1] == 0 && head[2] == 0 && head[3] == 0;
}

/* Takes bytes of a head; returns how many. */
static size_t take_head(struct log_frames *frames, struct view bytes)
{
    size_t size = sizeof frames->head - frames->head_size;

    if (size > bytes.size)
        size = bytes.size;
    memcpy(frames->head + frames->head_size, bytes.data, size);
    frames->head_size += size;
    if (frames->head_size < sizeof frames->head)
        return size;
    frames->head_size = 0;
    if (is_frame_head(frames->head)) {
        frames->left = (uint32_t)frames->head[4] << 24 | (uint32_t)frames->head[5] << 16 |
                       (uint32_t)frames->head[6] << 8 | frames->head[7];
    } else {
        frames->framed = false;
        keep_bytes(frames, view_of(frames->head, sizeof frames->head));
    }
    return size;
}

void log_frames_feed(struct log_frames *frames, struct view bytes)
{
    while (bytes.size > 0) {
        size_t size = bytes.size;

        if (frames->framed && frames->left == 0) {
            size = take_head(frames, bytes);
        } else {
            if (frames->framed && size > frames->left)
                size = frames->left;
            keep_bytes(frames, view_of(bytes.data, size));
            frames->left -= frames->framed ? (uint32_t)size : 0;
        }
        bytes = view_of(bytes.data + size, bytes.size - size);
    }
}

/* ---- lines ---- */

/* Returns the length of an escape sequence of a terminal at the front: ESC [ parameters letter. */
static size_t escape_length(const char *at, const char *end)
{
    const char *from = at;

    if (end - at < 2 || at[0] != '\x1b' || at[1] != '[')
        return 0;
    for (at += 2; at < end && *at >= 0x20 && *at < 0x40; at++)
        ;
    return at < end ? (size_t)(at + 1 - from) : (size_t)(end - from);
}

/* Appends one line, printable. */
static void write_line(const char *at, const char *end, struct text *out)
{
    size_t start = out->size;

    while (at < end) {
        size_t escape = escape_length(at, end);

        if (escape == 0 && *at != '\r')
            text_char(out, *at == '\t' || *at == '\0' ? ' ' : *at);
        at += escape ? escape : 1;
    }
    if (!out->failed)
        str_printable(out->data + start);
    text_char(out, '\n');
}

/* Returns the beginning of the line before `end`. */
static const char *line_start(const char *from, const char *end)
{
    while (end > from && end[-1] != '\n')
        end--;
    return end;
}

static const char *last_lines(const char *from, const char *end, unsigned lines)
{
    const char *at = end > from && end[-1] == '\n' ? end - 1 : end;

    if (lines == 0)
        return end;
    for (at = line_start(from, at); lines > 1 && at > from; lines--)
        at = line_start(from, at - 1);
    return at;
}

void log_frames_write(const struct log_frames *frames, unsigned lines, struct text *out)
{
    const char *from = frames->tail.data, *end = from + frames->tail.size;
    size_t room = out->max - out->size;

    if (out->failed || room == 0)
        return;
    if ((size_t)(end - from) > room - 1) /* the last line may need a newline */
        from = end - (room - 1);
    for (const char *at = last_lines(from, end, lines), *stop; at < end; at = stop + 1) {
        stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop)
            stop = end;
        write_line(at, stop, out);
    }
}
