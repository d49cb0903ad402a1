/*
 * A partial download consists of two files:
 *
 *   ID.part     the archive with holes: each byte is at the offset that it has in the archive
 *   ID.spool    the journal: a header, and a record for each range (journal.c)
 *
 * A range is written first; then its record is appended with one write. So after a kill, at worst a
 * range has no record. After a power failure, a record may lack its bytes or be incomplete: its sum
 * reveals that.
 *
 * The journal is also the lock: only one pull at a time uses a partial download. A temporary one
 * has no journal, and its file has no name.
 */
#include "pull/partial/partial.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "os/disk.h"
#include "pull/partial/folder.h"
#include "pull/partial/journal.h"
#include "pull/partial/unlinked_file.h"

#define RECORDS_MAX (256 * 1024)

struct range {
    uint64_t offset, end;
};

struct partial {
    char journal_path[PATH_MAX], part_path[PATH_MAX];
    int journal, part; /* descriptors; the journal is locked; -1: a temporary one */
    size_t count;
    struct range *ranges; /* in ascending order, with gaps between them */
    uint64_t held, size;
    uint64_t room;              /* bytes that may be added */
    atomic_uint_least64_t kept; /* bytes that were added, or are being added */
    atomic_bool full;           /* nothing more is added */
    bool read_only;
};

static void id_of(const struct partial_subject *subject, char out[PARTIAL_ID_SIZE])
{
    char name[STORE_KEY_MAX + 800];
    uint8_t sum[SHA256_SIZE];

    snprintf(name, sizeof name, "%s\n%s", subject->store, subject->key);
    sha256_of(view_str(name), sum);
    hex_encode(sum, (PARTIAL_ID_SIZE - 1) / 2, out);
}

/* Compares the bytes of a range with the sum of its record. */
static bool has_range(const struct partial *partial, const struct journal_record *record,
                      uint8_t *room)
{
    struct xxh128 sum;
    struct err ignored;

    if (file_read_at(partial->part, room, record->size, (off_t)record->offset,
                     "the partial download", &ignored))
        return false;
    sum = xxh128_of(room, record->size);
    return xxh128_equals(&sum, &record->sum);
}

static int by_offset(const void *a, const void *b)
{
    const struct range *left = a, *right = b;

    return (left->offset > right->offset) - (left->offset < right->offset);
}

/* Sorts the ranges and joins those that touch. */
static void join_ranges(struct partial *partial)
{
    size_t count = 0;

    if (!partial->count)
        return;
    qsort(partial->ranges, partial->count, sizeof *partial->ranges, by_offset);
    for (size_t i = 1; i < partial->count; i++) {
        struct range *last = &partial->ranges[count], *next = &partial->ranges[i];

        if (next->offset > last->end)
            partial->ranges[++count] = *next;
        else if (next->end > last->end)
            last->end = next->end;
    }
    partial->count = count + 1;
    for (size_t i = 0; i < partial->count; i++)
        partial->held += partial->ranges[i].end - partial->ranges[i].offset;
}

/* Keeps the records whose bytes are intact. Ranges overlap where gaps were bridged, so the records
 * may cover the archive twice; the limit bounds the work for a journal that covers it more often.
 */
static void check_records(struct partial *partial, const uint8_t *records, size_t count,
                          uint8_t *room)
{
    uint64_t checked = 0;
    size_t bad = 0;

    for (size_t i = 0; i < count && checked <= 2 * partial->size; i++) {
        struct journal_record record;
        bool sound = journal_read_record(records + i * JOURNAL_RECORD, partial->size, &record);

        if (sound)
            checked += record.size;
        if (sound && has_range(partial, &record, room))
            partial->ranges[partial->count++] =
                (struct range){record.offset, record.offset + record.size};
        else
            bad++;
    }
    if (bad)
        log_info("%zu of %zu entries of %s are damaged; ignoring them", bad, count,
                 partial->journal_path);
    join_ranges(partial);
}

static int load_records(struct partial *partial, const struct journal_header *header,
                        uint8_t *records, size_t count, uint8_t *room, struct err *err)
{
    if (file_read_at(partial->journal, records, count * JOURNAL_RECORD, (off_t)header->takes,
                     "the journal of the partial download", err))
        return ERR_FAIL;
    /* Cut off half a record at the end: the next record must start at a multiple of 32. */
    if (!partial->read_only &&
        ftruncate(partial->journal, (off_t)(header->takes + count * JOURNAL_RECORD)) < 0)
        return err_errno(err, errno, "spool", "cannot repair the partial download");
    check_records(partial, records, count, room);
    return 0;
}

static int read_records(struct partial *partial, const struct journal_header *header,
                        struct err *err)
{
    size_t count = (size_t)((header->length - header->takes) / JOURNAL_RECORD);
    uint8_t *records, *room;
    int failed;

    if (count > RECORDS_MAX)
        return err_set(err, ERR_INTEGRITY, "spool",
                       "the journal of the partial download is too long");
    records = malloc(count ? count * JOURNAL_RECORD : 1);
    room = malloc(PARTIAL_RANGE_MAX);
    partial->ranges = calloc(count ? count : 1, sizeof *partial->ranges);
    if (records && room && partial->ranges)
        failed = load_records(partial, header, records, count, room, err);
    else
        failed = err_memory(err, "the partial download");
    free(records);
    free(room);
    return failed;
}

/* ---- opening and closing ---- */

/* Starts with an empty file. */
static int start_empty(struct partial *partial, const struct partial_subject *subject,
                       struct err *err)
{
    if (partial->read_only)
        return err_set(err, ERR_NOT_FOUND, "spool", "there is no partial download of this archive");
    free(partial->ranges);
    partial->ranges = NULL;
    partial->count = 0;
    if (ftruncate(partial->part, 0) < 0)
        return err_errno(err, errno, "spool", "cannot empty %s", partial->part_path);
    return journal_write_header(partial->journal, subject, err);
}

static bool is_about(const struct journal_header *header, const struct partial_subject *subject)
{
    return !strcmp(header->key, subject->key) && !strcmp(header->etag, subject->etag) &&
           header->size == subject->size;
}

/* Reads the files of an earlier pull. Empties them if they are unusable. */
static int read_journal(struct partial *partial, const struct partial_subject *subject,
                        struct err *err)
{
    struct journal_header header;
    struct stat st;

    if (fstat(partial->journal, &st) == 0 && st.st_size == 0)
        return start_empty(partial, subject, err);
    if (journal_read_header(partial->journal, &header, err)) {
        log_info("%s: %s; ignoring it", partial->journal_path, err->text);
        return start_empty(partial, subject, err);
    }
    if (!is_about(&header, subject)) {
        log_info("%s was replaced since the interrupted pull; starting again", subject->key);
        return start_empty(partial, subject, err);
    }
    if (read_records(partial, &header, err) == 0)
        return 0;
    log_info("%s: %s; ignoring it", partial->journal_path, err->text);
    return start_empty(partial, subject, err);
}

static void measure_room(struct partial *partial, uint64_t leave)
{
    struct os_space disk;

    if (os_space_of(partial->part, &disk) == 0)
        partial->room = disk.free > leave ? disk.free - leave : 0;
}

static int open_files(struct partial *partial, const struct partial_subject *subject,
                      struct err *err)
{
    char id[PARTIAL_ID_SIZE];
    int answer, flags;

    id_of(subject, id);
    if (partial_folder_path(partial->journal_path, sizeof partial->journal_path, id,
                            PARTIAL_JOURNAL, err) ||
        partial_folder_path(partial->part_path, sizeof partial->part_path, id, PARTIAL_DATA, err))
        return ERR_FAIL;
    if (partial->read_only && access(partial->journal_path, F_OK) < 0)
        return err_set(err, ERR_NOT_FOUND, "spool", "there is no partial download of this archive");
    answer = file_lock(partial->journal_path, &partial->journal, err);
    if (answer == FILE_BUSY)
        return err_set(err, ERR_CONFLICT, PARTIAL_BUSY, "another pull of this image is running");
    if (answer)
        return ERR_FAIL;
    flags = fcntl(partial->journal, F_GETFL);
    if (flags < 0 || fcntl(partial->journal, F_SETFL, flags | O_APPEND) < 0)
        return err_errno(err, errno, "spool", "cannot use %s", partial->journal_path);
    partial->part =
        file_open_regular(AT_FDCWD, partial->part_path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    if (partial->part < 0)
        return err_errno(err, errno, "spool", "cannot open %s", partial->part_path);
    return 0;
}

static struct partial *create_closed(struct err *err)
{
    struct partial *partial = calloc(1, sizeof *partial);

    if (!partial) {
        err_memory(err, "the partial download");
        return NULL;
    }
    partial->journal = partial->part = -1;
    return partial;
}

static struct partial *create(const struct partial_subject *subject, bool read_only,
                              struct err *err)
{
    struct partial *partial = create_closed(err);

    if (!partial)
        return NULL;
    partial->size = subject->size;
    partial->read_only = read_only;
    if (open_files(partial, subject, err) || read_journal(partial, subject, err)) {
        partial_close(partial, false);
        return NULL;
    }
    return partial;
}

struct partial *partial_open(const struct partial_subject *subject, uint64_t leave, struct err *err)
{
    struct partial *partial;

    partial_folder_remove_stale();
    partial = create(subject, false, err);
    if (partial)
        measure_room(partial, leave);
    return partial;
}

struct partial *partial_open_temporary(uint64_t leave, struct err *err)
{
    struct partial *partial = create_closed(err);

    if (!partial)
        return NULL;
    partial->part = unlinked_file_create(leave, &partial->room, err);
    if (partial->part >= 0)
        return partial;
    partial_close(partial, false);
    return NULL;
}

static bool is_temporary(const struct partial *partial)
{
    return partial->journal < 0;
}

struct partial *partial_open_read_only(const struct partial_subject *subject, struct err *err)
{
    return create(subject, true, err);
}

void partial_close(struct partial *partial, bool done)
{
    if (!partial)
        return;
    if (!partial->read_only && !partial_has_bytes(partial))
        done = true;
    if (done && partial->part >= 0 && !is_temporary(partial)) {
        unlink(partial->part_path);
        unlink(partial->journal_path);
    }
    if (partial->part >= 0)
        close(partial->part);
    if (partial->journal >= 0)
        close(partial->journal);
    free(partial->ranges);
    free(partial);
}

/* ---- ranges ---- */

bool partial_has_bytes(const struct partial *partial)
{
    return partial && !is_temporary(partial) && (partial->held || atomic_load(&partial->kept));
}

uint64_t partial_held(const struct partial *partial)
{
    return partial->held;
}

/* Returns the number of the first range that ends behind `offset`, or the count of ranges. */
static size_t find_range(const struct partial *partial, uint64_t offset)
{
    size_t low = 0, high = partial->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (partial->ranges[middle].end <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t partial_run(const struct partial *partial, uint64_t offset, uint64_t most, bool *held)
{
    size_t at = find_range(partial, offset);
    uint64_t run = most;

    *held = at < partial->count && partial->ranges[at].offset <= offset;
    if (*held)
        run = partial->ranges[at].end - offset;
    else if (at < partial->count)
        run = partial->ranges[at].offset - offset;
    return run < most ? run : most;
}

bool partial_holds(const struct partial *partial, uint64_t offset, uint64_t size)
{
    bool held;

    return partial_run(partial, offset, size, &held) == size && held;
}

int partial_read(const struct partial *partial, uint64_t offset, uint8_t *out, size_t size,
                 struct err *err)
{
    return file_read_at(partial->part, out, size, (off_t)offset, "the partial download", err);
}

static int add_range(struct partial *partial, uint64_t offset, struct view bytes, struct err *err)
{
    struct journal_record record = {
        .offset = offset, .size = (uint32_t)bytes.size, .sum = xxh128_of(bytes.data, bytes.size)};
    uint8_t out[JOURNAL_RECORD];

    if (atomic_fetch_add(&partial->kept, bytes.size) + bytes.size > partial->room)
        return err_set(err, ERR_LOCAL, CODE_DISK_FULL,
                       "the disk has no room for the partial download");
    journal_write_record(&record, out);
    if (file_write_at(partial->part, bytes.data, bytes.size, (off_t)offset, "the partial download",
                      err))
        return ERR_FAIL;
    if (is_temporary(partial))
        return 0;
    return file_write_all(partial->journal, out, JOURNAL_RECORD,
                          "the journal of the partial download", err);
}

bool partial_keep(struct partial *partial, uint64_t offset, struct view bytes)
{
    struct err err;

    if (!bytes.size || bytes.size > PARTIAL_RANGE_MAX || atomic_load(&partial->full))
        return false;
    if (add_range(partial, offset, bytes, &err) == 0)
        return true;
    atomic_fetch_sub(&partial->kept, bytes.size);
    if (!atomic_exchange(&partial->full, true))
        log_info("%s; %s", err.text,
                 is_temporary(partial)
                     ? "the rest is fetched with more requests"
                     : "if this pull is interrupted, the next one fetches the rest again");
    return false;
}
