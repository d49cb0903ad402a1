#include "push/upload/copy_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "push/plan/bases.h"
#include "push/upload/composer.h"

#define REMEMBERED_FOR (30 * 24 * 3600)
/* Rights change sooner than servers, and may be of one folder only. */
#define REFUSED_FOR (24 * 3600)
#define NOTE_MAX    64

/* "copies yes 1763900000": what was found out, and when. */
static enum copy_support parse_note(const char *note, int64_t now)
{
    static const struct {
        const char *words;
        enum copy_support support;
        int64_t lasts;
    } notes[] = {{"copies yes ", COPY_SUPPORT_YES, REMEMBERED_FOR},
                 {"copies no ", COPY_SUPPORT_NO, REMEMBERED_FOR},
                 {"copies refused ", COPY_SUPPORT_NO, REFUSED_FOR}};

    for (size_t i = 0; i < ARRAY_SIZE(notes); i++) {
        size_t size = strlen(notes[i].words);
        int64_t when;

        if (strncmp(note, notes[i].words, size) != 0)
            continue;
        when = strtoll(note + size, NULL, 10);
        if (when <= now && when > now - notes[i].lasts)
            return notes[i].support;
    }
    return COPY_SUPPORT_UNKNOWN;
}

enum copy_support copy_support_remembered(const struct store *store)
{
    enum copy_support support = COPY_SUPPORT_UNKNOWN;
    char path[4096];
    struct err ignored;
    struct text note;

    text_init(&note, NOTE_MAX);
    if (store_note_path(store, "stores", path, sizeof path) &&
        file_read(path, &note, &ignored) == FILE_OK)
        support = parse_note(note.data, clock_wall() / NS_PER_S);
    text_finish(&note);
    return support;
}

void copy_support_remember(const struct store *store, bool can, bool forbidden)
{
    char path[4096], note[NOTE_MAX];
    struct err ignored;

    if (copy_support_remembered(store) == (can ? COPY_SUPPORT_YES : COPY_SUPPORT_NO))
        return;
    snprintf(note, sizeof note, "copies %s %lld\n",
             can         ? "yes"
             : forbidden ? "refused"
                         : "no",
             (long long)(clock_wall() / NS_PER_S));
    if (store_note_path(store, "stores", path, sizeof path))
        file_replace(path, view_str(note), 0600, &ignored);
}

bool copy_error_is_missing(const struct store_op *op)
{
    return op->answer == STORE_FAILED &&
           (op->failure == STORE_FORBIDDEN || op->failure == STORE_UNSUPPORTED ||
            op->failure == STORE_REJECTED);
}

bool copy_error_is_forbidden(const struct store_op *op)
{
    return op->answer == STORE_FAILED && op->failure == STORE_FORBIDDEN;
}

bool copy_error_is_no_help(const struct store_op *op)
{
    return op->answer != STORE_FAILED || copy_error_is_missing(op) ||
           op->err.family == ERR_INTEGRITY || op->err.family == ERR_CONFLICT ||
           op->err.family == ERR_NOT_FOUND;
}

/* Two copied parts of different sizes, and a last one of a byte. */
static enum store_answer build(struct store *store, const struct base *base, size_t least,
                               const char *key, const char *id, struct store_op *op)
{
    const uint64_t sizes[] = {least, least + 1, 1};
    struct store_part parts[ARRAY_SIZE(sizes)];
    struct err ignored;

    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
        *op = (struct store_op){.verb = STORE_UPLOAD_COPY_PART,
                                .key = key,
                                .upload_id_in = id,
                                .part_number = i + 1,
                                .source = base->key,
                                .if_match = base->etag,
                                .length = sizes[i] < base->size ? sizes[i] : base->size,
                                .optional = true};
        if (store_run(store, op, &ignored) != STORE_DONE)
            return op->answer;
        parts[i].number = i + 1;
        str_copy(parts[i].etag, sizeof parts[i].etag, op->info.etag);
    }
    *op = (struct store_op){.verb = STORE_UPLOAD_COMPLETE,
                            .key = key,
                            .upload_id_in = id,
                            .parts = parts,
                            .part_count = ARRAY_SIZE(sizes),
                            .optional = true};
    return store_run(store, op, &ignored);
}

enum copy_support copy_support_probe(struct store *store, const struct base *base, size_t least)
{
    char key[KEY_MAX], id[STORE_UPLOAD_MAX];
    enum copy_support support = COPY_SUPPORT_UNKNOWN;
    struct store_op op = {.verb = STORE_UPLOAD_CREATE, .key = key, .optional = true};
    struct err ignored;
    bool forbidden = false;

    if (composer_folder(key, &ignored))
        return COPY_SUPPORT_UNKNOWN;
    strncat(key, "probe", sizeof key - strlen(key) - 1);
    if (store_run(store, &op, &ignored) == STORE_DONE) {
        str_copy(id, sizeof id, op.upload_id);
        if (build(store, base, least, key, id, &op) == STORE_DONE) {
            op = (struct store_op){.verb = STORE_DELETE, .key = key, .optional = true};
            support = COPY_SUPPORT_YES;
        } else {
            support = copy_error_is_missing(&op) ? COPY_SUPPORT_NO : COPY_SUPPORT_UNKNOWN;
            forbidden = copy_error_is_forbidden(&op);
            op = (struct store_op){
                .verb = STORE_UPLOAD_ABORT, .key = key, .upload_id_in = id, .optional = true};
        }
        store_run(store, &op, &ignored);
    } else if (copy_error_is_missing(&op)) {
        support = COPY_SUPPORT_NO;
        forbidden = copy_error_is_forbidden(&op);
    }
    if (support != COPY_SUPPORT_UNKNOWN)
        copy_support_remember(store, support == COPY_SUPPORT_YES, forbidden);
    return support;
}
