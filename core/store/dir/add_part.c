/*
 * The table is locked only to reserve a place and to record the part, not while its bytes are
 * written. Parts are synced when the upload completes.
 */
#include "store/dir/add_part.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/disk.h"
#include "store/dir/copy.h"
#include "store/dir/object.h"
#include "store/dir/parts.h"
#include "store/dir/upload_folder.h"

/* The place of one part. */
struct place {
    bool apart; /* in a file of its own */
    uint64_t offset, stamp;
    char name[64]; /* of the file */
    int fd;
};

/* Reserves a place for a part and opens it for writing. */
static int place_open(struct place *place, const struct dir_upload *up, unsigned number,
                      uint64_t size, struct err *err)
{
    struct dir_parts table;
    uint64_t before;
    int flags = O_RDWR | O_CREAT;
    int found = dir_parts_open(&table, up, err);

    if (found != 0)
        return found;
    before = table.records[number - 1].stamp;
    *place = (struct place){.stamp = (uint64_t)clock_wall(), .fd = -1};
    if (place->stamp <= before)
        place->stamp = before + 1;
    place->apart = !dir_parts_find_offset(&table, number, size, &place->offset);
    if (place->apart) {
        place->offset = 0;
        flags |= O_EXCL;
        dir_part_name(number, place->stamp, place->name);
    } else {
        struct dir_part record = {PART_RESERVED, place->offset, size, place->stamp};

        snprintf(place->name, sizeof place->name, UPLOAD_DATA);
        if (dir_parts_put(&table, up, number, &record, err) < 0) {
            dir_parts_close(&table);
            return ERR_FAIL;
        }
    }
    dir_parts_close(&table);
    return dir_file(up->bucket, up->folder, place->name, flags, &place->fd, err);
}

/* Records a part that was written. Of several writers of one part, the last one counts. */
static int place_record(const struct place *place, const struct dir_upload *up, unsigned number,
                        uint64_t size, struct err *err)
{
    struct dir_part record = {place->apart ? PART_APART : PART_PLACED, place->offset, size,
                              place->stamp};
    struct dir_part old;
    struct dir_parts table;
    int answer = dir_parts_open(&table, up, err);

    if (answer != 0)
        return answer;
    old = table.records[number - 1];
    if (!place->apart && old.stamp != place->stamp)
        answer = err_set(err, ERR_CONFLICT, "part",
                         "another writer has sent part %u at the same time", number);
    else
        answer = dir_parts_put(&table, up, number, &record, err);
    dir_parts_close(&table);
    if (answer == 0 && old.state == PART_APART) {
        char name[64];

        dir_part_name(number, old.stamp, name);
        unlinkat(up->folder, name, 0);
    }
    return answer;
}

static void place_close(struct place *place, const struct dir_upload *up, bool failed)
{
    if (place->fd >= 0)
        close(place->fd);
    if (failed && place->apart)
        unlinkat(up->folder, place->name, 0);
}

/* Adds a part from op->body, or from the open object `source` if it is not negative. */
static enum store_answer add_part(const struct dir_bucket *bucket, struct store_op *op, int source,
                                  uint64_t size, struct err *err)
{
    struct dir_upload up;
    struct place place = {.fd = -1};
    int answer;

    if (op->part_number < 1 || op->part_number > DIR_PARTS_MAX)
        return err_set(err, ERR_USAGE, "part", "there is no part %u: 1 to %d", op->part_number,
                       DIR_PARTS_MAX);
    answer = dir_upload_open(&up, bucket, op, err);
    if (answer != 0)
        return answer;
    answer = place_open(&place, &up, op->part_number, size, err);
    if (answer == 0)
        answer = source < 0
                     ? dir_write(bucket, place.fd, op->body, place.offset, err)
                     : dir_copy(bucket, source, op->offset, place.fd, place.offset, size, err);
    if (answer == 0) {
        os_start_write(place.fd, place.offset, size);
        answer = place_record(&place, &up, op->part_number, size, err);
    }
    place_close(&place, &up, answer != 0);
    dir_upload_close(&up);
    if (answer == 0) {
        struct dir_part record = {.size = size, .stamp = place.stamp};

        op->info.size = size;
        dir_part_etag(&record, op->info.etag);
    }
    return answer;
}

enum store_answer dir_upload_part(const struct dir_bucket *bucket, struct store_op *op,
                                  struct err *err)
{
    return add_part(bucket, op, -1, op->body.size, err);
}

enum store_answer dir_upload_copy_part(const struct dir_bucket *bucket, struct store_op *op,
                                       struct err *err)
{
    struct store_info info;
    enum store_answer answer;
    int fd;
    int found = dir_object_open(bucket, op->source, &fd, &info, err);

    if (found != 0)
        return found;
    if (op->if_match && strcmp(op->if_match, info.etag) != 0)
        answer = STORE_CHANGED;
    else if (op->offset > info.size || op->length > info.size - op->offset)
        answer = err_set(err, ERR_INTEGRITY, "range", "\"%s\" has no bytes %" PRIu64 " to %" PRIu64,
                         op->source, op->offset, op->offset + op->length);
    else
        answer = add_part(bucket, op, fd, op->length ? op->length : info.size - op->offset, err);
    close(fd);
    return answer;
}
