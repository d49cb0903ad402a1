/*
 * An image is known by its name "app:tag": the metadata of that name in the bucket must state the
 * image's id as its manifest id, and the same layers.
 */
#include "pull/seed/plain_layers.h"

#include <string.h>

#include "base/digest_text.h"
#include "base/err.h"
#include "base/log.h"
#include "catalog/locate.h"
#include "catalog/name.h"

/* Returns true if the bucket has exactly this image under its name, with plain tars as layers. */
static bool is_in_bucket(struct store *store, const struct image_name *name,
                         const struct platform *platform, const struct local_image *image,
                         struct err *err)
{
    struct located at;
    bool same;

    if (locate_image(store, name, NULL, platform, &at, err) != LOCATE_FOUND)
        return false;
    same = strcmp(at.metadata.manifest_id, image->id) == 0 && at.metadata.image_id[0] &&
           !at.metadata.packed_layers && at.metadata.layer_count == image->layer_count;
    for (unsigned i = 0; same && i < image->layer_count; i++)
        same = strcmp(at.metadata.layers[i].text, image->diff_ids[i].text) == 0;
    located_finish(&at);
    return same;
}

int plain_layers_add(struct local_images *local, struct store *store,
                     const struct platform *platform, const struct digest_text *diff_ids,
                     unsigned count, struct err *err)
{
    unsigned image_count, asked = 0;
    const struct local_image *images = local_images_list(local, &image_count);

    for (unsigned i = 0; i < image_count && asked < PLAIN_LAYERS_MAX; i++) {
        struct image_name name;
        struct err ignored = {0};

        if (!images[i].whole || name_parse_image(images[i].name, &name, &ignored) ||
            !local_images_shared(&images[i], diff_ids, count))
            continue;
        asked++;
        if (is_in_bucket(store, &name, platform, &images[i], &ignored)) {
            log_debug("%s came from this bucket", images[i].name);
            if (local_images_add_plain(local, &images[i], err))
                return ERR_FAIL;
        } else if (ignored.family == ERR_CANCELLED) {
            *err = ignored;
            return ERR_FAIL;
        }
    }
    return 0;
}
