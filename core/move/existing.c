#include "move/existing.h"

#include <string.h>

#include "base/clock.h"
#include "move/copy.h"

/* Replacements of one image within one minute that get names of their own. */
#define SAME_MINUTE_MAX 1000

int existing_find(struct store *store, const struct image_name *name, struct existing *out,
                  struct err *err)
{
    int answer = locate_image(store, name, NULL, &out->at, err);

    out->found = answer == LOCATE_FOUND;
    out->has_archive = out->whole = false;
    if (answer != LOCATE_FOUND)
        return answer == LOCATE_ABSENT ? 0 : ERR_FAIL;
    switch (store_head(store, out->at.archive_key, &out->archive, err)) {
    case STORE_DONE:
        out->has_archive = true;
        out->whole = out->archive.size == out->at.metadata.size &&
                     (!out->at.metadata.archive_etag[0] ||
                      strcmp(out->at.metadata.archive_etag, out->archive.etag) == 0);
        return 0;
    case STORE_FAILED:
        existing_finish(out);
        return ERR_FAIL;
    default:
        return 0;
    }
}

void existing_finish(struct existing *existing)
{
    if (existing->found)
        located_finish(&existing->at);
    existing->found = false;
}

bool existing_is(const struct existing *existing, const char *id)
{
    const struct metadata *metadata = &existing->at.metadata;

    if (!existing->whole || !id[0])
        return false;
    return strcmp(metadata->image_id, id) == 0 || strcmp(metadata->engine_id, id) == 0;
}

/* The first name of this minute that is free. */
static int free_name(struct store *store, const struct image_name *name, const char *month,
                     const char *stamp, unsigned *n, struct err *err)
{
    for (*n = 1; *n <= SAME_MINUTE_MAX; ++*n) {
        char key[KEY_MAX];
        struct store_info info;

        key_replaced(key, name, month, stamp, *n, KEY_ARCHIVE);
        switch (store_head(store, key, &info, err)) {
        case STORE_ABSENT:
            return 0;
        case STORE_FAILED:
            return ERR_FAIL;
        default:
            break;
        }
    }
    return err_set(err, ERR_CONFLICT, "archive", "%s was replaced too often within this minute",
                   name->ref);
}

static int keep_document(struct store *store, const char *source, const char *key, uint64_t *copied,
                         struct err *err)
{
    struct store_info info;

    switch (store_head(store, source, &info, err)) {
    case STORE_DONE:
        return copy_object(store, source, &info, key, copied, err) < 0 ? ERR_FAIL : 0;
    case STORE_ABSENT:
        return 0;
    default:
        return ERR_FAIL;
    }
}

int existing_keep(struct store *store, const struct image_name *name,
                  const struct existing *existing, uint64_t *copied, struct err *err)
{
    static const enum key_kind documents[] = {KEY_INDEX, KEY_METADATA};
    char stamp[CLOCK_STAMP_SIZE], month[CLOCK_MONTH_SIZE], key[KEY_MAX], source[KEY_MAX];
    struct image_name ignored;
    unsigned n;

    if (!existing->has_archive)
        return 0;
    if (!key_parse_image(existing->at.archive_key, &ignored, month))
        clock_month(clock_wall(), month);
    clock_stamp(clock_wall(), stamp);
    if (free_name(store, name, month, stamp, &n, err))
        return ERR_FAIL;
    key_replaced(key, name, month, stamp, n, KEY_ARCHIVE);
    switch (copy_object(store, existing->at.archive_key, &existing->archive, key, copied, err)) {
    case 0:
        break;
    case COPY_ABSENT:
        err_set(err, ERR_CONFLICT, "changed", "%s was removed by somebody else meanwhile",
                existing->at.archive_key);
        return err_hint(err, "run the same command again");
    default:
        return err_wrap(err, "cannot keep the image that is being replaced");
    }
    for (size_t i = 0; i < ARRAY_SIZE(documents); i++) {
        key_replaced(key, name, month, stamp, n, documents[i]);
        if (!key_sibling(source, existing->at.archive_key, documents[i]))
            continue;
        if (keep_document(store, source, key, copied, err))
            return err_wrap(err, "cannot keep the image that is being replaced");
    }
    return 0;
}
