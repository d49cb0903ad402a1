/*
 * A user with write access to the bucket could write an index that contradicts its archive. A push
 * does not see the bytes that the store copies, so the first pull would detect it. Reading all of
 * them back would cost what the copying saves. A sample detects an index that is wrong as a whole:
 * n chunks miss a share f of wrong chunks with a probability of (1 - f)^n.
 */
#include "push/upload/spot_check.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/random.h"
#include "pack/chunk/chunker.h"
#include "pack/codec/codec.h"

struct pick {
    struct store_op op;
    struct held_chunk held;
    uint32_t raw_size;
    struct chunk_name name;
};

struct spot_check {
    struct store *store;
    const struct base_object *objects;
    enum name_kind names;
    uint64_t seen, random;
    struct pick picks[SPOT_CHECK_CHUNKS];
    unsigned count, out; /* reads; of them not returned yet */
    struct inbox *inbox;
    uint8_t *room;
};

struct spot_check *spot_check_create(struct store *store, const struct base_object *objects,
                                     enum name_kind names, struct err *err)
{
    struct spot_check *s = calloc(1, sizeof *s);

    if (!s) {
        err_memory(err, "the upload");
        return NULL;
    }
    s->store = store;
    s->objects = objects;
    s->names = names;
    if (random_fill(&s->random, sizeof s->random, err)) {
        free(s);
        return NULL;
    }
    return s;
}

void spot_check_note(struct spot_check *check, const struct index_chunk *chunk,
                     const struct held_chunk *held)
{
    uint64_t at = check->seen++;

    if (at >= SPOT_CHECK_CHUNKS)
        at = random_next(&check->random) % check->seen;
    if (at < SPOT_CHECK_CHUNKS)
        check->picks[at] =
            (struct pick){.held = *held, .raw_size = chunk->raw_size, .name = chunk->name};
}

void spot_check_note_index(struct spot_check *check, const struct held_index *held)
{
    for (unsigned i = 0; i < held->index->section_count; i++) {
        const struct index_chunk *chunk;
        struct index_cursor cursor;
        struct index_place place;

        index_cursor_init(&cursor, &held->index->sections[i]);
        while ((chunk = index_cursor_next(&cursor, &place))) {
            const struct held_chunk at = {.object = held->objects[place.object],
                                          .offset = place.offset,
                                          .size = chunk->packed_size};

            if (held_index_allows(held, &place, chunk->packed_size))
                spot_check_note(check, chunk, &at);
        }
    }
}

static void submit(struct spot_check *s, struct pick *pick, uint8_t *room)
{
    const struct base_object *object = &s->objects[pick->held.object];

    pick->op = (struct store_op){.inbox = s->inbox,
                                 .verb = STORE_GET,
                                 .key = object->key,
                                 .if_match = object->etag,
                                 .offset = pick->held.offset,
                                 .length = pick->held.size};
    pick->op.buffer = room;
    store_submit(s->store, &pick->op);
}

int spot_check_begin(struct spot_check *check, struct err *err)
{
    struct spot_check *s = check;
    uint8_t *room;
    size_t bytes = 1;

    s->count = s->seen < SPOT_CHECK_CHUNKS ? (unsigned)s->seen : SPOT_CHECK_CHUNKS;
    for (unsigned i = 0; i < s->count; i++)
        bytes += s->picks[i].held.size;
    room = s->room = malloc(bytes);
    if (!room)
        return err_memory(err, "the check of what was copied");
    s->inbox = inbox_create(err);
    if (!s->inbox)
        return ERR_FAIL;
    for (unsigned i = 0; i < s->count; i++) {
        submit(s, &s->picks[i], room);
        room += s->picks[i].held.size;
    }
    s->out = s->count;
    return 0;
}

static void wait_for_all(struct spot_check *s)
{
    for (; s->out > 0; s->out--)
        inbox_take(s->inbox, INBOX_FOREVER);
}

void spot_check_destroy(struct spot_check *check)
{
    if (!check)
        return;
    wait_for_all(check);
    inbox_destroy(check->inbox);
    free(check->room);
    free(check);
}

static bool is_true(const struct spot_check *s, const struct pick *pick, struct unpacker *unpacker,
                    uint8_t *raw)
{
    enum codec codec = s->objects[pick->held.object].codec;
    struct chunk_name name;
    struct err ignored;

    if (unpacker_unpack(unpacker, codec, view_of(pick->op.buffer, pick->held.size), raw,
                        pick->raw_size, &ignored))
        return false;
    name = chunk_name_of(s->names, raw, pick->raw_size);
    return chunk_name_equals(&name, &pick->name);
}

static int compare(const struct spot_check *s, struct unpacker *unpacker, uint8_t *raw,
                   unsigned *different, struct err *err)
{
    for (unsigned i = 0; i < s->count; i++) {
        const struct pick *pick = &s->picks[i];

        if (pick->op.answer == STORE_FAILED) {
            *err = pick->op.err;
            return err_wrap(err, "cannot check what was copied");
        }
        if (pick->op.answer == STORE_DONE && !is_true(s, pick, unpacker, raw)) {
            *different = pick->held.object;
            return SPOT_CHECK_DIFFERS;
        }
    }
    return 0;
}

int spot_check_verify(struct spot_check *check, unsigned *different, struct err *err)
{
    struct unpacker *unpacker = unpacker_create(err);
    uint8_t *raw = malloc(CHUNK_MAX_LIMIT);
    int answer;

    wait_for_all(check);
    if (!unpacker || !raw)
        answer = err_memory(err, "the check of what was copied");
    else
        answer = compare(check, unpacker, raw, different, err);
    unpacker_destroy(unpacker);
    free(raw);
    return answer;
}
