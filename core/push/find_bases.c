/*
 * The metadata of each candidate lists its layers. A candidate with the same layers as an earlier
 * one adds nothing. If the layers of the image are known, the candidates that share most of them
 * come first. add_base.h opens the best of them.
 *
 * Chunk names in an index of version 1 prove nothing: its image is not used. The next candidates
 * are tried instead, once.
 */
#include "push/find_bases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "catalog/locate.h"
#include "push/add_base.h"
#include "push/base_candidates.h"
#include "push/parallel_get.h"
#include "push/plan/thin_choice.h"

#define THIN_BASES_MAX 2

struct candidate {
    struct located at;
    bool sound;      /* its metadata is valid */
    unsigned shared; /* layers that the image has, too */
};

struct search {
    struct store *store;
    const struct find_bases_wanted *wanted;
    struct platform platform;
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

static bool fits_platform(const struct search *s, const struct metadata *metadata)
{
    struct platform platform;

    platform_parse(metadata->platform, &platform);
    return platform_same(&platform, &s->platform);
}

/* References have no least size. */
static uint64_t least_of(const struct find_bases_wanted *wanted)
{
    return wanted->thin ? 0 : wanted->archive_least;
}

static bool usable(const struct search *s, const struct metadata *metadata)
{
    return metadata->format > 0 && (metadata->format > 2 || metadata->archive_etag[0]) &&
           key_is_sound(metadata->index_key) && metadata->index_size > 0 &&
           metadata->index_size <= s->wanted->index_most && metadata->size > least_of(s->wanted) &&
           fits_platform(s, metadata) &&
           (!s->wanted->thin || strcmp(metadata->app_name, s->wanted->name->app) == 0);
}

static bool has_layer(const struct metadata *metadata, const struct digest_text *layer)
{
    for (unsigned i = 0; i < metadata->layer_count; i++)
        if (strcmp(metadata->layers[i].text, layer->text) == 0)
            return true;
    return false;
}

static unsigned count_shared(const struct search *s, const struct metadata *metadata)
{
    unsigned shared = 0;

    for (unsigned i = 0; i < s->wanted->layer_count; i++)
        shared += has_layer(metadata, &s->wanted->layers[i]);
    return shared;
}

/* Parses the metadata under the key of a candidate. */
static bool read_candidate(struct candidate *c, const char *key, struct view json)
{
    char month[CLOCK_MONTH_SIZE], platform[PLATFORM_KEY_SIZE];
    struct image_name name;
    enum key_kind kind;
    struct err err;

    if (!key_parse_document(key, &name, month, platform, &kind) ||
        metadata_parse(json, &c->at.metadata, &err))
        return false;
    key_image(c->at.archive_key, &name, month, KEY_ARCHIVE);
    str_copy(c->at.metadata_key, sizeof c->at.metadata_key, key);
    if (metadata_check_place(&c->at.metadata, key, &err) == 0)
        return true;
    metadata_finish(&c->at.metadata);
    return false;
}

/* Reads the metadata of the images that were found. */
static void read_candidates(struct search *s)
{
    s->count = s->found.count;
    for (unsigned i = 0; i < s->count; i++)
        parallel_get_prepare(&s->gets[i], s->found.keys[i], METADATA_SIZE_MAX);
    if (parallel_get_run(s->store, s->gets, s->count))
        for (unsigned i = 0; i < s->count; i++) {
            struct candidate *c = &s->candidates[i];

            note_trouble(s, &s->gets[i].op);
            if (!parallel_get_done(&s->gets[i]))
                continue;
            c->sound = read_candidate(c, s->found.keys[i], text_view(&s->gets[i].text));
            c->shared = c->sound ? count_shared(s, &c->at.metadata) : 0;
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
            duplicate = duplicate || same_layers(&s->order[k]->at.metadata, &c->at.metadata);
        if (!c->sound || duplicate || !usable(s, &c->at.metadata))
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

/* A thin image refers to few images: the best one, and one that has layers which the best one
 * lacks.
 */
static bool adds_layers(const struct search *s, const struct candidate *best,
                        const struct candidate *c)
{
    if (!s->wanted->thin || c == best)
        return true;
    for (unsigned i = 0; i < s->wanted->layer_count; i++)
        if (has_layer(&c->at.metadata, &s->wanted->layers[i]) &&
            !has_layer(&best->at.metadata, &s->wanted->layers[i]))
            return true;
    return false;
}

/* Moves the best of s->order[first .. count) to its beginning, as many as fit besides the bases in
 * `have`. Returns their end. */
static unsigned choose(struct search *s, unsigned first, unsigned count, const struct bases *have)
{
    uint64_t left = s->wanted->index_most - have->index_bytes;
    unsigned end = first, most = (s->wanted->thin ? THIN_BASES_MAX : BASES_MAX);

    for (unsigned i = first; i < count && end - first + have->count < most; i++) {
        struct candidate *c = s->order[i];

        if (c->at.metadata.index_size > left || !adds_layers(s, s->order[first], c))
            continue;
        left -= c->at.metadata.index_size;
        s->order[i] = s->order[end];
        s->order[end++] = c;
    }
    return end;
}

/* Adds the candidates s->order[first .. end) as bases. */
static void open_bases(struct search *s, unsigned first, unsigned end, struct bases *out)
{
    const struct find_bases_wanted *wanted = s->wanted;
    const struct located *images[BASES_MAX];

    for (unsigned i = first; i < end; i++)
        images[i - first] = &s->order[i]->at;
    add_bases(&(struct add_base_options){.store = s->store,
                                         .codec = wanted->thin ? 0 : (int)wanted->codec,
                                         .object_least = least_of(wanted),
                                         .described = wanted->described},
              images, end - first, out);
}

/* Enters the chunks that may be used. A base whose chunks do not fit is dropped, with those after
 * it. */
static void enter_chunks(const struct find_bases_wanted *wanted, struct bases *out)
{
    struct err err;

    if (wanted->thin && thin_choose(out, wanted->layers, wanted->layer_count, &THIN_LIMITS, &err)) {
        log_debug("bases: %s", err.text);
        bases_finish(out);
    }
    for (unsigned i = 0; i < out->count; i++)
        if (chunk_lookup_add(out->known, &out->held[i], &err)) {
            for (unsigned k = i; k < out->count; k++)
                index_destroy(out->held[k].index);
            out->count = i;
        }
}

/* Returns true if an image of the wanted name is among the candidates. */
static bool has_own(const struct search *s)
{
    char key[KEY_MAX];

    key_image(key, s->wanted->name, NULL, KEY_METADATA);
    for (unsigned i = 0; i < s->found.count; i++)
        if (strcmp(s->found.keys[i], key) == 0)
            return true;
    return false;
}

static void search_bases(struct search *s, struct bases *out)
{
    const struct find_bases_wanted *wanted = s->wanted;
    unsigned count, end;

    if (wanted->first)
        base_candidates_add(&s->found, wanted->first);
    base_candidates_find(s->store, wanted->name, &s->platform, wanted->thin, &s->found);
    if (wanted->unless_exists && has_own(s))
        return;
    read_candidates(s);
    count = rank(s);
    end = choose(s, 0, count, out);
    open_bases(s, 0, end, out);
    if (out->outdated)
        open_bases(s, end, choose(s, end, count, out), out);
}

static struct search *search_create(struct store *store, const struct find_bases_wanted *wanted,
                                    struct bases *out)
{
    struct search *s = calloc(1, sizeof *s);
    struct err ignored;

    memset(out, 0, sizeof *out);
    out->known = chunk_lookup_create(&ignored);
    if (!s || !out->known) {
        free(s);
        return NULL;
    }
    s->store = store;
    s->wanted = wanted;
    platform_parse(wanted->platform ? wanted->platform : "", &s->platform);
    return s;
}

static void search_destroy(struct search *s)
{
    for (unsigned i = 0; i < s->count; i++)
        if (s->candidates[i].sound)
            metadata_finish(&s->candidates[i].at.metadata);
    free(s);
}

void find_bases(struct store *store, const struct find_bases_wanted *wanted, struct bases *out)
{
    struct search *s = search_create(store, wanted, out);

    if (s) {
        search_bases(s, out);
        search_destroy(s);
        enter_chunks(wanted, out);
    }
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

/* Opens the images of these archives, in this order, or none of them. */
static void open_archives(struct search *s, const struct base_object *archives, unsigned count,
                          struct bases *out)
{
    bool usable_all = true;

    for (unsigned i = 0; i < count; i++)
        base_candidates_add_image(&s->found, archives[i].key);
    read_candidates(s);
    for (unsigned i = 0; i < s->count; i++) {
        usable_all =
            usable_all && s->candidates[i].sound && usable(s, &s->candidates[i].at.metadata);
        s->order[i] = &s->candidates[i];
    }
    if (usable_all && s->count == count && choose(s, 0, count, out) == count)
        open_bases(s, 0, count, out);
}

static bool are_archives(const struct base_object *objects, unsigned count)
{
    struct image_name name;
    char month[CLOCK_MONTH_SIZE];

    for (unsigned i = 0; i < count; i++)
        if (!key_parse_image(objects[i].key, &name, month))
            return false;
    return count <= BASES_MAX;
}

void find_bases_again(struct store *store, const struct find_bases_wanted *wanted,
                      const struct base_object *then, unsigned count, struct bases *out)
{
    struct search *s = search_create(store, wanted, out);

    if (s) {
        if (are_archives(then, count) && !wanted->thin)
            open_archives(s, then, count, out);
        else
            search_bases(s, out);
        if (!out->trouble.family)
            out->trouble = s->trouble;
        search_destroy(s);
        enter_chunks(wanted, out);
    }
    if (!are_the_same(out, then, count))
        bases_finish(out);
}
