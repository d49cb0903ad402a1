/*
 * In all save layouts, manifest.json names a config and the layers in order, and the config lists
 * the diffIDs. The names lead to files (legacy: <id>/layer.tar, which may be a link; Podman:
 * <diffID>.tar; OCI: blobs/sha256/<digest>). The SHA-256 of a file, unpacked if it is packed, must
 * be the diffID at the same position. The check needs the whole stream: manifest.json comes last,
 * and links may precede their targets.
 *
 * index.json and the documents that it names must describe the same image (oci.c).
 */
#include "pack/image/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "base/json.h"
#include "pack/chunk/export_error.h"
#include "pack/codec/layer_digest.h"
#include "pack/image/config.h"
#include "pack/image/contents.h"
#include "pack/image/document.h"
#include "pack/image/oci.h"

#define TRAILER_MAX (64 * MIB) /* zeros at the end; tar fills its last record, which is small */

struct image {
    struct contents *contents;
    struct export_error export_error;
    uint64_t trailer;   /* bytes of the trailer */
    bool text;          /* text follows the tar, or replaces it */
    struct view config; /* points into the contents */
    struct image_info info;
};

struct image *image_create(void)
{
    struct image *image = calloc(1, sizeof *image);

    if (!image)
        return NULL;
    image->contents = contents_create();
    if (!image->contents) {
        free(image);
        return NULL;
    }
    export_error_init(&image->export_error);
    return image;
}

void image_destroy(struct image *image)
{
    if (!image)
        return;
    contents_destroy(image->contents);
    free(image->info.layers);
    free(image->info.tags);
    free(image->info.names);
    free(image);
}

static int endless(struct err *err)
{
    err_set(err, ERR_INTEGRITY, "tar", "the archive ends with more than %d MiB of zeros",
            (int)(TRAILER_MAX / MIB));
    return err_hint(err, "an archive of docker save is expected: docker save -o image.tar IMAGE");
}

int image_feed(struct image *image, const struct tar_step *step, const struct tar_entry *entry,
               const uint8_t *bytes, struct err *err)
{
    uint64_t end = image->info.raw_size + step->used;

    image->info.raw_size = end;
    export_error_add(&image->export_error, bytes, step->used);
    switch (step->event) {
    case TAR_ENTRY:
        return contents_begin(image->contents, entry, end, err);
    case TAR_DATA:
        return contents_add(image->contents, bytes, step->used, err);
    case TAR_TRAILER:
        image->trailer += step->used;
        return image->trailer <= TRAILER_MAX ? 0 : endless(err);
    case TAR_TEXT:
        image->text = true;
        return 0;
    default:
        return 0;
    }
}

int image_skip(struct image *image, uint64_t rest, const uint8_t digest[SHA256_SIZE],
               struct err *err)
{
    image->info.raw_size += rest;
    return contents_vouch(image->contents, digest, err);
}

/* Returns true for a blob: its name is its SHA-256. A name with a dot is none: files of desktops
 * (.DS_Store, ._name), and the layers of Bazel's rules_oci (<digest>.tar.gz). */
static bool is_blob(const struct content *content)
{
    return content->type == TAR_FILE &&
           strncmp(content->name, DOCUMENT_BLOBS, strlen(DOCUMENT_BLOBS)) == 0 &&
           !strchr(strrchr(content->name, '/'), '.');
}

/* Checks that a document is a file: containerd does not follow a link to one. The names are
 * compared without case, because some file systems ignore it. */
static int check_document(const struct content *content, struct err *err)
{
    static const char *const documents[] = {"manifest.json", "index.json", "oci-layout"};

    for (size_t i = 0; i < ARRAY_SIZE(documents); i++) {
        if (strcasecmp(content->name, documents[i]) != 0)
            continue;
        if (strcmp(content->name, documents[i]) != 0)
            return document_bad(
                err, "an entry has the name of a document in other case:", content->name);
        if (content->type != TAR_FILE)
            return document_bad(err, "this document is not a file:", content->name);
    }
    return 0;
}

/* Checks that the name of a blob is its SHA-256. */
static int check_blob(const struct content *content, struct err *err)
{
    uint8_t named[SHA256_SIZE];

    if (check_document(content, err) < 0)
        return ERR_FAIL;
    if (!is_blob(content))
        return 0;
    if (!hex_decode(content->name + strlen(DOCUMENT_BLOBS), named, SHA256_SIZE) ||
        memcmp(named, content->stored, SHA256_SIZE) != 0)
        return document_missing(err, "the SHA-256 of a blob differs from its name:", content->name);
    return 0;
}

static int check_entries(const struct image *image, struct err *err)
{
    bool oci = contents_plain_file(image->contents, "oci-layout") &&
               contents_plain_file(image->contents, "index.json");

    for (size_t i = 0; i < contents_count(image->contents); i++)
        if (check_blob(contents_at(image->contents, i), err) < 0)
            return ERR_FAIL;
    /* containerd reads links only in archives without OCI layout; there all of them must
     * resolve. */
    return contents_check_links(image->contents, oci, err);
}

static int read_tags(struct image *image, struct json_node tags, struct err *err)
{
    struct image_info *info = &image->info;
    struct json_node at = json_first(tags);
    size_t count = json_count(tags);

    if (count > IMAGE_TAGS_MAX)
        return err_set(err, ERR_INTEGRITY, "image", "the image has too many names (%zu)", count);
    if (json_present(tags) && json_kind(tags) != JSON_ARRAY)
        return document_bad(err, "the names in manifest.json are not a list", "");
    if (count == 0)
        return 0;
    info->tags = calloc(count, sizeof *info->tags);
    if (!info->tags)
        return err_memory(err, "the names of the image");
    for (size_t i = 0; i < count; i++, at = json_next(tags, at, NULL))
        if (!json_string(at, info->tags[i], sizeof info->tags[i]))
            return document_bad(err, "manifest.json has an invalid name", "");
    info->tag_count = (unsigned)count;
    return 0;
}

static int wrong_layer(const struct image_layer *layer, const char *path, struct err *err)
{
    if (strcmp(layer->media_type, LAYER_PLAIN_TAR "+xz") == 0)
        return document_bad(err, "this layer is packed by xz:", path);
    if (strcmp(layer->media_type, LAYER_PLAIN_TAR "+bzip2") == 0)
        return document_bad(err, "this layer is packed by bzip2:", path);
    return document_missing(err, "the SHA-256 of this layer differs from the config:", path);
}

static int read_layer(struct image *image, unsigned at, struct json_node name,
                      struct json_node diff_id, struct err *err)
{
    struct image_layer *layer = &image->info.layers[at];
    const struct content *content;
    char path[TAR_NAME_MAX], diff[DIGEST_TEXT_SIZE];

    if (!json_string(name, path, sizeof path))
        return document_bad(err, "manifest.json has a layer without a name", "");
    content = contents_file(image->contents, path);
    if (!content)
        return document_missing(err, "this layer is missing:", path);
    digest_text_write(layer->digest, content->stored);
    digest_text_write(layer->diff_id, content->diff);
    str_copy(layer->media_type, sizeof layer->media_type, content->media_type);
    layer->raw_offset = content->offset;
    layer->raw_size = content->size;
    if (!json_string(diff_id, diff, sizeof diff) || strcmp(diff, layer->diff_id) != 0)
        return wrong_layer(layer, path, err);
    if (content->padded)
        return document_bad(err, "zeros follow the gzip data of this layer:", path);
    return 0;
}

static int read_layers(struct image *image, struct json_node names, struct json_node diff_ids,
                       struct err *err)
{
    struct json_node name = json_first(names), diff_id = json_first(diff_ids);
    struct image_info *info = &image->info;
    size_t count = json_count(names);

    if (count != json_count(diff_ids))
        return document_bad(err, "manifest.json and the config differ in the number of layers", "");
    if (count > IMAGE_LAYERS_MAX)
        return err_set(err, ERR_INTEGRITY, "image", "the image has too many layers (%zu)", count);
    if (count == 0)
        return 0;
    info->layers = calloc(count, sizeof *info->layers);
    if (!info->layers)
        return err_memory(err, "the layers of the image");
    for (unsigned i = 0; i < count; i++) {
        if (read_layer(image, i, name, diff_id, err) < 0)
            return ERR_FAIL;
        name = json_next(names, name, NULL);
        diff_id = json_next(diff_ids, diff_id, NULL);
    }
    info->layer_count = (unsigned)count;
    return 0;
}

static int read_config(struct image *image, struct json_node manifest, struct err *err)
{
    struct image_info *info = &image->info;
    const struct content *content;
    struct json *json = NULL;
    char path[TAR_NAME_MAX];
    int rc;

    if (!json_string(json_get(manifest, "Config"), path, sizeof path))
        return document_bad(err, "manifest.json names no config", "");
    content = contents_file(image->contents, path);
    if (!content)
        return document_missing(err, "the config is missing:", path);
    if (document_parse(content, &json, err) < 0)
        return ERR_FAIL;
    digest_text_write(info->id, content->stored);
    image->config = view_of(content->json, (size_t)content->size);
    info->config_offset = content->offset;
    info->config_size = content->size;
    rc = image_config_check(json_root(json), err);
    if (rc == 0) {
        image_config_read(json_root(json), info);
        rc = read_layers(image, json_get(manifest, "Layers"),
                         image_config_diff_ids(json_root(json)), err);
    }
    json_destroy(json);
    return rc;
}

static int several_images(size_t count, struct err *err)
{
    err_set(err, ERR_USAGE, "image", "the archive holds %zu images", count);
    return err_hint(err, "save one image, and one platform of it, at a time: docker save NAME, or "
                         "docker save --platform linux/amd64 NAME (Docker 28)");
}

static int read_item(struct image *image, struct json_node list, struct err *err)
{
    struct json_node item = json_first(list);

    if (json_kind(list) != JSON_ARRAY || json_kind(item) != JSON_OBJECT)
        return document_bad(err, "manifest.json names no image", "");
    if (json_count(list) > 1)
        return several_images(json_count(list), err);
    if (shape_check(item, DOCUMENT_MANIFEST_ITEM, true, "manifest.json", err) < 0 ||
        read_tags(image, json_get(item, "RepoTags"), err) < 0)
        return ERR_FAIL;
    return read_config(image, item, err);
}

static int no_manifest(const struct image *image, struct err *err)
{
    if (!contents_plain_file(image->contents, "index.json") ||
        !contents_plain_file(image->contents, "oci-layout")) {
        err_set(err, ERR_INTEGRITY, "image", "the archive has no manifest.json");
        return err_hint(err,
                        "an archive of docker save is expected: docker save -o image.tar IMAGE");
    }
    err_set(err, ERR_UNSUPPORTED, "oci_archive",
            "an OCI archive without manifest.json, which Docker before 25 does not load");
    return err_hint(
        err,
        "skopeo copy oci-archive:IN.tar docker-archive:OUT.tar:APP:TAG; or write a docker archive: "
        "podman save --format docker-archive, docker buildx build --output type=docker");
}

static int read_manifest(struct image *image, struct err *err)
{
    const struct content *content = contents_plain_file(image->contents, "manifest.json");
    struct json *json = NULL;
    int rc;

    if (!content)
        return no_manifest(image, err);
    if (document_parse(content, &json, err) < 0)
        return ERR_FAIL;
    rc = read_item(image, json_root(json), err);
    json_destroy(json);
    return rc;
}

int image_finish(struct image *image, const struct image_info **info, struct err *err)
{
    if (image->text || image->trailer < (uint64_t)2 * TAR_BLOCK)
        return export_error_report(&image->export_error, err);
    if (contents_seal(image->contents, err) < 0 || check_entries(image, err) < 0 ||
        read_manifest(image, err) < 0 || oci_check(image->contents, &image->info, err) < 0)
        return ERR_FAIL;
    *info = &image->info;
    return 0;
}

struct view image_config(const struct image *image)
{
    return image->config;
}
