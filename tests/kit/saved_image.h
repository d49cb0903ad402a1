/*
 * saved_image - an image archive as `docker save` writes it: layers, config, manifest. A test adds
 * the layers one by one, then writes the file.
 */
#ifndef S3DOCK_KIT_SAVED_IMAGE_H
#define S3DOCK_KIT_SAVED_IMAGE_H

#include <stdio.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "kit/tarball.h"

#define SAVED_LAYERS_MAX 8

struct saved_image {
    struct tarball tar;
    char layers[SAVED_LAYERS_MAX][SHA256_HEX_SIZE]; /* their digests */
    unsigned count;
    const char *architecture;  /* NULL: amd64 */
    char id[DIGEST_TEXT_SIZE]; /* set by saved_image_write */
};

static inline void hex_of(const void *data, size_t size, char out[SHA256_HEX_SIZE])
{
    uint8_t sum[SHA256_SIZE];

    sha256_of(view_of(data, size), sum);
    hex_encode(sum, sizeof sum, out);
}

static inline void saved_image_init(struct saved_image *image)
{
    *image = (struct saved_image){.count = 0};
    tarball_init(&image->tar);
}

/* Adds a layer and finishes its tarball. The byte at `changed` (0: none) is changed after the
 * digest of the layer is made. */
static inline void saved_image_add(struct saved_image *image, struct tarball *layer, size_t changed)
{
    char *digest = image->layers[image->count++], name[96];

    assert_true(image->count <= SAVED_LAYERS_MAX);
    hex_of(layer->data, layer->size, digest);
    if (changed)
        layer->data[changed] ^= 1;
    snprintf(name, sizeof name, "%s/layer.tar", digest);
    tarball_file(&image->tar, name, layer->data, layer->size);
    tarball_finish(layer);
}

/* Adds config and manifest, writes the archive to `path` and finishes the image, except its id. */
static inline void saved_image_write(struct saved_image *image, const char *path, const char *ref)
{
    char ids[1024] = "", names[1024] = "", config[2048], id[SHA256_HEX_SIZE], text[2048];
    size_t used = 0, named = 0;
    struct err err;

    for (unsigned i = 0; i < image->count; i++) {
        const char *comma = i ? "," : "", *digest = image->layers[i];

        used += (size_t)snprintf(ids + used, sizeof ids - used, "%s\"sha256:%s\"", comma, digest);
        named += (size_t)snprintf(names + named, sizeof names - named, "%s\"%s/layer.tar\"", comma,
                                  digest);
    }
    snprintf(config, sizeof config,
             "{\"architecture\":\"%s\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\","
             "\"diff_ids\":[%s]}}",
             image->architecture ? image->architecture : "amd64", ids);
    hex_of(config, strlen(config), id);
    snprintf(text, sizeof text, "%s.json", id);
    tarball_text(&image->tar, text, config);
    snprintf(text, sizeof text, "[{\"Config\":\"%s.json\",\"RepoTags\":[\"%s\"],\"Layers\":[%s]}]",
             id, ref, names);
    tarball_text(&image->tar, "manifest.json", text);
    tarball_end(&image->tar);
    assert_int_equal(file_replace(path, view_of(image->tar.data, image->tar.size), 0644, &err), 0);
    tarball_finish(&image->tar);
    snprintf(image->id, sizeof image->id, "sha256:%s", id);
}

#endif
