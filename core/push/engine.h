/*
 * engine - one try at bringing an image's bytes into the bucket: from the source's first byte to
 * an upload that only has to be completed.
 *
 * push_engine_run is the conductor of the push. After it the engine is completed, or abandoned; a
 * failed one knows whether another one may do better, and how.
 */
#ifndef S3DOCK_PUSH_ENGINE_H
#define S3DOCK_PUSH_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "pack/image/image.h"
#include "push/open_source.h"
#include "store/store.h"
#include "transfer/transfer.h"

struct err;

struct push_engine_options {
    struct store *store; /* all pointers are borrowed */
    const struct transfer_options *transfer;
    const struct image_name *name;
    struct image_input input;
    const char *key;     /* of the archive */
    const char *content; /* the image's id, "" if only its stream contains it */
    const char *first;   /* an archive to compare with before all others, or NULL */
    int level;
    bool no_resume;   /* ignore an unfinished push, and keep nothing */
    bool export_only; /* do not read Docker's layers */
    bool delta;       /* compare with earlier archives */
    bool read_all;    /* read all layers, even those that earlier archives hold */
};

struct push_engine;
struct push_engine *push_engine_create(const struct push_engine_options *options, struct err *err);
/* Takes NULL. Removes from the bucket what was temporary, and the upload if it was neither
 * completed nor kept. */
void push_engine_destroy(struct push_engine *engine);

/* Reads, packs, uploads and copies all of it. 0: only push_engine_complete is missing. */
int push_engine_run(struct push_engine *engine, struct err *err);
/* The archive appears: 0 when the store has it as it should be, and *info is what it says. From the
 * moment at which it may appear the store is insisted on (store_insist); the caller ends that. */
int push_engine_complete(struct push_engine *engine, struct store_info *info, struct err *err);
/* What the archive holds, to be written beside it. */
int push_engine_index(struct push_engine *engine, struct text *out, struct err *err);
/* MD5 of the archive, in hex; "" when parts of it were copied and never seen. */
void push_engine_checksum(struct push_engine *engine, char out[MD5_HEX_SIZE]);

/* After a failure that no remedy helps: keeps what was sent, where the same push may go on with it
 * later, and says so in the hint. */
void push_engine_keep(struct push_engine *engine, struct err *err);

/* What another engine should do differently after this one failed. */
enum push_remedy {
    REMEDY_HOPELESS,
    REMEDY_AFRESH,           /* what an earlier push left is of another image */
    REMEDY_WITH_EXPORT,      /* Docker's layers were not what they should be */
    REMEDY_READING_ALL,      /* bytes of a layer that was not read were needed after all */
    REMEDY_WITH_OTHER_BASES, /* an archive that was copied from has changed, or is gone */
    REMEDY_WITHOUT_COPIES,   /* the store cannot, or may not, copy for us */
    REMEDY_WITHOUT_BASES,    /* one of them does not hold what its index says: facts.corrupt_base */
};
enum push_remedy push_engine_remedy(const struct push_engine *engine);

/* So far; all of it once push_engine_run has returned. */
struct push_facts {
    const struct image_info *image; /* NULL before all was read; valid until push_engine_destroy */
    const char *source;             /* "layers", "docker", "file", "stdin"; "": none yet */
    uint64_t raw, packed;           /* bytes */
    uint64_t copied;                /* bytes of the archive that the store copied */
    unsigned bases;                 /* archives that it was compared with */
    unsigned joins;                 /* temporary objects */
    unsigned outdated;              /* archives that were left out: bases.h */
    uint64_t resumed;               /* bytes of the archive that an earlier push had sent */
    const char *refusal;            /* why what an earlier push left is of no use, or "" */
    bool copies_refused;            /* known beforehand: the store does not copy */
    bool copies_tried;              /* which was found out by a trial */
    const char *corrupt_base;       /* key of the archive that is not as its index says, or NULL */
};
void push_engine_facts(const struct push_engine *engine, struct push_facts *out);
/* Tells the progress callback. */
void push_engine_report(struct push_engine *engine, enum transfer_phase phase);

#endif
