/* deploy without a bucket and without a daemon: flags, entries, the first spec. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "cli/deployments.h"
#include "cli/print/hints.h"
#include "deploy/spec/deployment.h"
#include "kit/run_command.h"

/* ---- flags ---- */

static void flags_that_contradict_each_other_are_refused(void **state)
{
    static const char *const lines[][7] = {
        {"deploy", "--init", "--rollback", "shop", "production"},
        {"deploy", "--adopt", "web", "--init", "shop", "production"},
        {"deploy", "--output", "x", "shop", "production"},
        {"deploy", "--offline", "shop", "production"},
        {"deploy", "--blue-green", "--init", "shop", "production"},
        {"deploy", "--force", "--rollback", "shop", "production"},
        {"deploy", "--platform", "linux/arm64", "--rollback", "shop", "production"},
        {"deploy", "--platform", "linux/arm64", "--init", "shop", "production"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        assert_int_equal(run(false, lines[i]), ERR_FAIL);
        assert_int_equal(err.family, ERR_USAGE);
        assert_string_equal(err.code, "flag");
        assert_non_null(strstr(err.hint, "s3dock deploy --help"));
    }
    assert_int_equal(RUN(false, "deploy", "Shop", "production"), ERR_FAIL);
    assert_string_equal(err.code, "name");
}

/* ---- entries ---- */

static void without_an_entry_the_hint_names_both_ways_to_write_one(void **state)
{
    (void)state;
    assert_int_equal(RUN(false, "deploy", "shop", "production"), ERR_FAIL);
    assert_int_equal(err.family, ERR_NOT_FOUND);
    assert_string_equal(err.code, "deployment");
    assert_non_null(strstr(err.text, "there is no entry deploy.shop.production"));
    hints_add(&err);
    assert_non_null(strstr(err.hint, "s3dock deploy --init shop production"));
    assert_non_null(strstr(err.hint, "--adopt CONTAINER"));
    write_text("s3dock.json5", "{deploy: {}}");
    assert_int_equal(RUN(false, "deploy", "--rollback", "shop", "production"), ERR_FAIL);
    assert_non_null(strstr(err.text, "in ./s3dock.json5"));
}

static void a_misspelt_entry_gets_the_nearest_one(void **state)
{
    static const struct {
        const char *app, *env, *hint;
    } cases[] = {
        {"shop", "prodction", "did you mean shop production?"},
        {"shpo", "production", "did you mean shop production?"},
        {"shp", "stagin", "did you mean shop staging?"},
        {"blog", "productoin", "did you mean blog production?"},
        {"shop", "prod", "did you mean shop production?"},
        {"shop", "pr", ""},
        {"wiki", "production", ""},
        {"shop", "test", ""},
        {"wrong", "ill", ""}, /* the name of the similar entry is not valid */
    };

    (void)state;
    write_text("s3dock.json5", "{deploy: {blog: {production: {}}, 'Wrong': {il: {}},"
                               " shop: {staging: {}, production: {}}}}");
    setenv("S3DOCK_CONFIG", "s3dock.json5", 1);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (size_t rollback = 0; rollback < 2; rollback++) {
            assert_int_equal(RUN(false, "deploy", rollback ? "--rollback" : "--dry-run",
                                 cases[i].app, cases[i].env),
                             ERR_FAIL);
            assert_string_equal(err.code, "deployment");
            assert_string_equal(err.hint, cases[i].hint);
            err = (struct err){0};
        }
    unsetenv("S3DOCK_CONFIG");
}

/* The refusal comes before any request: there is no daemon, and the error does not mention that. */
static void a_deployment_of_a_found_file_needs_trust(void **state)
{
    (void)state;
    write_text("s3dock.json5", "{deploy: {shop: {production: {container: 'shop.json5'}}},"
                               " docker: {timeout: '1s'}}");
    setenv("S3DOCK_DOCKER_HOST", "unix:///nowhere", 1);
    assert_int_equal(RUN(false, "deploy", "shop", "production"), ERR_FAIL);
    assert_string_equal(err.code, "trust");
    assert_int_equal(RUN(true, "config", "show"), 0);
    assert_non_null(strstr(said.data, "deploy in ./s3dock.json5"));
    assert_non_null(strstr(said.data, "\"deployments\": ["));
    setenv("S3DOCK_CONFIG", "s3dock.json5",
           1); /* the user names it: the next error is another one */
    RUN(false, "deploy", "shop", "production");
    assert_string_not_equal(err.code, "trust");
    unsetenv("S3DOCK_CONFIG");
    unsetenv("S3DOCK_DOCKER_HOST");
}

/* Reads the entry as the command line says. Returns the platform of the image, or the code of the
 * error. */
static const char *platform_of(const char *const words[])
{
    static char text[PLATFORM_TEXT_SIZE];
    struct args args;
    struct cli cli = {.args = &args};
    struct deployment *deployment = NULL;
    char *argv[8] = {(char *)"s3dock"};
    int argc = 1, failed;

    for (; words[argc - 1]; argc++)
        argv[argc] = (char *)words[argc - 1];
    assert_int_equal(command_line_parse(argc, argv, &args, &err), 0);
    failed = config_load(&cli.config, &args, run_environment, &err) ||
             deployments_read(&cli, "shop", "production", &deployment, NULL, &err);
    if (failed)
        snprintf(text, sizeof text, "%s", err.code);
    else
        platform_text(&deployment->platform, text);
    deployments_free(deployment);
    config_finish(&cli.config);
    return text;
}

#define PLATFORM_OF(...) platform_of((const char *const[]){__VA_ARGS__, NULL})

static void the_option_has_precedence_over_the_platform_of_the_entry(void **state)
{
    static const char *const entries[] = {"", ", platform: 'linux/arm64'"};

    (void)state;
    setenv("S3DOCK_CONFIG", "s3dock.json5", 1);
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        char text[256];

        snprintf(text, sizeof text, "{deploy: {shop: {production: {container: 'shop.json5'%s}}}}",
                 entries[i]);
        write_text("s3dock.json5", text);
        assert_string_equal(PLATFORM_OF("deploy", "shop", "production"), i ? "linux/arm64" : "");
        assert_string_equal(
            PLATFORM_OF("deploy", "--platform", "linux/arm/v7", "shop", "production"),
            "linux/arm/v7");
        assert_string_equal(PLATFORM_OF("watch", "--deploy", "--platform", "linux/s390x"),
                            "linux/s390x");
        assert_string_equal(PLATFORM_OF("deploy", "--platform", "arm64", "shop", "production"),
                            "value");
    }
    unsetenv("S3DOCK_CONFIG");
}

/* Also without an entry, and before any request. */
static void a_watch_refuses_a_word_that_is_no_platform(void **state)
{
    (void)state;
    assert_int_equal(RUN(false, "watch", "--platform", "arm64", "shop", "production"), ERR_FAIL);
    assert_int_equal(err.family, ERR_USAGE);
    assert_string_equal(err.code, "value");
    assert_non_null(strstr(err.text, "--platform"));
}

static void validate_reads_every_deployment_with_its_files(void **state)
{
    (void)state;
    write_text("s3dock.json5", "{deploy: {shop: {test: {container: 'shop.json5'},"
                               " production: {container: 'shop.json5', prot: 80}}}}");
    write_text("shop.json5", "{}");
    assert_int_equal(RUN(false, "config", "validate"), ERR_FAIL);
    assert_string_equal(err.code, "deploy");
    assert_non_null(strstr(err.text, "deploy.shop.production"));
    assert_non_null(strstr(err.text, "port"));
    write_text("s3dock.json5", "{deploy: {shop: {production: {container: 'none.json5'}}}}");
    assert_int_equal(RUN(false, "config", "validate"), ERR_FAIL);
    assert_non_null(strstr(err.text, "none.json5"));
    write_text("s3dock.json5",
               "{deploy: {shop: {production: {container: 'shop.json5', profile: 'eu'}}}}");
    assert_int_equal(RUN(false, "config", "validate"), ERR_FAIL);
    assert_string_equal(err.code, "profile");
    write_text("s3dock.json5", "{deploy: {shop: {production: {container: 'shop.json5'}}}}");
    assert_int_equal(RUN(false, "config", "validate"), 0);
    chmod("shop.json5", 0666);
    assert_int_equal(RUN(false, "config", "validate"), ERR_FAIL);
    assert_string_equal(err.code, "owner");
    unlink("shop.json5");
}

/* Removes "// " from the lines of the example. */
static void uncomment_deployments(char *text)
{
    char *out = strstr(text, "  // deploy: {"), *in = out;
    bool inside = true;

    assert_non_null(out);
    while (*in) {
        size_t size = strcspn(in, "\n") + 1;
        bool last = !strncmp(in, "  // },\n", size);

        if (inside) {
            assert_memory_equal(in, "  // ", 5);
            in += 5;
            size -= 5;
        }
        memmove(out, in, size);
        out += size;
        in += size;
        inside = inside && !last;
    }
    *out = '\0';
}

static void the_example_of_config_init_is_valid(void **state)
{
    struct text text;

    (void)state;
    text_init(&text, MIB);
    assert_int_equal(RUN(false, "config", "init"), 0);
    assert_int_equal(file_read("s3dock.json5", &text, &err), FILE_OK);
    uncomment_deployments(text.data);
    write_text("s3dock.json5", text.data);
    text_finish(&text);
    assert_int_equal(RUN(false, "config", "validate"), ERR_FAIL);
    assert_non_null(strstr(err.text, "myapp.production.json5"));
    assert_non_null(strstr(err.hint, "{} is enough"));
    write_text("myapp.production.json5", "{}");
    assert_int_equal(RUN(true, "config", "validate"), 0);
    assert_non_null(strstr(said.data, "\"warnings\": []"));
    assert_int_equal(RUN(true, "config", "show"), 0);
    assert_non_null(strstr(said.data, "\"myapp\""));
    assert_int_equal(unlink("myapp.production.json5"), 0);
}

/* ---- doctor ---- */

static int examine(const char *folder)
{
    char endpoint[256];

    snprintf(endpoint, sizeof endpoint, "file://%s/store", folder);
    return RUN(false, "doctor", "--endpoint", endpoint, "--bucket", "images",
               "--docker-host=unix:///nowhere");
}

static void doctor_examines_each_deployment(void **state)
{
    setenv("HOME", *state, 1);
    setenv("XDG_STATE_HOME", *state, 1);
    setenv("XDG_CACHE_HOME", *state, 1);
    setenv("S3DOCK_CONFIG", "s3dock.json5", 1);
    assert_int_equal(system("mkdir -p store/images"), 0);
    write_text("shop.json5", "{}");
    write_text("s3dock.json5",
               "{deploy: {shop: {test: {container: 'none.json5'},"
               " production: {container: 'shop.json5', port: 80, slots: [1, 2], traffic:"
               " {haproxy: '/nowhere.sock', backend: 'shop'}}, wrong: {prot: 1}}}}");
    assert_int_equal(examine(*state), ERR_FAIL);
    assert_non_null(strstr(said.data, "shop/test: there is no container file"));
    assert_non_null(strstr(said.data, "shop/production: the record of this host can be written"));
    assert_non_null(strstr(said.data, "/nowhere.sock"));
    assert_non_null(strstr(said.data, "deploy.shop.wrong.prot"));
    assert_non_null(strstr(said.data, "  watch "));
    assert_int_equal(access("store/images/deployments/shop/production/.s3dock-doctor", F_OK), -1);
    unsetenv("S3DOCK_CONFIG");
    unsetenv("XDG_STATE_HOME");
    unsetenv("XDG_CACHE_HOME");
    assert_int_equal(unlink("shop.json5"), 0);
    assert_int_equal(system("rm -r store s3dock"), 0);
}

/* ---- the first spec ---- */

static void init_writes_a_spec_that_validate_accepts(void **state)
{
    struct stat st;

    setenv("HOME", *state, 1);
    assert_int_equal(RUN(true, "deploy", "--init", "shop", "production"), 0);
    assert_non_null(strstr(said.data, "\"written\": true"));
    assert_int_equal(stat("shop.production.json5", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat("s3dock.json5", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(RUN(true, "config", "validate"), 0);
    assert_non_null(strstr(said.data, "\"warnings\": []"));
    assert_int_equal(RUN(true, "config", "show"), 0);
    assert_non_null(strstr(said.data, "\"trusted\": true")); /* s3dock itself wrote all of it */
    assert_int_equal(RUN(false, "deploy", "--init", "shop", "staging"), 0);
    assert_int_equal(RUN(true, "config", "validate"), 0);
    assert_int_equal(RUN(true, "config", "show"), 0);
    assert_non_null(strstr(said.data, "\"trusted\": true"));
    assert_non_null(strstr(said.data, "\"staging\""));
    assert_int_equal(unlink("shop.production.json5"), 0);
    assert_int_equal(unlink("shop.staging.json5"), 0);
    assert_int_equal(system("rm -r .s3dock"), 0);
}

static void init_overwrites_nothing(void **state)
{
    setenv("HOME", *state, 1);
    write_text("shop.production.json5", "mine");
    assert_int_equal(RUN(true, "deploy", "--init", "shop", "production"), ERR_FAIL);
    assert_int_equal(err.family, ERR_CONFLICT);
    assert_string_equal(err.code, "exists");
    assert_int_equal(access("s3dock.json5", F_OK), -1);
    unlink("shop.production.json5");
    write_text("s3dock.json5", "{deploy: {shop: {production: {container: 'mine'}}}}");
    assert_int_equal(RUN(true, "deploy", "--init", "shop", "production"), ERR_FAIL);
    assert_string_equal(err.code, "exists");
    assert_int_equal(access("shop.production.json5", F_OK), -1);
}

static void an_untrusted_file_stays_untrusted(void **state)
{
    setenv("HOME", *state, 1);
    write_text("s3dock.json5", "{deploy: {theirs: {production: {container: 'x'}}}}");
    assert_int_equal(RUN(false, "deploy", "--init", "shop", "production"), 0);
    assert_int_equal(RUN(true, "config", "show"), 0);
    assert_non_null(strstr(said.data, "\"trusted\": false"));
    unlink("shop.production.json5");
}

static void a_dry_run_prints_the_spec_and_writes_nothing(void **state)
{
    (void)state;
    assert_int_equal(RUN(false, "deploy", "--init", "--dry-run", "shop", "production"), 0);
    assert_non_null(strstr(said.data, "shop.production.json5: the container"));
    assert_non_null(strstr(said.data, "the entry deploy.shop.production"));
    assert_int_equal(access("s3dock.json5", F_OK), -1);
    assert_int_equal(RUN(true, "deploy", "--init", "--output", "-", "shop", "production"), 0);
    assert_non_null(strstr(said.data, "\"written\": false"));
}

static void the_spec_is_written_to_the_named_file(void **state)
{
    char path[512];

    setenv("HOME", *state, 1);
    assert_int_equal(mkdir("specs", 0700), 0);
    snprintf(path, sizeof path, "%s/specs/one.json5", (const char *)*state);
    assert_int_equal(
        RUN(true, "deploy", "--init", "--output", "specs/one.json5", "shop", "production"), 0);
    assert_non_null(strstr(said.data, path)); /* absolute: it is not beside the configuration */
    assert_int_equal(RUN(false, "config", "validate"), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir("specs"), 0);
    assert_int_equal(RUN(true, "deploy", "--init", "--output", "specs/two.json5", "shop", "test"),
                     ERR_FAIL);
    assert_non_null(strstr(err.hint, "create its folder"));
    assert_int_equal(system("rm -r .s3dock"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(flags_that_contradict_each_other_are_refused),
        IN_FOLDER(without_an_entry_the_hint_names_both_ways_to_write_one),
        IN_FOLDER(a_misspelt_entry_gets_the_nearest_one),
        IN_FOLDER(a_deployment_of_a_found_file_needs_trust),
        IN_FOLDER(the_option_has_precedence_over_the_platform_of_the_entry),
        IN_FOLDER(a_watch_refuses_a_word_that_is_no_platform),
        IN_FOLDER(validate_reads_every_deployment_with_its_files),
        IN_FOLDER(the_example_of_config_init_is_valid),
        IN_FOLDER(doctor_examines_each_deployment),
        IN_FOLDER(init_writes_a_spec_that_validate_accepts),
        IN_FOLDER(init_overwrites_nothing),
        IN_FOLDER(an_untrusted_file_stays_untrusted),
        IN_FOLDER(a_dry_run_prints_the_spec_and_writes_nothing),
        IN_FOLDER(the_spec_is_written_to_the_named_file),
    };

    return cmocka_run_group_tests(tests, NULL, run_forget);
}
