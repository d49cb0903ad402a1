/*
 * options - the request of a push, and its result.
 */
#ifndef S3DOCK_PUSH_OPTIONS_H
#define S3DOCK_PUSH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest_text.h"
#include "catalog/keys.h"
#include "catalog/name.h"
#include "catalog/platform.h"
#include "catalog/signing.h"
#include "pack/codec/codec.h"
#include "transfer/transfer.h"

struct docker;
struct store;

/* How to read an image of a daemon, in the order of the option's words. */
enum push_source {
    PUSH_FROM_AUTO,   /* its layers if they are readable on this host, else its export */
    PUSH_FROM_DOCKER, /* its export */
    PUSH_FROM_LAYERS, /* its layers, or fail */
};

struct push_options {
    struct transfer_options transfer;
    struct store *store;
    struct image_name name;
    /* One of the two: a daemon that has the image, or an archive ("-": standard input). */
    struct docker *docker;
    const char *input;
    enum push_source source;
    /* Of the image that is pushed; any platform: the daemon chooses, or the archive states it. Of
     * an image with several platforms in containerd's store, one is pushed. */
    struct platform platform;
    struct codec_choice choice;
    struct signing *signing; /* signs the metadata; NULL: it is not signed */
    bool thin;               /* refer to chunks of earlier images, and upload only the others */
    bool dry_run;            /* report the plan of the push; write and export nothing */
    bool no_delta;           /* upload everything, even chunks that the bucket has */
    bool force;              /* push even if the bucket has this very image */
    bool no_resume;          /* ignore an unfinished push, and keep nothing to resume from */
};

struct push_result {
    char key[KEY_MAX]; /* of the archive */
    char image_id[DIGEST_TEXT_SIZE];
    char platform[PLATFORM_TEXT_SIZE]; /* "": not known */
    char checksum[40];                 /* MD5 of the archive, "" if not known */
    uint64_t size;                     /* of the archive */
    unsigned objects;                  /* of format 3: that hold the image; 0: it has an archive */
    bool thin;                         /* the image is thin */
    enum codec codec;                  /* of the chunks that its push wrote */
    uint64_t referred_bytes;    /* of a thin image: packed bytes that earlier pushes have stored */
    bool skipped;               /* the bucket had the image already */
    bool is_signed;             /* its metadata has a signature of this push's key */
    bool archived;              /* an earlier image of this name was copied to archive/ */
    bool copies_refused;        /* the store does not copy ranges: everything was uploaded */
    char refusal[768];          /* the store's reason, if this push got one; else "" */
    char corrupt_base[KEY_MAX]; /* archive that differs from its index, so that everything was
                                   uploaded; else "" */
    unsigned bases;             /* archives that the image was compared with */
    unsigned joins;             /* temporary objects that were created */
    unsigned outdated;          /* archives that were not used: their index is of version 1 */
    bool others;                /* the source has images for other platforms, too */
    char source[16];            /* "layers", "docker", "file", "stdin"; "": nothing was read */
    char
        source_reason[512]; /* why the export replaced the layers after the reading had begun; "" */
    uint64_t resumed_bytes; /* bytes of the archive that an earlier push had uploaded */
    char
        resume_refusal[256]; /* why the unfinished push could not be resumed; "": it could, or there
                                 was none */
    struct transfer_stats stats;
};

#endif
