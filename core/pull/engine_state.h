/*
 * engine_state - the state of a running pull, for the files of the engine only.
 */
#ifndef S3DOCK_PULL_ENGINE_STATE_H
#define S3DOCK_PULL_ENGINE_STATE_H

#include <stdbool.h>

#include "base/err.h"
#include "flow/buffers.h"
#include "flow/inbox.h"
#include "flow/reorder.h"
#include "flow/workers.h"
#include "pull/buffer_plan.h"
#include "pull/output.h"
#include "pull/plan/prefetch.h"
#include "pull/plan/range_plan.h"
#include "pull/prepare.h"
#include "pull/progress.h"
#include "pull/seed_monitor.h"

/* Messages to the engine. */
enum {
    SPAN_FETCHED = 1,
    SPAN_UNPACKED,
    SPAN_WRITTEN,
    BUNDLE_VERIFIED,
    WRITER_ENDED,
    SCAN_MOVED,
    SCAN_ENDED,
    PREFETCH_FETCHED,
    PREFETCH_KEPT
};

struct pull_engine {
    struct prepare *prepared;
    const struct pull_options *options;

    struct buffer_plan buffer_plan;
    struct range_plan plan;
    struct seed_monitor *monitor;  /* NULL: no local image is scanned */
    struct prefetch *prefetch;     /* NULL: nothing is fetched ahead of the plan */
    uint64_t bridge, short_bridge; /* of its ranges: of full length, and on a slow link */

    struct inbox *inbox;
    struct buffers *buffers;
    struct workers *workers;
    struct pull_output output;
    struct verify_stream *verify; /* NULL: a bundle is written */
    struct reorder order;
    bool writing, ended, stopping, replaced;
    unsigned refreshes; /* of the object map */

    struct pull_progress progress;
    struct err err;
};

#endif
