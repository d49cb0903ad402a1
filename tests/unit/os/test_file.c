#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/file.h"

static char folder[] = "/tmp/s3dock-os-file-XXXXXX";

static const char *path_of(const char *name)
{
    static char paths[2][PATH_MAX];
    static int next;
    char *path = paths[next++ % 2];

    snprintf(path, PATH_MAX, "%s/%s", folder, name);
    return path;
}

static void make(const char *name, const char *content)
{
    FILE *file = fopen(path_of(name), "w");

    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static bool is_closed_on_exec(int fd)
{
    return fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

static void a_temporary_file_is_new_and_private(void **state)
{
    char path[PATH_MAX];
    struct stat st;
    int fd;

    (void)state;
    snprintf(path, sizeof path, "%s/temp-XXXXXX", folder);
    fd = os_temp_file(path);
    assert_true(fd >= 0);
    assert_true(is_closed_on_exec(fd));
    assert_null(strstr(path, "XXXXXX"));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    close(fd);
    unlink(path);
    snprintf(path, sizeof path, "%s/absent/temp-XXXXXX", folder);
    assert_int_equal(os_temp_file(path), -1);
    assert_int_equal(errno, ENOENT);
}

static void an_unnamed_file_leaves_nothing(void **state)
{
    char byte = 0, long_path[PATH_MAX + 1];
    int fd = os_unnamed_file(folder);
    struct stat st;

    (void)state;
    assert_true(fd >= 0);
    assert_true(is_closed_on_exec(fd));
    assert_int_equal(write(fd, "x", 1), 1);
    assert_int_equal(pread(fd, &byte, 1, 0), 1);
    assert_int_equal(byte, 'x');
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_nlink, 0);
    close(fd);
    memset(long_path, 'a', PATH_MAX);
    long_path[PATH_MAX] = '\0';
    assert_int_equal(os_unnamed_file(long_path), -1);
    assert_int_equal(errno, ENAMETOOLONG);
}

static void a_pipe_is_opened_again_with_own_flags(void **state)
{
    int ends[2], again;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    again = os_reopen(ends[1], O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (again >= 0) { /* some systems cannot */
        assert_true(fcntl(again, F_GETFL) & O_NONBLOCK);
        assert_false(fcntl(ends[1], F_GETFL) & O_NONBLOCK);
        close(again);
    }
    close(ends[0]);
    close(ends[1]);
}

static void a_rename_replaces_nothing(void **state)
{
    struct stat st;

    (void)state;
    make("one", "1");
    make("two", "22");
    assert_int_equal(os_rename_new(path_of("one"), path_of("two")), -1);
    assert_int_equal(errno, EEXIST);
    assert_int_equal(stat(path_of("two"), &st), 0);
    assert_int_equal(st.st_size, 2);
    assert_int_equal(os_rename_new(path_of("one"), path_of("three")), 0);
    assert_int_equal(access(path_of("one"), F_OK), -1);
    assert_int_equal(stat(path_of("three"), &st), 0);
    assert_int_equal(st.st_size, 1);
    assert_int_equal(os_rename_new(path_of("absent"), path_of("four")), -1);
    assert_int_equal(errno, ENOENT);
}

static void the_time_of_change_is_set(void **state)
{
    const int64_t time = INT64_C(1793491200123456000);
    struct stat before, after;
    int fd;

    (void)state;
    make("timed", "x");
    fd = open(path_of("timed"), O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &before), 0);
    assert_int_equal(os_set_modified(fd, time), 0);
    assert_int_equal(os_sync(fd), 0);
    assert_int_equal(fstat(fd, &after), 0);
    assert_true(os_modified(&after) == time);
    assert_true(os_changed(&after) >= os_changed(&before));
    assert_int_equal(after.st_atime, before.st_atime);
    close(fd);
}

static void a_plain_file_is_no_mount_point_and_has_no_list(void **state)
{
    (void)state;
    make("plain", "x");
    assert_false(os_is_mount_point(path_of("plain")));
    assert_false(os_is_mount_point(path_of("absent")));
    assert_false(os_has_access_list(path_of("plain")));
    assert_true(os_has_access_list(path_of("absent")));
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    const char *const names[] = {"two", "three", "timed", "plain"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(path_of(names[i]));
    return rmdir(folder); /* fails if a test left a file */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_temporary_file_is_new_and_private),
        cmocka_unit_test(an_unnamed_file_leaves_nothing),
        cmocka_unit_test(a_pipe_is_opened_again_with_own_flags),
        cmocka_unit_test(a_rename_replaces_nothing),
        cmocka_unit_test(the_time_of_change_is_set),
        cmocka_unit_test(a_plain_file_is_no_mount_point_and_has_no_list),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
