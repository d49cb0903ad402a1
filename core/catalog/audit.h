/*
 * audit - the JSON documents under audit/: one for each push, tag, promotion and rollback.
 *
 * Members, their order and their spelling are the original's. s3dock adds `ci` and `ci_run` after
 * them if a CI system made the event, and `overtaken` and two details (below). The original's keys
 * had a resolution of a minute, so later events replaced earlier ones. The keys of s3dock end with
 * a random part.
 */
#ifndef S3DOCK_CATALOG_AUDIT_H
#define S3DOCK_CATALOG_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "catalog/keys.h"

struct err;
struct store;

#define AUDIT_UNIQUE_SIZE 17 /* 16 hex digits and the NUL: 64 bits */

enum audit_type { AUDIT_PUSH, AUDIT_TAG, AUDIT_PROMOTION };

struct audit_push {
    char image_reference[512];
    char s3_path[KEY_MAX];
    char checksum[40]; /* "": not known */
    uint64_t size;
    bool was_skipped, was_archived;
};

struct audit_tag {
    char image_reference[512];
    char version[256];
    char tag_path[KEY_MAX];
    char previous_target[KEY_MAX]; /* of a tag that was moved, or "" (only s3dock) */
};

struct audit_promotion {
    char environment[256];
    char source[512];     /* image reference, or app:version */
    char source_type[16]; /* "image" or "tag" */
    char pointer_path[KEY_MAX];
    char previous_target[KEY_MAX]; /* target_path of the previous pointer, or "" */
    bool rollback;                 /* this event undid a promotion (only s3dock) */
};

/* The author of the change: the user of the CI system if it names one, else the user of the
 * operating system. */
struct audit_identity {
    char user[256];
    char ci[16];      /* "github", "gitlab", "jenkins", or "" */
    char ci_run[512]; /* address of the CI run, or "" */
};

struct audit_event {
    enum audit_type type;
    char timestamp[48]; /* RFC 3339; "": missing */
    struct audit_identity by;
    char app_name[256];
    char git_hash[48], git_time[24];
    bool overtaken; /* another writer set the same at the same time and won (only s3dock) */
    union {         /* by type */
        struct audit_push push;
        struct audit_tag tag;
        struct audit_promotion promotion;
    };
};

/* Fills *out from the environment of the process. `env` is getenv, or a function of a test. */
void audit_identify(struct audit_identity *out, char *(*env)(const char *name));

/* Writes a new random part of a key. */
int audit_unique(char out[AUDIT_UNIQUE_SIZE], struct err *err);
/* Writes the key of an event at a wall time. usage.name, integrity.document: the application's name
 * or the hash, which may come from a document, is not valid in a key. */
int audit_key(char out[KEY_MAX], const struct audit_event *event, int64_t wall_ns,
              const char *unique, struct err *err);

/* Reads a document. integrity.document: it is not valid. */
int audit_parse(struct view json, struct audit_event *out, struct err *err);
/* Appends the document to `out`, without a newline at its end. */
void audit_write(const struct audit_event *event, struct text *out);

/* Sets the timestamp of the event to `wall_ns` and writes it to the bucket, under a new key. */
int audit_record(struct store *store, struct audit_event *event, int64_t wall_ns, struct err *err);

#endif
