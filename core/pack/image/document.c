/*
 * The shapes of the documents that Docker and containerd decode, and the two errors about them.
 */
#include "pack/image/document.h"

#include <stdio.h>

#include "base/err.h"

static const struct shape PLATFORM[] = {
    {"architecture", SHAPE_TEXT, NULL}, {"os", SHAPE_TEXT, NULL},
    {"os.version", SHAPE_TEXT, NULL},   {"os.features", SHAPE_TEXTS, NULL},
    {"variant", SHAPE_TEXT, NULL},      {0},
};
static const struct shape DESCRIPTOR[] = {
    {"mediaType", SHAPE_TEXT, NULL},
    {"digest", SHAPE_TEXT, NULL},
    {"size", SHAPE_NUMBER, NULL},
    {"urls", SHAPE_TEXTS, NULL},
    {"annotations", SHAPE_TEXT_MAP, NULL},
    {"data", SHAPE_TEXT, NULL},
    {"platform", SHAPE_OBJECT, PLATFORM},
    {"artifactType", SHAPE_TEXT, NULL},
    {0},
};
const struct shape DOCUMENT_MANIFEST_ITEM[] = {
    {"Config", SHAPE_TEXT, NULL},
    {"RepoTags", SHAPE_TEXTS, NULL},
    {"Layers", SHAPE_TEXTS, NULL},
    {"Parent", SHAPE_TEXT, NULL},
    {"LayerSources", SHAPE_OBJECT_MAP, DESCRIPTOR},
    {0},
};
const struct shape DOCUMENT_INDEX[] = {
    {"schemaVersion", SHAPE_NUMBER, NULL},
    {"mediaType", SHAPE_TEXT, NULL},
    {"artifactType", SHAPE_TEXT, NULL},
    {"manifests", SHAPE_OBJECTS, DESCRIPTOR},
    {"subject", SHAPE_OBJECT, DESCRIPTOR},
    {"annotations", SHAPE_TEXT_MAP, NULL},
    {"config", SHAPE_OBJECT, NULL},
    {"layers", SHAPE_OBJECTS, NULL},
    {0},
};
const struct shape DOCUMENT_MANIFEST[] = {
    {"schemaVersion", SHAPE_NUMBER, NULL},
    {"mediaType", SHAPE_TEXT, NULL},
    {"artifactType", SHAPE_TEXT, NULL},
    {"config", SHAPE_OBJECT, DESCRIPTOR},
    {"layers", SHAPE_OBJECTS, DESCRIPTOR},
    {"subject", SHAPE_OBJECT, DESCRIPTOR},
    {"annotations", SHAPE_TEXT_MAP, NULL},
    {"manifests", SHAPE_OBJECTS, NULL},
    {0},
};

void document_blob_name(const char *digest, char out[DOCUMENT_BLOB_SIZE])
{
    snprintf(out, DOCUMENT_BLOB_SIZE, DOCUMENT_BLOBS "%s", digest_text_hex(digest));
}

int document_missing(struct err *err, const char *what, const char *name)
{
    err_set(err, ERR_INTEGRITY, "image", "the image archive is incomplete: %s%s%s", what,
            name[0] ? " " : "", name);
    return err_hint(
        err,
        "the daemon may lack parts of this image: pull or build it again, then export it again");
}

int document_bad(struct err *err, const char *what, const char *name)
{
    err_set(err, ERR_INTEGRITY, "image",
            "some versions of Docker would not load this image archive: %s%s%s", what,
            name[0] ? " " : "", name);
    return err_hint(
        err, "load the archive with docker load, check the image, and write it with docker save");
}

int document_parse(const struct content *content, struct json **json, struct err *err)
{
    if (!content->json)
        return err_set(err, ERR_INTEGRITY, "image",
                       "%s in the image archive is not JSON, or is too large", content->name);
    return json_parse(json, view_of(content->json, (size_t)content->size), &JSON_IMAGE,
                      content->name, err);
}
