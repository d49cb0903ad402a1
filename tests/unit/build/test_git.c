#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "build/git.h"

/*
 * Real repositories, created by git in the test's own folder. Every scene starts with "src": two
 * files and one commit, at a known time in a known zone.
 */
static char folder[64];
/* If `by_library` is set, the git program is not used. */
static bool by_library;

static int shell(const char *script)
{
    char *line = NULL;
    int code = asprintf(&line, "exec >log 2>&1; set -e; %s", script);

    if (code >= 0)
        code = system(line);
    free(line);
    return code;
}

#define SHELL(script) assert_int_equal(shell(script), 0)

/* libgit2 1.5 leaks a buffer of its regular expressions when it reads the extensions of a
 * repository. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libpcre2";
}

/* Created once, and copied for each scene. */
static char model[64];

static int make_model(void **state)
{
    (void)state;
    strcpy(model, "/tmp/test_git.XXXXXX");
    if (!mkdtemp(model) || chdir(model))
        return -1;
    setenv("HOME", model, 1);
    setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    setenv("GIT_COMMITTER_DATE", "2025-07-21T23:18:59 +0530", 1);
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("XDG_CACHE_HOME");
    unsetenv("GIT_DIR");
    return shell("git config --global user.name n; git config --global user.email n@example.com;"
                 "git config --global init.defaultBranch main;"
                 "git config --global protocol.file.allow always;"
                 "git config --global core.excludesFile ~/ignored;"
                 "echo '*.ignored' >ignored;"
                 "git init -q src; cd src; mkdir -p d/e; echo a >a; echo b >d/e/b; git add .;"
                 "git commit -qm one; git config uploadpack.allowFilter true");
}

static int remove_model(void **state)
{
    char line[96];

    (void)state;
    snprintf(line, sizeof line, "rm -rf '%s'", model);
    return chdir("/") || system(line);
}

static int set_up(void **state)
{
    char line[256];

    (void)state;
    by_library = false;
    strcpy(folder, "/tmp/test_git.XXXXXX");
    if (!mkdtemp(folder) || chdir(folder))
        return -1;
    setenv("HOME", folder, 1);
    setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    setenv("GIT_COMMITTER_DATE", "2025-07-21T23:18:59 +0530", 1);
    snprintf(line, sizeof line, "cp -rp %s/. .", model);
    return system(line);
}

static int tear_down(void **state)
{
    char line[96];

    (void)state;
    snprintf(line, sizeof line, "rm -rf '%s'", folder);
    return chdir("/") || system(line);
}

static void read_whole(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    assert_non_null(fgets(out, (int)size, file));
    out[strcspn(out, "\n")] = '\0';
    fclose(file);
}

static void hide_git(char path[4096])
{
    snprintf(path, 4096, "%s", getenv("PATH"));
    if (by_library)
        setenv("PATH", ":.:/nowhere", 1);
}

static int read_head(const char *path, struct git_head *out, struct err *err)
{
    char before[4096];
    int failed;

    hide_git(before);
    failed = git_read(path, NULL, out, NULL, err);
    setenv("PATH", before, 1);
    return failed;
}

static int read_changes(const char *path, struct git_changes *out, struct err *err)
{
    char before[4096];
    struct git_head head;
    int failed;

    hide_git(before);
    failed = git_read(path, NULL, &head, out, err);
    setenv("PATH", before, 1);
    return failed;
}

/* Compares with git's own HEAD: the hash, and the root of the working tree. */
static void assert_head(const char *path)
{
    char line[256], expected[4096];
    struct git_head head;
    struct err err = {0};

    if (read_head(path, &head, &err))
        fail_msg("%s: %s", path, err.text);
    snprintf(line, sizeof line,
             "git -C %s rev-parse HEAD >hash; git -C %s rev-parse --show-toplevel >root", path,
             path);
    SHELL(line);
    read_whole("hash", expected, sizeof expected);
    assert_string_equal(head.hash, expected);
    assert_int_equal(head.by_library, by_library);
    assert_string_equal(head.why, by_library ? "git is not in PATH" : "");
    expected[7] = '\0';
    assert_string_equal(head.short_hash, expected);
    assert_string_equal(head.time, "20250721-2318");
    read_whole("root", expected, sizeof expected);
    assert_string_equal(head.root, expected);
}

static void assert_list(const struct git_list *list, const char *const *paths)
{
    for (unsigned i = 0; i < list->count && i < GIT_LIST_MAX && paths[i]; i++)
        assert_string_equal(list->paths[i], paths[i]);
    for (unsigned i = 0; i < GIT_LIST_MAX; i++)
        if (!paths[i]) {
            assert_int_equal(list->count, i);
            break;
        }
}

/* git before 2.36 (Ubuntu 22.04) keeps skip-worktree of files that are there, and the libgit2
 * beside it refuses other forms in other words. The owner is then judged by the library, too, which
 * does not read the environment. */
static bool git_is_old(void)
{
    return system("git version | grep -Eq ' 2[.]([0-9]|[12][0-9]|3[0-5])[.]'") == 0;
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NONE      ((const char *const[]){NULL})

static void assert_changes(const char *path, const char *const *changed,
                           const char *const *untracked)
{
    struct git_changes *changes = calloc(1, sizeof *changes);
    struct err err = {0};

    assert_non_null(changes);
    if (read_changes(path, changes, &err))
        fail_msg("%s: %s", path, err.text);
    assert_list(&changes->changed, changed);
    assert_list(&changes->untracked, untracked);
    free(changes);
}

static void assert_refused(const char *path, enum err_family family, const char *code,
                           const char *text, const char *hint)
{
    struct git_changes *changes = calloc(1, sizeof *changes);
    struct git_head head;
    struct err err = {0};

    assert_non_null(changes);
    assert_true(read_head(path, &head, &err) || read_changes(path, changes, &err));
    assert_int_equal(err.family, family);
    assert_string_equal(err.code, code);
    assert_non_null(strstr(err.text, text));
    assert_non_null(strstr(err.hint, hint));
    free(changes);
}

/* ---- where repositories are ---- */

static void any_subdirectory(void **state)
{
    (void)state;
    assert_head("src");
    assert_head("src/d");
    assert_head("src/d/e");
    assert_changes("src/d/e", NONE, NONE);
    SHELL("ln -s src/d link");
    assert_head("link/e");
}

static void linked_worktree(void **state)
{
    (void)state;
    SHELL("git -C src worktree add -q ../tree");
    assert_head("tree");
    assert_head("tree/d");
    SHELL("echo x >tree/a");
    assert_changes("tree", LIST("a (modified)"), NONE);
    assert_changes("src", NONE, NONE);
}

static void worktree_of_a_bare_repository(void **state)
{
    (void)state;
    SHELL("git clone -q --bare src b.git; git -C b.git worktree add -q ../tree main");
    assert_head("tree");
    assert_changes("tree", NONE, NONE);
    assert_refused("b.git", ERR_CONFLICT, "bare", "is bare", "git worktree add");
}

static void detached_head(void **state)
{
    (void)state;
    SHELL("cd src; git commit -q --allow-empty -m two; git checkout -q --detach HEAD~1");
    assert_head("src");
}

static void packed_refs_and_objects(void **state)
{
    (void)state;
    SHELL("git -C src gc -q; git -C src pack-refs --all");
    assert_head("src");
    assert_changes("src", NONE, NONE);
}

static void shallow_clone(void **state)
{
    (void)state;
    SHELL(
        "git -C src commit -q --allow-empty -m two; git clone -q --depth 1 \"file://$PWD/src\" c");
    assert_head("c");
    assert_changes("c", NONE, NONE);
}

static void partial_clone(void **state)
{
    (void)state;
    SHELL("git clone -q --filter=blob:none \"file://$PWD/src\" c;"
          "git -C c config core.repositoryFormatVersion 1;"
          "git -C c config extensions.partialClone origin");
    assert_head("c");
    assert_changes("c", NONE, NONE);
}

static void sparse_checkout(void **state)
{
    (void)state;
    SHELL("git clone -q src c; git -C c sparse-checkout set --no-cone /a; test ! -e c/d");
    assert_head("c");
    assert_changes("c", NONE, NONE);
    SHELL("rm c/a");
    assert_changes("c", LIST("a (deleted)"), NONE);
}

/* ---- when ---- */

static void time_of_the_committers_clock(void **state)
{
    static const struct {
        const char *date, *time;
    } cases[] = {
        {"2025-07-21T21:18:00 +0000", "20250721-2118"},
        {"2025-12-31T23:59:59 -1100", "20251231-2359"},
        {"2026-01-01T00:00:00 +1400", "20260101-0000"},
        {"2024-02-29T12:30:00 +0545", "20240229-1230"},
        {"@0 +0000", "19700101-0000"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct git_head head;
        struct err err;

        setenv("GIT_COMMITTER_DATE", cases[i].date, 1);
        SHELL("git -C src commit -q --allow-empty -m more");
        assert_int_equal(read_head("src", &head, &err), 0);
        assert_string_equal(head.time, cases[i].time);
    }
}

static void time_that_makes_no_sense(void **state)
{
    (void)state;
    SHELL("cd src; tree=$(git rev-parse HEAD^{tree});"
          "printf 'tree %s\\nauthor n <n> 1 +0000\\ncommitter n <n> 99999999999999 +0000\\n\\nx\\n'"
          " $tree >../raw; git update-ref HEAD $(git hash-object -t commit -w --literally ../raw)");
    assert_refused("src", ERR_LOCAL, "repository", "time of the commit", "");
}

/* ---- clean or not ---- */

static void changes_staged_and_not(void **state)
{
    static const struct {
        const char *script, *changed;
    } cases[] = {
        {"echo x >a", "a (modified)"},
        {"rm a", "a (deleted)"},
        {"chmod +x a", "a (modified)"},
        {"rm a; ln -s d a", "a (modified)"},
        {"echo x >a; git add a", "a (staged)"},
        {"git rm -q --cached a; rm a", "a (staged)"},
        {"echo n >n; git add n", "n (staged)"},
        {"echo n >n; git add -N n", "n (staged)"},
        {"echo x >a; git add a; echo y >a", "a (staged)"},
        {"echo x >d/e/b", "d/e/b (modified)"},
        {"git checkout -qb o; echo o >a; git commit -qam o; git checkout -q main; echo m >a;"
         "git commit -qam m; git merge -q o || true",
         "a (conflict)"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char script[512];

        snprintf(script, sizeof script, "rm -rf c; git clone -q src c; cd c; %s", cases[i].script);
        SHELL(script);
        assert_changes("c", LIST(cases[i].changed), NONE);
        assert_changes("c/d", LIST(cases[i].changed), NONE);
    }
}

static void touched_is_not_changed(void **state)
{
    (void)state;
    SHELL("touch -d '2001-01-01' src/a");
    assert_changes("src", NONE, NONE);
}

/* Like git-lfs: the committed content differs from the file. */
static void files_of_a_filter_program(void **state)
{
    (void)state;
    SHELL("git config --global filter.rot.clean 'tr a-m n-z';"
          "git config --global filter.rot.smudge 'tr n-z a-m';"
          "cd src; echo '*.rot filter=rot' >.gitattributes; echo abc >f.rot; git add .;"
          "git commit -qm rot; cd ..; git clone -q src c; test \"$(cat c/f.rot)\" = abc;"
          "touch -d 2001-01-01 c/f.rot");
    assert_changes("c", NONE, NONE);
    SHELL("echo abd >c/f.rot");
    assert_changes("c", LIST("f.rot (modified)"), NONE);
}

/* An unpacked archive may contain a git configuration. No program in it runs. */
static void programs_of_the_repository_do_not_run(void **state)
{
    static const char *const settings[] = {
        "filter.x.clean",    "filter.x.process",   "core.fsmonitor", "core.sshCommand",
        "core.pager",        "core.editor",        "diff.external",  "gpg.program",
        "hook.x.command",    "filter.a=b.c.clean", "alias.status",   "core.askPass",
        "filter.x\ny.clean",
    };

    (void)state;
    SHELL("printf '#!/bin/sh\\necho \"$0 $*\" >>'$PWD/ran'\\ncat\\n' >evil; chmod +x evil;"
          "git init -q top; cd top; git submodule -q add ../src sub; git commit -qm top;"
          "cp -r ../src .; rm -rf src/.git; printf '%s\\n' '* filter=x' 'src/a filter=a=b.c' "
          ">.gitattributes; git add .;"
          "git commit -qm all; cp .gitattributes .git/modules/sub/info/attributes;"
          "mkdir -p .git/hooks; for h in post-index-change fsmonitor-watchman post-checkout; do "
          "cp ../evil .git/hooks/$h; done; git update-index --assume-unchanged src/d/e/b;"
          "echo new >src/d/e/b; touch -d 2001-01-01 src/a sub/a .gitattributes");
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
        char line[512];

        snprintf(line, sizeof line,
                 "for d in top top/sub; do git -C $d config '%s' $PWD/evil || true; done",
                 settings[i]);
        SHELL(line);
    }
    SHELL("for d in top top/sub; do git -C $d config filter.x.required true;"
          "git -C $d config log.showSignature true; git -C $d config hook.x.event "
          "post-index-change; git -C $d config protocol.ext.allow always; done; rm -f ran");
    assert_head("top");
    SHELL("rm -f ran"); /* assert_head asks git itself */
    assert_changes("top", LIST("src/d/e/b (modified, hidden by an index flag)"), NONE);
    SHELL("test ! -e ran");
    by_library = true;
    assert_head("top");
    SHELL("test ! -e ran || rm ran");
    assert_changes("top", LIST("src/d/e/b (modified, hidden by an index flag)"), NONE);
    SHELL("test ! -e ran");
}

/* A filter that only the repository defines: the error names it and the remedy. */
static void filter_of_the_repository(void **state)
{
    struct git_changes *changes = calloc(1, sizeof *changes);
    struct err err;

    (void)state;
    assert_non_null(changes);
    SHELL(
        "cd src; git config filter.up.clean 'tr a-z A-Z'; git config filter.up.smudge 'tr A-Z a-z';"
        "echo '*.up filter=up' >.gitattributes; echo abc >f.up; git add .; git commit -qm up;"
        "touch -d 2001-01-01 f.up");
    assert_int_equal(read_changes("src", changes, &err), 0);
    assert_int_equal(changes->changed.count, 1);
    assert_string_equal(changes->filter, "up");
    SHELL("git -C src status"); /* the remedy */
    memset(changes, 0, sizeof *changes);
    assert_int_equal(read_changes("src", changes, &err), 0);
    assert_int_equal(changes->changed.count, 0);
    SHELL("touch -d 2002-01-01 src/f.up; git config --global filter.up.clean 'tr a-z A-Z';"
          "git -C src config filter.up.clean 'touch ran; tr a-z A-Z'");
    assert_changes("src", NONE, NONE); /* the user's filter runs, not the repository's */
    SHELL("test ! -e src/ran");
    free(changes);
}

/* The configuration that `git lfs install --local` writes. CI systems run it before they check
 * out. */
static void a_filter_of_git_lfs_runs(void **state)
{
    char path[4096], longer[5000];

    (void)state;
    snprintf(path, sizeof path, "%s", getenv("PATH"));
    snprintf(longer, sizeof longer, "%s/bin:%s", folder, path);
    SHELL("mkdir bin; printf '#!/bin/sh\ntest \"$*\" = \"clean -- f.bin\" || exit 1\n"
          "tr a-z A-Z\n' >bin/git-lfs; chmod +x bin/git-lfs;"
          "cd src; echo '*.bin filter=lfs' >.gitattributes; echo ABC >f.bin; git add .;"
          "git commit -qm lfs; git config filter.lfs.clean 'git-lfs clean -- %f';"
          "git config filter.lfs.required true; echo abc >f.bin");
    setenv("PATH", longer, 1);
    assert_changes("src", NONE, NONE);
    SHELL("echo abd >src/f.bin");
    assert_changes("src", LIST("f.bin (modified)"), NONE);
    SHELL("echo abc >src/f.bin; git -C src config filter.lfs.clean 'git-lfs clean -- %f; :'");
    assert_changes("src", LIST("f.bin (modified)"), NONE);
    setenv("PATH", path, 1);
}

static void line_ends_and_modes_as_git_sees_them(void **state)
{
    (void)state;
    SHELL("git -C src config core.autocrlf true; rm src/a; git -C src checkout a;"
          "test $(wc -c <src/a) = 3; touch -d 2001-01-01 src/a");
    assert_changes("src", NONE, NONE);
    SHELL("chmod +x src/a");
    assert_changes("src", LIST("a (modified)"), NONE);
    SHELL("git -C src config core.fileMode false");
    assert_changes("src", NONE, NONE);
    SHELL("git -C src mv a A; touch src/.git/index.lock"); /* another process holds the lock */
    assert_changes("src", LIST("A (staged)", "a (staged)"), NONE);
}

/* ---- what the index hides ---- */

static void files_hidden_by_the_index(void **state)
{
    static const char *const flags[] = {"--assume-unchanged", "--skip-worktree"};

    (void)state;
    for (size_t i = 0; i < 2 * ARRAY_SIZE(flags); i++) {
        char script[512];

        by_library = i % 2;
        snprintf(script, sizeof script,
                 "rm -rf c; git clone -q src c; cd c; git update-index %s a d/e/b", flags[i / 2]);
        SHELL(script);
        assert_changes("c", NONE, NONE);
        SHELL("cp c/.git/index before; echo secret >c/a");
        assert_changes("c", LIST("a (modified, hidden by an index flag)"), NONE);
        SHELL("cmp before c/.git/index; test -z \"$(git -C c status --short)\";"
              "test -z \"$(ls ~/.cache/s3dock 2>/dev/null)\"");
    }
    by_library = false;
    SHELL("rm c/a"); /* not sparse: the file should exist */
    assert_changes("c", LIST("a (deleted, hidden by an index flag)"), NONE);
    SHELL("cd c; echo x >a; git config core.sparseCheckout true");
    if (!git_is_old())
        assert_changes("c", LIST("a (modified)"), NONE);
    /* changed in the same second as the index, with the same size: only the content differs */
    SHELL("rm -rf c; git clone -q src c; cd c; git config core.trustctime false;"
          "touch -d @1500000000 a; git update-index a; git update-index --assume-unchanged a;"
          "tr a-z A-Z <a >b; cat b >a; rm b; touch -d @1500000000 a .git/index");
    assert_changes("c", LIST("a (modified, hidden by an index flag)"), NONE);
}

/* The file has the size and the modification time that the index notes. The index notes another
 * time of the last change of any kind: it is the first field of the first entry, `a`. */
static void times_that_the_repository_distrusts(void **state)
{
    static const char *const settings[] = {"core.trustctime false", "core.checkStat minimal"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
        char script[512];

        snprintf(script, sizeof script,
                 "rm -rf c; git clone -q src c; cd c; touch -d @1500000000 a; git update-index a;"
                 "git config %s; tr a-z A-Z <a >b; cat b >a; rm b; touch -d @1500000000 a;"
                 "printf '\\0\\0\\0\\1' | dd of=.git/index bs=1 seek=12 conv=notrunc",
                 settings[i]);
        SHELL(script);
        assert_changes("c", LIST("a (modified)"), NONE);
    }
}

static void many_hidden_files_take_little_time(void **state)
{
    struct git_changes *changes = calloc(1, sizeof *changes);
    struct err err;

    (void)state;
    assert_non_null(changes);
    SHELL("git clone -q src c; cd c; mkdir m; seq -f m/%05.0f 1 20000 >list; xargs touch <list;"
          "git add m; git commit -qm many; git update-index --assume-unchanged --stdin <list;"
          "rm list; for f in m/*; do echo x >$f; done; echo y >a");
    assert_int_equal(read_changes("c", changes, &err), 0);
    assert_int_equal(changes->hidden, 20000);
    assert_int_equal(changes->changed.count, 20001);
    assert_string_equal(changes->changed.paths[0], "a (modified)");
    assert_string_equal(changes->changed.paths[1], "m/00001 (modified, hidden by an index flag)");
    free(changes);
}

/* A replacement commit for HEAD: the name is still HEAD's. */
static void replaced_commit(void **state)
{
    (void)state;
    SHELL("cd src; echo x >a; git commit -qam two; git replace HEAD~1 HEAD; git reset -q --soft "
          "HEAD~1");
    assert_head("src");
    assert_changes("src", LIST("a (staged)"), NONE);
}

static void untracked_but_not_ignored(void **state)
{
    (void)state;
    SHELL(
        "cd src; echo '/build/' >.gitignore; git add .; git commit -qm i; mkdir build notes empty;"
        "touch build/x d/new notes/1 notes/2 e.ignored; echo info >>.git/info/exclude; touch info");
    assert_changes("src", NONE, LIST("d/new", "notes/"));
}

static void long_lists_are_counted(void **state)
{
    struct git_changes *changes = calloc(1, sizeof *changes);
    struct err err;

    (void)state;
    assert_non_null(changes);
    SHELL("cd src; touch $(seq 1000 1499)");
    assert_int_equal(read_changes("src", changes, &err), 0);
    assert_int_equal(changes->untracked.count, 500);
    assert_string_equal(changes->untracked.paths[0], "1000");
    assert_string_equal(changes->untracked.paths[GIT_LIST_MAX - 1], "1019");
    free(changes);
}

static void hostile_names(void **state)
{
    struct git_changes *changes = calloc(1, sizeof *changes);
    struct err err;

    (void)state;
    assert_non_null(changes);
    SHELL("cd src; touch \"$(printf '1\\033[31m\\n2')\" \"$(printf '2\\377')\";"
          "long=$(printf 'n%.0s' $(seq 200)); mkdir -p d/$long; echo x >d/$long/end;"
          "git add d; git commit -qm long; echo y >d/$long/end");
    assert_int_equal(read_changes("src", changes, &err), 0);
    assert_int_equal(changes->untracked.count, 2);
    assert_string_equal(changes->untracked.paths[0], "1?[31m?2");
    assert_string_equal(changes->untracked.paths[1], "2?");
    assert_int_equal(changes->changed.count, 1);
    assert_int_equal(strlen(changes->changed.paths[0]), GIT_PATH_SIZE - 1);
    assert_memory_equal(changes->changed.paths[0], "...nnn", 6);
    assert_non_null(strstr(changes->changed.paths[0], "nnn/end (modified)"));
    free(changes);
}

/* ---- submodules ---- */

static void submodules(void **state)
{
    (void)state;
    SHELL("git init -q top; cd top; echo t >t; git add t; git submodule -q add ../src sub;"
          "git commit -qm top");
    assert_head("top");
    assert_head("top/sub");
    assert_head("top/sub/d");
    assert_changes("top", NONE, NONE);
    SHELL("touch top/sub/new");
    assert_changes("top", NONE, LIST("sub/new"));
    assert_changes("top/sub", NONE, LIST("new"));
    SHELL("echo x >top/sub/a");
    assert_changes("top", LIST("sub/a (modified)"), LIST("sub/new"));
    SHELL("cd top/sub; rm new; git commit -qam other");
    assert_changes("top", LIST("sub (submodule at another commit)"), NONE);
    assert_changes("top/sub", NONE, NONE);
    SHELL("cd top; git add sub");
    assert_changes("top", LIST("sub (staged)"), NONE);
    SHELL("git clone -q top c");
    assert_changes("c", LIST("sub (submodule not checked out)"), NONE);
    SHELL("rmdir c/sub");
    assert_changes("c", LIST("sub (submodule not checked out)"), NONE);
}

static unsigned count_unnamed(const char *path)
{
    struct git_changes *changes = calloc(1, sizeof *changes);
    struct err err = {0};
    unsigned unnamed;

    assert_non_null(changes);
    if (read_changes(path, changes, &err))
        fail_msg("%s: %s", path, err.text);
    unnamed = changes->unnamed;
    free(changes);
    return unnamed;
}

/* git submodule update reads the URL from .gitmodules, so it cannot fetch the others. */
static void submodules_that_gitmodules_does_not_name(void **state)
{
    (void)state;
    SHELL("git init -q top; cd top; git submodule -q add ../src sub; git commit -qm top;"
          "git clone -q . ../c; git clone -q . ../half; cd ../half; git clone -q ../src 'b c';"
          "git -c advice.addEmbeddedRepo=false add 'b c'; git commit -qm half; rm -rf 'b c';"
          "mkdir 'b c'; cd ../c; git rm -q .gitmodules; git commit -qm none");
    for (int i = 0; i < 2; i++) {
        by_library = i == 1;
        assert_int_equal(count_unnamed("c"), 1);
        assert_int_equal(count_unnamed("half"), 1); /* of two */
    }
    by_library = false;
    assert_changes(
        "half", LIST("b c (submodule not checked out)", "sub (submodule not checked out)"), NONE);
    SHELL("cd half; git config -f .gitmodules submodule.x.path 'b c'");
    assert_int_equal(count_unnamed("half"), 0);
}

/* The settings in .gitmodules have no effect. */
static void ignored_submodules(void **state)
{
    (void)state;
    SHELL("git init -q top; cd top; git submodule -q add ../src sub; git config -f .gitmodules "
          "submodule.sub.ignore all; git add .; git commit -qm top; git clone -q . ../c;"
          "cd sub; echo other >a; git commit -qam other");
    assert_changes("top", LIST("sub (submodule at another commit)"), NONE);
    assert_changes("c", LIST("sub (submodule not checked out)"), NONE);
    by_library = true;
    assert_changes("top", LIST("sub (submodule not at its commit)"), NONE);
    assert_changes("c", LIST("sub (submodule not at its commit)"), NONE);
    SHELL("cd top; git add --force sub"); /* newer versions of git skip it otherwise */
    by_library = false;
    assert_changes("top", LIST("sub (staged)"), NONE);
}

static void submodules_in_submodules(void **state)
{
    (void)state;
    SHELL("git init -q mid; cd mid; git submodule -q add ../src low; git commit -qm mid; cd ..;"
          "git init -q top; cd top; git submodule -q add ../mid mid; git commit -qm top");
    assert_changes("top", LIST("mid/low (submodule not checked out)"), NONE);
    SHELL("cd top; git submodule -q update --init --recursive");
    assert_changes("top", NONE, NONE);
    SHELL("cd top/mid/low; echo x >a; touch new; git update-index --assume-unchanged d/e/b;"
          "echo x >d/e/b");
    assert_changes(
        "top", LIST("mid/low/a (modified)", "mid/low/d/e/b (modified, hidden by an index flag)"),
        LIST("mid/low/new"));
    SHELL("echo 'gitdir: nowhere' >top/mid/low/.git");
    assert_refused("top", ERR_LOCAL, "repository", "/top/mid/low", "");
}

/* Like a container job: safe.directory names the workspace, but not its submodules. */
static void submodule_of_another_user(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    SHELL("git init -q top; cd top; git submodule -q add ../src sub; git commit -qm top; cd ..;"
          "chown -R 12345 top; git config --global safe.directory \"$PWD/top\"");
    assert_refused("top", ERR_AUTH, "owner", "/top/sub belongs to another user",
                   "safe.directory /");
    by_library = true;
    assert_refused("top", ERR_AUTH, "owner", "/top/sub", "safe.directory /");
    by_library = false;
    SHELL("git config --global --add safe.directory \"$PWD/top/sub\"");
    assert_changes("top", NONE, NONE);
}

static void repository_inside_another(void **state)
{
    (void)state;
    SHELL("cp -r src inner; mv inner src/inner");
    assert_head("src/inner/d");
    assert_changes("src", NONE, LIST("inner/"));
}

/* ---- refused repositories ---- */

static void no_repository(void **state)
{
    (void)state;
    SHELL("mkdir plain");
    assert_refused("plain", ERR_NOT_FOUND, "repository", "/plain is not inside of a git repository",
                   "");
    assert_refused("nowhere", ERR_LOCAL, "repository", "nowhere: No such file", "");
}

static void no_commit(void **state)
{
    (void)state;
    SHELL("git init -q fresh; mkdir fresh/d");
    assert_refused("fresh", ERR_CONFLICT, "no_commit", "has no commit yet", "git commit");
    assert_refused("fresh/d", ERR_CONFLICT, "no_commit", "has no commit yet", "git commit");
}

static void repository_of_another_user(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    SHELL("git -C src worktree add -q ../tree; chown -R 12345 src tree");
    assert_refused("src/d", ERR_AUTH, "owner", "belongs to another user", "safe.directory /");
    SHELL("git config --global --add safe.directory /elsewhere");
    assert_refused("src/d", ERR_AUTH, "owner", "/src belongs to another user", "/src");
    /* the repository's own configuration does not count */
    SHELL("git config --file src/.git/config --add safe.directory '*'");
    assert_refused("src/d", ERR_AUTH, "owner", "/src belongs to another user", "/src");
    SHELL("git config --global --add safe.directory \"$PWD/src\"");
    assert_head("src/d");
    assert_changes("src", NONE, NONE);
    SHELL("git config --global --unset-all safe.directory;"
          "git config --global --add safe.directory '*'");
    assert_head("src/d");
    assert_head("tree");
    assert_changes("src", NONE, NONE);
    SHELL("git config --global --add safe.directory ''");
    assert_refused("src/d", ERR_AUTH, "owner", "/src belongs to another user", "/src");
    by_library = true;
    assert_refused("src/d", ERR_AUTH, "owner", "/src belongs to another user", "/src");
    SHELL("git config --global --add safe.directory '*'");
    assert_head("src/d");
}

static void forms_that_the_library_does_not_read(void **state)
{
    (void)state;
    SHELL("git init -q --object-format=sha256 c; cd c; echo a >a; git add .; git commit -qm c");
    assert_head("c");
    assert_changes("c", NONE, NONE);
    SHELL("echo b >c/a");
    assert_changes("c", LIST("a (modified)"), NONE);
    by_library = true;
    assert_refused("c", ERR_UNSUPPORTED, "repository", "objectformat = sha256", "ordinary clone");
    by_library = false;
    if (git_is_old())
        return;
    by_library = true;
    SHELL("git clone -q src split; git -C split update-index --split-index");
    assert_refused("split", ERR_UNSUPPORTED, "repository", "a split index", "--no-split-index");
    SHELL("cp -r src sparse; cd sparse; git sparse-checkout set --cone d;"
          "git sparse-checkout reapply --sparse-index; mkdir f; touch f/f; git add --sparse f;"
          "git commit -qm f; git sparse-checkout set --cone d --sparse-index");
    assert_refused("sparse", ERR_UNSUPPORTED, "repository", "a sparse index", "--no-sparse-index");
    by_library = false;
    assert_changes("split", NONE, NONE);
    SHELL("cd split; git update-index --skip-worktree a; echo x >a");
    assert_changes("split", LIST("a (modified, hidden by an index flag)"), NONE);
    assert_changes("sparse", NONE, NONE);
}

static void forms_that_git_does_not_read(void **state)
{
    (void)state;
    SHELL("cd src; git config core.repositoryFormatVersion 1; git config extensions.newest true");
    assert_refused("src", ERR_UNSUPPORTED, "repository", "newest", "newer one");
}

static void worktrees_of_other_kinds(void **state)
{
    (void)state;
    SHELL(
        "git -C src worktree add -q ../tree; echo 'gitdir: ../src/.git/worktrees/tree' >tree/.git;"
        "git -C src config core.repositoryFormatVersion 1;"
        "git -C src config extensions.worktreeConfig true;"
        "git -C tree config --worktree core.fileMode false; chmod +x tree/a");
    assert_head("tree/d");
    assert_changes("tree", NONE, NONE);
}

static void root_that_the_configuration_names(void **state)
{
    (void)state;
    SHELL("cp -r src far; mkdir near; mv far/.git near;"
          "git -C near config core.worktree ../../far; git -C near rev-parse HEAD >/dev/null");
    assert_changes("near", NONE, NONE);
    SHELL("echo new >far/a");
    assert_changes("near", LIST("a (modified)"), NONE);
    SHELL("git init -q far; git -C far commit -q --allow-empty -m other"); /* not this one */
    assert_changes("near", LIST("a (modified)"), NONE);
}

/* ---- the environment ---- */

static void repository_that_the_environment_names(void **state)
{
    (void)state;
    SHELL("cp -r src/.git bare.git; mkdir work; git -C src worktree list");
    setenv("GIT_DIR", "bare.git", 1);
    setenv("GIT_WORK_TREE", "src", 1);
    SHELL("git rev-parse HEAD >/dev/null");
    {
        struct git_head head;
        struct err err;

        assert_int_equal(read_head("work", &head, &err), 0);
        assert_non_null(strstr(head.root, "/src"));
    }
    assert_changes("work", NONE, NONE);
    setenv("GIT_WORK_TREE", "work", 1);
    assert_changes(".", LIST("a (deleted)", "d/e/b (deleted)"), NONE);
    unsetenv("GIT_WORK_TREE");
    unsetenv("GIT_DIR");
}

static void safe_directories_of_the_environment(void **state)
{
    static const struct {
        const char *name, *value;
    } ways[] = {{"GIT_CONFIG_GLOBAL", "conf"},
                {"GIT_CONFIG_SYSTEM", "conf"},
                {"GIT_CONFIG_PARAMETERS", "'safe.directory'='*'"},
                {"GIT_CONFIG_COUNT", "1"}};

    (void)state;
    if (geteuid() != 0 || git_is_old())
        skip();
    SHELL("chown -R 12345 src; printf '[safe]\\n\\tdirectory = %s\\n' $PWD/src >conf");
    setenv("GIT_CONFIG_KEY_0", "safe.directory", 1);
    setenv("GIT_CONFIG_VALUE_0", "*", 1);
    unsetenv("GIT_CONFIG_NOSYSTEM");
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        assert_refused("src/d", ERR_AUTH, "owner", "/src belongs to another user", "/src");
        setenv(ways[i].name, ways[i].value, 1);
        assert_changes("src/d", NONE, NONE); /* relative to the current folder */
        unsetenv(ways[i].name);
    }
    setenv("GIT_CONFIG_COUNT", "many", 1);
    assert_refused("src", ERR_LOCAL, "repository", "config", "");
    unsetenv("GIT_CONFIG_COUNT");
}

/* A git program in the current folder is not used. */
static void git_of_the_current_folder(void **state)
{
    char before[4096], path[4200];
    struct git_head head;
    struct err err;

    (void)state;
    SHELL("printf '#!/bin/sh\\ntouch %s/ran\\n' $PWD >git; chmod +x git");
    snprintf(before, sizeof before, "%s", getenv("PATH"));
    snprintf(path, sizeof path, ".::%s", before);
    setenv("PATH", path, 1);
    assert_int_equal(git_read("src", NULL, &head, NULL, &err), 0);
    setenv("PATH", before, 1);
    assert_false(head.by_library);
    SHELL("test ! -e ran");
}

static void damaged(void **state)
{
    (void)state;
    SHELL("rm -rf src/.git/objects/*");
    assert_refused("src", ERR_LOCAL, "repository", "cannot be read", "");
    SHELL("echo 'gitdir: nowhere' >d.git; mkdir other; mv d.git other/.git");
    assert_refused("other", ERR_LOCAL, "repository", "not a git repository", "");
    by_library = true;
    assert_refused("src", ERR_LOCAL, "repository", "cannot be read", "");
    assert_refused("other", ERR_NOT_FOUND, "repository", "", "");
}

#define SCENE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(any_subdirectory),
        SCENE(linked_worktree),
        SCENE(worktree_of_a_bare_repository),
        SCENE(detached_head),
        SCENE(packed_refs_and_objects),
        SCENE(shallow_clone),
        SCENE(partial_clone),
        SCENE(sparse_checkout),
        SCENE(time_of_the_committers_clock),
        SCENE(time_that_makes_no_sense),
        SCENE(changes_staged_and_not),
        SCENE(touched_is_not_changed),
        SCENE(files_of_a_filter_program),
        SCENE(programs_of_the_repository_do_not_run),
        SCENE(filter_of_the_repository),
        SCENE(a_filter_of_git_lfs_runs),
        SCENE(line_ends_and_modes_as_git_sees_them),
        SCENE(files_hidden_by_the_index),
        SCENE(times_that_the_repository_distrusts),
        SCENE(many_hidden_files_take_little_time),
        SCENE(replaced_commit),
        SCENE(untracked_but_not_ignored),
        SCENE(long_lists_are_counted),
        SCENE(hostile_names),
        SCENE(submodules),
        SCENE(submodules_that_gitmodules_does_not_name),
        SCENE(ignored_submodules),
        SCENE(submodules_in_submodules),
        SCENE(submodule_of_another_user),
        SCENE(repository_inside_another),
        SCENE(no_repository),
        SCENE(no_commit),
        SCENE(repository_of_another_user),
        SCENE(forms_that_the_library_does_not_read),
        SCENE(forms_that_git_does_not_read),
        SCENE(worktrees_of_other_kinds),
        SCENE(root_that_the_configuration_names),
        SCENE(repository_that_the_environment_names),
        SCENE(safe_directories_of_the_environment),
        SCENE(git_of_the_current_folder),
        SCENE(damaged),
    };

    if (system("git --version >/dev/null 2>&1"))
        return 77; /* meson: skipped */
    /* The program then reads with libgit2 alone, and all these scenes expect git first. */
    if (system("git version | grep -Eq ' 2[.]([0-9]|[12][0-9]|30)[.]'") == 0) {
        puts("1..0 # SKIP git is older than 2.31");
        return 0;
    }
    return cmocka_run_group_tests(tests, make_model, remove_model);
}
