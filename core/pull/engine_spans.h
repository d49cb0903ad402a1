/*
 * engine_spans - starts the spans of a pull, and takes each one through its stages.
 *
 * Used by the engine's thread only.
 */
#ifndef S3DOCK_PULL_ENGINE_SPANS_H
#define S3DOCK_PULL_ENGINE_SPANS_H

#include "pull/engine_state.h"

/* Starts nothing more. The first reason stays. */
void pull_engine_stop(struct pull_engine *engine, const struct err *err);

/* Requests missing chunks ahead of the plan, among those that are settled. */
void engine_spans_prefetch(struct pull_engine *engine);
/* Starts as many spans as there are free buffers. */
void engine_spans_start(struct pull_engine *engine);
/* Gives back the spans that wait for one before them. */
void engine_spans_drop(struct pull_engine *engine);

/* One function for each message about a span. */
void engine_spans_fetched(struct pull_engine *engine, struct msg *msg);
void engine_spans_unpacked(struct pull_engine *engine, struct msg *msg);
void engine_spans_written(struct pull_engine *engine, struct msg *msg);
void engine_spans_prefetched(struct pull_engine *engine, struct msg *msg);
void engine_spans_prefetch_kept(struct pull_engine *engine, struct msg *msg);

#endif
