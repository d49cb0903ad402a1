/*
 * Two files decide. The configuration names the version of the format and its extensions; the index
 * has extensions of its own. A linked worktree has its own index, and the configuration of the
 * repository that its file `commondir` names.
 */
#include "build/git_form.h"

#include <git2.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/file.h"
#include "build/git_index.h"

#define INDEX_MAX (2 * GIB)
#define PATH_ROOM (2 * PATH_MAX)

/* The version of the format that libgit2 reads. */
#if LIBGIT2_VER_MAJOR > 1 || LIBGIT2_VER_MINOR >= 2
#define VERSION_READ 1
#else
#define VERSION_READ 0
#endif

/* ---- the configuration ---- */

struct format {
    int32_t version;
    struct git_form *form; /* name "": no extension is the reason so far */
};

/* Extensions with which libgit2 reads a repository: all versions of the program declare them. */
static bool is_read(const char *name, const char *value)
{
    static const char *const NAMES[] = {"noop", "noop-v1", "preciousobjects", "partialclone",
                                        "worktreeconfig"};

    for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
        if (strcmp(name, NAMES[i]) == 0)
            return true;
    return (strcmp(name, "objectformat") == 0 && strcmp(value, "sha1") == 0) ||
           (strcmp(name, "refstorage") == 0 && strcmp(value, "files") == 0);
}

/* libgit2 has the names in small letters, and no value for a name alone. */
static int note_setting(const git_config_entry *entry, void *arg)
{
    struct format *format = arg;
    const char *value = entry->value ? entry->value : "";

    if (strcmp(entry->name, "core.repositoryformatversion") == 0)
        git_config_parse_int32(&format->version, value);
    else if (strncmp(entry->name, "extensions.", 11) == 0 && !is_read(entry->name + 11, value))
        snprintf(format->form->name, sizeof format->form->name, "the extension %.60s = %.30s",
                 entry->name + 11, value);
    return 0;
}

/* Stores the path of the configuration. `gitdir` ends with a slash. */
static void config_path(const char *gitdir, char out[PATH_ROOM])
{
    _cleanup_text_ struct text common = {0};
    char file[PATH_ROOM];
    struct err ignored;
    int size;

    text_init(&common, PATH_MAX - 1);
    snprintf(file, sizeof file, "%scommondir", gitdir);
    if (file_read(file, &common, &ignored) != FILE_OK)
        text_clear(&common);
    size = (int)strcspn(common.data, "\n");
    snprintf(out, PATH_ROOM, "%s%.*s%sconfig", common.data[0] == '/' ? "" : gitdir, size,
             common.data, size ? "/" : "");
}

static bool format_is_reason(const char *gitdir, struct git_form *out)
{
    struct format format = {.form = out};
    git_config *config = NULL;
    char path[PATH_ROOM];

    config_path(gitdir, path);
    if (git_config_open_ondisk(&config, path) == 0)
        git_config_foreach(config, note_setting, &format);
    git_config_free(config);
    out->hint = "build from an ordinary clone of it";
    if (format.version == 1 && out->name[0])
        return true;
    snprintf(out->name, sizeof out->name, "version %d of the format", (int)format.version);
    return format.version > VERSION_READ;
}

/* ---- the index ---- */

static bool index_is_reason(const char *gitdir, struct git_form *out)
{
    _cleanup_text_ struct text index = {0};
    char path[PATH_ROOM], name[GIT_INDEX_NAME];
    struct err ignored;

    text_init(&index, INDEX_MAX);
    snprintf(path, sizeof path, "%sindex", gitdir);
    if (file_read(path, &index, &ignored) != FILE_OK ||
        !git_index_extension(text_view(&index), name))
        return false;
    if (strcmp(name, "link") == 0) {
        str_copy(out->name, sizeof out->name, "a split index");
        out->hint = "git update-index --no-split-index";
    } else if (strcmp(name, "sdir") == 0) {
        str_copy(out->name, sizeof out->name, "a sparse index");
        out->hint = "git sparse-checkout reapply --no-sparse-index";
    } else {
        snprintf(out->name, sizeof out->name, "an index with the extension %s", name);
        out->hint = "build from an ordinary clone of it";
    }
    return true;
}

bool git_form_find(const char *path, struct git_form *out)
{
    git_buf gitdir = {0};
    bool found;

    *out = (struct git_form){0};
    found = git_repository_discover(&gitdir, path, 0, NULL) == 0 &&
            (format_is_reason(gitdir.ptr, out) || index_is_reason(gitdir.ptr, out));
    git_buf_dispose(&gitdir);
    return found;
}
