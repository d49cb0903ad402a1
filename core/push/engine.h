/*
 * engine - one attempt to bring the bytes of an image into the bucket: reads, packs, uploads and
 * copies, until the upload only has to be completed.
 *
 * The main loop of a push. It makes every decision.
 */
#ifndef S3DOCK_PUSH_ENGINE_H
#define S3DOCK_PUSH_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "pack/image/image.h"
#include "push/engine_options.h"
#include "push/engine_result.h"
#include "push/upload/pending_archive.h"
#include "store/store.h"
#include "transfer/transfer.h"

struct err;

struct push_engine;
struct push_engine *push_engine_create(const struct push_engine_options *options, struct err *err);
/* Deletes the temporary objects from the bucket, and the upload if it was neither completed nor
 * kept. Takes NULL. */
void push_engine_destroy(struct push_engine *engine);

/* The result of a successful run. Valid until push_engine_destroy. */
struct push_outcome {
    const struct image_info *image;
    uint64_t size;               /* packed bytes of all chunks */
    char checksum[MD5_HEX_SIZE]; /* of the archive; "": parts of it were copied, or format 3 */
    struct index_builder *index; /* all chunks of the image */
    struct pending_archive *archive;
    /* Format 3 only. */
    bool third, thin;
    const char *key;   /* of the own object */
    uint64_t own_size; /* of it; 0: it is not needed */
    struct codec_choice choice;
    const struct bases *bases; /* object n of the index builder is bases->objects[n - 1] */
};
/* Reads, packs, uploads and copies everything. Returns 0 when the archive only has to be
 * completed. */
int push_engine_run(struct push_engine *engine, struct push_outcome *outcome, struct err *err);
/* Reports the phase in which the archive, its index and its metadata become visible. */
void push_engine_report_commit(struct push_engine *engine);

/* Call this after a failure for which there is no remedy. Keeps the unfinished upload if the same
 * push can resume it later, and adds a hint about that. */
void push_engine_keep(struct push_engine *engine, struct err *err);

#endif
