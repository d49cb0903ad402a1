/*
 * A part is placed where it belongs at once, so that completing an upload copies nothing: after the
 * part before it if that one's end is known, else at its number times the size of a part. A part
 * that would overlap another, or is sent again, gets a file of its own.
 */
#include "store/dir/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/file.h"
#include "store/dir/lock.h"

/* Returns true if `data` was already renamed to the object. The process that completed the upload
 * ended before it deleted the rest. */
static bool has_ended(const struct dir_upload *up, const struct dir_parts *table)
{
    for (unsigned i = 0; i < table->count; i++)
        if (table->records[i].state == PART_PLACED)
            return faccessat(up->folder, UPLOAD_DATA, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
                   errno == ENOENT;
    return false;
}

void dir_parts_close(struct dir_parts *table)
{
    free(table->records);
    close(table->fd);
}

int dir_parts_open(struct dir_parts *table, const struct dir_upload *up, struct err *err)
{
    ssize_t got;

    *table = (struct dir_parts){.fd = -1};
    if (dir_file(up->bucket, up->folder, UPLOAD_TABLE, O_RDWR | O_CREAT, &table->fd, err) < 0)
        return ERR_FAIL;
    if (dir_lock(up->bucket, table->fd, err) < 0) {
        dir_parts_close(table);
        return ERR_FAIL;
    }
    table->records = calloc(DIR_PARTS_MAX, sizeof *table->records);
    got = table->records
              ? pread(table->fd, table->records, DIR_PARTS_MAX * sizeof *table->records, 0)
              : -1;
    if (got < 0) {
        if (table->records)
            err_errno(err, errno, "upload", "cannot read an upload in %s", up->bucket->where);
        else
            err_memory(err, "the parts of an upload");
        dir_parts_close(table);
        return ERR_FAIL;
    }
    table->count = (unsigned)((size_t)got / sizeof *table->records);
    if (has_ended(up, table)) {
        dir_parts_close(table);
        return STORE_ABSENT;
    }
    return 0;
}

int dir_parts_put(const struct dir_parts *table, const struct dir_upload *up, unsigned number,
                  const struct dir_part *record, struct err *err)
{
    off_t at = (off_t)((number - 1) * sizeof *record);

    if (pwrite(table->fd, record, sizeof *record, at) != (ssize_t)sizeof *record)
        return err_errno(err, errno, "upload", "cannot note a part in %s", up->bucket->where);
    return 0;
}

static bool in_data(const struct dir_part *record)
{
    return record->state == PART_RESERVED || record->state == PART_PLACED;
}

bool dir_part_is_done(const struct dir_part *record)
{
    return record->state == PART_PLACED || record->state == PART_APART;
}

bool dir_part_has_bytes(const struct dir_upload *up, int data, unsigned number,
                        const struct dir_part *record)
{
    struct err ignored;
    char name[64];
    bool has;
    int fd;

    if (record->state != PART_APART)
        return data >= 0 && os_has_bytes(data, record->offset, record->size);
    dir_part_name(number, record->stamp, name);
    if (dir_file(up->bucket, up->folder, name, O_RDONLY, &fd, &ignored) != 0)
        return false;
    has = os_has_bytes(fd, record->offset, record->size);
    close(fd);
    return has;
}

bool dir_parts_find_offset(const struct dir_parts *table, unsigned number, uint64_t size,
                           uint64_t *offset)
{
    const struct dir_part *records = table->records;
    uint64_t unit = size;

    if (records[number - 1].state != PART_NONE)
        return false;
    for (unsigned i = 0; i < table->count; i++)
        if (in_data(&records[i])) {
            unit = records[i].size;
            break;
        }
    if (number > 1 && in_data(&records[number - 2]))
        *offset = records[number - 2].offset + records[number - 2].size;
    else
        *offset = (number - 1) * unit;
    for (unsigned i = 0; i < table->count; i++)
        if (in_data(&records[i]) && *offset < records[i].offset + records[i].size &&
            records[i].offset < *offset + size)
            return false;
    return true;
}

void dir_part_etag(const struct dir_part *record, char etag[STORE_ETAG_MAX])
{
    snprintf(etag, STORE_ETAG_MAX, "\"%" PRIx64 "-%" PRIx64 "\"", record->size, record->stamp);
}

void dir_part_name(unsigned number, uint64_t stamp, char out[64])
{
    snprintf(out, 64, "part-%u-%016" PRIx64, number, stamp);
}
