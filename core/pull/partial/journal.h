/*
 * journal - the file that lists the bytes of a partial download: a line of JSON that names the
 * archive, then one record for each range.
 */
#ifndef S3DOCK_PULL_PARTIAL_JOURNAL_H
#define S3DOCK_PULL_PARTIAL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "store/store.h"

struct err;

#define PARTIAL_RANGE_MAX  (4 * MIB) /* bytes of one range */
#define PARTIAL_IMAGE_SIZE 256

/* The archive that is downloaded. Strings are borrowed for the call. */
struct partial_subject {
    const char *store; /* identity of the store */
    const char *where; /* the store, for people */
    const char *key;
    const char *etag;
    const char *image; /* "app:tag" */
    uint64_t size;     /* of the archive */
};

struct journal_header {
    char where[256], key[STORE_KEY_MAX], etag[STORE_ETAG_MAX], image[PARTIAL_IMAGE_SIZE];
    uint64_t size;   /* of the archive */
    size_t takes;    /* bytes of the header in the file, newline included */
    uint64_t length; /* of the file */
    int64_t touched; /* seconds since 1970: last change of the file */
};

/* Empties the file and writes the header. */
int journal_write_header(int fd, const struct partial_subject *subject, struct err *err);
/* Fails with integrity.spool if the file has no valid header. Sets touched and length in any case.
 */
int journal_read_header(int fd, struct journal_header *header, struct err *err);

#define JOURNAL_RECORD 32 /* bytes */

struct journal_record {
    uint64_t offset; /* of the range in the archive */
    uint32_t size;
    struct xxh128 sum; /* of the range */
};

void journal_write_record(const struct journal_record *record, uint8_t out[JOURNAL_RECORD]);
/* Reads a record. Returns false if the record is damaged, or if its range is outside of an archive
 * of that size. */
bool journal_read_record(const uint8_t in[JOURNAL_RECORD], uint64_t archive_size,
                         struct journal_record *out);

#endif
