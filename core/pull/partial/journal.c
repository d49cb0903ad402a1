/*
 * A record has 32 bytes:
 *
 *     offset 8 | size 4 | check 4 | XXH3-128 of the range 16        little endian
 *
 * `check` is the low half of the XXH3-128 of the record with a `check` of 0.
 */
#include "pull/partial/journal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/le.h"
#include "base/utf8.h"

#define VERSION    1
#define HEADER_MAX (16 * KIB)

/* ---- the journal's first line ---- */

int journal_write_header(int fd, const struct partial_subject *subject, struct err *err)
{
    _cleanup_text_ struct text text = {0};
    struct json_writer w;

    text_init(&text, HEADER_MAX);
    jw_init(&w, &text, true);
    jw_object(&w, NULL);
    jw_int(&w, "spool", VERSION);
    jw_string(&w, "where", subject->where);
    jw_string(&w, "key", subject->key);
    jw_string(&w, "etag", subject->etag);
    jw_string(&w, "image", subject->image);
    jw_int(&w, "size", (int64_t)subject->size);
    jw_end(&w);
    text_char(&text, '\n');
    if (text_check(&text, "the journal of the partial download", err))
        return ERR_FAIL;
    if (ftruncate(fd, 0) < 0)
        return err_errno(err, errno, "spool", "cannot empty the journal of the partial download");
    return file_write_all(fd, text.data, text.size, "the journal of the partial download", err);
}

static int parse_header(struct journal_header *header, struct view line, struct err *err)
{
    struct json_limits limits = {.bytes = HEADER_MAX, .depth = 4, .nodes = 32};
    struct json *json;
    struct json_node root;
    int64_t version = 0, size = 0;
    bool good;

    if (json_parse(&json, line, &limits, "the journal of the partial download", err))
        return ERR_FAIL;
    root = json_root(json);
    good = json_int(json_get(root, "spool"), &version) && version == VERSION &&
           json_int(json_get(root, "size"), &size) && size > 0 &&
           json_string(json_get(root, "where"), header->where, sizeof header->where) &&
           json_string(json_get(root, "key"), header->key, sizeof header->key) &&
           json_string(json_get(root, "etag"), header->etag, sizeof header->etag) &&
           json_string(json_get(root, "image"), header->image, sizeof header->image);
    json_destroy(json);
    header->size = (uint64_t)size;
    str_printable(header->where);
    str_printable(header->image);
    return good ? 0
                : err_set(err, ERR_INTEGRITY, "spool",
                          "the journal of the partial download has an unknown format");
}

int journal_read_header(int fd, struct journal_header *header, struct err *err)
{
    char bytes[HEADER_MAX];
    struct stat st;
    const char *end;
    ssize_t got;

    memset(header, 0, sizeof *header);
    if (fstat(fd, &st) < 0 || (got = pread(fd, bytes, sizeof bytes, 0)) < 0)
        return err_errno(err, errno, "spool", "cannot read the journal of the partial download");
    header->touched = st.st_mtime;
    header->length = (uint64_t)st.st_size;
    end = memchr(bytes, '\n', (size_t)got);
    if (!end)
        return err_set(err, ERR_INTEGRITY, "spool",
                       "the journal of the partial download has an unknown format");
    header->takes = (size_t)(end - bytes) + 1;
    return parse_header(header, view_of(bytes, header->takes - 1), err);
}

/* ---- the journal's records ---- */

static uint32_t check_of(const uint8_t record[JOURNAL_RECORD])
{
    uint8_t plain[JOURNAL_RECORD];
    struct xxh128 sum;

    memcpy(plain, record, JOURNAL_RECORD);
    memset(plain + 12, 0, 4);
    sum = xxh128_of(plain, JOURNAL_RECORD);
    return (uint32_t)le_get(sum.bytes, 4);
}

void journal_write_record(const struct journal_record *record, uint8_t out[JOURNAL_RECORD])
{
    le_put(out, record->offset, 8);
    le_put(out + 8, record->size, 4);
    memcpy(out + 16, record->sum.bytes, 16);
    le_put(out + 12, check_of(out), 4);
}

bool journal_read_record(const uint8_t in[JOURNAL_RECORD], uint64_t archive_size,
                         struct journal_record *out)
{
    out->offset = le_get(in, 8);
    out->size = (uint32_t)le_get(in + 8, 4);
    memcpy(out->sum.bytes, in + 16, 16);
    return check_of(in) == le_get(in + 12, 4) && out->size > 0 && out->size <= PARTIAL_RANGE_MAX &&
           out->offset <= archive_size && out->size <= archive_size - out->offset;
}
