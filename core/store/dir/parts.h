/*
 * parts - the table of an upload: one record for each part.
 *
 * A table is held under its own lock while it is open, so that several processes can work on one
 * upload. A range of `data` has one writer ever: a record is RESERVED before the first byte is
 * written, and PLACED after the last. An upload with placed parts but without `data` has completed;
 * it can only be aborted.
 */
#ifndef S3DOCK_STORE_DIR_PARTS_H
#define S3DOCK_STORE_DIR_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/dir/upload_folder.h"

#define DIR_PARTS_MAX 10000

enum dir_part_state { PART_NONE = 0, PART_RESERVED = 1, PART_PLACED = 2, PART_APART = 3 };

/* As in the file. */
struct dir_part {
    uint64_t state; /* enum dir_part_state */
    uint64_t offset, size;
    uint64_t stamp; /* wall ns; with the size it is the part's ETag */
};

struct dir_parts {
    int fd;
    struct dir_part *records; /* [number - 1], DIR_PARTS_MAX of them */
    unsigned count;           /* of the file */
};

/* Returns 0; STORE_ABSENT when the upload has completed; negative on failure. */
int dir_parts_open(struct dir_parts *table, const struct dir_upload *up, struct err *err);
void dir_parts_close(struct dir_parts *table);
/* Writes one record to the file. */
int dir_parts_put(const struct dir_parts *table, const struct dir_upload *up, unsigned number,
                  const struct dir_part *record, struct err *err);
/* Finds the offset of part `number` in `data`. False: it has none there. */
bool dir_parts_find_offset(const struct dir_parts *table, unsigned number, uint64_t size,
                           uint64_t *offset);

/* Returns true if the part is complete. */
bool dir_part_is_done(const struct dir_part *record);
/* Returns true if its file has all bytes of the part. After a loss of power, the table may have a
 * part whose bytes had not reached the disk. `data`: the file of the parts that have a place there,
 * open; negative: it is missing. */
bool dir_part_has_bytes(const struct dir_upload *up, int data, unsigned number,
                        const struct dir_part *record);
void dir_part_etag(const struct dir_part *record, char etag[STORE_ETAG_MAX]);
/* Names the file of a part that is not in `data`. */
void dir_part_name(unsigned number, uint64_t stamp, char out[64]);

#endif
