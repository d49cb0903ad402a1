/*
 * Writes one entry: config, tags, and the layers in order.
 */
#include "pack/image/docker_manifest.h"

#include "base/digest_text.h"
#include "base/json_write.h"
#include "pack/image/document.h"

static void write_path(struct json_writer *w, const char *name, const char *digest)
{
    char path[DOCUMENT_BLOB_SIZE];

    document_blob_name(digest, path);
    jw_string(w, name, path);
}

void docker_manifest_write(const struct image_info *image, const char *reference, struct text *out)
{
    struct json_writer w;

    jw_init(&w, out, true);
    jw_array(&w, NULL);
    jw_object(&w, NULL);
    write_path(&w, "Config", image->id);
    jw_array(&w, "RepoTags");
    jw_string(&w, NULL, reference);
    jw_end(&w);
    jw_array(&w, "Layers");
    for (unsigned i = 0; i < image->layer_count; i++)
        write_path(&w, NULL, image->layers[i].digest);
    jw_end(&w);
    jw_end(&w);
    jw_end(&w);
}
