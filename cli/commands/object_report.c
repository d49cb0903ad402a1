/*
 * Images of formats up to 2 have one object, the archive; for them, only members are added to the
 * data. The ranges are those of a pull that fetches the whole image.
 */
#include "cli/commands/object_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "catalog/image_objects.h"
#include "catalog/locate.h"
#include "catalog/object_places.h"
#include "catalog/object_refs.h"
#include "catalog/stems.h"
#include "cli/cli.h"
#include "cli/print/human.h"
#include "pack/index/extent_cost.h"
#include "pack/index/index.h"

#define RANGE (8 * MIB) /* of a request of the model */

/* The limits of a pull (pull/plan): the bridged gaps of its ranges. */
static const struct extent_limits LIMITS = {1.4, 0, 1.039};

struct report {
    struct cli *cli;
    const struct located *at;
    const struct index *index;
    struct metadata_object *places; /* of format 3: its objects (object_places.h) */
    uint64_t used[INDEX_OBJECTS_MAX];
    bool alone[INDEX_OBJECTS_MAX];
    bool counted; /* `alone` is known */
    uint64_t alone_bytes, extents;
    struct extent_cost cost;
    char platforms[LOCATE_PLATFORMS_MAX][PLATFORM_TEXT_SIZE];
    unsigned platform_count;
};

/* ---- reading ---- */

static int read_use(struct report *report, struct err *err)
{
    const struct index *index = report->index;
    struct object_runs runs = {0};
    uint64_t gap = 0;
    int failed = 0;

    for (unsigned i = 0; !failed && i < index->section_count; i++) {
        report->extents += index->sections[i].extent_count;
        failed = object_runs_add_section(&runs, &index->sections[i], err);
    }
    if (!failed) {
        object_runs_sort(&runs);
        for (size_t i = 0; i < runs.count; i++)
            report->used[runs.list[i].object] += runs.list[i].size;
        (void)extent_bridge_of(&runs, RANGE, &LIMITS, &gap);
        report->cost = extent_cost_of(&runs, gap, RANGE);
    }
    object_runs_finish(&runs);
    return failed;
}

static int find_places(struct report *report, struct store *store, struct err *err)
{
    report->places = calloc(METADATA_OBJECTS_MAX, sizeof *report->places);
    return report->places ? object_places_find(store, &report->at->metadata, report->places, err)
                          : err_memory(err, "the objects of the image");
}

/* Finds the objects that no other document needs. */
static int read_alone(struct report *report, struct store *store, const char *app, struct err *err)
{
    const struct located *at = report->at;
    struct object_refs *refs = NULL;

    if (object_refs_read(store, app, NULL, NULL, &refs, err)) {
        if (err->family == ERR_CANCELLED || err->family == ERR_NETWORK)
            return ERR_FAIL;
        output_note(&report->cli->output,
                    "the objects that only this image needs are not known: %s", err->text);
        return 0;
    }
    for (unsigned i = 0; i < at->metadata.object_count; i++) {
        const struct metadata_object *object = &report->places[i];

        report->alone[i] =
            object_refs_count(refs, at->metadata_key, object->key, object->etag, object->size) == 0;
        report->alone_bytes += report->alone[i] ? object->size : 0;
    }
    if (!object_refs_count(refs, at->metadata_key, at->metadata.index_key, "", 0))
        report->alone_bytes += at->metadata.index_size;
    report->counted = true;
    object_refs_destroy(refs);
    return 0;
}

static void add_platform(struct report *report, const char *text)
{
    for (unsigned i = 0; i < report->platform_count; i++)
        if (strcmp(report->platforms[i], text) == 0)
            return;
    if (text[0] && report->platform_count < LOCATE_PLATFORMS_MAX)
        str_copy(report->platforms[report->platform_count++], PLATFORM_TEXT_SIZE, text);
}

static int take_stem(void *arg, const struct stem *stem, struct err *err)
{
    struct report *report = arg;

    (void)err;
    for (unsigned i = 0; i < stem->document_count; i++) {
        const struct stem_document *document = &stem->documents[i];
        char text[PLATFORM_TEXT_SIZE];
        struct platform platform;

        if (document->kind != KEY_METADATA || !platform_parse_key(document->platform, &platform))
            continue;
        platform_text(&platform, text);
        add_platform(report, text);
    }
    return 0;
}

/* The first platform is in the metadata alone, the others are in keys. A key without the right to
 * list shows the image without the others. */
static int read_platforms(struct report *report, struct store *store, const struct image_name *name,
                          struct err *err)
{
    char text[PLATFORM_TEXT_SIZE], stem[KEY_MAX];
    struct located first;
    bool unsure;

    platform_text(&report->at->platform, text);
    if (locate_image(store, name, report->at->archive_key, NULL, &first, err) == LOCATE_FOUND) {
        platform_text(&first.platform, stem);
        add_platform(report, stem);
        located_finish(&first);
    }
    add_platform(report, text);
    snprintf(stem, sizeof stem, "%.*s", (int)(strlen(report->at->archive_key) - strlen(".tar.gz")),
             report->at->archive_key);
    if (stems_each(store, stem, take_stem, report, NULL, &unsure, NULL, err) == 0)
        return 0;
    return err->family == ERR_CANCELLED || err->family == ERR_NETWORK ? ERR_FAIL : 0;
}

/* ---- printing ---- */

static const char *codec_of(int codec)
{
    return codec == METADATA_ZSTD ? "zstd" : "gzip";
}

static void write_objects(struct json_writer *w, const struct report *report)
{
    jw_array(w, "objects");
    for (unsigned i = 0; i < report->at->metadata.object_count; i++) {
        const struct metadata_object *object = &report->places[i];

        jw_object(w, NULL);
        jw_string(w, "key", object->key);
        jw_int(w, "size", (int64_t)object->size);
        jw_string(w, "codec", codec_of(object->codec));
        jw_int(w, "used", (int64_t)report->used[i]);
        if (report->counted)
            jw_bool(w, "alone", report->alone[i]);
        jw_end(w);
    }
    jw_end(w);
    if (report->counted)
        jw_int(w, "alone_bytes", (int64_t)report->alone_bytes);
    jw_int(w, "extents", (int64_t)report->extents);
    jw_int(w, "ranges", (int64_t)report->cost.ranges);
}

static void write_report(const struct report *report)
{
    struct json_writer *w = output_data(&report->cli->output);
    const struct metadata *metadata = &report->at->metadata;

    jw_int(w, "format", metadata->format);
    jw_bool(w, "thin", metadata->thin);
    jw_string(w, "codec", report->index->codec == CODEC_ZSTD ? "zstd" : "gzip");
    if (report->platform_count > 1) {
        jw_array(w, "platforms");
        for (unsigned i = 0; i < report->platform_count; i++)
            jw_string(w, NULL, report->platforms[i]);
        jw_end(w);
    }
    if (metadata->format > METADATA_ARCHIVE_FORMAT)
        write_objects(w, report);
}

static void print_object(struct output *out, const struct report *report, unsigned number)
{
    const struct metadata_object *object = &report->places[number];
    char size[HUMAN_SIZE], used[HUMAN_SIZE];

    output_line(out, "  %s", object->key);
    output_line(out, "      %s, %s; the image uses %s%s", human_bytes(object->size, size),
                codec_of(object->codec), human_bytes(report->used[number], used),
                !report->counted        ? ""
                : report->alone[number] ? "; no other image needs it"
                                        : "; other images need it, too");
}

static void print_report(const struct report *report)
{
    struct output *out = &report->cli->output;
    char alone[HUMAN_SIZE];

    if (report->platform_count > 1) {
        output_line(out, "platforms");
        for (unsigned i = 0; i < report->platform_count; i++)
            output_line(out, "  %s", report->platforms[i]);
        output_line(out, "%s", "");
    }
    if (report->at->metadata.format <= METADATA_ARCHIVE_FORMAT)
        return;
    output_line(out, "%s image, %s, in %u object%s", report->at->metadata.thin ? "thin" : "whole",
                codec_of((int)report->index->codec), image_objects_count(report->at),
                image_objects_count(report->at) == 1 ? "" : "s");
    for (unsigned i = 0; i < image_objects_count(report->at); i++)
        print_object(out, report, i);
    if (report->counted)
        output_line(out, "  removing the image frees %s", human_bytes(report->alone_bytes, alone));
    output_line(out, "  a pull of all chunks needs %llu range%s of up to 8 MiB (%llu extents)",
                (unsigned long long)report->cost.ranges, report->cost.ranges == 1 ? "" : "s",
                (unsigned long long)report->extents);
    output_line(out, "%s", "");
}

int object_report(struct cli *cli, struct store *store, const struct image_name *name,
                  const struct located *at, const struct index *index, struct err *err)
{
    struct report report = {.cli = cli, .at = at, .index = index};
    bool lists_objects = at->metadata.format > METADATA_ARCHIVE_FORMAT;
    int failed;

    if (lists_objects && index->object_count != image_objects_count(at))
        return err_set(err, ERR_INTEGRITY, "index", "the index has other objects than the image");
    failed = read_platforms(&report, store, name, err) ||
             (lists_objects && (read_use(&report, err) || find_places(&report, store, err) ||
                                read_alone(&report, store, name->app, err)));
    if (!failed) {
        write_report(&report);
        print_report(&report);
    }
    free(report.places);
    return failed ? ERR_FAIL : 0;
}
