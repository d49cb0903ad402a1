/*
 * Docker writes full names ("registry/app:tag") into manifest.json, and into index.json either full
 * names or tags alone.
 */
#include "transfer/image_names.h"

#include <string.h>

#include "base/err.h"
#include "catalog/name.h"

static int refuse_name(const struct image_info *info, const char *name, const char *reference,
                       struct err *err)
{
    return err_set(err, ERR_CONFLICT, "name", "the image archive is named %s, not %s%s", name,
                   reference, info->tag_count > 1 ? " alone" : "");
}

int image_names_check(const struct image_info *info, const char *reference, struct err *err)
{
    const char *tag = strchr(reference, ':');

    for (unsigned i = 0; i < info->tag_count; i++)
        if (!name_means(info->tags[i], reference))
            return refuse_name(info, info->tags[i], reference, err);
    for (unsigned i = 0; i < info->name_count; i++)
        if (!name_means(info->names[i], reference) &&
            !(tag && strcmp(info->names[i], tag + 1) == 0))
            return refuse_name(info, info->names[i], reference, err);
    return 0;
}
