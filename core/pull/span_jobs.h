/*
 * span_jobs - the workers of a pull, and the jobs that they run on its spans.
 *
 * Each job has the form of job.run. Failures go to span->err.
 */
#ifndef S3DOCK_PULL_SPAN_JOBS_H
#define S3DOCK_PULL_SPAN_JOBS_H

#include "flow/workers.h"

struct err;

/* Starts `count` workers (0: the serial twin), each with an unpacker as its scratch. */
struct workers *span_jobs_start_workers(unsigned count, struct err *err);

/* Unpacks the chunks of a span, discards the bytes that it has read from the seed file, and adds
 * the fetched range to the partial download. `scratch` is a struct unpacker. */
void span_job_unpack(struct job *job, void *scratch);
/* For a span without chunks: reads the piece from the partial download, or adds the fetched piece
 * to it. */
void span_job_piece(struct job *job, void *scratch);
/* Adds a prefetched range to the partial download; fails if that is not possible. */
void span_job_keep(struct job *job, void *scratch);

#endif
