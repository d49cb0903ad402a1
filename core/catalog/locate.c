/*
 * The key of the pointer is tried first, then the month of the tag, then all other months, which a
 * listing finds. In each of them, the metadata of the first platform is read; if it is absent or of
 * another platform, that of the wanted one.
 */
#include "catalog/locate.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "catalog/stems.h"
#include "catalog/tombstone.h"
#include "catalog/walk.h"

/* The months of a hundred years. A longer listing is an error. */
#define MONTHS_MAX 1200

/* The object that a search looks for. */
struct search {
    struct locate_reader *reader; /* NULL: the store alone */
    struct store *store;
    const struct image_name *name;
    const struct platform *wanted; /* NULL: the first one */
    struct located *out;
};

static int check_metadata(struct located *out, struct err *err)
{
    platform_parse(out->metadata.platform, &out->platform);
    return metadata_check_place(&out->metadata, out->metadata_key, err);
}

static enum store_answer get_document(const struct search *s, struct text *text, struct err *err)
{
    struct located *out = s->out;

    return s->reader
               ? s->reader->get(s->reader, s->store, out->metadata_key, text, out->metadata_etag,
                                err)
               : store_get_document(s->store, out->metadata_key, text, out->metadata_etag, err);
}

/* A push does not replace metadata that it cannot read, not even with --force: the image may have
 * to be kept. */
static int hint_repair(const char *key, struct err *err)
{
    return err->family == ERR_INTEGRITY
               ? err_hint(err,
                          "repair that document, or delete it with another program for S3 and "
                          "push the image again: %s",
                          key)
               : ERR_FAIL;
}

/* Reads the document under out->metadata_key. */
static int read_metadata(const struct search *s, struct err *err)
{
    struct located *out = s->out;
    struct text text;
    int answer;

    text_init(&text, METADATA_SIZE_MAX);
    answer = (int)get_document(s, &text, err);
    if (answer == STORE_DONE && metadata_parse(text_view(&text), &out->metadata, err)) {
        err_wrap(err, "%s", out->metadata_key);
        answer = ERR_FAIL;
    }
    text_finish(&text);
    if (answer == STORE_DONE && check_metadata(out, err)) {
        metadata_finish(&out->metadata);
        answer = ERR_FAIL;
    }
    if (answer == STORE_DONE || answer == STORE_ABSENT)
        return answer == STORE_DONE ? LOCATE_FOUND : LOCATE_ABSENT;
    return hint_repair(out->metadata_key, err);
}

static bool is_wanted(const struct search *s)
{
    return !s->wanted || platform_same(&s->out->platform, s->wanted);
}

/* ---- other platforms ---- */

static void add_other(struct located *out, const struct platform *platform)
{
    char text[PLATFORM_TEXT_SIZE];
    size_t at = strlen(out->others);

    platform_text(platform, text);
    out->other_count++;
    if (at + strlen(text) + sizeof ", , ..." <= sizeof out->others)
        snprintf(out->others + at, sizeof out->others - at, "%s%s", at ? ", " : "", text);
    else if (at > 3 && strcmp(out->others + at - 3, "...") != 0)
        snprintf(out->others + at, sizeof out->others - at, ", ...");
}

static int add_others(void *arg, const struct stem *stem, struct err *err)
{
    struct search *s = arg;

    (void)err;
    for (unsigned i = 0; i < stem->document_count; i++) {
        struct platform platform;

        if (stem->documents[i].kind == KEY_METADATA &&
            platform_parse_key(stem->documents[i].platform, &platform))
            add_other(s->out, &platform);
    }
    return 0;
}

/* Lists the platforms that have metadata of their own beside the image key. */
static int list_others(struct search *s, struct err *err)
{
    char prefix[KEY_MAX];
    bool unsure;

    if (!key_prefix_of_others(prefix, s->out->archive_key))
        return 0;
    return stems_each(s->store, prefix, add_others, s, NULL, &unsure, NULL, err);
}

static int refuse_platform(const struct search *s, struct err *err)
{
    return err_set(err, ERR_INTEGRITY, "document", "%s states another platform",
                   s->out->metadata_key);
}

/* Reads the metadata of the wanted platform, which is not the first one. */
static int try_platform(struct search *s, struct err *err)
{
    struct located *out = s->out;
    char platform[PLATFORM_KEY_SIZE];
    int answer;

    platform_key(s->wanted, platform);
    if (!key_sibling_document(out->metadata_key, out->archive_key, platform, KEY_METADATA))
        return LOCATE_ABSENT;
    answer = read_metadata(s, err);
    if (answer != LOCATE_FOUND || is_wanted(s))
        return answer;
    metadata_finish(&out->metadata);
    return refuse_platform(s, err);
}

/* Tries the image key that out->archive_key contains. */
static int try_key(struct search *s, struct err *err)
{
    struct located *out = s->out;
    int answer, second;

    if (!key_sibling(out->metadata_key, out->archive_key, KEY_METADATA))
        return LOCATE_ABSENT;
    answer = read_metadata(s, err);
    if (answer < 0 || (answer == LOCATE_FOUND && is_wanted(s)) || !s->wanted)
        return answer;
    if (answer == LOCATE_FOUND) {
        add_other(out, &out->platform);
        metadata_finish(&out->metadata);
    }
    second = try_platform(s, err);
    if (second == LOCATE_ABSENT && answer == LOCATE_FOUND)
        return list_others(s, err) ? ERR_FAIL : LOCATE_OTHER;
    return second;
}

/* Finds documents of other platforms beside an image key without metadata: the push of the first
 * platform was not completed. */
static int try_without_first(struct search *s, struct err *err)
{
    struct platform only;
    struct search other = {s->reader, s->store, s->name, &only, s->out};

    if (list_others(s, err))
        return ERR_FAIL;
    if (!s->out->other_count)
        return LOCATE_ABSENT;
    if (s->wanted)
        return LOCATE_OTHER;
    s->out->others[strcspn(s->out->others, ",")] = '\0';
    return platform_parse(s->out->others, &only) ? try_platform(&other, err) : LOCATE_ABSENT;
}

/* ---- months ---- */

static int try_month(struct search *s, const char *month, struct err *err)
{
    key_image(s->out->archive_key, s->name, month, KEY_ARCHIVE);
    return try_key(s, err);
}

/* "images/{app}/202611/" -> "202611". */
static bool month_of_prefix(const char *prefix, char month[CLOCK_MONTH_SIZE])
{
    size_t size = strlen(prefix);

    if (size < 7 || prefix[size - 1] != '/')
        return false;
    for (size_t i = 0; i < 6; i++) {
        month[i] = prefix[size - 7 + i];
        if (!isdigit((unsigned char)month[i]))
            return false;
    }
    month[6] = '\0';
    return true;
}

/* The search through the months other than that of the tag. */
struct months {
    struct search *search;
    const char *own;
    unsigned seen;
    int answer;
};

/* Stops the listing with ERR_FAIL as soon as `answer` differs from LOCATE_ABSENT. */
static int try_folder(void *arg, const struct store_entry *entry, struct err *err)
{
    struct months *m = arg;
    char month[CLOCK_MONTH_SIZE];

    if (++m->seen > MONTHS_MAX)
        return m->answer = err_set(err, ERR_UNSUPPORTED, "listing", "%s has more than %d folders",
                                   m->search->name->app, MONTHS_MAX);
    if (!month_of_prefix(entry->key, month) || strcmp(month, m->own) == 0)
        return 0;
    m->answer = try_month(m->search, month, err);
    return m->answer == LOCATE_ABSENT ? 0 : ERR_FAIL;
}

/* A push depends on the absence of an image, so an incomplete listing is an error. */
static int try_other_months(struct search *s, const char *own, struct err *err)
{
    char prefix[KEY_MAX];
    struct months months = {.search = s, .own = own, .answer = LOCATE_ABSENT};
    struct store_op op = {.verb = STORE_LIST, .key = prefix, .delimiter = '/'};
    enum store_answer answer;

    snprintf(prefix, sizeof prefix, "images/%s/", s->name->app);
    answer = store_each(s->store, &op, try_folder, &months, err);
    if (answer == STORE_FAILED)
        return months.answer == LOCATE_ABSENT ? ERR_FAIL : months.answer;
    if (answer != STORE_DONE)
        return walk_no_bucket(s->store, err);
    if (op.unsure)
        return walk_refuse_unsure(prefix, err);
    return LOCATE_ABSENT;
}

static int take_retired(const struct search *s, struct view document, struct err *err)
{
    struct located *out = s->out;

    if (s->reader && s->reader->take(s->reader, s->store, out->metadata_key, document, err))
        return ERR_FAIL;
    return metadata_parse(document, &out->metadata, err);
}

/* Reads the metadata of a platform ("": the first one) from its tombstone, unless the data are
 * being deleted. */
static int try_tombstone(struct search *s, const char *key, const char *platform, struct err *err)
{
    struct located *out = s->out;
    struct tombstone tombstone;
    char retired[KEY_MAX];
    int answer = LOCATE_ABSENT;

    if (!key_sibling_document(retired, key, platform, KEY_RETIRED))
        return LOCATE_ABSENT;
    switch (tombstone_get(s->store, retired, &tombstone, err)) {
    case STORE_FAILED:
        return ERR_FAIL;
    case STORE_DONE:
        break;
    default:
        return LOCATE_ABSENT;
    }
    if (tombstone.metadata.size && !tombstone.deleting) {
        str_copy(out->archive_key, sizeof out->archive_key, key);
        key_sibling_document(out->metadata_key, key, platform, KEY_METADATA);
        out->metadata_etag[0] = '\0';
        out->retired = true;
        answer = take_retired(s, text_view(&tombstone.metadata), err) ? ERR_FAIL : LOCATE_FOUND;
    }
    tombstone_finish(&tombstone);
    if (answer == LOCATE_FOUND && check_metadata(out, err)) {
        metadata_finish(&out->metadata);
        return ERR_FAIL;
    }
    return answer;
}

/* Finds a retired image. `answer`: that of the search for metadata. The first platform may be
 * there, and the wanted one retired: a cleanup was killed, or has restored only the first one. */
static int try_retired(struct search *s, const char *key, int answer, struct err *err)
{
    char platform[PLATFORM_KEY_SIZE];
    int wanted;

    if (answer == LOCATE_ABSENT) {
        answer = try_tombstone(s, key, "", err);
        if (answer != LOCATE_FOUND && (answer < 0 || !s->wanted))
            return answer;
        if (answer == LOCATE_FOUND && is_wanted(s))
            return LOCATE_FOUND;
        if (answer == LOCATE_FOUND) {
            add_other(s->out, &s->out->platform);
            metadata_finish(&s->out->metadata);
            answer = LOCATE_OTHER;
        }
    }
    platform_key(s->wanted, platform);
    wanted = try_tombstone(s, key, platform, err);
    if (wanted == LOCATE_ABSENT)
        return answer;
    if (wanted < 0 || is_wanted(s))
        return wanted;
    metadata_finish(&s->out->metadata);
    return refuse_platform(s, err);
}

/* Tries all months. */
static int try_months(struct search *s, struct err *err)
{
    char own[CLOCK_MONTH_SIZE];
    int answer;

    snprintf(own, sizeof own, "%.6s", s->name->time);
    answer = try_month(s, own, err);
    return answer == LOCATE_ABSENT ? try_other_months(s, own, err) : answer;
}

/* Searches everywhere. */
static int find_image(struct search *s, const char *key, struct err *err)
{
    struct located *out = s->out;
    int answer = LOCATE_ABSENT;

    if (key) {
        if (!str_copy(out->archive_key, sizeof out->archive_key, key) ||
            !key_sibling(out->metadata_key, key, KEY_METADATA))
            return err_set(err, ERR_INTEGRITY, CODE_POINTER, "%s is not the key of an image", key);
        answer = try_key(s, err);
    }
    if (answer == LOCATE_ABSENT)
        answer = try_months(s, err);
    if (answer > LOCATE_FOUND && key)
        answer = try_retired(s, key, answer, err);
    if (answer != LOCATE_ABSENT)
        return answer;
    if (key)
        str_copy(out->archive_key, sizeof out->archive_key, key);
    else
        key_image(out->archive_key, s->name, NULL, KEY_ARCHIVE);
    return try_without_first(s, err);
}

int locate_image_with(struct locate_reader *reader, struct store *store,
                      const struct image_name *name, const char *key, const struct platform *wanted,
                      struct located *out, struct err *err)
{
    struct search s = {.reader = reader, .store = store, .name = name, .out = out};
    int answer;

    memset(out, 0, sizeof *out);
    s.wanted = wanted && wanted->os[0] ? wanted : NULL;
    answer = find_image(&s, key, err);
    if (answer != LOCATE_FOUND || !reader || reader->judge(reader, out, err) == 0)
        return answer;
    located_finish(out);
    return ERR_FAIL;
}

int locate_image(struct store *store, const struct image_name *name, const char *key,
                 const struct platform *wanted, struct located *out, struct err *err)
{
    return locate_image_with(NULL, store, name, key, wanted, out, err);
}

int locate_refuse(const struct store *store, const struct image_name *name,
                  const struct platform *wanted, const struct located *at, struct err *err)
{
    char platform[PLATFORM_TEXT_SIZE];

    if (!at->other_count || !wanted) {
        err_set(err, ERR_NOT_FOUND, CODE_IMAGE, "there is no image %s in %s", name->ref,
                store->where);
        return err_about(err, "%s", name->app);
    }
    platform_text(wanted, platform);
    err_set(err, ERR_NOT_FOUND, CODE_PLATFORM, "%s has no image for %s; it has %s", name->ref,
            platform, at->others);
    return err_about(err, "%s", name->ref);
}

struct platforms {
    struct platform *items;
    unsigned count;
    bool retired; /* the first one is: so are the others */
};

static int add_platforms(void *arg, const struct stem *stem, struct err *err)
{
    struct platforms *list = arg;

    for (unsigned i = 0; i < stem->document_count; i++) {
        struct platform platform;

        if ((stem->documents[i].kind != KEY_METADATA && !list->retired) ||
            !platform_parse_key(stem->documents[i].platform, &platform) ||
            platform_in(list->items, list->count, &platform))
            continue;
        if (list->count == LOCATE_PLATFORMS_MAX)
            return err_set(err, ERR_UNSUPPORTED, "platforms", "%s has more than %d platforms",
                           stem->name.ref, LOCATE_PLATFORMS_MAX);
        list->items[list->count++] = platform;
    }
    return 0;
}

int locate_platforms(struct store *store, const struct image_name *name, const char *key,
                     struct platform out[LOCATE_PLATFORMS_MAX], unsigned *count, struct err *err)
{
    struct platforms list = {.items = out, .count = 1};
    char prefix[KEY_MAX];
    struct located at;
    int answer = locate_image(store, name, key, NULL, &at, err);

    *count = 0;
    if (answer != LOCATE_FOUND)
        return answer;
    out[0] = at.platform;
    list.retired = at.retired;
    located_finish(&at);
    if (key_prefix_of_others(prefix, at.archive_key) &&
        stems_each(store, prefix, add_platforms, &list, NULL, NULL, NULL, err))
        return ERR_FAIL;
    *count = list.count;
    return LOCATE_FOUND;
}

void located_finish(struct located *located)
{
    metadata_finish(&located->metadata);
}
