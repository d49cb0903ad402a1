#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"

/* Each test runs in its own empty folder, which is the current one. */
static int enter(void **state)
{
    char folder[] = "/tmp/s3dock-test-file-XXXXXX";

    if (!mkdtemp(folder) || chdir(folder) < 0)
        return -1;
    *state = strdup(folder);
    return *state ? 0 : -1;
}

static int leave(void **state)
{
    char command[128];
    int rc;

    snprintf(command, sizeof command, "chmod -R u+rwX %s; rm -rf %s", (char *)*state,
             (char *)*state);
    rc = chdir("/") == 0 ? system(command) : -1;
    free(*state);
    return rc;
}

static int count_names(const char *folder)
{
    DIR *dir = opendir(folder);
    int count = -2; /* . and .. */

    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static void assert_content(const char *path, const char *content)
{
    _cleanup_text_ struct text text = {0};
    struct err err;

    text_init(&text, 1000);
    assert_int_equal(file_read(path, &text, &err), FILE_OK);
    assert_string_equal(text.data, content);
}

static void reading(void **state)
{
    _cleanup_text_ struct text text = {0};
    struct err err;

    (void)state;
    text_init(&text, 8);
    assert_int_equal(file_read("absent", &text, &err), FILE_ABSENT);
    assert_int_equal(file_replace("f", view_str("12345678"), 0644, &err), 0);
    assert_int_equal(file_read("f/below", &text, &err), FILE_ABSENT);
    assert_int_equal(file_read("f", &text, &err), FILE_OK);
    assert_string_equal(text.data, "12345678");
    text_clear(&text);
    assert_int_equal(file_replace("f", view_str("123456789"), 0644, &err), 0);
    assert_int_equal(file_read("f", &text, &err), ERR_FAIL);
    assert_string_equal(err.code, "too_large");
    text_clear(&text);
    assert_int_equal(file_read(".", &text, &err), ERR_FAIL);
    assert_string_equal(err.text, "cannot read .: not a regular file");
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(file_read("fifo", &text, &err), ERR_FAIL); /* without waiting */
    assert_int_equal(file_read("/dev/zero", &text, &err), ERR_FAIL);
}

static void replacing(void **state)
{
    struct stat st;
    struct err err;

    (void)state;
    umask(077);
    assert_int_equal(file_replace("f", view_str("one"), 0644, &err), 0);
    umask(022);
    assert_int_equal(stat("f", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    assert_int_equal(file_replace("f", view_str("two"), 0600, &err), 0);
    assert_int_equal(stat("f", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_content("f", "two");
    assert_int_equal(file_replace("empty", view_of(NULL, 0), 0600, &err), 0);
    assert_content("empty", "");
    assert_int_equal(count_names("."), 2);
}

static void a_failed_replacement_changes_nothing(void **state)
{
    char long_name[PATH_MAX + 10];
    struct err err;

    (void)state;
    assert_int_equal(mkdir("folder", 0755), 0);
    assert_int_equal(file_replace("folder", view_str("x"), 0644, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_LOCAL);
    assert_int_equal(file_replace("absent/f", view_str("x"), 0644, &err), ERR_FAIL);
    memset(long_name, 'x', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    assert_int_equal(file_replace(long_name, view_str("x"), 0644, &err), ERR_FAIL);
    assert_int_equal(file_create(long_name, view_str("x"), 0644, &err), ERR_FAIL);
    assert_int_equal(file_make_dirs(long_name, 0755, &err), ERR_FAIL);
    assert_int_equal(count_names("."), 1);
}

static void creating_never_overwrites(void **state)
{
    struct err err;

    (void)state;
    assert_int_equal(file_create("f", view_str("first"), 0600, &err), 0);
    assert_int_equal(file_create("f", view_str("second"), 0600, &err), FILE_BUSY);
    assert_content("f", "first");
    assert_int_equal(symlink("nowhere", "link"), 0);
    assert_int_equal(file_create("link", view_str("x"), 0600, &err), FILE_BUSY);
    assert_int_equal(file_create("absent/f", view_str("x"), 0600, &err), ERR_FAIL);
    assert_int_equal(count_names("."), 2);
}

/* Eight processes write one name: one of them wins, and its content is complete. */
static void one_creator_wins(void **state)
{
    int wins = 0;

    (void)state;
    for (int i = 0; i < 8; i++) {
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
            char content[16];
            struct err err;

            snprintf(content, sizeof content, "%d", i);
            _exit(file_create("f", view_str(content), 0600, &err));
        }
    }
    for (int i = 0; i < 8; i++) {
        int status;

        assert_true(wait(&status) > 0);
        assert_true(WIFEXITED(status));
        wins += WEXITSTATUS(status) == 0;
        assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == FILE_BUSY);
    }
    assert_int_equal(wins, 1);
    assert_int_equal(count_names("."), 1);
}

static void folders(void **state)
{
    struct err err;

    (void)state;
    assert_int_equal(file_make_dirs("a/b/c", 0755, &err), 0);
    assert_int_equal(file_make_dirs("a/b/c", 0755, &err), 0);
    assert_int_equal(file_make_parents("a/d/e.txt", 0755, &err), 0);
    assert_int_equal(count_names("a/d"), 0);
    assert_int_equal(file_make_parents("e.txt", 0755, &err), 0);
    assert_int_equal(file_make_dirs("a//x/", 0755, &err), 0);
    assert_int_equal(file_make_dirs("/", 0755, &err), 0);
    assert_int_equal(file_make_parents("/f", 0755, &err), 0);
    assert_int_equal(count_names("."), 1);
    assert_int_equal(file_replace("a/f", view_str("x"), 0644, &err), 0);
    assert_int_equal(file_make_dirs("a/f", 0755, &err), ERR_FAIL);
    assert_int_equal(file_make_dirs("a/f/g", 0755, &err), ERR_FAIL);
    assert_int_equal(file_make_dirs("", 0755, &err), ERR_FAIL);
}

static void reading_and_writing_at(void **state)
{
    int fd = open("f", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    char back[6] = "";
    struct err err;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(file_write_all(fd, "abcdef", 6, "f", &err), 0);
    assert_int_equal(file_write_at(fd, "XY", 2, 2, "f", &err), 0);
    assert_int_equal(file_read_at(fd, back, 5, 1, "f", &err), 0);
    assert_string_equal(back, "bXYef");
    assert_int_equal(file_read_at(fd, back, 5, 3, "f", &err), ERR_FAIL);
    assert_string_equal(err.text, "f is 2 bytes too short");
    close(fd);
    assert_int_equal(file_read_at(fd, back, 1, 0, "f", &err), ERR_FAIL);
    assert_int_equal(file_write_at(fd, back, 1, 0, "f", &err), ERR_FAIL);
    assert_int_equal(file_write_all(fd, back, 1, "f", &err), ERR_FAIL);
    fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        assert_int_equal(file_write_all(fd, "x", 1, "f", &err), ERR_FAIL);
        assert_string_equal(err.code, "disk_full");
        close(fd);
    }
}

/* As Linux does with protected_symlinks. */
static void a_link_of_others_in_a_shared_folder_is_not_followed(void **state)
{
    struct err err;

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(file_create("target", view_str("theirs"), 0600, &err), 0);
    assert_int_equal(mkdir("shared", 0700), 0);
    assert_int_equal(chmod("shared", 01777), 0);
    assert_int_equal(symlink("../target", "shared/link"), 0);
    assert_int_equal(file_replace("shared/link", view_str("own"), 0600, &err), 0);
    assert_int_equal(lchown("shared/link", 65534, 65534), 0);
    assert_int_equal(file_replace("shared/link", view_str("other"), 0600, &err), ERR_FAIL);
    assert_string_equal(err.code, "output");
    assert_content("target", "own");
    assert_int_equal(chmod("shared", 0777), 0); /* anyone can replace anything here */
    assert_int_equal(file_replace("shared/link", view_str("open"), 0600, &err), 0);
    assert_int_equal(chown("shared", 65534, 65534), 0);
    assert_int_equal(chmod("shared", 01777), 0);
    assert_int_equal(file_replace("shared/link", view_str("theirs"), 0600, &err), 0);
}

static void locking(void **state)
{
    int first, second;
    struct err err;

    (void)state;
    assert_int_equal(file_lock("lock", &first, &err), 0);
    assert_int_equal(file_lock("lock", &second, &err), FILE_BUSY);
    assert_int_equal(unlink("lock"), 0);
    assert_int_equal(file_lock("lock", &second, &err), 0); /* now another file */
    close(second);
    close(first);
    assert_int_equal(file_lock("lock", &first, &err), 0);
    close(first);
    assert_int_equal(symlink("elsewhere", "link"), 0);
    assert_int_equal(file_lock("link", &first, &err), ERR_FAIL);
    assert_int_equal(file_lock("absent/lock", &first, &err), ERR_FAIL);
}

static void the_cache_folder(void **state)
{
    char expected[PATH_MAX], out[PATH_MAX];
    struct stat st;
    struct err err;

    setenv("XDG_CACHE_HOME", *state, 1);
    setenv("HOME", *state, 1);
    assert_int_equal(file_cache_dir(out, sizeof out, &err), 0);
    snprintf(expected, sizeof expected, "%s/s3dock", (char *)*state);
    assert_string_equal(out, expected);
    assert_int_equal(stat(out, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);

    setenv("XDG_CACHE_HOME", "relative", 1); /* the specification says: ignore it */
    assert_int_equal(file_cache_dir(out, sizeof out, &err), 0);
    snprintf(expected, sizeof expected, "%s/.cache/s3dock", (char *)*state);
    assert_string_equal(out, expected);

    snprintf(expected, sizeof expected, "/var/tmp/s3dock-%lu", (unsigned long)geteuid());
    chmod(out, 0777); /* another user may have written there */
    assert_int_equal(file_cache_dir(out, sizeof out, &err), 0);
    assert_string_equal(out, expected);
    if (geteuid() == 0) { /* the HOME of another user, as sudo may keep it */
        assert_int_equal(system("rm -rf .cache"), 0);
        assert_int_equal(chown(*state, 65534, 0), 0);
        assert_int_equal(file_cache_dir(out, sizeof out, &err), 0);
        assert_string_equal(out, expected);
        assert_int_equal(access(".cache", F_OK), -1);
        assert_int_equal(chown(*state, 0, 0), 0);
    }

    unsetenv("XDG_CACHE_HOME");
    setenv("HOME", "/dev/null", 1);
    assert_int_equal(file_cache_dir(out, sizeof out, &err), 0);
    snprintf(expected, sizeof expected, "/var/tmp/s3dock-%lu", (unsigned long)geteuid());
    assert_string_equal(out, expected);
    rmdir(out); /* the only folder outside of the test's folder; kept if another process uses it */
    assert_int_equal(file_cache_dir(out, 5, &err), ERR_FAIL);
}

static void the_state_folder(void **state)
{
    char expected[PATH_MAX], out[PATH_MAX];
    struct stat st;
    struct err err;

    setenv("XDG_STATE_HOME", *state, 1);
    setenv("HOME", *state, 1);
    assert_int_equal(file_state_dir(out, sizeof out, &err), 0);
    snprintf(expected, sizeof expected, "%s/s3dock", (char *)*state);
    assert_string_equal(out, expected);
    assert_int_equal(stat(out, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(file_state_dir(out, 5, &err), ERR_FAIL);
    assert_string_equal(err.code, "state");
    unsetenv("XDG_STATE_HOME");
    assert_int_equal(file_state_dir_in(NULL, out, sizeof out, &err), 0);
    snprintf(expected, sizeof expected, "%s/.local/state/s3dock", (char *)*state);
    assert_string_equal(out, expected);
    setenv("HOME", "/dev/null", 1);
    assert_int_equal(file_state_dir_in(NULL, out, sizeof out, &err), ERR_FAIL);
}

/* Data of the right folder would be missing in another one. */
static void no_other_state_folder_is_used(void **state)
{
    char system[PATH_MAX], chosen[PATH_MAX], expected[PATH_MAX + 8], out[PATH_MAX];
    struct err err;

    snprintf(system, sizeof system, "%s/lib", (char *)*state);
    snprintf(chosen, sizeof chosen, "%s/chosen", (char *)*state);
    snprintf(expected, sizeof expected, "%s/s3dock", system);
    setenv("HOME", *state, 1);
    unsetenv("XDG_STATE_HOME");
    assert_int_equal(file_state_dir_in(system, out, sizeof out, &err), 0);
    assert_string_equal(out, expected);
    assert_int_equal(chmod(expected, 0777), 0);
    assert_int_equal(file_state_dir_in(system, out, sizeof out, &err), ERR_FAIL);
    assert_string_equal(err.code, "state");
    assert_non_null(strstr(err.text, expected));
    assert_non_null(strstr(err.hint, "XDG_STATE_HOME"));
    assert_int_equal(access(".local", F_OK), -1);
    assert_int_equal(chmod(expected, 0700), 0);

    setenv("XDG_STATE_HOME", "relative", 1); /* the specification says: ignore it */
    assert_int_equal(file_state_dir_in(system, out, sizeof out, &err), 0);
    assert_string_equal(out, expected);
    setenv("XDG_STATE_HOME", chosen, 1);
    assert_int_equal(file_state_dir_in(system, out, sizeof out, &err), 0);
    assert_ptr_equal(strstr(out, chosen), out);
    assert_int_equal(chmod(out, 0777), 0);
    assert_int_equal(file_state_dir_in(system, out, sizeof out, &err), ERR_FAIL);
    if (geteuid() == 0) { /* that of another user, as sudo may keep it */
        assert_int_equal(chown(chosen, 65534, 0), 0);
        assert_int_equal(file_state_dir_in(system, out, sizeof out, &err), 0);
        assert_string_equal(out, expected);
        assert_int_equal(chown(chosen, 0, 0), 0);
    }
    unsetenv("XDG_STATE_HOME");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reading, enter, leave),
        cmocka_unit_test_setup_teardown(replacing, enter, leave),
        cmocka_unit_test_setup_teardown(a_failed_replacement_changes_nothing, enter, leave),
        cmocka_unit_test_setup_teardown(creating_never_overwrites, enter, leave),
        cmocka_unit_test_setup_teardown(one_creator_wins, enter, leave),
        cmocka_unit_test_setup_teardown(folders, enter, leave),
        cmocka_unit_test_setup_teardown(reading_and_writing_at, enter, leave),
        cmocka_unit_test_setup_teardown(a_link_of_others_in_a_shared_folder_is_not_followed, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(locking, enter, leave),
        cmocka_unit_test_setup_teardown(the_cache_folder, enter, leave),
        cmocka_unit_test_setup_teardown(the_state_folder, enter, leave),
        cmocka_unit_test_setup_teardown(no_other_state_folder_is_used, enter, leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
