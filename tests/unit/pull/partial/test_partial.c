/* The partial download: what the next pull reads of it, also after damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "pull/partial/partial.h"

#define SIZE 100000

static char cache[64];
static struct err err;

static struct partial_subject subject(void)
{
    return (struct partial_subject){.store = "http://localhost/bucket",
                                    .where = "s3://bucket",
                                    .key = "images/app/202507/app-20250721-2118-f7a5a27.tar.gz",
                                    .etag = "\"one\"",
                                    .image = "app:20250721-2118-f7a5a27",
                                    .size = SIZE};
}

static int enter(void **state)
{
    (void)state;
    snprintf(cache, sizeof cache, "/tmp/s3dock-test-spool-XXXXXX");
    return mkdtemp(cache) && setenv("XDG_CACHE_HOME", cache, 1) == 0 ? 0 : -1;
}

static int leave(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", cache);
    return system(command);
}

static uint8_t byte_at(uint64_t offset)
{
    return (uint8_t)(offset * 7 + (offset >> 8));
}

static struct view archive_bytes(uint64_t offset, size_t size, uint8_t room[SIZE])
{
    for (size_t i = 0; i < size; i++)
        room[i] = byte_at(offset + i);
    return view_of(room, size);
}

static void keep(struct partial *partial, uint64_t offset, size_t size)
{
    uint8_t room[SIZE];

    partial_keep(partial, offset, archive_bytes(offset, size, room));
}

static struct partial *open_partial(void)
{
    struct partial_subject about = subject();
    struct partial *partial = partial_open(&about, 0, &err);

    if (!partial)
        fail_msg("%s", err.text);
    return partial;
}

/* Stores [0, 10000), [20000, 30000) and [30000, 40000). */
static void leave_three_ranges(void)
{
    struct partial *partial = open_partial();

    keep(partial, 30000, 10000);
    keep(partial, 0, 10000);
    keep(partial, 20000, 10000);
    partial_close(partial, false);
}

/* Returns the path of the only file with that suffix. */
static bool find_file(const char *suffix, char path[512])
{
    char folder[128];
    struct dirent *name;
    bool found = false;
    DIR *dir;

    snprintf(folder, sizeof folder, "%s/s3dock/pulls", cache);
    dir = opendir(folder);
    while (dir && !found && (name = readdir(dir))) {
        const char *dot = strrchr(name->d_name, '.');

        found = dot && !strcmp(dot, suffix);
        snprintf(path, 512, "%s/%s", folder, name->d_name);
    }
    if (dir)
        closedir(dir);
    return found;
}

static void the_next_pull_finds_the_ranges(void **state)
{
    struct partial *partial;
    uint8_t room[SIZE], expected[SIZE];

    (void)state;
    leave_three_ranges();
    partial = open_partial();
    assert_int_equal(partial_held(partial), 30000);
    assert_true(partial_holds(partial, 0, 10000));
    assert_true(partial_holds(partial, 25000, 15000));
    assert_true(partial_holds(partial, 9999, 1));
    assert_false(partial_holds(partial, 9999, 2));
    assert_false(partial_holds(partial, 10000, 1));
    assert_false(partial_holds(partial, 19999, 2));
    assert_false(partial_holds(partial, 40000, 1));
    assert_false(partial_holds(partial, UINT64_MAX, 1));
    assert_false(partial_holds(partial, 0, UINT64_MAX));
    assert_int_equal(partial_read(partial, 22222, room, 10000, &err), 0);
    archive_bytes(22222, 10000, expected);
    assert_memory_equal(room, expected, 10000);
    keep(partial, 10000, 10000);
    partial_close(partial, false);
    partial = open_partial();
    assert_int_equal(partial_held(partial), 40000);
    assert_true(partial_holds(partial, 0, 40000));
    partial_close(partial, true);
}

static void a_finished_download_is_deleted(void **state)
{
    struct partial *partial;
    char path[512];

    (void)state;
    leave_three_ranges();
    assert_true(find_file(".part", path) && find_file(".spool", path));
    partial_close(open_partial(), true);
    assert_false(find_file(".part", path) || find_file(".spool", path));
    partial_close(open_partial(), false); /* also when no range was added */
    assert_false(find_file(".part", path) || find_file(".spool", path));
    partial = open_partial();
    keep(partial, 0, 0);
    partial_keep(partial, 0, view_of(cache, PARTIAL_RANGE_MAX + 1));
    partial_close(partial, false);
    assert_false(find_file(".part", path) || find_file(".spool", path));
}

/* It holds ranges like any other, and leaves no file. */
static void a_temporary_download_has_no_files(void **state)
{
    static uint8_t room[SIZE], expected[SIZE];
    struct partial *partial;
    char path[512];

    (void)state;
    partial = partial_open_temporary(0, &err);
    assert_non_null(partial);
    keep(partial, 20000, 10000);
    assert_false(find_file(".part", path) || find_file(".spool", path));
    assert_int_equal(partial_held(partial), 0);
    assert_int_equal(partial_read(partial, 20000, room, 10000, &err), 0);
    assert_memory_equal(room, archive_bytes(20000, 10000, expected).data, 10000);
    assert_false(partial_has_bytes(partial)); /* for another pull */
    partial_close(partial, false);
    partial = partial_open_temporary(UINT64_MAX, &err); /* the disk has no room */
    assert_false(partial_keep(partial, 0, view_of(room, 10000)));
    partial_close(partial, true);
}

static void a_replaced_archive_starts_empty(void **state)
{
    struct partial_subject other = subject();
    struct partial *partial;

    (void)state;
    leave_three_ranges();
    other.key = "images/app/202507/app-20250721-2119-f7a5a27.tar.gz"; /* has its own download */
    partial = partial_open(&other, 0, &err);
    assert_non_null(partial);
    assert_int_equal(partial_held(partial), 0);
    partial_close(partial, false);
    other = subject();
    other.etag = "\"two\"";
    partial = partial_open(&other, 0, &err);
    assert_non_null(partial);
    assert_int_equal(partial_held(partial), 0);
    keep(partial, 0, 1);
    partial_close(partial, false);
    partial = open_partial(); /* the first download was deleted */
    assert_int_equal(partial_held(partial), 0);
    partial_close(partial, true);
}

static void read_only_changes_nothing(void **state)
{
    struct partial_subject about = subject();
    struct partial *partial;
    char path[512];

    (void)state;
    assert_null(partial_open_read_only(&about, &err));
    assert_false(find_file(".spool", path));
    leave_three_ranges();
    partial = partial_open_read_only(&about, &err);
    assert_non_null(partial);
    assert_int_equal(partial_held(partial), 30000);
    partial_close(partial, false);
    about.etag = "\"two\"";
    assert_null(partial_open_read_only(&about, &err));
    partial = open_partial();
    assert_int_equal(partial_held(partial), 30000);
    partial_close(partial, true);
}

static void only_one_pull_uses_a_download(void **state)
{
    struct partial_subject about = subject();
    struct partial *partial = open_partial();
    struct partial_entry *entries;
    size_t count;

    (void)state;
    keep(partial, 0, 5000);
    assert_null(partial_open(&about, 0, &err));
    assert_string_equal(err.code, PARTIAL_BUSY);
    assert_int_equal(partial_list(&entries, &count, &err), 0);
    assert_int_equal(count, 1);
    assert_true(entries[0].busy);
    assert_int_equal(partial_remove(entries[0].id, &err), PARTIAL_IN_USE);
    free(entries);
    partial_close(partial, false);
}

static void downloads_are_listed_and_deleted(void **state)
{
    struct partial_entry *entries;
    char path[512];
    size_t count;

    (void)state;
    assert_int_equal(partial_list(&entries, &count, &err), 0);
    assert_int_equal(count, 0);
    free(entries);
    leave_three_ranges();
    assert_int_equal(partial_list(&entries, &count, &err), 0);
    assert_int_equal(count, 1);
    assert_string_equal(entries[0].image, subject().image);
    assert_string_equal(entries[0].key, subject().key);
    assert_string_equal(entries[0].where, subject().where);
    assert_int_equal(entries[0].size, SIZE);
    assert_in_range(entries[0].kept, 30000, 50000);
    assert_false(entries[0].busy);
    assert_int_equal(partial_remove(entries[0].id, &err), PARTIAL_REMOVED);
    assert_int_equal(partial_remove(entries[0].id, &err), PARTIAL_REMOVED);
    assert_int_equal(partial_remove("../../etc/passwd", &err), ERR_FAIL);
    assert_false(find_file(".part", path) || find_file(".spool", path));
    free(entries);
}

static void stale_downloads_are_deleted(void **state)
{
    struct timespec long_ago[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
    struct partial_subject other = subject();
    struct partial_entry *entries;
    char path[512];
    size_t count;

    (void)state;
    leave_three_ranges();
    assert_true(find_file(".spool", path));
    assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0);
    other.key = "another";
    partial_close(partial_open(&other, 0, &err), false);
    assert_int_equal(partial_list(&entries, &count, &err), 0);
    assert_int_equal(count, 0);
    free(entries);
}

static void a_full_disk_adds_nothing(void **state)
{
    struct partial_subject about = subject();
    struct partial *partial = partial_open(&about, UINT64_MAX, &err);
    char path[512];

    (void)state;
    assert_non_null(partial);
    keep(partial, 0, 1000);
    assert_false(partial_has_bytes(partial));
    partial_close(partial, false);
    assert_false(find_file(".part", path));
    partial = open_partial();
    assert_int_equal(partial_held(partial), 0);
    partial_close(partial, true);
}

/* ---- tampering ---- */

static void write_file(const char *path, const void *bytes, size_t size)
{
    assert_int_equal(file_replace(path, view_of(bytes, size), 0600, &err), 0);
}

/* After any damage of either file, all bytes that the download claims to hold are right. */
static void check_after_damage(void)
{
    struct partial *partial = open_partial();
    uint8_t room[SIZE];

    assert_true(partial_held(partial) <= 30000);
    for (uint64_t offset = 0; offset < SIZE; offset += 5000) {
        if (!partial_holds(partial, offset, 5000))
            continue;
        assert_int_equal(partial_read(partial, offset, room, 5000, &err), 0);
        for (size_t i = 0; i < 5000; i++)
            if (room[i] != byte_at(offset + i))
                fail_msg("byte %zu is wrong", (size_t)offset + i);
    }
    partial_close(partial, true);
}

static void damage_is_found(void **state)
{
    char journal_path[512], part_path[512];
    struct text journal, part;

    (void)state;
    leave_three_ranges();
    assert_true(find_file(".spool", journal_path) && find_file(".part", part_path));
    text_init(&journal, MIB);
    text_init(&part, MIB);
    assert_int_equal(file_read(journal_path, &journal, &err), 0);
    assert_int_equal(file_read(part_path, &part, &err), 0);
    for (size_t i = 0; i < journal.size; i++) {
        write_file(part_path, part.data, part.size);
        journal.data[i] ^= (char)(1 << i % 8);
        write_file(journal_path, journal.data, journal.size);
        journal.data[i] ^= (char)(1 << i % 8);
        check_after_damage();
    }
    for (size_t size = 0; size < journal.size; size++) {
        write_file(part_path, part.data, part.size);
        write_file(journal_path, journal.data, size);
        check_after_damage();
    }
    for (size_t i = 0; i < part.size; i += 997) {
        part.data[i] ^= 1;
        write_file(part_path, part.data, part.size);
        part.data[i] ^= 1;
        write_file(journal_path, journal.data, journal.size);
        check_after_damage();
    }
    write_file(part_path, part.data, 5000);
    write_file(journal_path, journal.data, journal.size);
    check_after_damage();
    text_finish(&journal);
    text_finish(&part);
}

/* Half a record at the end (a power failure) does not damage the records after it. */
static void half_a_record_is_cut_off(void **state)
{
    struct partial *partial;
    char path[512];
    struct stat st;

    (void)state;
    leave_three_ranges();
    assert_true(find_file(".spool", path));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size - 5), 0);
    partial = open_partial();
    assert_int_equal(partial_held(partial), 20000);
    keep(partial, 50000, 1000);
    partial_close(partial, false);
    partial = open_partial();
    assert_int_equal(partial_held(partial), 21000);
    partial_close(partial, true);
}

static void links_are_not_followed(void **state)
{
    struct partial_subject about = subject();
    char path[512], target[128];
    struct stat st;

    (void)state;
    leave_three_ranges();
    assert_true(find_file(".part", path));
    snprintf(target, sizeof target, "%s/precious", cache);
    write_file(target, "precious", 8);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(target, path), 0);
    assert_null(partial_open(&about, 0, &err));
    assert_int_equal(stat(target, &st), 0);
    assert_int_equal(st.st_size, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_next_pull_finds_the_ranges, enter, leave),
        cmocka_unit_test_setup_teardown(a_finished_download_is_deleted, enter, leave),
        cmocka_unit_test_setup_teardown(a_temporary_download_has_no_files, enter, leave),
        cmocka_unit_test_setup_teardown(a_replaced_archive_starts_empty, enter, leave),
        cmocka_unit_test_setup_teardown(read_only_changes_nothing, enter, leave),
        cmocka_unit_test_setup_teardown(only_one_pull_uses_a_download, enter, leave),
        cmocka_unit_test_setup_teardown(downloads_are_listed_and_deleted, enter, leave),
        cmocka_unit_test_setup_teardown(stale_downloads_are_deleted, enter, leave),
        cmocka_unit_test_setup_teardown(a_full_disk_adds_nothing, enter, leave),
        cmocka_unit_test_setup_teardown(damage_is_found, enter, leave),
        cmocka_unit_test_setup_teardown(half_a_record_is_cut_off, enter, leave),
        cmocka_unit_test_setup_teardown(links_are_not_followed, enter, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
