/*
 * All save layouts agree on one thing: manifest.json names a config and the layers in order, and
 * the config lists the diffIDs. From the names one gets to files (legacy: <id>/layer.tar, which may
 * be a link; Podman: <diffID>.tar; OCI: blobs/sha256/<digest>), and the SHA-256 of a file, inflated
 * where it is compressed, must be the diffID in the same place. That chain is the judgement; it
 * needs the whole stream, because manifest.json stands at its end and links may come before their
 * targets.
 *
 * index.json is read for what a containerd store makes of it: the names it gives, and the id under
 * which it knows the image. That is the digest of its one descriptor (attestations left out;
 * several names of one image give equal descriptors), provided that it leads, through an index or
 * directly, to our config.
 */
#include "pack/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/json.h"
#include "pack/contents.h"
#include "pack/late_error.h"

#define BLOBS           "blobs/sha256/"
#define SHA256_PREFIX   "sha256:"
#define INDEX_DEPTH_MAX 4   /* real ones: index.json, an index, a manifest */
#define INDEX_READS_MAX 256 /* documents: one a platform, and room to spare */

struct image {
    struct contents *contents;
    struct late_error late;
    uint64_t trailer; /* bytes of it */
    bool text;        /* something that is no tar follows, or stands instead */
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
    late_error_init(&image->late);
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

int image_feed(struct image *image, const struct tar_step *step, const struct tar_entry *entry,
               const uint8_t *bytes, struct err *err)
{
    uint64_t end = image->info.raw_size + step->used;

    image->info.raw_size = end;
    late_error_add(&image->late, bytes, step->used);
    switch (step->event) {
    case TAR_ENTRY:
        return contents_begin(image->contents, entry, end, err);
    case TAR_DATA:
        return contents_add(image->contents, bytes, step->used, err);
    case TAR_TRAILER:
        image->trailer += step->used;
        return 0;
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

static int bad(struct err *err, const char *what, const char *name)
{
    err_set(err, ERR_INTEGRITY, "image", "the image archive is not whole: %s%s%s", what,
            name[0] ? " " : "", name);
    return err_hint(err, "the daemon may not hold all of this image: pull or build it again, "
                         "then export it again");
}

static void spell(char out[IMAGE_ID_SIZE], const uint8_t digest[SHA256_SIZE])
{
    char hex[SHA256_HEX_SIZE];

    hex_encode(digest, SHA256_SIZE, hex);
    snprintf(out, IMAGE_ID_SIZE, SHA256_PREFIX "%s", hex);
}

/* A blob is named by its SHA-256. */
static int check_blobs(const struct image *image, struct err *err)
{
    for (size_t i = 0; i < contents_count(image->contents); i++) {
        const struct content *content = contents_at(image->contents, i);
        uint8_t named[SHA256_SIZE];

        if (content->type != TAR_FILE || strncmp(content->name, BLOBS, strlen(BLOBS)) != 0)
            continue;
        if (!hex_decode(content->name + strlen(BLOBS), named, SHA256_SIZE) ||
            memcmp(named, content->stored, SHA256_SIZE) != 0)
            return bad(err, "a blob's SHA-256 is not its name:", content->name);
    }
    return 0;
}

static int parse(const struct content *content, struct json **json, struct err *err)
{
    if (!content->json)
        return err_set(err, ERR_INTEGRITY, "image",
                       "%s in the image archive is no JSON of a "
                       "sensible size",
                       content->name);
    return json_parse(json, view_of(content->json, (size_t)content->size), &JSON_DOCKER,
                      content->name, err);
}

/* Whether the object has each of these members once at most, and none that Go's reader takes for
 * one of them: that does not mind capitals, nor the two letters outside of ASCII that fold to "k"
 * and "s". */
static bool is_plain(struct json_node object, const char *const *members, size_t count)
{
    struct json_node value = {0}, key;
    unsigned seen[4] = {0};
    char name[64];

    for (value = json_next(object, value, &key); value.doc;
         value = json_next(object, value, &key)) {
        if (!json_string(key, name, sizeof name))
            continue; /* too long to be one of them */
        for (size_t i = 0; name[i]; i++)
            if ((unsigned char)name[i] >= 0x80)
                return false;
        for (size_t i = 0; i < count; i++)
            if (strcasecmp(name, members[i]) == 0 && (strcmp(name, members[i]) != 0 || seen[i]++))
                return false;
    }
    return true;
}

static int read_tags(struct image *image, struct json_node tags, struct err *err)
{
    struct image_info *info = &image->info;
    struct json_node at = json_first(tags);
    size_t count = json_count(tags);

    if (count > IMAGE_TAGS_MAX)
        return err_set(err, ERR_INTEGRITY, "image", "the image has too many names (%zu)", count);
    if (json_present(tags) && json_kind(tags) != JSON_ARRAY)
        return bad(err, "the names in manifest.json are no list", "");
    if (count == 0)
        return 0;
    info->tags = calloc(count, sizeof *info->tags);
    if (!info->tags)
        return err_memory(err, "the names of the image");
    for (size_t i = 0; i < count; i++, at = json_next(tags, at, NULL))
        if (!json_string(at, info->tags[i], sizeof info->tags[i]))
            return bad(err, "manifest.json has a name that is none", "");
    info->tag_count = (unsigned)count;
    return 0;
}

static int read_layer(struct image *image, unsigned at, struct json_node name,
                      struct json_node diff_id, struct err *err)
{
    struct image_layer *layer = &image->info.layers[at];
    const struct content *content;
    char path[TAR_NAME_MAX], diff[IMAGE_ID_SIZE];

    if (!json_string(name, path, sizeof path))
        return bad(err, "manifest.json has a layer without a name", "");
    content = contents_file(image->contents, path);
    if (!content)
        return bad(err, "this layer is missing:", path);
    spell(layer->digest, content->stored);
    spell(layer->diff_id, content->diff);
    str_copy(layer->media_type, sizeof layer->media_type, content->media_type);
    layer->raw_offset = content->offset;
    layer->raw_size = content->size;
    if (!json_string(diff_id, diff, sizeof diff) || strcmp(diff, layer->diff_id) != 0)
        return bad(err, "the SHA-256 of this layer is not what the config says:", path);
    return 0;
}

static int read_layers(struct image *image, struct json_node names, struct json_node diff_ids,
                       struct err *err)
{
    struct json_node name = json_first(names), diff_id = json_first(diff_ids);
    struct image_info *info = &image->info;
    size_t count = json_count(names);

    if (count != json_count(diff_ids))
        return bad(err, "manifest.json and the config differ in the number of layers", "");
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
    struct json_node root;
    char path[TAR_NAME_MAX];
    int rc;

    if (!json_string(json_get(manifest, "Config"), path, sizeof path))
        return bad(err, "manifest.json names no config", "");
    content = contents_file(image->contents, path);
    if (!content)
        return bad(err, "the config is missing:", path);
    if (parse(content, &json, err) < 0)
        return ERR_FAIL;
    spell(info->id, content->stored);
    info->config_offset = content->offset;
    info->config_size = content->size;
    root = json_root(json);
    json_string(json_get(root, "os"), info->os, sizeof info->os);
    json_string(json_get(root, "architecture"), info->architecture, sizeof info->architecture);
    json_string(json_get(root, "variant"), info->variant, sizeof info->variant);
    json_string(json_get(root, "created"), info->created, sizeof info->created);
    rc = read_layers(image, json_get(manifest, "Layers"),
                     json_get(json_get(root, "rootfs"), "diff_ids"), err);
    json_destroy(json);
    return rc;
}

static int read_manifest(struct image *image, struct err *err)
{
    static const char *const members[] = {"Config", "RepoTags", "Layers"};
    const struct content *content = contents_file(image->contents, "manifest.json");
    struct json *json = NULL;
    struct json_node root;
    int rc;

    if (!content)
        return bad(err, "it has no manifest.json", "");
    if (parse(content, &json, err) < 0)
        return ERR_FAIL;
    root = json_root(json);
    if (json_kind(root) != JSON_ARRAY || json_count(root) == 0) {
        rc = bad(err, "manifest.json names no image", "");
    } else if (json_count(root) > 1) {
        err_set(err, ERR_USAGE, "image", "the archive holds %zu images", json_count(root));
        rc = err_hint(err, "save one image at a time");
    } else if (!is_plain(json_first(root), members, ARRAY_SIZE(members))) {
        rc = bad(err, "manifest.json can be read in two ways", "");
    } else {
        rc = read_tags(image, json_get(json_first(root), "RepoTags"), err);
        if (rc == 0)
            rc = read_config(image, json_first(root), err);
    }
    json_destroy(json);
    return rc;
}

static bool is_attestation(struct json_node descriptor)
{
    return json_string_equals(
        json_get(json_get(descriptor, "annotations"), "vnd.docker.reference.type"),
        "attestation-manifest");
}

/* Whether the descriptor leads to a manifest whose config is ours, in `reads` documents at most. */
static bool leads_to_config(const struct image *image, struct json_node descriptor, unsigned depth,
                            unsigned *reads)
{
    const struct content *content;
    struct json *json = NULL;
    struct json_node root, manifests, child;
    struct err ignored;
    char digest[IMAGE_ID_SIZE], path[sizeof BLOBS + IMAGE_ID_SIZE];
    bool found;

    if (depth == INDEX_DEPTH_MAX || *reads == 0 || is_attestation(descriptor) ||
        !json_string(json_get(descriptor, "digest"), digest, sizeof digest) ||
        strncmp(digest, SHA256_PREFIX, strlen(SHA256_PREFIX)) != 0)
        return false;
    --*reads;
    snprintf(path, sizeof path, BLOBS "%s", digest + strlen(SHA256_PREFIX));
    content = contents_file(image->contents, path);
    if (!content || parse(content, &json, &ignored) < 0)
        return false;
    root = json_root(json);
    found = json_string_equals(json_get(json_get(root, "config"), "digest"), image->info.id);
    manifests = json_get(root, "manifests");
    for (child = json_first(manifests); !found && child.doc;
         child = json_next(manifests, child, NULL))
        found = leads_to_config(image, child, depth + 1, reads);
    json_destroy(json);
    return found;
}

/* The one digest that the descriptors share; false when they differ. */
static bool single_digest(struct json_node descriptors, struct json_node *single)
{
    struct json_node at = {0};
    char first[IMAGE_ID_SIZE] = "";

    for (at = json_next(descriptors, at, NULL); at.doc; at = json_next(descriptors, at, NULL)) {
        if (is_attestation(at))
            continue;
        if (first[0] == '\0') {
            *single = at;
            if (!json_string(json_get(at, "digest"), first, sizeof first))
                return false;
        } else if (!json_string_equals(json_get(at, "digest"), first)) {
            return false;
        }
    }
    return first[0] != '\0';
}

/* The name of one descriptor, as containerd finds it: the full one, or else what stands for it. */
static int read_name(struct image *image, struct json_node descriptor, struct err *err)
{
    static const char *const members[] = {"annotations"};
    static const char *const kinds[] = {"io.containerd.image.name",
                                        "org.opencontainers.image.ref.name"};
    struct json_node annotations = json_get(descriptor, members[0]);
    struct image_info *info = &image->info;
    char *name = info->names[info->name_count];

    if (!is_plain(descriptor, members, ARRAY_SIZE(members)) ||
        !is_plain(annotations, kinds, ARRAY_SIZE(kinds)))
        return bad(err, "index.json can be read in two ways", "");
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        struct json_node value = json_get(annotations, kinds[i]);

        if (!json_present(value) || json_string_equals(value, ""))
            continue;
        if (!json_string(value, name, IMAGE_REF_SIZE))
            return bad(err, "index.json has a name that is none", "");
        info->name_count++;
        return 0;
    }
    return 0;
}

static int read_names(struct image *image, struct json_node root, struct err *err)
{
    static const char *const members[] = {"manifests"};
    struct json_node descriptors = json_get(root, members[0]), at = json_first(descriptors);
    size_t count = json_count(descriptors);

    if (!is_plain(root, members, ARRAY_SIZE(members)))
        return bad(err, "index.json can be read in two ways", "");
    if (count > IMAGE_TAGS_MAX)
        return err_set(err, ERR_INTEGRITY, "image", "the image has too many names (%zu)", count);
    if (count == 0)
        return 0;
    image->info.names = calloc(count, sizeof *image->info.names);
    if (!image->info.names)
        return err_memory(err, "the names of the image");
    for (size_t i = 0; i < count; i++, at = json_next(descriptors, at, NULL))
        if (read_name(image, at, err) < 0)
            return ERR_FAIL;
    return 0;
}

static int read_index(struct image *image, struct err *err)
{
    const struct content *content = contents_file(image->contents, "index.json");
    struct json_node single;
    struct json *json = NULL;
    unsigned reads = INDEX_READS_MAX;

    if (!content)
        return 0;
    if (parse(content, &json, err) < 0)
        return ERR_FAIL;
    if (read_names(image, json_root(json), err) < 0) {
        json_destroy(json);
        return ERR_FAIL;
    }
    if (single_digest(json_get(json_root(json), "manifests"), &single) &&
        leads_to_config(image, single, 0, &reads))
        json_string(json_get(single, "digest"), image->info.manifest_id,
                    sizeof image->info.manifest_id);
    json_destroy(json);
    return 0;
}

int image_finish(struct image *image, const struct image_info **info, struct err *err)
{
    if (image->text || image->trailer < (uint64_t)2 * TAR_BLOCK)
        return late_error_report(&image->late, err);
    if (contents_seal(image->contents, err) < 0 || check_blobs(image, err) < 0 ||
        read_manifest(image, err) < 0 || read_index(image, err) < 0)
        return ERR_FAIL;
    *info = &image->info;
    return 0;
}

/* What may stand before a short name: a registry host, "library", "localhost", or host/library. */
static bool is_default_prefix(const char *prefix, size_t size)
{
    size_t host = 0;

    if (size == 7 && memcmp(prefix, "library", 7) == 0)
        return true;
    if (size > 8 && memcmp(prefix + size - 8, "/library", 8) == 0)
        size -= 8;
    while (host < size && prefix[host] != '/')
        host++;
    if (host < size)
        return false;
    return (size == 9 && memcmp(prefix, "localhost", 9) == 0) || memchr(prefix, '.', size) ||
           memchr(prefix, ':', size);
}

bool image_is_named(const struct image_info *info, const char *reference)
{
    size_t wanted = strlen(reference);

    for (unsigned i = 0; i < info->tag_count; i++) {
        const char *tag = info->tags[i];
        size_t size = strlen(tag);

        if (strcmp(tag, reference) == 0)
            return true;
        if (size > wanted + 1 && tag[size - wanted - 1] == '/' &&
            strcmp(tag + size - wanted, reference) == 0 &&
            is_default_prefix(tag, size - wanted - 1))
            return true;
    }
    return info->tag_count == 0;
}
