/*
 * archive_scan - finds the archives of images in a listing, and whether metadata describes them.
 *
 * A store lists keys in the order of their bytes. So the metadata and the tombstone of an image
 * precede its archive, without those of another image in between.
 */
#ifndef S3DOCK_CATALOG_ARCHIVE_SCAN_H
#define S3DOCK_CATALOG_ARCHIVE_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "catalog/keys.h"
#include "store/store.h"

/* Zero it before the first entry. */
struct archive_scan {
    char metadata[STORE_KEY_MAX]; /* key of the last metadata, */
    int64_t metadata_time;        /* and the time it was written: wall ns, by the store's clock */
    char retired[KEY_MAX];        /* archive of the last tombstone, "": none yet; */
    int64_t retired_time;
    bool matched; /* that archive was listed, and no metadata describes it */
};

enum archive_scan_kind {
    ARCHIVE_SCAN_OTHER,       /* not an archive */
    ARCHIVE_SCAN_MISNAMED,    /* the key ends like an archive, but is not the key of an image */
    ARCHIVE_SCAN_IMAGE,       /* an archive that scan->metadata describes */
    ARCHIVE_SCAN_RETIRED,     /* an archive with a tombstone, without metadata */
    ARCHIVE_SCAN_UNDESCRIBED, /* an archive with neither */
};

/* Classifies the next entry of a listing of "images/" or below. Sets name and month for the last
 * three kinds. */
enum archive_scan_kind archive_scan_next(struct archive_scan *scan, const struct store_entry *entry,
                                         struct image_name *name, char month[CLOCK_MONTH_SIZE]);

#endif
