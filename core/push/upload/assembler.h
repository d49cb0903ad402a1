/*
 * assembler - composes an archive of packed chunks and of ranges of bases: connects the part
 * planner, which decides, the composer, which carries out, and the index.
 *
 * Belongs to the engine.
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
    struct store *store; /* all pointers are borrowed */
    struct upload *upload;
    const struct bases *bases;
    struct parts *parts;
    struct index_builder *builder;
    struct resume *resume;
    struct inbox *inbox;
    int kind; /* msg.kind of its messages */
    struct codec_choice choice;
    struct part_planner_options planner;
};

struct assembler;
struct assembler *assembler_create(const struct assembler_options *options, struct err *err);
void assembler_destroy(struct assembler *assembler); /* takes NULL; no operation may be out */

/* Looks the named chunks of a span up in the bases, unless the reader has done so. Call it in the
 * order of the stream, before the fates of the chunks are set. */
void assembler_look_up(struct assembler *assembler, struct push_span *span);
/* Adds the next span, in order, as long as parts are free. 0: all of it; PARTS_WAIT: call again
 * with the same span when a part is free. */
int assembler_add(struct assembler *assembler, struct push_span *span, struct err *err);
/* All spans were added: carries out the last steps, and begins the spot check. */
int assembler_end(struct assembler *assembler, struct err *err);
/* All operations have returned: waits for the spot check. SPOT_CHECK_DIFFERS (spot_check.h): the
 * archive is wrong, because base *different differs from its index. */
int assembler_check(struct assembler *assembler, unsigned *different, struct err *err);
/* Takes one of its messages. Not 0: the operation failed, and *failure classifies it. */
int assembler_finish_op(struct assembler *assembler, struct msg *msg, enum copy_failure *failure,
                        struct err *err);
/* Starts no further operations. */
void assembler_stop(struct assembler *assembler);
unsigned assembler_out(const struct assembler *assembler); /* operations that have not returned */

bool assembler_has_copied(const struct assembler *assembler);
uint64_t
assembler_fresh(const struct assembler *assembler); /* bytes of the archive that were not copied */
unsigned assembler_joins(const struct assembler *assembler);
/* Returns true if the bytes of an unread chunk were needed: the lead was too short. */
bool assembler_lacked_bytes(const struct assembler *assembler);
/* No operation is out. Deletes the temporary objects, and waits. */
void assembler_clean_up(struct assembler *assembler);

#endif
