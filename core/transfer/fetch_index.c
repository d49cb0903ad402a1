/*
 * Records of neighbouring sections are fetched together. A request includes a gap of unneeded
 * records if that costs less than another request. All requests are submitted at once: the store
 * queues them.
 */
#include "transfer/fetch_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/hash.h"
#include "catalog/metadata.h"
#include "flow/inbox.h"
#include "pack/index/index.h"
#include "store/store.h"

#define INDEX_MAX (512 * MIB)
#define GUESS     (64 * KIB) /* of a header: enough for 500 layers. Most headers have 8 KiB */
#define BRIDGE    (16 * KIB)

static int check_answer(enum store_answer answer, struct err *err)
{
    if (answer == STORE_DONE)
        return 0;
    if (answer == STORE_FAILED)
        return ERR_FAIL;
    return err_set(err, ERR_NOT_FOUND, "index", "the index does not exist any more");
}

/* Returns true if index and metadata describe the same objects. Metadata without a format states
 * none. */
static bool objects_agree(const struct index *index, const struct metadata *metadata)
{
    if (metadata->format == 0)
        return true;
    if (metadata->format <= METADATA_ARCHIVE_FORMAT)
        return index->whole && index->objects[0].codec == CODEC_GZIP;
    if (index->object_count != metadata->object_count || !(metadata->thin || index->whole))
        return false;
    for (unsigned i = 0; i < index->object_count; i++)
        if (index->objects[i].size != metadata->objects[i].size ||
            (int)index->objects[i].codec != metadata->objects[i].codec)
            return false;
    return true;
}

static int check_header(struct index **index, const struct metadata *metadata, struct err *err)
{
    if ((*index)->archive_size == metadata->size &&
        (!metadata->raw_size || (*index)->raw_size == metadata->raw_size) &&
        strcmp((*index)->image.id, metadata->image_id) == 0 && objects_agree(*index, metadata))
        return 0;
    index_destroy(*index);
    *index = NULL;
    return err_set(err, ERR_INTEGRITY, "index", "the index describes another image");
}

static int parse_whole(struct view bytes, const struct metadata *metadata, struct index **out,
                       struct err *err)
{
    uint8_t sum[SHA256_SIZE];
    char hex[SHA256_HEX_SIZE];

    sha256_of(bytes, sum);
    hex_encode(sum, sizeof sum, hex);
    if (strcmp(hex, metadata->index_sha256) != 0 ||
        (metadata->index_size && bytes.size != metadata->index_size))
        return err_set(err, ERR_INTEGRITY, "index",
                       "the index differs from the one of the metadata");
    return index_parse(bytes, out, err) || check_header(out, metadata, err) ? ERR_FAIL : 0;
}

int fetch_index(struct store *store, const struct metadata *metadata, struct index **out,
                struct err *err)
{
    struct text text;
    int failed;

    *out = NULL;
    text_init(&text, INDEX_MAX);
    failed = check_answer(store_get_document(store, metadata->index_key, &text, NULL, err), err);
    if (failed == 0)
        failed = parse_whole(text_view(&text), metadata, out, err);
    text_finish(&text);
    return failed;
}

int fetch_index_needed(struct store *store, const struct metadata *metadata, struct index **out,
                       struct err *err)
{
    struct err why;

    if (fetch_index(store, metadata, out, &why) == 0)
        return 0;
    if (why.family != ERR_INTEGRITY && why.family != ERR_NOT_FOUND)
        return *err = why, ERR_FAIL;
    err_set(err, ERR_INTEGRITY, CODE_THIN, "%s cannot be used without its index %s: %s",
            metadata->image_tag, metadata->index_key, why.text);
    return err_about(err, "%s", metadata->image_tag);
}

/* Fetches the first `size` bytes. */
static int fetch_begin(struct store *store, const struct metadata *metadata, uint64_t size,
                       struct text *text, struct err *err)
{
    struct store_op op = {
        .verb = STORE_GET, .key = metadata->index_key, .text = text, .length = size};

    text_clear(text);
    return check_answer(store_run(store, &op, err), err);
}

int fetch_index_header(struct store *store, const struct metadata *metadata, struct index **out,
                       struct err *err)
{
    uint64_t guess = metadata->index_size < GUESS ? metadata->index_size : GUESS, size = 0;
    struct text text;
    int failed;

    *out = NULL;
    text_init(&text, INDEX_HEADER_MAX + GUESS);
    failed = fetch_begin(store, metadata, guess, &text, err);
    if (failed == 0 && text.size == metadata->index_size) {
        failed = parse_whole(text_view(&text), metadata, out, err);
    } else if (failed == 0) {
        failed = index_header_size(text_view(&text), &size, err);
        if (failed == 0 && size > text.size)
            failed = fetch_begin(store, metadata, size, &text, err);
        if (failed == 0)
            failed =
                index_parse_header(text_view(&text), out, err) || check_header(out, metadata, err);
    }
    text_finish(&text);
    return failed ? ERR_FAIL : 0;
}

/* A request for the records of the sections first to last. */
struct batch {
    struct store_op op;
    struct text text;
    unsigned first, last;
};

/* Groups the sections into requests. Returns their number; fills `batches` unless it is NULL. */
static unsigned group_sections(const struct index *index, const bool *need, struct batch *batches)
{
    unsigned count = 0, last = 0;

    for (unsigned i = 0; i < index->section_count; i++) {
        if (!need[i] || index->sections[i].chunks)
            continue;
        if (!count ||
            index->sections[i].at - (index->sections[last].at + index->sections[last].size) >
                BRIDGE) {
            if (batches)
                batches[count].first = i;
            count++;
        }
        last = i;
        if (batches)
            batches[count - 1].last = i;
    }
    return count;
}

static void submit_batch(struct store *store, const struct metadata *metadata,
                         const struct index *index, struct batch *batch, struct inbox *inbox)
{
    const struct index_section *first = &index->sections[batch->first];
    const struct index_section *last = &index->sections[batch->last];

    text_init(&batch->text, INDEX_MAX);
    batch->op = (struct store_op){.verb = STORE_GET,
                                  .key = metadata->index_key,
                                  .text = &batch->text,
                                  .offset = first->at,
                                  .length = last->at + last->size - first->at,
                                  .inbox = inbox};
    store_submit(store, &batch->op);
}

static int parse_batch(struct index *index, const struct batch *batch, const bool *need,
                       struct err *err)
{
    uint64_t begin = index->sections[batch->first].at;
    struct view bytes = text_view(&batch->text);

    if (batch->op.answer == STORE_FAILED)
        *err = batch->op.err;
    if (check_answer(batch->op.answer, err))
        return ERR_FAIL;
    for (unsigned i = batch->first; i <= batch->last; i++) {
        const struct index_section *section = &index->sections[i];

        if (!need[i])
            continue;
        if (section->at - begin + section->size > bytes.size)
            return err_set(err, ERR_INTEGRITY, "index", "the index is too short");
        if (index_parse_section(index, i,
                                view_of(bytes.data + (section->at - begin), section->size), err))
            return ERR_FAIL;
    }
    return 0;
}

int fetch_index_sections(struct store *store, const struct metadata *metadata, struct index *index,
                         const bool *need, struct err *err)
{
    unsigned count = group_sections(index, need, NULL);
    struct batch *batches;
    struct inbox *inbox;
    int failed = 0;

    if (count == 0)
        return 0;
    batches = calloc(count, sizeof *batches);
    inbox = inbox_create(err);
    if (!batches || !inbox) {
        free(batches);
        inbox_destroy(inbox);
        return err_memory(err, "the index");
    }
    group_sections(index, need, batches);
    for (unsigned i = 0; i < count; i++)
        submit_batch(store, metadata, index, &batches[i], inbox);
    for (unsigned i = 0; i < count; i++)
        inbox_take(inbox, INBOX_FOREVER);
    for (unsigned i = 0; i < count; i++) {
        if (failed == 0)
            failed = parse_batch(index, &batches[i], need, err);
        text_finish(&batches[i].text);
    }
    inbox_destroy(inbox);
    free(batches);
    return failed;
}
