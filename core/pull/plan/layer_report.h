/*
 * layer_report - an archive by its index: what is in each layer, what of it is there twice, and what
 * another image, or a host, lacks of it.
 */
#ifndef S3DOCK_PULL_PLAN_LAYER_REPORT_H
#define S3DOCK_PULL_PLAN_LAYER_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest_text.h"
#include "pack/index/index.h"
#include "pull/plan/needed_chunks.h"

struct err;

struct layer_report_row {
    char diff_id[DIGEST_TEXT_SIZE]; /* "" for what lies between layers, and for the total */
    uint64_t raw, packed;           /* bytes of the stream, of the archive */
    uint64_t chunks;                /* 0: too small a layer for chunks of its own */
    uint64_t stored, stored_size;   /* chunks that are not compressed; their bytes of archive */
    uint64_t again, again_size;     /* chunks that stand in the archive before; the same */
    uint64_t moves, moves_size;     /* chunks that are to be fetched; the same */
    bool here;                      /* the layer itself is there already */
};

struct layer_report {
    unsigned layers;
    struct layer_report_row *rows; /* of the layers, in their order */
    struct layer_report_row rest, total;
};

/* Sizes, from the index's sections. */
struct layer_report *layer_report_create(const struct index *index, struct err *err);
void layer_report_destroy(struct layer_report *report); /* takes NULL */

/* What is stored, and what is there twice. All sections must have been read; as below. */
int layer_report_inside(struct layer_report *report, const struct index *index, struct err *err);
/* What moves to a host that has the other image: layers it finds (has[i]) do not, nor chunks that
 * are in the other one. Of what lies between layers move small layers, and the config of another
 * image. */
int layer_report_against(struct layer_report *report, const struct index *index,
                         const struct index *other, const bool *has, struct err *err);
/* What a pull is going to fetch: what is missing of `needed`, and the config, which is fetched in
 * any case, each chunk once. `has` may be NULL: no layer is here. */
void layer_report_plan(struct layer_report *report, const struct index *index,
                       const struct needed_chunks *needed, const struct needed_chunks *config,
                       const bool *has);

#endif
