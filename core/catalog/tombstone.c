/*
 * The document is a line of JSON, followed by the metadata, byte for byte. The line contains a
 * random number, so no two tombstones have the same ETag.
 */
#include "catalog/tombstone.h"

#include <string.h>

#include "base/err.h"
#include "base/json_write.h"
#include "catalog/audit.h"
#include "catalog/fields.h"
#include "catalog/keys.h"

#define TOMBSTONE_MAX    (512 * KIB)
#define TOMBSTONE_FORMAT 2 /* 1: it lists no objects. Older programs read both as format 1 */

static void read_objects(struct fields *fields, struct tombstone *out)
{
    struct json_node list = fields_array(fields, "objects"), at = {0};

    if (json_count(list) > TOMBSTONE_OBJECTS_MAX)
        fields_fail(fields, "objects", "is too long");
    while (!fields->failed && (at = json_next(list, at, NULL)).doc) {
        struct tombstone_object *object = &out->objects[out->object_count++];
        struct fields inner = fields_enter_element(fields, at);

        fields_string(&inner, "key", object->key, sizeof object->key, key_is_sound);
        fields_string(&inner, "etag", object->etag, sizeof object->etag, store_etag_is_sound);
        fields_count(&inner, "size", &object->size);
        fields_require(&inner, "key", object->key);
        fields_leave_element(fields, &inner);
    }
}

static int parse_line(struct view line, struct tombstone *out, struct err *err)
{
    struct fields fields;
    uint64_t format;

    fields_open(&fields, line, "the tombstone", err);
    fields_count(&fields, "format", &format);
    fields_string(&fields, "archive_etag", out->archive_etag, sizeof out->archive_etag, NULL);
    fields_count(&fields, "archive_size", &out->archive_size);
    fields_string(&fields, "index_etag", out->index_etag, sizeof out->index_etag, NULL);
    fields_string(&fields, "metadata_etag", out->metadata_etag, sizeof out->metadata_etag, NULL);
    fields_bool(&fields, "deleting", &out->deleting);
    read_objects(&fields, out);
    if (fields_close(&fields))
        return ERR_FAIL;
    out->format = (int)format;
    if (format <= TOMBSTONE_FORMAT)
        return 0;
    err_set(err, ERR_UNSUPPORTED, "format",
            "the tombstone has format %llu; this program reads "
            "formats up to %d",
            (unsigned long long)format, TOMBSTONE_FORMAT);
    return err_hint(err, "install a newer s3dock");
}

int tombstone_parse(struct view text, struct tombstone *out, struct err *err)
{
    const uint8_t *end = memchr(text.data, '\n', text.size);
    size_t size = end ? (size_t)(end - text.data) : text.size;

    *out = (struct tombstone){.deleting = false};
    if (parse_line(view_of(text.data, size), out, err))
        return ERR_FAIL;
    text_init(&out->metadata, TOMBSTONE_MAX);
    if (end)
        text_add(&out->metadata, end + 1, text.size - size - 1);
    if (text_check(&out->metadata, "the tombstone", err) == 0)
        return 0;
    tombstone_finish(out);
    return ERR_FAIL;
}

enum store_answer tombstone_get(struct store *store, const char *key, struct tombstone *out,
                                struct err *err)
{
    _cleanup_text_ struct text text = {0};
    char etag[STORE_ETAG_MAX];
    enum store_answer answer;

    text_init(&text, TOMBSTONE_MAX);
    answer = store_get_document(store, key, &text, etag, err);
    if (answer != STORE_DONE)
        return answer;
    if (tombstone_parse(text_view(&text), out, err)) {
        err_wrap(err, "%s", key);
        return STORE_FAILED;
    }
    memcpy(out->etag, etag, sizeof out->etag);
    return STORE_DONE;
}

enum store_answer tombstone_read(struct store *store, const char *archive_key,
                                 struct tombstone *out, struct err *err)
{
    char key[KEY_MAX];

    if (key_of_sibling(key, archive_key, KEY_RETIRED, err))
        return STORE_FAILED;
    return tombstone_get(store, key, out, err);
}

void tombstone_finish(struct tombstone *tombstone)
{
    text_finish(&tombstone->metadata);
}

static void write_objects(struct json_writer *w, const struct tombstone *tombstone)
{
    jw_array(w, "objects");
    for (unsigned i = 0; i < tombstone->object_count; i++) {
        jw_object(w, NULL);
        jw_string(w, "key", tombstone->objects[i].key);
        jw_string(w, "etag", tombstone->objects[i].etag);
        jw_int(w, "size", (int64_t)tombstone->objects[i].size);
        jw_end(w);
    }
    jw_end(w);
}

enum store_answer tombstone_put(struct store *store, const char *key,
                                const struct tombstone *tombstone, const char *only_if,
                                struct err *err)
{
    _cleanup_text_ struct text text = {0};
    char unique[AUDIT_UNIQUE_SIZE];
    struct json_writer w;

    text_init(&text, TOMBSTONE_MAX);
    if (audit_unique(unique, err))
        return STORE_FAILED;
    jw_init(&w, &text, true);
    jw_object(&w, NULL);
    jw_int(&w, "format", tombstone->object_count || tombstone->format == 2 ? 2 : 1);
    jw_string(&w, "unique", unique);
    jw_string(&w, "archive_etag", tombstone->archive_etag);
    jw_int(&w, "archive_size", (int64_t)tombstone->archive_size);
    jw_string(&w, "index_etag", tombstone->index_etag);
    jw_string(&w, "metadata_etag", tombstone->metadata_etag);
    jw_bool(&w, "deleting", tombstone->deleting);
    if (tombstone->object_count)
        write_objects(&w, tombstone);
    jw_end(&w);
    text_char(&text, '\n');
    text_add(&text, tombstone->metadata.data, tombstone->metadata.size);
    if (text_check(&text, "the tombstone", err))
        return STORE_FAILED;
    return store_put_document(store, key, text_view(&text), only_if && only_if[0] ? only_if : NULL,
                              only_if && !only_if[0], NULL, err);
}

int tombstone_write(struct store *store, const char *archive_key, const struct tombstone *tombstone,
                    struct err *err)
{
    char key[KEY_MAX];

    if (key_of_sibling(key, archive_key, KEY_RETIRED, err))
        return ERR_FAIL;
    return tombstone_put(store, key, tombstone, NULL, err) == STORE_DONE ? 0 : ERR_FAIL;
}
