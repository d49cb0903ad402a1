/*
 * The image that is replaced is copied first. Then the new one becomes visible.
 */
#include "push/commit.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "catalog/conditions.h"
#include "catalog/metadata.h"
#include "push/commit_archive.h"
#include "push/commit_objects.h"
#include "transfer/describe_image.h"

int commit_describe(const struct commit *commit, struct metadata *out, struct err *err)
{
    const struct image_info *image = commit->outcome->image;

    *out = (struct metadata){.format = METADATA_ARCHIVE_FORMAT, .size = commit->outcome->size};
    str_copy(out->checksum, sizeof out->checksum, commit->outcome->checksum);
    clock_rfc3339(clock_wall(), out->created_at);
    snprintf(out->git_hash, sizeof out->git_hash, "%s", commit->name->hash);
    snprintf(out->git_time, sizeof out->git_time, "%s", commit->name->time);
    snprintf(out->image_tag, sizeof out->image_tag, "%s", commit->name->ref);
    snprintf(out->app_name, sizeof out->app_name, "%s", commit->name->app);
    if (commit->local_id[0] && strcmp(commit->local_id, image->id) != 0)
        snprintf(out->engine_id, sizeof out->engine_id, "%s", commit->local_id);
    return describe_image(image, out, err);
}

static int keep_existing(const struct commit *c, bool conditional, struct commit_result *result,
                         struct err *err)
{
    if (!c->keep_existing || !existing_image_must_be_kept(c->existing))
        return 0;
    if (existing_image_keep(c->store, c->name, c->existing, conditional, &result->copied, err))
        return ERR_FAIL;
    result->archived = true;
    return 0;
}

int commit_run(const struct commit *commit, struct commit_result *result, struct err *err)
{
    struct metadata metadata;
    bool conditional;
    int answer;

    *result = (struct commit_result){0};
    if (conditions_find(commit->store, &conditional, err))
        conditional = false;
    answer = commit_describe(commit, &metadata, err);
    if (answer == 0)
        answer = keep_existing(commit, conditional, result, err);
    if (answer == 0)
        answer = commit->outcome->third ? commit_objects(commit, &metadata, err)
                                        : commit_archive(commit, conditional, &metadata, err);
    result->same = answer == COMMIT_SAME;
    str_copy(result->checksum, sizeof result->checksum, metadata.checksum);
    str_copy(result->image_id, sizeof result->image_id, metadata.image_id);
    result->size = metadata.size;
    result->objects = metadata.object_count;
    metadata_finish(&metadata);
    return answer == COMMIT_SAME ? 0 : answer;
}
