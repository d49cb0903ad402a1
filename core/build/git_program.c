/*
 * Settings are passed in GIT_CONFIG_COUNT and its companions, behind those of the user. There they
 * can have any name of a filter, and override the repository's configuration. GIT_ALLOW_PROTOCOL
 * keeps a partial clone from fetching, because its configuration could name a program for that.
 */
#include "build/git_program.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "build/git_library.h"
#include "build/git_state.h"
#include "flow/run.h"

#define LIMIT         (10 * 60 * NS_PER_S) /* of one call */
#define ERRORS_MAX    (8 * KIB)
#define LINE_MAX_SIZE (2 * (size_t)PATH_MAX)
#define WORDS_MAX     24

/* The first version that reads settings from GIT_CONFIG_COUNT: 2.31. */
#define SINCE_MAJOR 2
#define SINCE_MINOR 31
/* The first version that checks the owner of a repository. Distributions added this to older
 * ones. */
#define OWNER_MINOR 36

/* The first second of 1678 and the last of 2261: the range of nanoseconds. */
#define TIME_MIN INT64_C(-9214560000)
#define TIME_MAX INT64_C(9214646399)

/* ---- the environment ---- */

/* Variables that a call sets ("NAME=VALUE", owned) or removes. */
struct variables {
    char *lines[2 * GIT_SETTINGS_MAX + 40];
    size_t count;
    bool failed;
};

static void set_variable(struct variables *vars, const char *name, const char *value)
{
    char *line = str_format("%s%s%s", name, value ? "=" : "", value ? value : "");

    if (!line || vars->count + 1 >= ARRAY_SIZE(vars->lines)) {
        vars->failed = true;
        free(line);
        return;
    }
    vars->lines[vars->count++] = line;
}

static void put_settings(struct variables *vars, const struct git_program *git)
{
    const char *given = getenv("GIT_CONFIG_COUNT");
    char *end = NULL, name[64], number[32];
    unsigned long first = given && *given ? strtoul(given, &end, 10) : 0;

    if (end && *end)
        return; /* git reports the error */
    for (unsigned i = 0; i < git->setting_count; i++) {
        snprintf(name, sizeof name, "GIT_CONFIG_KEY_%lu", first + i);
        set_variable(vars, name, git->settings[i].key);
        snprintf(name, sizeof name, "GIT_CONFIG_VALUE_%lu", first + i);
        set_variable(vars, name, git->settings[i].value);
    }
    snprintf(number, sizeof number, "%lu", first + git->setting_count);
    set_variable(vars, "GIT_CONFIG_COUNT", number);
}

/* Sets an absolute path, because git starts in another folder. */
static void put_absolute(struct variables *vars, const char *name)
{
    const char *value = getenv(name);
    char folder[PATH_MAX], path[2 * PATH_MAX];

    if (!value || !*value || *value == '/' || !getcwd(folder, sizeof folder))
        return;
    snprintf(path, sizeof path, "%s/%s", folder, value);
    set_variable(vars, name, path);
}

static void put_repository(struct variables *vars, const struct git_program *git)
{
    static const char *const names[] = {
        "GIT_DIR",         "GIT_WORK_TREE",        "GIT_INDEX_FILE",
        "GIT_COMMON_DIR",  "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_NAMESPACE",   "GIT_PREFIX",           "GIT_GRAFT_FILE",
        "GIT_SHALLOW_FILE"};

    if (git->folder[0]) {
        put_absolute(vars, "GIT_CONFIG_GLOBAL");
        put_absolute(vars, "GIT_CONFIG_SYSTEM");
    }
    for (size_t i = 0; git->submodule && i < ARRAY_SIZE(names); i++)
        if (strcmp(names[i], "GIT_INDEX_FILE") != 0 || !git->index)
            set_variable(vars, names[i], NULL);
    if (git->dir[0]) {
        set_variable(vars, "GIT_DIR", git->dir);
        set_variable(vars, "GIT_WORK_TREE", git->tree);
    } else if (!git->submodule && git->folder[0]) {
        put_absolute(vars, "GIT_WORK_TREE");
    }
    if (git->index)
        set_variable(vars, "GIT_INDEX_FILE", git->index);
}

static int make_environment(const struct git_program *git, struct variables *vars, char ***out,
                            struct err *err)
{
    set_variable(vars, "LC_ALL", "C.UTF-8"); /* its messages are parsed */
    set_variable(vars, "LANGUAGE", NULL);
    set_variable(vars, "GIT_OPTIONAL_LOCKS", "0");
    set_variable(vars, "GIT_NO_REPLACE_OBJECTS", "1"); /* the commit itself, not its replacement */
    set_variable(vars, "GIT_NO_LAZY_FETCH", "1");
    set_variable(vars, "GIT_ALLOW_PROTOCOL", "none");
    set_variable(vars, "GIT_TERMINAL_PROMPT", "0");
    set_variable(vars, "S3DOCK_*", NULL);
    put_repository(vars, git);
    put_settings(vars, git);
    *out = vars->failed ? NULL : run_environment((const char *const *)vars->lines);
    return *out ? 0 : err_memory(err, "the environment of git");
}

/* ---- one call ---- */

static void drop(void *arg, struct view bytes)
{
    (void)arg;
    (void)bytes;
}

int git_program_run(const struct git_program *git, struct git_call *call, struct err *err)
{
    const char *argv[WORDS_MAX] = {"git", "--no-pager"};
    struct run_output output = {call->take ? call->take : drop, call->arg, &call->errors};
    struct run_options run = {.argv = argv,
                              .folder = git->folder[0] ? git->folder : NULL,
                              .output = &output,
                              .input = call->input,
                              .limit = LIMIT,
                              .cancel = git->cancel};
    struct variables vars = {.count = 0};
    char **env = NULL;
    int failed;

    text_init(&call->errors, ERRORS_MAX);
    for (size_t i = 0; call->words[i] && i + 3 < ARRAY_SIZE(argv); i++)
        argv[i + 2] = call->words[i];
    failed = make_environment(git, &vars, &env, err);
    run.env = env;
    failed = failed || run_program(&run, &call->code, err);
    free(env);
    for (size_t i = 0; i < vars.count; i++)
        free(vars.lines[i]);
    return failed ? ERR_FAIL : 0;
}

/* ---- error messages of git ---- */

/* Copies the text between the first two quotes behind `words` in `text`. */
static bool quoted_after(const char *text, const char *words, char *out, size_t size)
{
    const char *at = strstr(text, words), *end;

    if (!at || !(at = strchr(at, '\'')))
        return false;
    end = strchr(at + 1, '\'');
    if (!end || (size_t)(end - at) >= size)
        return false;
    snprintf(out, size, "%.*s", (int)(end - at - 1), at + 1);
    return true;
}

static int not_ours(const char *root, struct err *err)
{
    err_set(err, ERR_AUTH, CODE_OWNER, "the repository %s belongs to another user", root);
    return err_hint(err, "if you trust it: git config --global --add safe.directory %s", root);
}

static int no_repository(const char *path, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, CODE_REPOSITORY, "%s is not inside of a git repository",
                   path);
}

static int no_commit(const char *path, struct err *err)
{
    err_set(err, ERR_CONFLICT, "no_commit", "the repository %s has no commit yet", path);
    return err_hint(err, "images are named after the commit they are built from: git commit first");
}

static const char *place_of(const struct git_program *git)
{
    return git->folder[0] ? git->folder : ".";
}

static int bare(const struct git_program *git, bool is_bare, struct err *err)
{
    err_set(err, ERR_CONFLICT, "bare", "the repository %s %s", place_of(git),
            is_bare ? "is bare: it has no files to build from" : "has no files at this place");
    return err_hint(err, "build in a worktree of it: git worktree add FOLDER");
}

/* Copies the first line with a reason, without its prefix, and the indented lines behind it. */
static void reason_of(const struct git_call *call, char *out, size_t size)
{
    const char *line = strstr(call->errors.data, "fatal: "), *end;

    if (!line)
        line = strstr(call->errors.data, "error: ");
    line = line ? line + strlen("fatal: ") : call->errors.data;
    end = line + strcspn(line, "\n");
    while (end[0] && end[1] == '\t')
        end += 1 + strcspn(end + 1, "\n");
    snprintf(out, size, "%.*s", (int)(end - line), line);
    for (char *at = out; *at; at++)
        if (*at == '\n' || *at == '\t')
            *at = ' ';
    if (!out[0])
        snprintf(out, size, "git %s ended with exit code %d", call->words[0], call->code);
}

static int complain(const struct git_program *git, const struct git_call *call, struct err *err)
{
    const char *said = call->errors.data;
    char root[PATH_MAX], reason[400];

    if (quoted_after(said, "dubious ownership in repository at", root, sizeof root) ||
        quoted_after(said, "unsafe repository (", root, sizeof root))
        return not_ours(root, err);
    if (strstr(said, "not a git repository (or any"))
        return no_repository(place_of(git), err);
    if (strstr(said, "does not have any commits yet"))
        return no_commit(place_of(git), err);
    if (strstr(said, "must be run in a work tree"))
        return bare(git, false, err);
    reason_of(call, reason, sizeof reason);
    if (!strstr(said, "unknown repository extension") && !strstr(said, "Expected git repo version"))
        return err_set(err, ERR_LOCAL, "repository", "the repository at %s cannot be read: %s",
                       place_of(git), reason);
    err_set(err, ERR_UNSUPPORTED, "repository",
            "the repository at %s has a form that is not read: %s", place_of(git), reason);
    return err_hint(err, "this git is too old for it; a newer one reads it");
}

int git_program_must(const struct git_program *git, const char *const *words,
                     void (*take)(void *arg, struct view bytes), void *arg, struct view input,
                     struct err *err)
{
    struct git_call call = {.words = words, .take = take, .arg = arg, .input = input};
    int failed = git_program_run(git, &call, err);

    if (!failed && call.code)
        failed = complain(git, &call, err);
    text_finish(&call.errors);
    return failed ? ERR_FAIL : 0;
}

void git_program_text(void *arg, struct view bytes)
{
    text_add(arg, bytes.data, bytes.size);
}

int git_program_line(const struct git_program *git, const char *const *words, char *out,
                     size_t size, struct err *err)
{
    _cleanup_text_ struct text line = {0};

    text_init(&line, LINE_MAX_SIZE);
    if (git_program_must(git, words, git_program_text, &line, (struct view){0}, err) ||
        text_check(&line, "the output of git", err))
        return ERR_FAIL;
    if (line.size && line.data[line.size - 1] == '\n')
        text_cut(&line, line.size - 1);
    if (!str_copy(out, size, line.data))
        return err_set(err, ERR_LOCAL, "repository", "the output of git is too long");
    return 0;
}

/* ---- finding git ---- */

/* Parses "git version 2.39.5". */
static int version_of(const char *line, unsigned *major, unsigned *minor)
{
    static const char front[] = "git version ";
    char *end;

    if (strncmp(line, front, strlen(front)) != 0)
        return ERR_FAIL;
    *major = (unsigned)strtoul(line + strlen(front), &end, 10);
    if (*end != '.')
        return ERR_FAIL;
    *minor = (unsigned)strtoul(end + 1, NULL, 10);
    return 0;
}

/* Reads the version. GIT_PROGRAM_ABSENT: it is too old. */
static int read_version(struct git_program *git, char *why, size_t size, struct err *err)
{
    const struct git_program here = {.cancel = git->cancel};
    unsigned major;
    char line[256];

    if (git_program_line(&here, (const char *const[]){"version", NULL}, line, sizeof line, err))
        return ERR_FAIL;
    if (version_of(line, &major, &git->minor) || major < SINCE_MAJOR ||
        (major == SINCE_MAJOR && git->minor < SINCE_MINOR)) {
        snprintf(why, size, "%.40s is too old", line);
        return GIT_PROGRAM_ABSENT;
    }
    if (major > SINCE_MAJOR)
        git->minor = UINT_MAX;
    return GIT_PROGRAM_OK;
}

static int find_program(struct git_program *git, char *why, size_t size, struct err *err)
{
    char program[PATH_MAX];

    if (run_find("git", program, sizeof program))
        return read_version(git, why, size, err);
    snprintf(why, size, "git is not in PATH");
    return GIT_PROGRAM_ABSENT;
}

/* ---- one repository ---- */

int git_program_begin(struct git_program *git, const char *path, const struct cancel *cancel,
                      char *why, size_t size, struct err *err)
{
    const char *dir = getenv("GIT_DIR");
    int answer;

    *git = (struct git_program){.cancel = cancel};
    answer = find_program(git, why, size, err);
    if (answer)
        return answer;
    if ((!dir || !*dir) && !realpath(path, git->folder))
        return err_errno(err, errno, "repository", "cannot open the folder %s", path);
    return git_program_guard(git, err);
}

/* Settings for every call: git runs no program of the repository, writes no file beside the index,
 * and does not trust cached states. The repository may not choose which times of a file count: with
 * its size and one time restored, a changed file would count as unchanged. */
static const struct {
    const char *key, *value;
} guards[] = {
    {"core.fsmonitor", "false"},  {"core.hooksPath", "/dev/null"},
    {"core.splitIndex", "false"}, {"core.untrackedCache", "false"},
    {"core.trustctime", "true"},  {"core.checkStat", "default"},
};

int git_program_guard(struct git_program *git, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(guards); i++)
        if (git_program_set(git, guards[i].key, guards[i].value, err))
            return ERR_FAIL;
    return 0;
}

static void unset_to(struct git_program *git, unsigned count)
{
    while (git->setting_count > count) {
        git->setting_count--;
        free(git->settings[git->setting_count].key);
        free(git->settings[git->setting_count].value);
    }
}

void git_program_unset_all(struct git_program *git)
{
    unset_to(git, ARRAY_SIZE(guards));
}

void git_program_end(struct git_program *git)
{
    unset_to(git, 0);
}

int git_program_set(struct git_program *git, const char *key, const char *value, struct err *err)
{
    char *name = strdup(key), *content = strdup(value);

    if (name && content && git->setting_count < GIT_SETTINGS_MAX) {
        git->settings[git->setting_count].key = name;
        git->settings[git->setting_count++].value = content;
        return 0;
    }
    free(name);
    free(content);
    return err_set(err, ERR_LOCAL, "repository", "the repository at %s defines too many filters",
                   place_of(git));
}

/* Returns true if git finds the repository `dir` from its root, by the folder or file .git. */
static bool leads_back(const char *root, const char *dir)
{
    char link[PATH_MAX + 8];
    struct stat st;

    snprintf(link, sizeof link, "%s/.git", root);
    return strcmp(link, dir) == 0 || (lstat(link, &st) == 0 && S_ISREG(st.st_mode));
}

/* Moves to the root. GIT_DIR may be relative to the current folder. core.worktree may name a root
 * from which git does not find the repository. */
static int go_to_root(struct git_program *git, const char *root, struct err *err)
{
    static const char *const dir[] = {"rev-parse", "--absolute-git-dir", NULL};

    if (git_program_line(git, dir, git->dir, sizeof git->dir, err))
        return ERR_FAIL;
    if (git->folder[0] && leads_back(root, git->dir))
        git->dir[0] = '\0';
    str_copy(git->tree, sizeof git->tree, root);
    str_copy(git->folder, sizeof git->folder, root);
    return 0;
}

/* Reads "false" LF root. For a bare repository git prints "true" LF and fails. */
static int find_root(struct git_program *git, char *root, size_t size, struct err *err)
{
    static const char *const words[] = {"rev-parse", "--is-bare-repository", "--show-toplevel",
                                        NULL};
    _cleanup_text_ struct text answer = {0};
    struct git_call call = {.words = words, .take = git_program_text, .arg = &answer};
    int failed;

    text_init(&answer, LINE_MAX_SIZE);
    failed = git_program_run(git, &call, err);
    if (!failed && !strncmp(answer.data, "true\n", 5))
        failed = bare(git, true, err);
    else if (!failed && call.code)
        failed = complain(git, &call, err);
    text_finish(&call.errors);
    if (failed)
        return ERR_FAIL;
    if (answer.size <= strlen("false\n\n") || answer.size - strlen("false\n") > size)
        return err_set(err, ERR_LOCAL, "repository", "the root of %s is too long", place_of(git));
    snprintf(root, size, "%.*s", (int)(answer.size - strlen("false\n") - 1),
             answer.data + strlen("false\n"));
    return go_to_root(git, root, err);
}

/* Parses "HASH SECONDS +0200". */
static int read_commit(const char *line, struct git_head *out, struct err *err)
{
    size_t size = strcspn(line, " ");
    char *end = NULL;
    intmax_t seconds = strtoimax(line + size, &end, 10);
    long zone = strtol(end, NULL, 10), minutes;

    if (size < GIT_SHORT_SIZE || size >= GIT_HASH_SIZE || *end != ' ')
        return err_set(err, ERR_LOCAL, "repository", "git reports an unexpected HEAD: %s", line);
    if (seconds < TIME_MIN || seconds > TIME_MAX)
        return err_set(err, ERR_LOCAL, "repository", "the time of the commit is impossible: %jd",
                       seconds);
    minutes = zone / 100 * 60 + zone % 100;
    snprintf(out->hash, sizeof out->hash, "%.*s", (int)size, line);
    snprintf(out->short_hash, sizeof out->short_hash, "%.*s", GIT_SHORT_SIZE - 1, line);
    clock_stamp(((int64_t)seconds + minutes * INT64_C(60)) * NS_PER_S, out->time);
    return 0;
}

/* Refuses repositories of other users if git does not check owners itself. */
static int check_owner(const struct git_program *git, struct err *err)
{
    return git->minor < OWNER_MINOR ? git_library_owner(place_of(git), err) : 0;
}

int git_program_head(struct git_program *git, struct git_head *out, struct err *err)
{
    static const char *const words[] = {"log",
                                        "-1",
                                        "--no-show-signature",
                                        "--no-color",
                                        "--no-notes",
                                        "--no-decorate",
                                        "--format=%H %cd",
                                        "--date=raw",
                                        NULL};
    char line[256];

    if (check_owner(git, err) || find_root(git, out->root, sizeof out->root, err) ||
        git_program_line(git, words, line, sizeof line, err))
        return ERR_FAIL;
    return read_commit(line, out, err);
}
