/*
 * The chunks of an index are in the order of its sections, so each function walks both together.
 */
#include "pull/plan/layer_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pack/codec/codec.h"

static struct layer_report_row *row_of(struct layer_report *report,
                                       const struct index_section *section)
{
    return section->layer == INDEX_REST ? &report->rest : &report->rows[section->layer];
}

struct layer_report *layer_report_create(const struct index *index, struct err *err)
{
    struct layer_report *report = calloc(1, sizeof *report);
    unsigned layers = index->image.layer_count;

    if (report)
        report->rows = calloc(layers ? layers : 1, sizeof *report->rows);
    if (!report || !report->rows) {
        free(report);
        err_memory(err, "the layer report");
        return NULL;
    }
    report->layers = layers;
    for (unsigned i = 0; i < layers; i++)
        snprintf(report->rows[i].diff_id, sizeof report->rows[i].diff_id, "%s",
                 index->image.layers[i].diff_id);
    for (unsigned i = 0; i < index->section_count; i++) {
        const struct index_section *section = &index->sections[i];
        struct layer_report_row *row = row_of(report, section);

        row->raw += section->raw_size;
        row->packed += section->packed_size;
        row->chunks += section->chunk_count;
        report->total.raw += section->raw_size;
        report->total.packed += section->packed_size;
        report->total.chunks += section->chunk_count;
    }
    return report;
}

void layer_report_destroy(struct layer_report *report)
{
    if (!report)
        return;
    free(report->rows);
    free(report);
}

/* Lists all chunks of an index and makes them findable by name. */
static struct needed_chunks *list_names(const struct index *index, struct err *err)
{
    struct raw_range all = {.size = index->raw_size};
    struct needed_chunks *names = needed_create(index, &all, 1, err);

    if (names && needed_by_name(names, err)) {
        needed_destroy(names);
        return NULL;
    }
    return names;
}

static void add_chunk(uint64_t *chunks, uint64_t *size, const struct index_chunk *chunk)
{
    ++*chunks;
    *size += chunk->packed_size;
}

static void count_inside(struct layer_report_row *row, const struct index_chunk *chunk, bool stored,
                         bool duplicate)
{
    if (stored)
        add_chunk(&row->stored, &row->stored_size, chunk);
    if (duplicate)
        add_chunk(&row->repeated, &row->repeated_size, chunk);
}

int layer_report_inside(struct layer_report *report, const struct index *index, struct err *err)
{
    struct needed_chunks *names = list_names(index, err);
    uint32_t number = 0;

    if (!names)
        return ERR_FAIL;
    for (unsigned i = 0; i < index->section_count; i++) {
        const struct index_section *section = &index->sections[i];

        for (uint32_t j = 0; j < section->chunk_count; j++, number++) {
            const struct index_chunk *chunk = &section->chunks[j];
            bool duplicate = names->chunks[number].original != number;
            enum codec codec = names->codecs[names->chunks[number].object];
            bool stored = chunk->packed_size == codec_stored_size(codec, chunk->raw_size);

            count_inside(row_of(report, section), chunk, stored, duplicate);
            count_inside(&report->total, chunk, stored, duplicate);
        }
    }
    needed_destroy(names);
    return 0;
}

static void mark_here(struct layer_report *report, const bool *has)
{
    for (unsigned i = 0; has && i < report->layers; i++)
        report->rows[i].here = has[i];
}

static void add_move(struct layer_report *report, struct layer_report_row *row,
                     const struct index_chunk *chunk)
{
    add_chunk(&row->moves, &row->moves_size, chunk);
    add_chunk(&report->total.moves, &report->total.moves_size, chunk);
}

/* Lists the chunks of the missing layers, and those of the config unless both images have it. */
static struct needed_chunks *list_needed(const struct index *index, const struct index *other,
                                         const bool *has, struct err *err)
{
    const struct image_info *image = &index->image;
    struct raw_range ranges[IMAGE_LAYERS_MAX + 1];
    unsigned count = needed_layer_ranges(image, has, ranges);

    if (strcmp(image->id, other->image.id) != 0) {
        ranges[count++] = (struct raw_range){image->config_offset, image->config_size};
        needed_sort_ranges(ranges, count);
    }
    return needed_create(index, ranges, count, err);
}

static void add_missing(struct layer_report *report, const struct index *index,
                        const struct needed_chunks *needed, struct needed_chunks *names)
{
    uint32_t next = 0;

    for (unsigned i = 0; i < index->section_count; i++) {
        const struct index_section *section = &index->sections[i];
        uint64_t end = section->raw_offset + section->raw_size;

        for (; next < needed->count && needed->chunks[next].raw_offset < end; next++) {
            const struct index_chunk *chunk = &needed->chunks[next].chunk;

            if (!needed->chunks[next].repeat && !needed_find(names, &chunk->name, chunk->raw_size))
                add_move(report, row_of(report, section), chunk);
        }
    }
}

int layer_report_against(struct layer_report *report, const struct index *index,
                         const struct index *other, const bool *has, struct err *err)
{
    struct needed_chunks *names = list_names(other, err);
    struct needed_chunks *needed = names ? list_needed(index, other, has, err) : NULL;

    if (needed) {
        mark_here(report, has);
        add_missing(report, index, needed, names);
    }
    needed_destroy(needed);
    needed_destroy(names);
    return needed ? 0 : ERR_FAIL;
}

/* Counts the chunks of `needed` that are missing, or those of another list whose bytes are not
 * counted there. */
static void add_planned(struct layer_report *report, const struct index *index,
                        const struct needed_chunks *list, const struct needed_chunks *needed)
{
    uint32_t next = 0;

    for (unsigned i = 0; i < index->section_count; i++) {
        const struct index_section *section = &index->sections[i];
        uint64_t end = section->raw_offset + section->raw_size;

        for (; next < list->count && list->chunks[next].raw_offset < end; next++) {
            const struct needed_chunk *chunk = &list->chunks[next];

            if (list == needed ? needed_counts(needed, chunk)
                               : !chunk->repeat && !needed_misses(needed, chunk->raw_offset))
                add_move(report, row_of(report, section), &chunk->chunk);
        }
    }
}

void layer_report_plan(struct layer_report *report, const struct index *index,
                       const struct needed_chunks *needed, const struct needed_chunks *config,
                       const bool *has)
{
    mark_here(report, has);
    add_planned(report, index, needed, needed);
    add_planned(report, index, config, needed);
}
