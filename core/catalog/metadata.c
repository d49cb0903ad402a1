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

#define OBJECT_LEAST 14 /* bytes: the least packed chunk */

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

static int codec_of(const char *name)
{
    return strcmp(name, "gzip") == 0   ? METADATA_GZIP
           : strcmp(name, "zstd") == 0 ? METADATA_ZSTD
                                       : 0;
}

static const char *codec_name(int codec)
{
    return codec == METADATA_ZSTD ? "zstd" : "gzip";
}

static void read_object(struct fields *fields, const char *app, struct metadata_object *out)
{
    char codec[16], etag[STORE_ETAG_MAX];

    fields_string(fields, "key", out->key, sizeof out->key, key_is_sound);
    fields_string(fields, "etag", etag, sizeof etag, store_etag_is_sound);
    fields_count(fields, "size", &out->size);
    fields_string(fields, "codec", codec, sizeof codec, NULL);
    fields_count(fields, "used", &out->used);
    fields_require(fields, "etag", etag);
    fields_require(fields, "codec", codec);
    if (fields->failed)
        return;
    out->codec = codec_of(codec);
    if (!store_etag_take(out->etag, etag))
        fields_fail(fields, "etag", "has a value that is not allowed");
    else if (!key_is_of_app(out->key, app))
        fields_fail(fields, "key", "is not a key of this application");
    else if (out->size < OBJECT_LEAST || out->used > out->size)
        fields_fail(fields, "size", "has a value that is not allowed");
}

static void read_objects(struct fields *fields, struct metadata *out)
{
    struct json_node list = fields_array(fields, "objects"), object = {0};
    size_t count = json_count(list);
    uint64_t sum = 0;

    if (count == 0 || count > METADATA_OBJECTS_MAX) {
        fields_fail(fields, "objects", "has no elements, or too many");
        return;
    }
    out->objects = calloc(count, sizeof *out->objects);
    if (!out->objects) {
        fields_fail(fields, "objects", "cannot be read");
        err_memory(fields->err, "the objects of the metadata");
        return;
    }
    while (!fields->failed && (object = json_next(list, object, NULL)).doc) {
        struct metadata_object *next = &out->objects[out->object_count++];
        struct fields inner = fields_enter_element(fields, object);

        read_object(&inner, out->app_name, next);
        if (next->size > INT64_MAX - sum)
            fields_fail(&inner, "size", "is too large");
        sum += next->size;
        fields_leave_element(fields, &inner);
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

/* The members that only formats 1 and 2 have. */
static void read_archive(struct fields *fields, struct metadata *out)
{
    char etag[STORE_ETAG_MAX] = "";

    fields_string(fields, "archive_etag", etag, sizeof etag, store_etag_is_sound);
    (void)store_etag_take(out->archive_etag, etag);
}

/* Reads the members that only format 3 has, and checks those that it requires. */
static void read_third(struct fields *fields, struct metadata *out)
{
    out->checksum[0] = '\0';
    fields_require(fields, "image_id", out->image_id);
    fields_require(fields, "platform", out->platform);
    fields_require(fields, "index_key", out->index_key);
    fields_require(fields, "index_sha256", out->index_sha256);
    if (!out->index_size)
        fields_fail(fields, "index_size", "is missing");
    if (!key_is_of_app(out->index_key, out->app_name))
        fields_fail(fields, "index_key", "is not a key of this application");
    fields_bool(fields, "thin", &out->thin);
    read_objects(fields, out);
}

/* A document whose format is damaged must not lose the objects that it names. */
static void refuse_third(struct fields *fields)
{
    if (json_present(json_get(fields->node, "objects")))
        fields_fail(fields, "objects", "is not a member of this format");
}

static void read_ours(struct fields *fields, struct metadata *out)
{
    fields_string(fields, "image_id", out->image_id, sizeof out->image_id, digest_text_valid);
    fields_string(fields, "engine_id", out->engine_id, sizeof out->engine_id, digest_text_valid);
    fields_string(fields, "manifest_id", out->manifest_id, sizeof out->manifest_id,
                  digest_text_valid);
    fields_bool(fields, "packed_layers", &out->packed_layers);
    fields_string(fields, "platform", out->platform, sizeof out->platform, is_platform);
    read_layers(fields, out);
    fields_count(fields, "raw_size", &out->raw_size);
    fields_string(fields, "index_key", out->index_key, sizeof out->index_key, key_is_sound);
    fields_string(fields, "index_sha256", out->index_sha256, sizeof out->index_sha256, is_sha256);
    fields_count(fields, "index_size", &out->index_size);
    if (out->format < 3)
        read_archive(fields, out);
    else
        read_third(fields, out);
}

/* Names the first codec that this program does not know. */
static int check_codecs(const struct metadata *metadata, struct err *err)
{
    for (unsigned i = 0; i < metadata->object_count; i++)
        if (!metadata->objects[i].codec) {
            err_set(err, ERR_UNSUPPORTED, "codec", "%s is packed with an unknown codec",
                    metadata->objects[i].key);
            return err_hint(err, "install a newer s3dock");
        }
    return 0;
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
    if (format < 3)
        refuse_third(&fields);
    rc = fields_close(&fields);
    if (rc == 0 && format > METADATA_FORMAT) {
        err_set(err, ERR_UNSUPPORTED, "format",
                "the image is stored in format %llu; this program reads formats up to %d",
                (unsigned long long)format, METADATA_FORMAT);
        rc = err_hint(err, "install a newer s3dock");
    }
    if (rc == 0)
        rc = check_codecs(out, err);
    if (rc < 0)
        metadata_finish(out);
    return rc;
}

int metadata_check_place(const struct metadata *metadata, const char *key, struct err *err)
{
    if (metadata->format < 3 || key_is_of_app(key, metadata->app_name))
        return 0;
    return err_set(err, ERR_INTEGRITY, "objects", "%s is the metadata of another application, %s",
                   key, metadata->app_name);
}

/* ---- writing ---- */

static void add_count(struct json_writer *w, const char *name, uint64_t value)
{
    if (value)
        jw_int(w, name, (int64_t)value);
}

static void write_third(struct json_writer *w, const struct metadata *metadata)
{
    if (metadata->thin)
        jw_bool(w, "thin", true);
    jw_array(w, "objects");
    for (unsigned i = 0; i < metadata->object_count; i++) {
        const struct metadata_object *object = &metadata->objects[i];

        jw_object(w, NULL);
        jw_string(w, "key", object->key);
        jw_string(w, "etag", object->etag);
        jw_int(w, "size", (int64_t)object->size);
        jw_string(w, "codec", codec_name(object->codec));
        jw_int(w, "used", (int64_t)object->used);
        jw_end(w);
    }
    jw_end(w);
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
    if (metadata->format < 3)
        jw_string_if(w, "archive_etag", metadata->archive_etag);
    else
        write_third(w, metadata);
    jw_string_if(w, "index_key", metadata->index_key);
    jw_string_if(w, "index_sha256", metadata->index_sha256);
    add_count(w, "index_size", metadata->index_size);
}

void metadata_write(const struct metadata *metadata, struct text *out)
{
    struct json_writer w;

    jw_init(&w, out, false);
    jw_object(&w, NULL);
    jw_string_if(&w, "checksum", metadata->format < 3 ? metadata->checksum : "");
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
    free(metadata->objects);
    *metadata = (struct metadata){0};
}
