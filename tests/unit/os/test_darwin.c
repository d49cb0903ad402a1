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
#include <sys/vfs.h>
#include <unistd.h>

#include "os/disk.h"
#include "os/file.h"

static char folder[] = "/tmp/s3dock-os-darwin-XXXXXX";

static const char *path_of(const char *name)
{
    static char paths[2][PATH_MAX];
    static int next;
    char *path = paths[next++ % 2];

    snprintf(path, PATH_MAX, "%s/%s", folder, name);
    return path;
}

static void make(const char *name)
{
    int fd = open(path_of(name), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    close(fd);
}

/* The bytes of the blocks that are freed in part stay, and the whole blocks between them read as
 * zeros. */
static void a_hole_has_whole_blocks(void **state)
{
    int fd = os_unnamed_file(folder);
    struct statfs disk;
    char *bytes, *read_back;
    size_t block, size;

    (void)state;
    assert_int_equal(fstatfs(fd, &disk), 0);
    block = (size_t)disk.f_bsize;
    size = 4 * block;
    bytes = malloc(size);
    read_back = malloc(size);
    assert_true(bytes && read_back);
    memset(bytes, 'x', size);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    os_discard(fd, 10, 20);               /* no whole block */
    os_discard(fd, block - 1, block + 2); /* the second block */
    os_discard(fd, 3 * block - 1, 2);     /* no whole block */
    memset(bytes + block, 0, block);
    assert_int_equal(pread(fd, read_back, size, 0), (ssize_t)size);
    assert_memory_equal(read_back, bytes, size);
    free(bytes);
    free(read_back);
    close(fd);
}

/* The call that replaces nothing is missing on network file systems. */
static void a_rename_replaces_nothing_without_the_call(void **state)
{
    (void)state;
    make("one");
    make("two");
    setenv("DARWIN_NFS", "yes", 1);
    assert_int_equal(os_rename_new(path_of("one"), path_of("two")), -1);
    assert_int_equal(errno, EEXIST);
    assert_int_equal(os_rename_new(path_of("one"), path_of("three")), 0);
    assert_int_equal(os_rename_new(path_of("absent"), path_of("four")), -1);
    assert_int_equal(errno, ENOENT);
    unsetenv("DARWIN_NFS");
    assert_int_equal(access(path_of("one"), F_OK), -1);
    unlink(path_of("two"));
    unlink(path_of("three"));
}

static void a_list_that_denies_gives_no_right(void **state)
{
    (void)state;
    make("denied");
    make("allowed");
    make("without");
    assert_false(os_has_access_list(path_of("denied")));
    assert_true(os_has_access_list(path_of("allowed")));
    assert_false(os_has_access_list(path_of("without")));
    unlink(path_of("denied"));
    unlink(path_of("allowed"));
    unlink(path_of("without"));
}

static void a_folder_of_another_disk_is_a_mount_point(void **state)
{
    struct stat proc, root;

    (void)state;
    assert_false(os_is_mount_point(folder));
    if (stat("/proc", &proc) == 0 && stat("/", &root) == 0)
        assert_int_equal(os_is_mount_point("/proc"), proc.st_dev != root.st_dev);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder); /* fails if a test left a file */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hole_has_whole_blocks),
        cmocka_unit_test(a_rename_replaces_nothing_without_the_call),
        cmocka_unit_test(a_list_that_denies_gives_no_right),
        cmocka_unit_test(a_folder_of_another_disk_is_a_mount_point),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
