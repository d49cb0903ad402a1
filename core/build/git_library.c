/*
 * libgit2 finds staged, changed and ignored files, but differs from git in some cases, which this
 * module corrects. A safe.directory of "*" counts (older versions of libgit2 ignore it). Files that
 * a sparse checkout left out are not deleted. Submodules are checked one by one, whatever their
 * `ignore` is; one with only untracked files is not changed. Files that an index flag hides are
 * hashed.
 *
 * Filter programs (git-lfs) are not run. A file of theirs with a new date counts as changed until
 * `git status` has stored the date. That can refuse an unchanged file, but never accepts a changed
 * one.
 *
 * Partial clones and worktree configuration are extensions of the repository format that change
 * nothing for HEAD and status, so the module makes libgit2 accept them.
 */
#include "build/git_library.h"

#include <errno.h>
#include <git2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "build/git_form.h"

/* GIT_EOWNER, in libgit2 since 1.4.3 */
#define NOT_OURS (-36)

#define LIBGIT2_SINCE(major, minor)                                                                \
    (LIBGIT2_VER_MAJOR > (major) || (LIBGIT2_VER_MAJOR == (major) && LIBGIT2_VER_MINOR >= (minor)))

/* The first second of 1678 and the last of 2261: the range of nanoseconds. */
#define TIME_MIN INT64_C(-9214560000)
#define TIME_MAX INT64_C(9214646399)

/* ---- errors ---- */

static const char *last_words(void)
{
    const git_error *last = git_error_last();

    return last && last->message ? last->message : "libgit2 gives no reason";
}

/* libgit2 1.5 reports another user's repository as a missing configuration value if there is no
 * safe.directory at all. */
static bool is_not_ours(int code)
{
    const git_error *last = git_error_last();

    return code == NOT_OURS || (code == GIT_ENOTFOUND && last && last->klass == GIT_ERROR_CONFIG);
}

static int refuse(const char *path, struct err *err)
{
    const char *words = last_words();
    struct git_form form;

    if (!git_form_find(path, &form))
        return err_set(err, ERR_LOCAL, "repository", "the repository at %s cannot be read: %s",
                       path, words);
    err_set(err, ERR_UNSUPPORTED, "repository",
            "the repository at %s has a form that libgit2 %s does not read: %s", path,
            LIBGIT2_VERSION, form.name);
    return err_hint(err, "%s", form.hint);
}

static int no_repository(const char *path, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, CODE_REPOSITORY, "%s is not inside of a git repository",
                   path);
}

/* libgit2 names the folder for safe.directory in its message. */
static int not_ours(const char *path, struct err *err)
{
    git_buf found = {0};
    char root[4096];
    size_t size;

    snprintf(root, sizeof root, "%s", path);
    if (git_repository_discover(&found, path, 0, NULL) == 0)
        snprintf(root, sizeof root, "%s", found.ptr);
    git_buf_dispose(&found);
    size = strlen(root);
    if (size > 6 && !strcmp(root + size - 6, "/.git/"))
        root[size - 6] = '\0';
    err_set(err, ERR_AUTH, CODE_OWNER, "the repository %s belongs to another user", root);
    return err_hint(err, "if you trust it: git config --global --add safe.directory %s", root);
}

/* ---- opening ---- */

static void accept_extensions(void)
{
#if LIBGIT2_SINCE(1, 2)
    const char *extensions[] = {"partialclone", "worktreeconfig"};

    git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions, ARRAY_SIZE(extensions));
#endif
}

/* A folder, and whether the user's safe.directory names it. */
struct safe_folder {
    const char *root; /* borrowed; NULL: only "*" counts */
    bool named;
};

static int note_safe(const git_config_entry *entry, void *arg)
{
    struct safe_folder *folder = arg;

    if (!strcmp(entry->value, "*") || (folder->root && !strcmp(entry->value, folder->root)))
        folder->named = true;
    else if (!*entry->value) /* an empty value cancels all before it */
        folder->named = false;
    return 0;
}

/* Returns whether the user declared this folder safe, or every folder. Reads only the user's and
 * the system's files: a repository must not decide about its own trust. */
static bool is_safe(const char *root)
{
    struct safe_folder folder = {.root = root};
    git_config *config = NULL;

    if (git_config_open_default(&config) == 0)
        git_config_get_multivar_foreach(config, "safe.directory", NULL, note_safe, &folder);
    git_config_free(config);
    return folder.named;
}

static int open_unowned(git_repository **out, const char *path)
{
    int code = NOT_OURS;

#if LIBGIT2_SINCE(1, 5)
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    code = git_repository_open_ext(out, path, 0, NULL);
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 1);
#else
    (void)out;
    (void)path;
#endif
    return code;
}

/* libgit2 compares the owner itself since 1.4.3; since 1.5 an option turns that off. */
static int check_owner(const char *workdir, struct err *err)
{
#if LIBGIT2_SINCE(1, 5)
    (void)workdir;
    (void)err;
    return 0;
#else
    char root[4096];
    struct stat info;
    size_t size;

    snprintf(root, sizeof root, "%s", workdir);
    size = strlen(root);
    if (size > 1 && root[size - 1] == '/')
        root[size - 1] = '\0';
    if (stat(root, &info) == 0 && (info.st_uid == geteuid() || is_safe(root)))
        return 0;
    return not_ours(root, err);
#endif
}

static int open_found(git_repository **out, const char *path, struct err *err)
{
    int code = git_repository_open_ext(out, path, 0, NULL);

    if (is_not_ours(code)) {
        if (!is_safe(NULL))
            return not_ours(path, err);
        code = open_unowned(out, path);
    }
    if (code == GIT_ENOTFOUND)
        return no_repository(path, err);
    if (code < 0)
        return refuse(path, err);
    if (git_repository_workdir(*out))
        return check_owner(git_repository_workdir(*out), err);
    err_set(err, ERR_CONFLICT, "bare", "the repository %s is bare: it has no files to build from",
            git_repository_path(*out));
    return err_hint(err, "build in a worktree of it: git worktree add FOLDER");
}

/* Opens a repository. The caller calls close_repository() after a failure, too. */
static int open_repository(git_repository **out, const char *path, struct err *err)
{
    char *absolute;
    int failed;

    *out = NULL;
    git_libgit2_init();
    accept_extensions();
    absolute = realpath(path, NULL);
    if (!absolute)
        return err_errno(err, errno, "repository", "cannot open the folder %s", path);
    failed = open_found(out, absolute, err);
    free(absolute);
    return failed;
}

static void close_repository(git_repository *repository)
{
    git_repository_free(repository);
    git_libgit2_shutdown();
}

int git_library_owner(const char *path, struct err *err)
{
    git_repository *repository;
    struct err found = {0};
    bool refused = open_repository(&repository, path, &found) && found.family == ERR_AUTH;

    close_repository(repository);
    if (refused)
        *err = found;
    return refused ? ERR_FAIL : 0;
}

/* ---- HEAD ---- */

static int commit_time(const git_commit *commit, char out[CLOCK_STAMP_SIZE], struct err *err)
{
    const git_signature *committer = git_commit_committer(commit);
    int64_t seconds = committer->when.time;

    if (seconds < TIME_MIN || seconds > TIME_MAX)
        return err_set(err, ERR_LOCAL, "repository", "the time of the commit is impossible: %jd",
                       (intmax_t)seconds);
    clock_stamp((seconds + committer->when.offset * INT64_C(60)) * NS_PER_S, out);
    return 0;
}

static int read_head_commit(git_repository *repository, const git_commit *commit,
                            struct git_head *out, struct err *err)
{
    const char *root = git_repository_workdir(repository);
    size_t size;

    if (!str_copy(out->root, sizeof out->root, root))
        return err_set(err, ERR_LOCAL, "repository", "the path of the repository is too long");
    size = strlen(out->root);
    if (size > 1 && out->root[size - 1] == '/')
        out->root[size - 1] = '\0';
    git_oid_tostr(out->hash, sizeof out->hash, git_commit_id(commit));
    git_oid_tostr(out->short_hash, sizeof out->short_hash, git_commit_id(commit));
    return commit_time(commit, out->time, err);
}

static int no_commit(const char *root, struct err *err)
{
    err_set(err, ERR_CONFLICT, "no_commit", "the repository %s has no commit yet", root);
    return err_hint(err, "images are named after the commit they are built from: git commit first");
}

static int read_head(git_repository *repository, struct git_head *out, struct err *err)
{
    const char *root = git_repository_workdir(repository);
    git_reference *head = NULL;
    git_object *commit = NULL;
    int code = git_repository_head(&head, repository), failed;

    if (code == GIT_EUNBORNBRANCH)
        failed = no_commit(root, err);
    else if (code < 0 || git_reference_peel(&commit, head, GIT_OBJECT_COMMIT) < 0)
        failed = refuse(root, err);
    else
        failed = read_head_commit(repository, (git_commit *)commit, out, err);
    git_object_free(commit);
    git_reference_free(head);
    return failed;
}

int git_library_head(const char *path, struct git_head *out, struct err *err)
{
    git_repository *repository;
    int failed = open_repository(&repository, path, err) || read_head(repository, out, err);

    close_repository(repository);
    return failed ? ERR_FAIL : 0;
}

/* ---- changes ---- */

#define STAGED                                                                                     \
    (GIT_STATUS_INDEX_NEW | GIT_STATUS_INDEX_MODIFIED | GIT_STATUS_INDEX_DELETED |                 \
     GIT_STATUS_INDEX_RENAMED | GIT_STATUS_INDEX_TYPECHANGE)

static const char *word_of(unsigned status)
{
    if (status & GIT_STATUS_CONFLICTED)
        return " (conflict)";
    if (status & STAGED)
        return " (staged)";
    if (status & GIT_STATUS_WT_DELETED)
        return " (deleted)";
    return " (modified)";
}

/* Returns true if a sparse checkout left the file out of the working tree. */
static bool is_sparse(git_repository *repository, const char *path)
{
    git_index *index = NULL;
    const git_index_entry *entry;
    bool sparse = false;

    if (git_repository_index(&index, repository) == 0) {
        entry = git_index_get_bypath(index, path, 0);
        sparse = entry && entry->flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE;
    }
    git_index_free(index);
    return sparse;
}

/* Adds an entry to the list of its kind. */
static void sort_entry(git_repository *repository, const git_status_entry *entry,
                       struct git_changes *out)
{
    const git_diff_delta *delta =
        entry->index_to_workdir ? entry->index_to_workdir : entry->head_to_index;
    const char *path;
    unsigned status = entry->status;

    if (!delta)
        return;
    path = delta->new_file.path ? delta->new_file.path : delta->old_file.path;
    if (status == GIT_STATUS_WT_NEW)
        git_list_add(&out->untracked, path, "");
    else if (status == GIT_STATUS_WT_UNREADABLE)
        git_list_add(&out->untracked, path, " (unreadable)");
    else if (status == GIT_STATUS_WT_DELETED && is_sparse(repository, path))
        return;
    else
        git_list_add(&out->changed, path, word_of(status));
}

/* ---- submodules ---- */

#define SUBMODULE_MOVED                                                                            \
    (GIT_SUBMODULE_STATUS_WD_UNINITIALIZED | GIT_SUBMODULE_STATUS_WD_ADDED |                       \
     GIT_SUBMODULE_STATUS_WD_DELETED | GIT_SUBMODULE_STATUS_WD_MODIFIED)

#define SUBMODULE_CHANGED                                                                          \
    (GIT_SUBMODULE_STATUS_WD_INDEX_MODIFIED | GIT_SUBMODULE_STATUS_WD_WD_MODIFIED)

/* Fails only if a submodule cannot be opened because of its owner. */
static int check_submodule_owner(git_repository *repository, const char *path, struct err *err)
{
    char folder[2 * 4096], link[2 * 4096 + 8];

    snprintf(folder, sizeof folder, "%s%s", git_repository_workdir(repository), path);
    snprintf(link, sizeof link, "%s/.git", folder);
    if (access(link, F_OK) != 0 || git_library_owner(folder, err) == 0)
        return 0;
    err_set(err, ERR_AUTH, CODE_OWNER, "the submodule %s belongs to another user", folder);
    return err_hint(err, "if you trust it: git config --global --add safe.directory %s", folder);
}

static int check_submodule(git_repository *repository, const char *path, struct git_changes *out,
                           struct err *err)
{
    unsigned status = 0;

    if (check_submodule_owner(repository, path, err))
        return ERR_FAIL;
    if (git_submodule_status(&status, repository, path, GIT_SUBMODULE_IGNORE_NONE) < 0 ||
        !(status & GIT_SUBMODULE_STATUS_IN_WD) || status & SUBMODULE_MOVED) {
        out->submodules++;
        out->unnamed += !(status & GIT_SUBMODULE_STATUS_IN_CONFIG);
        git_list_add(&out->changed, path, " (submodule not at its commit)");
    } else if (status & SUBMODULE_CHANGED) {
        git_list_add(&out->changed, path, " (modified)");
    } else if (status & GIT_SUBMODULE_STATUS_WD_UNTRACKED) {
        git_list_add(&out->untracked, path, " (untracked files in the submodule)");
    }
    return 0;
}

/* ---- index flags ---- */

/* Returns true if a file that the index hides differs from the index. A missing file was left out
 * by a sparse checkout. */
static bool differs(git_repository *repository, const git_index_entry *entry)
{
    char path[2 * 4096];
    struct stat st;
    git_oid id;

    snprintf(path, sizeof path, "%s%s", git_repository_workdir(repository), entry->path);
    if (lstat(path, &st))
        return !(entry->flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE);
    return git_repository_hashfile(&id, repository, path, GIT_OBJECT_BLOB, entry->path) < 0 ||
           git_oid_cmp(&id, &entry->id) != 0;
}

static int check_entries(git_repository *repository, git_index *index, struct git_changes *out,
                         struct err *err)
{
    for (size_t i = 0; i < git_index_entrycount(index); i++) {
        const git_index_entry *entry = git_index_get_byindex(index, i);
        bool hidden = entry->flags & GIT_INDEX_ENTRY_VALID ||
                      entry->flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE;

        if (entry->mode == GIT_FILEMODE_COMMIT) {
            if (check_submodule(repository, entry->path, out, err))
                return ERR_FAIL;
        } else if (hidden && differs(repository, entry)) {
            out->hidden++;
            git_list_add(&out->changed, entry->path, " (modified, hidden by an index flag)");
        }
    }
    return 0;
}

static int read_entries(git_repository *repository, struct git_changes *out, struct err *err)
{
    git_index *index = NULL;
    int failed;

    if (git_repository_index(&index, repository) < 0)
        return refuse(git_repository_workdir(repository), err);
    failed = check_entries(repository, index, out, err);
    git_index_free(index);
    return failed;
}

/* ---- the whole repository ---- */

static int read_changes(git_repository *repository, struct git_changes *out, struct err *err)
{
    git_status_options options = GIT_STATUS_OPTIONS_INIT;
    git_status_list *list = NULL;

    options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_INCLUDE_UNREADABLE |
                    GIT_STATUS_OPT_EXCLUDE_SUBMODULES;
    if (git_status_list_new(&list, repository, &options) < 0)
        return refuse(git_repository_workdir(repository), err);
    for (size_t i = 0; i < git_status_list_entrycount(list); i++)
        sort_entry(repository, git_status_byindex(list, i), out);
    git_status_list_free(list);
    return read_entries(repository, out, err);
}

int git_library_changes(const char *path, struct git_changes *out, struct err *err)
{
    git_repository *repository;
    int failed = open_repository(&repository, path, err) || read_changes(repository, out, err);

    close_repository(repository);
    return failed ? ERR_FAIL : 0;
}
