#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "cli/settings/args.h"
#include "cli/settings/config.h"
#include "cli/settings/consent.h"
#include "cli/settings/trust.h"

/* The environment of a test. */
static struct variable {
    const char *name, *value;
} environment[8];

static const char *test_getenv(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(environment) && environment[i].name; i++)
        if (!strcmp(environment[i].name, name))
            return environment[i].value;
    return NULL;
}

static void set(const char *name, const char *value)
{
    size_t i = 0;

    while (environment[i].name)
        i++;
    environment[i] = (struct variable){name, value};
}

static struct config config;
static struct args args;
static struct err err;

static int load(void)
{
    config_finish(&config);
    err = (struct err){0};
    return config_load(&config, &args, test_getenv, &err);
}

static void write_file(const char *path, const char *content)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(content, file);
    fclose(file);
    chmod(path, 0600);
}

/* Each test runs in its own empty folder, without environment and arguments. */
static int setup(void **state)
{
    char *folder = strdup("/tmp/s3dock-test-XXXXXX");

    *state = folder;
    umask(022); /* a file that others can write is refused */
    memset(environment, 0, sizeof environment);
    args = (struct args){.command = CMD_NONE};
    memset(&config, 0, sizeof config);
    return folder && mkdtemp(folder) && !chdir(folder) ? 0 : -1;
}

static int teardown(void **state)
{
    char line[64];

    config_finish(&config);
    assert_int_equal(chdir("/"), 0);
    snprintf(line, sizeof line, "rm -rf '%s'", (char *)*state);
    assert_int_equal(system(line), 0);
    free(*state);
    return 0;
}

static void assert_value(enum option_id id, const char *value)
{
    if (value)
        assert_string_equal(config_text(&config, id), value);
    else
        assert_null(config_text(&config, id));
}

static void assert_origin(enum option_id id, const char *expected)
{
    char origin[512];

    config_origin(&config, id, origin, sizeof origin);
    assert_string_equal(origin, expected);
}

#define TWO_PROFILES                                                                               \
    "{ // the original's form\n"                                                                   \
    "  default_profile: 'eu',\n"                                                                   \
    "  profiles: {\n"                                                                              \
    "    eu: { bucket: 'eu-bucket', region: 'eu-central-1', access_key: 'EUKEYEUKEYEUKEY',\n"      \
    "          secret_key: 'eu-secret-eu-secret', level: 9, insecure: true },\n"                   \
    "    us: { bucket: 'us-bucket', },\n"                                                          \
    "  },\n"                                                                                       \
    "  docker: { timeout: '30s', compression: 'gzip' },\n"                                         \
    "  naming: { include_git_branch: false, timestamp_format: '20060102-1504',\n"                  \
    "            path_template: 'images/{app}/{year_month}/{filename}' },\n"                       \
    "  defaults: { retry_count: 3, log_level: 'debug' },\n"                                        \
    "}\n"

static void without_a_file_the_original_s_defaults_hold(void **state)
{
    (void)state;
    assert_int_equal(load(), 0);
    assert_value(OPT_BUCKET, "s3dock-containers");
    assert_value(OPT_REGION, "us-east-1");
    assert_value(OPT_ENDPOINT, NULL);
    assert_string_equal(config.profile, "default");
    assert_origin(OPT_BUCKET, "default");
    assert_int_equal(config_number(&config, OPT_MEMORY), 80 << 20);
    assert_true(config_is_word(&config, OPT_JOBS));
}

static void a_file_of_the_original_is_understood_without_a_word(void **state)
{
    (void)state;
    write_file("s3dock.json5", TWO_PROFILES);
    assert_int_equal(load(), 0);
    assert_value(OPT_BUCKET, "eu-bucket");
    assert_value(OPT_REGION, "eu-central-1");
    assert_value(OPT_SECRET_KEY, "eu-secret-eu-secret");
    assert_int_equal(config_number(&config, OPT_LEVEL), 9);
    assert_true(config_switch(&config, OPT_INSECURE));
    assert_int_equal(config_number(&config, OPT_RETRIES), 3);
    assert_int_equal(config_number(&config, OPT_LOG_LEVEL), 3);
    assert_int_equal(config_number(&config, OPT_DOCKER_TIMEOUT), 30000);
    assert_origin(OPT_BUCKET, "profiles.eu.bucket in ./s3dock.json5");
    assert_origin(OPT_LOG_LEVEL, "defaults.log_level in ./s3dock.json5");
    assert_string_equal(config.warnings.data, "");
}

static void flag_beats_environment_beats_file_beats_default(void **state)
{
    (void)state;
    write_file("s3dock.json5", TWO_PROFILES);
    set("S3DOCK_BUCKET", "from-env");
    assert_int_equal(load(), 0);
    assert_value(OPT_BUCKET, "from-env");
    assert_origin(OPT_BUCKET, "S3DOCK_BUCKET");
    args.values[OPT_BUCKET] = "from-flag";
    assert_int_equal(load(), 0);
    assert_value(OPT_BUCKET, "from-flag");
    assert_origin(OPT_BUCKET, "--bucket");
}

static void an_empty_variable_is_no_variable(void **state)
{
    (void)state;
    set("S3DOCK_BUCKET", "");
    assert_int_equal(load(), 0);
    assert_value(OPT_BUCKET, "s3dock-containers");
}

static void stray_variables_beat_the_default_profile_only(void **state)
{
    (void)state;
    write_file("s3dock.json5", TWO_PROFILES);
    set("AWS_REGION", "stray");
    set("AWS_ENDPOINT_URL", "http://stray");
    set("AWS_ACCESS_KEY_ID", "STRAYKEYSTRAYKEY");
    set("AWS_SECRET_ACCESS_KEY", "stray-secret-stray");
    set("AWS_SESSION_TOKEN", "stray-token-stray");
    assert_int_equal(load(), 0);
    assert_value(OPT_REGION, "stray");
    assert_value(OPT_ACCESS_KEY, "STRAYKEYSTRAYKEY");
    assert_value(OPT_SESSION_TOKEN, "stray-token-stray");

    args.values[OPT_PROFILE] = "eu";
    assert_int_equal(load(), 0);
    assert_value(OPT_REGION, "eu-central-1");
    assert_value(OPT_ACCESS_KEY, "EUKEYEUKEYEUKEY");
    assert_value(OPT_SECRET_KEY, "eu-secret-eu-secret");
    assert_value(OPT_SESSION_TOKEN, NULL);      /* it belongs to the other keys */
    assert_value(OPT_ENDPOINT, "http://stray"); /* eu leaves it open */

    args.values[OPT_PROFILE] = "us"; /* has no keys and no region */
    assert_int_equal(load(), 0);
    assert_value(OPT_BUCKET, "us-bucket");
    assert_value(OPT_REGION, "stray");
    assert_value(OPT_ACCESS_KEY, "STRAYKEYSTRAYKEY");
}

static void our_variables_beat_a_chosen_profile(void **state)
{
    (void)state;
    write_file("s3dock.json5", TWO_PROFILES);
    set("S3DOCK_PROFILE", "eu");
    set("S3DOCK_REGION", "ours");
    set("AWS_REGION", "stray");
    assert_int_equal(load(), 0);
    assert_value(OPT_REGION, "ours");
    assert_value(OPT_BUCKET, "eu-bucket");
}

static void half_a_pair_does_not_spoil_a_whole_one(void **state)
{
    (void)state;
    write_file("s3dock.json5", TWO_PROFILES);
    set("AWS_ACCESS_KEY_ID", "STRAYKEYSTRAYKEY");
    set("AWS_SESSION_TOKEN", "stray-token-stray");
    assert_int_equal(load(), 0);
    assert_value(OPT_ACCESS_KEY, "EUKEYEUKEYEUKEY");
    assert_value(OPT_SECRET_KEY, "eu-secret-eu-secret");
    assert_value(OPT_SESSION_TOKEN, NULL);
}

static void the_id_may_lie_in_the_file_and_the_secret_outside(void **state)
{
    (void)state;
    write_file("s3dock.json5", "{profiles: {default: {access_key: 'FILEKEYFILEKEY'}}}");
    set("AWS_SECRET_ACCESS_KEY", "env-secret-env-secret");
    set("AWS_SESSION_TOKEN", "env-token-env-token");
    assert_int_equal(load(), 0);
    assert_value(OPT_ACCESS_KEY, "FILEKEYFILEKEY");
    assert_value(OPT_SECRET_KEY, "env-secret-env-secret");
    assert_value(OPT_SESSION_TOKEN, "env-token-env-token");
}

static void the_first_file_is_the_only_one(void **state)
{
    (void)state;
    assert_int_equal(mkdir("home", 0700), 0);
    assert_int_equal(mkdir("home/.s3dock", 0700), 0);
    write_file("home/.s3dock/config.json5", "{profiles: {default: {bucket: 'home'}}}");
    set("HOME", "home");
    assert_int_equal(load(), 0);
    assert_value(OPT_BUCKET, "home");

    write_file("s3dock.json5", "{profiles: {default: {region: 'here'}}}");
    assert_int_equal(load(), 0);
    assert_value(OPT_BUCKET, "s3dock-containers");
    assert_value(OPT_REGION, "here");

    write_file("other.json5", "{profiles: {default: {bucket: 'named'}}}");
    args.values[OPT_CONFIG] = "other.json5";
    assert_int_equal(load(), 0);
    assert_value(OPT_BUCKET, "named");
}

static void a_named_file_must_exist(void **state)
{
    (void)state;
    args.values[OPT_CONFIG] = "absent.json5";
    assert_int_equal(load(), ERR_FAIL);
    assert_int_equal(err.family, ERR_USAGE);
    assert_non_null(strstr(err.text, "failed to read config file absent.json5"));
}

static void a_refused_value_of_a_variable_is_named(void **state)
{
    (void)state;
    set("S3DOCK_CONFIG", "absent.json5");
    assert_int_equal(load(), ERR_FAIL);
    assert_non_null(strstr(err.text, "S3DOCK_CONFIG: failed to read config file absent.json5"));
    environment[0] = (struct variable){"S3DOCK_PROFILE", "nope"};
    assert_int_equal(load(), ERR_FAIL);
    assert_string_equal(err.text, "S3DOCK_PROFILE: profile 'nope' not found in config");
    args.values[OPT_PROFILE] = "nope";
    assert_int_equal(load(), ERR_FAIL);
    assert_string_equal(err.text, "profile 'nope' not found in config");
}

struct bad_file {
    const char *content, *says;
};

static void an_existing_file_never_means_the_defaults(void **state)
{
    static const struct bad_file files[] = {
        {"", "failed to parse config file ./s3dock.json5"},
        {"{", "line "},
        {"{\n  profiles: {\n    a: { bucket: Infinity } } }", "line 3"},
        {"[]", "not an object"},
        {"{profiles: 'x'}", "profiles is not an object"},
        {"{profiles: {default: 'x'}}", "profile is not an object"},
        {"{docker: 7}", "docker is not an object"},
        {"{profiles: {default: {bucket: {}}}}",
         "profiles.default.bucket in ./s3dock.json5 must be"},
        {"{profiles: {default: {region: 'e\\u0000u'}}}", "null character"},
        {"{profiles: {default: {sign: '~/.ssh/key'}}}", "profiles.default.sign is not an object"},
        {"{profiles: {'a\\u0000b': {}}}", "the name of a profile"},
        {"{profiles: {default: {level: 99}}}", "profiles.default.level in ./s3dock.json5"},
        {"{profiles: {default: {insecure: 'perhaps'}}}", "perhaps"},
        {"{defaults: {log_level: 'loud'}}", "loud"},
        {"{default_profile: 'eu'}", "profile 'eu' not found in config"},
        {"{default_profile: 'default', profiles: {eu: {}}}", "profile 'default' not found"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        write_file("s3dock.json5", files[i].content);
        assert_int_equal(load(), ERR_FAIL);
        assert_int_equal(err.family, ERR_USAGE);
        assert_non_null(strstr(err.text, files[i].says));
    }
}

static void a_file_has_a_limited_number_of_profiles(void **state)
{
    FILE *file = fopen("s3dock.json5", "w");

    (void)state;
    fputs("{profiles: {", file);
    for (int i = 0; i <= CONFIG_PROFILES_MAX; i++)
        fprintf(file, "p%d: {}, ", i);
    fputs("}}", file);
    fclose(file);
    assert_int_equal(load(), ERR_FAIL);
    assert_non_null(strstr(err.text, "more than 256 profiles"));
}

static void a_link_to_nothing_never_means_the_defaults(void **state)
{
    (void)state;
    assert_int_equal(symlink("/nonexistent/s3dock.json5", "s3dock.json5"), 0);
    assert_int_equal(load(), ERR_FAIL);
    assert_non_null(strstr(err.text, "a link to a file that does not exist"));
    assert_int_equal(unlink("s3dock.json5"), 0);
}

/* As in the original, which has a map of them. */
static void names_of_profiles_differ_in_case(void **state)
{
    (void)state;
    write_file("s3dock.json5", "{Profiles: {Prod: {bucket: 'large'}, prod: {bucket: 'small'}}}");
    args.values[OPT_PROFILE] = "Prod";
    assert_int_equal(load(), 0);
    assert_value(OPT_BUCKET, "large");
    assert_null(strstr(config.warnings.data, "unknown"));
    args.values[OPT_PROFILE] = "prod";
    assert_int_equal(load(), 0);
    assert_value(OPT_BUCKET, "small");
    args.values[OPT_PROFILE] = "PROD";
    assert_int_equal(load(), ERR_FAIL);
    assert_string_equal(err.code, "profile");
}

static void repeated_keys_are_warned_of(void **state)
{
    (void)state;
    write_file("s3dock.json5", "{docker: {}, profiles: {default: {bucket: 'a', Bucket: 'b'}, x: {},"
                               " X: {}, x: {}}, docker: null, Docker: {timeout: '1m'}}");
    assert_int_equal(load(), 0);
    assert_value(OPT_BUCKET, "b");
    assert_non_null(strstr(config.warnings.data, "profiles.default.bucket is repeated"));
    assert_non_null(strstr(config.warnings.data, "profiles.x is repeated"));
    assert_non_null(strstr(config.warnings.data, "docker is repeated"));
    assert_null(strstr(config.warnings.data, "profiles.X is repeated"));
    assert_null(strstr(config.warnings.data, "Docker is repeated"));
}

static void a_folder_in_the_file_s_place_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(mkdir("s3dock.json5", 0700), 0);
    assert_int_equal(load(), ERR_FAIL);
    assert_int_equal(rmdir("s3dock.json5"), 0);
}

static void a_missing_profile_is_an_error(void **state)
{
    (void)state;
    write_file("s3dock.json5", TWO_PROFILES);
    args.values[OPT_PROFILE] = "ue";
    assert_int_equal(load(), ERR_FAIL);
    assert_string_equal(err.text, "profile 'ue' not found in config");
    assert_string_equal(err.code, "profile");
    assert_non_null(strstr(err.hint, "did you mean eu"));
}

static void a_section_of_the_aws_files_without_effect_is_named(void **state)
{
    (void)state;
    set("HOME", "home");
    assert_int_equal(mkdir("home", 0700), 0);
    assert_int_equal(mkdir("home/.aws", 0700), 0);
    write_file("home/.aws/config", "[ci]\n");
    args.values[OPT_PROFILE] = "ci";
    assert_int_equal(load(), ERR_FAIL);
    assert_string_equal(err.code, "profile");
    assert_non_null(strstr(err.hint, "needs [profile ci]"));
    write_file("s3dock.json5", TWO_PROFILES);
    assert_int_equal(load(), ERR_FAIL);
    assert_non_null(strstr(err.hint, "needs [profile ci]"));
}

static void unknown_keys_are_warned_of(void **state)
{
    (void)state;
    write_file("s3dock.json5", "{profile: {}, naming: {path_templat: 'x'}, zebra: {a: {b: 1}},"
                               " profiles: {default: {Bucket: 'b', buckett: 'c'}}}");
    assert_int_equal(load(), 0);
    assert_value(OPT_BUCKET, "b"); /* case does not matter, as for the original */
    assert_non_null(strstr(config.warnings.data, "unknown key profile (did you mean profiles?)"));
    assert_non_null(strstr(config.warnings.data,
                           "unknown key naming.path_templat (did you mean path_template?)"));
    assert_non_null(strstr(config.warnings.data, "unknown key zebra\n"));
    assert_non_null(strstr(config.warnings.data,
                           "unknown key profiles.default.buckett (did you mean bucket?)"));
    assert_null(strstr(config.warnings.data, "zebra.a"));
}

/* Keys that never had an effect: accepted if their value is the actual behaviour. */
static void keys_without_effect_are_reported(void **state)
{
    static const struct {
        const char *file, *warning;
    } cases[] = {
        {"{naming: {include_git_branch: true}}",
         "the value of naming.include_git_branch has no effect"},
        {"{naming: {include_git_branch: false}}", NULL},
        {"{naming: {timestamp_format: '2006-01-02'}}", "only 20060102-1504 is supported"},
        {"{naming: {path_template: '{app}'}}", "names are part of the format"},
        {"{naming: {path_template: ''}}", NULL},
        {"{docker: {compression: 'xz'}}",
         "the value of docker.compression has no effect, only gzip|zstd is supported"},
        {"{docker: {compression: 'zstd'}}", NULL},
        {"{docker: {compression: 'GZIP'}}", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        write_file("s3dock.json5", cases[i].file);
        assert_int_equal(load(), 0);
        if (cases[i].warning)
            assert_non_null(strstr(config.warnings.data, cases[i].warning));
        else
            assert_string_equal(config.warnings.data, "");
    }
}

static void a_limit_that_is_no_time_is_refused(void **state)
{
    (void)state;
    assert_int_equal(load(), 0);
    assert_int_equal(config_number(&config, OPT_DOCKER_TIMEOUT), 60000);
    write_file("s3dock.json5", "{docker: {timeout: 'soon'}}");
    assert_int_equal(load(), ERR_FAIL);
    assert_string_equal(err.code, "config");
    assert_non_null(strstr(err.text, "docker.timeout"));
    assert_non_null(strstr(err.text, "30s or 5m"));
}

static void an_open_file_with_a_secret_is_warned_of(void **state)
{
    (void)state;
    write_file("s3dock.json5", TWO_PROFILES);
    chmod("s3dock.json5", 0644);
    assert_int_equal(load(), 0);
    assert_non_null(strstr(config.warnings.data, "chmod 600"));
}

static void only_settings_of_the_command_are_checked(void **state)
{
    (void)state;
    set("S3DOCK_LEVEL", "nonsense");
    args.command = CMD_PULL;
    assert_int_equal(load(), 0);
    args.command = CMD_PUSH;
    assert_int_equal(load(), ERR_FAIL);
    assert_non_null(strstr(err.text, "S3DOCK_LEVEL"));
}

static void profiles_are_listed_in_order(void **state)
{
    char name[CONFIG_NAME_MAX];

    (void)state;
    write_file("s3dock.json5", TWO_PROFILES);
    assert_int_equal(load(), 0);
    assert_true(config_file_profile(&config.file, 0, name));
    assert_string_equal(name, "eu");
    assert_true(config_file_profile(&config.file, 1, name));
    assert_string_equal(name, "us");
    assert_false(config_file_profile(&config.file, 2, name));
}

static void keys_are_shortened(void **state)
{
    char out[16];

    (void)state;
    config_short_key("AKIAIOSFODNN7WXYZ", out);
    assert_string_equal(out, "AKIA...WXYZ");
    config_short_key("minioadmin", out);
    assert_string_equal(out, "***");
}

/* ---- a file in the current folder ---- */

#define NOBODY 65534

static void assert_owner_refused(const char *says)
{
    assert_int_equal(load(), ERR_FAIL);
    assert_int_equal(err.family, ERR_USAGE);
    assert_string_equal(err.code, "owner");
    assert_non_null(strstr(err.text, says));
    assert_non_null(strstr(err.hint, "--config ./"));
}

static void a_file_that_others_can_write_is_refused(void **state)
{
    static const mode_t modes[] = {0660, 0606, 0622};
    static const mode_t folders[] = {0770, 0707, 01777};

    (void)state;
    if (geteuid() != 0) /* a user's private group may write */
        skip();
    write_file("s3dock.json5", TWO_PROFILES);
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        chmod("s3dock.json5", modes[i]);
        assert_owner_refused("./s3dock.json5 can be written by other users");
    }
    chmod("s3dock.json5", 0644);
    for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
        chmod(".", folders[i]);
        assert_owner_refused("the current folder can be written by other users");
    }
    args.values[OPT_CONFIG] = "./s3dock.json5"; /* trusted by the user */
    assert_int_equal(load(), 0);
    assert_value(OPT_BUCKET, "eu-bucket");
    args.values[OPT_CONFIG] = NULL;
    chmod(".", 0755);
    assert_int_equal(load(), 0);
}

/* Each of these users has a private group on Debian. */
#define DAEMON 1
#define MAIL   8

/* Adds an access control list, in the kernel's form, that lets the user MAIL write. */
static bool add_list(const char *path)
{
    static const struct {
        uint32_t version;
        struct {
            uint16_t tag, rights;
            uint32_t id;
        } entries[5];
    } list = {2, {{1, 6, -1}, {2, 6, MAIL}, {4, 4, -1}, {0x10, 6, -1}, {0x20, 0, -1}}};

    return setxattr(path, "system.posix_acl_access", &list, sizeof list, 0) == 0;
}

static void the_private_group_of_a_user_may_write(void **state)
{
    const struct passwd *user;
    const struct group *group = getgrgid(DAEMON);
    char name[32];

    (void)state;
    if (geteuid() != 0 || !group || group->gr_mem[0] ||
        !str_copy(name, sizeof name, group->gr_name))
        skip();
    user = getpwuid(DAEMON);
    if (!user || user->pw_gid != DAEMON || strcmp(user->pw_name, name) != 0)
        skip();
    write_file("s3dock.json5", TWO_PROFILES);
    assert_int_equal(chown("s3dock.json5", DAEMON, DAEMON), 0);
    assert_int_equal(chown(".", DAEMON, DAEMON), 0);
    chmod("s3dock.json5", 0664);
    chmod(".", 0775);
    assert_int_equal(seteuid(DAEMON), 0);
    assert_int_equal(load(), 0);
    assert_int_equal(seteuid(0), 0);
    assert_owner_refused("./s3dock.json5 belongs to another user");
    if (add_list("s3dock.json5")) {
        assert_int_equal(seteuid(DAEMON), 0);
        assert_owner_refused("./s3dock.json5 can be written by other users");
        assert_int_equal(seteuid(0), 0);
        assert_int_equal(removexattr("s3dock.json5", "system.posix_acl_access"), 0);
    }
    assert_int_equal(chown("s3dock.json5", DAEMON, MAIL), 0);
    assert_int_equal(seteuid(DAEMON), 0);
    assert_owner_refused("./s3dock.json5 can be written by other users");
    assert_int_equal(seteuid(0), 0);
}

static void a_file_of_another_user_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    write_file("s3dock.json5", TWO_PROFILES);
    assert_int_equal(chown("s3dock.json5", NOBODY, 0), 0);
    assert_owner_refused("./s3dock.json5 belongs to another user");
    assert_int_equal(chown("s3dock.json5", 0, 0), 0);
    assert_int_equal(chown(".", NOBODY, 0), 0);
    assert_owner_refused("the current folder belongs to another user");
    chmod("s3dock.json5", 0644);
    assert_int_equal(seteuid(NOBODY), 0); /* root's file in the user's folder */
    assert_int_equal(load(), 0);
    assert_int_equal(seteuid(0), 0);
}

/* The rule applies to the file behind the link, and to its folder. */
static void a_link_is_judged_by_its_target(void **state)
{
    (void)state;
    assert_int_equal(mkdir("away", 0755), 0);
    write_file("away/conf", TWO_PROFILES);
    assert_int_equal(symlink("away/conf", "s3dock.json5"), 0);
    assert_int_equal(load(), 0);
    chmod("away", 0777);
    assert_owner_refused("/away can be written by other users");
    chmod("away", 0755);
    chmod("away/conf", 0666);
    assert_owner_refused("./s3dock.json5 can be written by other users");
}

/* Like sudo with a preserved HOME. */
static void a_home_of_another_user_is_refused(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    mkdir("home", 0700);
    mkdir("home/.s3dock", 0700);
    write_file("home/.s3dock/config.json5", "{docker: {program: '/home/theirs'}}");
    set("HOME", "./home");
    assert_int_equal(load(), 0);
    assert_value(OPT_DOCKER_PROGRAM, "/home/theirs");
    assert_int_equal(chown("home/.s3dock/config.json5", NOBODY, 0), 0);
    assert_owner_refused("belongs to another user");
}

static void a_program_of_the_folder_is_never_used(void **state)
{
    (void)state;
    write_file("s3dock.json5", "{docker: {program: './tools/docker'}}");
    args.command = CMD_BUILD;
    assert_int_equal(load(), 0);
    assert_value(OPT_DOCKER_PROGRAM, "docker");
    assert_true(config_ignores(&config, OPT_DOCKER_PROGRAM));
    assert_non_null(strstr(config.warnings.data, "docker.program is ignored"));
    args.command = CMD_PUSH; /* not relevant there */
    assert_int_equal(load(), 0);
    assert_string_equal(config.warnings.data, "");
    args.command = CMD_NONE;
    args.values[OPT_CONFIG] = "s3dock.json5";
    assert_int_equal(load(), 0);
    assert_value(OPT_DOCKER_PROGRAM, "./tools/docker");
    assert_string_equal(config.warnings.data, "");
}

static void trust_this(void)
{
    assert_int_equal(load(), 0);
    assert_int_equal(trust_add(test_getenv, config.file.real, config.file.sha256, &err), 0);
    assert_int_equal(load(), 0);
}

static void settings_of_a_found_file_need_the_user_s_trust(void **state)
{
    static const struct {
        const char *profile, *variable, *value;
        bool store, keys; /* consent_store without and with keys in the environment */
    } cases[] = {
        {"bucket: 'b', region: 'eu-west-1', addressing: 'path'", NULL, NULL, true, true},
        {"endpoint: 'https://theirs'", NULL, NULL, true, false},
        {"endpoint: 'https://theirs', access_key: 'FILEKEY', secret_key: 's'", NULL, NULL, true,
         false},
        {"endpoint: 'https://theirs', access_key: 'FILEKEY', secret_key: 's'", "S3DOCK_PROFILE",
         "default", true, true},
        {"endpoint: 'https://theirs', access_key: 'FILEKEY'", "S3DOCK_PROFILE", "default", true,
         false},
        {"endpoint: 'https://theirs', insecure: true", NULL, NULL, true, false},
        {"endpoint: 'https://theirs'", "S3DOCK_ENDPOINT", "https://mine", true, true},
        {"endpoint: 'https://theirs', insecure: true", "S3DOCK_ENDPOINT", "https://mine", false,
         false},
        {"insecure: true", NULL, NULL, false, false},
        {"insecure: true", "S3DOCK_INSECURE", "true", true, true},
        {"insecure: false", NULL, NULL, true, true},
        {"ca_file: 'theirs.pem'", NULL, NULL, false, false},
        {"ca_file: 'theirs.pem'", "AWS_CA_BUNDLE", "/mine.pem", true, true},
        {"encryption: 'aws:kms', encryption_key: 'theirs'", NULL, NULL, false, false},
        {"encryption: 'aws:kms', encryption_key: 'theirs'", "S3DOCK_ENCRYPTION_KEY", "mine", true,
         true},
        {"encryption: 'aws:kms'", NULL, NULL, true, true},
        {"customer_key: 'theirs'", NULL, NULL, false, false},
        {"client_key: 'mine.pem'", NULL, NULL, false, false},
        {"acl: 'public-read'", NULL, NULL, false, false},
        {"acl: 'public-read'", "S3DOCK_ACL", "private", true, true},
        {"requester_pays: true", NULL, NULL, false, false},
        {"requester_pays: false, legal_hold: false", NULL, NULL, true, true},
        {"lock_mode: 'COMPLIANCE'", NULL, NULL, false, false},
        {"storage_class: 'STANDARD_IA', checksum: 'md5', fips: true", NULL, NULL, true, true},
        {"endpoint: 'file:///srv/images', insecure: true", NULL, NULL, true, true},
    };

    (void)state;
    mkdir("home", 0700);
    for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
        bool keys = i % 2, allowed = keys ? cases[i / 2].keys : cases[i / 2].store;
        char content[256];

        memset(environment, 0, sizeof environment);
        set("HOME", "home");
        if (cases[i / 2].variable)
            set(cases[i / 2].variable, cases[i / 2].value);
        if (keys) {
            set("AWS_ACCESS_KEY_ID", "STRAYKEYSTRAYKEY");
            set("AWS_SECRET_ACCESS_KEY", "stray-secret-stray");
            set("AWS_SESSION_TOKEN", "stray-token-stray");
        }
        snprintf(content, sizeof content, "{profiles: {default: {%s}}}", cases[i / 2].profile);
        unlink("home/.s3dock/trusted");
        write_file("s3dock.json5", content);
        assert_int_equal(load(), 0);
        if ((consent_store(&config, &err) == 0) != allowed)
            fail_msg("case %zu", i);
        if (!allowed) {
            assert_string_equal(err.code, "trust");
            assert_non_null(strstr(err.hint, "s3dock config trust"));
        }
        trust_this();
        assert_int_equal(consent_store(&config, &err), 0);
        args.values[OPT_CONFIG] = "s3dock.json5";
        unlink("home/.s3dock/trusted");
        assert_int_equal(load(), 0);
        assert_int_equal(consent_store(&config, &err), 0);
        args.values[OPT_CONFIG] = NULL;
    }
}

static void a_found_file_does_not_move_docker(void **state)
{
    (void)state;
    mkdir("home", 0700);
    set("HOME", "home");
    write_file("s3dock.json5", "{docker: {context: 'theirs'}}");
    assert_int_equal(load(), 0);
    assert_int_equal(consent_docker(&config, &err), ERR_FAIL);
    assert_non_null(strstr(err.text, "docker.context in ./s3dock.json5"));
    set("S3DOCK_DOCKER_HOST", "unix:///mine.sock");
    assert_int_equal(load(), 0);
    assert_int_equal(consent_docker(&config, &err), 0);
    write_file("s3dock.json5", "{docker: {host: 'tcp://theirs:1', timeout: '5s'}}");
    assert_int_equal(load(), 0);
    assert_int_equal(consent_docker(&config, &err), 0);
    memset(environment, 0, sizeof environment);
    set("HOME", "home");
    assert_int_equal(load(), 0);
    assert_int_equal(consent_docker(&config, &err), ERR_FAIL);
    trust_this();
    assert_int_equal(consent_docker(&config, &err), 0);
}

static void a_found_file_does_not_deploy(void **state)
{
    (void)state;
    mkdir("home", 0700);
    set("HOME", "home");
    write_file("s3dock.json5", "{deploy: {}}"); /* without a deployment there is nothing to fear */
    assert_int_equal(load(), 0);
    assert_int_equal(consent_deploy(&config, &err), 0);
    write_file("s3dock.json5", "{deploy: {shop: {production: {}}}}");
    assert_int_equal(load(), 0);
    assert_int_equal(consent_docker(&config, &err), 0);
    assert_int_equal(consent_deploy(&config, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_USAGE);
    assert_string_equal(err.code, "trust");
    assert_non_null(strstr(err.text, "deploy in ./s3dock.json5"));
    assert_non_null(strstr(err.hint, "s3dock config trust"));
    trust_this();
    assert_int_equal(consent_deploy(&config, &err), 0);
    unlink("home/.s3dock/trusted");
    args.values[OPT_CONFIG] = "s3dock.json5"; /* the user names it */
    assert_int_equal(load(), 0);
    assert_int_equal(consent_deploy(&config, &err), 0);
    args.values[OPT_CONFIG] = NULL;
    write_file("home/.s3dock/config.json5", "{deploy: {shop: {production: {}}}}");
    unlink("s3dock.json5");
    assert_int_equal(load(), 0);
    assert_int_equal(consent_deploy(&config, &err), 0);
}

/* Their names are free, and deploy/spec checks their keys. */
static void deployments_are_no_unknown_keys(void **state)
{
    (void)state;
    write_file("s3dock.json5", "{deploy: {shop: {production: {port: 80}}}, deplyo: {}}");
    assert_int_equal(load(), 0);
    assert_string_equal(config.warnings.data,
                        "./s3dock.json5: unknown key deplyo (did you mean deploy?)\n");
    assert_true(config_file_deploys(&config.file));
    write_file("s3dock.json5", "{deploy: ['shop']}");
    assert_int_equal(load(), ERR_FAIL);
    assert_string_equal(err.code, "config");
    assert_non_null(strstr(err.text, "deploy is not an object"));
    write_file("s3dock.json5", "{deploy: {shop: 5}}");
    assert_int_equal(load(), ERR_FAIL);
    assert_non_null(strstr(err.text, "an application of deploy is not an object"));
}

static void trust_ends_with_the_content(void **state)
{
    (void)state;
    mkdir("home", 0700);
    set("HOME", "home");
    write_file("s3dock.json5", "{}");
    trust_this();
    assert_true(config.file.trusted);
    write_file("s3dock.json5", "{ }");
    assert_int_equal(load(), 0);
    assert_false(config.file.trusted);
    write_file("s3dock.json5", "{}");
    assert_int_equal(load(), 0);
    assert_true(config.file.trusted);
    chmod("home/.s3dock/trusted", 0622); /* the list of another user does not count */
    assert_int_equal(load(), 0);
    assert_false(config.file.trusted);
    chmod("home/.s3dock/trusted", 0600);
    assert_int_equal(trust_remove(test_getenv, "/elsewhere", &err), TRUST_ABSENT);
    assert_int_equal(trust_remove(test_getenv, config.file.real, &err), TRUST_OK);
    assert_int_equal(load(), 0);
    assert_false(config.file.trusted);
    memset(environment, 0, sizeof environment);
    assert_int_equal(trust_add(test_getenv, "/x", config.file.sha256, &err), ERR_FAIL);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* The profile has precedence over the original's key. Other words of that key mean gzip. */
static void the_original_s_key_selects_a_codec(void **state)
{
    static const struct {
        const char *file, *codec, *origin;
    } rows[] = {
        {"{docker: {compression: 'zstd'}}", "zstd", "docker.compression in ./s3dock.json5"},
        {"{docker: {compression: 'ZSTD'}}", "zstd", "docker.compression in ./s3dock.json5"},
        {"{docker: {compression: 'gzip'}}", "gzip", "docker.compression in ./s3dock.json5"},
        {"{docker: {compression: 'xz'}}", "gzip", "default"},
        {"{profiles: {default: {compression: 'gzip'}}, docker: {compression: 'zstd'}}", "gzip",
         "profiles.default.compression in ./s3dock.json5"},
        {"{profiles: {default: {compression: 'zstd', level: 'fastest'}}}", "zstd",
         "profiles.default.compression in ./s3dock.json5"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        write_file("s3dock.json5", rows[i].file);
        assert_int_equal(load(), 0);
        assert_value(OPT_COMPRESSION, rows[i].codec);
        assert_origin(OPT_COMPRESSION, rows[i].origin);
    }
    assert_true(config_is_word(&config, OPT_LEVEL));
    assert_value(OPT_LEVEL, "fastest");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(without_a_file_the_original_s_defaults_hold),
        IN_FOLDER(a_file_of_the_original_is_understood_without_a_word),
        IN_FOLDER(flag_beats_environment_beats_file_beats_default),
        IN_FOLDER(an_empty_variable_is_no_variable),
        IN_FOLDER(stray_variables_beat_the_default_profile_only),
        IN_FOLDER(our_variables_beat_a_chosen_profile),
        IN_FOLDER(half_a_pair_does_not_spoil_a_whole_one),
        IN_FOLDER(the_id_may_lie_in_the_file_and_the_secret_outside),
        IN_FOLDER(the_first_file_is_the_only_one),
        IN_FOLDER(a_named_file_must_exist),
        IN_FOLDER(a_refused_value_of_a_variable_is_named),
        IN_FOLDER(an_existing_file_never_means_the_defaults),
        IN_FOLDER(a_file_has_a_limited_number_of_profiles),
        IN_FOLDER(a_link_to_nothing_never_means_the_defaults),
        IN_FOLDER(names_of_profiles_differ_in_case),
        IN_FOLDER(repeated_keys_are_warned_of),
        IN_FOLDER(a_folder_in_the_file_s_place_is_an_error),
        IN_FOLDER(a_missing_profile_is_an_error),
        IN_FOLDER(a_section_of_the_aws_files_without_effect_is_named),
        IN_FOLDER(unknown_keys_are_warned_of),
        IN_FOLDER(keys_without_effect_are_reported),
        IN_FOLDER(a_limit_that_is_no_time_is_refused),
        IN_FOLDER(an_open_file_with_a_secret_is_warned_of),
        IN_FOLDER(only_settings_of_the_command_are_checked),
        IN_FOLDER(profiles_are_listed_in_order),
        IN_FOLDER(a_file_that_others_can_write_is_refused),
        IN_FOLDER(the_private_group_of_a_user_may_write),
        IN_FOLDER(a_file_of_another_user_is_refused),
        IN_FOLDER(a_link_is_judged_by_its_target),
        IN_FOLDER(a_home_of_another_user_is_refused),
        IN_FOLDER(a_program_of_the_folder_is_never_used),
        IN_FOLDER(settings_of_a_found_file_need_the_user_s_trust),
        IN_FOLDER(a_found_file_does_not_move_docker),
        IN_FOLDER(a_found_file_does_not_deploy),
        IN_FOLDER(deployments_are_no_unknown_keys),
        IN_FOLDER(trust_ends_with_the_content),
        IN_FOLDER(the_original_s_key_selects_a_codec),
        cmocka_unit_test(keys_are_shortened),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
