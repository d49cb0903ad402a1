/*
 * What is replaced is kept first. Then the new archive, its index and its metadata become visible,
 * in this order: who can read the metadata finds the rest complete.
 *
 * Two pushes of one name may be at it at once. The archive is whoever's completed last, and only
 * that push may describe it: so each looks at the documents, then whether the archive is its own,
 * and writes only over what it has seen. Who completes after our look at the archive writes its
 * documents after that, too: over ours, or before ours, whose condition then fails, and the next
 * look at the archive with it. (Where the store ignores conditions, the archive is looked at before
 * each document; that leaves a window of one request.)
 */
#include "push/commit.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/hash.h"
#include "catalog/conditions.h"
#include "catalog/metadata.h"
#include "transfer/describe_image.h"

#define INDEX_MAX    (512 * MIB)
#define TRIES_MAX    8
#define DOCUMENT_MAX (256 * KIB)

struct document {
    char key[KEY_MAX];
    char seen[STORE_ETAG_MAX]; /* ETag of what stood there; "": nothing did */
};

struct documents {
    bool conditional; /* the store honours conditions */
    struct document index, metadata;
};

static int describe(const struct commit *c, const struct push_facts *facts, struct metadata *out,
                    struct err *err)
{
    const struct image_name *name = &c->push->name;

    *out = (struct metadata){.format = METADATA_FORMAT, .size = facts->packed};
    push_engine_checksum(c->engine, out->checksum);
    clock_rfc3339(clock_wall(), out->created_at);
    snprintf(out->git_hash, sizeof out->git_hash, "%s", name->hash);
    snprintf(out->git_time, sizeof out->git_time, "%s", name->time);
    snprintf(out->image_tag, sizeof out->image_tag, "%s", name->ref);
    snprintf(out->app_name, sizeof out->app_name, "%s", name->app);
    if (c->local->id[0] && strcmp(c->local->id, facts->image->id) != 0)
        snprintf(out->engine_id, sizeof out->engine_id, "%s", c->local->id);
    return describe_image(facts->image, out, err);
}

/* What stands where our documents shall, before the archive is ours. */
static int look_around(const struct commit *c, struct documents *documents, struct err *err)
{
    struct document *all[] = {&documents->index, &documents->metadata};
    struct store_op heads[ARRAY_SIZE(all)], *ops[ARRAY_SIZE(all)];

    for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
        key_sibling(all[i]->key, c->key, i == 0 ? KEY_INDEX : KEY_METADATA);
        heads[i] = (struct store_op){.verb = STORE_HEAD, .key = all[i]->key};
        ops[i] = &heads[i];
    }
    if (!documents->conditional)
        return 0;
    if (store_run_all(c->push->store, ops, ARRAY_SIZE(ops), err))
        return ERR_FAIL;
    for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
        if (heads[i].answer == STORE_FAILED) {
            *err = heads[i].err;
            return ERR_FAIL;
        }
        str_copy(all[i]->seen, sizeof all[i]->seen,
                 heads[i].answer == STORE_DONE ? heads[i].info.etag : "");
    }
    return 0;
}

static enum store_answer put(const struct commit *c, bool conditional,
                             const struct document *document, struct view body, struct err *err)
{
    bool there = document->seen[0];

    return store_put_document(c->push->store, document->key, body,
                              conditional && there ? document->seen : NULL, conditional && !there,
                              NULL, err);
}

static int put_beside(const struct commit *c, struct documents *documents,
                      const struct document *document, struct view body, const char *archive_etag,
                      struct err *err)
{
    bool look = !documents->conditional;

    for (unsigned tries = 0; tries < TRIES_MAX; tries++, look = true) {
        struct store_info archive = {0};
        enum store_answer answer;

        if (tries && look_around(c, documents, err))
            return ERR_FAIL;
        answer = look ? store_head(c->push->store, c->key, &archive, err) : STORE_DONE;
        if (answer == STORE_FAILED)
            return ERR_FAIL;
        if (look && (answer != STORE_DONE || strcmp(archive.etag, archive_etag) != 0))
            break;
        answer = put(c, documents->conditional, document, body, err);
        if (answer == STORE_FAILED)
            return ERR_FAIL;
        if (answer == STORE_DONE)
            return 0;
    }
    err_set(err, ERR_CONFLICT, CODE_PUSH, "somebody else pushed %s at the same time and was later",
            c->push->name.ref);
    return err_about(err, "%s", c->push->name.ref);
}

static int put_index(const struct commit *c, struct documents *documents, struct metadata *metadata,
                     struct err *err)
{
    struct text text;
    int answer;

    text_init(&text, INDEX_MAX);
    answer = push_engine_index(c->engine, &text, err);
    if (answer == 0) {
        uint8_t sum[SHA256_SIZE];

        str_copy(metadata->index_key, sizeof metadata->index_key, documents->index.key);
        sha256_of(text_view(&text), sum);
        hex_encode(sum, sizeof sum, metadata->index_sha256);
        metadata->index_size = text.size;
        answer = put_beside(c, documents, &documents->index, text_view(&text),
                            metadata->archive_etag, err);
    }
    text_finish(&text);
    return answer;
}

static int put_metadata(const struct commit *c, struct documents *documents,
                        const struct metadata *metadata, struct err *err)
{
    struct text text;
    int answer;

    text_init(&text, DOCUMENT_MAX);
    metadata_write(metadata, &text);
    answer = text_check(&text, "the metadata", err);
    if (answer == 0)
        answer = put_beside(c, documents, &documents->metadata, text_view(&text),
                            metadata->archive_etag, err);
    text_finish(&text);
    return answer;
}

static int keep_what_is_replaced(const struct commit *c, bool conditional, struct err *err)
{
    if (!c->existing->has_archive || c->result->archived || existing_image_is_torn(c->existing))
        return 0;
    if (existing_image_keep(c->push->store, &c->push->name, c->existing, conditional,
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
    struct push_facts facts;
    struct metadata metadata;
    struct documents documents = {0};
    int answer;

    push_engine_report(commit->engine, PHASE_COMMIT);
    push_engine_facts(commit->engine, &facts);
    if (conditions_find(commit->push->store, &documents.conditional, err))
        documents.conditional = false;
    answer = describe(commit, &facts, &metadata, err);
    if (answer == 0)
        answer = keep_what_is_replaced(commit, documents.conditional, err);
    if (answer == 0)
        answer = look_around(commit, &documents, err);
    if (answer == 0)
        answer = push_engine_complete(commit->engine, &info, err);
    if (answer == 0) {
        str_copy(metadata.archive_etag, sizeof metadata.archive_etag, info.etag);
        answer = put_index(commit, &documents, &metadata, err);
    }
    if (answer == 0)
        answer = put_metadata(commit, &documents, &metadata, err);
    if (answer == 0)
        answer = existing_image_stands(commit->push->store, commit->existing, err);
    store_insist(commit->push->store, false);
    tell(commit, &metadata);
    metadata_finish(&metadata);
    return answer;
}
