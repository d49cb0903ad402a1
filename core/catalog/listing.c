/*
 * Keys come from listings; the documents are read in parallel. For environments all pointers are
 * read first, then each tag that they lead to once.
 */
#include "catalog/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "catalog/fetch.h"
#include "catalog/resolve.h"
#include "catalog/version.h"
#include "catalog/walk.h"
#include "catalog/warnings.h"

/* Returns zeroed memory for a list of `count` items, and never NULL for an empty one. */
static void *make_room(size_t count, size_t size, struct err *err)
{
    void *room = calloc(count + 1, size);

    if (!room)
        err_memory(err, "the list");
    return room;
}

/* ---- applications ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct listed_app *)a)->name, ((const struct listed_app *)b)->name);
}

/* "tags/myapp/" -> "myapp" */
static bool app_of_prefix(const char *prefix, char name[NAME_APP_MAX])
{
    const char *slash = strchr(prefix, '/');
    size_t size = slash ? strlen(slash + 1) : 0;
    struct err ignored;

    if (size < 2 || size > NAME_APP_MAX || slash[size] != '/')
        return false;
    memcpy(name, slash + 1, size - 1);
    name[size - 1] = '\0';
    return name_check_app(name, &ignored) == 0;
}

/* Sorts the applications and drops duplicates. */
static size_t drop_duplicates(struct listed_app *apps, size_t count)
{
    size_t kept = 0;

    qsort(apps, count, sizeof *apps, by_name);
    for (size_t i = 0; i < count; i++)
        if (!kept || strcmp(apps[kept - 1].name, apps[i].name) != 0)
            apps[kept++] = apps[i];
    return kept;
}

int listing_apps(struct store *store, struct listed_app **out, size_t *count, struct text *warnings,
                 struct err *err)
{
    static const char *const roots[] = {"images/", "tags/", "pointers/"};
    struct walk walk = {0};
    int answer = 0;

    *out = NULL;
    *count = 0;
    for (size_t i = 0; answer == 0 && i < ARRAY_SIZE(roots); i++)
        answer = walk_run(&walk, store, roots[i], '/', err);
    walk_warn(&walk, "the applications", warnings);
    if (answer == 0) {
        *out = make_room(walk.count, sizeof **out, err);
        answer = *out ? 0 : ERR_FAIL;
    }
    for (size_t i = 0; answer == 0 && i < walk.count; i++) {
        if (app_of_prefix(walk.keys[i], (*out)[*count].name))
            ++*count;
        else
            warnings_add(warnings, "%s: not the name of an application", walk.keys[i]);
    }
    if (*out)
        *count = drop_duplicates(*out, *count);
    walk_finish(&walk);
    return answer;
}

/* ---- pointers: tags and environments ---- */

/* The documents of some keys, in the order of the keys. */
struct pointers {
    char *const *keys;
    struct pointer *pointers;
    bool *sound;
    struct text *warnings;
};

/* Returns true for a valid pointer; else false, and adds a line to `warnings`. */
static bool read_pointer(const char *key, enum store_answer answer, struct view text,
                         const struct err *why, struct pointer *out, struct text *warnings)
{
    struct err err;

    if (answer == STORE_FAILED)
        warnings_add_error(warnings, key, why);
    else if (answer == STORE_ABSENT) /* deleted since it was listed */
        warnings_add(warnings, "%s: it does not exist", key);
    else if (pointer_parse(text, out, &err))
        warnings_add_error(warnings, key, &err);
    else
        return true;
    return false;
}

static void take_pointer(void *arg, size_t at, enum store_answer answer, struct view text,
                         const struct err *why)
{
    struct pointers *p = arg;

    p->sound[at] = read_pointer(p->keys[at], answer, text, why, &p->pointers[at], p->warnings);
}

static int read_pointers(struct store *store, char *const *keys, size_t count,
                         struct text *warnings, struct pointers *out, struct err *err)
{
    *out = (struct pointers){
        .keys = keys,
        .pointers = make_room(count, sizeof *out->pointers, err),
        .sound = make_room(count, sizeof *out->sound, err),
        .warnings = warnings,
    };
    if (!out->pointers || !out->sound)
        return ERR_FAIL;
    return fetch_run(store, keys, count, take_pointer, out, err);
}

static void pointers_finish(struct pointers *pointers)
{
    free(pointers->pointers);
    free(pointers->sound);
}

/* Lists the keys of documents with valid names. Other .json keys become warnings, all other keys
 * are ignored. */
static int list_documents(struct store *store, const char *prefix, bool (*fine)(const char *key),
                          struct walk *walk, struct text *warnings, struct err *err)
{
    size_t kept = 0;

    if (walk_run(walk, store, prefix, 0, err))
        return ERR_FAIL;
    walk_warn(walk, prefix, warnings);
    for (size_t i = 0; i < walk->count; i++) {
        char *key = walk->keys[i];

        if (!str_ends(key, ".json") || !fine(key)) {
            if (str_ends(key, ".json"))
                warnings_add(warnings, "%s: the name is not valid", key);
            continue;
        }
        walk->keys[i] = walk->keys[kept];
        walk->keys[kept++] = key;
    }
    for (size_t i = kept; i < walk->count; i++)
        free(walk->keys[i]);
    walk->count = kept;
    return 0;
}

static bool is_tag_key(const char *key)
{
    char app[NAME_APP_MAX], version[NAME_VERSION_MAX];

    return key_parse_tag(key, app, version);
}

static bool is_pointer_key(const char *key)
{
    char app[NAME_APP_MAX], env[NAME_ENV_MAX];

    return key_parse_pointer(key, app, env);
}

/* ---- tags ---- */

static int by_version(const void *a, const void *b)
{
    return version_order(((const struct listed_tag *)a)->version,
                         ((const struct listed_tag *)b)->version);
}

/* Tags in the order of arrival. Only the needed texts of a pointer are kept. */
struct tag_search {
    struct tag_list *list;
    const struct walk *walk;
    struct text *warnings;
    struct err *err;
    bool failed; /* no memory */
};

static void add_tag(struct tag_search *search, const char *key, const struct pointer *pointer)
{
    struct strings *strings = &search->list->strings;
    struct listed_tag *tag = &search->list->items[search->list->count];
    char app[NAME_APP_MAX], version[NAME_VERSION_MAX];
    struct image_name image;

    if (!key_parse_tag(key, app, version))
        return;
    if (!resolve_image_of(app, pointer, &image)) {
        warnings_add(search->warnings, "%s: it leads to %s, which is not an image of %s", key,
                     pointer->target_path, app);
        return;
    }
    tag->version = strings_keep(strings, version, search->err);
    tag->image = strings_keep(strings, image.ref, search->err);
    tag->key = strings_keep(strings, key, search->err);
    search->failed = search->failed || !tag->version || !tag->image || !tag->key;
    if (!search->failed)
        search->list->count++;
}

static void take_tag(void *arg, size_t at, enum store_answer answer, struct view text,
                     const struct err *why)
{
    struct tag_search *search = arg;
    const char *key = search->walk->keys[at];
    struct pointer pointer;

    if (read_pointer(key, answer, text, why, &pointer, search->warnings))
        add_tag(search, key, &pointer);
}

int listing_tags(struct store *store, const char *app, struct tag_list *out, struct text *warnings,
                 struct err *err)
{
    char prefix[KEY_MAX];
    struct walk walk = {0};
    struct tag_search search = {.list = out, .walk = &walk, .warnings = warnings, .err = err};
    int answer;

    *out = (struct tag_list){.items = NULL};
    snprintf(prefix, sizeof prefix, "tags/%s/", app);
    answer = list_documents(store, prefix, is_tag_key, &walk, warnings, err);
    if (answer == 0) {
        out->items = make_room(walk.count, sizeof *out->items, err);
        answer = out->items ? 0 : ERR_FAIL;
    }
    if (answer == 0)
        answer = fetch_run(store, walk.keys, walk.count, take_tag, &search, err);
    if (search.failed)
        answer = ERR_FAIL;
    if (out->count)
        qsort(out->items, out->count, sizeof *out->items, by_version);
    walk_finish(&walk);
    return answer;
}

void tag_list_finish(struct tag_list *list)
{
    free(list->items);
    strings_finish(&list->strings);
    *list = (struct tag_list){.items = NULL};
}

/* ---- environments ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int by_env(const void *a, const void *b)
{
    return strcmp(((const struct listed_environment *)a)->env,
                  ((const struct listed_environment *)b)->env);
}

/* Stores the keys of the tags that the environments lead to, sorted, each once. The pointers own
 * the texts. */
static size_t tags_of(const char *app, struct pointers *read, size_t count, char **keys)
{
    char version[NAME_VERSION_MAX];
    size_t used = 0, kept = 0;

    for (size_t i = 0; i < count; i++)
        if (read->sound[i] && resolve_version_of(app, &read->pointers[i], version))
            keys[used++] = read->pointers[i].target_path;
    if (used)
        qsort(keys, used, sizeof *keys, by_text);
    for (size_t i = 0; i < used; i++)
        if (!kept || strcmp(keys[kept - 1], keys[i]) != 0)
            keys[kept++] = keys[i];
    return kept;
}

/* Finds the image that the environment leads to. Returns false, with a line in `warnings`, if there
 * is none. */
static bool describe_environment(const char *app, const char *key, const struct pointer *pointer,
                                 const struct pointers *tags, size_t tag_count,
                                 struct listed_environment *out, struct text *warnings)
{
    struct image_name image = {.ref = ""};
    const char *path = pointer->target_path;
    char owner[NAME_APP_MAX];
    char *const *tag;

    if (!key_parse_pointer(key, owner, out->env))
        return false;
    out->pointer = *pointer;
    if (!resolve_version_of(app, pointer, out->version))
        out->version[0] = '\0';
    if (out->version[0]) {
        tag = bsearch(&path, tags->keys, tag_count, sizeof *tags->keys, by_text);
        if (tag && tags->sound[tag - tags->keys])
            resolve_image_of(app, &tags->pointers[tag - tags->keys], &image);
    } else {
        resolve_image_of(app, pointer, &image);
    }
    str_copy(out->image, sizeof out->image, image.ref);
    if (!image.ref[0])
        warnings_add(warnings, "%s: it leads to %s, which is not an image of %s", key, path, app);
    return image.ref[0] != '\0';
}

int listing_environments(struct store *store, const char *app, struct listed_environment **out,
                         size_t *count, struct text *warnings, struct err *err)
{
    char prefix[KEY_MAX];
    struct walk walk = {0};
    struct pointers read = {0}, tags = {0};
    char **tag_keys = NULL;
    size_t tag_count = 0;
    int answer;

    *out = NULL;
    *count = 0;
    snprintf(prefix, sizeof prefix, "pointers/%s/", app);
    answer = list_documents(store, prefix, is_pointer_key, &walk, warnings, err);
    if (answer == 0)
        answer = read_pointers(store, walk.keys, walk.count, warnings, &read, err);
    if (answer == 0) {
        *out = make_room(walk.count, sizeof **out, err);
        tag_keys = make_room(walk.count, sizeof *tag_keys, err);
        answer = *out && tag_keys ? 0 : ERR_FAIL;
    }
    if (answer == 0) {
        tag_count = tags_of(app, &read, walk.count, tag_keys);
        answer = read_pointers(store, tag_keys, tag_count, warnings, &tags, err);
    }
    for (size_t i = 0; answer == 0 && i < walk.count; i++)
        if (read.sound[i] && describe_environment(app, walk.keys[i], &read.pointers[i], &tags,
                                                  tag_count, &(*out)[*count], warnings))
            ++*count;
    if (*out)
        qsort(*out, *count, sizeof **out, by_env);
    pointers_finish(&tags);
    pointers_finish(&read);
    free(tag_keys);
    walk_finish(&walk);
    return answer;
}
