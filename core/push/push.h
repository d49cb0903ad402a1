/*
 * push - an image into the bucket: archive, index, metadata (last: the commit point).
 */
#ifndef S3DOCK_PUSH_PUSH_H
#define S3DOCK_PUSH_PUSH_H

#include <stdbool.h>
#include <stdint.h>

#include "catalog/keys.h"
#include "catalog/name.h"
#include "transfer/transfer.h"

struct err;
struct docker;
struct store;

/* Where the bytes of a daemon's image come from, in the order of the option's words. */
enum push_source {
    PUSH_FROM_AUTO,   /* its layers, if they can be read on this host; else its export */
    PUSH_FROM_DOCKER, /* its export */
    PUSH_FROM_LAYERS, /* its layers, or not at all */
};

struct push_options {
    struct transfer_options transfer;
    struct store *store;
    struct image_name name;
    /* One of the two: a daemon that has the image, or an archive ("-": standard input). */
    struct docker *docker;
    const char *input;
    enum push_source source;
    int level;      /* GZIP_MEMBER_LEVEL_MIN .. MAX */
    bool dry_run;   /* says what it would do; writes nothing, exports nothing */
    bool no_delta;  /* upload all of it, whatever earlier archives hold */
    bool force;     /* push even when the bucket holds this very image */
    bool no_resume; /* begin resume_refusal, and leave nothing to go on with */
};

struct push_result {
    char key[KEY_MAX]; /* of the archive */
    char image_id[80];
    char checksum[40];   /* MD5 of the archive, "" when not known */
    uint64_t size;       /* of the archive */
    bool skipped;        /* the bucket held it already */
    bool archived;       /* another image of this name was moved to archive/ */
    bool copies_refused; /* the store does not copy for us: all was uploaded */
    char refusal[768];   /* why not, when this push has found it out; else "" */
    char
        corrupt_base[KEY_MAX]; /* an archive that does not hold what its index says, so that all was
                            uploaded; else "" */
    unsigned bases;            /* archives that it was compared with */
    unsigned joins;            /* temporary objects that it took */
    unsigned outdated;         /* archives that were not copied from: their index is of version 1 */
    char source[16]; /* where it came from: "layers", "docker", "file", "stdin"; "": nowhere */
    char source_reason
        [512]; /* the layers were read, or begun to be, and then the export took over: why.
                           Else "" */
    uint64_t resumed_bytes; /* of the archive: an earlier push had sent them */
    char resume_refusal
        [256]; /* why what an earlier push left was of no use; "": there was nothing, or it
                         was used */
    struct transfer_stats stats;
};

/* Returns 0 once the bucket holds the image, complete and verified. After a failure or cancellation
 * what can be seen in the bucket is as it was; an unfinished upload is kept, and the same push goes
 * on with it (resume.h), unless the failure shows that it is of no use. */
int push_run(const struct push_options *options, struct push_result *result, struct err *err);

#endif
