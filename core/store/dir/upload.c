/*
 * An unfinished upload is a folder .s3dock/uploads/<id> with
 *
 *   key     the key it is for
 *   data    the object to be, parts at the offsets they will have
 *   table   a record of 32 bytes a part: where it lies, how long it is, when it was written
 *   part-*  parts that could not be placed in `data`
 *
 * Completing an upload should not copy what was just written, so a part is placed where it belongs
 * at once: after the part before it when that one's end is known, else where it would be if all
 * parts had one size. A part that overlaps another that way, and one that is sent again, becomes a
 * file of its own. At completion the parts either lie end to end in `data`, which is then renamed
 * to its key, or are copied together into a new file.
 *
 * The table is read and changed under its own lock, so several processes may work on one upload. A
 * range of `data` has one writer ever: a record says RESERVED before the first byte is written
 * and PLACED after the last. Parts are synced when the upload completes. An upload whose parts lie
 * in a `data` that is not there any more has completed: it can only be aborted.
 */
#include "store/dir/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/dir/list.h"
#include "store/dir/lock.h"

#define KEY_FILE   "key"
#define DATA_FILE  "data"
#define TABLE_FILE "table"

enum part_state { PART_NONE = 0, PART_RESERVED = 1, PART_PLACED = 2, PART_APART = 3 };

struct part_record {
    uint64_t state; /* enum part_state */
    uint64_t offset, size;
    uint64_t stamp; /* wall ns; with the size it makes the part's ETag */
};

/* The table, held under its lock while it is open. */
struct table {
    int fd;
    struct part_record *records; /* [number - 1] */
    unsigned count;
};

struct upload {
    const struct dir_bucket *bucket;
    int folder;
};

/* Where one part goes. */
struct output_path {
    bool apart;
    uint64_t offset, stamp;
    char name[64]; /* of the file */
    int fd;
};

static bool id_is_ours(const char *id)
{
    return id && strlen(id) < 40 && *id && id[strspn(id, "0123456789abcdef-")] == '\0';
}

static bool key_of_upload(const struct dir_bucket *bucket, int folder, char *out, size_t size)
{
    struct err ignored;
    ssize_t got = -1;
    int fd;

    if (dir_file(bucket, folder, KEY_FILE, O_RDONLY, &fd, &ignored) == 0) {
        got = read(fd, out, size - 1);
        close(fd);
    }
    out[got < 0 ? 0 : got] = '\0';
    return got > 0;
}

static int folder_of_id(const struct dir_bucket *bucket, const char *id, int *fd, struct err *err)
{
    char path[sizeof DIR_UPLOADS + 48];
    const char *leaf;

    snprintf(path, sizeof path, DIR_UPLOADS "/%s/", id);
    return dir_folder(bucket, path, false, fd, &leaf, err);
}

/* 0, STORE_ABSENT when there is no such upload for this key, negative on failure. */
static int upload_open(struct upload *up, const struct dir_bucket *bucket,
                       const struct store_op *op, struct err *err)
{
    char key[STORE_KEY_MAX + 2];
    int answer;

    *up = (struct upload){.bucket = bucket, .folder = -1};
    if (!id_is_ours(op->upload_id_in))
        return STORE_ABSENT;
    answer = folder_of_id(bucket, op->upload_id_in, &up->folder, err);
    if (answer != 0)
        return answer;
    if (key_of_upload(bucket, up->folder, key, sizeof key) && strcmp(key, op->key) == 0)
        return 0;
    close(up->folder);
    return STORE_ABSENT;
}

static void upload_close(struct upload *up)
{
    close(up->folder);
}

static void table_close(struct table *table)
{
    free(table->records);
    close(table->fd);
}

/* Whether `data` has become the object already. Who completed the upload was ended before it could
 * remove what is left of it. */
static bool has_ended(const struct upload *up, const struct table *table)
{
    for (unsigned i = 0; i < table->count; i++)
        if (table->records[i].state == PART_PLACED)
            return faccessat(up->folder, DATA_FILE, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
                   errno == ENOENT;
    return false;
}

/* 0, STORE_ABSENT when the upload has ended, negative on failure. */
static int table_open(struct table *table, const struct upload *up, struct err *err)
{
    ssize_t got;

    *table = (struct table){.fd = -1};
    if (dir_file(up->bucket, up->folder, TABLE_FILE, O_RDWR | O_CREAT, &table->fd, err) < 0)
        return ERR_FAIL;
    if (dir_lock(up->bucket, table->fd, err) < 0) {
        table_close(table);
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
        table_close(table);
        return ERR_FAIL;
    }
    table->count = (unsigned)((size_t)got / sizeof *table->records);
    if (has_ended(up, table)) {
        table_close(table);
        return STORE_ABSENT;
    }
    return 0;
}

static int table_put(const struct table *table, const struct upload *up, unsigned number,
                     const struct part_record *record, struct err *err)
{
    off_t at = (off_t)((number - 1) * sizeof *record);

    if (pwrite(table->fd, record, sizeof *record, at) != (ssize_t)sizeof *record)
        return err_errno(err, errno, "upload", "cannot note a part in %s", up->bucket->where);
    return 0;
}

static bool in_data(const struct part_record *record)
{
    return record->state == PART_RESERVED || record->state == PART_PLACED;
}

static bool is_done(const struct part_record *record)
{
    return record->state == PART_PLACED || record->state == PART_APART;
}

/* Where part `number` would lie in `data`; false when it cannot lie there. */
static bool find_offset(const struct table *table, unsigned number, uint64_t size, uint64_t *offset)
{
    const struct part_record *records = table->records;
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

/* A place for a part, open for writing. */
static int place_open(struct output_path *place, const struct upload *up, unsigned number,
                      uint64_t size, struct err *err)
{
    struct table table;
    uint64_t before;
    int flags = O_RDWR | O_CREAT;
    int found = table_open(&table, up, err);

    if (found != 0)
        return found;
    before = table.records[number - 1].stamp;
    *place = (struct output_path){.stamp = (uint64_t)clock_wall(), .fd = -1};
    if (place->stamp <= before)
        place->stamp = before + 1;
    place->apart = !find_offset(&table, number, size, &place->offset);
    if (place->apart) {
        place->offset = 0;
        flags |= O_EXCL;
        snprintf(place->name, sizeof place->name, "part-%u-%016" PRIx64, number, place->stamp);
    } else {
        struct part_record record = {PART_RESERVED, place->offset, size, place->stamp};

        snprintf(place->name, sizeof place->name, DATA_FILE);
        if (table_put(&table, up, number, &record, err) < 0) {
            table_close(&table);
            return ERR_FAIL;
        }
    }
    table_close(&table);
    return dir_file(up->bucket, up->folder, place->name, flags, &place->fd, err);
}

static void part_etag(const struct part_record *record, char etag[STORE_ETAG_MAX])
{
    snprintf(etag, STORE_ETAG_MAX, "\"%" PRIx64 "-%" PRIx64 "\"", record->size, record->stamp);
}

/* The part is written: notes it. The last to come here is the part. */
static int place_settle(const struct output_path *place, const struct upload *up, unsigned number,
                        uint64_t size, struct err *err)
{
    struct part_record record = {place->apart ? PART_APART : PART_PLACED, place->offset, size,
                                 place->stamp};
    struct part_record old;
    struct table table;
    int answer = table_open(&table, up, err);

    if (answer != 0)
        return answer;
    old = table.records[number - 1];
    if (!place->apart && old.stamp != place->stamp)
        answer = err_set(err, ERR_CONFLICT, "part", "part %u was sent by somebody else meanwhile",
                         number);
    else
        answer = table_put(&table, up, number, &record, err);
    table_close(&table);
    if (answer == 0 && old.state == PART_APART) {
        char name[64];

        snprintf(name, sizeof name, "part-%u-%016" PRIx64, number, old.stamp);
        unlinkat(up->folder, name, 0);
    }
    return answer;
}

static void place_close(struct output_path *place, const struct upload *up, bool failed)
{
    if (place->fd >= 0)
        close(place->fd);
    if (failed && place->apart)
        unlinkat(up->folder, place->name, 0);
}

/* Starts the disk on what was written, so that the sync at the end has little left to do. */
static void write_behind(int fd, uint64_t offset, uint64_t size)
{
#ifdef SYNC_FILE_RANGE_WRITE
    sync_file_range(fd, (off_t)offset, (off_t)size, SYNC_FILE_RANGE_WRITE);
#else
    (void)fd, (void)offset, (void)size;
#endif
}

/* One part, from memory or (source >= 0) from an object. */
static enum store_answer add_part(const struct dir_bucket *bucket, struct store_op *op, int source,
                                  uint64_t size, struct err *err)
{
    struct upload up;
    struct output_path place = {.fd = -1};
    int answer;

    if (op->part_number < 1 || op->part_number > DIR_PARTS_MAX)
        return err_set(err, ERR_USAGE, "part", "there is no part %u: 1 to %d", op->part_number,
                       DIR_PARTS_MAX);
    answer = upload_open(&up, bucket, op, err);
    if (answer != 0)
        return answer;
    answer = place_open(&place, &up, op->part_number, size, err);
    if (answer == 0)
        answer = source < 0
                     ? dir_write(bucket, place.fd, op->body, place.offset, err)
                     : dir_copy(bucket, source, op->offset, place.fd, place.offset, size, err);
    if (answer == 0) {
        write_behind(place.fd, place.offset, size);
        answer = place_settle(&place, &up, op->part_number, size, err);
    }
    place_close(&place, &up, answer != 0);
    upload_close(&up);
    if (answer == 0) {
        struct part_record record = {.size = size, .stamp = place.stamp};

        op->info.size = size;
        part_etag(&record, op->info.etag);
    }
    return answer;
}

/* A folder with its key file in it, made in `tmp` and moved to `uploads` when it is whole. */
static int make_upload(const struct dir_bucket *bucket, int tmp, int uploads, const char *id,
                       const char *key, struct err *err)
{
    int folder, fd = -1, answer = 0;

    if (mkdirat(tmp, id, 0777) < 0)
        return err_errno(err, errno, "upload", "cannot start an upload in %s", bucket->where);
    folder = openat(tmp, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder >= 0)
        fd = openat(folder, KEY_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        answer = err_errno(err, errno, "upload", "cannot start an upload in %s", bucket->where);
    else
        answer = dir_write(bucket, fd, view_str(key), 0, err);
    if (answer == 0 && renameat(tmp, id, uploads, id) < 0)
        answer = err_errno(err, errno, "upload", "cannot start an upload in %s", bucket->where);
    if (fd >= 0)
        close(fd);
    if (folder >= 0)
        close(folder);
    if (answer != 0)
        dir_remove_folder(tmp, id, NULL);
    return answer;
}

enum store_answer dir_upload_create(const struct dir_bucket *bucket, struct store_op *op,
                                    struct err *err)
{
    char id[40];
    const char *leaf;
    int tmp, uploads, answer;

    if (dir_folder(bucket, DIR_TMP "/", true, &tmp, &leaf, err) < 0)
        return STORE_FAILED;
    answer = dir_folder(bucket, DIR_UPLOADS "/", true, &uploads, &leaf, err);
    if (answer == 0) {
        dir_unique(id);
        answer = make_upload(bucket, tmp, uploads, id, op->key, err);
        close(uploads);
    }
    close(tmp);
    if (answer == 0)
        str_copy(op->upload_id, sizeof op->upload_id, id);
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

/* The records of the parts that op names, in order; refuses what is not there. */
static int check_parts(const struct store_op *op, const struct table *table, bool *end_to_end,
                       uint64_t *total, struct err *err)
{
    unsigned last = 0;

    *total = 0;
    *end_to_end = true;
    if (op->part_count == 0)
        return err_set(err, ERR_USAGE, "part", "an upload without parts");
    for (unsigned i = 0; i < op->part_count; i++) {
        const struct store_part *part = &op->parts[i];
        const struct part_record *record;
        char etag[STORE_ETAG_MAX];

        if (part->number <= last || part->number > DIR_PARTS_MAX)
            return err_set(err, ERR_USAGE, "part", "part %u is out of order", part->number);
        last = part->number;
        record = &table->records[part->number - 1];
        part_etag(record, etag);
        if (!is_done(record) || strcmp(etag, part->etag) != 0)
            return err_set(err, ERR_INTEGRITY, "part", "part %u of the upload is not what was sent",
                           part->number);
        *end_to_end = *end_to_end && record->state == PART_PLACED && record->offset == *total;
        *total += record->size;
    }
    return 0;
}

/* Copies the parts together: into a file that has no name yet but a temporary one. */
static int gather(const struct upload *up, const struct store_op *op, const struct table *table,
                  int to, struct err *err)
{
    uint64_t at = 0;
    int answer = 0;

    for (unsigned i = 0; answer == 0 && i < op->part_count; i++) {
        const struct part_record *record = &table->records[op->parts[i].number - 1];
        char name[64] = DATA_FILE;
        int from;

        if (record->state == PART_APART)
            snprintf(name, sizeof name, "part-%u-%016" PRIx64, op->parts[i].number, record->stamp);
        answer = dir_file(up->bucket, up->folder, name, O_RDONLY, &from, err);
        if (answer != 0)
            return err_set(err, ERR_INTEGRITY, "part", "part %u of an upload in %s is gone",
                           op->parts[i].number, up->bucket->where);
        answer = dir_copy(up->bucket, from, record->offset, to, at, record->size, err);
        close(from);
        at += record->size;
    }
    return answer;
}

static enum store_answer commit_gathered(struct dir_bucket *bucket, const struct upload *up,
                                         struct store_op *op, const struct table *table,
                                         struct err *err)
{
    enum store_answer answer = STORE_FAILED;
    struct dir_temp temp;

    if (dir_temp_create(bucket, &temp, err) < 0)
        return STORE_FAILED;
    if (gather(up, op, table, temp.fd, err) == 0)
        answer = dir_commit(bucket, temp.folder, temp.name, temp.fd, op, err);
    if (answer == STORE_DONE)
        temp.name[0] = '\0';
    dir_temp_finish(&temp);
    return answer;
}

static enum store_answer commit_in_place(const struct dir_bucket *bucket, const struct upload *up,
                                         struct store_op *op, uint64_t total, struct err *err)
{
    enum store_answer answer;
    int fd, found = dir_file(bucket, up->folder, DATA_FILE, O_RDWR, &fd, err);

    if (found > 0)
        err_set(err, ERR_INTEGRITY, "part", "the parts of an upload in %s are gone", bucket->where);
    if (found != 0)
        return STORE_FAILED;
    if (ftruncate(fd, (off_t)total) < 0) /* parts that are not wanted lie behind */
        answer = err_errno(err, errno, "upload", "cannot end an upload in %s", bucket->where);
    else
        answer = dir_commit(bucket, up->folder, DATA_FILE, fd, op, err);
    close(fd);
    return answer;
}

/* Parts that the upload has behind those that op names would be cut off in place. */
static bool is_all(const struct store_op *op, const struct table *table)
{
    unsigned last = op->parts[op->part_count - 1].number;

    for (unsigned i = last; i < table->count; i++)
        if (table->records[i].state != PART_NONE)
            return false;
    return true;
}

static void remove_upload(const struct dir_bucket *bucket, const char *id)
{
    const char *leaf;
    struct err ignored;
    int uploads;

    if (dir_folder(bucket, DIR_UPLOADS "/", false, &uploads, &leaf, &ignored) != 0)
        return;
    dir_remove_folder(uploads, id, KEY_FILE); /* while it has its key it can be found and aborted */
    close(uploads);
}

enum store_answer dir_upload_complete(struct dir_bucket *bucket, struct store_op *op,
                                      struct err *err)
{
    enum store_answer answer = STORE_FAILED;
    struct upload up;
    struct table table;
    uint64_t total;
    bool end_to_end;
    int found = upload_open(&up, bucket, op, err);

    if (found != 0)
        return found;
    found = table_open(&table, &up, err);
    if (found != 0) {
        upload_close(&up);
        return found;
    }
    if (check_parts(op, &table, &end_to_end, &total, err) == 0)
        answer = end_to_end && is_all(op, &table) ? commit_in_place(bucket, &up, op, total, err)
                                                  : commit_gathered(bucket, &up, op, &table, err);
    else
        op->failure = STORE_REJECTED;
    table_close(&table);
    upload_close(&up);
    if (answer == STORE_DONE)
        remove_upload(bucket, op->upload_id_in);
    return answer;
}

enum store_answer dir_upload_abort(const struct dir_bucket *bucket, struct store_op *op,
                                   struct err *err)
{
    struct upload up;
    int found = upload_open(&up, bucket, op, err);

    if (found != 0)
        return found < 0 ? STORE_FAILED : STORE_DONE;
    upload_close(&up);
    remove_upload(bucket, op->upload_id_in);
    return STORE_DONE;
}

enum store_answer dir_upload_parts(const struct dir_bucket *bucket, struct store_op *op,
                                   struct err *err)
{
    unsigned after = op->token ? (unsigned)strtoul(op->token, NULL, 10) : 0;
    struct upload up;
    struct table table;
    int answer = upload_open(&up, bucket, op, err);

    if (answer != 0)
        return answer;
    answer = table_open(&table, &up, err);
    if (answer != 0) {
        upload_close(&up);
        return answer;
    }
    for (unsigned i = after; answer == 0 && i < table.count; i++) {
        const struct part_record *record = &table.records[i];
        struct store_info info = {.size = record->size, .modified = (int64_t)record->stamp};
        char number[16];

        if (!is_done(record))
            continue;
        if (op->page->count == DIR_PAGE) {
            op->page->next = strdup(op->page->entries[DIR_PAGE - 1].key);
            if (!op->page->next)
                answer = err_memory(err, "a page of parts");
            break;
        }
        snprintf(number, sizeof number, "%u", i + 1);
        part_etag(record, info.etag);
        answer = dir_page_add(op->page, number, false, &info, err);
    }
    table_close(&table);
    upload_close(&up);
    return answer;
}

/* One upload for the page, if it is one and its key has the prefix. */
static int show_upload(const struct dir_bucket *bucket, const char *id, struct store_op *op,
                       struct err *err)
{
    const char *prefix = op->key ? op->key : "";
    struct store_info info = {0};
    char key[STORE_KEY_MAX + 2];
    bool named;
    struct stat st;
    int fd;

    if (!id_is_ours(id) || folder_of_id(bucket, id, &fd, err) != 0)
        return 0;
    named = key_of_upload(bucket, fd, key, sizeof key);
    if (fstat(fd, &st) == 0)
        info.modified = (int64_t)st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
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
    int answer = dir_folder(bucket, DIR_UPLOADS "/", false, &folder, &leaf, err);

    if (answer != 0) /* no upload was ever begun: an empty page */
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
        answer = show_upload(bucket, id, op, err);
    }
    dir_names_finish(&names);
    return answer;
}
