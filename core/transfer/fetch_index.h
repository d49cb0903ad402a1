/*
 * fetch_index - an index out of the bucket: all of it, or its header and what is needed of the
 * rest.
 */
#ifndef S3DOCK_TRANSFER_FETCH_INDEX_H
#define S3DOCK_TRANSFER_FETCH_INDEX_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct index;
struct metadata;
struct store;

/* All of these fail with not_found.index when there is none, and with integrity.index when it is
 * not what the metadata says, or no index at all. The caller destroys *out. */

/* The whole, held against index_sha256 and the image id. */
int fetch_index(struct store *store, const struct metadata *metadata, struct index **out,
                struct err *err);
/* The header, by a guess that mostly is long enough; it is held against its own sum, the archive's
 * size and the image id. */
int fetch_index_header(struct store *store, const struct metadata *metadata, struct index **out,
                       struct err *err);
/* The records of those sections for which need[i], in few requests at once. */
int fetch_index_sections(struct store *store, const struct metadata *metadata, struct index *index,
                         const bool *need, struct err *err);

#endif
