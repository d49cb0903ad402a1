/*
 * old_checkpoint.h - brings a checkpoint into the layout of an earlier version.
 */
#ifndef S3DOCK_TESTS_KIT_OLD_CHECKPOINT_H
#define S3DOCK_TESTS_KIT_OLD_CHECKPOINT_H

#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/le.h"
#include "push/resume/checkpoint.h"

/* The head's frame and body follow the magic. Only version 4 has kind, image key and codec, after
 * the version, and the codec of each base, of which there is one at most. */
static inline void old_checkpoint(struct text *text, uint32_t version)
{
    const size_t magic = 8, frame = 8;
    struct le_reader frame_reader = {.left = view_of(text->data + magic + 4, 4)};
    size_t size = (size_t)le_read(&frame_reader, 4), skipped;
    struct le_reader body = {.left = view_of(text->data + magic + frame, size)};
    struct text old, head;
    char key[KEY_MAX], codec[16];
    struct xxh128 sum;
    const uint8_t *last = body.left.data + size - 5; /* the number of bases, if it is 0 */
    bool has_base;

    le_read(&body, 4);
    le_read(&body, 1);
    le_read_string(&body, key, sizeof key);
    le_read_string(&body, codec, sizeof codec);
    skipped = size - body.left.size - 4;
    has_base = memcmp(last + 1, "\0\0\0\0", 4) != 0;
    text_init(&old, CHECKPOINT_MAX);
    text_init(&head, MIB);
    le_add(&head, (uint64_t)text->data[magic] & 0xff, 4);
    le_add(&head, size - skipped - has_base, 4);
    le_add(&head, version, 4);
    text_add(&head, body.left.data, body.left.size - has_base);
    sum = xxh128_of(head.data, head.size);
    text_add(&old, text->data, magic);
    text_add(&old, head.data, head.size);
    text_add(&old, sum.bytes, sizeof sum.bytes);
    text_add(&old, text->data + magic + frame + size + sizeof sum.bytes,
             text->size - magic - frame - size - sizeof sum.bytes);
    text_finish(&head);
    text_finish(text);
    *text = old;
}

#endif
