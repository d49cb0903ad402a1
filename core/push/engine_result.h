/*
 * engine_result - the figures of an attempt to push, and after a failure how another attempt should
 * differ.
 */
#ifndef S3DOCK_PUSH_ENGINE_RESULT_H
#define S3DOCK_PUSH_ENGINE_RESULT_H

#include <stdbool.h>
#include <stdint.h>

struct push_engine;

/* The change with which another attempt may succeed after this one has failed. */
enum push_remedy {
    REMEDY_NONE,
    REMEDY_AFRESH,           /* start over: the unfinished upload is of another image */
    REMEDY_WITH_EXPORT,      /* read the export: Docker's layers were not as expected */
    REMEDY_READING_ALL,      /* read all layers: bytes of a skipped layer were needed */
    REMEDY_WITH_OTHER_BASES, /* search again: a base has changed, or was deleted */
    REMEDY_WITHOUT_COPIES,   /* upload everything: the store cannot, or may not, copy ranges */
    REMEDY_WITHOUT_BASES,    /* upload everything: a base differs from its index */
    REMEDY_AS_FURTHER, /* in format 3: the image exists for another platform. Set by the push */
};
enum push_remedy push_engine_remedy(const struct push_engine *engine);

/* The figures of the run so far. */
struct push_facts {
    const char *source;       /* "layers", "docker", "file", "stdin" */
    uint64_t raw;             /* bytes of the save stream */
    uint64_t copied;          /* bytes of the archive that the store copied */
    uint64_t referred;        /* packed bytes of a thin image that lie in earlier objects */
    unsigned bases;           /* archives that the image was compared with */
    unsigned joins;           /* temporary objects */
    unsigned outdated;        /* archives that were left out: bases.h */
    uint64_t resumed;         /* bytes of the archive that an earlier push had sent */
    const char *refusal;      /* why the unfinished push could not be resumed, or "" */
    bool copies_refused;      /* known in advance: the store does not copy ranges, */
    bool copies_tried;        /* which a probe has shown */
    bool others;              /* the source has images for other platforms, too */
    const char *corrupt_base; /* key of the base that differs from its index, or NULL */
};
void push_engine_facts(const struct push_engine *engine, struct push_facts *out);

#endif
