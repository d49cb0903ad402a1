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
#include "move/spool.h"

#include <dirent.h>
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

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/log.h"

#define RECORD      32
#define RECORDS_MAX (256 * 1024)
#define HEADER_MAX  (16 * KIB)
#define JOURNAL     ".spool"
#define PART        ".part"
#define ENTRIES_MAX 4096

struct range {
    uint64_t offset, end;
};

struct spool {
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

/* ---- names ---- */

static int folder(char *out, size_t size, struct err *err)
{
    char cache[PATH_MAX];
    int length;

    if (file_cache_dir(cache, sizeof cache, err))
        return ERR_FAIL;
    length = snprintf(out, size, "%s/pulls", cache);
    if (length < 0 || (size_t)length >= size)
        return err_errno(err, ENAMETOOLONG, "spool", "cannot use %s", cache);
    return file_make_dirs(out, false, 0700, err);
}

static int path_of(char *out, size_t size, const char *id, const char *suffix, struct err *err)
{
    size_t used;

    if (folder(out, size, err))
        return ERR_FAIL;
    used = strlen(out);
    if ((size_t)snprintf(out + used, size - used, "/%s%s", id, suffix) >= size - used)
        return err_errno(err, ENAMETOOLONG, "spool", "cannot use %s", out);
    return 0;
}

static void id_of(const struct spool_subject *subject, char out[SPOOL_ID_SIZE])
{
    char name[STORE_KEY_MAX + 800];
    uint8_t sum[SHA256_SIZE];

    snprintf(name, sizeof name, "%s\n%s", subject->store, subject->key);
    sha256_of(view_str(name), sum);
    hex_encode(sum, (SPOOL_ID_SIZE - 1) / 2, out);
}

/* ---- the journal's first line ---- */

struct header {
    char where[256], key[STORE_KEY_MAX], etag[STORE_ETAG_MAX], image[SPOOL_IMAGE_SIZE];
    uint64_t size;   /* of the archive */
    size_t takes;    /* bytes of the file, newline included */
    uint64_t length; /* of the file */
    int64_t touched;
};

static int write_header(int fd, const struct spool_subject *subject, struct err *err)
{
    _cleanup_text_ struct text text;
    struct json_writer w;

    text_init(&text, HEADER_MAX);
    jw_init(&w, &text, true);
    jw_object(&w, NULL);
    jw_int(&w, "spool", SPOOL_VERSION);
    jw_string(&w, "where", subject->where);
    jw_string(&w, "key", subject->key);
    jw_string(&w, "etag", subject->etag);
    jw_string(&w, "image", subject->image);
    jw_int(&w, "size", (int64_t)subject->size);
    jw_end(&w);
    text_char(&text, '\n');
    if (text_check(&text, "the spool's journal", err))
        return ERR_FAIL;
    if (ftruncate(fd, 0) < 0)
        return err_errno(err, errno, "spool", "cannot empty the spool");
    return file_write_all(fd, text.data, text.size, "the spool's journal", err);
}

static int understand(struct header *header, struct view line, struct err *err)
{
    struct json_limits limits = {.bytes = HEADER_MAX, .depth = 4, .nodes = 32};
    struct json *json;
    struct json_node root;
    int64_t version = 0, size = 0;
    bool good;

    if (json_parse(&json, line, &limits, "the spool's journal", err))
        return ERR_FAIL;
    root = json_root(json);
    good = json_int(json_get(root, "spool"), &version) && version == SPOOL_VERSION &&
           json_int(json_get(root, "size"), &size) && size > 0 &&
           json_string(json_get(root, "where"), header->where, sizeof header->where) &&
           json_string(json_get(root, "key"), header->key, sizeof header->key) &&
           json_string(json_get(root, "etag"), header->etag, sizeof header->etag) &&
           json_string(json_get(root, "image"), header->image, sizeof header->image);
    json_destroy(json);
    header->size = (uint64_t)size;
    str_printable(header->where);
    str_printable(header->image);
    return good ? 0 : err_set(err, ERR_INTEGRITY, "spool", "its journal is of another form");
}

static int read_header(int fd, struct header *header, struct err *err)
{
    char bytes[HEADER_MAX];
    struct stat st;
    const char *end;
    ssize_t got;

    memset(header, 0, sizeof *header);
    if (fstat(fd, &st) < 0 || (got = pread(fd, bytes, sizeof bytes, 0)) < 0)
        return err_errno(err, errno, "spool", "cannot read the spool");
    header->touched = st.st_mtime;
    header->length = (uint64_t)st.st_size;
    end = memchr(bytes, '\n', (size_t)got);
    if (!end)
        return err_set(err, ERR_INTEGRITY, "spool", "its journal is of another form");
    header->takes = (size_t)(end - bytes) + 1;
    return understand(header, view_of(bytes, header->takes - 1), err);
}

/* ---- the journal's records ---- */

struct record {
    uint64_t offset;
    uint32_t size;
    struct xxh128 sum;
};

static void put_number(uint8_t *out, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t take_number(const uint8_t *in, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)in[i] << (8 * i);
    return value;
}

static uint32_t check_of(const uint8_t record[RECORD])
{
    uint8_t plain[RECORD];
    struct xxh128 sum;

    memcpy(plain, record, RECORD);
    memset(plain + 12, 0, 4);
    sum = xxh128_of(plain, RECORD);
    return (uint32_t)take_number(sum.bytes, 4);
}

static void write_record(const struct record *record, uint8_t out[RECORD])
{
    put_number(out, record->offset, 8);
    put_number(out + 8, record->size, 4);
    memcpy(out + 16, record->sum.bytes, 16);
    put_number(out + 12, check_of(out), 4);
}

static bool read_record(const uint8_t in[RECORD], uint64_t archive_size, struct record *out)
{
    out->offset = take_number(in, 8);
    out->size = (uint32_t)take_number(in + 8, 4);
    memcpy(out->sum.bytes, in + 16, 16);
    return check_of(in) == take_number(in + 12, 4) && out->size > 0 &&
           out->size <= SPOOL_RANGE_MAX && out->offset <= archive_size &&
           out->size <= archive_size - out->offset;
}

static bool is_there(const struct spool *spool, const struct record *record, uint8_t *room)
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
static void settle(struct spool *spool)
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
static void take_records(struct spool *spool, const uint8_t *records, size_t count, uint8_t *room)
{
    uint64_t looked_at = 0;
    size_t bad = 0;

    for (size_t i = 0; i < count && looked_at <= 2 * spool->size; i++) {
        struct record record;
        bool sound = read_record(records + i * RECORD, spool->size, &record);

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

static int load_records(struct spool *spool, const struct header *header, uint8_t *records,
                        size_t count, uint8_t *room, struct err *err)
{
    if (file_read_at(spool->journal, records, count * RECORD, (off_t)header->takes,
                     "the spool's journal", err))
        return ERR_FAIL;
    /* Half a record at the end would put all that follow out of step. */
    if (!spool->look && ftruncate(spool->journal, (off_t)(header->takes + count * RECORD)) < 0)
        return err_errno(err, errno, "spool", "cannot mend the spool");
    take_records(spool, records, count, room);
    return 0;
}

static int read_records(struct spool *spool, const struct header *header, struct err *err)
{
    size_t count = (size_t)((header->length - header->takes) / RECORD);
    uint8_t *records, *room;
    int failed;

    if (count > RECORDS_MAX)
        return err_set(err, ERR_INTEGRITY, "spool", "its journal is too long");
    records = malloc(count ? count * RECORD : 1);
    room = malloc(SPOOL_RANGE_MAX);
    spool->ranges = calloc(count ? count : 1, sizeof *spool->ranges);
    if (records && room && spool->ranges)
        failed = load_records(spool, header, records, count, room, err);
    else
        failed = err_memory(err, "the spool");
    free(records);
    free(room);
    return failed;
}

/* ---- all of them ---- */

static bool is_journal(const char *name)
{
    return strlen(name) == SPOOL_ID_SIZE - 1 + strlen(JOURNAL) &&
           strspn(name, "0123456789abcdef") == SPOOL_ID_SIZE - 1 &&
           !strcmp(name + SPOOL_ID_SIZE - 1, JOURNAL);
}

/* What is on the disk of the archive: blocks, since the file has holes. */
static uint64_t bytes_on_disk(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 ? (uint64_t)st.st_blocks * 512 : 0;
}

/* False: it is gone. */
static bool describe(const char *id, struct spool_entry *entry)
{
    char path[PATH_MAX];
    struct header header;
    struct err ignored;
    int fd;

    memset(entry, 0, sizeof *entry);
    snprintf(entry->id, sizeof entry->id, "%s", id);
    if (path_of(path, sizeof path, id, JOURNAL, &ignored))
        return false;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return false;
    if (read_header(fd, &header, &ignored) == 0) {
        snprintf(entry->where, sizeof entry->where, "%s", header.where);
        snprintf(entry->key, sizeof entry->key, "%s", header.key);
        snprintf(entry->image, sizeof entry->image, "%s", header.image);
        entry->size = header.size;
    }
    entry->touched = header.touched;
    close(fd);
    if (path_of(path, sizeof path, id, PART, &ignored) == 0)
        entry->kept = bytes_on_disk(path);
    return true;
}

static int by_age(const void *a, const void *b)
{
    const struct spool_entry *left = a, *right = b;

    return (left->touched > right->touched) - (left->touched < right->touched);
}

static int list_folder(DIR *dir, struct spool_entry **out, size_t *count, struct err *err)
{
    size_t room = 0;
    struct dirent *name;

    while (*count < ENTRIES_MAX && (name = readdir(dir))) {
        char id[SPOOL_ID_SIZE];

        if (!is_journal(name->d_name))
            continue;
        if (*count == room) {
            void *larger = realloc(*out, (room = room ? 2 * room : 8) * sizeof **out);

            if (!larger)
                return err_memory(err, "the list of spools");
            *out = larger;
        }
        snprintf(id, sizeof id, "%.*s", SPOOL_ID_SIZE - 1, name->d_name);
        *count += describe(id, &(*out)[*count]);
    }
    if (*count)
        qsort(*out, *count, sizeof **out, by_age);
    return 0;
}

static int list_all(struct spool_entry **out, size_t *count, struct err *err)
{
    char path[PATH_MAX];
    DIR *dir;
    int failed;

    *out = NULL;
    *count = 0;
    if (folder(path, sizeof path, err))
        return ERR_FAIL;
    dir = opendir(path);
    if (!dir)
        return err_errno(err, errno, "spool", "cannot read %s", path);
    failed = list_folder(dir, out, count, err);
    closedir(dir);
    if (failed) {
        free(*out);
        *out = NULL;
        *count = 0;
    }
    return failed;
}

/* ---- opening and closing ---- */

static int begin(struct spool *spool, const struct spool_subject *subject, struct err *err)
{
    if (spool->look)
        return err_set(err, ERR_NOT_FOUND, "spool", "nothing was kept of this archive");
    free(spool->ranges);
    spool->ranges = NULL;
    spool->count = 0;
    if (ftruncate(spool->part, 0) < 0)
        return err_errno(err, errno, "spool", "cannot empty %s", spool->part_path);
    return write_header(spool->journal, subject, err);
}

static bool is_about(const struct header *header, const struct spool_subject *subject)
{
    return !strcmp(header->key, subject->key) && !strcmp(header->etag, subject->etag) &&
           header->size == subject->size;
}

static int go_on(struct spool *spool, const struct spool_subject *subject, struct err *err)
{
    struct header header;
    struct stat st;

    if (fstat(spool->journal, &st) == 0 && st.st_size == 0)
        return begin(spool, subject, err);
    if (read_header(spool->journal, &header, err)) {
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

static void measure_room(struct spool *spool, uint64_t leave)
{
    struct statvfs disk;
    uint64_t free_bytes;

    if (fstatvfs(spool->part, &disk) < 0)
        return;
    free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    spool->room = free_bytes > leave ? free_bytes - leave : 0;
}

static int open_files(struct spool *spool, const struct spool_subject *subject, struct err *err)
{
    char id[SPOOL_ID_SIZE];
    int answer, flags;

    id_of(subject, id);
    if (path_of(spool->journal_path, sizeof spool->journal_path, id, JOURNAL, err) ||
        path_of(spool->part_path, sizeof spool->part_path, id, PART, err))
        return ERR_FAIL;
    if (spool->look && access(spool->journal_path, F_OK) < 0)
        return err_set(err, ERR_NOT_FOUND, "spool", "nothing was kept of this archive");
    answer = file_lock(spool->journal_path, &spool->journal, err);
    if (answer == FILE_BUSY)
        return err_set(err, ERR_CONFLICT, SPOOL_BUSY, "another pull of this image is running");
    if (answer)
        return ERR_FAIL;
    flags = fcntl(spool->journal, F_GETFL);
    if (flags < 0 || fcntl(spool->journal, F_SETFL, flags | O_APPEND) < 0)
        return err_errno(err, errno, "spool", "cannot use %s", spool->journal_path);
    spool->part = open(spool->part_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (spool->part < 0)
        return err_errno(err, errno, "spool", "cannot open %s", spool->part_path);
    return 0;
}

static void remove_stale(void)
{
    struct spool_entry *entries;
    struct err ignored;
    size_t count;

    if (list_all(&entries, &count, &ignored))
        return;
    for (size_t i = 0; i < count; i++)
        if (entries[i].touched < clock_wall() / NS_PER_S - SPOOL_STALE)
            spool_remove(entries[i].id, &ignored);
    free(entries);
}

static struct spool *make(const struct spool_subject *subject, bool look, struct err *err)
{
    struct spool *spool = calloc(1, sizeof *spool);

    if (!spool) {
        err_memory(err, "the spool");
        return NULL;
    }
    spool->journal = spool->part = -1;
    spool->size = subject->size;
    spool->look = look;
    if (open_files(spool, subject, err) || go_on(spool, subject, err)) {
        spool_close(spool, false);
        return NULL;
    }
    return spool;
}

struct spool *spool_open(const struct spool_subject *subject, uint64_t leave, struct err *err)
{
    struct spool *spool;

    remove_stale();
    spool = make(subject, false, err);
    if (spool)
        measure_room(spool, leave);
    return spool;
}

struct spool *spool_look(const struct spool_subject *subject, struct err *err)
{
    return make(subject, true, err);
}

void spool_close(struct spool *spool, bool done)
{
    if (!spool)
        return;
    if (!spool->look && !spool->held && !atomic_load(&spool->kept))
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

uint64_t spool_held(const struct spool *spool)
{
    return spool->held;
}

/* The first range that ends behind `offset`; count when there is none. */
static size_t find_range(const struct spool *spool, uint64_t offset)
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

uint64_t spool_run(const struct spool *spool, uint64_t offset, uint64_t most, bool *held)
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

bool spool_holds(const struct spool *spool, uint64_t offset, uint64_t size)
{
    bool held;

    return spool_run(spool, offset, size, &held) == size && held;
}

int spool_read(const struct spool *spool, uint64_t offset, uint8_t *out, size_t size,
               struct err *err)
{
    return file_read_at(spool->part, out, size, (off_t)offset, "the spool", err);
}

static int keep(struct spool *spool, uint64_t offset, struct view bytes, struct err *err)
{
    struct record record = {
        .offset = offset, .size = (uint32_t)bytes.size, .sum = xxh128_of(bytes.data, bytes.size)};
    uint8_t out[RECORD];

    if (atomic_fetch_add(&spool->kept, bytes.size) + bytes.size > spool->room)
        return err_set(err, ERR_LOCAL, "disk_full", "the disk has no room for more");
    write_record(&record, out);
    if (file_write_at(spool->part, bytes.data, bytes.size, (off_t)offset, "the spool", err))
        return ERR_FAIL;
    return file_write_all(spool->journal, out, RECORD, "the spool's journal", err);
}

void spool_keep(struct spool *spool, uint64_t offset, struct view bytes)
{
    struct err err;

    if (!bytes.size || bytes.size > SPOOL_RANGE_MAX || atomic_load(&spool->full))
        return;
    if (keep(spool, offset, bytes, &err) && !atomic_exchange(&spool->full, true))
        log_info("%s; a pull that is interrupted from here on will fetch the rest again", err.text);
}

/* ---- for who lists and cleans ---- */

/* A shared lock, which keeps nobody from listing at the same time. */
static bool is_busy(const char *id)
{
    char path[PATH_MAX];
    struct err ignored;
    bool busy;
    int fd;

    if (path_of(path, sizeof path, id, JOURNAL, &ignored))
        return false;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return false;
    busy = flock(fd, LOCK_SH | LOCK_NB) < 0;
    close(fd);
    return busy;
}

int spool_list(struct spool_entry **out, size_t *count, struct err *err)
{
    if (list_all(out, count, err))
        return ERR_FAIL;
    for (size_t i = 0; i < *count; i++)
        (*out)[i].busy = is_busy((*out)[i].id);
    return 0;
}

int spool_remove(const char *id, struct err *err)
{
    char journal[PATH_MAX], part[PATH_MAX];
    int lock, answer;

    if (strlen(id) != SPOOL_ID_SIZE - 1 || strspn(id, "0123456789abcdef") != SPOOL_ID_SIZE - 1)
        return err_set(err, ERR_USAGE, "spool", "\"%s\" is not the name of a spool", id);
    if (path_of(journal, sizeof journal, id, JOURNAL, err) ||
        path_of(part, sizeof part, id, PART, err))
        return ERR_FAIL;
    answer = file_lock(journal, &lock, err);
    if (answer)
        return answer == FILE_BUSY ? SPOOL_IN_USE : ERR_FAIL;
    if (unlink(part) < 0 && errno != ENOENT)
        answer = err_errno(err, errno, "spool", "cannot remove %s", part);
    if (answer == 0 && unlink(journal) < 0)
        answer = err_errno(err, errno, "spool", "cannot remove %s", journal);
    close(lock);
    return answer;
}
