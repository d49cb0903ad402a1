/*
 * What is replaced is kept first. Then the new archive, its index and its metadata become visible,
 * in this order: who can read the metadata finds the rest complete.
 *
 * Two pushes of one name may be at it at once. The archive is whoever's completed last, and only
 * that push may describe it: so each looks whether the archive is still its own, and writes only
 * over what it has seen. The other one's look fails. (A store that ignores conditions leaves a
 * window of one request.)
 */
#include "move/commit.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "catalog/conditions.h"
#include "catalog/metadata.h"
#include "move/identity.h"

#define INDEX_MAX    (512 * MIB)
#define TRIES_MAX    8
#define DOCUMENT_MAX (256 * KIB)

static int describe(const struct commit *c, const struct attempt_facts *facts, struct metadata *out,
                    struct err *err)
{
    const struct image_name *name = &c->push->name;

    *out = (struct metadata){.format = METADATA_FORMAT, .size = facts->packed};
    attempt_checksum(c->attempt, out->checksum);
    clock_rfc3339(clock_wall(), out->created_at);
    snprintf(out->git_hash, sizeof out->git_hash, "%s", name->hash);
    snprintf(out->git_time, sizeof out->git_time, "%s", name->time);
    snprintf(out->image_tag, sizeof out->image_tag, "%s", name->ref);
    snprintf(out->app_name, sizeof out->app_name, "%s", name->app);
    if (c->local->id[0] && strcmp(c->local->id, facts->image->id) != 0)
        snprintf(out->engine_id, sizeof out->engine_id, "%s", c->local->id);
    return identity_describe(facts->image, out, err);
}

static int put_beside(const struct commit *c, bool conditional, const char *key, struct view body,
                      const char *archive_etag, struct err *err)
{
    struct store *store = c->push->store;

    for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
        struct store_info archive = {0}, there = {0};
        enum store_answer answer = store_head(store, c->key, &archive, err);

        if (answer == STORE_DONE && strcmp(archive.etag, archive_etag) == 0)
            answer = store_head(store, key, &there, err);
        else if (answer != STORE_FAILED)
            break;
        if (answer != STORE_FAILED)
            answer = store_put_document(store, key, body,
                                        conditional && answer == STORE_DONE ? there.etag : NULL,
                                        conditional && answer != STORE_DONE, NULL, err);
        if (answer == STORE_FAILED)
            return ERR_FAIL;
        if (answer == STORE_DONE)
            return 0;
    }
    err_set(err, ERR_CONFLICT, "push", "somebody else pushed %s at the same time and was later",
            c->push->name.ref);
    return err_hint(err, "see what is there: s3dock pull %s --dry-run", c->push->name.ref);
}

static int put_index(const struct commit *c, bool conditional, struct metadata *metadata,
                     struct err *err)
{
    struct text text;
    int answer;

    text_init(&text, INDEX_MAX);
    answer = attempt_index(c->attempt, &text, err);
    if (answer == 0) {
        uint8_t sum[SHA256_SIZE];

        key_sibling(metadata->index_key, c->key, KEY_INDEX);
        sha256_of(text_view(&text), sum);
        hex_encode(sum, sizeof sum, metadata->index_sha256);
        metadata->index_size = text.size;
        answer = put_beside(c, conditional, metadata->index_key, text_view(&text),
                            metadata->archive_etag, err);
    }
    text_finish(&text);
    return answer;
}

static int put_metadata(const struct commit *c, bool conditional, const struct metadata *metadata,
                        struct err *err)
{
    char key[KEY_MAX];
    struct text text;
    int answer;

    text_init(&text, DOCUMENT_MAX);
    metadata_write(metadata, &text);
    key_sibling(key, c->key, KEY_METADATA);
    answer = text_check(&text, "the metadata", err);
    if (answer == 0)
        answer = put_beside(c, conditional, key, text_view(&text), metadata->archive_etag, err);
    text_finish(&text);
    return answer;
}

static int keep_what_is_replaced(const struct commit *c, bool conditional, struct err *err)
{
    if (!c->existing->has_archive || c->result->archived || existing_is_torn(c->existing))
        return 0;
    if (existing_keep(c->push->store, &c->push->name, c->existing, conditional,
                      &c->result->stats.copied_bytes, err))
        return ERR_FAIL;
    c->result->archived = true;
    return 0;
}

static void tell(const struct commit *c, const struct metadata *metadata)
{
    struct push_result *result = c->result;

    snprintf(result->checksum, sizeof result->checksum, "%s", metadata->checksum);
    snprintf(result->image_id, sizeof result->image_id, "%s", metadata->image_id);
    result->size = metadata->size;
}

/* A cancel that comes when the archive may be visible finds the rest of it insisted on: an archive
 * under the documents of its predecessor is an image that nobody can pull. */
int commit_run(const struct commit *commit, struct err *err)
{
    struct store_info info = {0};
    struct attempt_facts facts;
    struct metadata metadata;
    bool conditional;
    int answer;

    attempt_report(commit->attempt, PHASE_COMMIT);
    attempt_facts(commit->attempt, &facts);
    if (conditions_find(commit->push->store, &conditional, err))
        conditional = false;
    answer = describe(commit, &facts, &metadata, err);
    if (answer == 0)
        answer = keep_what_is_replaced(commit, conditional, err);
    if (answer == 0)
        answer = attempt_complete(commit->attempt, &info, err);
    if (answer == 0) {
        str_copy(metadata.archive_etag, sizeof metadata.archive_etag, info.etag);
        answer = put_index(commit, conditional, &metadata, err);
    }
    if (answer == 0)
        answer = put_metadata(commit, conditional, &metadata, err);
    store_insist(commit->push->store, false);
    tell(commit, &metadata);
    metadata_finish(&metadata);
    return answer;
}
