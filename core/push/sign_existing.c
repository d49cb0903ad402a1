/* The signed bytes are those that metadata_write makes of the members that were compared. Bytes of
 * another form are not signed: they may have members that this program does not know. */
#include "push/sign_existing.h"

#include <string.h>

#include "base/err.h"
#include "catalog/metadata.h"
#include "push/commit.h"

/* Writes the metadata as it was parsed. Returns 1 if the bucket has exactly these bytes. */
static int read_same(struct store *store, const struct existing_image *existing, struct text *out,
                     struct err *err)
{
    _cleanup_text_ struct text there = {0};
    enum store_answer answer;

    text_init(out, METADATA_SIZE_MAX);
    text_init(&there, METADATA_SIZE_MAX);
    metadata_write(&existing->at.metadata, out);
    answer = store_get_document(store, existing->at.metadata_key, &there, NULL, err);
    if (answer == STORE_FAILED || text_check(out, existing->at.metadata_key, err))
        return ERR_FAIL;
    return answer == STORE_DONE && view_equals(text_view(out), text_view(&there));
}

int sign_existing_is_done(struct signing *signing, struct store *store,
                          const struct existing_image *existing, struct err *err)
{
    _cleanup_text_ struct text document = {0};
    int answer = read_same(store, existing, &document, err);

    if (answer <= 0 || !existing->at.metadata.image_id[0])
        return answer < 0 ? ERR_FAIL : 0;
    answer =
        signing->table->state(signing, store, existing->at.metadata_key, text_view(&document), err);
    return answer < 0 ? ERR_FAIL : (answer & SIGNING_OWN) != 0;
}

/* A daemon's id may be missing. A wrong one would make a host take another image for this one. */
static bool is_same_id(const char *there, const char *ours)
{
    return !there[0] || strcmp(there, ours) == 0;
}

static bool is_same(const struct metadata *there, const struct metadata *ours)
{
    if (strcmp(there->image_id, ours->image_id) != 0 ||
        strcmp(there->platform, ours->platform) != 0 ||
        strcmp(there->app_name, ours->app_name) != 0 ||
        strcmp(there->git_time, ours->git_time) != 0 ||
        strcmp(there->git_hash, ours->git_hash) != 0 || there->layer_count != ours->layer_count ||
        !is_same_id(there->engine_id, ours->engine_id) ||
        !is_same_id(there->manifest_id, ours->manifest_id))
        return false;
    for (unsigned i = 0; i < ours->layer_count; i++)
        if (strcmp(there->layers[i].text, ours->layers[i].text) != 0)
            return false;
    return true;
}

int sign_existing(const struct commit *commit, struct err *err)
{
    const struct existing_image *existing = commit->existing;
    _cleanup_text_ struct text document = {0};
    struct metadata ours;
    int answer = commit_describe(commit, &ours, err);

    if (answer == 0)
        answer = existing->found && is_same(&existing->at.metadata, &ours)
                     ? read_same(commit->store, existing, &document, err)
                     : 0;
    metadata_finish(&ours);
    if (answer <= 0)
        return answer;
    return signing_before(commit->signing, commit->store, existing->at.metadata_key,
                          text_view(&document), err)
               ? ERR_FAIL
               : 1;
}
