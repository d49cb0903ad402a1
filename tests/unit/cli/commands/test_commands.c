/* Complete runs of commands that need neither bucket nor daemon. Compares JSON with the original's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "catalog/keys.h"
#include "kit/fake_s3.h"
#include "kit/fixed_keys.h"
#include "kit/run_command.h"
#include "store/s3/store_s3.h"
#include "store/store.h"

static void assert_golden(const char *name)
{
    const char *data = getenv("S3DOCK_TEST_DATA");
    char path[1024];
    struct text golden;

    if (!data)
        skip();
    snprintf(path, sizeof path, "%s/cli/%s.stdout", data, name);
    text_init(&golden, MIB);
    assert_int_equal(file_read(path, &golden, &err), FILE_OK);
    assert_string_equal(said.data, golden.data);
    text_finish(&golden);
}

static void config_prints_the_json_of_the_original(void **state)
{
    (void)state;
    assert_int_equal(RUN(true, "config", "show"), 0);
    assert_golden("22-config-show");
    assert_int_equal(RUN(true, "config", "list"), 0);
    assert_golden("23-config-list");
}

static void init_writes_what_validate_accepts(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(RUN(true, "config", "init"), 0);
    assert_int_equal(stat("s3dock.json5", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(RUN(true, "config", "validate"), 0);
    assert_non_null(strstr(said.data, "\"valid\": true"));
    assert_non_null(strstr(said.data, "\"warnings\": []"));
    assert_int_equal(RUN(true, "config", "init"), ERR_FAIL);
    assert_int_equal(err.family, ERR_CONFLICT);
    assert_non_null(strstr(said.data, "\"error_code\": \"conflict.exists\""));
}

static void write_config(const char *content)
{
    write_text("s3dock.json5", content);
}

static void validate_looks_into_every_profile(void **state)
{
    (void)state;
    write_config("{profiles: {default: {}, far: {addressing: 'sideways'}}}");
    assert_int_equal(RUN(false, "config", "show", "--profile", "default"), 0);
    assert_int_equal(RUN(false, "config", "validate"), ERR_FAIL);
    assert_non_null(strstr(err.text, "profiles.far.addressing"));
}

static void validate_refuses_what_commands_refuse(void **state)
{
    static const struct {
        const char *content, *says;
    } files[] = {
        {"{profiles: {default: {}, far: {endpoint: 'ftp://far'}}}", "the profile far: "},
        {"{profiles: {default: {endpoint: 'file://far'}}}", "not an absolute path"},
        {"{profiles: {default: {endpoint: 'file:///far', tags: 'a=b'}}}", "for S3 only"},
        {"{profiles: {default: {bucket: 'Large_Bucket'}}}", "the profile default: "},
        {"{prices: {gb_month: '0,023'}}", "prices.gb_month in ./s3dock.json5: \"0,023\""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        write_config(files[i].content);
        assert_int_equal(RUN(false, "config", "validate"), ERR_FAIL);
        assert_int_equal(err.family, ERR_USAGE);
        assert_non_null(strstr(err.text, files[i].says));
    }
    write_config("{deploy: {shop: {production: null}}, prices: {gb_month: 0.023}}");
    assert_int_equal(RUN(false, "config", "validate"), 0);
}

static void show_keeps_secrets(void **state)
{
    FILE *file = fopen("s3dock.json5", "w");
    static const char *const ways[][5] = {
        {"config", "show"}, {"config", "show", "--origin"}, {"config", "show", "--profile", "eu"}};

    (void)state;
    fputs("{profiles: {default: {}, eu: {access_key: 'AKIAIOSFODNN7WXYZ',"
          " secret_key: 'wJalrXUtnFEMI', session_token: 'FwoGZXIvYXdz'}}}",
          file);
    fclose(file);
    for (int json = 0; json < 2; json++)
        for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
            assert_int_equal(run(json, ways[i]), 0);
            assert_null(strstr(said.data, "IOSFODNN"));
            assert_null(strstr(said.data, "wJalr"));
            assert_null(strstr(said.data, "FwoGZ"));
        }
    assert_non_null(strstr(said.data, "AKIA...WXYZ"));
}

/* The refusal comes before any request: there is no server, and the error does not mention that. */
static void keys_are_not_sent_to_the_endpoint_of_a_found_file(void **state)
{
    FILE *file = fopen("s3dock.json5", "w");

    (void)state;
    fputs("{profiles: {default: {endpoint: 'http://127.0.0.1:1'}}, docker: {program: './x',"
          " host: 'tcp://127.0.0.1:1'}}",
          file);
    fclose(file);
    chmod("s3dock.json5", 0600);
    setenv("AWS_ACCESS_KEY_ID", "STRAYKEYSTRAYKEY", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "stray-secret-stray", 1);
    assert_int_equal(RUN(false, "list", "apps"), ERR_FAIL);
    assert_string_equal(err.code, "trust");
    assert_int_equal(RUN(true, "config", "show"), 0);
    assert_non_null(strstr(said.data, "\"trusted\": false"));
    assert_non_null(strstr(said.data, "AWS_ACCESS_KEY_ID"));
    assert_non_null(strstr(said.data, "docker.host in ./s3dock.json5"));
    assert_non_null(strstr(said.data, "docker.program"));
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
}

static void show_prints_the_settings_of_each_profile(void **state)
{
    FILE *file = fopen("s3dock.json5", "w");

    (void)state;
    fputs("{profiles: {default: {endpoint: 'https://own'}, disk: {endpoint: 'file:///disk'},"
          " aws: {}}}",
          file);
    fclose(file);
    setenv("AWS_ENDPOINT_URL", "http://around", 1);
    assert_int_equal(RUN(false, "config", "show"), 0);
    unsetenv("AWS_ENDPOINT_URL");
    /* the profile in use was not selected by name; one of the others has its own endpoint */
    assert_null(strstr(said.data, "https://own"));
    assert_non_null(strstr(strstr(said.data, "\ndisk\n"), "file:///disk\n"));
    assert_non_null(strstr(strstr(said.data, "\naws\n"), "http://around\n"));
}

static void show_knows_the_variables_of_docker(void **state)
{
    (void)state;
    setenv("DOCKER_HOST", "unix:///x", 1);
    setenv("DOCKER_CONTEXT", "edge", 1);
    assert_int_equal(RUN(false, "config", "show", "--origin"), 0);
    assert_non_null(strstr(said.data, "unix:///x                        DOCKER_HOST\n"));
    assert_null(strstr(said.data, "edge"));
    unsetenv("DOCKER_HOST");
    assert_int_equal(RUN(true, "config", "show", "--origin"), 0);
    assert_non_null(strstr(said.data, "\"origin\": \"DOCKER_CONTEXT\""));
    setenv("S3DOCK_DOCKER_HOST", "unix:///y", 1); /* precedes them */
    assert_int_equal(RUN(false, "config", "show", "--origin"), 0);
    assert_null(strstr(said.data, "edge"));
}

static void every_command_has_its_help(void **state)
{
    (void)state;
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        char first[64], *space;

        snprintf(first, sizeof first, "%s", command_table[i].name);
        space = strchr(first, ' ');
        if (space)
            *space = 0;
        assert_int_equal(RUN(false, "help", first, space ? space + 1 : NULL), 0);
        assert_non_null(strstr(said.data, command_table[i].summary));
    }
    assert_int_equal(RUN(false, "help", "psuh"), ERR_FAIL);
}

static void scripts_and_page_name_every_flag(void **state)
{
    static const char *const ways[][3] = {
        {"completion", "bash"}, {"completion", "zsh"}, {"completion", "fish"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        assert_int_equal(run(false, ways[i]), 0);
        for (unsigned id = 0; id < OPTION_COUNT; id++)
            if (!option_table[id].no_flag)
                assert_non_null(strstr(said.data, option_table[id].name));
    }
    assert_int_equal(RUN(false, "completion", "tcsh"), ERR_FAIL);
    assert_int_equal(RUN(false, "man"), 0);
    for (unsigned id = 0; id < OPTION_COUNT; id++)
        if (option_table[id].env)
            assert_non_null(strstr(said.data, option_table[id].env));
}

/* Each line is split as bash splits it: also at equals signs and colons. */
static void bash_completes(void **state)
{
    static const char *const cases[][2] = {
        {"pu", "push pull"},
        {"list t", "tags tag-for"},
        {"help li", "list"},
        {"help list a", "apps"},
        {"completion z", "zsh"},
        {"verify RE", ""},
        {"config validate ''", ""},
        {"push --compr", "--compression"},
        {"push --compression z", "zstd"},
        {"push --compression = z", "zstd"},
        {"push --compression =", "gzip zstd"},
        {"push --compression=z", "--compression=zstd"},
        {"push --input a", ""},
        {"push -- --inp", ""},
        {"push shop : 20250721-2118-f7a5a27 --inp", "--input"},
        {"--profile = eu push --inp", "--input"},
        {"--profile eu push --inp", "--input"},
        {"-peu --json = true push --inp", "--input"},
        {"--endpoint http : //x : 80 push --inp", "--input"},
        {"list environments --js", "--json"},
        {"list images --mo", "--month"},
        {"list tags --mo", ""},
    };

    (void)state;
    assert_int_equal(RUN(false, "completion", "bash"), 0);
    write_text("script", said.data);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char command[512], answer[256] = "";
        FILE *bash;

        snprintf(command, sizeof command,
                 "bash -c '. ./script; COMP_WORDS=(s3dock \"$@\"); COMP_CWORD=$#; _s3dock;"
                 " printf %%s \"${COMPREPLY[*]}\"' bash %s",
                 cases[i][0]);
        bash = popen(command, "r"); /* NOLINT: a fixed command */
        assert_non_null(bash);
        answer[fread(answer, 1, sizeof answer - 1, bash)] = 0;
        assert_int_equal(pclose(bash), 0);
        assert_string_equal(answer, cases[i][1]);
    }
    unlink("script");
}

/* Runs a command line while a standard stream is a terminal. */
static int run_on_terminal(int stream, const char *const words[])
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY), kept = dup(stream), answer;

    assert_true(terminal >= 0 && kept >= 0);
    assert_int_equal(dup2(terminal, stream), stream);
    answer = run(false, words);
    assert_int_equal(dup2(kept, stream), stream);
    close(terminal);
    close(kept);
    return answer;
}

/* The refusal comes before the bucket is opened: there is none. */
static void an_image_does_not_pass_through_a_terminal(void **state)
{
    static const char *const pull[] = {"pull",       "shop:20250721-2118-f7a5a27", "--output", "-",
                                       "--endpoint", "file:///nonexistent",        NULL};
    static const char *const push[] = {"push",       "shop:20250721-2118-f7a5a27", "--input", "-",
                                       "--endpoint", "file:///nonexistent",        NULL};

    (void)state;
    assert_int_equal(run_on_terminal(STDOUT_FILENO, pull), ERR_FAIL);
    assert_string_equal(err.code, "flag");
    assert_int_equal(run_on_terminal(STDIN_FILENO, push), ERR_FAIL);
    assert_string_equal(err.code, "input");
}

static void a_watch_that_does_not_begin_reports_json(void **state)
{
    (void)state;
    assert_int_equal(RUN(true, "watch"), ERR_FAIL);
    assert_non_null(strstr(said.data, "\"error_code\": \"usage.config\""));
    assert_int_equal(RUN(true, "watch", "shop"), ERR_FAIL);
    assert_non_null(strstr(said.data, "\"error_code\": \"usage.arguments\""));
}

/* The first words of groups are commands, too. */
static void fish_knows_every_first_word(void **state)
{
    (void)state;
    assert_int_equal(RUN(false, "completion", "fish"), 0);
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        char row[96];

        snprintf(row, sizeof row, "'__s3dock_is \"\" \"help\"' -f -a %.*s -d '",
                 (int)strcspn(command_table[i].name, " "), command_table[i].name);
        assert_non_null(strstr(said.data, row));
    }
}

static void help_lists_commands_in_groups(void **state)
{
    const char *at;

    (void)state;
    assert_int_equal(RUN(false, "help"), 0);
    at = said.data;
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        char row[64], heading[64];

        assert_non_null(command_table[i].group);
        snprintf(heading, sizeof heading, "\n%s:\n", command_table[i].group);
        assert_non_null(strstr(said.data, heading));
        assert_null(strstr(strstr(said.data, heading) + 1, heading)); /* once */
        snprintf(row, sizeof row, "\n  %s ", command_table[i].name);
        at = strstr(at, row);
        assert_non_null(at);
    }
}

/* All settings of file and environment. */
static void every_setting_has_its_origin(void **state)
{
    FILE *file = fopen("s3dock.json5", "w");

    (void)state;
    fputs("{docker: {timeout: '5m'}, naming: {include_git_branch: false}}", file);
    fclose(file);
    setenv("S3DOCK_STRICT", "yes", 1);
    for (int json = 0; json < 2; json++) {
        assert_int_equal(RUN(json, "config", "show", "--origin"), 0);
        for (unsigned id = 0; id < OPTION_COUNT; id++)
            if (id != OPT_PROFILE && (option_table[id].key || option_table[id].env) &&
                (option_table[id].fallback || !json) && !strstr(said.data, option_table[id].name))
                fail_msg("%s is not told", option_table[id].name);
        assert_non_null(strstr(said.data, "docker.timeout in ./s3dock.json5"));
        assert_non_null(strstr(said.data, "naming.include_git_branch in ./s3dock.json5"));
        assert_non_null(strstr(said.data, "S3DOCK_STRICT"));
    }
    unsetenv("S3DOCK_STRICT");
}

static void profiles_of_the_aws_files_are_printed(void **state)
{
    (void)state;
    write_text("aws", "[default]\nregion = eu-north-1\n[profile ci]\nregion = eu-west-3\n");
    setenv("AWS_CONFIG_FILE", "aws", 1);
    assert_int_equal(RUN(false, "config", "list"), 0);
    assert_non_null(strstr(said.data, "Profiles of the AWS files:\n  ci\n* default\n"));
    assert_int_equal(RUN(true, "config", "list"), 0);
    assert_non_null(strstr(said.data, "\"aws_profiles\": [\n      \"ci\",\n      \"default\""));
    assert_int_equal(RUN(true, "config", "show", "--profile", "ci", "--origin"), 0);
    assert_non_null(strstr(said.data, "\"aws_profile\": \"ci\""));
    assert_non_null(strstr(said.data, "\"region in profile ci of aws\""));
    setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    unlink("aws");
}

/* Also with a configuration that other commands refuse. */
static void version_names_the_libraries(void **state)
{
    static const char *const names[] = {"commit", "target", "libc", "hardening", "isal", "static"};
    static const char *const numbers[] = {"version", "curl",   "openssl",   "libgit2",
                                          "zlib",    "zstd",   "lzma",      "bzip2",
                                          "expat",   "xxhash", "libdeflate"};
    char member[40];

    (void)state;
    assert_int_equal(RUN(true, "version"), 0);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        snprintf(member, sizeof member, "\"%s\": ", names[i]);
        assert_non_null(strstr(said.data, member));
    }
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        const char *found;

        snprintf(member, sizeof member, "\"%s\": \"", numbers[i]);
        found = strstr(said.data, member);
        assert_non_null(found);
        assert_true(found[strlen(member)] >= '0' && found[strlen(member)] <= '9');
    }
    assert_int_equal(RUN(false, "version", "--detailed"), 0); /* the original's second name */
    assert_non_null(strstr(said.data, "commit: "));
    assert_int_equal(RUN(false, "version", "--full"), 0);
    assert_non_null(strstr(said.data, "\ntarget: "));
    assert_non_null(strstr(said.data, "\nopenssl: "));
}

static void doctor_reports_the_aws_files(void **state)
{
    setenv("XDG_CACHE_HOME", *state, 1);
    write_text("s3dock.json5", "{profiles: {ci: {bucket: 'images'}}}");
    write_text("aws", "[ci]\n[profile ci]\nregion = eu-north-1\n[default]\nk k = 1\n");
    setenv("AWS_CONFIG_FILE", "aws", 1);
    setenv("AWS_ACCESS_KEY_ID", "half a pair", 1); /* no request is sent */
    RUN(false, "doctor", "--profile", "ci", "--endpoint", "http://127.0.0.1:1", "--docker-host",
        "unix:///nowhere");
    assert_non_null(
        strstr(said.data, "  ok       AWS files          profile \"default\" of aws and"));
    assert_non_null(strstr(said.data, "aws, line 1: [ci] has no effect"));
    assert_non_null(strstr(said.data, "aws, line 5: a key is ignored"));
    assert_non_null(strstr(said.data, "the AWS files have a profile \"ci\", too"));
    write_text("s3dock.json5", "{profiles: {default: {access_key: 'half a pair'}}}");
    setenv("AWS_PROFILE", "ci", 1);
    unsetenv("AWS_ACCESS_KEY_ID");
    RUN(false, "doctor", "--endpoint", "http://127.0.0.1:1", "--docker-host", "unix:///nowhere");
    assert_non_null(strstr(said.data, "the profile \"ci\" has no effect on the keys, because"));
    unsetenv("AWS_PROFILE");
    write_text("aws", "[default\n");
    RUN(false, "doctor", "--endpoint", "http://127.0.0.1:1", "--docker-host", "unix:///nowhere");
    assert_non_null(strstr(said.data, "  failed   AWS files          AWS file aws, line 1: "));
    setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    unlink("aws");
    assert_int_equal(rmdir("s3dock"), 0);
}

static void doctor_examines_a_broken_configuration(void **state)
{
    FILE *file = fopen("s3dock.json5", "w");

    setenv("XDG_CACHE_HOME", *state, 1);
    fputs("{profiles: {default: {bucket: }}}", file);
    fclose(file);
    assert_int_equal(RUN(false, "doctor", "--docker-host", "unix:///nowhere"), ERR_FAIL);
    assert_int_equal(err.family, ERR_USAGE);
    assert_non_null(strstr(err.text, "2 checks failed, first: configuration: failed to parse"));
    assert_non_null(strstr(said.data, "  failed   docker "));
    assert_non_null(strstr(said.data, "  skipped  bucket "));
    assert_int_equal(rmdir("s3dock"), 0);
}

static void doctor_examines_a_directory(void **state)
{
    char command[256];

    setenv("XDG_CACHE_HOME", *state, 1);
    assert_int_equal(system("mkdir -p store/images"), 0);
    snprintf(command, sizeof command, "file://%s/store", (const char *)*state);
    assert_int_equal(RUN(true, "doctor", "--endpoint", command, "--bucket", "images",
                         "--docker-host=unix:///nowhere"),
                     ERR_FAIL);
    assert_int_equal(err.family, ERR_DOCKER); /* the only fault, as requested */
    assert_non_null(strstr(said.data, "\"success\": false"));
    assert_non_null(strstr(said.data, "\"name\": \"put if absent\""));
    assert_non_null(strstr(said.data, "\"ok\": false"));
    assert_non_null(strstr(said.data, "\"error_code\": \"docker.unreachable\""));
    assert_int_equal(system("rm -r store s3dock"), 0);
}

#define ORPHAN "images/shop/202603/shop-20260302-0900-5e6f708-7cfa2c9c41fba520.data"

/* Data of a thin push that was not completed. */
/* The bucket does not exist: a command that opens it first reports that instead. */
static void names_are_checked_before_the_bucket_is_opened(void **state)
{
    static const char image[] = "shop:20250721-2118-f7a5a27";
    static const char *const lines[][5] = {
        {"push", "sh/op:1"},
        {"tag", image, "bad!"},
        {"tag", "sh/op:1", "1.0.0"},
        {"promote", image, "bad!"},
        {"promote", "sh/op:1", "production"},
        {"rollback", "sh/op", "production"},
        {"rollback", "shop", "bad!"},
        {"current", "sh/op", "production"},
        {"current", "shop", "bad!"},
        {"history", "sh/op", "production"},
        {"history", "shop", "bad!"},
        {"list", "images", "sh/op"},
        {"list", "tags", "sh/op"},
        {"list", "envs", "sh/op"},
        {"list", "tag-for", "sh/op", "production"},
        {"list", "tag-for", "shop", "bad!"},
        {"pull", "sh/op:1"},
        {"pull", "sh/op", "production"},
        {"pull", "shop", "bad!"},
        {"pull", "shop", "1.0.0+/"},
        {"verify", "sh/op:1"},
        {"verify", "shop", "bad!"},
        {"inspect", "sh/op:1"},
        {"diff", "sh/op:1", image},
        {"diff", image, "sh/op:1"},
        {"deploy", "sh/op", "production"},
        {"deploy", "shop", "bad!"},
        {"status", "sh/op"},
        {"status", "shop", "bad!"},
        {"watch", "sh/op", "production"},
        {"watch", "shop", "bad!"},
        {"stats", "sh/op"},
        {"cleanup", "sh/op"},
        {"compact", "sh/op"},
        {"thicken", "sh/op:1"},
        {"thicken", "shop", "bad!"},
    };

    (void)state;
    setenv("S3DOCK_ENDPOINT", "file:///nowhere", 1);
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        assert_int_equal(run(false, lines[i]), ERR_FAIL);
        if (!err_is(&err, ERR_USAGE, "name") && !err_is(&err, ERR_USAGE, "reference"))
            fail_msg("%s %s %s: %s: %s", lines[i][0], lines[i][1], lines[i][2], err.code, err.text);
    }
}

static void cleanup_prints_the_objects_that_no_image_needs(void **state)
{
    char endpoint[200];

    setenv("XDG_CACHE_HOME", *state, 1);
    assert_int_equal(system("mkdir -p store/images/images/shop/202603 && "
                            "echo data >store/images/" ORPHAN " && "
                            "touch -d 2026-03-02 store/images/" ORPHAN),
                     0);
    snprintf(endpoint, sizeof endpoint, "file://%s/store", (const char *)*state);
    setenv("S3DOCK_ENDPOINT", endpoint, 1);
    setenv("S3DOCK_BUCKET", "images", 1);
    for (unsigned json = 0; json < 2; json++) {
        if (RUN(json, "cleanup", "--dry-run", "--unfinished", "1s"))
            fail_msg("%s", err.text);
        assert_non_null(strstr(said.data, ORPHAN));
    }
    unsetenv("S3DOCK_ENDPOINT");
    unsetenv("S3DOCK_BUCKET");
    assert_int_equal(system("rm -rf store s3dock"), 0);
}

/* All that consent.h refuses before. */
static void trust_prints_what_it_allows(void **state)
{
    static const char *const keys[] = {
        "endpoint: 'https://far'", "ca_file: 'c'",        "insecure: true",  "client_cert: 'c'",
        "client_key: 'k'",         "encryption_key: 'e'", "acl: 'private'",  "requester_pays: true",
        "lock_mode: 'COMPLIANCE'", "legal_hold: true",    "sign: {key: 'k'}"};
    char content[512] = "{profiles: {default: {customer_key: 'c2VjcmV0'", name[64];

    setenv("HOME", *state, 1);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        snprintf(content + strlen(content), sizeof content - strlen(content), ", %s", keys[i]);
    strcat(content, "}}, docker: {host: 'h', context: 'c'}}");
    write_config(content);
    if (RUN(false, "config", "trust"))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        snprintf(name, sizeof name, "profiles.default.%.*s", (int)strcspn(keys[i], ":"), keys[i]);
        if (!strstr(said.data, name))
            fail_msg("%s is missing in %s", name, said.data);
    }
    assert_non_null(strstr(said.data, "profiles.default.sign.key: k"));
    assert_non_null(strstr(said.data, "profiles.default.customer_key: ***"));
    assert_non_null(strstr(said.data, "docker.host: h"));
    assert_non_null(strstr(said.data, "docker.context: c"));
    assert_int_equal(system("rm -rf .s3dock"), 0);
}

static struct store *open_fake(const struct fake_s3 *fake)
{
    const struct store_s3_options options = {
        .endpoint = fake->url,
        .bucket = "images",
        .provider = fixed_keys("TESTACCESSKEY", "test-secret-key-0001", NULL)};

    return store_s3_create(&options, &err);
}

/* Writes an image that was committed `age` before the time of this machine. Stores its name. */
static void put_image(const struct fake_s3 *fake, int64_t age, char ref[NAME_REF_MAX])
{
    struct store *store = open_fake(fake);
    char stamp[CLOCK_STAMP_SIZE], key[KEY_MAX];
    struct image_name name;

    clock_stamp(clock_wall() - age, stamp);
    snprintf(ref, NAME_REF_MAX, "shop:%s-f7a5a27", stamp);
    assert_int_equal(name_parse_image(ref, &name, &err), 0);
    for (unsigned kind = KEY_ARCHIVE; kind <= KEY_METADATA; kind++) {
        key_image(key, &name, NULL, kind);
        assert_int_equal(store_put_document(store, key, view_str("{}"), NULL, false, NULL, &err),
                         STORE_DONE);
    }
    store_destroy(store);
}

/* Returns the time of the first member `name` of the output. */
static int64_t time_in_output(const char *name)
{
    const char *at = strstr(said.data, name);
    char text[CLOCK_RFC3339_SIZE];
    int64_t time = 0;

    assert_non_null(at);
    at += strlen(name);
    snprintf(text, sizeof text, "%.*s", (int)strcspn(at, "\""), at);
    assert_true(clock_parse_rfc3339(text, &time));
    return time;
}

/* The clock of this machine is 80000 seconds ahead. */
static void the_clock_of_the_store_counts(void **state)
{
    const char *const behind[] = {"--clock", "-80000", NULL};
    char ref[NAME_REF_MAX];
    struct store *store;
    struct fake_s3 fake;
    int64_t ahead;

    setenv("XDG_CACHE_HOME", *state, 1);
    fake_start(&fake, "[]", behind);
    put_image(&fake, 82000 * NS_PER_S, ref);
    setenv("AWS_ACCESS_KEY_ID", "TESTACCESSKEY", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "test-secret-key-0001", 1);
    setenv("S3DOCK_ENDPOINT", fake.url, 1);
    setenv("S3DOCK_BUCKET", "images", 1);
    if (RUN(true, "cleanup", "shop", "--older-than", "12h", "--dry-run"))
        fail_msg("%s", err.text);
    assert_non_null(strstr(said.data, "\"images_removed\": 0"));
    if (RUN(true, "cleanup", "shop", "--older-than", "15m", "--dry-run"))
        fail_msg("%s", err.text);
    assert_non_null(strstr(said.data, "\"images_removed\": 1"));

    /* Events of a wrong time are in a wrong order, which a rollback refuses. */
    if (RUN(true, "promote", ref, "production") || RUN(true, "history", "shop", "production"))
        fail_msg("%s", err.text);
    ahead = clock_wall() - time_in_output("\"timestamp\": \"");
    assert_true(ahead > 79000 * NS_PER_S && ahead < 81000 * NS_PER_S);
    store = open_fake(&fake);
    text_clear(&said);
    assert_int_equal(store_get_document(store, "pointers/shop/production.json", &said, NULL, &err),
                     STORE_DONE);
    store_destroy(store);
    ahead = clock_wall() - time_in_output("\"promoted_at\": \"");
    assert_true(ahead > 79000 * NS_PER_S && ahead < 81000 * NS_PER_S);
    unsetenv("S3DOCK_ENDPOINT");
    unsetenv("S3DOCK_BUCKET");
    fake_stop(&fake);
    assert_int_equal(system("rm -rf s3dock"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(config_prints_the_json_of_the_original),
        IN_FOLDER(init_writes_what_validate_accepts),
        IN_FOLDER(validate_looks_into_every_profile),
        IN_FOLDER(validate_refuses_what_commands_refuse),
        IN_FOLDER(show_keeps_secrets),
        IN_FOLDER(show_prints_the_settings_of_each_profile),
        IN_FOLDER(keys_are_not_sent_to_the_endpoint_of_a_found_file),
        IN_FOLDER(show_knows_the_variables_of_docker),
        IN_FOLDER(help_lists_commands_in_groups),
        IN_FOLDER(every_setting_has_its_origin),
        IN_FOLDER(profiles_of_the_aws_files_are_printed),
        IN_FOLDER(version_names_the_libraries),
        IN_FOLDER(doctor_reports_the_aws_files),
        IN_FOLDER(doctor_examines_a_broken_configuration),
        IN_FOLDER(doctor_examines_a_directory),
        IN_FOLDER(names_are_checked_before_the_bucket_is_opened),
        IN_FOLDER(cleanup_prints_the_objects_that_no_image_needs),
        IN_FOLDER(the_clock_of_the_store_counts),
        IN_FOLDER(trust_prints_what_it_allows),
        IN_FOLDER(every_command_has_its_help),
        IN_FOLDER(scripts_and_page_name_every_flag),
        IN_FOLDER(bash_completes),
        IN_FOLDER(an_image_does_not_pass_through_a_terminal),
        IN_FOLDER(a_watch_that_does_not_begin_reports_json),
        IN_FOLDER(fish_knows_every_first_word),
    };

    return cmocka_run_group_tests(tests, NULL, run_forget);
}
