/* Documents are read with `fields`; each member has a check. They are written in the form of the
 * original. */
#include "catalog/metadata.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json_write.h"
#include "catalog/fields.h"
#include "catalog/keys.h"
#include "store/store.h"

/* Accepts lower case only, as the original and Docker write it. */
static bool is_hex(const char *text, size_t length)
{
    return strlen(text) == length && strspn(text, "0123456789abcdef") == length;
}

static bool is_md5(const char *text)
{
    return is_hex(text, MD5_HEX_SIZE - 1);
}

static bool is_sha256(const char *text)
{
    return is_hex(text, SHA256_HEX_SIZE - 1);
}

static bool is_platform(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-") ==
           strlen(text);
}

static void read_layers(struct fields *fields, struct metadata *out)
{
    struct json_node list = fields_array(fields, "layers"), layer = {0};
    size_t count = json_count(list);

    if (count == 0)
        return;
    if (count > METADATA_LAYERS_MAX) {
        fields_fail(fields, "layers", "is too long");
        return;
    }
    out->layers = calloc(count, sizeof *out->layers);
    if (!out->layers) {
        fields_fail(fields, "layers", "cannot be read");
        err_memory(fields->err, "the layers of the metadata");
        return;
    }
    while ((layer = json_next(list, layer, NULL)).doc) {
        char *digest = out->layers[out->layer_count++].text;

        if (!json_string(layer, digest, sizeof out->layers->text) || !digest_text_valid(digest)) {
            fields_fail(fields, "layers", "contains an invalid SHA-256 digest");
            return;
        }
    }
}

static void read_original(struct fields *fields, struct metadata *out)
{
    fields_string(fields, "checksum", out->checksum, sizeof out->checksum, is_md5);
    fields_count(fields, "size", &out->size);
    fields_time(fields, "created_at", out->created_at, sizeof out->created_at);
    fields_string(fields, "git_hash", out->git_hash, sizeof out->git_hash, NULL);
    fields_string(fields, "git_time", out->git_time, sizeof out->git_time, NULL);
    fields_string(fields, "image_tag", out->image_tag, sizeof out->image_tag, NULL);
    fields_string(fields, "app_name", out->app_name, sizeof out->app_name, NULL);
}

static void read_ours(struct fields *fields, struct metadata *out)
{
    char etag[STORE_ETAG_MAX] = "";

    fields_string(fields, "image_id", out->image_id, sizeof out->image_id, digest_text_valid);
    fields_string(fields, "engine_id", out->engine_id, sizeof out->engine_id, digest_text_valid);
    fields_string(fields, "manifest_id", out->manifest_id, sizeof out->manifest_id,
                  digest_text_valid);
    fields_bool(fields, "packed_layers", &out->packed_layers);
    fields_string(fields, "platform", out->platform, sizeof out->platform, is_platform);
    read_layers(fields, out);
    fields_count(fields, "raw_size", &out->raw_size);
    fields_string(fields, "archive_etag", etag, sizeof etag, store_etag_is_sound);
    (void)store_etag_take(out->archive_etag, etag);
    fields_string(fields, "index_key", out->index_key, sizeof out->index_key, key_is_sound);
    fields_string(fields, "index_sha256", out->index_sha256, sizeof out->index_sha256, is_sha256);
    fields_count(fields, "index_size", &out->index_size);
}

int metadata_parse(struct view json, struct metadata *out, struct err *err)
{
    struct fields fields;
    uint64_t format;
    int rc;

    *out = (struct metadata){0};
    fields_open(&fields, json, "the metadata", err);
    read_original(&fields, out);
    fields_count(&fields, "format", &format);
    if (format >= 1 && format <= METADATA_FORMAT) {
        out->format = (int)format;
        read_ours(&fields, out);
    }
    rc = fields_close(&fields);
    if (rc == 0 && format > METADATA_FORMAT) {
        err_set(err, ERR_UNSUPPORTED, "format",
                "the image is stored in format %llu; this program reads formats up to %d",
                (unsigned long long)format, METADATA_FORMAT);
        rc = err_hint(err, "install a newer s3dock");
    }
    if (rc < 0)
        metadata_finish(out);
    return rc;
}

/* ---- writing ---- */

static void add_count(struct json_writer *w, const char *name, uint64_t value)
{
    if (value)
        jw_int(w, name, (int64_t)value);
}

static void write_ours(struct json_writer *w, const struct metadata *metadata)
{
    jw_int(w, "format", metadata->format);
    jw_string_if(w, "image_id", metadata->image_id);
    jw_string_if(w, "engine_id", metadata->engine_id);
    jw_string_if(w, "manifest_id", metadata->manifest_id);
    if (metadata->packed_layers)
        jw_bool(w, "packed_layers", true);
    jw_string_if(w, "platform", metadata->platform);
    if (metadata->layer_count) {
        jw_array(w, "layers");
        for (unsigned i = 0; i < metadata->layer_count; i++)
            jw_string(w, NULL, metadata->layers[i].text);
        jw_end(w);
    }
    add_count(w, "raw_size", metadata->raw_size);
    jw_string_if(w, "archive_etag", metadata->archive_etag);
    jw_string_if(w, "index_key", metadata->index_key);
    jw_string_if(w, "index_sha256", metadata->index_sha256);
    add_count(w, "index_size", metadata->index_size);
}

void metadata_write(const struct metadata *metadata, struct text *out)
{
    struct json_writer w;

    jw_init(&w, out, false);
    jw_object(&w, NULL);
    jw_string_if(&w, "checksum", metadata->checksum);
    jw_int(&w, "size", (int64_t)metadata->size);
    jw_string_if(&w, "created_at", metadata->created_at); /* the original refuses an empty time */
    jw_string(&w, "git_hash", metadata->git_hash);
    jw_string(&w, "git_time", metadata->git_time);
    jw_string(&w, "image_tag", metadata->image_tag);
    jw_string(&w, "app_name", metadata->app_name);
    if (metadata->format)
        write_ours(&w, metadata);
    jw_end(&w);
}

bool metadata_names(const struct metadata *metadata, const char *id)
{
    return *id && (strcmp(metadata->image_id, id) == 0 || strcmp(metadata->engine_id, id) == 0 ||
                   strcmp(metadata->manifest_id, id) == 0);
}

void metadata_finish(struct metadata *metadata)
{
    free(metadata->layers);
    *metadata = (struct metadata){0};
}
