#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "catalog/audit.h"
#include "kit/golden.h"

static struct audit_event parse(struct view json)
{
    struct audit_event event;
    struct err err;

    if (audit_parse(json, &event, &err) < 0)
        fail_msg("%s", err.text);
    return event;
}

static void the_originals_documents_byte_for_byte(void **state)
{
    static const char *const documents[] = {
        "audit-push-new.json",        "audit-push-skipped.json",
        "audit-push-archived.json",   "audit-tag.json",
        "audit-promotion-image.json", "audit-promotion-tag-with-previous.json",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(documents); i++) {
        _cleanup_text_ struct text golden = {0}, again = {0};
        struct audit_event event;

        golden_read(documents[i], &golden);
        event = parse(text_view(&golden));
        assert_string_equal(event.by.user, "root");
        assert_string_equal(event.app_name, "myapp");
        text_init(&again, 64 * KIB);
        audit_write(&event, &again);
        assert_string_equal(again.data, golden.data);
    }
}

static void details_by_type(void **state)
{
    _cleanup_text_ struct text text = {0};
    struct audit_event event;

    (void)state;
    golden_read("audit-push-archived.json", &text);
    event = parse(text_view(&text));
    assert_int_equal(event.type, AUDIT_PUSH);
    assert_int_equal(event.push.size, 115);
    assert_true(event.push.was_archived);
    assert_false(event.push.was_skipped);
    text_finish(&text);
    golden_read("audit-tag.json", &text);
    event = parse(text_view(&text));
    assert_int_equal(event.type, AUDIT_TAG);
    assert_string_equal(event.tag.version, "v1.2.0");
    text_finish(&text);
    golden_read("audit-promotion-tag-with-previous.json", &text);
    event = parse(text_view(&text));
    assert_int_equal(event.type, AUDIT_PROMOTION);
    assert_string_equal(event.promotion.source, "myapp:v1.2.0");
    assert_string_equal(event.promotion.source_type, "tag");
    assert_string_equal(event.promotion.previous_target,
                        "images/myapp/202611/myapp-20250721-2118-f7a5a27.tar.gz");
}

static void ci_is_added_after_the_originals_members(void **state)
{
    const struct audit_event event = {
        .type = AUDIT_TAG,
        .timestamp = "2026-11-23T08:19:34Z",
        .by = {.user = "octocat", .ci = "github", .ci_run = "https://x/1?a=1&b=2"},
        .app_name = "myapp",
        .git_hash = "f7a5a27",
        .git_time = "20250721-2118",
        .tag = {.image_reference = "r", .version = "v1", .tag_path = "tags/myapp/v1.json"},
    };
    _cleanup_text_ struct text out = {0};
    struct audit_event back;

    (void)state;
    text_init(&out, 4096);
    audit_write(&event, &out);
    assert_string_equal(out.data, "{\n"
                                  "  \"event_type\": \"tag\",\n"
                                  "  \"timestamp\": \"2026-11-23T08:19:34Z\",\n"
                                  "  \"user\": \"octocat\",\n"
                                  "  \"app_name\": \"myapp\",\n"
                                  "  \"git_hash\": \"f7a5a27\",\n"
                                  "  \"git_time\": \"20250721-2118\",\n"
                                  "  \"details\": {\n"
                                  "    \"image_reference\": \"r\",\n"
                                  "    \"version\": \"v1\",\n"
                                  "    \"tag_path\": \"tags/myapp/v1.json\"\n"
                                  "  },\n"
                                  "  \"ci\": \"github\",\n"
                                  "  \"ci_run\": \"https://x/1?a=1\\u0026b=2\"\n"
                                  "}");
    back = parse(text_view(&out));
    assert_string_equal(back.by.ci, "github");
    assert_string_equal(back.by.ci_run, event.by.ci_run);
    assert_string_equal(back.tag.tag_path, event.tag.tag_path);
}

/* The environment of a test: pairs of name and value. */
static const char *const *variables;

static char *fake_env(const char *name)
{
    for (size_t i = 0; variables[i]; i += 2)
        if (strcmp(variables[i], name) == 0)
            return (char *)(uintptr_t)variables[i + 1];
    return NULL;
}

static struct audit_identity identify(const char *const *with)
{
    struct audit_identity by;

    variables = with;
    audit_identify(&by, fake_env);
    return by;
}

static void a_ci_system_names_user_and_run(void **state)
{
    static const struct {
        const char *const variables[12];
        const char *user, *ci, *run;
    } cases[] = {
        {{"GITHUB_ACTIONS", "true", "GITHUB_ACTOR", "octocat", "GITHUB_REPOSITORY", "o/r",
          "GITHUB_RUN_ID", "77"},
         "octocat",
         "github",
         "https://github.com/o/r/actions/runs/77"},
        {{"GITHUB_ACTIONS", "true", "GITHUB_ACTOR", "octocat", "GITHUB_TRIGGERING_ACTOR", "hubot",
          "GITHUB_SERVER_URL", "https://ghe.example.com", "GITHUB_REPOSITORY", "o/r"},
         "hubot",
         "github",
         ""},
        {{"GITLAB_CI", "true", "GITLAB_USER_LOGIN", "tanuki", "CI_JOB_URL",
          "https://gl/x/-/jobs/9"},
         "tanuki",
         "gitlab",
         "https://gl/x/-/jobs/9"},
        {{"JENKINS_URL", "http://j/", "BUILD_URL", "http://j/job/x/3/", "BUILD_USER", "Jane Doe"},
         "Jane Doe",
         "jenkins",
         "http://j/job/x/3/"},
        {{"JENKINS_URL", "http://j/", "BUILD_USER_ID", "\x1b[31mevil\n", "BUILD_USER", "x"},
         "?[31mevil?",
         "jenkins",
         ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct audit_identity by = identify(cases[i].variables);

        assert_string_equal(by.user, cases[i].user);
        assert_string_equal(by.ci, cases[i].ci);
        assert_string_equal(by.ci_run, cases[i].run);
    }
}

static void the_system_names_the_user_without_a_ci_system(void **state)
{
    static const char *const none[] = {NULL};
    static const char *const unmarked[] = {"GITHUB_ACTOR", "octocat", "GITHUB_ACTIONS", "", NULL};
    static const char *const nameless[] = {"GITLAB_CI", "true", NULL};
    static char long_name[600];
    const char *const endless[] = {"GITHUB_ACTIONS",
                                   "true",
                                   "GITHUB_ACTOR",
                                   long_name,
                                   "GITHUB_REPOSITORY",
                                   long_name,
                                   "GITHUB_RUN_ID",
                                   "1",
                                   NULL};
    const struct passwd *entry = getpwuid(getuid());
    const char *user = entry ? entry->pw_name : "unknown";
    struct audit_identity by = identify(none);

    (void)state;
    assert_string_equal(by.user, user);
    assert_string_equal(by.ci, "");
    by = identify(unmarked);
    assert_string_equal(by.user, user);
    assert_string_equal(by.ci, "");
    by = identify(nameless);
    assert_string_equal(by.user, user);
    assert_string_equal(by.ci, "gitlab");
    memset(long_name, 'x', sizeof long_name - 1);
    by = identify(endless);
    assert_string_equal(by.user, user);
    assert_string_equal(by.ci_run, "");
}

static void keys_are_unique_and_clean(void **state)
{
    const int64_t when = INT64_C(1795421974) * NS_PER_S;
    struct audit_event event = {
        .type = AUDIT_PROMOTION, .app_name = "myapp", .git_hash = "f7a5a27"};
    char key[KEY_MAX], one[AUDIT_UNIQUE_SIZE], two[AUDIT_UNIQUE_SIZE];
    struct err err;

    (void)state;
    assert_int_equal(audit_key(key, &event, when, "0011223344556677", &err), 0);
    assert_string_equal(key,
                        "audit/myapp/202611/20261123-0819-promotion-f7a5a27-0011223344556677.json");
    str_copy(event.git_hash, sizeof event.git_hash, "../../x"); /* from a hostile tag document */
    assert_int_equal(audit_key(key, &event, when, "0", &err), ERR_FAIL);
    str_copy(event.git_hash, sizeof event.git_hash, "f7a5a27");
    str_copy(event.app_name, sizeof event.app_name, "../myapp");
    assert_int_equal(audit_key(key, &event, when, "0", &err), ERR_FAIL);

    assert_int_equal(audit_unique(one, &err), 0);
    assert_int_equal(audit_unique(two, &err), 0);
    assert_int_equal(strspn(one, "0123456789abcdef"), AUDIT_UNIQUE_SIZE - 1);
    assert_string_not_equal(one, two);
}

static void hostile_documents(void **state)
{
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"event_type\":\"pull\"}",
        "{\"event_type\":7}",
        "{\"event_type\":\"push\",\"timestamp\":\"now\"}",
        "{\"event_type\":\"push\",\"details\":[]}",
        "{\"event_type\":\"push\",\"details\":{\"size\":\"1\"}}",
        "{\"event_type\":\"push\",\"details\":{\"was_skipped\":1}}",
        "{\"event_type\":\"push\",\"details\":{\"s3_path\":\"../x\"}}",
        "{\"event_type\":\"promotion\",\"details\":{\"previous_target\":\"/x\"}}",
        "{\"event_type\":\"tag\",\"user\":\"a\\u001b\"}",
    };
    struct audit_event event;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        if (audit_parse(view_str(bad[i]), &event, &err) == 0)
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(err.family, ERR_INTEGRITY);
    }
    assert_int_equal(audit_parse(view_str("{\"event_type\":\"push\"}"), &event, &err), 0);
    assert_int_equal(
        audit_parse(view_str("{\"Event_Type\":\"tag\",\"details\":null,\"x\":1}"), &event, &err),
        0);
    assert_string_equal(event.tag.version, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_originals_documents_byte_for_byte),
        cmocka_unit_test(details_by_type),
        cmocka_unit_test(ci_is_added_after_the_originals_members),
        cmocka_unit_test(a_ci_system_names_user_and_run),
        cmocka_unit_test(the_system_names_the_user_without_a_ci_system),
        cmocka_unit_test(keys_are_unique_and_clean),
        cmocka_unit_test(hostile_documents),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
