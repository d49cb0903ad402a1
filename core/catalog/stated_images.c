/* The platforms come from a list, and the id of each from its own document. */
#include "catalog/stated_images.h"

#include "base/codes.h"
#include "base/err.h"
#include "catalog/locate.h"

static int add_image(const struct image_name *image, const struct located *at,
                     struct statement *out, struct err *err)
{
    struct stated_image *next = &out->images[out->image_count];

    if (!at->metadata.image_id[0]) {
        err_set(err, ERR_UNSUPPORTED, CODE_STATEMENT,
                "the metadata of %s has no image id, so nothing that leads to it can be signed",
                image->ref);
        return err_hint(err, "push %s again", image->ref);
    }
    platform_text(&at->platform, next->platform);
    str_copy(next->id, sizeof next->id, at->metadata.image_id);
    out->image_count++;
    return 0;
}

static int read_platform(struct locate_reader *reader, struct store *store,
                         const struct image_name *image, const char *key,
                         const struct platform *platform, struct statement *out, struct err *err)
{
    struct located at;
    int answer = locate_image_with(reader, store, image, key, platform, &at, err);

    if (answer != LOCATE_FOUND)
        return answer < 0 ? ERR_FAIL : locate_refuse(store, image, platform, &at, err);
    answer = add_image(image, &at, out, err);
    located_finish(&at);
    return answer;
}

int stated_images_read(struct locate_reader *reader, struct store *store,
                       const struct image_name *image, const char *archive_key,
                       struct statement *out, struct err *err)
{
    struct platform platforms[LOCATE_PLATFORMS_MAX];
    const struct located nothing = {.archive_key = ""};
    unsigned count;
    int answer = locate_platforms(store, image, archive_key, platforms, &count, err);

    out->image_count = 0;
    if (answer != LOCATE_FOUND)
        return answer < 0 ? ERR_FAIL : locate_refuse(store, image, NULL, &nothing, err);
    for (unsigned i = 0; i < count; i++)
        if (read_platform(reader, store, image, archive_key, &platforms[i], out, err))
            return ERR_FAIL;
    return 0;
}
