/*
 * The names of a folder are sorted, with a '/' behind those of folders. That is the order of the
 * whole keys, so a depth-first walk finds the keys sorted. The walk for the next page begins at the
 * top again and skips each folder that ends before the token. So it reads only the folders on the
 * way to the token. The names of the folder in which a page ended are kept while the folder does
 * not change. So a folder of many pages is read and sorted once.
 *
 * An entry that is neither a file nor a folder counts as a folder. So a list fails that would have
 * to enter it.
 */
#include "store/dir/list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "os/file.h"
#include "os/folder.h"

/* The names of a folder, and the state by which a change of the folder is found. */
struct dir_seen {
    char path[STORE_KEY_MAX + 2];
    struct stat st;
    struct dir_names names;
};

struct walk {
    struct dir_bucket *bucket;
    struct store_op *op;
    const char *prefix, *token;
    char path[STORE_KEY_MAX + 2];  /* of the current entry; a folder's ends in '/' */
    char group[STORE_KEY_MAX + 2]; /* the last common prefix, or "" */
    bool full;
    struct err *err;
};

int dir_page_add(struct store_page *page, const char *key, bool is_prefix,
                 const struct store_info *info, struct err *err)
{
    struct store_entry *entry;

    if (!page->entries) {
        page->entries = calloc(DIR_PAGE, sizeof *page->entries);
        if (!page->entries)
            return err_memory(err, "a page of keys");
    }
    entry = &page->entries[page->count];
    *entry = (struct store_entry){.key = strdup(key), .is_prefix = is_prefix};
    if (!entry->key)
        return err_memory(err, "a page of keys");
    if (info)
        entry->info = *info;
    page->count++;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* UNKNOWN: the entry was deleted just now. */
static enum os_entry kind_of(int folder, const struct dirent *entry)
{
    enum os_entry kind = os_entry_kind(entry);
    struct stat st;

    if (kind != OS_ENTRY_UNKNOWN || fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return kind;
    return S_ISREG(st.st_mode)   ? OS_ENTRY_FILE
           : S_ISDIR(st.st_mode) ? OS_ENTRY_FOLDER
                                 : OS_ENTRY_OTHER;
}

/* Returns true for entries that are no keys: also for hidden links, which editors make as locks. */
static bool is_skipped(const char *name, enum os_entry kind)
{
    return kind == OS_ENTRY_UNKNOWN || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
           (kind == OS_ENTRY_OTHER && name[0] == '.');
}

static int names_add(struct dir_names *out, const char *name, bool folder, const char *where,
                     struct err *err)
{
    size_t size = strlen(name);
    char *copy;

    if (out->count == DIR_FOLDER_MAX)
        return err_set(err, ERR_LOCAL, "folder", "a folder of %s has more than %d names", where,
                       DIR_FOLDER_MAX);
    if (!array_reserve(&out->names, &out->room, out->count, sizeof *out->names))
        return err_memory(err, "the names of a folder");
    copy = malloc(size + 2);
    if (!copy)
        return err_memory(err, "the names of a folder");
    memcpy(copy, name, size);
    copy[size] = folder ? '/' : '\0';
    copy[size + 1] = '\0';
    out->names[out->count++] = copy;
    return 0;
}

int dir_names_read(int folder, struct dir_names *out, const char *where, struct err *err)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    int answer = 0;

    *out = (struct dir_names){0};
    if (!dir) {
        answer = err_errno(err, errno, "folder", "cannot list a folder of %s", where);
        if (fd >= 0)
            close(fd);
        return answer;
    }
    while (answer == 0 && (entry = readdir(dir))) {
        enum os_entry kind = kind_of(fd, entry);

        if (is_skipped(entry->d_name, kind))
            continue;
        answer = names_add(out, entry->d_name, kind != OS_ENTRY_FILE, where, err);
    }
    closedir(dir);
    if (answer == 0 && out->count > 0)
        qsort(out->names, out->count, sizeof *out->names, by_name);
    return answer;
}

void dir_names_finish(struct dir_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->names[i]);
    free(names->names);
    *names = (struct dir_names){0};
}

static int page_full(struct walk *w)
{
    struct store_page *page = w->op->page;

    page->next = strdup(page->entries[page->count - 1].key);
    w->full = true;
    return page->next ? 0 : err_memory(w->err, "a page of keys");
}

/* Groups a key by the delimiter. True: the key belongs to a common prefix, which goes to w->group;
 * *again: that prefix was listed already. */
static bool grouped(struct walk *w, bool *again)
{
    const char *rest = w->path + strlen(w->prefix);
    const char *end = w->op->delimiter ? strchr(rest, w->op->delimiter) : NULL;
    size_t size;

    if (!end)
        return false;
    size = (size_t)(end - w->path) + 1;
    *again = strncmp(w->group, w->path, size) == 0 && w->group[size] == '\0';
    memcpy(w->group, w->path, size);
    w->group[size] = '\0';
    return true;
}

/* Adds the key w->path, or its common prefix, to the page. */
static int offer(struct walk *w, int folder, const char *name)
{
    struct store_page *page = w->op->page;
    struct store_info info = {0};
    struct stat st;
    bool again = false;

    if (strncmp(w->path, w->prefix, strlen(w->prefix)) != 0)
        return 0;
    if (grouped(w, &again)) {
        if (again || (w->token && strcmp(w->group, w->token) <= 0))
            return 0;
        if (page->count == DIR_PAGE)
            return page_full(w);
        return dir_page_add(page, w->group, true, NULL, w->err);
    }
    if (w->token && strcmp(w->path, w->token) <= 0)
        return 0;
    if (page->count == DIR_PAGE)
        return page_full(w);
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0) /* deleted just now */
        return errno == ENOENT ? 0
                               : err_errno(w->err, errno, "folder", "cannot look at \"%s\" in %s",
                                           w->path, w->bucket->where);
    dir_info(&st, &info);
    return dir_page_add(page, w->path, false, &info, w->err);
}

/* Returns true if the folder w->path (ending in '/') can hold a key behind the token. */
static bool worth_entering(const struct walk *w)
{
    size_t size = strlen(w->path), prefix = strlen(w->prefix);

    if (strncmp(w->path, w->prefix, size < prefix ? size : prefix) != 0)
        return false;
    if (w->group[0] && strncmp(w->path, w->group, strlen(w->group)) == 0)
        return false;
    /* All keys inside sort before the token, unless the token is inside or before the folder. */
    return !w->token || strncmp(w->path, w->token, size) == 0 || strcmp(w->path, w->token) > 0;
}

static int walk_folder(struct walk *w, size_t depth_at);

static int walk_entry(struct walk *w, size_t at, int folder, const char *name)
{
    size_t size = strlen(name);

    if (at + size > STORE_KEY_MAX)
        return 0; /* no valid key */
    memcpy(w->path + at, name, size + 1);
    if (name[size - 1] != '/')
        return offer(w, folder, name);
    return worth_entering(w) ? walk_folder(w, at + size) : 0;
}

void dir_list_forget(struct dir_bucket *bucket)
{
    if (bucket->seen)
        dir_names_finish(&bucket->seen->names);
    free(bucket->seen);
    bucket->seen = NULL;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && os_modified(a) == os_modified(b) &&
           os_changed(a) == os_changed(b);
}

/* Returns the names of the folder w->path: the kept ones, or read anew. `st` gets the state of the
 * folder before the reading. */
static int names_of(struct walk *w, int folder, struct stat *st, struct dir_names *out)
{
    struct dir_seen *seen = w->bucket->seen;

    if (fstat(folder, st) < 0)
        return err_errno(w->err, errno, "folder", "cannot list a folder of %s", w->bucket->where);
    if (!seen || strcmp(seen->path, w->path) != 0 || !is_same(&seen->st, st))
        return dir_names_read(folder, out, w->bucket->where, w->err);
    *out = seen->names;
    seen->names = (struct dir_names){0};
    dir_list_forget(w->bucket);
    return 0;
}

/* Keeps the names of the largest folder on the way to the end of the page. */
static void keep_names(struct walk *w, size_t at, const struct stat *st, struct dir_names *names)
{
    struct dir_seen *seen = w->bucket->seen;

    if (!w->full || names->count <= DIR_PAGE || (seen && seen->names.count >= names->count))
        return;
    dir_list_forget(w->bucket);
    seen = calloc(1, sizeof *seen);
    if (!seen)
        return;
    memcpy(seen->path, w->path, at);
    seen->st = *st;
    seen->names = *names;
    *names = (struct dir_names){0};
    w->bucket->seen = seen;
}

/* Returns the first name that is not before the token. */
static size_t first_name(const struct walk *w, size_t at, const struct dir_names *names)
{
    char name[STORE_KEY_MAX + 2];
    size_t low = 0, high = names->count, size;

    if (!w->token || strncmp(w->token, w->path, at) != 0 || strlen(w->token) > STORE_KEY_MAX)
        return 0;
    size = strcspn(w->token + at, "/");
    size += w->token[at + size] == '/';
    memcpy(name, w->token + at, size);
    name[size] = '\0';
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(names->names[middle], name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Lists all keys below the folder that is the first `at` bytes of w->path. */
static int walk_folder(struct walk *w, size_t at) /* NOLINT(misc-no-recursion): 512 at most */
{
    struct dir_names names = {0};
    struct stat st;
    const char *leaf;
    int folder, answer;

    w->path[at] = '\0';
    answer = dir_folder(w->bucket, w->path, DIR_READ, &folder, &leaf, w->err);
    if (answer != 0)
        return answer < 0 ? answer : 0;
    answer = names_of(w, folder, &st, &names);
    for (size_t i = first_name(w, at, &names); answer == 0 && !w->full && i < names.count; i++) {
        if (at == 0 && dir_is_own(names.names[i]))
            continue;
        answer = cancel_check(w->bucket->cancel, w->err);
        if (answer == 0)
            answer = walk_entry(w, at, folder, names.names[i]);
    }
    keep_names(w, at, &st, &names);
    dir_names_finish(&names);
    close(folder);
    return answer;
}

int dir_list(struct dir_bucket *bucket, struct store_op *op, struct err *err)
{
    struct walk w = {.bucket = bucket,
                     .op = op,
                     .prefix = op->key ? op->key : "",
                     .token = op->token,
                     .err = err};

    if (strlen(w.prefix) > STORE_KEY_MAX)
        return err_set(err, ERR_USAGE, "key", "the prefix is longer than %d bytes", STORE_KEY_MAX);
    if (w.token && op->delimiter && *w.token && w.token[strlen(w.token) - 1] == op->delimiter)
        str_copy(w.group, sizeof w.group, w.token); /* listed on the page before */
    if (!w.token)
        dir_list_forget(bucket);
    if (walk_folder(&w, 0) < 0) {
        store_page_finish(op->page);
        return ERR_FAIL;
    }
    return 0;
}
