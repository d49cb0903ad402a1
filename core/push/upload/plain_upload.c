/*
 * The packed bytes of a span are copied into the current part. A full part is compared with the
 * unfinished upload, recorded in the checkpoint, and sent.
 */
#include "push/upload/plain_upload.h"

#include "base/err.h"
#include "pack/chunk/cut.h"

static int add_to_index(struct plain_upload *p, const struct push_span *span, struct err *err)
{
    for (unsigned i = 0; i < span->count; i++)
        if (index_builder_add(p->builder, &span->chunks[i].chunk, NULL,
                              span->chunks[i].flags & CHUNK_SECTION, err))
            return ERR_FAIL;
    return 0;
}

/* Sends a part, unless an earlier push has sent it. Takes the part. */
static int send_part(struct plain_upload *p, struct part *part, struct err *err)
{
    struct resume_kept kept;
    int answer = resume_part(p->resume, part, &kept, err);

    if (answer == 0) {
        upload_digest(p->upload, part);
        resume_record(p->resume, upload_md5(p->upload));
        upload_part(p->upload, part);
        return 0;
    }
    if (answer == RESUME_HAS)
        answer = upload_keep(p->upload, part->number, part->size, &kept, err);
    parts_give(p->parts, part);
    return answer;
}

int plain_upload_add(struct plain_upload *plain, const struct push_span *span, struct err *err)
{
    struct plain_upload *p = plain;

    if (!p->begun && add_to_index(p, span, err))
        return ERR_FAIL;
    p->begun = true;
    while (p->done < span->out_size) {
        struct view rest = view_of(span->buffer->out + p->done, span->out_size - p->done);
        struct part *full;
        size_t used = parts_add(p->parts, rest, &full);

        if (used == 0)
            return PARTS_WAIT;
        p->done += used;
        if (full && send_part(p, full, err))
            return ERR_FAIL;
    }
    p->begun = false;
    p->done = 0;
    return 0;
}

int plain_upload_end(struct plain_upload *plain, struct err *err)
{
    struct part *last = parts_flush(plain->parts);

    if (last && upload_has_begun(plain->upload))
        return send_part(plain, last, err);
    if (last)
        upload_hold(plain->upload, last);
    return 0;
}
