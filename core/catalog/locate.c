/* The key of the pointer is tried first, then the month of the tag, then all other months, which a
 * listing finds. */
#include "catalog/locate.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "catalog/tombstone.h"
#include "catalog/walk.h"

/* The months of a hundred years. A longer listing is an error. */
#define MONTHS_MAX   1200
#define METADATA_MAX (256 * KIB)

static int read_metadata(struct store *store, struct located *out, struct err *err)
{
    struct text text;
    int answer;

    text_init(&text, METADATA_MAX);
    answer = (int)store_get_document(store, out->metadata_key, &text, out->metadata_etag, err);
    if (answer == STORE_DONE && metadata_parse(text_view(&text), &out->metadata, err)) {
        err_wrap(err, "%s", out->metadata_key);
        answer = ERR_FAIL;
    }
    text_finish(&text);
    if (answer == STORE_DONE && metadata_check_place(&out->metadata, out->metadata_key, err)) {
        metadata_finish(&out->metadata);
        return ERR_FAIL;
    }
    return answer == STORE_DONE ? LOCATE_FOUND : answer == STORE_ABSENT ? LOCATE_ABSENT : ERR_FAIL;
}

static int try_month(struct store *store, const struct image_name *name, const char *month,
                     struct located *out, struct err *err)
{
    key_image(out->archive_key, name, month, KEY_ARCHIVE);
    key_image(out->metadata_key, name, month, KEY_METADATA);
    return read_metadata(store, out, err);
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
    struct store *store;
    const struct image_name *name;
    const char *own;
    struct located *out;
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
                                   m->name->app, MONTHS_MAX);
    if (!month_of_prefix(entry->key, month) || strcmp(month, m->own) == 0)
        return 0;
    m->answer = try_month(m->store, m->name, month, m->out, err);
    return m->answer == LOCATE_ABSENT ? 0 : ERR_FAIL;
}

/* A push depends on the absence of an image, so an incomplete listing is an error. */
static int try_other_months(struct store *store, const struct image_name *name, const char *own,
                            struct located *out, struct err *err)
{
    char prefix[KEY_MAX];
    struct months months = {
        .store = store, .name = name, .own = own, .out = out, .answer = LOCATE_ABSENT};
    struct store_op op = {.verb = STORE_LIST, .key = prefix, .delimiter = '/'};
    enum store_answer answer;

    snprintf(prefix, sizeof prefix, "images/%s/", name->app);
    answer = store_each(store, &op, try_folder, &months, err);
    if (answer == STORE_FAILED)
        return months.answer == LOCATE_ABSENT ? ERR_FAIL : months.answer;
    if (answer != STORE_DONE)
        return walk_no_bucket(store, err);
    if (op.unsure)
        return walk_refuse_unsure(prefix, err);
    return LOCATE_ABSENT;
}

/* Reads the metadata from the tombstone, unless the archive is being deleted. */
static int try_retired(struct store *store, const char *key, struct located *out, struct err *err)
{
    struct tombstone tombstone;
    int answer = LOCATE_ABSENT;

    switch (tombstone_read(store, key, &tombstone, err)) {
    case STORE_FAILED:
        return ERR_FAIL;
    case STORE_DONE:
        break;
    default:
        return LOCATE_ABSENT;
    }
    if (tombstone.metadata.size && !tombstone.deleting) {
        str_copy(out->archive_key, sizeof out->archive_key, key);
        key_sibling(out->metadata_key, key, KEY_METADATA);
        out->metadata_etag[0] = '\0';
        out->retired = true;
        answer = metadata_parse(text_view(&tombstone.metadata), &out->metadata, err) ? ERR_FAIL
                                                                                     : LOCATE_FOUND;
    }
    tombstone_finish(&tombstone);
    return answer;
}

int locate_image(struct store *store, const struct image_name *name, const char *key,
                 struct located *out, struct err *err)
{
    char own[CLOCK_MONTH_SIZE];
    int answer;

    memset(out, 0, sizeof *out);
    if (key) {
        if (!str_copy(out->archive_key, sizeof out->archive_key, key) ||
            !key_sibling(out->metadata_key, key, KEY_METADATA))
            return err_set(err, ERR_INTEGRITY, CODE_POINTER, "%s is not the key of an image", key);
        answer = read_metadata(store, out, err);
        if (answer != LOCATE_ABSENT)
            return answer;
    }
    snprintf(own, sizeof own, "%.6s", name->time);
    answer = try_month(store, name, own, out, err);
    if (answer == LOCATE_ABSENT)
        answer = try_other_months(store, name, own, out, err);
    return answer == LOCATE_ABSENT && key ? try_retired(store, key, out, err) : answer;
}

void located_finish(struct located *located)
{
    metadata_finish(&located->metadata);
}
