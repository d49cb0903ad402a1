/*
 * assembler - puts an archive together from spans of packed chunks and from what earlier archives hold:
 * the planner decides, the composer has it done, the index learns what became of each chunk.
 *
 * Belongs to the conductor.
 */
#ifndef S3DOCK_PUSH_UPLOAD_ASSEMBLER_H
#define S3DOCK_PUSH_UPLOAD_ASSEMBLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/inbox.h"
#include "pack/index/index.h"
#include "push/plan/bases.h"
#include "push/plan/parts.h"
#include "push/plan/span.h"
#include "push/resume/resume.h"
#include "push/upload/upload.h"

struct err;

struct assembler_options {
    struct store *store; /* all of them are borrowed */
    struct upload *upload;
    const struct bases *bases;
    struct parts *parts;
    struct index_builder *builder;
    struct resume *resume;
    struct inbox *home;
    int kind; /* msg.kind of its messages */
    int level;
    struct part_planner_options planner;
};

struct assembler;
struct assembler *assembler_create(const struct assembler_options *options, struct err *err);
void assembler_destroy(struct assembler *assembler); /* takes NULL; nothing may be out */

/* Before that, in order: looks up the chunks of a span, which have their names, in the earlier
 * archives, unless the reader did. */
void assembler_look_up(struct assembler *assembler, struct push_span *span);
/* Places the next span, in order, as far as there are free parts. 0: all of it; ASSEMBLER_WAIT: call
 * again with the same span when a part has come home. */
enum { ASSEMBLER_WAIT = 1 };
int assembler_add(struct assembler *assembler, struct push_span *span, struct err *err);
/* All spans were placed: what is left goes out, and a few of the copied chunks are read back. */
int assembler_end(struct assembler *assembler, struct err *err);
/* Everything was placed and is home: what came of the reading back. SPOT_CHECK_DIFFERS (sample.h): what was
 * put together is wrong, since base *different does not hold what its index says. */
int assembler_check(struct assembler *assembler, unsigned *different, struct err *err);
/* Takes one of its messages. Not 0: the operation failed, and *failure classifies it. */
int assembler_finish_op(struct assembler *assembler, struct msg *msg, enum copy_failure *failure,
                        struct err *err);
/* Begins nothing any more. */
void assembler_stop(struct assembler *assembler);
unsigned assembler_out(
    const struct assembler *assembler); /* messages and steps that have yet to come home */

bool assembler_has_copied(const struct assembler *assembler);
uint64_t
assembler_fresh(const struct assembler *assembler); /* bytes of the archive that were sent */
unsigned assembler_joins(const struct assembler *assembler);
/* Bytes were needed of a chunk that was not read: the lead was too short. */
bool assembler_lacked_bytes(const struct assembler *assembler);
/* Nothing is out, nobody will go on: removes what was temporary in the bucket. */
void assembler_clean_up(struct assembler *assembler);

#endif
