#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/disk.h"
#include "os/file.h"

static int file_of(const char *content)
{
    int fd = os_unnamed_file("/tmp");

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    return fd;
}

static void the_space_is_that_of_the_path_and_of_the_file(void **state)
{
    struct os_space by_path = {0}, by_file = {0};
    int fd = file_of("x");

    (void)state;
    assert_int_equal(os_space("/tmp", &by_path), 0);
    assert_int_equal(os_space_of(fd, &by_file), 0);
    assert_true(by_path.total > 0 && by_path.total == by_file.total);
    assert_true(by_path.free <= by_path.total);
    close(fd);
    errno = 0;
    assert_int_equal(os_space("/tmp/s3dock-no-such-folder", &by_path), -1);
    assert_int_equal(errno, ENOENT);
}

/* A file system may report that it cannot copy a range. */
static void a_range_is_copied_or_refused(void **state)
{
    char copy[8] = "";
    int from = file_of("0123456789"), to = file_of("abcdefgh");
    ssize_t got = os_copy_range(from, 2, to, 4, 3);

    (void)state;
    assert_true(got == 3 || (got < 0 && errno));
    assert_int_equal(pread(to, copy, sizeof copy, 0), 8);
    assert_memory_equal(copy, got == 3 ? "abcd234h" : "abcdefgh", 8);
    if (got == 3)
        assert_int_equal(os_copy_range(from, 10, to, 0, 1), 0);
    close(from);
    close(to);
}

/* Hints change no byte that is still read, and no size. */
static void hints_keep_the_content(void **state)
{
    enum { BLOCK = 64 * 1024 };
    static char block[BLOCK], read_back[BLOCK];
    int fd = file_of("");
    struct stat st;

    (void)state;
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 3; i++)
        assert_int_equal(write(fd, block, sizeof block), BLOCK);
    os_start_write(fd, 0, BLOCK);
    os_read_in_order(fd);
    os_read_ahead(fd, BLOCK);
    (void)os_is_in_memory(fd);
    os_discard(fd, BLOCK, BLOCK);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, 3 * BLOCK);
    for (int i = 0; i < 3; i += 2) {
        assert_int_equal(pread(fd, read_back, BLOCK, (off_t)i * BLOCK), BLOCK);
        assert_memory_equal(read_back, block, BLOCK);
    }
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_space_is_that_of_the_path_and_of_the_file),
        cmocka_unit_test(a_range_is_copied_or_refused),
        cmocka_unit_test(hints_keep_the_content),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
