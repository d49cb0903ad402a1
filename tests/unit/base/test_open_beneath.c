/* No file outside of the folder is opened, no call waits, and both ways of opening agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/open_beneath.h"

static char folder[] = "/tmp/s3dock-test-beneath-XXXXXX";
static int top;
static struct err err;

/* Creates outside/secret, top/a/b/file, and links from one to the other. */
static int set_up(void **state)
{
    (void)state;
    return !mkdtemp(folder) || chdir(folder) || mkdir("outside", 0755) || mkdir("top", 0755) ||
           mkdir("top/a", 0755) || mkdir("top/a/b", 0755) ||
           file_replace("outside/secret", view_str("secret"), 0644, &err) ||
           file_replace("top/a/b/file", view_str("content"), 0644, &err) ||
           symlink("../outside", "top/out") || symlink("../outside/secret", "top/secret") ||
           symlink("a", "top/same") || symlink("b/file", "top/a/near") ||
           mkfifo("top/fifo", 0644) || beneath_top("top", &top, &err);
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    close(top);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return chdir("/") || system(command);
}

static void a_file_is_read(void **state)
{
    static const char *const names[] = {"a/b/file", "./a/b/file", "a/./b/file"};
    struct text text;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char content[16] = "";
        uint64_t size;
        int fd;

        assert_int_equal(beneath_file(top, names[i], &fd, &size, &err), 0);
        assert_int_equal(size, 7);
        assert_int_equal(read(fd, content, sizeof content), 7);
        assert_string_equal(content, "content");
        close(fd);
        fd = beneath_walk(top, names[i], O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        assert_true(fd >= 0);
        close(fd);
    }
    text_init(&text, 100);
    assert_int_equal(beneath_read(top, "a/b/file", &text, &err), 0);
    assert_string_equal(text.data, "content");
    text_finish(&text);
    text_init(&text, 3);
    assert_int_equal(beneath_read(top, "a/b/file", &text, &err), ERR_FAIL);
    text_finish(&text);
}

static void folders_nest(void **state)
{
    uint64_t size;
    int inner, fd;

    (void)state;
    assert_int_equal(beneath_folder(top, "a/b", &inner, &err), 0);
    assert_int_equal(beneath_file(inner, "file", &fd, &size, &err), 0);
    close(fd);
    assert_int_equal(beneath_file(inner, "../b/file", &fd, &size, &err), ERR_FAIL);
    close(inner);
    assert_int_equal(beneath_folder(top, "a/b/file", &inner, &err), ERR_FAIL);
    assert_int_equal(beneath_folder(top, "out", &inner, &err), ERR_FAIL);
    assert_int_equal(beneath_folder(top, "..", &inner, &err), ERR_FAIL);
    assert_int_equal(beneath_top("no/such", &inner, &err), ERR_FAIL);
}

static void nothing_else_is_opened(void **state)
{
    static const char *const names[] = {"out/secret",
                                        "secret",
                                        "same/b/file",
                                        "a/near",
                                        "../outside/secret",
                                        "a/../../outside/secret",
                                        "/etc/passwd",
                                        "fifo",
                                        "a",
                                        "a/b/none",
                                        "",
                                        "a/b/file/x"};
    char name[400];
    uint64_t size;
    int fd;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        assert_int_equal(beneath_file(top, names[i], &fd, &size, &err), ERR_FAIL);
        assert_int_equal(err.family, ERR_LOCAL);
        fd = beneath_walk(top, names[i], O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (strcmp(names[i], "fifo") == 0 || strcmp(names[i], "a") == 0) {
            assert_true(fd >= 0); /* beneath_file checks the file's kind */
            close(fd);
        } else {
            assert_true(fd < 0);
        }
    }
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_true(beneath_walk(top, name, O_RDONLY) == -ENAMETOOLONG);
    assert_true(beneath_walk(top, "..", O_RDONLY) == -EXDEV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read),
        cmocka_unit_test(folders_nest),
        cmocka_unit_test(nothing_else_is_opened),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
