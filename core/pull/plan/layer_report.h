/*
 * layer_report - sizes and chunks of an archive by layer, from its index: chunks that occur several
 * times, and chunks that another image or a host lacks.
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
    char diff_id[DIGEST_TEXT_SIZE];   /* "" for the rest and the total */
    uint64_t raw, packed;             /* bytes of the save stream, of the archive */
    uint64_t chunks;                  /* 0: the layer is too small for chunks of its own */
    uint64_t stored, stored_size;     /* incompressible chunks, and their bytes of the archive */
    uint64_t repeated, repeated_size; /* chunks that occur earlier in the archive; the same */
    uint64_t moves, moves_size;       /* chunks that must be fetched; the same */
    bool here;                        /* the host has the whole layer */
};

struct layer_report {
    unsigned layers;
    struct layer_report_row *rows; /* one for each layer, in order */
    struct layer_report_row rest;  /* all bytes between the layers */
    struct layer_report_row total;
};

/* Makes a report with the sizes of all sections of the index. */
struct layer_report *layer_report_create(const struct index *index, struct err *err);
void layer_report_destroy(struct layer_report *report); /* takes NULL */

/* Counts incompressible and duplicate chunks. All sections of the index must be loaded. */
int layer_report_inside(struct layer_report *report, const struct index *index, struct err *err);
/* Counts the chunks that a host with the other image must fetch: those of layers that it lacks
 * (has[i] is false) and that are not in the other image, and those of the config unless it is the
 * same; each chunk once. All sections of both indexes must be loaded. */
int layer_report_against(struct layer_report *report, const struct index *index,
                         const struct index *other, const bool *has, struct err *err);
/* Counts the chunks that a pull fetches: those of `needed` that are missing, and those of the
 * config, each chunk once. `has` NULL: the host has no layer. */
void layer_report_plan(struct layer_report *report, const struct index *index,
                       const struct needed_chunks *needed, const struct needed_chunks *config,
                       const bool *has);

#endif
