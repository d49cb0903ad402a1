/* What an unfinished pull leaves, and what the next one makes of it: also when it was tampered
 * with. */
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

static void keep(struct partial *spool, uint64_t offset, size_t size)
{
    uint8_t room[SIZE];

    partial_keep(spool, offset, archive_bytes(offset, size, room));
}

static struct partial *open_spool(void)
{
    struct partial_subject about = subject();
    struct partial *spool = partial_open(&about, 0, &err);

    if (!spool)
        fail_msg("%s", err.text);
    return spool;
}

/* Keeps [0, 10000), [20000, 30000) and [30000, 40000). */
static void leave_something(void)
{
    struct partial *spool = open_spool();

    keep(spool, 30000, 10000);
    keep(spool, 0, 10000);
    keep(spool, 20000, 10000);
    partial_close(spool, false);
}

/* The path of the one file with that suffix. */
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

static void what_was_kept_is_there_again(void **state)
{
    struct partial *spool;
    uint8_t room[SIZE], expected[SIZE];

    (void)state;
    leave_something();
    spool = open_spool();
    assert_int_equal(partial_held(spool), 30000);
    assert_true(partial_holds(spool, 0, 10000));
    assert_true(partial_holds(spool, 25000, 15000));
    assert_true(partial_holds(spool, 9999, 1));
    assert_false(partial_holds(spool, 9999, 2));
    assert_false(partial_holds(spool, 10000, 1));
    assert_false(partial_holds(spool, 19999, 2));
    assert_false(partial_holds(spool, 40000, 1));
    assert_false(partial_holds(spool, UINT64_MAX, 1));
    assert_false(partial_holds(spool, 0, UINT64_MAX));
    assert_int_equal(partial_read(spool, 22222, room, 10000, &err), 0);
    archive_bytes(22222, 10000, expected);
    assert_memory_equal(room, expected, 10000);
    keep(spool, 10000, 10000);
    partial_close(spool, false);
    spool = open_spool();
    assert_int_equal(partial_held(spool), 40000);
    assert_true(partial_holds(spool, 0, 40000));
    partial_close(spool, true);
}

static void nothing_is_left_of_what_is_done(void **state)
{
    struct partial *spool;
    char path[512];

    (void)state;
    leave_something();
    assert_true(find_file(".part", path) && find_file(".spool", path));
    partial_close(open_spool(), true);
    assert_false(find_file(".part", path) || find_file(".spool", path));
    partial_close(open_spool(), false); /* nor of what kept nothing */
    assert_false(find_file(".part", path) || find_file(".spool", path));
    spool = open_spool();
    keep(spool, 0, 0);
    partial_keep(spool, 0, view_of(cache, PARTIAL_RANGE_MAX + 1));
    partial_close(spool, false);
    assert_false(find_file(".part", path) || find_file(".spool", path));
}

static void another_archive_begins_afresh(void **state)
{
    struct partial_subject other = subject();
    struct partial *spool;

    (void)state;
    leave_something();
    other.key = "images/app/202507/app-20250721-2119-f7a5a27.tar.gz"; /* has its own */
    spool = partial_open(&other, 0, &err);
    assert_non_null(spool);
    assert_int_equal(partial_held(spool), 0);
    partial_close(spool, false);
    other = subject();
    other.etag = "\"two\"";
    spool = partial_open(&other, 0, &err);
    assert_non_null(spool);
    assert_int_equal(partial_held(spool), 0);
    keep(spool, 0, 1);
    partial_close(spool, false);
    spool = open_spool(); /* the first one is gone */
    assert_int_equal(partial_held(spool), 0);
    partial_close(spool, true);
}

static void who_looks_changes_nothing(void **state)
{
    struct partial_subject about = subject();
    struct partial *spool;
    char path[512];

    (void)state;
    assert_null(partial_look(&about, &err));
    assert_false(find_file(".spool", path));
    leave_something();
    spool = partial_look(&about, &err);
    assert_non_null(spool);
    assert_int_equal(partial_held(spool), 30000);
    partial_close(spool, false);
    about.etag = "\"two\"";
    assert_null(partial_look(&about, &err));
    spool = open_spool();
    assert_int_equal(partial_held(spool), 30000);
    partial_close(spool, true);
}

static void one_pull_at_a_time_has_it(void **state)
{
    struct partial_subject about = subject();
    struct partial *spool = open_spool();
    struct partial_entry *entries;
    size_t count;

    (void)state;
    keep(spool, 0, 5000);
    assert_null(partial_open(&about, 0, &err));
    assert_string_equal(err.code, PARTIAL_BUSY);
    assert_int_equal(partial_list(&entries, &count, &err), 0);
    assert_int_equal(count, 1);
    assert_true(entries[0].busy);
    assert_int_equal(partial_remove(entries[0].id, &err), PARTIAL_IN_USE);
    free(entries);
    partial_close(spool, false);
}

static void they_are_listed_and_removed(void **state)
{
    struct partial_entry *entries;
    char path[512];
    size_t count;

    (void)state;
    assert_int_equal(partial_list(&entries, &count, &err), 0);
    assert_int_equal(count, 0);
    free(entries);
    leave_something();
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

static void stale_ones_go(void **state)
{
    struct timespec long_ago[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
    struct partial_subject other = subject();
    struct partial_entry *entries;
    char path[512];
    size_t count;

    (void)state;
    leave_something();
    assert_true(find_file(".spool", path));
    assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0);
    other.key = "another";
    partial_close(partial_open(&other, 0, &err), false);
    assert_int_equal(partial_list(&entries, &count, &err), 0);
    assert_int_equal(count, 0);
    free(entries);
}

static void a_disk_without_room_keeps_nothing(void **state)
{
    struct partial_subject about = subject();
    struct partial *spool = partial_open(&about, UINT64_MAX, &err);

    (void)state;
    assert_non_null(spool);
    keep(spool, 0, 1000);
    partial_close(spool, false);
    spool = open_spool();
    assert_int_equal(partial_held(spool), 0);
    partial_close(spool, true);
}

/* ---- tampering ---- */

static void write_file(const char *path, const void *bytes, size_t size)
{
    assert_int_equal(file_replace(path, view_of(bytes, size), 0600, &err), 0);
}

/* Whatever a byte of either file becomes: what the spool says that it holds is right. */
static void check_after_damage(void)
{
    struct partial *spool = open_spool();
    uint8_t room[SIZE];

    assert_true(partial_held(spool) <= 30000);
    for (uint64_t offset = 0; offset < SIZE; offset += 5000) {
        if (!partial_holds(spool, offset, 5000))
            continue;
        assert_int_equal(partial_read(spool, offset, room, 5000, &err), 0);
        for (size_t i = 0; i < 5000; i++)
            if (room[i] != byte_at(offset + i))
                fail_msg("byte %zu is wrong", (size_t)offset + i);
    }
    partial_close(spool, true);
}

static void no_damage_is_believed(void **state)
{
    char journal_path[512], part_path[512];
    struct text journal, part;

    (void)state;
    leave_something();
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

/* Half a record at the end (the machine lost its power) does not put later ones out of step. */
static void half_a_record_is_mended(void **state)
{
    struct partial *spool;
    char path[512];
    struct stat st;

    (void)state;
    leave_something();
    assert_true(find_file(".spool", path));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size - 5), 0);
    spool = open_spool();
    assert_int_equal(partial_held(spool), 20000);
    keep(spool, 50000, 1000);
    partial_close(spool, false);
    spool = open_spool();
    assert_int_equal(partial_held(spool), 21000);
    partial_close(spool, true);
}

static void links_are_not_followed(void **state)
{
    struct partial_subject about = subject();
    char path[512], target[128];
    struct stat st;

    (void)state;
    leave_something();
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
        cmocka_unit_test_setup_teardown(what_was_kept_is_there_again, enter, leave),
        cmocka_unit_test_setup_teardown(nothing_is_left_of_what_is_done, enter, leave),
        cmocka_unit_test_setup_teardown(another_archive_begins_afresh, enter, leave),
        cmocka_unit_test_setup_teardown(who_looks_changes_nothing, enter, leave),
        cmocka_unit_test_setup_teardown(one_pull_at_a_time_has_it, enter, leave),
        cmocka_unit_test_setup_teardown(they_are_listed_and_removed, enter, leave),
        cmocka_unit_test_setup_teardown(stale_ones_go, enter, leave),
        cmocka_unit_test_setup_teardown(a_disk_without_room_keeps_nothing, enter, leave),
        cmocka_unit_test_setup_teardown(no_damage_is_believed, enter, leave),
        cmocka_unit_test_setup_teardown(half_a_record_is_mended, enter, leave),
        cmocka_unit_test_setup_teardown(links_are_not_followed, enter, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
