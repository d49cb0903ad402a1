/*
 * Candidates come in this order: the image that has the name now, the newest images of the app (of
 * its two newest months), what its environments point at; and the newest image of a few other apps
 * when the app has little of its own. Their metadata says which layers they have: archives with the
 * layers of one that was chosen bring nothing new; when the image's own layers are known, those
 * that share most come first. The chosen ones are believed when the store's object has the size and
 * the ETag that the metadata tells, and the index its SHA-256.
 *
 * An index of version 1 names chunks in a way that proves nothing: its archive is not copied from,
 * and the next candidates are looked at instead, once.
 */
#include "push/find_bases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "catalog/metadata.h"
#include "catalog/pointer.h"
#include "push/moved_archive.h"

#define CANDIDATES_MAX 16
#define NEWEST_MAX     6 /* images of one app that are looked at */
#define MONTHS_MAX     2
#define POINTERS_MAX   6
#define APPS_MAX       4
#define PAGES_MAX      8
#define LISTS_MAX      (APPS_MAX * MONTHS_MAX)
#define OWN_ENOUGH     2
#define DOCUMENT_MAX   (256 * KIB)

struct fetch {
    struct store_op op;
    struct text text;
    char key[KEY_MAX];
};

struct candidate {
    char key[KEY_MAX];
    struct metadata metadata;
    bool sound;
    unsigned shared;
};

struct search {
    struct store *store;
    const struct find_bases_wanted *wanted;
    unsigned count;
    struct candidate candidates[CANDIDATES_MAX];
    struct fetch fetches[CANDIDATES_MAX];
    struct candidate *order[CANDIDATES_MAX];
    struct err trouble; /* the first that says nothing of the bucket */
};

/* ---- many documents at once ---- */

static void prepare_fetch(struct fetch *fetch, const char *key, size_t most)
{
    text_init(&fetch->text, most);
    str_copy(fetch->key, sizeof fetch->key, key);
    fetch->op = (struct store_op){
        .verb = STORE_GET, .key = fetch->key, .text = &fetch->text, .optional = true};
}

static bool run_fetches(struct store *store, struct fetch *fetches, unsigned count)
{
    struct store_op *ops[CANDIDATES_MAX];
    struct err ignored;

    for (unsigned i = 0; i < count; i++)
        ops[i] = &fetches[i].op;
    return store_run_all(store, ops, count, &ignored) == 0;
}

static bool fetched(const struct fetch *fetch)
{
    struct err err;

    if (fetch->op.answer == STORE_DONE)
        return text_check(&fetch->text, fetch->key, &err) == 0;
    if (fetch->op.answer == STORE_FAILED)
        log_debug("bases: %s: %s", fetch->key, fetch->op.err.text);
    return false;
}

/* No answer is not "it is not there". */
static void note_trouble(struct search *s, const struct store_op *op)
{
    if (op->answer == STORE_FAILED && !s->trouble.family &&
        (op->err.family == ERR_NETWORK || op->err.family == ERR_CANCELLED))
        s->trouble = op->err;
}

/* ---- listings ---- */

typedef void entry_fn(const struct store_entry *entry, void *arg);

struct listing {
    const char *prefix;
    char delimiter;
    entry_fn *each;
    void *arg;

    struct store_op op;
    struct store_page page;
    char token[STORE_KEY_MAX];
    bool ended;
};

static void ask(struct listing *l)
{
    l->page = (struct store_page){0};
    l->op = (struct store_op){.verb = STORE_LIST,
                              .key = l->prefix,
                              .delimiter = l->delimiter,
                              .token = l->token[0] ? l->token : NULL,
                              .page = &l->page,
                              .optional = true};
}

static void take_page(struct listing *l)
{
    bool more = false;

    for (size_t i = 0; l->op.answer == STORE_DONE && i < l->page.count; i++)
        l->each(&l->page.entries[i], l->arg);
    if (l->op.answer == STORE_DONE && l->page.next)
        more = str_copy(l->token, sizeof l->token, l->page.next);
    else if (l->op.answer == STORE_FAILED)
        log_debug("bases: cannot list %s: %s", l->prefix, l->op.err.text);
    store_page_finish(&l->page);
    l->ended = !more;
}

/* All of them at the same time, page by page. */
static void list_all(struct search *s, struct listing *lists, unsigned count)
{
    struct store_op *ops[LISTS_MAX];
    struct err ignored;

    for (unsigned pages = 0; pages < PAGES_MAX; pages++) {
        unsigned asked = 0;

        for (unsigned i = 0; i < count; i++)
            if (!lists[i].ended) {
                ask(&lists[i]);
                ops[asked++] = &lists[i].op;
            }
        if (asked == 0 || store_run_all(s->store, ops, asked, &ignored))
            return;
        for (unsigned i = 0; i < count; i++)
            if (!lists[i].ended)
                take_page(&lists[i]);
    }
}

/* A few strings, the greatest first: months and keys sort by time. */
struct greatest {
    unsigned count, most;
    char key[NEWEST_MAX][KEY_MAX];
};

static void keep_greatest(struct greatest *kept, const char *key)
{
    unsigned at = 0;

    while (at < kept->count && strcmp(kept->key[at], key) >= 0)
        at++;
    if (at == kept->most || strlen(key) >= KEY_MAX)
        return;
    if (kept->count < kept->most)
        kept->count++;
    for (unsigned i = kept->count - 1; i > at; i--)
        memcpy(kept->key[i], kept->key[i - 1], KEY_MAX);
    str_copy(kept->key[at], KEY_MAX, key);
}

static void each_folder(const struct store_entry *entry, void *arg)
{
    if (entry->is_prefix)
        keep_greatest(arg, entry->key);
}

static void each_archive(const struct store_entry *entry, void *arg)
{
    struct image_name name;
    char month[7];

    if (!entry->is_prefix && key_parse_image(entry->key, &name, month))
        keep_greatest(arg, entry->key);
}

static void each_document(const struct store_entry *entry, void *arg)
{
    char app[NAME_APP_MAX], env[NAME_ENV_MAX];

    if (!entry->is_prefix && key_parse_pointer(entry->key, app, env))
        keep_greatest(arg, entry->key);
}

/* ---- candidates ---- */

static void add_candidate(struct search *s, const char *key)
{
    struct image_name name;
    char month[7];

    for (unsigned i = 0; i < s->count; i++)
        if (strcmp(s->candidates[i].key, key) == 0)
            return;
    if (s->count < CANDIDATES_MAX && key_parse_image(key, &name, month))
        str_copy(s->candidates[s->count++].key, KEY_MAX, key);
}

/* The newest images of some apps; `months`: of each app its newest folders. */
static void add_newest(struct search *s, const struct greatest *months, unsigned apps,
                       unsigned most)
{
    struct greatest images[APPS_MAX];
    struct listing lists[LISTS_MAX];
    unsigned count = 0;

    for (unsigned i = 0; i < apps; i++) {
        images[i] = (struct greatest){.most = most};
        for (unsigned k = 0; k < months[i].count; k++)
            lists[count++] = (struct listing){
                .prefix = months[i].key[k], .each = each_archive, .arg = &images[i]};
    }
    list_all(s, lists, count);
    for (unsigned i = 0; i < apps; i++)
        for (unsigned k = 0; k < images[i].count; k++)
            add_candidate(s, images[i].key[k]);
}

/* Reads these documents, adds the images they lead to, and leaves the tags in `keys`. */
static void follow(struct search *s, struct greatest *keys)
{
    struct greatest tags = {.most = POINTERS_MAX};

    for (unsigned i = 0; i < keys->count; i++)
        prepare_fetch(&s->fetches[i], keys->key[i], DOCUMENT_MAX);
    if (run_fetches(s->store, s->fetches, keys->count))
        for (unsigned i = 0; i < keys->count; i++) {
            struct pointer pointer;
            struct err err;

            if (!fetched(&s->fetches[i]) ||
                pointer_parse(text_view(&s->fetches[i].text), &pointer, &err))
                continue;
            if (pointer.target == POINTER_IMAGE)
                add_candidate(s, pointer.target_path);
            else
                keep_greatest(&tags, pointer.target_path);
        }
    for (unsigned i = 0; i < keys->count; i++)
        text_finish(&s->fetches[i].text);
    *keys = tags;
}

static void add_environments(struct search *s, struct greatest *pointers)
{
    if (pointers->count)
        follow(s, pointers); /* environments */
    if (pointers->count)
        follow(s, pointers); /* the tags that they lead to */
}

/* `own`: images/{app}/ */
static void add_other_apps(struct search *s, const char *own)
{
    struct greatest apps = {.most = APPS_MAX}, months[APPS_MAX];
    struct listing lists[APPS_MAX];
    unsigned count = 0;

    list_all(
        s,
        &(struct listing){.prefix = "images/", .delimiter = '/', .each = each_folder, .arg = &apps},
        1);
    for (unsigned i = 0; i < apps.count; i++) {
        if (strcmp(apps.key[i], own) == 0)
            continue;
        months[count] = (struct greatest){.most = MONTHS_MAX};
        lists[count] = (struct listing){
            .prefix = apps.key[i], .delimiter = '/', .each = each_folder, .arg = &months[count]};
        count++;
    }
    list_all(s, lists, count);
    add_newest(s, months, count, 1);
}

static void find_candidates(struct search *s)
{
    struct greatest months = {.most = MONTHS_MAX}, pointers = {.most = POINTERS_MAX};
    char folder[KEY_MAX], prefix[KEY_MAX];

    snprintf(folder, sizeof folder, "images/%s/", s->wanted->name->app);
    snprintf(prefix, sizeof prefix, "pointers/%s/", s->wanted->name->app);
    if (s->wanted->first)
        add_candidate(s, s->wanted->first);
    list_all(s,
             (struct listing[]){
                 {.prefix = folder, .delimiter = '/', .each = each_folder, .arg = &months},
                 {.prefix = prefix, .each = each_document, .arg = &pointers}},
             2);
    add_newest(s, &months, 1, NEWEST_MAX);
    add_environments(s, &pointers);
    if (s->count < OWN_ENOUGH)
        add_other_apps(s, folder);
}

/* ---- what they say of themselves ---- */

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

static void read_candidates(struct search *s)
{
    for (unsigned i = 0; i < s->count; i++) {
        char key[KEY_MAX];

        key_sibling(key, s->candidates[i].key, KEY_METADATA);
        prepare_fetch(&s->fetches[i], key, DOCUMENT_MAX);
    }
    if (run_fetches(s->store, s->fetches, s->count))
        for (unsigned i = 0; i < s->count; i++) {
            struct candidate *c = &s->candidates[i];
            struct err err;

            note_trouble(s, &s->fetches[i].op);
            if (!fetched(&s->fetches[i]) ||
                metadata_parse(text_view(&s->fetches[i].text), &c->metadata, &err))
                continue;
            c->sound = true;
            c->shared = count_shared(s, &c->metadata);
        }
    for (unsigned i = 0; i < s->count; i++)
        text_finish(&s->fetches[i].text);
}

static bool same_layers(const struct metadata *a, const struct metadata *b)
{
    return a->layer_count == b->layer_count && a->layer_count > 0 &&
           memcmp(a->layers, b->layers, a->layer_count * sizeof a->layers[0]) == 0;
}

/* Those that may bring something, the best first. */
static unsigned rank(struct search *s)
{
    unsigned count = 0;

    for (unsigned i = 0; i < s->count; i++) {
        struct candidate *c = &s->candidates[i];
        unsigned at = count;
        bool twin = false;

        for (unsigned k = 0; k < count; k++)
            twin = twin || same_layers(&s->order[k]->metadata, &c->metadata);
        if (!c->sound || twin || !usable(s, &c->metadata))
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

/* ---- what they hold ---- */

static bool index_is(const struct metadata *metadata, struct view bytes)
{
    char hex[SHA256_HEX_SIZE];
    uint8_t sum[SHA256_SIZE];

    sha256_of(bytes, sum);
    hex_encode(sum, sizeof sum, hex);
    return bytes.size == metadata->index_size && strcmp(hex, metadata->index_sha256) == 0;
}

/* The archive has the ETag of its metadata, or (its bucket was copied) it is shown to hold the
 * chunks of its index. */
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

/* `archive`: what is there; NULL: it need not be there. */
static void take(struct store *store, struct bases *out, const struct candidate *candidate,
                 const struct store_info *archive, struct view bytes)
{
    const struct metadata *metadata = &candidate->metadata;
    struct base *base = &out->base[out->count];
    struct index *index = NULL;
    struct err err = {0};

    if (!index_is(metadata, bytes) || index_parse(bytes, &index, &err)) {
        log_debug("bases: %s is not as its metadata says", candidate->key);
        return;
    }
    if (index->names != NAME_SHA256) {
        log_debug("bases: %s has an index of version 1", candidate->key);
        out->outdated++;
        index_destroy(index);
        return;
    }
    if (strcmp(index->codec, "gzip") == 0 && index->archive_size == metadata->size &&
        (!archive || archive_is(store, candidate, archive, index)) &&
        chunk_lookup_add(out->known, out->count, index, &err) == 0) {
        str_copy(base->key, sizeof base->key, candidate->key);
        str_copy(base->etag, sizeof base->etag, archive ? archive->etag : metadata->archive_etag);
        base->size = metadata->size;
        out->index_bytes += bytes.size;
        out->indexes[out->count++] = index;
        log_debug("bases: %s", base->key);
        return;
    }
    index_destroy(index);
}

/* Moves the best of s->order[first .. count) to its beginning, as many as there is room and memory
 * for beside what `have` holds. Returns where they end. */
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

/* Of the candidates s->order[first .. end). */
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
        prepare_fetch(&s->fetches[i], order[i]->metadata.index_key, order[i]->metadata.index_size);
        ops[2 * i] = &heads[i];
        ops[2 * i + 1] = &s->fetches[i].op;
    }
    if (store_run_all(s->store, ops, 2 * count, &ignored) == 0)
        for (unsigned i = 0; i < count; i++) {
            note_trouble(s, &heads[i]);
            note_trouble(s, &s->fetches[i].op);
            if (fetched(&s->fetches[i])) {
                if (s->wanted->described || heads[i].answer == STORE_DONE)
                    take(s->store, out, order[i], s->wanted->described ? NULL : &heads[i].info,
                         text_view(&s->fetches[i].text));
                text_finish(&s->fetches[i].text);
            }
        }
    for (unsigned i = 0; i < count; i++)
        text_finish(&s->fetches[i].text);
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
        find_candidates(s);
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

static bool are_the_same(const struct bases *now, const struct base *then, unsigned count)
{
    for (unsigned i = 0; i < count && i < now->count; i++)
        if (strcmp(now->base[i].key, then[i].key) != 0 ||
            strcmp(now->base[i].etag, then[i].etag) != 0 || now->base[i].size != then[i].size)
            return false;
    return now->count == count;
}

void find_bases_again(struct store *store, const struct find_bases_wanted *wanted,
                      const struct base *then, unsigned count, struct bases *out)
{
    struct search *s = calloc(1, sizeof *s);
    struct err err;
    bool usual = true;

    memset(out, 0, sizeof *out);
    out->known = chunk_lookup_create(&err);
    if (s && out->known) {
        s->store = store;
        s->wanted = wanted;
        for (unsigned i = 0; i < count; i++)
            add_candidate(s, then[i].key);
        read_candidates(s);
        for (unsigned i = 0; i < s->count; i++) {
            usual = usual && s->candidates[i].sound && usable(s, &s->candidates[i].metadata);
            s->order[i] = &s->candidates[i];
        }
        if (usual && s->count == count && choose(s, 0, count, out) == count)
            read_indexes(s, 0, count, out);
        for (unsigned i = 0; i < s->count; i++)
            metadata_finish(&s->candidates[i].metadata);
        out->trouble = s->trouble;
    }
    free(s);
    if (!are_the_same(out, then, count))
        bases_finish(out);
}
