/*
 * Two scanners read the same bytes: the outer one the save stream, the inner one the payload of a
 * large outer file, which may be a layer. If the payload is no tar, the inner scanner fails at its
 * first block, and the payload is one run.
 *
 * A scanner reports the kind and number of the next bytes. The cut consumes them in pieces, because
 * an inner header or a boundary may be in between; `owed` counts the bytes that are reported and
 * not consumed. Every byte of the stream, headers and padding included, passes through one chunker,
 * so no chunk exceeds the maximum. Boundaries before and after large files are forced; they reset
 * the chunker.
 *
 *     outer  |hdr|          layer.tar                       |pad|hdr| json |pad|hdr|...
 *     inner      |hdr|small|pad|hdr| large file   |pad|hdr|0 0|
 *     forced     ^                 ^                  ^         ^
 */
#include "pack/chunk/cut.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pack/chunk/export_error.h"

#define MAGIC_SIZE 10 /* longest magic below */

/* One scanner and its last report. */
struct level {
    struct tar *tar;
    enum tar_event event;
    size_t owed; /* bytes reported and not consumed */
    bool last;   /* member of struct tar_step, valid at the end of the owed bytes */
    bool large;  /* the entry is a file that has chunks of its own */
    bool fresh;  /* the payload begins here and was not examined yet */
};

struct cut {
    struct level outer, inner;
    bool in_layer; /* the inner scanner is active */
    struct chunker chunker;
    unsigned flags;     /* of the current chunk */
    bool packed;        /* the run is compressed already */
    bool section_began; /* the next chunk is the first of a section */
    struct export_error export_error;
    uint8_t pending[TAR_BLOCK]; /* the last incomplete window, in case the stream ends there */
    size_t pending_size;
};

struct cut *cut_create(const struct chunk_params *params, int64_t mtime)
{
    struct cut *cut = calloc(1, sizeof *cut);

    if (!cut)
        return NULL;
    cut->outer.tar = tar_create();
    cut->inner.tar = tar_create();
    if (!cut->outer.tar || !cut->inner.tar) {
        cut_destroy(cut);
        return NULL;
    }
    tar_normalize(cut->outer.tar, mtime);
    tar_strict(cut->outer.tar);
    chunker_init(&cut->chunker, params);
    export_error_init(&cut->export_error);
    cut->flags = CHUNK_SECTION;
    return cut;
}

void cut_destroy(struct cut *cut)
{
    if (!cut)
        return;
    tar_destroy(cut->outer.tar);
    tar_destroy(cut->inner.tar);
    free(cut);
}

const struct tar_entry *cut_entry(const struct cut *cut)
{
    return tar_entry(cut->outer.tar);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool is_packed(const uint8_t *bytes)
{
    return memcmp(bytes, "\x1f\x8b\x08", 3) == 0 ||     /* gzip */
           memcmp(bytes, "\x28\xb5\x2f\xfd", 4) == 0 || /* zstd */
           memcmp(bytes,
                  "\xfd"
                  "7zXZ\0",
                  6) == 0 || /* xz */
           (memcmp(bytes, "BZh", 3) == 0 && memcmp(bytes + 4, "1AY&SY", 6) == 0);
}

/* Scans the beginning of the window. Payload that is reported already is extended to the whole
 * window, so that later code can ask for more bytes with TAR_MORE. */
static int scan_window(struct level *level, uint32_t file_min, uint8_t *window, size_t size,
                       struct err *err)
{
    struct tar_step step;

    if (level->owed > 0 && (level->event != TAR_DATA || tar_left(level->tar) == 0))
        return 0;
    if (level->owed >= size)
        return 0;
    if (tar_scan(level->tar, window + level->owed, size - level->owed, &step, err) < 0)
        return ERR_FAIL;
    level->event = step.event;
    level->owed += step.used;
    level->last = step.last;
    if (step.event == TAR_ENTRY) {
        const struct tar_entry *entry = tar_entry(level->tar);

        level->large = entry->type == TAR_FILE && entry->size && entry->size >= file_min;
        level->fresh = level->large;
    }
    return 0;
}

static void enter_layer(struct cut *cut)
{
    tar_reset(cut->inner.tar);
    cut->inner.owed = 0;
    cut->inner.large = false;
    cut->inner.fresh = false;
    cut->in_layer = true;
}

/* Examines the beginning of a large file: compressed, or perhaps a layer. False: TAR_MORE. */
static bool look_at_payload(struct cut *cut, struct level *level, const uint8_t *window)
{
    if (!level->fresh || level->event != TAR_DATA)
        return true;
    if (level->owed < MAGIC_SIZE)
        return false;
    level->fresh = false;
    cut->packed = is_packed(window);
    if (level == &cut->outer && !cut->packed)
        enter_layer(cut);
    return true;
}

/* Scans inside the layer. A payload that the inner scanner refuses is no layer. False: TAR_MORE. */
static bool scan_inner(struct cut *cut, uint8_t *window, size_t size)
{
    struct level *outer = &cut->outer;
    struct level *inner = &cut->inner;
    struct err ignored;

    if (scan_window(inner, cut->chunker.params.file_min, window, least(size, outer->owed),
                    &ignored) < 0 ||
        inner->event == TAR_TEXT) {
        cut->in_layer = false;
        return true;
    }
    if (inner->event == TAR_MORE) {
        if (tar_left(outer->tar) > 0)
            return false;
        cut->in_layer = false; /* less than a block is left of the payload */
        return true;
    }
    if (inner->event == TAR_DATA && inner->fresh && inner->owed < MAGIC_SIZE &&
        tar_left(outer->tar) == 0)
        inner->fresh = false; /* the payload ends within this file */
    return look_at_payload(cut, inner, window);
}

/* Consumes reported bytes. Returns true if a forced boundary follows them. */
static bool consume(struct cut *cut, struct level *level, size_t size)
{
    bool outer = level == &cut->outer;

    level->owed -= size;
    if (level->owed > 0 || !level->large)
        return false;
    if (level->event == TAR_ENTRY) {
        cut->section_began |= outer;
        return true;
    }
    if (!level->last)
        return false;
    level->large = false;
    cut->packed = false;
    if (outer) {
        cut->in_layer = false;
        cut->section_began = true;
    }
    return true;
}

static void end_chunk(struct cut *cut, struct cut_step *step)
{
    chunker_reset(&cut->chunker);
    step->boundary = true;
    step->flags = cut->flags;
    cut->flags = cut->section_began ? CHUNK_SECTION : 0;
    cut->section_began = false;
}

static int request_bytes(struct cut *cut, const uint8_t *window, size_t size, struct cut_step *step)
{
    cut->pending_size = least(size, TAR_BLOCK);
    memcpy(cut->pending, window, cut->pending_size);
    step->tar.event = TAR_MORE;
    return 0;
}

int cut_scan(struct cut *cut, uint8_t *window, size_t size, struct cut_step *step, struct err *err)
{
    struct level *outer = &cut->outer;
    bool more, inside, found, forced;
    size_t used;

    *step = (struct cut_step){0};
    if (scan_window(outer, cut->chunker.params.file_min, window, size, err) < 0)
        return ERR_FAIL;
    more = outer->event == TAR_MORE || !look_at_payload(cut, outer, window);
    if (!more && cut->in_layer && outer->event == TAR_DATA)
        more = !scan_inner(cut, window, size);
    if (more)
        return request_bytes(cut, window, size, step);
    cut->pending_size = 0;

    inside = cut->in_layer && outer->event == TAR_DATA;
    used = least(size, outer->owed);
    if (inside)
        used = least(used, cut->inner.owed);
    if (cut->packed) {
        cut->flags |= CHUNK_STORED;
        used = chunker_scan_fixed(&cut->chunker, used, &found);
    } else {
        used = chunker_scan(&cut->chunker, window, used, &found);
    }
    export_error_add(&cut->export_error, window, used);

    step->tar.used = used;
    step->tar.event = outer->event;
    if (used < outer->owed && outer->event == TAR_ENTRY)
        step->tar.event = TAR_META; /* the entry is reported with the end of its header */
    step->tar.last = outer->last && used == outer->owed;
    forced = inside && consume(cut, &cut->inner, used);
    forced |= consume(cut, outer, used);
    if (found || forced)
        end_chunk(cut, step);
    return 0;
}

bool cut_skip(struct cut *cut, uint64_t *rest, unsigned *flags)
{
    struct level *outer = &cut->outer;

    if (!outer->large)
        return false;
    *rest = outer->owed + tar_skip(outer->tar);
    *flags = cut->flags;
    outer->owed = 0;
    outer->large = outer->fresh = false;
    cut->in_layer = cut->packed = false;
    cut->flags = CHUNK_SECTION;
    cut->section_began = false;
    return true;
}

int cut_finish(struct cut *cut, unsigned *flags, struct err *err)
{
    *flags = cut->flags;
    if (tar_complete(cut->outer.tar))
        return 0;
    export_error_add(&cut->export_error, cut->pending, cut->pending_size);
    return export_error_report(&cut->export_error, err);
}
