/*
 * journal - the file that says what a spool holds: a line of JSON that names the archive,
 * then a record for each range that is there.
 */
#ifndef S3DOCK_PULL_PARTIAL_JOURNAL_H
#define S3DOCK_PULL_PARTIAL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "pull/partial/partial.h"
#include "store/store.h"

struct err;

#define JOURNAL_RECORD 32 /* bytes */

struct journal_header {
    char where[256], key[STORE_KEY_MAX], etag[STORE_ETAG_MAX], image[PARTIAL_IMAGE_SIZE];
    uint64_t size;   /* of the archive */
    size_t takes;    /* bytes of the file, newline included */
    uint64_t length; /* of the file */
    int64_t touched;
};

/* Empties the file first. */
int journal_write_header(int fd, const struct partial_subject *subject, struct err *err);
/* integrity.spool: it is none. touched and length are told in any case. */
int journal_read_header(int fd, struct journal_header *header, struct err *err);

struct journal_record {
    uint64_t offset;
    uint32_t size;
    struct xxh128 sum;
};

void journal_write_record(const struct journal_record *record, uint8_t out[JOURNAL_RECORD]);
/* False: it is damaged, or speaks of bytes that an archive of that size does not have. */
bool journal_read_record(const uint8_t in[JOURNAL_RECORD], uint64_t archive_size,
                         struct journal_record *out);

#endif
