/*
 * Keys are compared with the ones seen before, so a key that the store lists twice, as at the
 * border of two pages, is classified twice in the same way.
 */
#include "catalog/archive_scan.h"

#include <string.h>

#include "base/bytes.h"

static bool ends_with(const char *text, const char *ending)
{
    size_t size = strlen(text), tail = strlen(ending);

    return size >= tail && strcmp(text + size - tail, ending) == 0;
}

static void note_tombstone(struct archive_scan *scan, const struct store_entry *entry)
{
    char archive[KEY_MAX];

    if (!key_of_retired(archive, entry->key) || strcmp(archive, scan->retired) == 0)
        return;
    memcpy(scan->retired, archive, sizeof archive);
    scan->retired_time = entry->info.modified;
    scan->matched = false;
}

enum archive_scan_kind archive_scan_next(struct archive_scan *scan, const struct store_entry *entry,
                                         struct image_name *name, char month[CLOCK_MONTH_SIZE])
{
    char metadata[KEY_MAX];

    if (ends_with(entry->key, ".json")) {
        str_copy(scan->metadata, sizeof scan->metadata, entry->key);
        scan->metadata_time = entry->info.modified;
    }
    note_tombstone(scan, entry);
    if (!ends_with(entry->key, ".tar.gz"))
        return ARCHIVE_SCAN_OTHER;
    if (!key_parse_image(entry->key, name, month) ||
        !key_sibling(metadata, entry->key, KEY_METADATA))
        return ARCHIVE_SCAN_MISNAMED;
    if (strcmp(metadata, scan->metadata) == 0)
        return ARCHIVE_SCAN_IMAGE;
    if (strcmp(scan->retired, entry->key) != 0)
        return ARCHIVE_SCAN_UNDESCRIBED;
    scan->matched = true;
    return ARCHIVE_SCAN_RETIRED;
}
