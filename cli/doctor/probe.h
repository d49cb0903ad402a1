/*
 * probe - tries one operation after the other with a bucket, and reports each as a check.
 *
 * Each operation needs a right. A missing right is reported by its name in S3 policies, so that the
 * user can grant it. push, tag and promote need some rights (failed); without the others they work
 * less well (warning).
 */
#ifndef S3DOCK_CLI_DOCTOR_PROBE_H
#define S3DOCK_CLI_DOCTOR_PROBE_H

#include <stdbool.h>

#include "store/store.h"

struct doctor;

#define PROBE_PREFIX ".s3dock-doctor/" /* all keys that are written begin so */
#define PROBE_BODY   "s3dock doctor wrote this to see whether it may; it can be deleted.\n"

enum right {
    RIGHT_LIST,
    RIGHT_PUT,
    RIGHT_HEAD,
    RIGHT_GET,
    RIGHT_RANGE,
    RIGHT_UNLESS,
    RIGHT_COPY,
    RIGHT_IF_ABSENT,
    RIGHT_IF_UNCHANGED,
    RIGHT_CREATE,
    RIGHT_PART,
    RIGHT_PARTS,
    RIGHT_COMPLETE,
    RIGHT_COPY_PART,
    RIGHT_ABORT,
    RIGHT_DELETE,
};

struct probe {
    struct doctor *doctor;
    struct store *store;
    bool read_only;
    bool create; /* the bucket, if it does not exist */
    bool stop;   /* cancelled, or the network failed: try nothing more */
    bool unread; /* HEAD was refused, perhaps only because the right to list is missing */
    char written[96], copied[96], whole[96], pieced[96]; /* keys below PROBE_PREFIX */
    char etag[STORE_ETAG_MAX];                           /* of `written` */
};

/* The name of the check of this right: "put", "upload: part". */
const char *probe_name(enum right right);
/* Runs `op` and reports a failure as the check of this right. Sets p->stop after a cancel or a
 * failure of the network. */
enum store_answer probe_ask(struct probe *p, enum right right, struct store_op *op);
/* Reports the right as granted. */
void probe_ok(struct probe *p, enum right right, const char *detail);
/* Reports an operation that succeeded with a wrong result. */
void probe_odd(struct probe *p, enum right right, const char *what);

/* Reports the endpoint, the clock, the region and the bucket, from one HEAD. */
void probe_contact(struct probe *p);
/* Completes one multipart upload and aborts another one. */
void probe_uploads(struct probe *p);

#endif
