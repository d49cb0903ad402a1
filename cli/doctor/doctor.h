/*
 * doctor - what was looked at, what was found, how it is mended: the report of `s3dock doctor`.
 *
 * The checks themselves: doctor_settings.c (configuration, credentials), doctor_bucket.c,
 * doctor_host.c (Docker, disks). They find out and report, and never fail themselves.
 */
#ifndef S3DOCK_CLI_DOCTOR_DOCTOR_H
#define S3DOCK_CLI_DOCTOR_DOCTOR_H

#include <stdbool.h>

#include "base/err.h"

struct cli;
struct config;
struct output;
struct store;

enum doctor_status {
    DOCTOR_OK,
    DOCTOR_WARNING, /* works, but not as well as it might */
    DOCTOR_FAILED,
    DOCTOR_SKIPPED, /* not looked at, and why */
};

struct doctor_check {
    const char *name; /* static */
    enum doctor_status status;
    struct err found; /* text and hint; family and code of a failure */
};

#define DOCTOR_CHECKS_MAX 64 /* some thirty, and unknown keys of the configuration */

struct doctor {
    struct doctor_check checks[DOCTOR_CHECKS_MAX];
    unsigned count; /* what there is no room for is dropped */
};

void doctor_ok(struct doctor *doctor, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void doctor_skipped(struct doctor *doctor, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* `hint` may be NULL. */
void doctor_warning(struct doctor *doctor, const char *name, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* An error as a check of its own. */
void doctor_found(struct doctor *doctor, const char *name, enum doctor_status status,
                  const struct err *err);

/* The report, as lines and as data: {"checks": [{"name", "status", "detail", "hint"}], "ok"}. */
void doctor_print(const struct doctor *doctor, struct output *output);
/* 0 when nothing failed; else ERR_FAIL, and the first failure stands for all. */
int doctor_verdict(const struct doctor *doctor, struct err *err);

/* ---- the checks ---- */

/* The settings that a configuration holds: its file, and what is odd in it. */
void doctor_check_settings(struct doctor *doctor, const struct config *config);
void doctor_check_credentials(struct doctor *doctor, const struct config *config);

/* What may be done with the bucket. Unless `read_only`, small objects are written below
 * .s3dock-doctor/ and removed again, also after a cancel. */
void doctor_check_bucket(struct doctor *doctor, struct store *store, bool read_only);

/* Whether the first few archives are those that their metadata speak of. Says nothing of a bucket
 * without images, or where it may not read. */
void doctor_check_archives(struct doctor *doctor, struct store *store);

/* The daemon; and the disks that it and we write to. */
void doctor_check_docker(struct doctor *doctor, struct cli *cli);
void doctor_check_cache(struct doctor *doctor);

#endif
