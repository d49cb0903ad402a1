/*
 * engine - one attempt to bring the bytes of an image into the bucket: reads, packs, uploads and
 * copies, until the upload only has to be completed.
 *
 * The main loop of a push. It makes every decision. After a failure it decides how another attempt
 * should differ.
 */
#ifndef S3DOCK_PUSH_ENGINE_H
#define S3DOCK_PUSH_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "pack/image/image.h"
#include "push/engine_options.h"
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
    uint64_t size;               /* of the archive */
    char checksum[MD5_HEX_SIZE]; /* of the archive; "" when parts of it were copied */
    struct index_builder *index; /* all chunks of the archive */
    struct pending_archive *archive;
};
/* Reads, packs, uploads and copies everything. Returns 0 when the archive only has to be
 * completed. */
int push_engine_run(struct push_engine *engine, struct push_outcome *outcome, struct err *err);
/* Reports the phase in which the archive, its index and its metadata become visible. */
void push_engine_report_commit(struct push_engine *engine);

/* Call this after a failure for which there is no remedy. Keeps the unfinished upload if the same
 * push can resume it later, and adds a hint about that. */
void push_engine_keep(struct push_engine *engine, struct err *err);

/* The change with which another attempt may succeed after this one has failed. */
enum push_remedy {
    REMEDY_NONE,
    REMEDY_AFRESH,           /* start over: the unfinished upload is of another image */
    REMEDY_WITH_EXPORT,      /* read the export: Docker's layers were not as expected */
    REMEDY_READING_ALL,      /* read all layers: bytes of a skipped layer were needed */
    REMEDY_WITH_OTHER_BASES, /* search again: a base has changed, or is gone */
    REMEDY_WITHOUT_COPIES,   /* upload everything: the store cannot, or may not, copy ranges */
    REMEDY_WITHOUT_BASES,    /* upload everything: a base differs from its index */
};
enum push_remedy push_engine_remedy(const struct push_engine *engine);

/* The figures of the run so far. */
struct push_facts {
    const char *source;       /* "layers", "docker", "file", "stdin" */
    uint64_t raw;             /* bytes of the save stream */
    uint64_t copied;          /* bytes of the archive that the store copied */
    unsigned bases;           /* archives that the image was compared with */
    unsigned joins;           /* temporary objects */
    unsigned outdated;        /* archives that were left out: bases.h */
    uint64_t resumed;         /* bytes of the archive that an earlier push had sent */
    const char *refusal;      /* why the unfinished push could not be resumed, or "" */
    bool copies_refused;      /* known in advance: the store does not copy ranges, */
    bool copies_tried;        /* which a probe has shown */
    const char *corrupt_base; /* key of the base that differs from its index, or NULL */
};
void push_engine_facts(const struct push_engine *engine, struct push_facts *out);

#endif
