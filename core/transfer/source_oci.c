/*
 * The buffer holds bytes that were read and not returned:
 *
 *     0        given        scanned        filled       ROOM
 *     |         | to return   | not scanned   |   room    |
 *
 * The scan ends at the trailer, at a manifest.json, or at bytes that are no tar. From there, the
 * bytes pass from the archive to the reader directly. The scan reports no errors: the reader finds
 * them.
 */
#include "transfer/source_oci.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "pack/image/contents.h"
#include "pack/image/oci_archive.h"
#include "pack/tar/tar.h"
#include "pack/tar/write.h"

#define ROOM         (256 * KIB)
#define MANIFEST_MAX MIB

struct oci_source {
    struct source source;
    struct source *archive;
    const char *reference;
    struct tar *tar;
    struct contents *contents;
    bool scanning;
    uint64_t at; /* of `scanned`, in the stream */
    size_t given, scanned, filled;
    struct text extra; /* the entry that is inserted at `scanned` */
    size_t extra_given;
    uint8_t *room;
};

/* ---- scan ---- */

/* At the trailer: makes the document if the archive needs one. */
static int make_manifest(struct oci_source *s, struct err *err)
{
    struct text manifest;
    struct err ignored;
    int answer;

    if (contents_seal(s->contents, &ignored) < 0 || !oci_archive_is(s->contents))
        return 0;
    text_init(&manifest, MANIFEST_MAX);
    answer = oci_archive_manifest(s->contents, s->reference, &manifest, err);
    if (answer == 0)
        tar_write_file(&s->extra, "manifest.json", text_view(&manifest), 0);
    text_finish(&manifest);
    if (answer)
        return s->source.name ? err_wrap(err, "%s", s->source.name) : ERR_FAIL;
    return text_check(&s->extra, "manifest.json", err);
}

/* Adds a step to the contents. False: the scan ends here. */
static bool add_step(struct oci_source *s, const struct tar_step *step, const uint8_t *bytes)
{
    const struct tar_entry *entry = tar_entry(s->tar);
    struct err ignored;

    if (step->event == TAR_ENTRY)
        return strcmp(entry->name, "manifest.json") != 0 &&
               contents_begin(s->contents, entry, s->at, &ignored) == 0;
    if (step->event == TAR_DATA)
        return contents_add(s->contents, bytes, step->used, &ignored) == 0;
    return step->event != TAR_TEXT;
}

static int scan(struct oci_source *s, struct err *err)
{
    struct err ignored;

    while (s->scanning && s->scanned < s->filled) {
        uint8_t *window = s->room + s->scanned;
        struct tar_step step;

        /* Without tar_normalize the scanner only reads. */
        if (tar_scan(s->tar, window, s->filled - s->scanned, &step, &ignored)) {
            s->scanning = false;
        } else if (step.event == TAR_MORE) {
            return 0;
        } else if (step.event == TAR_TRAILER) {
            s->scanning = false;
            return make_manifest(s, err);
        } else {
            s->scanning = add_step(s, &step, window);
            s->scanned += step.used;
            s->at += step.used;
        }
    }
    return 0;
}

/* ---- read ---- */

static long copy_out(struct view bytes, size_t *given, uint8_t *out, size_t cap)
{
    size_t size = bytes.size < cap ? bytes.size : cap;

    memcpy(out, bytes.data, size);
    *given += size;
    return (long)size;
}

/* Reads more of the archive behind the bytes that are not scanned yet. */
static int refill(struct oci_source *s, struct err *err)
{
    long got;

    memmove(s->room, s->room + s->scanned, s->filled - s->scanned);
    s->filled -= s->scanned;
    s->given = s->scanned = 0;
    got = source_read(s->archive, s->room + s->filled, ROOM - s->filled, err);
    if (got < 0)
        return ERR_FAIL;
    s->filled += (size_t)got;
    if (got == 0)
        s->scanning = false;
    return scan(s, err);
}

static long oci_read(struct source *source, uint8_t *out, size_t cap, struct err *err)
{
    struct oci_source *s = (struct oci_source *)source;

    s->archive->stop = source->stop;
    for (;;) {
        if (s->given < s->scanned)
            return copy_out(view_of(s->room + s->given, s->scanned - s->given), &s->given, out,
                            cap);
        if (s->extra_given < s->extra.size)
            return copy_out(view_of(s->extra.data + s->extra_given, s->extra.size - s->extra_given),
                            &s->extra_given, out, cap);
        if (s->scanning && refill(s, err))
            return ERR_FAIL;
        if (s->scanning || s->given < s->scanned || s->extra_given < s->extra.size)
            continue;
        if (s->scanned == s->filled)
            return source_read(s->archive, out, cap, err);
        s->scanned = s->filled;
    }
}

static void oci_destroy(struct source *source)
{
    struct oci_source *s = (struct oci_source *)source;

    source_destroy(s->archive);
    tar_destroy(s->tar);
    contents_destroy(s->contents);
    text_finish(&s->extra);
    free(s->room);
    free(s);
}

struct source *source_oci(struct source *archive, const char *reference, struct err *err)
{
    static const struct source_table table = {.read = oci_read, .destroy = oci_destroy};
    struct oci_source *s = archive ? calloc(1, sizeof *s) : NULL;

    if (!s) {
        source_destroy(archive);
        if (archive)
            err_memory(err, "the archive");
        return NULL;
    }
    s->source = (struct source){.table = &table,
                                .size_hint = archive->size_hint,
                                .kind = archive->kind,
                                .name = archive->name};
    s->archive = archive;
    s->reference = reference;
    s->scanning = true;
    text_init(&s->extra, MANIFEST_MAX + (size_t)4 * TAR_BLOCK);
    s->tar = tar_create();
    s->contents = contents_create();
    s->room = malloc(ROOM);
    if (!s->tar || !s->contents || !s->room) {
        oci_destroy(&s->source);
        err_memory(err, "the archive");
        return NULL;
    }
    tar_strict(s->tar);
    contents_documents_only(s->contents);
    return &s->source;
}
