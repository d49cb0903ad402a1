/*
 * setup - what an engine works with: memory, threads, the source, the upload; and what earlier
 * archives and an earlier push can contribute. Set up in the order in which one needs the other.
 *
 * Belongs to the conductor (engine.c), which reads and uses all of it.
 */
#ifndef S3DOCK_PUSH_SETUP_H
#define S3DOCK_PUSH_SETUP_H

#include "flow/reorder.h"
#include "push/engine.h"
#include "push/plan/bases.h"
#include "push/plan/parts.h"
#include "push/reader.h"
#include "push/resume/resume.h"
#include "push/upload/assembler.h"
#include "push/upload/upload.h"

/* The messages that come home. */
enum push_message {
    PUSH_STARTED = 1,
    PUSH_FILLED,
    PUSH_NAMED,
    PUSH_UNUSED,
    PUSH_READ,
    PUSH_PACKED,
    PUSH_UPLOADED,
    PUSH_COMPOSED
};

struct push_setup {
    struct push_engine_options options;
    const struct push_options *push;

    struct inbox *home;
    struct buffers *slots;
    struct workers *workers;
    struct source *source;
    struct reader *reader;       /* runs from the beginning */
    struct reorder order, named; /* spans that were packed; and, of a push that compares, named */
    struct parts *parts;
    struct upload *upload; /* NULL: nothing in the bucket was touched */
    struct index_builder *builder;
    struct digest *md5;
    struct resume *resume;
    struct bases bases;
    struct assembler *assembler;       /* NULL: everything is uploaded, in equal parts */
    bool copies_refused, copies_tried; /* the store does not copy for us; found out just now */
};

/* Zeroed before. After a failure, too, push_setup_finish is called. */
int push_setup(struct push_setup *setup, const struct push_engine_options *options,
               struct err *err);
/* Nothing is out any more. Leaves the bucket alone. */
void push_setup_finish(struct push_setup *setup);

#endif
