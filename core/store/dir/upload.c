/*
 * An upload whose parts lie end to end in `data` is completed by renaming that file. Otherwise the
 * parts are copied into a new file.
 */
#include "store/dir/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/file.h"
#include "store/dir/copy.h"
#include "store/dir/list.h"
#include "store/dir/object.h"
#include "store/dir/parts.h"
#include "store/dir/temp.h"
#include "store/dir/upload_folder.h"

enum store_answer dir_upload_create(const struct dir_bucket *bucket, struct store_op *op,
                                    struct err *err)
{
    char id[40];

    dir_unique(id);
    if (dir_upload_make(bucket, id, op->key, err) < 0)
        return STORE_FAILED;
    str_copy(op->upload_id, sizeof op->upload_id, id);
    return STORE_DONE;
}

/* ---- completing ---- */

/* Checks that the parts of `op` exist as it names them. *end_to_end: they lie in `data` one after
 * the other. *total: bytes of all. */
static int check_parts(const struct store_op *op, const struct dir_parts *table, bool *end_to_end,
                       uint64_t *total, struct err *err)
{
    unsigned last = 0;

    *total = 0;
    *end_to_end = true;
    if (op->part_count == 0)
        return err_set(err, ERR_USAGE, "part", "an upload without parts");
    for (unsigned i = 0; i < op->part_count; i++) {
        const struct store_part *part = &op->parts[i];
        const struct dir_part *record;
        char etag[STORE_ETAG_MAX];

        if (part->number <= last || part->number > DIR_PARTS_MAX)
            return err_set(err, ERR_USAGE, "part", "part %u is out of order", part->number);
        last = part->number;
        record = &table->records[part->number - 1];
        dir_part_etag(record, etag);
        if (!dir_part_is_done(record) || strcmp(etag, part->etag) != 0)
            return err_set(err, ERR_INTEGRITY, "part",
                           "part %u of the upload is missing, or differs from the uploaded one",
                           part->number);
        *end_to_end = *end_to_end && record->state == PART_PLACED && record->offset == *total;
        *total += record->size;
    }
    return 0;
}

/* Copies the parts, one after the other, to the open temporary file `to`. */
static int copy_parts(const struct dir_upload *up, const struct store_op *op,
                      const struct dir_parts *table, int to, struct err *err)
{
    uint64_t at = 0;
    int answer = 0;

    for (unsigned i = 0; answer == 0 && i < op->part_count; i++) {
        const struct dir_part *record = &table->records[op->parts[i].number - 1];
        char name[64] = UPLOAD_DATA;
        int from;

        if (record->state == PART_APART)
            dir_part_name(op->parts[i].number, record->stamp, name);
        answer = dir_file(up->bucket, up->folder, name, O_RDONLY, &from, err);
        if (answer != 0)
            return err_set(err, ERR_INTEGRITY, "part", "part %u of an upload in %s is missing",
                           op->parts[i].number, up->bucket->where);
        answer = dir_copy(up->bucket, from, record->offset, to, at, record->size, err);
        close(from);
        at += record->size;
    }
    return answer;
}

static enum store_answer commit_copied(struct dir_bucket *bucket, const struct dir_upload *up,
                                       struct store_op *op, const struct dir_parts *table,
                                       struct err *err)
{
    enum store_answer answer = STORE_FAILED;
    struct dir_temp temp;

    if (dir_temp_create(bucket, &temp, err) < 0)
        return STORE_FAILED;
    if (copy_parts(up, op, table, temp.fd, err) == 0)
        answer = dir_commit(bucket, temp.folder, temp.name, temp.fd, op, err);
    if (answer == STORE_DONE)
        temp.name[0] = '\0';
    dir_temp_finish(&temp);
    return answer;
}

static enum store_answer commit_in_place(const struct dir_bucket *bucket,
                                         const struct dir_upload *up, struct store_op *op,
                                         uint64_t total, struct err *err)
{
    enum store_answer answer;
    struct stat st;
    int fd, found = dir_file(bucket, up->folder, UPLOAD_DATA, O_RDWR, &fd, err);

    if (found > 0)
        err_set(err, ERR_INTEGRITY, "part", "the parts of an upload in %s are missing",
                bucket->where);
    if (found != 0)
        return STORE_FAILED;
    if (fstat(fd, &st) < 0 || (uint64_t)st.st_size < total)
        answer = err_set(err, ERR_INTEGRITY, "part", "the file of an upload in %s is cut short",
                         bucket->where);
    else if (ftruncate(fd, (off_t)total) < 0) /* unwanted parts lie behind */
        answer = err_errno(err, errno, "upload", "cannot end an upload in %s", bucket->where);
    else
        answer = dir_commit(bucket, up->folder, UPLOAD_DATA, fd, op, err);
    close(fd);
    return answer;
}

/* Returns true if the upload has no parts behind those of `op`. In place, they would be cut off. */
static bool is_all(const struct store_op *op, const struct dir_parts *table)
{
    unsigned last = op->parts[op->part_count - 1].number;

    for (unsigned i = last; i < table->count; i++)
        if (table->records[i].state != PART_NONE)
            return false;
    return true;
}

enum store_answer dir_upload_complete(struct dir_bucket *bucket, struct store_op *op,
                                      struct err *err)
{
    enum store_answer answer = STORE_FAILED;
    struct dir_upload up;
    struct dir_parts table;
    uint64_t total;
    bool end_to_end;
    int found = dir_upload_open(&up, bucket, op, err);

    if (found != 0)
        return found;
    found = dir_parts_open(&table, &up, err);
    if (found != 0) {
        dir_upload_close(&up);
        return found;
    }
    if (check_parts(op, &table, &end_to_end, &total, err) == 0)
        answer = end_to_end && is_all(op, &table) ? commit_in_place(bucket, &up, op, total, err)
                                                  : commit_copied(bucket, &up, op, &table, err);
    else
        op->failure = STORE_REJECTED;
    dir_parts_close(&table);
    dir_upload_close(&up);
    if (answer == STORE_DONE)
        dir_upload_remove(bucket, op->upload_id_in);
    return answer;
}

enum store_answer dir_upload_abort(const struct dir_bucket *bucket, struct store_op *op,
                                   struct err *err)
{
    struct dir_upload up;
    int found = dir_upload_open(&up, bucket, op, err);

    if (found != 0)
        return found < 0 ? STORE_FAILED : STORE_DONE;
    dir_upload_close(&up);
    dir_upload_remove(bucket, op->upload_id_in);
    return STORE_DONE;
}

/* ---- lists ---- */

/* Adds the parts of an open upload to the page. */
static int add_parts(const struct dir_upload *up, const struct dir_parts *table,
                     struct store_op *op, struct err *err)
{
    unsigned after = op->token ? (unsigned)strtoul(op->token, NULL, 10) : 0;
    struct err ignored;
    int answer = 0, data;

    if (dir_file(up->bucket, up->folder, UPLOAD_DATA, O_RDONLY, &data, &ignored) != 0)
        data = -1;
    for (unsigned i = after; answer == 0 && i < table->count; i++) {
        const struct dir_part *record = &table->records[i];
        struct store_info info = {.size = record->size, .modified = (int64_t)record->stamp};
        char number[16];

        if (!dir_part_is_done(record) || !dir_part_has_bytes(up, data, i + 1, record))
            continue;
        if (op->page->count == DIR_PAGE) {
            op->page->next = strdup(op->page->entries[DIR_PAGE - 1].key);
            if (!op->page->next)
                answer = err_memory(err, "a page of parts");
            break;
        }
        snprintf(number, sizeof number, "%u", i + 1);
        dir_part_etag(record, info.etag);
        answer = dir_page_add(op->page, number, false, &info, err);
    }
    if (data >= 0)
        close(data);
    return answer;
}

enum store_answer dir_upload_parts(const struct dir_bucket *bucket, struct store_op *op,
                                   struct err *err)
{
    struct dir_upload up;
    struct dir_parts table;
    int answer = dir_upload_open(&up, bucket, op, err);

    if (answer != 0)
        return answer;
    answer = dir_parts_open(&table, &up, err);
    if (answer == 0) {
        answer = add_parts(&up, &table, op, err);
        dir_parts_close(&table);
    }
    dir_upload_close(&up);
    return answer;
}

/* Adds an upload to the page if its key has the prefix. */
static int add_upload(const struct dir_bucket *bucket, const char *id, struct store_op *op,
                      struct err *err)
{
    const char *prefix = op->key ? op->key : "";
    struct store_info info = {0};
    char key[STORE_KEY_MAX + 2];
    bool named;
    struct stat st;
    int fd;

    if (!dir_upload_id_is_valid(id) || dir_upload_folder(bucket, id, &fd, err) != 0)
        return 0;
    named = dir_upload_read_key(bucket, fd, key, sizeof key);
    if (fstat(fd, &st) == 0)
        info.modified = os_modified(&st);
    close(fd);
    if (!named || strncmp(key, prefix, strlen(prefix)) != 0)
        return 0;
    str_copy(info.etag, sizeof info.etag, id);
    return dir_page_add(op->page, key, false, &info, err);
}

enum store_answer dir_uploads(const struct dir_bucket *bucket, struct store_op *op, struct err *err)
{
    struct dir_names names;
    const char *leaf;
    int folder;
    int answer = dir_folder(bucket, DIR_UPLOADS "/", DIR_READ, &folder, &leaf, err);

    if (answer != 0) /* no upload was ever created: an empty page */
        return answer < 0 ? STORE_FAILED : STORE_DONE;
    answer = dir_names_read(folder, &names, bucket->where, err);
    close(folder);
    for (size_t i = 0; answer == 0 && i < names.count; i++) {
        char *id = names.names[i];

        id[strcspn(id, "/")] = '\0';
        if (op->token && strcmp(id, op->token) <= 0)
            continue;
        if (op->page->count == DIR_PAGE) {
            op->page->next = strdup(op->page->entries[DIR_PAGE - 1].info.etag);
            if (!op->page->next)
                answer = err_memory(err, "a page of uploads");
            break;
        }
        answer = add_upload(bucket, id, op, err);
    }
    dir_names_finish(&names);
    return answer;
}
