/*
 * audit - the JSON document that says who did what, under audit/.
 *
 * Members, order and spelling are the original's; `ci` and `ci_run` are ours, added after them when
 * the event comes from a CI system, and so are two details (below). The original's keys had a
 * resolution of a minute, and later events wrote over earlier ones: ours end in a random part.
 */
#ifndef S3DOCK_CATALOG_AUDIT_H
#define S3DOCK_CATALOG_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "catalog/keys.h"

struct err;
struct store;

#define AUDIT_UNIQUE_SIZE 17 /* 16 hex digits and the NUL: 64 bits, so two never meet */

enum audit_type { AUDIT_PUSH, AUDIT_TAG, AUDIT_PROMOTION };

struct audit_push {
    char image_reference[512];
    char s3_path[KEY_MAX];
    char checksum[40]; /* "" when it is not known */
    uint64_t size;
    bool was_skipped, was_archived;
};

struct audit_tag {
    char image_reference[512];
    char version[256];
    char tag_path[KEY_MAX];
    char previous_target[KEY_MAX]; /* of a tag that was moved, or "" (ours) */
};

struct audit_promotion {
    char environment[256];
    char source[512];     /* image reference, or app:version */
    char source_type[16]; /* "image" or "tag" */
    char pointer_path[KEY_MAX];
    char previous_target[KEY_MAX]; /* target_path of the pointer before, or "" */
    bool rollback;                 /* it took a promotion back (ours) */
};

/* Who does it: the CI's user where it names one, the operating system's user else. */
struct audit_identity {
    char user[256];
    char ci[16];      /* "github", "gitlab", "jenkins", or "" */
    char ci_run[512]; /* where the run can be looked at, or "" */
};

struct audit_event {
    enum audit_type type;
    char timestamp[48]; /* RFC 3339; "" when missing */
    struct audit_identity by;
    char app_name[256];
    char git_hash[48], git_time[24];
    union { /* by type */
        struct audit_push push;
        struct audit_tag tag;
        struct audit_promotion promotion;
    };
};

/* Fills *out from the environment of the process: `env` is getenv, or what a test puts there. */
void audit_identify(struct audit_identity *out, char *(*env)(const char *name));

/* A fresh random part for a key. */
int audit_unique(char out[AUDIT_UNIQUE_SIZE], struct err *err);
/* The key of an event at a wall time. usage.name, integrity.document: the app's name or the hash
 * (which may have come from a document) have no place in a key. */
int audit_key(char out[KEY_MAX], const struct audit_event *event, int64_t wall_ns,
              const char *unique, struct err *err);

/* 0, or integrity.document. */
int audit_parse(struct view json, struct audit_event *out, struct err *err);
/* Adds the document to `out`, without a newline at its end. */
void audit_write(const struct audit_event *event, struct text *out);

/* Writes the event into the bucket, under a key nobody has used; sets its timestamp to `wall_ns`.
 */
int audit_record(struct store *store, struct audit_event *event, int64_t wall_ns, struct err *err);

#endif
