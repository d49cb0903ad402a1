/*
 * partial_list reads the headers of all journals. It holds no lock while it does: entries may
 * change or vanish meanwhile.
 */
#include "pull/partial/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "os/lock.h"
#include "pull/partial/journal.h"

#define ENTRIES_MAX 4096

/* ---- names ---- */

static int folder_path(char *out, size_t size, struct err *err)
{
    char cache[PATH_MAX];
    int length;

    if (file_cache_dir(cache, sizeof cache, err))
        return ERR_FAIL;
    length = snprintf(out, size, "%s/pulls", cache);
    if (length < 0 || (size_t)length >= size)
        return err_errno(err, ENAMETOOLONG, "spool", "cannot use %s", cache);
    return file_make_dirs(out, 0700, err);
}

int partial_folder_path(char *out, size_t size, const char *id, const char *suffix, struct err *err)
{
    size_t used;

    if (folder_path(out, size, err))
        return ERR_FAIL;
    used = strlen(out);
    if ((size_t)snprintf(out + used, size - used, "/%s%s", id, suffix) >= size - used)
        return err_errno(err, ENAMETOOLONG, "spool", "cannot use %s", out);
    return 0;
}

/* ---- the list ---- */

static bool is_journal(const char *name)
{
    return strlen(name) == PARTIAL_ID_SIZE - 1 + strlen(PARTIAL_JOURNAL) &&
           strspn(name, "0123456789abcdef") == PARTIAL_ID_SIZE - 1 &&
           !strcmp(name + PARTIAL_ID_SIZE - 1, PARTIAL_JOURNAL);
}

/* Counts blocks, because the file has holes. */
static uint64_t bytes_on_disk(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 ? (uint64_t)st.st_blocks * 512 : 0;
}

/* Returns false if the partial download was deleted meanwhile. */
static bool read_entry(const char *id, struct partial_entry *entry)
{
    char path[PATH_MAX];
    struct journal_header header;
    struct err ignored;
    int fd;

    memset(entry, 0, sizeof *entry);
    snprintf(entry->id, sizeof entry->id, "%s", id);
    if (partial_folder_path(path, sizeof path, id, PARTIAL_JOURNAL, &ignored))
        return false;
    fd = file_open_regular(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW, 0);
    if (fd < 0)
        return false;
    if (journal_read_header(fd, &header, &ignored) == 0) {
        snprintf(entry->where, sizeof entry->where, "%s", header.where);
        snprintf(entry->key, sizeof entry->key, "%s", header.key);
        snprintf(entry->image, sizeof entry->image, "%s", header.image);
        entry->size = header.size;
    }
    entry->touched = header.touched;
    close(fd);
    if (partial_folder_path(path, sizeof path, id, PARTIAL_DATA, &ignored) == 0)
        entry->kept = bytes_on_disk(path);
    return true;
}

static int by_age(const void *a, const void *b)
{
    const struct partial_entry *left = a, *right = b;

    return (left->touched > right->touched) - (left->touched < right->touched);
}

static int list_folder(DIR *dir, struct partial_entry **out, size_t *count, struct err *err)
{
    size_t room = 0;
    struct dirent *name;

    while (*count < ENTRIES_MAX && (name = readdir(dir))) {
        char id[PARTIAL_ID_SIZE];

        if (!is_journal(name->d_name))
            continue;
        if (!array_reserve(out, &room, *count, sizeof **out))
            return err_memory(err, "the list of partial downloads");
        snprintf(id, sizeof id, "%.*s", PARTIAL_ID_SIZE - 1, name->d_name);
        *count += read_entry(id, &(*out)[*count]);
    }
    if (*count)
        qsort(*out, *count, sizeof **out, by_age);
    return 0;
}

static int list_all(struct partial_entry **out, size_t *count, struct err *err)
{
    char path[PATH_MAX];
    DIR *dir;
    int failed;

    *out = NULL;
    *count = 0;
    if (folder_path(path, sizeof path, err))
        return ERR_FAIL;
    dir = opendir(path);
    if (!dir)
        return err_errno(err, errno, "spool", "cannot read %s", path);
    failed = list_folder(dir, out, count, err);
    closedir(dir);
    if (failed) {
        free(*out);
        *out = NULL;
        *count = 0;
    }
    return failed;
}

/* ---- listing and deleting ---- */

/* Tries a shared lock, so that several processes can list at the same time. */
static bool is_busy(const char *id)
{
    char path[PATH_MAX];
    struct err ignored;
    bool busy;
    int fd;

    if (partial_folder_path(path, sizeof path, id, PARTIAL_JOURNAL, &ignored))
        return false;
    fd = file_open_regular(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW, 0);
    if (fd < 0)
        return false;
    busy = os_lock(fd, OS_LOCK_SHARED) < 0;
    close(fd);
    return busy;
}

int partial_list(struct partial_entry **out, size_t *count, struct err *err)
{
    if (list_all(out, count, err))
        return ERR_FAIL;
    for (size_t i = 0; i < *count; i++)
        (*out)[i].busy = is_busy((*out)[i].id);
    return 0;
}

int partial_remove(const char *id, struct err *err)
{
    char journal[PATH_MAX], part[PATH_MAX];
    int lock, answer;

    if (strlen(id) != PARTIAL_ID_SIZE - 1 || strspn(id, "0123456789abcdef") != PARTIAL_ID_SIZE - 1)
        return err_set(err, ERR_USAGE, "spool", "\"%s\" is not the name of a partial download", id);
    if (partial_folder_path(journal, sizeof journal, id, PARTIAL_JOURNAL, err) ||
        partial_folder_path(part, sizeof part, id, PARTIAL_DATA, err))
        return ERR_FAIL;
    answer = file_lock(journal, &lock, err);
    if (answer)
        return answer == FILE_BUSY ? PARTIAL_IN_USE : ERR_FAIL;
    if (unlink(part) < 0 && errno != ENOENT)
        answer = err_errno(err, errno, "spool", "cannot delete %s", part);
    if (answer == 0 && unlink(journal) < 0)
        answer = err_errno(err, errno, "spool", "cannot delete %s", journal);
    close(lock);
    return answer;
}

void partial_folder_remove_stale(void)
{
    struct partial_entry *entries;
    struct err ignored;
    size_t count;

    if (list_all(&entries, &count, &ignored))
        return;
    for (size_t i = 0; i < count; i++)
        if (entries[i].touched < clock_wall() / NS_PER_S - PARTIAL_STALE)
            partial_remove(entries[i].id, &ignored);
    free(entries);
}
