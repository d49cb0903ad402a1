/*
 * setup - the parts that the engine of a push needs: memory, threads, source, upload, bases and the
 * unfinished upload of an earlier push.
 *
 * Belongs to the engine (engine.c), which reads and uses all members.
 */
#ifndef S3DOCK_PUSH_SETUP_H
#define S3DOCK_PUSH_SETUP_H

#include "flow/reorder.h"
#include "push/chunk_fate.h"
#include "push/engine_options.h"
#include "push/plan/bases.h"
#include "push/plan/parts.h"
#include "push/reader.h"
#include "push/resume/resume.h"
#include "push/upload/assembler.h"
#include "push/upload/plain_upload.h"
#include "push/upload/thin_upload.h"
#include "push/upload/upload.h"

/* The messages that arrive in the engine's inbox. */
enum push_message {
    PUSH_STARTED = 1, /* reader: the first byte has come */
    PUSH_FILLED,      /* reader: a span of raw chunks */
    PUSH_UNUSED,      /* reader: a span that it did not fill */
    PUSH_READ,        /* reader: the end */
    PUSH_NAMED,       /* worker: a span whose chunks have their names */
    PUSH_PACKED,      /* worker: a span of packed chunks */
    PUSH_UPLOADED,    /* store: an operation of the upload */
    PUSH_COMPOSED     /* store: an operation for a temporary object */
};

struct push_setup {
    struct push_engine_options options;
    struct chunk_params params; /* of the codec */

    struct inbox *inbox;
    struct buffers *buffers;
    struct workers *workers;
    struct source *source;
    struct reader *reader;        /* runs from the beginning */
    struct reorder packed, named; /* spans that workers return */
    struct parts *parts;
    struct upload *upload; /* NULL: nothing in the bucket was touched */
    struct index_builder *builder;
    struct resume *resume;
    struct bases bases;
    struct chunk_fates fates;
    struct plain_upload plain;   /* of an archive without bases */
    struct assembler *assembler; /* with bases; or NULL */
    struct thin_upload *thin;    /* of a thin image; or NULL */
    bool copies_refused;         /* the store does not copy ranges, */
    bool copies_tried;           /* which a probe of this push has found out */
};

/* `setup` is zeroed before. push_setup_finish is called after a failure, too. */
int push_setup(struct push_setup *setup, const struct push_engine_options *options,
               struct err *err);
/* Returns true if the image is written in format 3. */
bool push_setup_is_third(const struct push_setup *setup);
/* Returns the key of the object that is uploaded: that of the unfinished upload, if there is
 * one. */
const char *push_setup_key(const struct push_setup *setup);
/* No span, part or operation may be in use. Does not change the bucket. */
void push_setup_finish(struct push_setup *setup);

#endif
