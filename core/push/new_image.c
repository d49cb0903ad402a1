/*
 * For a new image, the requests of a push find nothing, so no request depends on the response to
 * another one. This module decides only that nothing exists. If a request finds an object,
 * existing_image_find examines it.
 *
 * Documents are requested with GET. The response to a HEAD does not state whether the key or the
 * bucket is absent, so the store would send a second request.
 */
#include "push/new_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define MONTHS_MAX 16               /* of an application; with more of them, nothing is decided */
#define OPS_MAX    (2 * MONTHS_MAX) /* two documents in each month */

struct search {
    struct store *store;
    const struct image_name *name;
    char platform[PLATFORM_KEY_SIZE]; /* "": any */
    char own[7];                      /* the month of the name */
    char prefix[KEY_MAX];             /* of the folders of months */
    char others[KEY_MAX];             /* of the documents of other platforms */
    struct store_page folders, beside;
    struct store_op ops[OPS_MAX + 3];
    struct text texts[OPS_MAX + 3];
    char keys[OPS_MAX + 3][KEY_MAX];
    unsigned count;
};

static struct store_op *add(struct search *s, enum store_verb verb)
{
    struct store_op *op = &s->ops[s->count];

    *op = (struct store_op){.verb = verb, .key = s->keys[s->count]};
    s->count++;
    return op;
}

static void add_list(struct search *s, const char *prefix, char delimiter, struct store_page *page)
{
    str_copy(s->keys[s->count], KEY_MAX, prefix);
    *add(s, STORE_LIST) = (struct store_op){
        .verb = STORE_LIST, .key = s->keys[s->count - 1], .delimiter = delimiter, .page = page};
}

static void add_document(struct search *s, const char *month, const char *platform,
                         enum key_kind kind)
{
    struct text *text = &s->texts[s->count];

    key_document(s->keys[s->count], s->name, month, platform, kind);
    text_init(text, METADATA_SIZE_MAX);
    add(s, STORE_GET)->text = text;
}

/* Adds the documents that the wanted platform may have in a month. */
static void add_month(struct search *s, const char *month)
{
    add_document(s, month, "", KEY_METADATA);
    if (s->platform[0])
        add_document(s, month, s->platform, KEY_METADATA);
}

/* Runs the requests. Returns true if all lists were read and no object exists. */
static bool run(struct search *s)
{
    struct store_op *all[OPS_MAX + 3];
    struct err ignored;
    bool absent = true;

    for (unsigned i = 0; i < s->count; i++)
        all[i] = &s->ops[i];
    if (s->count && store_run_all(s->store, all, s->count, &ignored))
        absent = false;
    for (unsigned i = 0; i < s->count; i++) {
        text_finish(&s->texts[i]);
        absent = absent &&
                 s->ops[i].answer == (s->ops[i].verb == STORE_LIST ? STORE_DONE : STORE_ABSENT);
    }
    s->count = 0;
    return absent;
}

static bool is_complete(const struct store_page *page)
{
    return !page->next && !page->unsure;
}

/* Returns true if the list has no document. Data of other pushes may exist. */
static bool has_no_documents(const struct store_page *page)
{
    char month[CLOCK_MONTH_SIZE], platform[PLATFORM_KEY_SIZE];
    struct image_name name;
    enum key_kind kind;

    for (size_t i = 0; i < page->count; i++)
        if (key_parse_document(page->entries[i].key, &name, month, platform, &kind))
            return false;
    return is_complete(page);
}

/* Adds the documents of the months that the list has, except the own one. Returns false if they are
 * too many. */
static bool add_months(struct search *s)
{
    size_t length = strlen(s->prefix);

    if (!is_complete(&s->folders) || s->folders.count > MONTHS_MAX)
        return false;
    for (size_t i = 0; i < s->folders.count; i++) {
        const struct store_entry *entry = &s->folders.entries[i];
        const char *month = entry->key + length;

        if (!entry->is_prefix || strncmp(entry->key, s->prefix, length) != 0 ||
            strspn(month, "0123456789") != 6 || strcmp(month + 6, "/") != 0)
            continue;
        if (strncmp(month, s->own, 6) != 0) {
            char text[CLOCK_MONTH_SIZE];

            snprintf(text, sizeof text, "%.6s", month);
            add_month(s, text);
        }
    }
    return true;
}

static bool is_new(struct search *s)
{
    add_month(s, s->own);
    add_document(s, s->own, "", KEY_RETIRED);
    add_list(s, s->prefix, '/', &s->folders);
    add_list(s, s->others, 0, &s->beside);
    return run(s) && has_no_documents(&s->beside) && add_months(s) && run(s);
}

static void prepare(struct search *s, const struct platform *platform)
{
    size_t length;

    snprintf(s->own, sizeof s->own, "%.6s", s->name->time);
    snprintf(s->prefix, sizeof s->prefix, "images/%s/", s->name->app);
    key_document(s->others, s->name, s->own, "", KEY_METADATA);
    length = strlen(s->others) - strlen(".json");
    str_copy(s->others + length, sizeof s->others - length, "-");
    if (platform->os[0])
        platform_key(platform, s->platform);
}

bool new_image_find(struct store *store, const struct image_name *name,
                    const struct platform *platform, struct existing_image *out)
{
    struct search *s = calloc(1, sizeof *s);
    bool absent;

    if (!s)
        return false;
    s->store = store;
    s->name = name;
    prepare(s, platform);
    absent = is_new(s);
    store_page_finish(&s->folders);
    store_page_finish(&s->beside);
    if (absent) {
        *out = (struct existing_image){.found = false};
        key_image(out->key, name, s->own, KEY_ARCHIVE);
    }
    free(s);
    return absent;
}
