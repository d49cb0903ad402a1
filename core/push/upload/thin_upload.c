/*
 * A chunk that a base holds, and a repeat of an own chunk, are only entered in the index: no worker
 * packs them. So the packed bytes of a span are those of its own chunks, and plain_upload moves
 * them into parts.
 */
#include "push/upload/thin_upload.h"

#include <stdlib.h>

#include "base/err.h"
#include "pack/chunk/cut.h"
#include "push/plan/own_chunks.h"
#include "push/upload/plain_upload.h"
#include "push/upload/spot_check.h"

struct thin_upload {
    struct thin_upload_options options;
    struct plain_upload plain;
    struct own_chunks *own;
    struct spot_check *check; /* NULL: without bases */
    uint32_t cursor;          /* a hint for chunk_lookup_find */
    uint64_t number;          /* of the next chunk to look up */
    uint64_t referred;
};

/* The objects of the bases get the numbers 1, 2, ... in the index builder. */
static int add_objects(const struct thin_upload_options *options, struct err *err)
{
    for (unsigned i = 0; i < options->bases->object_count; i++) {
        const struct base_object *object = &options->bases->objects[i];
        unsigned number;

        if (index_builder_object(options->builder, object->size, object->codec, &number, err))
            return ERR_FAIL;
    }
    return 0;
}

/* Reads a sample of the chunks that may be referred to, while the image is read. */
static int begin_check(struct thin_upload *t, struct err *err)
{
    const struct bases *bases = t->options.bases;

    t->check = spot_check_create(t->options.store, bases->objects, NAME_SHA256, err);
    if (!t->check)
        return ERR_FAIL;
    for (unsigned i = 0; i < bases->count; i++)
        spot_check_note_index(t->check, &bases->held[i]);
    return spot_check_begin(t->check, err);
}

static int make_parts(struct thin_upload *t, struct err *err)
{
    const struct thin_upload_options *o = &t->options;

    t->plain = (struct plain_upload){
        .upload = o->upload, .parts = o->parts, .builder = o->builder, .resume = o->resume};
    t->own = own_chunks_create(err);
    if (!t->own)
        return ERR_FAIL;
    if (o->bases->count == 0)
        return 0;
    return begin_check(t, err) ? ERR_FAIL : add_objects(o, err);
}

struct thin_upload *thin_upload_create(const struct thin_upload_options *options, struct err *err)
{
    struct thin_upload *t = calloc(1, sizeof *t);

    if (!t) {
        err_memory(err, "the upload");
        return NULL;
    }
    t->options = *options;
    if (make_parts(t, err)) {
        thin_upload_destroy(t);
        return NULL;
    }
    return t;
}

void thin_upload_destroy(struct thin_upload *thin)
{
    if (!thin)
        return;
    spot_check_destroy(thin->check);
    own_chunks_destroy(thin->own);
    free(thin);
}

/* ---- which chunks are referred to ---- */

/* A chunk that no base holds: its bytes are sent, unless it is a repeat. */
static int look_up_own(struct thin_upload *t, struct push_chunk *chunk, struct err *err)
{
    uint32_t sent;

    if (own_chunks_add(t->own, &chunk->chunk, t->number, &chunk->repeat, &chunk->first, err))
        return ERR_FAIL;
    chunk->fate = chunk->repeat ? CHUNK_COPY : CHUNK_PACK;
    if (chunk->repeat)
        return 0;
    if (resume_next_chunk(t->options.resume, chunk, &sent, err))
        return ERR_FAIL;
    if (sent) {
        chunk->fate = CHUNK_SENT;
        chunk->chunk.packed_size = sent;
    }
    return 0;
}

int thin_upload_look_up(struct thin_upload *thin, struct push_span *span, struct err *err)
{
    struct thin_upload *t = thin;

    for (unsigned i = 0; i < span->count; i++, t->number++) {
        struct push_chunk *chunk = &span->chunks[i];

        if (!span->looked_up && t->options.bases->count)
            chunk_lookup_find(t->options.bases->known, &chunk->chunk.name, chunk->chunk.raw_size,
                              &t->cursor, &chunk->held);
        if (chunk->held.size == 0 && look_up_own(t, chunk, err))
            return ERR_FAIL;
        if (chunk->held.size && chunk->fate != CHUNK_UNREAD)
            chunk->fate = CHUNK_COPY;
    }
    span->looked_up = true;
    return 0;
}

/* ---- index and parts ---- */

static int add_chunk(struct thin_upload *t, const struct push_chunk *chunk, struct err *err)
{
    struct index_builder *builder = t->options.builder;
    struct index_chunk entry = chunk->chunk;
    struct index_place place;

    if (chunk->held.size) {
        entry.packed_size = chunk->held.size;
        place =
            (struct index_place){.object = chunk->held.object + 1, .offset = chunk->held.offset};
        t->referred += chunk->held.size;
    } else if (chunk->repeat) {
        entry.packed_size = index_builder_chunk(builder, chunk->first)->packed_size;
        place = index_builder_place(builder, chunk->first);
    }
    return index_builder_add(builder, &entry, chunk->held.size || chunk->repeat ? &place : NULL,
                             chunk->flags & CHUNK_SECTION, err);
}

int thin_upload_add(struct thin_upload *thin, const struct push_span *span, struct err *err)
{
    if (!thin->plain.begun)
        for (unsigned i = 0; i < span->count; i++)
            if (add_chunk(thin, &span->chunks[i], err))
                return ERR_FAIL;
    thin->plain.begun = true;
    return plain_upload_add(&thin->plain, span, err);
}

int thin_upload_end(struct thin_upload *thin, struct err *err)
{
    return plain_upload_end(&thin->plain, err);
}

int thin_upload_check(struct thin_upload *thin, unsigned *different, struct err *err)
{
    return thin->referred ? spot_check_verify(thin->check, different, err) : 0;
}

uint64_t thin_upload_referred(const struct thin_upload *thin)
{
    return thin->referred;
}
