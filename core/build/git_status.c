/*
 * For each repository, the module reads its filters (git_filters.h), its index and its status.
 *
 * Index. A file that is marked assume-unchanged or skip-worktree is hidden from `git status`. If
 * there are such files, `git status` runs on a copy of the index without the marks. A sparse
 * checkout marks the files that it leaves out, so missing files with a mark do not count as changed
 * then.
 *
 * Submodules. They are checked one by one, because the repository can configure `git status` to
 * skip them, and because each has filters of its own.
 */
#include "build/git_status.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/file.h"
#include "build/git_filters.h"
#include "build/git_program.h"
#include "os/file.h"

#define DEPTH_MAX   32          /* submodules in submodules */
#define LINKS_MAX   (16 * MIB)  /* paths of all submodules of a repository */
#define FLAGGED_MAX (256 * MIB) /* paths of all files that an index flag hides */
#define INDEX_MAX   (2 * GIB)   /* an index that is copied */
#define RECORD_MAX  (64 * KIB)  /* a path and the fields before it */

/* One repository: the outer one, or a submodule. */
struct scan {
    struct git_program *git;
    struct git_changes *out;
    const char *prefix; /* of its paths: "" or "lib/sub/" */
    unsigned depth;
    struct git_filters filters;
    struct text links;   /* submodules: "S HASH path" NUL ...; S: the skip-worktree flag, or - */
    struct text flagged; /* paths that a flag hides, each with a NUL, ascending */
    size_t flagged_at;   /* the path of `flagged` where the next search begins */
    struct text named;   /* of .gitmodules: "NAME LF PATH" NUL ...; read when it is needed */
    bool named_refused;  /* git refuses that file */
};

/* ---- records that end with NUL ---- */

/* Divides output into records. A record that is too long is dropped and counted. */
struct records {
    void (*take)(void *arg, char *record);
    void *arg;
    struct text rest;
    bool overlong;
};

static void records_init(struct records *records, void (*take)(void *arg, char *record), void *arg)
{
    *records = (struct records){.take = take, .arg = arg};
    text_init(&records->rest, RECORD_MAX);
}

static void records_add(void *arg, struct view bytes)
{
    struct records *records = arg;

    while (bytes.size) {
        const uint8_t *end = memchr(bytes.data, '\0', bytes.size);
        size_t size = end ? (size_t)(end - bytes.data) : bytes.size;

        text_add(&records->rest, bytes.data, size);
        if (!end)
            return;
        if (records->rest.failed)
            records->overlong = true;
        else
            records->take(records->arg, records->rest.data);
        text_clear(&records->rest);
        bytes = view_of(end + 1, bytes.size - size - 1);
    }
}

/* Runs git and passes its records to `take`. */
static int run_git(struct scan *scan, const char *const *words,
                   void (*take)(void *arg, char *record), struct err *err)
{
    struct records records;
    int failed;

    records_init(&records, take, scan);
    failed = git_program_must(scan->git, words, records_add, &records, (struct view){0}, err);
    text_finish(&records.rest);
    if (!failed && records.overlong)
        failed = err_set(err, ERR_LOCAL, "repository", "%s has a path that is too long",
                         scan->git->folder);
    return failed;
}

/* ---- the index ---- */

/* Returns true if the path of the working tree exists. An empty folder does not count, because a
 * submodule that was left out has one. */
static bool path_exists(const struct scan *scan, const char *path)
{
    char whole[2 * PATH_MAX];
    struct dirent *entry;
    struct stat st;
    bool found = false;
    DIR *dir;

    snprintf(whole, sizeof whole, "%s/%s", scan->git->folder, path);
    if (lstat(whole, &st))
        return false;
    if (!S_ISDIR(st.st_mode) || !(dir = opendir(whole)))
        return true;
    while (!found && (entry = readdir(dir)))
        found = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    return found;
}

/* "H 100644 HASH 0\tpath": capital S for skip-worktree, a small letter for assume-unchanged. */
static void take_entry(void *arg, char *record)
{
    struct scan *scan = arg;
    char *path = strchr(record, '\t'), *mode = record + 2, *hash;
    bool skip = *record == 'S' || *record == 's', small = *record >= 'a' && *record <= 'z';

    if (!path || strlen(record) < 10)
        return;
    path++;
    if (skip && scan->filters.sparse && !path_exists(scan, path))
        return;
    if (!strncmp(mode, "160000 ", 7)) {
        hash = mode + 7;
        text_add(&scan->links, hash, strcspn(hash, " "));
        text_char(&scan->links, ' ');
        text_add(&scan->links, path, strlen(path) + 1);
    } else if (skip || small) {
        text_add(&scan->flagged, path, strlen(path) + 1);
    }
}

static int read_index(struct scan *scan, struct err *err)
{
    static const char *const words[] = {"ls-files", "-z", "-v", "-s", NULL};

    if (run_git(scan, words, take_entry, err) ||
        text_check(&scan->links, "the list of submodules", err) ||
        text_check(&scan->flagged, "the list of files with an index flag", err))
        return ERR_FAIL;
    return 0;
}

/* Searches from the path that was found last, because git lists the index and the changes in the
 * same order. So all searches together read the list a few times. */
static bool is_flagged(struct scan *scan, const char *path)
{
    const char *begin = scan->flagged.data, *end = begin + scan->flagged.size;
    const char *at = begin + scan->flagged_at;

    if (at < end && strcmp(at, path) > 0)
        at = begin;
    while (at < end && strcmp(at, path) < 0)
        at += strlen(at) + 1;
    scan->flagged_at = at < end ? (size_t)(at - begin) : 0;
    return at < end && !strcmp(at, path);
}

/* Makes a private file of the cache with the content and the time of the index. By this time, git
 * finds files that may have changed within the second in which their entry was written. */
static int copy_index(struct scan *scan, char temp[PATH_MAX], struct err *err)
{
    static const char *const words[] = {"rev-parse", "--path-format=absolute", "--git-path",
                                        "index", NULL};
    char index[PATH_MAX], cache[PATH_MAX - 32];
    _cleanup_text_ struct text content = {0};
    struct stat st;
    int fd, failed;

    text_init(&content, INDEX_MAX);
    if (git_program_line(scan->git, words, index, sizeof index, err))
        return ERR_FAIL;
    if (stat(index, &st))
        return err_errno(err, errno, "repository", "cannot read %s", index);
    if (file_read(index, &content, err) || file_cache_dir(cache, sizeof cache, err))
        return ERR_FAIL;
    snprintf(temp, PATH_MAX, "%s/index.XXXXXX", cache);
    fd = os_temp_file(temp);
    if (fd < 0)
        return err_errno(err, errno, "repository", "cannot write %s", temp);
    failed = file_write_all(fd, content.data, content.size, temp, err);
    if (!failed && os_set_modified(fd, os_modified(&st)))
        failed = err_errno(err, errno, "repository", "cannot write %s", temp);
    close(fd);
    if (failed)
        unlink(temp);
    return failed;
}

static int clear_flag(struct scan *scan, const char *flag, struct err *err)
{
    const char *const words[] = {"update-index", flag, "-z", "--stdin", NULL};

    return git_program_must(scan->git, words, NULL, NULL, text_view(&scan->flagged), err);
}

/* ---- the status ---- */

static const char *word_of(const char *record, bool hidden)
{
    if (record[0] == 'u')
        return " (conflict)";
    if (record[2] != '.' || record[3] == 'A') /* staged, or meant to be added */
        return " (staged)";
    if (record[3] == 'D')
        return hidden ? " (deleted, hidden by an index flag)" : " (deleted)";
    return hidden ? " (modified, hidden by an index flag)" : " (modified)";
}

/* Returns the path behind `count` fields; NULL: there are fewer fields. */
static const char *after_fields(const char *record, unsigned count)
{
    while (record && count--) {
        record = strchr(record, ' ');
        record = record ? record + 1 : NULL;
    }
    return record;
}

static void add_path(struct scan *scan, struct git_list *list, const char *path, const char *word)
{
    char whole[2 * PATH_MAX];

    snprintf(whole, sizeof whole, "%s%s", scan->prefix, path);
    git_list_add(list, whole, word);
}

/* Takes a record "1 XY SUB ...", "u XY SUB ..." or "? path". */
static void take_status(void *arg, char *record)
{
    struct scan *scan = arg;
    const char *path;
    bool hidden;

    if (record[0] == '?' && record[1])
        add_path(scan, &scan->out->untracked, record + 2, "");
    if ((record[0] != '1' && record[0] != 'u') || strlen(record) < 10)
        return;
    path = after_fields(record, record[0] == '1' ? 8 : 10);
    if (!path || (record[5] == 'S' && record[2] == '.' && record[0] == '1'))
        return; /* submodules are checked separately */
    hidden = is_flagged(scan, path);
    scan->out->hidden += hidden;
    add_path(scan, &scan->out->changed, path, word_of(record, hidden));
}

static int ask_status(struct scan *scan, struct err *err)
{
    static const char *const words[] = {"status",
                                        "--porcelain=v2",
                                        "-z",
                                        "--untracked-files=normal",
                                        "--no-renames",
                                        "--ignore-submodules=dirty",
                                        NULL};

    return run_git(scan, words, take_status, err);
}

static int ask_without_flags(struct scan *scan, struct err *err)
{
    char temp[PATH_MAX];
    int failed;

    if (copy_index(scan, temp, err))
        return ERR_FAIL;
    scan->git->index = temp;
    failed = clear_flag(scan, "--no-assume-unchanged", err) ||
             clear_flag(scan, "--no-skip-worktree", err) || ask_status(scan, err);
    scan->git->index = NULL;
    unlink(temp);
    return failed ? ERR_FAIL : 0;
}

/* ---- submodules ---- */

static int scan_repository(struct scan *scan, struct err *err);

static bool is_checked_out(const char *folder)
{
    char link[2 * PATH_MAX];
    struct stat st;

    snprintf(link, sizeof link, "%s/.git", folder);
    return lstat(folder, &st) == 0 && S_ISDIR(st.st_mode) && lstat(link, &st) == 0;
}

/* Checks that the root of the submodule is its own folder: with a broken .git, git would find the
 * repository around it. */
static int check_root(const struct git_program *git, struct err *err)
{
    static const char *const words[] = {"rev-parse", "--show-toplevel", NULL};
    char root[PATH_MAX], folder[PATH_MAX];

    if (git_program_line(git, words, root, sizeof root, err))
        return ERR_FAIL;
    if (realpath(git->folder, folder) && !strcmp(root, folder))
        return 0;
    err_set(err, ERR_LOCAL, "repository", "%s is a submodule, but no repository", git->folder);
    return err_hint(err, "git submodule update --init --recursive");
}

/* Sets *same to whether HEAD is the recorded commit. */
static int compare_head(const struct git_program *git, const char *hash, bool *same,
                        struct err *err)
{
    static const char *const words[] = {"rev-parse", "--verify", "-q", "HEAD", NULL};
    _cleanup_text_ struct text head = {0};
    struct git_call call = {.words = words, .take = git_program_text, .arg = &head};
    int failed;

    text_init(&head, KIB);
    failed = git_program_run(git, &call, err);
    text_finish(&call.errors);
    *same = call.code == 0 && !strncmp(head.data, hash, strlen(hash)) &&
            head.data[strlen(hash)] == '\n';
    return failed;
}

static int read_named(struct scan *scan, struct err *err)
{
    static const char *const words[] = {"config",      "--null",       "--file",
                                        ".gitmodules", "--get-regexp", "^submodule\\..*\\.path$",
                                        NULL};
    struct git_call call = {.words = words, .take = git_program_text, .arg = &scan->named};
    int failed;

    text_init(&scan->named, LINKS_MAX);
    failed = git_program_run(scan->git, &call, err);
    text_finish(&call.errors);
    scan->named_refused = call.code > 1;
    return failed;
}

/* Returns whether .gitmodules has the path. A file that git refuses counts as if it had: git then
 * reports the fault of the file. */
static bool is_named(const struct scan *scan, const char *path)
{
    const char *end = scan->named.data + scan->named.size;

    for (const char *at = scan->named.data; at < end; at += strlen(at) + 1) {
        const char *line = strchr(at, '\n');

        if (line && !strcmp(line + 1, path))
            return true;
    }
    return scan->named_refused;
}

static int add_submodule(struct scan *scan, const char *path, const char *word, struct err *err)
{
    if (!scan->named.max && read_named(scan, err))
        return ERR_FAIL;
    scan->out->submodules++;
    scan->out->unnamed += !is_named(scan, path);
    add_path(scan, &scan->out->changed, path, word);
    return 0;
}

static int enter(struct scan *scan, const char *path, const char *hash, struct git_program *git,
                 struct err *err)
{
    char prefix[2 * PATH_MAX];
    struct scan inner = {.git = git, .out = scan->out, .prefix = prefix, .depth = scan->depth + 1};
    bool same = false;

    if (inner.depth > DEPTH_MAX ||
        (size_t)snprintf(prefix, sizeof prefix, "%s%s/", scan->prefix, path) >= PATH_MAX)
        return err_set(err, ERR_LOCAL, "repository", "submodules are nested too deeply: %s",
                       git->folder);
    if (check_root(git, err) || compare_head(git, hash, &same, err))
        return ERR_FAIL;
    if (!same && add_submodule(scan, path, " (submodule at another commit)", err))
        return ERR_FAIL;
    return scan_repository(&inner, err);
}

static int scan_submodule(struct scan *scan, const char *path, const char *hash, struct err *err)
{
    struct git_program *git = calloc(1, sizeof *git);
    int failed, size;

    if (!git)
        return err_memory(err, "a submodule");
    git->cancel = scan->git->cancel;
    git->submodule = true;
    size = snprintf(git->folder, sizeof git->folder, "%s/%s", scan->git->folder, path);
    if (size < 0 || (size_t)size >= sizeof git->folder) {
        failed = err_set(err, ERR_LOCAL, "repository", "a submodule's path is too long: %s", path);
    } else if (!is_checked_out(git->folder)) {
        failed = add_submodule(scan, path, " (submodule not checked out)", err);
    } else {
        failed = git_program_guard(git, err) || enter(scan, path, hash, git, err);
    }
    git_program_end(git);
    free(git);
    return failed ? ERR_FAIL : 0;
}

static int scan_submodules(struct scan *scan, struct err *err)
{
    char *at = scan->links.data, *end = at + scan->links.size;

    while (at < end) {
        char *next = at + strlen(at) + 1, *path = strchr(at, ' ');

        *path++ = '\0';
        if (scan_submodule(scan, path, at, err))
            return ERR_FAIL;
        at = next;
    }
    return 0;
}

/* ---- one repository ---- */

static int scan_repository(struct scan *scan, struct err *err)
{
    int failed;

    text_init(&scan->links, LINKS_MAX);
    text_init(&scan->flagged, FLAGGED_MAX);
    failed = git_filters_guard(scan->git, &scan->filters, err) || read_index(scan, err) ||
             (scan->flagged.size ? ask_without_flags(scan, err) : ask_status(scan, err)) ||
             scan_submodules(scan, err);
    if (!scan->out->filter[0])
        str_copy(scan->out->filter, sizeof scan->out->filter, scan->filters.skipped);
    text_finish(&scan->links);
    text_finish(&scan->flagged);
    text_finish(&scan->named);
    return failed ? ERR_FAIL : 0;
}

int git_status_read(struct git_program *git, struct git_changes *out, struct err *err)
{
    struct scan scan = {.git = git, .out = out, .prefix = ""};

    return scan_repository(&scan, err);
}
