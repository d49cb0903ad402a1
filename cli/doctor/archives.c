/*
 * Compares the first few archives of the bucket with their metadata. An archive with the right size
 * and another ETag shows that the bucket was copied.
 */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "catalog/keys.h"
#include "catalog/metadata.h"
#include "cli/doctor/doctor.h"
#include "store/store.h"

#define CHECKED_MAX  8
#define METADATA_END ".json"
#define METADATA_MAX (256 * KIB)

struct archive_count {
    unsigned count, moved;
};

static bool is_moved(const struct metadata *metadata, const struct store_info *archive)
{
    return metadata->archive_etag[0] && archive->etag[0] && metadata->size == archive->size &&
           strcmp(metadata->archive_etag, archive->etag) != 0;
}

static void check_archive(struct archive_count *archives, struct store *store, const char *key)
{
    char archive_key[KEY_MAX];
    struct metadata metadata;
    struct store_info archive;
    struct text text;
    struct err ignored;
    int size = (int)(strlen(key) - strlen(METADATA_END));

    snprintf(archive_key, sizeof archive_key, "%.*s.tar.gz", size, key);
    text_init(&text, METADATA_MAX);
    if (store_get_document(store, key, &text, NULL, &ignored) == STORE_DONE &&
        metadata_parse(text_view(&text), &metadata, &ignored) == 0) {
        if (store_head(store, archive_key, &archive, &ignored) == STORE_DONE) {
            archives->count++;
            archives->moved += is_moved(&metadata, &archive);
        }
        metadata_finish(&metadata);
    }
    text_finish(&text);
}

static bool is_metadata(const struct store_entry *entry)
{
    size_t size = strlen(entry->key), end = strlen(METADATA_END);

    return !entry->is_prefix && size > end && size < KEY_MAX - 8 &&
           strcmp(entry->key + size - end, METADATA_END) == 0;
}

void doctor_check_archives(struct doctor *doctor, struct store *store)
{
    struct store_page page = {0};
    struct store_op op = {.verb = STORE_LIST, .key = "images/", .page = &page, .optional = true};
    struct archive_count archives = {0};
    struct err ignored;

    if (store_run(store, &op, &ignored) == STORE_DONE)
        for (size_t i = 0; i < page.count && archives.count < CHECKED_MAX; i++)
            if (is_metadata(&page.entries[i]))
                check_archive(&archives, store, page.entries[i].key);
    if (archives.moved)
        doctor_warning(doctor, "archives",
                       "pulls are not affected; the next push of each image checks the archive and "
                       "writes its new ETag",
                       "%u of %u checked archives have another ETag than their metadata: the "
                       "bucket was copied",
                       archives.moved, archives.count);
    else if (archives.count)
        doctor_ok(doctor, "archives", "the first %u have the ETag in their metadata",
                  archives.count);
    store_page_finish(&page);
}
