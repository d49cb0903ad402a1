/* The scanner: all events and supported dialects, in pieces of any size, and refused streams. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "kit/tarball.h"
#include "pack/tar/tar.h"

/* The result of the scan of a whole stream. */
struct seen {
    char entries[2048]; /* "type name>target size;" each */
    uint64_t data, padding, trailer, text;
    unsigned last;
    bool complete;
    int rc;
    struct err err;
};

static void note_entry(struct seen *seen, const struct tar_entry *entry)
{
    size_t at = strlen(seen->entries);

    snprintf(seen->entries + at, sizeof seen->entries - at, "%c %.60s%s%.60s %llu;",
             "fhsdo"[entry->type], entry -> name, entry -> target[0] ? ">" : "", entry->target,
             (unsigned long long)entry->size);
}

/* Scans with windows that grow by `piece` bytes, like a reader. Rewrites the bytes in place. */
static struct seen scan_so(struct tarball *tar, size_t piece, int64_t mtime, bool strict)
{
    struct tar *scanner = tar_create();
    struct seen seen = {0};
    size_t at = 0, end = 0;

    tar_normalize(scanner, mtime);
    if (strict)
        tar_strict(scanner);
    while (seen.rc == 0 && (end < tar->size || at < end)) {
        struct tar_step step = {0};

        if (at < end)
            seen.rc = tar_scan(scanner, tar->data + at, end - at, &step, &seen.err);
        if (seen.rc < 0)
            break;
        if (at == end || step.event == TAR_MORE) {
            assert_true(end - at < TAR_BLOCK);
            if (end == tar->size)
                break;
            end = end + piece < tar->size ? end + piece : tar->size;
            continue;
        }
        assert_true(step.used > 0 && step.used <= end - at);
        at += step.used;
        seen.last += step.last;
        if (step.event == TAR_ENTRY)
            note_entry(&seen, tar_entry(scanner));
        else if (step.event == TAR_DATA)
            seen.data += step.used;
        else if (step.event == TAR_PAD)
            seen.padding += step.used;
        else if (step.event == TAR_TRAILER)
            seen.trailer += step.used;
        else if (step.event == TAR_TEXT)
            seen.text += step.used;
    }
    seen.complete = tar_complete(scanner);
    tar_destroy(scanner);
    return seen;
}

static struct seen scan(struct tarball *tar, size_t piece, int64_t mtime)
{
    return scan_so(tar, piece, mtime, false);
}

static const size_t pieces[] = {1, 7, 511, 512, 513, 10000, 1 << 20};

static void add_long(struct tarball *tar, char type, const char *name)
{
    tarball_header(tar, type, "././@LongLink", "", strlen(name) + 1);
    tarball_payload(tar, name, strlen(name) + 1);
}

static void reads_a_stream_in_pieces_of_any_size(void **state)
{
    static const char expected[] = "d dir/ 0;f dir/file 5;s dir/link>../dir/file 0;"
                                   "h dir/hard>dir/file 0;o dev 0;f block 512;f empty 0;"
                                   "f pax-name>pax-target 3;f gnu-name>gnu-target 3;"
                                   "f prefix/of/it/tail 3;";
    uint8_t block[512];
    size_t at;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
        struct tarball tar;
        struct seen seen;

        tarball_init(&tar);
        noise(block, sizeof block, 1);
        tarball_directory(&tar, "dir/");
        tarball_file(&tar, "dir/file", "hello", 5);
        tarball_symlink(&tar, "dir/link", "../dir/file");
        tarball_header(&tar, '1', "dir/hard", "dir/file", 77); /* a size without meaning */
        tarball_header(&tar, '3', "dev", "", 0);
        tarball_file(&tar, "block", block, sizeof block);
        tarball_file(&tar, "empty", "", 0);
        tarball_pax(&tar, 'g', "20 comment=whatever\n");
        tarball_pax(&tar, 'x', "17 path=pax-name\n23 linkpath=pax-target\n9 size=3\n");
        tarball_header(&tar, '0', "other", "", 1000);
        tarball_payload(&tar, "abc", 3);
        add_long(&tar, 'K', "gnu-target");
        add_long(&tar, 'L', "gnu-name");
        tarball_file(&tar, "other", "abc", 3);
        at = tarball_header(&tar, '0', "tail", "", 3);
        memcpy(tar.data + at + 345, "prefix/of/it", 12);
        tarball_seal(&tar, at);
        tarball_payload(&tar, "abc", 3);
        tarball_end(&tar);
        tarball_raw(&tar, (uint8_t[700]){0}, 700);

        seen = scan(&tar, pieces[i], -1);
        if (seen.rc < 0)
            fail_msg("%s", seen.err.text);
        assert_string_equal(seen.entries, expected);
        assert_int_equal(seen.data, 5 + 512 + 9);
        assert_int_equal(seen.padding, 507 + 3 * 509);
        assert_int_equal(seen.trailer, 1024 + 700);
        assert_int_equal(seen.last, 10);
        assert_true(seen.complete);
        tarball_finish(&tar);
    }
}

static void normalizing_moves_nothing_and_changes_only_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
        struct tarball tar, twin;
        struct seen seen;
        size_t at, diff = 0;

        tarball_init(&tar);
        tarball_init(&twin);
        tarball_pax(&tar, 'x', "30 mtime=1700000000.123456789\n11 atime=5\n20 ctime=1700000000\n");
        tarball_file(&tar, "f", "1700000000", 10);
        at = tarball_header(&tar, '0', "gnu", "", 0);
        memcpy(tar.data + at + 257, "ustar  ", 8);
        memset(tar.data + at + 345, '1', 24);
        tarball_seal(&tar, at);
        tarball_end(&tar);
        tarball_raw(&twin, tar.data, tar.size);

        seen = scan(&tar, pieces[i], 1753108200);
        assert_int_equal(seen.rc, 0);
        assert_true(seen.complete);
        assert_memory_equal(tar.data + 512, "30 mtime=00000000001753108200\n", 30);
        assert_memory_equal(tar.data + 512 + 30, "11 atime=0\n", 11);
        assert_memory_equal(tar.data + 512 + 41, "20 ctime=1753108200\n", 20);
        assert_memory_equal(tar.data + 1024 + 136, "15037447350\0", 12);
        assert_memory_equal(tar.data + 1536, "1700000000", 10); /* a payload without an entry */
        assert_memory_equal(tar.data + at + 345, (uint8_t[24]){0}, 24);
        for (size_t k = 0; k < tar.size; k++)
            diff += tar.data[k] != twin.data[k];
        assert_true(diff > 0 && diff < 3 * (12 + 8) + 24 + 31);

        /* A second pass changes nothing, and every checksum is right. */
        tarball_finish(&twin);
        tarball_raw(&twin, tar.data, tar.size);
        seen = scan(&tar, pieces[i], 1753108200);
        assert_int_equal(seen.rc, 0);
        assert_memory_equal(tar.data, twin.data, tar.size);
        tarball_finish(&tar);
        tarball_finish(&twin);
    }
}

static void times_beyond_2242_are_binary(void **state)
{
    struct tarball tar;

    (void)state;
    tarball_init(&tar);
    tarball_file(&tar, "f", "", 0);
    tarball_end(&tar);
    assert_int_equal(scan(&tar, 512, (int64_t)1 << 33).rc, 0);
    assert_memory_equal(tar.data + 136, "\x80\0\0\0\0\0\0\2\0\0\0\0", 12);
    assert_int_equal(scan(&tar, 512, -1).rc, 0);
    tarball_finish(&tar);
}

static void huge_sizes_are_counted_without_their_bytes(void **state)
{
    static const char *records[] = {"22 size=1000000000000\n", "28 size=9000000000000000000\n"};
    static const uint64_t sizes[] = {1000000000000, 9000000000000000000};
    struct tar *scanner = tar_create();

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct tarball tar;
        struct tar_step step;
        struct err err;

        tarball_init(&tar);
        tarball_pax(&tar, 'x', records[i]);
        tarball_header(&tar, '0', "f", "", 0);
        tarball_raw(&tar, "abc", 3);
        tar_reset(scanner);
        assert_int_equal(tar_scan(scanner, tar.data, 512, &step, &err), 0);
        assert_int_equal(tar_scan(scanner, tar.data + 512, 512, &step, &err), 0);
        assert_int_equal(tar_scan(scanner, tar.data + 1024, 515, &step, &err), 0);
        assert_int_equal(step.event, TAR_ENTRY);
        assert_int_equal(tar_left(scanner), sizes[i]);
        assert_int_equal(tar_scan(scanner, tar.data + 1536, 3, &step, &err), 0);
        assert_int_equal(step.event, TAR_DATA);
        assert_int_equal(tar_left(scanner), sizes[i] - 3);
        tarball_finish(&tar);
    }
    tar_destroy(scanner);
}

static void base_256_sizes(void **state)
{
    struct tarball tar;
    size_t at;

    (void)state;
    tarball_init(&tar);
    at = tarball_header(&tar, '0', "f", "", 0);
    memcpy(tar.data + at + 124, "\x80\0\0\0\0\0\0\0\0\0\0\5", 12);
    tarball_seal(&tar, at);
    tarball_payload(&tar, "hello", 5);
    tarball_end(&tar);
    assert_string_equal(scan(&tar, 100, -1).entries, "f f 5;");

    memcpy(tar.data + at + 124, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12);
    tarball_seal(&tar, at);
    assert_int_equal(scan(&tar, 100, -1).rc, ERR_FAIL);
    memcpy(tar.data + at + 124, "\x80\0\0\0\x80\0\0\0\0\0\0\5", 12); /* 2^63 and 5 */
    tarball_seal(&tar, at);
    assert_int_equal(scan(&tar, 100, -1).rc, ERR_FAIL);
    tarball_finish(&tar);
}

static void a_name_field_may_be_full(void **state)
{
    struct tarball tar;
    char name[101];
    struct tar_step step;
    struct err err;
    struct tar *scanner = tar_create();

    (void)state;
    memset(name, 'n', 100);
    name[100] = '\0';
    tarball_init(&tar);
    tarball_header(&tar, '2', name, name, 0);
    assert_int_equal(tar_scan(scanner, tar.data, 512, &step, &err), 0);
    assert_string_equal(tar_entry(scanner)->name, name);
    assert_string_equal(tar_entry(scanner)->target, name);
    assert_true(step.last);
    tar_destroy(scanner);
    tarball_finish(&tar);
}

static void a_stream_that_ends_early_is_not_complete(void **state)
{
    struct tarball tar;
    size_t whole;

    (void)state;
    tarball_init(&tar);
    tarball_file(&tar, "f", "hello", 5);
    tarball_end(&tar);
    whole = tar.size;
    for (tar.size = 0; tar.size < whole; tar.size++) {
        struct seen seen = scan(&tar, 512, -1);

        assert_int_equal(seen.rc, 0);
        assert_false(seen.complete);
    }
    assert_true(scan(&tar, 512, -1).complete);
    tarball_finish(&tar);
}

static void error_texts_are_recognised(void **state)
{
    static const char text[] = "{\"errorDetail\":{\"message\":\"no space\"}}\r\n";
    struct tarball tar;
    struct seen seen;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
        for (unsigned where = 0; where < 3; where++) {
            tarball_init(&tar);
            if (where > 0)
                tarball_file(&tar, "f", "hello", 5);
            if (where > 1)
                tarball_end(&tar);
            tarball_raw(&tar, text, strlen(text));
            seen = scan(&tar, pieces[i], -1);
            assert_int_equal(seen.rc, 0);
            assert_int_equal(seen.text, strlen(text));
            assert_false(seen.complete);
            tarball_finish(&tar);
        }
    }
    /* A name may begin with a brace. */
    tarball_init(&tar);
    tarball_file(&tar, "{\"name\"}", "hello", 5);
    tarball_end(&tar);
    seen = scan(&tar, 1, -1);
    assert_string_equal(seen.entries, "f {\"name\"} 5;");
    assert_true(seen.complete);
    tarball_finish(&tar);
}

/* Streams that are refused. */
static void bad_checksum(struct tarball *tar)
{
    tarball_file(tar, "f", "hello", 5);
    tar->data[0] = 'g';
}

static void bad_size(struct tarball *tar)
{
    tarball_header(tar, '0', "f", "", 5);
    memcpy(tar->data + 124, "00000000 9x", 11);
    tarball_seal(tar, 0);
}

static void sparse(struct tarball *tar)
{
    tarball_header(tar, 'S', "f", "", 0);
}

static void volume(struct tarball *tar)
{
    tarball_header(tar, 'M', "f", "", 0);
}

static void lone_zero_block(struct tarball *tar)
{
    tarball_end(tar);
    tar->size -= TAR_BLOCK;
    tarball_file(tar, "f", "hello", 5);
}

static void junk_after_trailer(struct tarball *tar)
{
    tarball_end(tar);
    tarball_raw(tar, "junk", 4);
}

static void no_tar_at_all(struct tarball *tar)
{
    uint8_t bytes[1024];

    noise(bytes, sizeof bytes, 3);
    tarball_raw(tar, bytes, sizeof bytes);
}

static void huge_pax(struct tarball *tar)
{
    tarball_header(tar, 'x', "f", "", TAR_PAX_MAX + 1);
}

static void huge_long_name(struct tarball *tar)
{
    tarball_header(tar, 'L', "f", "", TAR_NAME_MAX + 1);
}

static void endless_long_name(struct tarball *tar)
{
    char name[TAR_NAME_MAX];

    memset(name, 'n', sizeof name);
    tarball_header(tar, 'L', "f", "", sizeof name);
    tarball_payload(tar, name, sizeof name);
}

static void global_path(struct tarball *tar)
{
    tarball_pax(tar, 'g', "10 path=a\n");
}

static void broken_pax(struct tarball *tar)
{
    tarball_pax(tar, 'x', "10 path=a");
}

static void hostile_streams_are_refused(void **state)
{
    static void (*const makers[])(struct tarball *) = {
        bad_checksum,       bad_size,    sparse,         volume,        lone_zero_block,
        junk_after_trailer, huge_pax,    huge_long_name, no_tar_at_all, broken_pax,
        endless_long_name,  global_path,
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(makers); i++) {
        for (size_t k = 0; k < ARRAY_SIZE(pieces); k++) {
            struct tarball tar;
            struct seen seen;

            tarball_init(&tar);
            makers[i](&tar);
            tarball_end(&tar);
            seen = scan(&tar, pieces[k], 1753108200);
            if (seen.rc == 0)
                fail_msg("stream %zu was accepted", i);
            assert_int_equal(seen.err.family, ERR_INTEGRITY);
            assert_string_equal(seen.err.code, "tar");
            tarball_finish(&tar);
        }
    }
}

/* ---- strict ---- */

/* Puts bytes into the header block at `at`. */
static void put(struct tarball *tar, size_t at, size_t field, const char *bytes, size_t size)
{
    memcpy(tar->data + at + field, bytes, size);
    tarball_seal(tar, at);
}

static void put_in_file(struct tarball *tar, size_t field, const char *bytes, size_t size)
{
    size_t at = tarball_header(tar, '0', "f", "", 5);

    put(tar, at, field, bytes, size);
    tarball_payload(tar, "hello", 5);
}

#define FIELD(name, offset, bytes)                                                                 \
    static void name(struct tarball *tar)                                                          \
    {                                                                                              \
        put_in_file(tar, offset, bytes, sizeof bytes - 1);                                         \
    }

FIELD(star_trailer, 508, "tar")
FIELD(star_prefix, 345, "p\0\0x")
FIELD(unused_bytes, 505, "x")
FIELD(version_of_another, 263, "  ")
FIELD(magic_of_another, 257, "USTAR")
FIELD(name_behind_its_end, 0, "f\0g")
FIELD(target_of_a_file, 157, "target")
FIELD(mode_with_a_sign, 100, "-000644")
FIELD(mode_with_letters, 100, "0o00644")
FIELD(mode_of_blanks, 100, "        ")
FIELD(uid_with_underscores, 108, "00_0000")
FIELD(uid_behind_a_nul, 108, "\0000007")
FIELD(mtime_that_is_none, 136, "yesterday")
FIELD(device_that_is_none, 329, "x")
FIELD(size_behind_a_nul, 124, "\00000000000005")
FIELD(negative_size, 124, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
FIELD(negative_uid, 108, "\xff\xff\xff\xff\xff\xff\xff\xff")
FIELD(absurd_time, 136, "\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff")

static void no_magic_but_a_prefix(struct tarball *tar)
{
    size_t at = tarball_header(tar, '0', "f", "", 0);

    memset(tar->data + at + 257, 0, 8);
    put(tar, at, 345, "prefix", 6);
}

static void gnu_times(struct tarball *tar)
{
    size_t at = tarball_header(tar, '0', "f", "", 0);

    memcpy(tar->data + at + 257, "ustar  ", 8);
    put(tar, at, 345, "00000000001\0zzzzzzzzzzz", 24);
}

static void global_comment(struct tarball *tar)
{
    tarball_pax(tar, 'g', "20 comment=whatever\n");
    tarball_file(tar, "f", "hello", 5);
}

/* Constructions of archives that two readers read differently. */
static void global_after_long(struct tarball *tar)
{
    add_long(tar, 'L', "decoy");
    tarball_pax(tar, 'g', "20 comment=whatever\n");
    tarball_file(tar, "f", "hello", 5);
}

static void pax_sparse(struct tarball *tar)
{
    tarball_pax(tar, 'x',
                "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
                "31 GNU.sparse.name=manifest.json\n");
    tarball_file(tar, "decoy", "hello", 5);
}

static void long_and_pax(struct tarball *tar)
{
    add_long(tar, 'L', "long");
    tarball_pax(tar, 'x', "10 path=a\n");
    tarball_file(tar, "f", "hello", 5);
}

static void pax_and_long(struct tarball *tar)
{
    tarball_pax(tar, 'x', "10 path=a\n");
    add_long(tar, 'K', "long");
    tarball_symlink(tar, "f", "g");
}

static void two_long(struct tarball *tar)
{
    add_long(tar, 'L', "long");
    add_long(tar, 'L', "longer");
    tarball_file(tar, "f", "hello", 5);
}

static void long_of_two_lines(struct tarball *tar)
{
    tarball_header(tar, 'L', "././@LongLink", "", 6);
    tarball_payload(tar, "a\0b\0c", 6);
    tarball_file(tar, "f", "hello", 5);
}

static void long_without_a_nul(struct tarball *tar)
{
    tarball_header(tar, 'L', "././@LongLink", "", 4);
    tarball_payload(tar, "long", 4);
    tarball_file(tar, "f", "hello", 5);
}

static void two_sizes(struct tarball *tar)
{
    tarball_pax(tar, 'x', "9 size=4\n");
    tarball_file(tar, "f", "hello", 5);
}

static void long_without_an_entry(struct tarball *tar)
{
    tarball_file(tar, "f", "hello", 5);
    add_long(tar, 'L', "long");
}

static void folder_with_a_size(struct tarball *tar)
{
    tarball_header(tar, '5', "d", "", 512);
    tarball_payload(tar, "hello", 5);
}

static void link_without_a_target(struct tarball *tar)
{
    tarball_symlink(tar, "l", "");
}

static void old_folder(struct tarball *tar)
{
    tarball_header(tar, '\0', "d/", "", 0);
}

static void unknown_type(struct tarball *tar)
{
    tarball_header(tar, 'Z', "d", "", 0);
}

static void long_part(struct tarball *tar)
{
    char name[300];

    memset(name, 'n', 299);
    name[299] = '\0';
    add_long(tar, 'L', name);
    tarball_file(tar, "f", "hello", 5);
}

/* tar --label writes it: the archive is not one of several volumes. */
static void label_of_a_volume(struct tarball *tar)
{
    tarball_header(tar, 'V', "label", "", 0);
}

static void a_strict_scanner_refuses_what_readers_take_differently(void **state)
{
    static void (*const makers[])(struct tarball *) = {
        star_trailer,
        star_prefix,
        unused_bytes,
        version_of_another,
        magic_of_another,
        name_behind_its_end,
        target_of_a_file,
        mode_with_a_sign,
        mode_with_letters,
        mode_of_blanks,
        uid_with_underscores,
        uid_behind_a_nul,
        mtime_that_is_none,
        device_that_is_none,
        size_behind_a_nul,
        negative_size,
        negative_uid,
        absurd_time,
        gnu_times,
        global_comment,
        global_after_long,
        pax_sparse,
        long_and_pax,
        pax_and_long,
        two_long,
        long_of_two_lines,
        long_without_a_nul,
        two_sizes,
        long_without_an_entry,
        folder_with_a_size,
        link_without_a_target,
        old_folder,
        unknown_type,
        label_of_a_volume,
        long_part,
        no_magic_but_a_prefix,
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(makers); i++) {
        for (size_t k = 0; k < ARRAY_SIZE(pieces); k++) {
            struct tarball tar;
            struct seen seen;

            tarball_init(&tar);
            makers[i](&tar);
            tarball_end(&tar);
            seen = scan_so(&tar, pieces[k], k % 2 ? 1753108200 : -1, true);
            if (seen.rc == 0)
                fail_msg("stream %zu was accepted: %s", i, seen.entries);
            assert_string_equal(seen.err.code, "tar");
            assert_true((makers[i] == label_of_a_volume) ==
                        (strstr(seen.err.text, "--label") != NULL));
            tarball_finish(&tar);
        }
    }
}

/* The dialects of common tools, and times before 1970. */
static void a_strict_scanner_reads_what_tools_write(void **state)
{
    static const char expected[] = "d ./ 0;d ./dir/ 0;f ./dir/file 5;s l>../x 0;f gnu 5;f v7 5;"
                                   "f long/name 5;s long/link>long/target 0;f pax/n\xc3\xa4me 5;"
                                   "f f 5;f f 5;f prefix/f 5;";
    struct tarball tar;
    size_t at;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
        struct seen seen;

        tarball_init(&tar);
        tarball_directory(&tar, "./");
        tarball_directory(&tar, "./dir/");
        tarball_file(&tar, "./dir/file", "hello", 5);
        tarball_symlink(&tar, "l", "../x");
        at = tarball_header(&tar, '0', "gnu", "", 5);
        put(&tar, at, 257, "ustar  ", 8);
        tarball_payload(&tar, "hello", 5);
        at = tarball_header(&tar, '\0', "v7", "", 5);
        put(&tar, at, 257, "\0\0\0\0\0\0\0\0", 8);
        tarball_payload(&tar, "hello", 5);
        add_long(&tar, 'L', "long/name");
        tarball_file(&tar, "f", "hello", 5);
        add_long(&tar, 'K', "long/target");
        add_long(&tar, 'L', "long/link");
        tarball_symlink(&tar, "f", "g");
        tarball_pax(&tar, 'x',
                    "18 path=pax/n\xc3\xa4me\n15 mtime=-1.25\n13 uid=70000\n"
                    "27 SCHILY.xattr.user.x=a=b\n12 comment=\n9 size=5\n");
        tarball_file(&tar, "f", "hello", 5);
        put_in_file(&tar, 136, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12);
        put_in_file(&tar, 108, "\x80\0\0\0\0\x10\0\0", 8);
        put_in_file(&tar, 345, "prefix", 6);
        tarball_end(&tar);
        seen = scan_so(&tar, pieces[i], 1753108200, true);
        if (seen.rc < 0)
            fail_msg("%s", seen.err.text);
        assert_string_equal(seen.entries, expected);
        assert_true(seen.complete);
        tarball_finish(&tar);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_stream_in_pieces_of_any_size),
        cmocka_unit_test(normalizing_moves_nothing_and_changes_only_times),
        cmocka_unit_test(times_beyond_2242_are_binary),
        cmocka_unit_test(huge_sizes_are_counted_without_their_bytes),
        cmocka_unit_test(base_256_sizes),
        cmocka_unit_test(a_name_field_may_be_full),
        cmocka_unit_test(a_stream_that_ends_early_is_not_complete),
        cmocka_unit_test(error_texts_are_recognised),
        cmocka_unit_test(hostile_streams_are_refused),
        cmocka_unit_test(a_strict_scanner_refuses_what_readers_take_differently),
        cmocka_unit_test(a_strict_scanner_reads_what_tools_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
