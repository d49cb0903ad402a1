/*
 * All texts (headers, documents, padding) go into one buffer, one after the other. A layer
 * separates two parts of it. A part is a range of the buffer; its address is set at the end, when
 * the buffer no longer moves.
 */
#include "pack/image/bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/json_write.h"
#include "pack/codec/layer_digest.h"
#include "pack/image/config.h"
#include "pack/image/docker_manifest.h"
#include "pack/image/document.h"
#include "pack/tar/tar.h"
#include "pack/tar/write.h"

#define MANIFEST   "application/vnd.oci.image.manifest.v1+json"
#define OCI_INDEX  "application/vnd.oci.image.index.v1+json"
#define OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define TEXT_MAX   (BUNDLE_CONFIG_MAX + 8 * MIB)

struct maker {
    const struct bundle_options *options;
    struct bundle *bundle;
    size_t begun; /* of the current text part */
    uint64_t layer_bytes;
};

static uint64_t padded(uint64_t size)
{
    return (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
}

/* ---- checks ---- */

static bool is_plain(const struct image_layer *layer)
{
    return strcmp(layer->media_type, LAYER_PLAIN_TAR) == 0;
}

/* A plain tar has one digest; a packed one has two. */
static bool is_describable(const struct image_layer *layer)
{
    bool same = strcmp(layer->digest, layer->diff_id) == 0;

    if (same || is_plain(layer))
        return same && is_plain(layer);
    return strcmp(layer->media_type, LAYER_PLAIN_TAR "+gzip") == 0 ||
           strcmp(layer->media_type, LAYER_PLAIN_TAR "+zstd") == 0;
}

bool bundle_possible(const struct image_info *image)
{
    for (unsigned i = 0; i < image->layer_count; i++)
        if (!is_describable(&image->layers[i]))
            return false;
    return image->config_size > 0 && image->config_size <= BUNDLE_CONFIG_MAX;
}

/* Layers of one digest are sent once, so they must be one blob. */
static int check_duplicate(const struct image_info *image, unsigned number, struct err *err)
{
    const struct image_layer *layer = &image->layers[number];

    for (unsigned i = 0; i < number; i++)
        if (strcmp(image->layers[i].digest, layer->digest) == 0 &&
            (image->layers[i].raw_size != layer->raw_size ||
             strcmp(image->layers[i].diff_id, layer->diff_id) != 0))
            return err_set(err, ERR_INTEGRITY, "index",
                           "layers %u and %u of the index have the same digest, but differ", i + 1,
                           number + 1);
    return 0;
}

static int check_layers(const struct image_info *image, struct json_node diff_ids, struct err *err)
{
    struct json_node at = json_first(diff_ids);

    if (json_count(diff_ids) != image->layer_count)
        return err_set(err, ERR_INTEGRITY, "index",
                       "the index and the config differ in the number "
                       "of layers");
    for (unsigned i = 0; i < image->layer_count; i++, at = json_next(diff_ids, at, NULL)) {
        if (!json_string_equals(at, image->layers[i].diff_id))
            return err_set(err, ERR_INTEGRITY, "index",
                           "layer %u of the index differs from the config", i + 1);
        if (check_duplicate(image, i, err))
            return ERR_FAIL;
    }
    return 0;
}

static int check_config(const struct bundle_options *o, struct err *err)
{
    char id[DIGEST_TEXT_SIZE];
    struct json *json;
    int answer;

    digest_text_of(id, o->config);
    if (strcmp(id, o->image->id) != 0)
        return err_set(err, ERR_INTEGRITY, "config",
                       "the config in the archive is not the config of %s", o->image->id);
    if (json_parse(&json, o->config, &JSON_IMAGE, "the config", err))
        return ERR_FAIL;
    answer = check_layers(o->image, image_config_diff_ids(json_root(json)), err);
    json_destroy(json);
    return answer;
}

/* ---- tar ---- */

static void put_header(struct maker *m, const char *name, uint64_t size)
{
    tar_write_header(&m->bundle->text, name, size, m->options->mtime);
}

static void put_file(struct maker *m, const char *name, struct view content)
{
    tar_write_file(&m->bundle->text, name, content, m->options->mtime);
}

static void put_blob(struct maker *m, const char *digest, struct view content)
{
    char name[DOCUMENT_BLOB_SIZE];

    document_blob_name(digest, name);
    put_file(m, name, content);
}

/* ---- parts ---- */

/* Ends a part with the text since the last one. Its address is set at the end. */
static void end_text(struct maker *m)
{
    struct bundle *bundle = m->bundle;
    size_t size = bundle->text.size - m->begun;

    bundle->parts[bundle->count++] =
        (struct bundle_part){.layer = BUNDLE_NO_LAYER, .raw_offset = m->begun, .raw_size = size};
    m->begun = bundle->text.size;
}

static void set_addresses(struct bundle *bundle)
{
    for (unsigned i = 0; i < bundle->count; i++) {
        struct bundle_part *part = &bundle->parts[i];

        if (part->layer != BUNDLE_NO_LAYER)
            continue;
        part->bytes = view_of(bundle->text.data + part->raw_offset, (size_t)part->raw_size);
        part->raw_offset = part->raw_size = 0;
    }
}

static void put_layer(struct maker *m, int number)
{
    const struct image_layer *layer = &m->options->image->layers[number];
    struct bundle *bundle = m->bundle;
    char name[DOCUMENT_BLOB_SIZE];

    document_blob_name(layer->digest, name);
    put_header(m, name, layer->raw_size);
    end_text(m);
    bundle->parts[bundle->count++] = (struct bundle_part){
        .layer = number, .raw_offset = layer->raw_offset, .raw_size = layer->raw_size};
    m->layer_bytes += padded(layer->raw_size);
}

static bool is_left_out(const struct bundle_options *o, unsigned number)
{
    return o->leave_out && o->leave_out[number];
}

/* Returns true if the layer goes into the bundle. Equal blobs are sent once. The host may have a
 * blob as a lower layer and lack it as a higher one; then the higher one is sent. */
static bool is_sent(const struct bundle_options *o, unsigned number)
{
    const struct image_layer *layers = o->image->layers;

    if (is_left_out(o, number))
        return false;
    for (unsigned i = 0; i < number; i++)
        if (!is_left_out(o, i) && strcmp(layers[i].digest, layers[number].digest) == 0)
            return false;
    return true;
}

/* Returns the next layer of the stream from `at` on, or BUNDLE_NO_LAYER. */
static int next_in_stream(const struct bundle_options *o, uint64_t at, const bool *done)
{
    int next = BUNDLE_NO_LAYER;

    for (unsigned i = 0; i < o->image->layer_count; i++) {
        const struct image_layer *layer = &o->image->layers[i];

        if (done[i] || !is_sent(o, i) || layer->raw_offset < at)
            continue;
        if (next == BUNDLE_NO_LAYER || layer->raw_offset < o->image->layers[next].raw_offset)
            next = (int)i;
    }
    return next;
}

static unsigned count_sent(const struct bundle_options *o)
{
    unsigned count = 0;

    for (unsigned i = 0; i < o->image->layer_count; i++)
        count += is_sent(o, i);
    return count;
}

static int put_layers(struct maker *m, struct err *err)
{
    bool done[IMAGE_LAYERS_MAX] = {false};
    unsigned left = count_sent(m->options);
    uint64_t at = 0;

    while (left--) {
        int next = next_in_stream(m->options, at, done);

        if (next == BUNDLE_NO_LAYER)
            return err_set(err, ERR_INTEGRITY, "index", "layers of the index overlap");
        done[next] = true;
        put_layer(m, next);
        at = m->options->image->layers[next].raw_offset +
             padded(m->options->image->layers[next].raw_size);
    }
    return 0;
}

/* ---- documents ---- */

static void write_descriptor(struct json_writer *w, const char *name, const char *type,
                             const char *digest, uint64_t size)
{
    jw_object(w, name);
    jw_string(w, "mediaType", type);
    jw_string(w, "digest", digest);
    jw_int(w, "size", (int64_t)size);
}

static void write_manifest(const struct image_info *image, struct text *out)
{
    struct json_writer w;

    jw_init(&w, out, true);
    jw_object(&w, NULL);
    jw_int(&w, "schemaVersion", 2);
    jw_string(&w, "mediaType", MANIFEST);
    write_descriptor(&w, "config", OCI_CONFIG, image->id, image->config_size);
    jw_end(&w);
    jw_array(&w, "layers");
    for (unsigned i = 0; i < image->layer_count; i++) {
        const struct image_layer *layer = &image->layers[i];

        write_descriptor(&w, NULL, layer->media_type, layer->digest, layer->raw_size);
        jw_end(&w);
    }
    jw_end(&w);
    jw_end(&w);
}

int bundle_manifest_id(const struct image_info *image, char out[DIGEST_TEXT_SIZE], struct err *err)
{
    struct text manifest;
    int answer;

    text_init(&manifest, MIB);
    write_manifest(image, &manifest);
    answer = text_check(&manifest, "the manifest", err);
    if (answer == 0)
        digest_text_of(out, text_view(&manifest));
    text_finish(&manifest);
    return answer;
}

/* Writes one entry with both annotations for the name: Docker and containerd read the full name,
 * the OCI annotation holds the tag. */
static void write_index(const struct bundle_options *o, const char *manifest_id, size_t size,
                        struct text *out)
{
    const char *colon = strrchr(o->reference, ':');
    struct json_writer w;
    char name[IMAGE_REF_SIZE + 32];

    snprintf(name, sizeof name, "docker.io/library/%s", o->reference);
    jw_init(&w, out, true);
    jw_object(&w, NULL);
    jw_int(&w, "schemaVersion", 2);
    jw_string(&w, "mediaType", OCI_INDEX);
    jw_array(&w, "manifests");
    write_descriptor(&w, NULL, MANIFEST, manifest_id, size);
    jw_object(&w, "annotations");
    jw_string(&w, "io.containerd.image.name", name);
    jw_string(&w, "org.opencontainers.image.ref.name", colon ? colon + 1 : "latest");
    jw_end(&w);
    jw_end(&w);
    jw_end(&w);
    jw_end(&w);
}

static int put_documents(struct maker *m, struct err *err)
{
    const struct bundle_options *o = m->options;
    struct text manifest, index, docker;
    int answer;

    text_init(&manifest, MIB);
    text_init(&index, MIB);
    text_init(&docker, MIB);
    write_manifest(o->image, &manifest);
    digest_text_of(m->bundle->manifest_id, text_view(&manifest));
    write_index(o, m->bundle->manifest_id, manifest.size, &index);
    docker_manifest_write(o->image, o->reference, &docker);
    answer = text_check(&manifest, "the manifest", err) || text_check(&index, "index.json", err) ||
             text_check(&docker, "manifest.json", err);
    put_blob(m, o->image->id, o->config);
    put_blob(m, m->bundle->manifest_id, text_view(&manifest));
    put_file(m, "index.json", text_view(&index));
    put_file(m, "manifest.json", text_view(&docker));
    put_file(m, "oci-layout", view_str("{\"imageLayoutVersion\":\"1.0.0\"}"));
    end_text(m);
    text_finish(&manifest);
    text_finish(&index);
    text_finish(&docker);
    return answer ? ERR_FAIL : 0;
}

static int make(struct maker *m, struct err *err)
{
    struct bundle *bundle = m->bundle;

    bundle->parts = calloc(2 * (size_t)count_sent(m->options) + 1, sizeof *bundle->parts);
    if (!bundle->parts)
        return err_memory(err, "the bundle");
    if (put_layers(m, err) || put_documents(m, err) || text_check(&bundle->text, "the bundle", err))
        return ERR_FAIL;
    set_addresses(bundle);
    bundle->size = m->layer_bytes + bundle->text.size + BUNDLE_TRAILER;
    return 0;
}

struct bundle *bundle_create(const struct bundle_options *options, struct err *err)
{
    struct maker maker = {.options = options};

    if (!bundle_possible(options->image)) {
        err_set(err, ERR_UNSUPPORTED, "layers",
                "%s has a layer or a config that a bundle cannot describe", options->image->id);
        return NULL;
    }
    if (check_config(options, err))
        return NULL;
    maker.bundle = calloc(1, sizeof *maker.bundle);
    if (!maker.bundle) {
        err_memory(err, "the bundle");
        return NULL;
    }
    text_init(&maker.bundle->text, TEXT_MAX);
    if (make(&maker, err)) {
        bundle_destroy(maker.bundle);
        return NULL;
    }
    return maker.bundle;
}

void bundle_destroy(struct bundle *bundle)
{
    if (!bundle)
        return;
    text_finish(&bundle->text);
    free(bundle->parts);
    free(bundle);
}
