/*
 * Archive, index and metadata become visible in this order: a reader of the metadata finds the rest
 * complete.
 *
 * Two pushes of one name may commit at once. The archive belongs to the push that completed last,
 * and only that push may describe it. So each push reads the ETags of the documents, then checks
 * that the archive is its own, and replaces only the documents that it has seen. A push that
 * completes its archive after this check also writes its documents later: either it replaces ours,
 * or our condition fails, and the archive is checked again. A store may ignore conditions; then the
 * archive is checked before each document, which leaves a window of one request.
 *
 * A push that finds another image than at its beginning has no copy of it. Before it completes its
 * archive, it fails. The image of another platform stays: this push starts again, with other keys.
 */
#include "push/commit_archive.h"

#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/hash.h"
#include "catalog/platform.h"
#include "push/commit_objects.h"
#include "push/existing_check.h"

#define INDEX_MAX (512 * MIB)
#define TRIES_MAX 8

struct document {
    char key[KEY_MAX];
    char seen[STORE_ETAG_MAX]; /* ETag of the document to replace; "": there is none */
};

struct documents {
    bool conditional; /* the store honours conditions */
    struct document index, metadata;
};

/* Reads the ETags of the documents that ours will replace. */
static int read_etags(const struct commit *c, struct documents *documents, struct err *err)
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
    if (store_run_all_or_fail(c->store, ops, ARRAY_SIZE(ops), err))
        return ERR_FAIL;
    for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
        str_copy(all[i]->seen, sizeof all[i]->seen,
                 heads[i].answer == STORE_DONE ? heads[i].info.etag : "");
    return 0;
}

/* Whose the fixed keys are. */
enum owner {
    OURS,
    OF_ANOTHER,  /* another push has stored another image */
    OF_PLATFORM, /* another push has stored the image for another platform */
};

static const char *known_etag(const struct commit *c)
{
    return c->existing->found ? c->existing->at.metadata_etag : "";
}

/* When the owner is looked up. */
enum moment { BEFORE_COMPLETION, AFTER_COMPLETION };

/* Another image is not replaced without a copy. After the completion, our archive has replaced that
 * of a format up to 2, so its metadata is of no use. */
static enum owner owner_of(const struct metadata *there, const struct metadata *ours,
                           enum moment moment)
{
    struct platform a, b;

    platform_parse(there->platform, &a);
    platform_parse(ours->platform, &b);
    if (!platform_same(&a, &b))
        return OF_PLATFORM;
    if (moment == AFTER_COMPLETION && there->format <= METADATA_ARCHIVE_FORMAT)
        return OURS;
    return metadata_names(there, ours->image_id) ? OURS : OF_ANOTHER;
}

/* Compares the metadata under the key. Metadata that this push knows may be replaced. Returns an
 * enum owner, or negative. */
static int compare_metadata(const struct commit *c, const struct documents *documents,
                            const struct metadata *metadata, enum moment moment, struct err *err)
{
    _cleanup_text_ struct text text = {0};
    char etag[STORE_ETAG_MAX];
    struct metadata found;
    struct err ignored;
    enum store_answer answer;
    int owner;

    text_init(&text, METADATA_SIZE_MAX);
    answer = store_get_document(c->store, documents->metadata.key, &text, etag, err);
    if (answer == STORE_FAILED)
        return ERR_FAIL;
    if (answer != STORE_DONE || strcmp(etag, known_etag(c)) == 0 ||
        metadata_parse(text_view(&text), &found, &ignored))
        return OURS;
    owner = (int)owner_of(&found, metadata, moment);
    metadata_finish(&found);
    return owner;
}

/* Returns an enum owner, or negative, before the archive is completed. The completion would replace
 * the archive of another platform, which has the same key. */
static int find_owner_before(const struct commit *c, const struct documents *documents,
                             const struct metadata *metadata, struct err *err)
{
    if (documents->conditional && strcmp(documents->metadata.seen, known_etag(c)) == 0)
        return OURS;
    return compare_metadata(c, documents, metadata, BEFORE_COMPLETION, err);
}

static enum store_answer put_document(const struct commit *c, bool conditional,
                                      const struct document *document, struct view body,
                                      struct err *err)
{
    bool exists = document->seen[0];

    return store_put_document(c->store, document->key, body,
                              conditional && exists ? document->seen : NULL, conditional && !exists,
                              NULL, err);
}

/* Returns an enum owner, or negative, after the archive is completed. The archive of a push that
 * has completed later has another ETag. */
static int find_owner_after(const struct commit *c, const struct documents *documents,
                            const struct metadata *metadata, struct err *err)
{
    int owner = compare_metadata(c, documents, metadata, AFTER_COMPLETION, err);
    struct store_info archive;

    if (owner)
        return owner;
    switch (store_head(c->store, c->key, &archive, err)) {
    case STORE_FAILED:
        return ERR_FAIL;
    case STORE_DONE:
        return strcmp(archive.etag, metadata->archive_etag) == 0 ? OURS : OF_ANOTHER;
    default:
        return OF_ANOTHER;
    }
}

static int refuse_other(const struct commit *c, struct err *err)
{
    err_set(err, ERR_CONFLICT, CODE_PUSH,
            "another push of %s at the same time has replaced this one", c->name->ref);
    return err_about(err, "%s", c->name->ref);
}

/* Writes a document beside the archive, as long as the archive is ours. */
static int put_beside(const struct commit *c, struct documents *documents,
                      const struct document *document, struct view body,
                      const struct metadata *metadata, struct err *err)
{
    bool check = !documents->conditional;

    for (unsigned tries = 0; tries < TRIES_MAX; tries++, check = true) {
        enum store_answer answer;
        int owner = OURS;

        if (tries && read_etags(c, documents, err))
            return ERR_FAIL;
        if (check)
            owner = find_owner_after(c, documents, metadata, err);
        if (owner == OF_PLATFORM)
            return COMMIT_OTHER_PLATFORM;
        if (owner < 0)
            return ERR_FAIL;
        if (owner == OF_ANOTHER)
            break;
        answer = put_document(c, documents->conditional, document, body, err);
        if (answer == STORE_FAILED)
            return ERR_FAIL;
        if (answer == STORE_DONE)
            return 0;
    }
    return refuse_other(c, err);
}

static int put_index(const struct commit *c, struct documents *documents, struct metadata *metadata,
                     struct err *err)
{
    uint8_t sum[SHA256_SIZE];
    struct text text;
    int answer;

    text_init(&text, INDEX_MAX);
    answer = index_builder_finish(c->outcome->index, c->outcome->image, NULL, &text, err);
    if (answer == 0) {
        str_copy(metadata->index_key, sizeof metadata->index_key, documents->index.key);
        sha256_of(text_view(&text), sum);
        hex_encode(sum, sizeof sum, metadata->index_sha256);
        metadata->index_size = text.size;
        answer = put_beside(c, documents, &documents->index, text_view(&text), metadata, err);
    }
    text_finish(&text);
    return answer;
}

static int put_metadata(const struct commit *c, struct documents *documents,
                        const struct metadata *metadata, struct err *err)
{
    struct text text;
    int answer;

    text_init(&text, METADATA_SIZE_MAX);
    metadata_write(metadata, &text);
    answer = text_check(&text, "the metadata", err);
    if (answer == 0)
        answer =
            signing_before(c->signing, c->store, documents->metadata.key, text_view(&text), err);
    if (answer == 0)
        answer = put_beside(c, documents, &documents->metadata, text_view(&text), metadata, err);
    if (answer == 0)
        answer =
            signing_after(c->signing, c->store, documents->metadata.key, text_view(&text), err);
    text_finish(&text);
    return answer;
}

/* Completes the archive and writes the documents. The store insists from the completion on
 * (pending_archive_complete) until the documents are written: an archive beside the documents of
 * its predecessor is an image that cannot be pulled. */
static int make_visible(const struct commit *c, struct documents *documents,
                        struct metadata *metadata, struct err *err)
{
    struct store_info info = {0};
    int answer = pending_archive_complete(c->outcome->archive, &info, err);

    if (answer && err_is(err, ERR_CONFLICT, CODE_PUSH))
        answer = refuse_other(c, err);
    if (answer == 0) {
        str_copy(metadata->archive_etag, sizeof metadata->archive_etag, info.etag);
        answer = put_index(c, documents, metadata, err);
    }
    if (answer == 0)
        answer = put_metadata(c, documents, metadata, err);
    if (answer == 0)
        answer = existing_check_archive(c->store, c->existing, err);
    store_insist(c->store, false);
    return answer;
}

int commit_archive(const struct commit *commit, bool conditional, struct metadata *metadata,
                   struct err *err)
{
    struct documents documents = {.conditional = conditional};
    int answer = read_etags(commit, &documents, err);

    if (answer == 0)
        answer = find_owner_before(commit, &documents, metadata, err);
    if (answer == OF_PLATFORM)
        return COMMIT_OTHER_PLATFORM;
    if (answer)
        return answer < 0 ? ERR_FAIL : refuse_other(commit, err);
    return make_visible(commit, &documents, metadata, err);
}
