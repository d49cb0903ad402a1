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

#define TOMBSTONE_MAX (512 * KIB)

static int parse(struct view text, struct tombstone *out, struct err *err)
{
    const uint8_t *end = memchr(text.data, '\n', text.size);
    size_t size = end ? (size_t)(end - text.data) : text.size;
    struct fields fields;

    fields_open(&fields, view_of(text.data, size), "the tombstone", err);
    fields_string(&fields, "archive_etag", out->archive_etag, sizeof out->archive_etag, NULL);
    fields_count(&fields, "archive_size", &out->archive_size);
    fields_string(&fields, "index_etag", out->index_etag, sizeof out->index_etag, NULL);
    fields_string(&fields, "metadata_etag", out->metadata_etag, sizeof out->metadata_etag, NULL);
    fields_bool(&fields, "deleting", &out->deleting);
    if (fields_close(&fields))
        return ERR_FAIL;
    if (end)
        text_add(&out->metadata, end + 1, text.size - size - 1);
    return text_check(&out->metadata, "the tombstone", err);
}

enum store_answer tombstone_read(struct store *store, const char *archive_key,
                                 struct tombstone *out, struct err *err)
{
    _cleanup_text_ struct text text = {0};
    enum store_answer answer;
    char key[KEY_MAX];

    *out = (struct tombstone){.deleting = false};
    text_init(&text, TOMBSTONE_MAX);
    if (key_of_sibling(key, archive_key, KEY_RETIRED, err))
        return STORE_FAILED;
    answer = store_get_document(store, key, &text, out->etag, err);
    if (answer != STORE_DONE)
        return answer;
    text_init(&out->metadata, TOMBSTONE_MAX);
    if (parse(text_view(&text), out, err) == 0)
        return STORE_DONE;
    tombstone_finish(out);
    err_wrap(err, "%s", key);
    return STORE_FAILED;
}

void tombstone_finish(struct tombstone *tombstone)
{
    text_finish(&tombstone->metadata);
}

int tombstone_write(struct store *store, const char *archive_key, const struct tombstone *tombstone,
                    struct err *err)
{
    _cleanup_text_ struct text text = {0};
    char key[KEY_MAX], unique[AUDIT_UNIQUE_SIZE];
    struct json_writer w;

    text_init(&text, TOMBSTONE_MAX);
    if (key_of_sibling(key, archive_key, KEY_RETIRED, err) || audit_unique(unique, err))
        return ERR_FAIL;
    jw_init(&w, &text, true);
    jw_object(&w, NULL);
    jw_int(&w, "format", 1);
    jw_string(&w, "unique", unique);
    jw_string(&w, "archive_etag", tombstone->archive_etag);
    jw_int(&w, "archive_size", (int64_t)tombstone->archive_size);
    jw_string(&w, "index_etag", tombstone->index_etag);
    jw_string(&w, "metadata_etag", tombstone->metadata_etag);
    jw_bool(&w, "deleting", tombstone->deleting);
    jw_end(&w);
    text_char(&text, '\n');
    text_add(&text, tombstone->metadata.data, tombstone->metadata.size);
    if (text_check(&text, "the tombstone", err))
        return ERR_FAIL;
    return store_put_document(store, key, text_view(&text), NULL, false, NULL, err) == STORE_DONE
               ? 0
               : ERR_FAIL;
}
