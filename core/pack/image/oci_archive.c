/*
 * index.json leads to manifests, directly or through indexes. A manifest is ignored if the archive
 * lacks its config, or if the config is not one of an image. Manifests of one config are one image.
 */
#include "pack/image/oci_archive.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "pack/image/config.h"
#include "pack/image/descriptor.h"
#include "pack/image/docker_manifest.h"
#include "pack/image/document.h"

struct search {
    const struct contents *contents;
    struct image_info image; /* id and layers of the first image */
    unsigned count;          /* of images with different configs */
    uint64_t reads;          /* bytes left of DOCUMENT_READS_MAX */
    struct text platforms;   /* of all images */
};

bool oci_archive_is(const struct contents *contents)
{
    return !contents_file(contents, "manifest.json") &&
           contents_plain_file(contents, "index.json") &&
           contents_plain_file(contents, "oci-layout");
}

/* ---- one manifest ---- */

static int read_layers(struct search *s, struct json_node layers, const char *name, struct err *err)
{
    size_t count = json_count(layers);
    struct json_node at = json_first(layers);

    if (count > IMAGE_LAYERS_MAX)
        return err_set(err, ERR_INTEGRITY, "image", "the image has too many layers (%zu)", count);
    s->image.layers = calloc(count ? count : 1, sizeof *s->image.layers);
    if (!s->image.layers)
        return err_memory(err, "the layers of the image");
    for (; s->image.layer_count < count; s->image.layer_count++, at = json_next(layers, at, NULL)) {
        if (!descriptor_blob(s->contents, at))
            return document_missing(err, "it lacks a layer of", name);
        json_string(json_get(at, "digest"), s->image.layers[s->image.layer_count].digest,
                    DIGEST_TEXT_SIZE);
    }
    return 0;
}

static int note_platform(struct search *s, const struct content *config, struct err *err)
{
    struct image_info info = {.os = ""};
    struct json *json = NULL;

    if (document_parse(config, &json, err) < 0)
        return ERR_FAIL;
    image_config_read(json_root(json), &info);
    json_destroy(json);
    text_printf(&s->platforms, "%s%s/%s%s%s", s->count ? ", " : "", info.os, info.architecture,
                info.variant[0] ? "/" : "", info.variant);
    return 0;
}

static int take_manifest(struct search *s, struct json_node root, const char *name, struct err *err)
{
    struct json_node config = json_get(root, "config");
    const struct content *content = descriptor_blob(s->contents, config);

    if (!content || !descriptor_is_config(json_get(config, "mediaType")) ||
        (s->count && json_string_equals(json_get(config, "digest"), s->image.id)))
        return 0;
    if (s->count < 8 && note_platform(s, content, err) < 0)
        return ERR_FAIL;
    if (s->count++ > 0)
        return 0;
    json_string(json_get(config, "digest"), s->image.id, sizeof s->image.id);
    return read_layers(s, json_get(root, "layers"), name, err);
}

/* ---- indexes ---- */

static int take_descriptors(struct search *s, struct json_node list, unsigned depth,
                            struct err *err);

static int take_descriptor(struct search *s, struct json_node descriptor, unsigned depth,
                           struct err *err)
{
    const struct content *content = descriptor_blob(s->contents, descriptor);
    struct json_node type = json_get(descriptor, "mediaType");
    struct json *json = NULL;
    int answer = 0;

    if (!content || descriptor_is_attestation(descriptor) ||
        (!descriptor_is_index(type) && !descriptor_is_manifest(type)))
        return 0;
    if (depth == DOCUMENT_DEPTH_MAX || s->reads < content->size)
        return document_bad(err, "its indexes name too many other documents", "");
    s->reads -= content->size;
    if (document_parse(content, &json, err) < 0)
        return ERR_FAIL;
    if (descriptor_is_manifest(type))
        answer = take_manifest(s, json_root(json), content->name, err);
    else
        answer = take_descriptors(s, json_get(json_root(json), "manifests"), depth + 1, err);
    json_destroy(json);
    return answer;
}

static int take_descriptors(struct search *s, struct json_node list, unsigned depth,
                            struct err *err)
{
    struct json_node at = {0};

    while ((at = json_next(list, at, NULL)).doc)
        if (take_descriptor(s, at, depth, err) < 0)
            return ERR_FAIL;
    return 0;
}

static int check_found(const struct search *s, struct err *err)
{
    if (s->count == 1)
        return 0;
    if (s->count == 0)
        return document_missing(err, "index.json names no image of the archive", "");
    err_set(err, ERR_USAGE, "image", "the OCI archive has %u images: %s", s->count,
            s->platforms.data);
    return err_hint(err, "save one image, and one platform of it, at a time: docker buildx build "
                         "--platform linux/amd64 --output type=oci,dest=FILE, or skopeo copy "
                         "--override-arch amd64 oci-archive:IN oci-archive:OUT");
}

static int search(struct search *s, struct err *err)
{
    struct json *json = NULL;
    int answer;

    if (document_parse(contents_plain_file(s->contents, "index.json"), &json, err) < 0)
        return ERR_FAIL;
    answer = take_descriptors(s, json_get(json_root(json), "manifests"), 0, err);
    json_destroy(json);
    return answer < 0 ? ERR_FAIL : check_found(s, err);
}

int oci_archive_manifest(const struct contents *contents, const char *reference, struct text *out,
                         struct err *err)
{
    struct search s = {.contents = contents, .reads = DOCUMENT_READS_MAX};
    int answer;

    text_init(&s.platforms, KIB);
    answer = search(&s, err);
    if (answer == 0)
        docker_manifest_write(&s.image, reference, out);
    text_finish(&s.platforms);
    free(s.image.layers);
    return answer < 0 ? ERR_FAIL : text_check(out, "manifest.json", err);
}
