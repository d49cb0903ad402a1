/*
 * The note in the cache is one line: "copies yes 1763900000", with the time at which it was found
 * out. The probe is a multipart upload of copied parts under the folder of temporary objects. So
 * it also tests whether the keys may write there.
 */
#include "push/upload/copy_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "catalog/temp_objects.h"
#include "push/plan/bases.h"

#define REMEMBERED_FOR (30 * 24 * 3600)
/* Rights change more often than servers, and may differ between folders. */
#define FORBIDDEN_FOR (24 * 3600)
#define NOTE_MAX      64
#define PATH_SIZE     4096

static enum copy_support parse_note(const char *note, int64_t now)
{
    static const struct {
        const char *words;
        enum copy_support support;
        int64_t lasts;
    } notes[] = {{"copies yes ", COPY_SUPPORT_YES, REMEMBERED_FOR},
                 {"copies no ", COPY_SUPPORT_NO, REMEMBERED_FOR},
                 {"copies refused ", COPY_SUPPORT_NO, FORBIDDEN_FOR}};

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
    char path[PATH_SIZE];
    struct err ignored;
    struct text note;

    text_init(&note, NOTE_MAX);
    if (store_note_path(store, "stores", path, sizeof path) &&
        file_read(path, &note, &ignored) == FILE_OK)
        support = parse_note(note.data, clock_wall() / NS_PER_S);
    text_finish(&note);
    return support;
}

void copy_support_remember(const struct store *store, enum copy_failure failure)
{
    static const struct {
        enum copy_support support;
        const char *word;
    } results[] = {[COPY_FAILURE_NONE] = {COPY_SUPPORT_YES, "yes"},
                   [COPY_FAILURE_BASE] = {COPY_SUPPORT_UNKNOWN, ""},
                   [COPY_FAILURE_UNSUPPORTED] = {COPY_SUPPORT_NO, "no"},
                   [COPY_FAILURE_FORBIDDEN] = {COPY_SUPPORT_NO, "refused"}};
    char path[PATH_SIZE], note[NOTE_MAX];
    struct err ignored;

    if (results[failure].support == COPY_SUPPORT_UNKNOWN ||
        results[failure].support == copy_support_remembered(store))
        return;
    snprintf(note, sizeof note, "copies %s %lld\n", results[failure].word,
             (long long)(clock_wall() / NS_PER_S));
    if (store_note_path(store, "stores", path, sizeof path))
        file_replace(path, view_str(note), 0600, &ignored);
}

/* Copies two parts of different sizes and a last one of one byte, and completes the upload. Returns
 * the result of the last operation, which is *op. */
static enum store_answer copy_parts(struct store *store, const struct base_object *base,
                                    size_t least, const char *key, const char *id,
                                    struct store_op *op)
{
    const uint64_t sizes[] = {least, least + 1, 1};
    struct store_part parts[ARRAY_SIZE(sizes)];
    uint64_t whole = 0;
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
        whole += op->length;
        parts[i].number = i + 1;
        str_copy(parts[i].etag, sizeof parts[i].etag, op->info.etag);
    }
    *op = (struct store_op){.verb = STORE_UPLOAD_COMPLETE,
                            .key = key,
                            .upload_id_in = id,
                            .parts = parts,
                            .part_count = ARRAY_SIZE(sizes),
                            .length = whole,
                            .optional = true};
    return store_run(store, op, &ignored);
}

/* Composes the object `key` and deletes it again. NONE: copying works. */
static enum copy_failure try_copy(struct store *store, const struct base_object *base, size_t least,
                                  const char *key, bool *failed)
{
    struct store_op op = {.verb = STORE_UPLOAD_CREATE, .key = key, .optional = true};
    enum copy_failure failure = COPY_FAILURE_NONE;
    char id[STORE_UPLOAD_MAX];
    struct err ignored;

    *failed = store_run(store, &op, &ignored) != STORE_DONE;
    if (*failed)
        return copy_failure_of(&op);
    str_copy(id, sizeof id, op.upload_id);
    *failed = copy_parts(store, base, least, key, id, &op) != STORE_DONE;
    if (*failed) {
        failure = copy_failure_of(&op);
        op = (struct store_op){
            .verb = STORE_UPLOAD_ABORT, .key = key, .upload_id_in = id, .optional = true};
    } else {
        op = (struct store_op){.verb = STORE_DELETE, .key = key, .optional = true};
    }
    store_run(store, &op, &ignored);
    return failure;
}

enum copy_support copy_support_probe(struct store *store, const struct base_object *base,
                                     size_t least)
{
    enum copy_failure failure;
    char key[KEY_MAX];
    struct err ignored;
    bool failed;

    if (temp_objects_new_folder(key, &ignored))
        return COPY_SUPPORT_UNKNOWN;
    strncat(key, "probe", sizeof key - strlen(key) - 1);
    failure = try_copy(store, base, least, key, &failed);
    if (failed && failure < COPY_FAILURE_UNSUPPORTED)
        return COPY_SUPPORT_UNKNOWN;
    copy_support_remember(store, failure);
    return failed ? COPY_SUPPORT_NO : COPY_SUPPORT_YES;
}
