/*
 * One list below archive/ shows the copies of an image. The metadata of each is read until one has
 * the wanted ETag.
 */
#include "catalog/replaced_archive.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/log.h"
#include "catalog/metadata.h"

#define DOCUMENT_END "-archived-on-"

struct search {
    struct store *store;
    const char *etag; /* of the archive that is wanted, with its size */
    uint64_t size;
    char *copy; /* KEY_MAX */
    struct store_info info;
    bool found;
};

/* Reads one document below archive/. False: it is not that of the wanted archive. */
static int is_wanted(const struct search *search, const char *key, bool *wanted, struct err *err)
{
    _cleanup_text_ struct text json = {0};
    struct metadata metadata;
    enum store_answer answer;

    *wanted = false;
    text_init(&json, MIB);
    answer = store_get_document(search->store, key, &json, NULL, err);
    if (answer == STORE_FAILED)
        return ERR_FAIL;
    if (answer != STORE_DONE || metadata_parse(text_view(&json), &metadata, err))
        return 0;
    *wanted = strcmp(metadata.archive_etag, search->etag) == 0 && metadata.size == search->size;
    metadata_finish(&metadata);
    return 0;
}

static int head_copy(struct search *search, const char *document, struct err *err)
{
    enum store_answer answer;

    snprintf(search->copy, KEY_MAX, "%.*s.tar.gz", (int)(strlen(document) - strlen(".json")),
             document);
    answer = store_head(search->store, search->copy, &search->info, err);
    if (answer == STORE_FAILED)
        return ERR_FAIL;
    search->found = answer == STORE_DONE && search->info.size == search->size;
    return 0;
}

static int check_replaced(void *arg, const struct store_entry *entry, struct err *err)
{
    struct search *search = arg;
    bool wanted;

    if (search->found || entry->is_prefix || !str_ends(entry->key, ".json"))
        return 0;
    if (is_wanted(search, entry->key, &wanted, err))
        return ERR_FAIL;
    return wanted ? head_copy(search, entry->key, err) : 0;
}

int replaced_archive_find(struct store *store, const char *key, const char *etag, uint64_t size,
                          char copy[KEY_MAX], char copy_etag[STORE_ETAG_MAX], struct err *err)
{
    struct search search = {.store = store, .etag = etag, .size = size, .copy = copy};
    struct store_op list = {.verb = STORE_LIST};
    struct image_name name;
    char prefix[KEY_MAX], month[CLOCK_MONTH_SIZE];

    if (!key_parse_image(key, &name, month))
        return 0;
    key_replaced(prefix, &name, month, "", 0, KEY_METADATA);
    *(strstr(prefix, DOCUMENT_END) + strlen(DOCUMENT_END)) = '\0';
    list.key = prefix;
    if (store_each(store, &list, check_replaced, &search, err) != STORE_DONE)
        return ERR_FAIL;
    if (!search.found)
        return 0;
    log_info("%s was replaced; its copy is %s", key, copy);
    str_copy(copy_etag, STORE_ETAG_MAX, search.info.etag);
    return REPLACED_ARCHIVE_FOUND;
}
