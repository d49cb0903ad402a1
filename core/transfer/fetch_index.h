/*
 * fetch_index - reads an index from the bucket: all of it, or the header and the needed sections.
 */
#ifndef S3DOCK_TRANSFER_FETCH_INDEX_H
#define S3DOCK_TRANSFER_FETCH_INDEX_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct index;
struct metadata;
struct store;

/* All of these fail with not_found.index if there is no index, and with integrity.index if it
 * contradicts the metadata or is damaged. The caller destroys *out. */

/* Fetches the whole index, and compares it with index_sha256, index_size, the image id and the
 * objects. Metadata without a format (a caller's own) states no objects, and index_size 0 no size.
 */
int fetch_index(struct store *store, const struct metadata *metadata, struct index **out,
                struct err *err);
/* The same for an image that is rewritten: fails with integrity.thin, which names the image. */
int fetch_index_needed(struct store *store, const struct metadata *metadata, struct index **out,
                       struct err *err);
/* Fetches the header. Guesses its size first, which nearly always suffices. Compares it with its
 * own sum, the size of the archive and the image id. */
int fetch_index_header(struct store *store, const struct metadata *metadata, struct index **out,
                       struct err *err);
/* Fetches the records of the sections for which need[i] is true, with few requests at once. */
int fetch_index_sections(struct store *store, const struct metadata *metadata, struct index *index,
                         const bool *need, struct err *err);

#endif
