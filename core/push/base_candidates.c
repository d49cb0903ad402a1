/*
 * Candidates are found in this order: the newest images of the app, then the images of its
 * environments. The former are those of the month of the name, and of the two newest other months.
 * If the app has few images, the newest image of a few other apps follows. The key of a document
 * states its platform, except for the first platform of an image. So documents of the wanted
 * platform are kept apart: many images may lack it.
 */
#include "push/base_candidates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "catalog/metadata.h"
#include "catalog/pointer.h"
#include "push/parallel_get.h"

#define NEWEST_MAX   8 /* documents of one app that are looked at */
#define FURTHER_MAX  3 /* of these, documents of the wanted platform */
#define MONTHS_MAX   2
#define POINTERS_MAX 6
#define APPS_MAX     4
#define PAGES_MAX    8
#define LISTS_MAX    (APPS_MAX * MONTHS_MAX)
#define OWN_ENOUGH   2

struct search {
    struct store *store;
    const struct image_name *name;
    char platform[PLATFORM_KEY_SIZE]; /* of the image; "": not known */
    struct base_candidates *found;
    struct parallel_get gets[PARALLEL_GET_MAX];
};

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

static void prepare_page(struct listing *l)
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

/* Reads all lists at the same time, page by page. */
static void list_all(struct search *s, struct listing *lists, unsigned count)
{
    struct store_op *ops[LISTS_MAX];
    struct err ignored;

    for (unsigned pages = 0; pages < PAGES_MAX; pages++) {
        unsigned asked = 0;

        for (unsigned i = 0; i < count; i++)
            if (!lists[i].ended) {
                prepare_page(&lists[i]);
                ops[asked++] = &lists[i].op;
            }
        if (asked == 0 || store_run_all(s->store, ops, asked, &ignored))
            return;
        for (unsigned i = 0; i < count; i++)
            if (!lists[i].ended)
                take_page(&lists[i]);
    }
}

/* The greatest keys, in descending order: months and keys sort by time. */
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

static bool is_metadata(const char *key, char platform[PLATFORM_KEY_SIZE])
{
    char month[CLOCK_MONTH_SIZE];
    struct image_name name;
    enum key_kind kind;

    return key_parse_document(key, &name, month, platform, &kind) && kind == KEY_METADATA;
}

/* The newest documents of an app: those of a first platform, and those of the wanted one. */
struct newest {
    const char *platform; /* the wanted one, as in keys; "": all count as a first one */
    struct greatest first, further;
};

static void each_image(const struct store_entry *entry, void *arg)
{
    struct newest *newest = arg;
    char platform[PLATFORM_KEY_SIZE];

    if (entry->is_prefix || !is_metadata(entry->key, platform))
        return;
    if (!platform[0] || !newest->platform[0])
        keep_greatest(&newest->first, entry->key);
    else if (strcmp(platform, newest->platform) == 0)
        keep_greatest(&newest->further, entry->key);
}

static void each_document(const struct store_entry *entry, void *arg)
{
    char app[NAME_APP_MAX], env[NAME_ENV_MAX];

    if (!entry->is_prefix && key_parse_pointer(entry->key, app, env))
        keep_greatest(arg, entry->key);
}

/* ---- the search ---- */

void base_candidates_add(struct base_candidates *candidates, const char *key)
{
    char platform[PLATFORM_KEY_SIZE];

    for (unsigned i = 0; i < candidates->count; i++)
        if (strcmp(candidates->keys[i], key) == 0)
            return;
    if (candidates->count < BASE_CANDIDATES_MAX && is_metadata(key, platform))
        str_copy(candidates->keys[candidates->count++], KEY_MAX, key);
}

void base_candidates_add_image(struct base_candidates *candidates, const char *key)
{
    char metadata[KEY_MAX];

    if (key_sibling(metadata, key, KEY_METADATA))
        base_candidates_add(candidates, metadata);
}

/* Adds the documents, in all as many as `newest->first` can have. */
static void add_all(struct search *s, const struct newest *newest)
{
    const struct greatest *first = &newest->first, *further = &newest->further;

    for (unsigned i = 0; i < further->count; i++)
        base_candidates_add(s->found, further->key[i]);
    for (unsigned i = 0; i < first->count && i + further->count < first->most; i++)
        base_candidates_add(s->found, first->key[i]);
}

static struct newest newest_of(const struct search *s, unsigned most)
{
    return (struct newest){.platform = s->platform,
                           .first = {.most = most},
                           .further = {.most = most < FURTHER_MAX ? most : FURTHER_MAX}};
}

/* Lists the newest images of some apps into `images`. `months`: the newest folders of each app. */
static void list_newest(struct search *s, const struct greatest *months, struct newest *images,
                        unsigned apps)
{
    struct listing lists[LISTS_MAX];
    unsigned count = 0;

    for (unsigned i = 0; i < apps; i++)
        for (unsigned k = 0; k < months[i].count; k++)
            lists[count++] =
                (struct listing){.prefix = months[i].key[k], .each = each_image, .arg = &images[i]};
    list_all(s, lists, count);
}

/* Reads the pointers in `keys`, adds their images, and leaves the tags that they lead to in
 * `keys`. */
static void read_pointers(struct search *s, struct greatest *keys)
{
    struct greatest tags = {.most = POINTERS_MAX};

    for (unsigned i = 0; i < keys->count; i++)
        parallel_get_prepare(&s->gets[i], keys->key[i], METADATA_SIZE_MAX);
    if (parallel_get_run(s->store, s->gets, keys->count))
        for (unsigned i = 0; i < keys->count; i++) {
            struct pointer pointer;
            struct err err;

            if (!parallel_get_done(&s->gets[i]) ||
                pointer_parse(text_view(&s->gets[i].text), &pointer, &err))
                continue;
            if (pointer.target == POINTER_IMAGE)
                base_candidates_add_image(s->found, pointer.target_path);
            else
                keep_greatest(&tags, pointer.target_path);
        }
    for (unsigned i = 0; i < keys->count; i++)
        text_finish(&s->gets[i].text);
    *keys = tags;
}

static void add_environments(struct search *s, struct greatest *pointers)
{
    if (pointers->count)
        read_pointers(s, pointers);
    if (pointers->count)
        read_pointers(s, pointers); /* the tags that they lead to */
}

/* `own`: images/{app}/ */
static void add_other_apps(struct search *s, const char *own)
{
    struct greatest apps = {.most = APPS_MAX}, months[APPS_MAX];
    struct newest images[APPS_MAX];
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
        images[count] = newest_of(s, 1);
        lists[count] = (struct listing){
            .prefix = apps.key[i], .delimiter = '/', .each = each_folder, .arg = &months[count]};
        count++;
    }
    list_all(s, lists, count);
    list_newest(s, months, images, count);
    for (unsigned i = 0; i < count; i++)
        add_all(s, &images[i]);
}

/* Removes the folder that was listed already, and the surplus of the others. */
static void leave_others(struct greatest *months, const char *listed)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < months->count && kept < MONTHS_MAX; i++)
        if (strcmp(months->key[i], listed) != 0)
            memmove(months->key[kept++], months->key[i], KEY_MAX);
    months->count = kept;
}

static void search(struct search *s, bool own)
{
    struct greatest months = {.most = MONTHS_MAX + 1}, pointers = {.most = POINTERS_MAX};
    struct newest images = newest_of(s, NEWEST_MAX);
    char folder[KEY_MAX], month[KEY_MAX], prefix[KEY_MAX];

    snprintf(folder, sizeof folder, "images/%s/", s->name->app);
    snprintf(month, sizeof month, "images/%s/%.6s/", s->name->app, s->name->time);
    snprintf(prefix, sizeof prefix, "pointers/%s/", s->name->app);
    list_all(s,
             (struct listing[]){
                 {.prefix = folder, .delimiter = '/', .each = each_folder, .arg = &months},
                 {.prefix = month, .each = each_image, .arg = &images},
                 {.prefix = prefix, .each = each_document, .arg = &pointers}},
             own ? 2 : 3);
    leave_others(&months, month);
    if (images.first.count < NEWEST_MAX)
        list_newest(s, &months, &images, 1);
    add_all(s, &images);
    if (own)
        return;
    add_environments(s, &pointers);
    if (s->found->count < OWN_ENOUGH)
        add_other_apps(s, folder);
}

void base_candidates_find(struct store *store, const struct image_name *name,
                          const struct platform *platform, bool own,
                          struct base_candidates *candidates)
{
    struct search *s = calloc(1, sizeof *s);

    if (!s)
        return;
    s->store = store;
    s->name = name;
    s->found = candidates;
    if (platform->os[0])
        platform_key(platform, s->platform);
    search(s, own);
    free(s);
}
