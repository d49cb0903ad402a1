/*
 * replaced_archive - finds the copy of an archive that a push has replaced in place.
 *
 * Only an archive under the key of its image can be replaced. The push that does so first copies
 * the archive and its metadata below archive/. So the metadata there, with the wanted ETag, names
 * the copy.
 */
#ifndef S3DOCK_CATALOG_REPLACED_ARCHIVE_H
#define S3DOCK_CATALOG_REPLACED_ARCHIVE_H

#include <stdint.h>

#include "catalog/keys.h"
#include "store/store.h"

struct err;

/* Looks for the copy of the archive that had this ETag and size. REPLACED_ARCHIVE_FOUND: `copy` and
 * `copy_etag` are set. 0: there is none, or `key` is not that of an archive. Waits. */
enum { REPLACED_ARCHIVE_FOUND = 1 };
int replaced_archive_find(struct store *store, const char *key, const char *etag, uint64_t size,
                          char copy[KEY_MAX], char copy_etag[STORE_ETAG_MAX], struct err *err);

#endif
