/* A hostile partial download with a journal of ranges. The first byte selects whether the journal
 * keeps its valid first line. The harness corrects the checks of its records, and their sums if
 * they begin with zero. */
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "folder.h"
#include "pull/partial/partial.h"

#define SIZE   65536 /* of the archive */
#define RECORD 32
#define MOST   (64 * RECORD)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char journal[256];
static uint8_t archive[SIZE], head[4096];
static size_t head_size;

static struct partial_subject subject(void)
{
    return (struct partial_subject){.store = "s",
                                    .where = "s3://b",
                                    .key = "images/a/202507/a.tar.gz",
                                    .etag = "\"e\"",
                                    .image = "a:b",
                                    .size = SIZE};
}

/* A valid partial download. Each input replaces its journal. */
static void begin(void)
{
    struct partial_subject about = subject();
    struct partial_entry *entries;
    struct err err;
    size_t count;
    struct partial *partial;
    FILE *file;

    folder_make();
    check(setenv("XDG_CACHE_HOME", folder, 1) == 0);
    for (size_t i = 0; i < SIZE; i++)
        archive[i] = (uint8_t)(i * 7 + (i >> 8));
    partial = partial_open(&about, 0, &err);
    check(partial);
    partial_keep(partial, 0, view_of(archive, SIZE));
    partial_close(partial, false);
    check(partial_list(&entries, &count, &err) == 0 && count == 1);
    snprintf(journal, sizeof journal, "%s/s3dock/pulls/%s.spool", folder, entries[0].id);
    free(entries);
    file = fopen(journal, "r");
    check(file && fgets((char *)head, sizeof head, file));
    head_size = strlen((char *)head);
    fclose(file);
}

static uint64_t number(const uint8_t *bytes, unsigned count)
{
    uint64_t value = 0;

    while (count--)
        value = value << 8 | bytes[count];
    return value;
}

static void make_right(uint8_t *record)
{
    uint64_t offset = number(record, 8), size = number(record + 8, 4);
    struct xxh128 sum;

    if (record[16] == 0 && offset <= SIZE && size <= SIZE - offset) {
        sum = xxh128_of(archive + offset, (size_t)size);
        memcpy(record + 16, sum.bytes, 16);
    }
    memset(record + 12, 0, 4);
    sum = xxh128_of(record, RECORD);
    memcpy(record + 12, sum.bytes, 4);
}

static void write_journal(const uint8_t *data, size_t size)
{
    uint8_t records[MOST];
    int fd = open(journal, O_WRONLY | O_TRUNC);
    bool whole = size && data[0] & 1;

    check(fd >= 0);
    if (size) {
        data++;
        size--;
    }
    if (size > MOST)
        size = MOST;
    memcpy(records, data, size);
    for (size_t at = 0; whole && at + RECORD <= size; at += RECORD)
        make_right(records + at);
    check(!whole || write(fd, head, head_size) == (ssize_t)head_size);
    check(write(fd, records, size) == (ssize_t)size);
    close(fd);
}

/* All bytes that it claims to hold are equal to the archive's. */
static void read_all(struct partial *partial)
{
    static uint8_t room[SIZE];
    uint64_t total = 0;
    struct err err;

    for (uint64_t at = 0; at < SIZE;) {
        bool held;
        uint64_t run = partial_run(partial, at, SIZE - at, &held);

        check(run > 0 && run <= SIZE - at && partial_holds(partial, at, run) == held);
        if (held) {
            check(partial_read(partial, at, room, (size_t)run, &err) == 0);
            check(memcmp(room, archive + at, (size_t)run) == 0);
            total += run;
        }
        at += run;
    }
    check(total == partial_held(partial));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct partial_subject about = subject();
    struct partial_entry *entries;
    struct partial *partial;
    struct err err;
    size_t count;

    if (!journal[0])
        begin();
    write_journal(data, size);
    if (partial_list(&entries, &count, &err) == 0)
        free(entries);
    partial = partial_open_read_only(&about, &err);
    if (partial)
        read_all(partial);
    partial_close(partial, false);
    return 0;
}
