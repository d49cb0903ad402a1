/*
 * The type of an entry is in POSIX since 2024, and in all systems before that.
 *
 * No call of POSIX states how a folder spells a name, so the folder is listed. Inode numbers prove
 * nothing: some file systems of FUSE number each spelling anew.
 */
#include "os/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum os_entry os_entry_kind(const struct dirent *entry)
{
    switch (entry->d_type) {
    case DT_UNKNOWN:
        return OS_ENTRY_UNKNOWN;
    case DT_REG:
        return OS_ENTRY_FILE;
    case DT_DIR:
        return OS_ENTRY_FOLDER;
    default:
        return OS_ENTRY_OTHER;
    }
}

static bool exists(int folder, const char *name)
{
    struct stat st;

    return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Opens the list of an open folder, whose own position does not move. */
static DIR *open_list(int folder)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    int errnum = errno;

    if (!list && fd >= 0)
        close(fd);
    errno = errnum;
    return list;
}

int os_other_spelling(int folder, const char *name, char *spelling, size_t size)
{
    const struct dirent *entry;
    bool same = false;
    DIR *list;

    *spelling = '\0';
    if (!exists(folder, name))
        return 0;
    list = open_list(folder);
    if (!list)
        return -1;
    while (!same && (entry = readdir(list))) {
        same = strcmp(entry->d_name, name) == 0;
        if (!same && strcasecmp(entry->d_name, name) == 0)
            snprintf(spelling, size, "%s", entry->d_name);
    }
    closedir(list);
    if (same)
        *spelling = '\0';
    return *spelling != '\0';
}

/* Exchanges upper and lower case. Returns false for a name without letters, or one too long. */
static bool respell(const char *name, char *out, size_t size)
{
    bool letters = false;

    if ((size_t)snprintf(out, size, "%s", name) >= size)
        return false;
    for (; *out; out++)
        if ((*out >= 'a' && *out <= 'z') || (*out >= 'A' && *out <= 'Z')) {
            *out = (char)(*out ^ ('a' ^ 'A'));
            letters = true;
        }
    return letters;
}

enum os_case os_folder_case(int folder)
{
    enum os_case found = OS_CASE_UNKNOWN;
    const struct dirent *entry;
    DIR *list = open_list(folder);

    while (list && found == OS_CASE_UNKNOWN && (entry = readdir(list))) {
        char other[sizeof entry->d_name], listed[sizeof entry->d_name];
        int answer;

        if (!respell(entry->d_name, other, sizeof other))
            continue;
        answer = os_other_spelling(folder, other, listed, sizeof listed);
        if (answer == 1)
            found = OS_CASE_IGNORED;
        else if (answer == 0 && exists(folder, entry->d_name)) /* not deleted in the meantime */
            found = OS_CASE_DISTINCT;
    }
    if (list)
        closedir(list);
    return found;
}
