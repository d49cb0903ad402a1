/*
 * commit - makes a pushed image visible: the archive, then the index, then the metadata.
 */
#ifndef S3DOCK_PUSH_COMMIT_H
#define S3DOCK_PUSH_COMMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest_text.h"
#include "catalog/metadata.h"
#include "push/commit_options.h"

struct err;

struct commit_result {
    char image_id[DIGEST_TEXT_SIZE];
    char checksum[40]; /* MD5 of the archive, "" if not known */
    uint64_t size;     /* of the archive */
    bool archived;     /* the existing image was copied to archive/ */
    bool same;         /* another push has stored this image meanwhile: nothing was changed */
    unsigned objects;  /* of format 3: that hold the image */
    uint64_t copied;   /* bytes that the store copied for that */
};

/* Describes the image that is pushed, without its objects and its index: what a push writes as its
 * metadata. The caller finishes *out, also after a failure. */
int commit_describe(const struct commit *commit, struct metadata *out, struct err *err);
/* Fails when another push of the same name was faster, or when a cleanup removes the image. *result
 * is set after a failure, too. */
int commit_run(const struct commit *commit, struct commit_result *result, struct err *err);

#endif
