/*
 * Compares media types and digests of descriptors with the few values that daemons accept.
 */
#include "pack/image/descriptor.h"

#include <string.h>

#include "base/digest_text.h"
#include "pack/image/document.h"

bool descriptor_is_attestation(struct json_node descriptor)
{
    struct json_node platform = json_get(descriptor, "platform");

    return json_string_equals(
               json_get(json_get(descriptor, "annotations"), "vnd.docker.reference.type"),
               "attestation-manifest") &&
           json_string_equals(json_get(platform, "os"), "unknown") &&
           json_string_equals(json_get(platform, "architecture"), "unknown");
}

const struct content *descriptor_blob(const struct contents *contents, struct json_node descriptor)
{
    char digest[DIGEST_TEXT_SIZE], path[DOCUMENT_BLOB_SIZE];

    if (!json_string(json_get(descriptor, "digest"), digest, sizeof digest) ||
        strncmp(digest, DIGEST_TEXT_PREFIX, strlen(DIGEST_TEXT_PREFIX)) != 0)
        return NULL;
    document_blob_name(digest, path);
    return contents_plain_file(contents, path);
}

bool descriptor_has_size(struct json_node descriptor, uint64_t size)
{
    int64_t stated;

    return json_int(json_get(descriptor, "size"), &stated) && stated >= 0 &&
           (uint64_t)stated == size;
}

static bool is_one_of(struct json_node text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (json_string_equals(text, words[i]))
            return true;
    return false;
}

bool descriptor_is_index(struct json_node type)
{
    static const char *const types[] = {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json"};

    return is_one_of(type, types, ARRAY_SIZE(types));
}

bool descriptor_is_manifest(struct json_node type)
{
    static const char *const types[] = {"application/vnd.oci.image.manifest.v1+json",
                                        "application/vnd.docker.distribution.manifest.v2+json"};

    return is_one_of(type, types, ARRAY_SIZE(types));
}

bool descriptor_is_config(struct json_node type)
{
    static const char *const types[] = {"application/vnd.oci.image.config.v1+json",
                                        "application/vnd.docker.container.image.v1+json"};

    return is_one_of(type, types, ARRAY_SIZE(types));
}
