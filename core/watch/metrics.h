/*
 * metrics - the figures of a watcher as a text file for the textfile collector of Prometheus's
 * node exporter.
 */
#ifndef S3DOCK_WATCH_METRICS_H
#define S3DOCK_WATCH_METRICS_H

#include <stdint.h>

#include "base/bytes.h"
#include "catalog/name.h"

struct err;

/* The results of a poll. */
enum metrics_poll {
    METRICS_SAME,
    METRICS_CHANGED,
    METRICS_ABSENT,    /* no pointer */
    METRICS_MALFORMED, /* a pointer that leads to no image */
    METRICS_FAILED,
    METRICS_POLLS
};

/* The results of a deployment that made changes. */
enum metrics_run {
    METRICS_DEPLOYED,
    METRICS_RUN_FAILED,
    METRICS_ROLLED_BACK,
    METRICS_DOWN,
    METRICS_ERROR, /* no candidate was created: bucket, daemon, disk */
    METRICS_RUNS
};

struct metrics_entry {
    char app[NAME_APP_MAX], env[NAME_ENV_MAX];
    char image[NAME_REF_MAX]; /* that serves, or "" */
    uint64_t polls[METRICS_POLLS];
    uint64_t runs[METRICS_RUNS];
    /* Numbers of the file. Times are seconds since 1970. */
    double last_success;                /* of the last poll with a response; 0: none so far */
    double since;                       /* the image serves since then; 0: not known */
    double backoff;                     /* s */
    double last_duration;               /* s, of the last deployment; 0: none so far */
    double gap;                         /* s without service in the last deployment */
    double behind, held, down, blocked; /* 0 or 1 */
};

/* Appends the figures of `count` entries in the text format, without timestamps. */
void metrics_write(const struct metrics_entry *entries, unsigned count, struct text *out);
/* Writes them to a file that every user can read. */
int metrics_store(const struct metrics_entry *entries, unsigned count, const char *path,
                  struct err *err);

#endif
