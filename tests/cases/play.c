/*
 * Plays the cases of a folder: play [--tap] [--left-out FILE] DIR [NAME...]. Prints a line for
 * each, and a closing line. Each case runs in a process of its own, so that a crash or an endless
 * loop is the failure of one case. FILE lists cases that are left out, with the reason:
 * "NAME<tab>REASON" lines; NAME may contain wildcards. "sign=SCHEME/SERVICE" are all cases that
 * expect requests to be signed in this way.
 */
#include "tests/cases/play.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"

#define LEFT_OUT     77 /* exit code of a case */
#define CASE_SECONDS 30
#define CASE_MAX     MIB

static const struct json_node NOTHING;

struct options {
    const char *left_out; /* the list */
    bool tap;
};

/* ---- one case ---- */

bool play_failed(const struct play *play)
{
    return play->why[0] != 0;
}

bool play_fail(struct play *play, const char *fmt, ...)
{
    va_list args;

    if (play_failed(play))
        return false;
    va_start(args, fmt);
    vsnprintf(play->why, sizeof play->why, fmt, args);
    va_end(args);
    return false;
}

bool play_members(struct play *play, struct json_node object, const char *const *names)
{
    struct json_node name;

    for (struct json_node value = json_next(object, NOTHING, &name); value.doc;
         value = json_next(object, value, &name)) {
        const char *const *at = names;
        struct view raw = json_raw(name);

        while (*at && !json_string_equals(name, *at))
            at++;
        if (!*at)
            return play_fail(play, "expected only known members, got %.*s", (int)raw.size,
                             (const char *)raw.data);
    }
    return true;
}

struct aws_query play_query(const struct play *play)
{
    return (struct aws_query){.profile = play->profile[0] ? play->profile : NULL};
}

static bool is_group(const struct play *play, const char *const *groups)
{
    for (; *groups; groups++)
        if (strcmp(play->group, *groups) == 0)
            return true;
    return false;
}

static bool has_member(struct json_node object, const char *const *names)
{
    for (; *names; names++)
        if (json_get(object, *names).doc)
            return true;
    return false;
}

/* An expected error of the settings may be one of a source, too. */
static void play_settings(struct play *play, struct json_node expected)
{
    static const char *const SETTINGS[] = {
        "parsed",   "profile",   "config_path",  "credentials_path",
        "endpoint", "ca_bundle", "max_attempts", "retry_mode",
        "s3",       NULL};
    static const char *const SOURCES[] = {"credentials", "provider",    "plan", "container_url",
                                          "imds_url",    "files_after", NULL};
    static const char *const GROUPS[] = {"grammar", "files", "endpoint", "region", NULL};
    bool error = json_get(expected, "error").doc, settings = has_member(expected, SETTINGS);

    if ((settings || (error && is_group(play, GROUPS))) && !play_files(play, expected))
        return;
    if (!settings || error || has_member(expected, SOURCES))
        play_credentials(play, expected);
}

static void play_group(struct play *play)
{
    static const char *const MEMBERS[] = {"error",      "credentials", "provider",
                                          "region",     "plan",        "container_url",
                                          "imds_url",   "files_after", "parsed",
                                          "profile",    "config_path", "credentials_path",
                                          "endpoint",   "ca_bundle",   "max_attempts",
                                          "retry_mode", "s3",          "status",
                                          "place",      "headers",     NULL};
    static const char *const S3[] = {"place", "headers", "s3", NULL};
    struct json_node calls = json_get(play->root, "calls");
    struct json_node expected = json_get(play->root, "expected");

    if (!play_members(play, expected, MEMBERS))
        return;
    if (calls.doc)
        play_calls(play, calls);
    else if (is_group(play, S3))
        play_s3(play, expected);
    else
        play_settings(play, expected);
}

static void play_case(struct play *play)
{
    static const char *const MEMBERS[] = {"name",  "group",   "what",      "now",       "profile",
                                          "env",   "files",   "commands",  "http",      "terminal",
                                          "s3",    "options", "operation", "otherwise", "expected",
                                          "calls", "agree",   "note",      "source",    NULL};
    char group[32];

    json_string(json_get(play->root, "group"), group, sizeof group);
    json_string(json_get(play->root, "profile"), play->profile, sizeof play->profile);
    play->group = group;
    script_init(&play->script, play->root);
    if (!json_present(json_get(play->root, "expected")) &&
        !json_present(json_get(play->root, "calls")))
        play_fail(play, "expected \"expected\" or \"calls\" in the case, got none");
    if (play_members(play, play->root, MEMBERS) && !play_failed(play))
        play_group(play);
    if (!play_failed(play))
        script_end(&play->script);
    /* A forbidden request is often the cause of the difference. */
    if (play->script.trouble[0]) {
        char why[sizeof play->why];

        snprintf(why, sizeof why, "%s", play->why);
        snprintf(play->why, sizeof play->why, "%s%s%.512s", play->script.trouble,
                 why[0] ? "; " : "", why);
    }
    script_finish(&play->script);
}

static int read_case(const char *path, struct json **json, struct err *err)
{
    static const struct json_limits LIMITS = {.bytes = CASE_MAX, .depth = 32, .nodes = 20000};
    _cleanup_text_ struct text text = {0};
    int found;

    text_init(&text, CASE_MAX);
    found = file_read(path, &text, err);
    if (found != FILE_OK)
        return found < 0 ? found : err_set(err, ERR_LOCAL, "read", "%s: no such file", path);
    return json_parse(json, text_view(&text), &LIMITS, path, err);
}

/* Returns the reason why a case is left out, or NULL. */
static const char *find_left_out(const char *list, const char *name)
{
    static char pattern[256], reason[512];

    for (const char *line = list; line && *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (*line != '#' && sscanf(line, "%255[^\t\n]\t%511[^\n]", pattern, reason) == 2 &&
            fnmatch(pattern, name, 0) == 0)
            return reason;
    return NULL;
}

/* Returns the reason why all cases that sign like this one are left out, or NULL. */
static const char *find_sign_left_out(const struct options *options, struct json_node root)
{
    struct json_node place = json_get(json_get(root, "expected"), "place");
    struct json_node sign = json_get(place, "sign");
    char scheme[64], service[64], name[160];

    if (!json_string(json_get(sign, "scheme"), scheme, sizeof scheme) ||
        !json_string(json_get(sign, "service"), service, sizeof service))
        return NULL;
    snprintf(name, sizeof name, "sign=%s/%s", scheme, service);
    return find_left_out(options->left_out, name);
}

static int print_left_out(const struct options *options, const char *name, const char *reason)
{
    printf(options->tap ? "ok %s # SKIP %s\n" : "left out %s: %s\n", name, reason);
    return LEFT_OUT;
}

static int print_result(struct play *play)
{
    for (char *at = play->why; *at; at++)
        if ((unsigned char)*at < ' ')
            *at = ' ';
    if (play_failed(play))
        printf("not ok %s: %s\n", play->name, play->why);
    else
        printf("ok %s\n", play->name);
    return play_failed(play);
}

/* Prints the result of one case. Returns the exit code of its process. */
static int run_case(const struct options *options, const char *path, const char *name)
{
    struct play play = {.name = name};
    struct json *json = NULL;
    const char *reason = NULL;
    struct err err;

    log_set_level(LOG_OFF);
    log_set_notes(false);
    if (read_case(path, &json, &err) < 0) {
        play_fail(&play, "expected a case, got %s", err.text);
    } else {
        play.root = json_root(json);
        reason = find_sign_left_out(options, play.root);
        if (!reason)
            play_case(&play);
    }
    json_destroy(json);
    return reason ? print_left_out(options, name, reason) : print_result(&play);
}

/* ---- all cases ---- */

struct totals {
    unsigned passed, failed, skipped;
};

static void fork_case(const struct options *options, const char *path, const char *name,
                      struct totals *totals)
{
    pid_t child;
    int status;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        alarm(CASE_SECONDS);
        exit(run_case(options, path, name));
    }
    if (child < 0 || waitpid(child, &status, 0) < 0)
        status = 1 << 8;
    if (WIFSIGNALED(status))
        printf("not ok %s: expected an end, got signal %d\n", name, WTERMSIG(status));
    else if (WEXITSTATUS(status) > 1 && WEXITSTATUS(status) != LEFT_OUT)
        printf("not ok %s: expected a result, got exit code %d\n", name, WEXITSTATUS(status));
    if (status == 0)
        totals->passed++;
    else if (WIFEXITED(status) && WEXITSTATUS(status) == LEFT_OUT)
        totals->skipped++;
    else
        totals->failed++;
}

static int is_case(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);

    return size > 5 && strcmp(entry->d_name + size - 5, ".json") == 0;
}

static bool is_wanted(const char *name, char **names)
{
    if (!*names)
        return true;
    for (; *names; names++)
        if (fnmatch(*names, name, 0) == 0)
            return true;
    return false;
}

static void run_entry(const struct options *options, const char *folder, const char *file,
                      char **names, struct totals *totals)
{
    char path[4096], name[256];
    const char *reason;

    snprintf(name, sizeof name, "%.*s", (int)(strlen(file) - 5), file);
    snprintf(path, sizeof path, "%s/%s", folder, file);
    if (!is_wanted(name, names))
        return;
    reason = find_left_out(options->left_out, name);
    if (reason) {
        print_left_out(options, name, reason);
        totals->skipped++;
    } else {
        fork_case(options, path, name, totals);
    }
}

static int run_folder(const struct options *options, const char *folder, char **names)
{
    struct totals totals = {0};
    struct dirent **entries;
    int count = scandir(folder, &entries, is_case, alphasort);

    if (count < 0) {
        perror(folder);
        return 2;
    }
    for (int i = 0; i < count; i++) {
        run_entry(options, folder, entries[i]->d_name, names, &totals);
        free(entries[i]);
    }
    free(entries);
    if (options->tap)
        printf("1..%u\n# ", totals.passed + totals.failed + totals.skipped);
    printf("%u passed, %u failed, %u skipped\n", totals.passed, totals.failed, totals.skipped);
    return totals.failed || !(totals.passed + totals.skipped);
}

static int usage(void)
{
    fputs("play [--tap] [--left-out FILE] DIR [NAME...]\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    _cleanup_text_ struct text left_out = {0};
    struct options options = {.tap = false};
    struct err err;

    (void)argc;
    text_init(&left_out, MIB);
    for (argv++; *argv && strncmp(*argv, "--", 2) == 0; argv++) {
        if (strcmp(*argv, "--tap") == 0) {
            options.tap = true;
        } else if (strcmp(*argv, "--left-out") == 0 && argv[1]) {
            if (file_read(*++argv, &left_out, &err) != FILE_OK) {
                fprintf(stderr, "%s cannot be read\n", *argv);
                return 2;
            }
        } else {
            return usage();
        }
    }
    options.left_out = left_out.data;
    return *argv ? run_folder(&options, *argv, argv + 1) : usage();
}
