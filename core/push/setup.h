/*
 * setup - what an attempt works with: memory, threads, the source, the upload; and what earlier
 * archives and an earlier push can contribute. Set up in the order in which one needs the other.
 *
 * Belongs to the conductor (attempt.c), which reads and uses all of it.
 */
#ifndef S3DOCK_PUSH_SETUP_H
#define S3DOCK_PUSH_SETUP_H

#include "flow/reorder.h"
#include "push/engine.h"
#include "push/find_bases.h"
#include "push/plan/parts.h"
#include "push/reader.h"
#include "push/resume/resume.h"
#include "push/upload/assembler.h"
#include "push/upload/upload.h"

/* The messages that come home. */
enum rig_message {
    RIG_STARTED = 1,
    RIG_FILLED,
    RIG_NAMED,
    RIG_SPARE,
    RIG_READ,
    RIG_PACKED,
    RIG_UPLOADED,
    RIG_JOINED
};

struct rig {
    struct attempt_options options;
    const struct push_options *push;

    struct inbox *home;
    struct slots *slots;
    struct workers *workers;
    struct source *source;
    struct reader *reader;     /* runs from the beginning */
    struct order order, named; /* spans that were packed; and, of a push that compares, named */
    struct parts *parts;
    struct upload *upload; /* NULL: nothing in the bucket was touched */
    struct index_builder *builder;
    struct digest *md5;
    struct resume *resume;
    struct bases bases;
    struct weave *weave;               /* NULL: everything is uploaded, in equal parts */
    bool copies_refused, copies_tried; /* the store does not copy for us; found out just now */
};

/* Zeroed before. After a failure, too, rig_take_down is called. */
int rig_set_up(struct rig *rig, const struct attempt_options *options, struct err *err);
/* Nothing is out any more. Leaves the bucket alone. */
void rig_take_down(struct rig *rig);

#endif
