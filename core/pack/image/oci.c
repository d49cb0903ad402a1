/*
 * index.json lists descriptors. Each leads to a manifest, or to an index with one manifest for each
 * platform, of which the archive may lack some. Every manifest in the archive must describe our
 * image; attestations are ignored.
 *
 * The image id in containerd's store is the digest of the only descriptor of index.json. Several
 * names of one image give equal descriptors.
 */
#include "pack/image/oci.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "pack/codec/layer_digest.h"
#include "pack/image/config.h"
#include "pack/image/descriptor.h"
#include "pack/image/document.h"

struct oci {
    const struct contents *contents;
    struct image_info *info;
    uint64_t reads; /* bytes left of DOCUMENT_READS_MAX */
    unsigned found; /* manifests of our config */
};

static const struct shape LAYOUT[] = {{"imageLayoutVersion", SHAPE_TEXT, NULL}, {0}};

/* ---- layers ---- */

/* Returns true if a media type fits the packing of the layer. Docker's plain type fits any. */
static bool fits_packing(struct json_node type, const char *packed)
{
    static const char *const plain[] = {LAYER_PLAIN_TAR,
                                        "application/vnd.oci.image.layer.nondistributable.v1.tar",
                                        "application/vnd.docker.image.rootfs.diff.tar",
                                        "application/vnd.docker.image.rootfs.foreign.diff.tar"};
    const char *packing = packed + strlen(LAYER_PLAIN_TAR);
    char text[128];

    for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
        snprintf(text, sizeof text, "%s%s", plain[i], packing);
        if (json_string_equals(type, text))
            return true;
        if (packing[0] == '+') {
            text[strlen(plain[i])] = '.'; /* Docker writes "tar.gzip" */
            if (json_string_equals(type, text))
                return true;
        }
    }
    return false;
}

static bool is_layer(const struct image_layer *layer, struct json_node descriptor)
{
    return json_string_equals(json_get(descriptor, "digest"), layer->digest) &&
           descriptor_has_size(descriptor, layer->raw_size) &&
           fits_packing(json_get(descriptor, "mediaType"), layer->media_type);
}

/* Checks that each layer of the manifest is one of the image, and is used once. Docker 25.0.0 lists
 * them in random order, so the position is not compared. */
static int check_layers(const struct oci *oci, struct json_node layers, struct err *err)
{
    const struct image_info *info = oci->info;
    bool used[IMAGE_LAYERS_MAX] = {false};
    struct json_node layer = {0};

    if (json_count(layers) != info->layer_count)
        return document_bad(err, "its manifests differ in the number of layers", "");
    while ((layer = json_next(layers, layer, NULL)).doc) {
        unsigned i = 0;

        while (i < info->layer_count && (used[i] || !is_layer(&info->layers[i], layer)))
            i++;
        if (i == info->layer_count || !descriptor_blob(oci->contents, layer))
            return document_bad(
                err, "its manifests differ in a layer's digest, size, type or place", "");
        used[i] = true;
    }
    return 0;
}

/* ---- documents ---- */

/* Returns true if a daemon may confuse the platforms. All daemons distinguish only the variants of
 * 32-bit ARM. */
static bool same_platform(const struct image_info *a, const struct image_info *b)
{
    return strcmp(a->os, b->os) == 0 && strcmp(a->architecture, b->architecture) == 0 &&
           (strcmp(a->architecture, "arm") != 0 || strcmp(a->variant, b->variant) == 0);
}

/* Checks the config of another manifest. `docker save` writes all platforms of containerd's
 * store, and names the daemon's own in manifest.json. Two images of one platform are ambiguous
 * and refused. */
static int check_other(struct oci *oci, const struct content *config, struct err *err)
{
    struct image_info other = {.os = ""};
    struct json *json = NULL;

    if (document_parse(config, &json, err) < 0)
        return ERR_FAIL;
    image_config_read(json_root(json), &other);
    json_destroy(json);
    if (!same_platform(oci->info, &other)) {
        oci->info->others = true;
        return 0;
    }
    err_set(err, ERR_INTEGRITY, "image",
            "the image archive has two different images of one platform");
    return err_hint(err, "save one of them: docker save NAME");
}

static int check_manifest(struct oci *oci, struct json_node root, const char *name, struct err *err)
{
    struct json_node config = json_get(root, "config");
    const struct content *content = descriptor_blob(oci->contents, config);

    if (shape_check(root, DOCUMENT_MANIFEST, true, name, err) < 0)
        return ERR_FAIL;
    if (json_present(json_get(root, "manifests")))
        return document_bad(err, "a document is both a manifest and an index:", name);
    if (!content || !descriptor_is_config(json_get(config, "mediaType")))
        return 0; /* of another platform, or no image */
    if (!json_string_equals(json_get(config, "digest"), oci->info->id))
        return check_other(oci, content, err);
    if (!descriptor_has_size(config, oci->info->config_size))
        return document_bad(err, "the size of the config is wrong in", name);
    oci->found++;
    return check_layers(oci, json_get(root, "layers"), err);
}

static int check_descriptor(struct oci *oci, struct json_node descriptor, unsigned depth,
                            struct err *err);

static int check_descriptors(struct oci *oci, struct json_node descriptors, unsigned depth,
                             struct err *err)
{
    struct json_node at = {0};

    while ((at = json_next(descriptors, at, NULL)).doc)
        if (check_descriptor(oci, at, depth, err) < 0)
            return ERR_FAIL;
    return 0;
}

static int check_document(struct oci *oci, struct json_node root, struct json_node type,
                          const char *name, unsigned depth, struct err *err)
{
    struct json_node own = json_get(root, "mediaType");
    char said[128];

    if (!json_string(type, said, sizeof said) ||
        (!descriptor_is_index(type) && !descriptor_is_manifest(type)))
        return 0; /* ignored by all readers */
    if (json_present(own) && !json_string_equals(own, said))
        return document_bad(err, "two media types of", name);
    if (descriptor_is_manifest(type))
        return check_manifest(oci, root, name, err);
    if (shape_check(root, DOCUMENT_INDEX, true, name, err) < 0)
        return ERR_FAIL;
    if (json_present(json_get(root, "config")) || json_present(json_get(root, "layers")))
        return document_bad(err, "a document is both an index and a manifest:", name);
    return check_descriptors(oci, json_get(root, "manifests"), depth, err);
}

static int follow_descriptor(struct oci *oci, struct json_node descriptor, unsigned depth,
                             struct err *err)
{
    const struct content *content = descriptor_blob(oci->contents, descriptor);
    struct json *json = NULL;
    int rc;

    if (!content || descriptor_is_attestation(descriptor))
        return 0;
    if (depth == DOCUMENT_DEPTH_MAX || oci->reads < content->size)
        return document_bad(err, "its indexes name too many other documents", "");
    oci->reads -= content->size;
    if (!descriptor_has_size(descriptor, content->size))
        return document_bad(err, "the stated size is wrong of", content->name);
    if (document_parse(content, &json, err) < 0)
        return ERR_FAIL;
    rc = check_document(oci, json_root(json), json_get(descriptor, "mediaType"), content->name,
                        depth + 1, err);
    json_destroy(json);
    return rc;
}

/* Checks the platform of a descriptor. containerd chooses by it: the platform of this image must
 * lead to its config, and no other descriptor may state that platform. */
static int check_descriptor(struct oci *oci, struct json_node descriptor, unsigned depth,
                            struct err *err)
{
    struct json_node platform = json_get(descriptor, "platform");
    struct image_info stated = {.os = ""};
    unsigned before = oci->found;
    bool ours;

    if (follow_descriptor(oci, descriptor, depth, err) < 0)
        return ERR_FAIL;
    if (!json_present(platform))
        return 0;
    ours = oci->found > before;
    image_config_read(platform, &stated);
    if (ours && (strcmp(stated.os, oci->info->os) != 0 ||
                 strcmp(stated.architecture, oci->info->architecture) != 0))
        return document_bad(err, "its index states another platform than the config", "");
    if (!ours && same_platform(oci->info, &stated))
        return document_bad(err, "its index names another image of this platform", "");
    return 0;
}

/* ---- index.json ---- */

/* The annotations that name a descriptor of index.json; the first one present counts. */
static const char *const NAMES[] = {"io.containerd.image.name",
                                    "org.opencontainers.image.ref.name"};

static bool is_named(struct json_node descriptor)
{
    struct json_node annotations = json_get(descriptor, "annotations");

    return json_present(json_get(annotations, NAMES[0])) ||
           json_present(json_get(annotations, NAMES[1]));
}

/* Copies the digest that all descriptors share. Returns false if they differ: of two with one
 * name the store keeps one, and may delete the content of the other. */
static bool single_digest(struct json_node descriptors, char digest[DIGEST_TEXT_SIZE])
{
    struct json_node at = {0};

    digest[0] = '\0';
    while ((at = json_next(descriptors, at, NULL)).doc) {
        if (descriptor_is_attestation(at) && !is_named(at))
            continue;
        if (digest[0] == '\0') {
            if (!json_string(json_get(at, "digest"), digest, DIGEST_TEXT_SIZE))
                return false;
        } else if (!json_string_equals(json_get(at, "digest"), digest)) {
            return false;
        }
    }
    return digest[0] != '\0';
}

/* Reads the value of an annotation. Unlike members, annotations have case-sensitive names, and
 * the last of two counts. Returns false if a name is ambiguous. */
static bool annotation(struct json_node annotations, const char *name, struct json_node *value)
{
    struct json_node at = {0}, key;
    unsigned count = 0;

    *value = (struct json_node){0};
    while ((at = json_next(annotations, at, &key)).doc) {
        if (!json_names(key, name))
            continue;
        if (++count > 1 || !json_string_equals(key, name))
            return false;
        *value = at;
    }
    return true;
}

/* Reads the name of a descriptor as containerd does: the full name, or the annotation that replaces
 * it. */
static int read_name(struct image_info *info, struct json_node descriptor, struct err *err)
{
    struct json_node annotations = json_get(descriptor, "annotations"), values[ARRAY_SIZE(NAMES)];

    for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
        if (!annotation(annotations, NAMES[i], &values[i]))
            return document_bad(err, "index.json is ambiguous", "");
    for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++) {
        if (!json_present(values[i]) || json_string_equals(values[i], ""))
            continue;
        if (!json_string(values[i], info->names[info->name_count], IMAGE_REF_SIZE))
            return document_bad(err, "index.json has an invalid name", "");
        info->name_count++;
        return 0;
    }
    return 0;
}

static int read_names(struct image_info *info, struct json_node descriptors, struct err *err)
{
    size_t count = json_count(descriptors);
    struct json_node at = {0};

    if (count > IMAGE_TAGS_MAX)
        return err_set(err, ERR_INTEGRITY, "image", "the image has too many names (%zu)", count);
    if (count == 0)
        return 0;
    info->names = calloc(count, sizeof *info->names);
    if (!info->names)
        return err_memory(err, "the names of the image");
    while ((at = json_next(descriptors, at, NULL)).doc)
        if (read_name(info, at, err) < 0)
            return ERR_FAIL;
    return 0;
}

static int check_index(struct oci *oci, struct json_node root, struct err *err)
{
    struct json_node descriptors = json_get(root, "manifests");

    if (json_kind(root) != JSON_OBJECT ||
        shape_check(root, DOCUMENT_INDEX, true, "index.json", err) < 0)
        return json_kind(root) == JSON_OBJECT
                   ? ERR_FAIL
                   : document_bad(err, "index.json is not an object", "");
    if (read_names(oci->info, descriptors, err) < 0 ||
        check_descriptors(oci, descriptors, 0, err) < 0)
        return ERR_FAIL;
    if (json_count(descriptors) ==
        0) /* written by some versions of Docker 25 for an image without a name */
        return 0;
    if (!oci->found)
        return document_bad(err, "index.json does not name the image of manifest.json", "");
    if (!single_digest(descriptors, oci->info->manifest_id))
        return document_bad(err, "index.json lists several images", "");
    return 0;
}

/* Checks the version of the layout. containerd reads only this one. */
static int check_layout(const struct oci *oci, struct err *err)
{
    const struct content *content = contents_plain_file(oci->contents, "oci-layout");
    struct json_node version;
    struct json *json = NULL;
    bool fine;

    if (!content)
        return 0;
    if (!contents_plain_file(oci->contents, "index.json"))
        return document_bad(err, "it has oci-layout but no index.json", "");
    if (document_parse(content, &json, err) < 0)
        return ERR_FAIL;
    version = json_get(json_root(json), "imageLayoutVersion");
    fine = json_string_equals(version, "1.0.0") &&
           shape_check(json_root(json), LAYOUT, true, "oci-layout", err) == 0;
    json_destroy(json);
    return fine ? 0 : document_bad(err, "the version of oci-layout is not 1.0.0", "");
}

int oci_check(const struct contents *contents, struct image_info *info, struct err *err)
{
    struct oci oci = {.contents = contents, .info = info, .reads = DOCUMENT_READS_MAX};
    const struct content *content = contents_plain_file(contents, "index.json");
    struct json *json = NULL;
    int rc;

    if (check_layout(&oci, err) < 0)
        return ERR_FAIL;
    if (!content)
        return 0;
    if (document_parse(content, &json, err) < 0)
        return ERR_FAIL;
    rc = check_index(&oci, json_root(json), err);
    json_destroy(json);
    return rc;
}
