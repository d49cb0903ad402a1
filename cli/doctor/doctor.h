/*
 * doctor - the report of `s3dock doctor`: checks, their results, and hints.
 *
 * The checks: settings.c (configuration), credentials.c, contact.c, bucket.c, uploads.c,
 * archives.c, lifecycle.c, signatures.c, deployments.c, and host.c (Docker, disks). A check adds
 * its result to the report and never fails itself.
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
    DOCTOR_WARNING, /* works with a disadvantage */
    DOCTOR_FAILED,
    DOCTOR_SKIPPED, /* not checked; the text has the reason */
};

struct doctor_check {
    const char *name; /* static */
    enum doctor_status status;
    struct err found; /* text and hint; family and code of a failure */
};

#define DOCTOR_CHECKS_MAX                                                                          \
    256 /* about thirty, some a deployment, unknown keys of the configuration */

struct doctor {
    struct doctor_check checks[DOCTOR_CHECKS_MAX];
    unsigned count; /* further checks are dropped */
};

void doctor_ok(struct doctor *doctor, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void doctor_skipped(struct doctor *doctor, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* `hint` may be NULL. */
void doctor_warning(struct doctor *doctor, const char *name, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Adds an error as a check; adds the hint for its code. */
void doctor_found(struct doctor *doctor, const char *name, enum doctor_status status,
                  const struct err *err);

/* Prints the report as lines and as data: {"checks": [{"name", "status", "detail", "hint"}], "ok"}.
 */
void doctor_print(const struct doctor *doctor, struct output *output);
/* Returns 0 if no check failed, otherwise ERR_FAIL with the first failure in *err. */
int doctor_verdict(const struct doctor *doctor, struct err *err);

/* ---- the checks ---- */

/* Checks the file of the configuration and the choice of the bucket. */
void doctor_check_settings(struct doctor *doctor, const struct config *config);
/* Fetches the credentials, and checks their sources. False: a source fails, and no request can be
 * sent. */
bool doctor_check_credentials(struct doctor *doctor, struct cli *cli);

/* Checks the rights in the bucket. Unless `read_only`, writes small objects below .s3dock-doctor/
 * and deletes them again, also after a cancel. `create`: creates the bucket if it does not
 * exist. False: the command was cancelled, or the network failed. */
bool doctor_check_bucket(struct doctor *doctor, struct store *store, bool read_only, bool create);

/* Checks whether the first few archives match their metadata. Adds no check if the bucket has no
 * images or cannot be read. */
void doctor_check_archives(struct doctor *doctor, struct store *store);

/* Warns of lifecycle rules of the bucket that delete or move objects of images. `key_prefix` is
 * that of the profile, with or without its slash, or NULL; `tags`: new objects get tags. */
void doctor_check_lifecycle(struct doctor *doctor, struct store *store, const char *key_prefix,
                            bool tags);

/* Checks the files of the signers, and the key that signs. Adds no check for what the profile does
 * not have. */
void doctor_check_signatures(struct doctor *doctor, struct cli *cli);

/* Checks each deployment of the configuration: files, containers, slots, proxy, and the right to
 * record. Adds no check if there is none. */
void doctor_check_deployments(struct doctor *doctor, struct cli *cli);

/* Check the daemon, and the free space on its disk and on the disk of the cache. */
void doctor_check_docker(struct doctor *doctor, struct cli *cli);
void doctor_check_cache(struct doctor *doctor);

#endif
