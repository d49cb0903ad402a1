/*
 * The metadata that the image should have is made from the image (describe_image), and both are
 * compared field by field.
 */
#include "pull/proof.h"

#include <string.h>

#include "base/err.h"
#include "transfer/describe_image.h"

int proof_of_archive(const struct metadata *metadata, const struct store_info *archive,
                     struct err *err)
{
    if (!metadata->archive_etag[0] || strcmp(metadata->archive_etag, archive->etag) == 0)
        return 0;
    return err_set(err, ERR_INTEGRITY, "etag",
                   "the archive has ETag %s, but its metadata states %s", archive->etag,
                   metadata->archive_etag);
}

static int refuse_metadata(const char *what, struct err *err)
{
    return err_set(err, ERR_INTEGRITY, "metadata",
                   "the metadata states another %s than the archive has", what);
}

static bool differs(const char *stated, const char *actual)
{
    return stated[0] && strcmp(stated, actual) != 0;
}

static int compare_metadata(const struct metadata *stated, const struct metadata *actual,
                            struct err *err)
{
    if (differs(stated->image_id, actual->image_id))
        return refuse_metadata("image id", err);
    if (differs(stated->manifest_id, actual->manifest_id))
        return refuse_metadata("manifest id", err);
    if (differs(stated->platform, actual->platform))
        return refuse_metadata("platform", err);
    if (stated->layer_count != actual->layer_count)
        return refuse_metadata("number of layers", err);
    for (unsigned i = 0; i < stated->layer_count; i++)
        if (strcmp(stated->layers[i].text, actual->layers[i].text) != 0)
            return refuse_metadata("layer", err);
    return 0;
}

int proof_of_metadata(const struct metadata *metadata, const struct image_info *image, uint64_t raw,
                      struct err *err)
{
    struct metadata actual = {0};
    int failed;

    if (!metadata->format)
        return 0;
    if (metadata->raw_size && metadata->raw_size != raw)
        return err_set(err, ERR_INTEGRITY, "raw_size",
                       "the archive unpacks to %llu bytes, but its metadata states %llu",
                       (unsigned long long)raw, (unsigned long long)metadata->raw_size);
    failed = describe_image(image, &actual, err) || compare_metadata(metadata, &actual, err);
    metadata_finish(&actual);
    return failed ? ERR_FAIL : 0;
}
