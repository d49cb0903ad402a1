/*
 * The metadata of each candidate lists its layers. A candidate with the same layers as an earlier
 * one adds nothing. If the layers of the image are known, the candidates that share most of them
 * come first. The chosen archives are used when the object in the bucket has the size and the ETag
 * of the metadata, and the index its SHA-256.
 *
 * Chunk names in an index of version 1 prove nothing: its archive is not copied from. The next
 * candidates are tried instead, once.
 */
#include "push/find_bases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "catalog/metadata.h"
#include "push/base_candidates.h"
#include "push/moved_archive.h"
#include "push/parallel_get.h"

#define DOCUMENT_MAX (256 * KIB)

struct candidate {
    const char *key;
    struct metadata metadata;
    bool sound;      /* its metadata is valid */
    unsigned shared; /* layers that the image has, too */
};

struct search {
    struct store *store;
    const struct find_bases_wanted *wanted;
    struct base_candidates found;
    unsigned count; /* of the following */
    struct candidate candidates[BASE_CANDIDATES_MAX];
    struct parallel_get gets[BASE_CANDIDATES_MAX];
    struct candidate *order[BASE_CANDIDATES_MAX];
    struct err trouble; /* the first network error or cancel */
};

/* Such an error does not prove that the object is absent. */
static void note_trouble(struct search *s, const struct store_op *op)
{
    if (op->answer == STORE_FAILED && !s->trouble.family &&
        (op->err.family == ERR_NETWORK || op->err.family == ERR_CANCELLED))
        s->trouble = op->err;
}

/* ---- their metadata ---- */

static bool usable(const struct search *s, const struct metadata *metadata)
{
    return metadata->format > 0 && metadata->archive_etag[0] && key_is_sound(metadata->index_key) &&
           metadata->index_size > 0 && metadata->index_size <= s->wanted->index_most &&
           metadata->size > s->wanted->archive_least;
}

static unsigned count_shared(const struct search *s, const struct metadata *metadata)
{
    unsigned shared = 0;

    for (unsigned i = 0; i < s->wanted->layer_count; i++)
        for (unsigned k = 0; k < metadata->layer_count; k++)
            if (strcmp(s->wanted->layers[i].text, metadata->layers[k].text) == 0) {
                shared++;
                break;
            }
    return shared;
}

/* Reads the metadata of the archives that were found. */
static void read_candidates(struct search *s)
{
    s->count = s->found.count;
    for (unsigned i = 0; i < s->count; i++)
        s->candidates[i].key = s->found.keys[i];
    for (unsigned i = 0; i < s->count; i++) {
        char key[KEY_MAX];

        key_sibling(key, s->candidates[i].key, KEY_METADATA);
        parallel_get_prepare(&s->gets[i], key, DOCUMENT_MAX);
    }
    if (parallel_get_run(s->store, s->gets, s->count))
        for (unsigned i = 0; i < s->count; i++) {
            struct candidate *c = &s->candidates[i];
            struct err err;

            note_trouble(s, &s->gets[i].op);
            if (!parallel_get_done(&s->gets[i]) ||
                metadata_parse(text_view(&s->gets[i].text), &c->metadata, &err))
                continue;
            c->sound = true;
            c->shared = count_shared(s, &c->metadata);
        }
    for (unsigned i = 0; i < s->count; i++)
        text_finish(&s->gets[i].text);
}

static bool same_layers(const struct metadata *a, const struct metadata *b)
{
    return a->layer_count == b->layer_count && a->layer_count > 0 &&
           memcmp(a->layers, b->layers, a->layer_count * sizeof a->layers[0]) == 0;
}

/* Orders the usable candidates, the best first. Returns their number. */
static unsigned rank(struct search *s)
{
    unsigned count = 0;

    for (unsigned i = 0; i < s->count; i++) {
        struct candidate *c = &s->candidates[i];
        unsigned at = count;
        bool duplicate = false;

        for (unsigned k = 0; k < count; k++)
            duplicate = duplicate || same_layers(&s->order[k]->metadata, &c->metadata);
        if (!c->sound || duplicate || !usable(s, &c->metadata))
            continue;
        while (at > 0 && s->order[at - 1]->shared < c->shared)
            at--;
        for (unsigned k = count; k > at; k--)
            s->order[k] = s->order[k - 1];
        s->order[at] = c;
        count++;
    }
    return count;
}

/* ---- their indexes ---- */

static bool index_is(const struct metadata *metadata, struct view bytes)
{
    char hex[SHA256_HEX_SIZE];
    uint8_t sum[SHA256_SIZE];

    sha256_of(bytes, sum);
    hex_encode(sum, sizeof sum, hex);
    return bytes.size == metadata->index_size && strcmp(hex, metadata->index_sha256) == 0;
}

/* Returns true if the archive has the ETag of its metadata, or (its bucket was copied) a sample
 * shows that it contains the chunks of its index. */
static bool archive_is(struct store *store, const struct candidate *candidate,
                       const struct store_info *archive, const struct index *index)
{
    struct err ignored;

    if (archive->size != candidate->metadata.size)
        return false;
    return strcmp(archive->etag, candidate->metadata.archive_etag) == 0 ||
           (archive->etag[0] &&
            moved_archive_check(store, candidate->key, archive, index, &ignored) == 0);
}

/* Adds a base. `archive`: the object in the bucket; NULL: it need not exist. */
static void add_base(struct store *store, struct bases *out, const struct candidate *candidate,
                     const struct store_info *archive, struct view bytes)
{
    const struct metadata *metadata = &candidate->metadata;
    struct base_object object = {.size = metadata->size};
    struct held_index *held = &out->held[out->count];
    struct index *index = NULL;
    unsigned number;
    struct err err = {0};

    if (!index_is(metadata, bytes) || index_parse(bytes, &index, &err)) {
        log_debug("bases: %s differs from its metadata", candidate->key);
        return;
    }
    if (index->names != NAME_SHA256) {
        log_debug("bases: %s has an index of version 1", candidate->key);
        out->outdated++;
        index_destroy(index);
        return;
    }
    str_copy(object.key, sizeof object.key, candidate->key);
    str_copy(object.etag, sizeof object.etag, archive ? archive->etag : metadata->archive_etag);
    number = bases_object(out, &object);
    *held = (struct held_index){.index = index, .objects = {(unsigned char)number}};
    if (index->whole && index->codec == CODEC_GZIP && index->archive_size == metadata->size &&
        (!archive || archive_is(store, candidate, archive, index)) && number < BASE_OBJECTS_MAX &&
        chunk_lookup_add(out->known, held, &err) == 0) {
        str_copy(out->keys[out->count], KEY_MAX, candidate->key);
        out->index_bytes += bytes.size;
        out->count++;
        log_debug("bases: %s", candidate->key);
        return;
    }
    index_destroy(index);
}

/* Moves the best of s->order[first .. count) to its beginning, as many as fit besides the bases in
 * `have`. Returns their end. */
static unsigned choose(struct search *s, unsigned first, unsigned count, const struct bases *have)
{
    uint64_t left = s->wanted->index_most - have->index_bytes;
    unsigned end = first, most = BASES_MAX - have->count;

    for (unsigned i = first; i < count && end - first < most; i++) {
        struct candidate *c = s->order[i];

        if (c->metadata.index_size > left)
            continue;
        left -= c->metadata.index_size;
        s->order[i] = s->order[end];
        s->order[end++] = c;
    }
    return end;
}

/* Reads the indexes of the candidates s->order[first .. end), and adds them as bases. */
static void read_indexes(struct search *s, unsigned first, unsigned end, struct bases *out)
{
    struct store_op heads[BASES_MAX], *ops[2 * BASES_MAX] = {NULL};
    struct candidate **order = s->order + first;
    unsigned count = end - first;
    struct err ignored;

    if (count == 0)
        return;
    for (unsigned i = 0; i < count; i++) {
        heads[i] = (struct store_op){.verb = STORE_HEAD, .key = order[i]->key, .optional = true};
        parallel_get_prepare(&s->gets[i], order[i]->metadata.index_key,
                             order[i]->metadata.index_size);
        ops[2 * i] = &heads[i];
        ops[2 * i + 1] = &s->gets[i].op;
    }
    if (store_run_all(s->store, ops, 2 * count, &ignored) == 0)
        for (unsigned i = 0; i < count; i++) {
            note_trouble(s, &heads[i]);
            note_trouble(s, &s->gets[i].op);
            if (parallel_get_done(&s->gets[i])) {
                if (s->wanted->described || heads[i].answer == STORE_DONE)
                    add_base(s->store, out, order[i], s->wanted->described ? NULL : &heads[i].info,
                             text_view(&s->gets[i].text));
                text_finish(&s->gets[i].text);
            }
        }
    for (unsigned i = 0; i < count; i++)
        text_finish(&s->gets[i].text);
}

void find_bases(struct store *store, const struct find_bases_wanted *wanted, struct bases *out)
{
    struct search *s = calloc(1, sizeof *s);
    struct err err;
    unsigned count, end;

    memset(out, 0, sizeof *out);
    out->known = chunk_lookup_create(&err);
    if (s && out->known) {
        s->store = store;
        s->wanted = wanted;
        if (wanted->first)
            base_candidates_add(&s->found, wanted->first);
        base_candidates_find(store, wanted->name, &s->found);
        read_candidates(s);
        count = rank(s);
        end = choose(s, 0, count, out);
        read_indexes(s, 0, end, out);
        if (out->outdated)
            read_indexes(s, end, choose(s, end, count, out), out);
        for (unsigned i = 0; i < s->count; i++)
            metadata_finish(&s->candidates[i].metadata);
    }
    free(s);
    if (out->count == 0)
        bases_finish(out);
}

static bool are_the_same(const struct bases *now, const struct base_object *then, unsigned count)
{
    for (unsigned i = 0; i < count && i < now->object_count; i++)
        if (strcmp(now->objects[i].key, then[i].key) != 0 ||
            strcmp(now->objects[i].etag, then[i].etag) != 0 || now->objects[i].size != then[i].size)
            return false;
    return now->object_count == count;
}

void find_bases_again(struct store *store, const struct find_bases_wanted *wanted,
                      const struct base_object *then, unsigned count, struct bases *out)
{
    struct search *s = calloc(1, sizeof *s);
    struct err err;
    bool usable_all = true;

    memset(out, 0, sizeof *out);
    out->known = chunk_lookup_create(&err);
    if (s && out->known) {
        s->store = store;
        s->wanted = wanted;
        for (unsigned i = 0; i < count; i++)
            base_candidates_add(&s->found, then[i].key);
        read_candidates(s);
        for (unsigned i = 0; i < s->count; i++) {
            usable_all =
                usable_all && s->candidates[i].sound && usable(s, &s->candidates[i].metadata);
            s->order[i] = &s->candidates[i];
        }
        if (usable_all && s->count == count && choose(s, 0, count, out) == count)
            read_indexes(s, 0, count, out);
        for (unsigned i = 0; i < s->count; i++)
            metadata_finish(&s->candidates[i].metadata);
        out->trouble = s->trouble;
    }
    free(s);
    if (!are_the_same(out, then, count))
        bases_finish(out);
}
