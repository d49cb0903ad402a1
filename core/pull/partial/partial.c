/*
 * Two files a spool:
 *
 *   ID.part     the archive, with holes: each byte stands where it stands in the archive
 *   ID.spool    a line of JSON that names the archive, then 32 bytes for each range that is there:
 *
 *       offset 8 | size 4 | check 4 | XXH3-128 of the bytes 16        little endian
 *
 * The bytes are written first and their record after them, appended in one go. So a kill leaves
 * nothing worse than bytes without a record. What a loss of power leaves, a record without its
 * bytes or half a record, is found by its sum. `check` is of the record, with `check` 0.
 *
 * The journal is also the lock: one pull at a time has a spool.
 */
#include "pull/partial/partial.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "pull/partial/folder.h"
#include "pull/partial/journal.h"

#define RECORDS_MAX (256 * 1024)

struct range {
    uint64_t offset, end;
};

struct partial {
    char journal_path[PATH_MAX], part_path[PATH_MAX];
    int journal, part; /* descriptors; the first is locked */
    size_t count;
    struct range *ranges; /* ascending, apart */
    uint64_t held, size;
    uint64_t room; /* bytes that may still be kept */
    atomic_uint_least64_t kept;
    atomic_bool full; /* no more is kept */
    bool look;        /* and nothing is changed */
};

static void id_of(const struct partial_subject *subject, char out[PARTIAL_ID_SIZE])
{
    char name[STORE_KEY_MAX + 800];
    uint8_t sum[SHA256_SIZE];

    snprintf(name, sizeof name, "%s\n%s", subject->store, subject->key);
    sha256_of(view_str(name), sum);
    hex_encode(sum, (PARTIAL_ID_SIZE - 1) / 2, out);
}

static bool is_there(const struct partial *spool, const struct journal_record *record,
                     uint8_t *room)
{
    struct xxh128 sum;
    struct err ignored;

    if (file_read_at(spool->part, room, record->size, (off_t)record->offset, "the spool", &ignored))
        return false;
    sum = xxh128_of(room, record->size);
    return xxh128_equals(&sum, &record->sum);
}

static int by_offset(const void *a, const void *b)
{
    const struct range *left = a, *right = b;

    return (left->offset > right->offset) - (left->offset < right->offset);
}

/* Puts the ranges in order and joins those that touch. */
static void settle(struct partial *spool)
{
    size_t count = 0;

    if (!spool->count)
        return;
    qsort(spool->ranges, spool->count, sizeof *spool->ranges, by_offset);
    for (size_t i = 1; i < spool->count; i++) {
        struct range *last = &spool->ranges[count], *next = &spool->ranges[i];

        if (next->offset > last->end)
            spool->ranges[++count] = *next;
        else if (next->end > last->end)
            last->end = next->end;
    }
    spool->count = count + 1;
    for (size_t i = 0; i < spool->count; i++)
        spool->held += spool->ranges[i].end - spool->ranges[i].offset;
}

/* A journal may speak of the archive twice over (ranges overlap where gaps were bridged), and no
 * more often: so that reading it has an end. */
static void take_records(struct partial *spool, const uint8_t *records, size_t count, uint8_t *room)
{
    uint64_t looked_at = 0;
    size_t bad = 0;

    for (size_t i = 0; i < count && looked_at <= 2 * spool->size; i++) {
        struct journal_record record;
        bool sound = journal_read_record(records + i * JOURNAL_RECORD, spool->size, &record);

        if (sound)
            looked_at += record.size;
        if (sound && is_there(spool, &record, room))
            spool->ranges[spool->count++] =
                (struct range){record.offset, record.offset + record.size};
        else
            bad++;
    }
    if (bad)
        log_info("%zu of %zu entries of %s are damaged, and ignored", bad, count,
                 spool->journal_path);
    settle(spool);
}

static int load_records(struct partial *spool, const struct journal_header *header,
                        uint8_t *records, size_t count, uint8_t *room, struct err *err)
{
    if (file_read_at(spool->journal, records, count * JOURNAL_RECORD, (off_t)header->takes,
                     "the spool's journal", err))
        return ERR_FAIL;
    /* Half a record at the end would put all that follow out of step. */
    if (!spool->look &&
        ftruncate(spool->journal, (off_t)(header->takes + count * JOURNAL_RECORD)) < 0)
        return err_errno(err, errno, "spool", "cannot mend the spool");
    take_records(spool, records, count, room);
    return 0;
}

static int read_records(struct partial *spool, const struct journal_header *header, struct err *err)
{
    size_t count = (size_t)((header->length - header->takes) / JOURNAL_RECORD);
    uint8_t *records, *room;
    int failed;

    if (count > RECORDS_MAX)
        return err_set(err, ERR_INTEGRITY, "spool", "its journal is too long");
    records = malloc(count ? count * JOURNAL_RECORD : 1);
    room = malloc(PARTIAL_RANGE_MAX);
    spool->ranges = calloc(count ? count : 1, sizeof *spool->ranges);
    if (records && room && spool->ranges)
        failed = load_records(spool, header, records, count, room, err);
    else
        failed = err_memory(err, "the spool");
    free(records);
    free(room);
    return failed;
}

/* ---- opening and closing ---- */

static int begin(struct partial *spool, const struct partial_subject *subject, struct err *err)
{
    if (spool->look)
        return err_set(err, ERR_NOT_FOUND, "spool", "nothing was kept of this archive");
    free(spool->ranges);
    spool->ranges = NULL;
    spool->count = 0;
    if (ftruncate(spool->part, 0) < 0)
        return err_errno(err, errno, "spool", "cannot empty %s", spool->part_path);
    return journal_write_header(spool->journal, subject, err);
}

static bool is_about(const struct journal_header *header, const struct partial_subject *subject)
{
    return !strcmp(header->key, subject->key) && !strcmp(header->etag, subject->etag) &&
           header->size == subject->size;
}

static int go_on(struct partial *spool, const struct partial_subject *subject, struct err *err)
{
    struct journal_header header;
    struct stat st;

    if (fstat(spool->journal, &st) == 0 && st.st_size == 0)
        return begin(spool, subject, err);
    if (journal_read_header(spool->journal, &header, err)) {
        log_info("%s: %s; ignored", spool->journal_path, err->text);
        return begin(spool, subject, err);
    }
    if (!is_about(&header, subject)) {
        log_info("%s was replaced since it was pulled in part: beginning again", subject->key);
        return begin(spool, subject, err);
    }
    if (read_records(spool, &header, err) == 0)
        return 0;
    log_info("%s: %s; ignored", spool->journal_path, err->text);
    return begin(spool, subject, err);
}

static void measure_room(struct partial *spool, uint64_t leave)
{
    struct statvfs disk;
    uint64_t free_bytes;

    if (fstatvfs(spool->part, &disk) < 0)
        return;
    free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    spool->room = free_bytes > leave ? free_bytes - leave : 0;
}

static int open_files(struct partial *spool, const struct partial_subject *subject, struct err *err)
{
    char id[PARTIAL_ID_SIZE];
    int answer, flags;

    id_of(subject, id);
    if (partial_folder_path(spool->journal_path, sizeof spool->journal_path, id, PARTIAL_JOURNAL,
                            err) ||
        partial_folder_path(spool->part_path, sizeof spool->part_path, id, PARTIAL_DATA, err))
        return ERR_FAIL;
    if (spool->look && access(spool->journal_path, F_OK) < 0)
        return err_set(err, ERR_NOT_FOUND, "spool", "nothing was kept of this archive");
    answer = file_lock(spool->journal_path, &spool->journal, err);
    if (answer == FILE_BUSY)
        return err_set(err, ERR_CONFLICT, PARTIAL_BUSY, "another pull of this image is running");
    if (answer)
        return ERR_FAIL;
    flags = fcntl(spool->journal, F_GETFL);
    if (flags < 0 || fcntl(spool->journal, F_SETFL, flags | O_APPEND) < 0)
        return err_errno(err, errno, "spool", "cannot use %s", spool->journal_path);
    spool->part =
        file_open_regular(AT_FDCWD, spool->part_path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    if (spool->part < 0)
        return err_errno(err, errno, "spool", "cannot open %s", spool->part_path);
    return 0;
}

static struct partial *make(const struct partial_subject *subject, bool look, struct err *err)
{
    struct partial *spool = calloc(1, sizeof *spool);

    if (!spool) {
        err_memory(err, "the spool");
        return NULL;
    }
    spool->journal = spool->part = -1;
    spool->size = subject->size;
    spool->look = look;
    if (open_files(spool, subject, err) || go_on(spool, subject, err)) {
        partial_close(spool, false);
        return NULL;
    }
    return spool;
}

struct partial *partial_open(const struct partial_subject *subject, uint64_t leave, struct err *err)
{
    struct partial *spool;

    partial_folder_remove_stale();
    spool = make(subject, false, err);
    if (spool)
        measure_room(spool, leave);
    return spool;
}

struct partial *partial_look(const struct partial_subject *subject, struct err *err)
{
    return make(subject, true, err);
}

void partial_close(struct partial *spool, bool done)
{
    if (!spool)
        return;
    if (!spool->look && !partial_serves(spool))
        done = true;
    if (done && spool->part >= 0) {
        unlink(spool->part_path);
        unlink(spool->journal_path);
    }
    if (spool->part >= 0)
        close(spool->part);
    if (spool->journal >= 0)
        close(spool->journal);
    free(spool->ranges);
    free(spool);
}

/* ---- what is in it ---- */

bool partial_serves(const struct partial *spool)
{
    return spool && (spool->held || atomic_load(&spool->kept));
}

uint64_t partial_held(const struct partial *spool)
{
    return spool->held;
}

/* The first range that ends behind `offset`; count when there is none. */
static size_t find_range(const struct partial *spool, uint64_t offset)
{
    size_t low = 0, high = spool->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (spool->ranges[middle].end <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t partial_run(const struct partial *spool, uint64_t offset, uint64_t most, bool *held)
{
    size_t at = find_range(spool, offset);
    uint64_t run = most;

    *held = at < spool->count && spool->ranges[at].offset <= offset;
    if (*held)
        run = spool->ranges[at].end - offset;
    else if (at < spool->count)
        run = spool->ranges[at].offset - offset;
    return run < most ? run : most;
}

bool partial_holds(const struct partial *spool, uint64_t offset, uint64_t size)
{
    bool held;

    return partial_run(spool, offset, size, &held) == size && held;
}

int partial_read(const struct partial *spool, uint64_t offset, uint8_t *out, size_t size,
                 struct err *err)
{
    return file_read_at(spool->part, out, size, (off_t)offset, "the spool", err);
}

static int keep(struct partial *spool, uint64_t offset, struct view bytes, struct err *err)
{
    struct journal_record record = {
        .offset = offset, .size = (uint32_t)bytes.size, .sum = xxh128_of(bytes.data, bytes.size)};
    uint8_t out[JOURNAL_RECORD];

    if (atomic_fetch_add(&spool->kept, bytes.size) + bytes.size > spool->room)
        return err_set(err, ERR_LOCAL, "disk_full", "the disk has no room for more");
    journal_write_record(&record, out);
    if (file_write_at(spool->part, bytes.data, bytes.size, (off_t)offset, "the spool", err))
        return ERR_FAIL;
    return file_write_all(spool->journal, out, JOURNAL_RECORD, "the spool's journal", err);
}

bool partial_keep(struct partial *spool, uint64_t offset, struct view bytes)
{
    struct err err;

    if (!bytes.size || bytes.size > PARTIAL_RANGE_MAX || atomic_load(&spool->full))
        return false;
    if (keep(spool, offset, bytes, &err) == 0)
        return true;
    if (!atomic_exchange(&spool->full, true))
        log_info("%s; a pull that is interrupted from here on will fetch the rest again", err.text);
    return false;
}
