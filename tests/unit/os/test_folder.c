#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/folder.h"

static bool ignores_case;

/* Replaces the function of the C library in this program. If it ignores case, each spelling of
 * "file" leads to it. */
int fstatat(int at, const char *restrict name, struct stat *restrict st, int flags)
{
    const char *found = ignores_case && strcasecmp(name, "file") == 0 ? "file" : name;
    int fd =
        openat(at, found, OS_SEARCH | O_CLOEXEC | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0));
    int answer = fd < 0 ? -1 : fstat(fd, st);

    if (fd >= 0)
        close(fd);
    return answer;
}

#ifdef _STAT_VER /* glibc before 2.33: fstatat is an inline function, which calls this one */
int __fxstatat(int version, int at, const char *restrict name, struct stat *restrict st, int flags)
{
    (void)version;
    return fstatat(at, name, st, flags);
}
#endif

static char folder[] = "/tmp/s3dock-os-folder-XXXXXX";
static int top;

/* Makes folder/sub/file and folder/link, which leads to sub. */
static int make_folder(void **state)
{
    char path[PATH_MAX];
    int fd;

    (void)state;
    if (!mkdtemp(folder))
        return -1;
    top = open(folder, OS_SEARCH | O_DIRECTORY | O_CLOEXEC);
    snprintf(path, sizeof path, "%s/link", folder);
    if (top < 0 || mkdirat(top, "sub", 0700) || symlink("sub", path))
        return -1;
    fd = openat(top, "sub/file", O_CREAT | O_WRONLY, 0600);
    return fd < 0 ? -1 : close(fd);
}

static int remove_folder(void **state)
{
    (void)state;
    unlinkat(top, "sub/file", 0);
    unlinkat(top, "sub", AT_REMOVEDIR);
    unlinkat(top, "link", 0);
    close(top);
    return rmdir(folder);
}

static void check_refused(const char *path)
{
    int fd = os_open_beneath(top, path, O_RDONLY | O_CLOEXEC);

    assert_int_equal(fd, -1);
    assert_true(errno == ENOSYS || errno == ELOOP || errno == EXDEV);
}

static void only_what_is_below_is_opened(void **state)
{
    int fd = os_open_beneath(top, "sub/file", O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_true(fd >= 0 || errno == ENOSYS);
    if (fd >= 0)
        close(fd);
    check_refused("link/file");
    check_refused("../etc");
    check_refused("/etc");
}

static enum os_entry kind_of(const char *name)
{
    enum os_entry kind = OS_ENTRY_UNKNOWN;
    DIR *dir = opendir(folder);
    const struct dirent *entry;

    assert_non_null(dir);
    while ((entry = readdir(dir)))
        if (strcmp(entry->d_name, name) == 0)
            kind = os_entry_kind(entry);
    closedir(dir);
    return kind;
}

static void an_entry_has_its_kind_or_none(void **state)
{
    enum os_entry sub = kind_of("sub"), link = kind_of("link");

    (void)state;
    assert_true(sub == OS_ENTRY_FOLDER || sub == OS_ENTRY_UNKNOWN);
    assert_true(link == OS_ENTRY_OTHER || link == OS_ENTRY_UNKNOWN);
}

/* Returns the spelling of a name in folder/sub, or "". */
static const char *other_spelling(int sub, const char *name)
{
    static char spelling[NAME_MAX + 1];
    int answer = os_other_spelling(sub, name, spelling, sizeof spelling);

    assert_int_equal(answer, spelling[0] != '\0');
    return spelling;
}

static void a_name_leads_to_the_file_of_its_spelling(void **state)
{
    int sub = openat(top, "sub", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)state;
    assert_true(sub >= 0);
    assert_int_equal(os_folder_case(sub), OS_CASE_DISTINCT);
    assert_string_equal(other_spelling(sub, "file"), "");
    assert_string_equal(other_spelling(sub, "File"), "");

    ignores_case = true;
    assert_int_equal(os_folder_case(sub), OS_CASE_IGNORED);
    assert_string_equal(other_spelling(sub, "file"), "");
    assert_string_equal(other_spelling(sub, "File"), "file");
    assert_string_equal(other_spelling(sub, "none"), "");
    ignores_case = false;
    close(sub);
}

static void both_spellings_prove_that_case_matters(void **state)
{
    int sub = openat(top, "sub", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = openat(sub, "FILE", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(os_folder_case(sub), OS_CASE_DISTINCT);
    assert_string_equal(other_spelling(sub, "FILE"), "");
    assert_int_equal(unlinkat(sub, "FILE", 0), 0);
    close(sub);
}

static void a_folder_without_letters_proves_nothing(void **state)
{
    int sub = openat(top, "sub", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)state;
    assert_int_equal(renameat(sub, "file", sub, "2026"), 0);
    assert_int_equal(os_folder_case(sub), OS_CASE_UNKNOWN);
    assert_int_equal(renameat(sub, "2026", sub, "file"), 0);
    close(sub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_below_is_opened),
        cmocka_unit_test(an_entry_has_its_kind_or_none),
        cmocka_unit_test(a_name_leads_to_the_file_of_its_spelling),
        cmocka_unit_test(both_spellings_prove_that_case_matters),
        cmocka_unit_test(a_folder_without_letters_proves_nothing),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
