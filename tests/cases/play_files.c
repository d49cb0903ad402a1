/* Settings: the two files, the selected profile, region, endpoint and the other values. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/profiles.h"
#include "tests/cases/expect.h"
#include "tests/cases/json_equal.h"
#include "tests/cases/play.h"

static const struct json_node NOTHING;

/* ---- sections ---- */

static void expect_section(struct play *play, const struct aws_profile *profile, const char *name,
                           struct json_node wanted)
{
    const char *more;
    struct json_node key;

    if (!profile) {
        play_fail(play, "expected the section %s, got none", name);
        return;
    }
    for (struct json_node value = json_next(wanted, NOTHING, &key); value.doc;
         value = json_next(wanted, value, &key)) {
        char *key_text = json_copy(key), *text = json_copy(value);
        const char *found = aws_profile_get(profile, key_text);

        if (!found || strcmp(found, text) != 0)
            play_fail(play, "expected \"%s\" of %s to be \"%s\", got \"%s\"", key_text, name, text,
                      found ? found : "(none)");
        free(key_text);
        free(text);
    }
    if (aws_profile_at(profile, json_count(wanted), &more, &more))
        play_fail(play, "expected %zu keys in %s, got more", json_count(wanted), name);
}

static void expect_sections(struct play *play, const struct aws_profiles *profiles,
                            enum aws_section kind, struct json_node wanted)
{
    struct json_node name;

    for (struct json_node value = json_next(wanted, NOTHING, &name); value.doc;
         value = json_next(wanted, value, &name)) {
        char *text = json_copy(name);

        expect_section(play, aws_profiles_find(profiles, kind, text), text, value);
        free(text);
    }
    if (wanted.doc && aws_profiles_at(profiles, kind, json_count(wanted)))
        play_fail(play, "expected %zu sections, got more", json_count(wanted));
}

static void expect_parsed(struct play *play, const struct aws_profiles *profiles,
                          struct json_node parsed)
{
    static const char *const MEMBERS[] = {"profiles", "sso_sessions", NULL};

    if (!parsed.doc || !play_members(play, parsed, MEMBERS))
        return;
    expect_sections(play, profiles, AWS_PROFILE, json_get(parsed, "profiles"));
    expect_sections(play, profiles, AWS_SSO_SESSION, json_get(parsed, "sso_sessions"));
}

/* ---- settings ---- */

static void expect_switch(struct play *play, struct json_node s3, const char *member,
                          enum aws_switch found)
{
    expect_bool(play, s3, member, found == AWS_SWITCH_ON);
}

static void expect_s3(struct play *play, const struct aws_s3_settings *found, struct json_node s3)
{
    static const char *const MEMBERS[] = {"addressing_style",
                                          "use_accelerate_endpoint",
                                          "use_dualstack_endpoint",
                                          "payload_signing_enabled",
                                          "use_arn_region",
                                          "s3_disable_multiregion_access_points",
                                          "s3_disable_express_session_auth",
                                          NULL};
    static const char *const STYLES[] = {[AWS_ADDRESSING_UNSET] = "",
                                         [AWS_ADDRESSING_AUTO] = "auto",
                                         [AWS_ADDRESSING_VIRTUAL] = "virtual",
                                         [AWS_ADDRESSING_PATH] = "path"};

    if (!play_members(play, s3, MEMBERS))
        return;
    expect_text(play, s3, "addressing_style", STYLES[found->addressing_style]);
    expect_switch(play, s3, "use_accelerate_endpoint", found->use_accelerate_endpoint);
    expect_switch(play, s3, "use_dualstack_endpoint", found->use_dualstack_endpoint);
    expect_switch(play, s3, "payload_signing_enabled", found->payload_signing_enabled);
    expect_switch(play, s3, "use_arn_region", found->use_arn_region);
    expect_switch(play, s3, "s3_disable_multiregion_access_points",
                  found->disable_multiregion_access_points);
    expect_switch(play, s3, "s3_disable_express_session_auth", found->disable_express_session_auth);
}

static void expect_settings(struct play *play, const struct aws_settings *settings,
                            const char *endpoint, struct json_node expected)
{
    static const char *const MODES[] = {[AWS_RETRY_UNSET] = "",
                                        [AWS_RETRY_LEGACY] = "legacy",
                                        [AWS_RETRY_STANDARD] = "standard",
                                        [AWS_RETRY_ADAPTIVE] = "adaptive"};
    const struct aws_profiles *profiles = settings->profiles;

    expect_parsed(play, profiles, json_get(expected, "parsed"));
    expect_text(play, expected, "profile", settings->profile_name);
    expect_text(play, expected, "config_path", aws_profiles_config_path(profiles));
    expect_text(play, expected, "credentials_path", aws_profiles_credentials_path(profiles));
    expect_text(play, expected, "ca_bundle", settings->ca_bundle);
    expect_number(play, expected, "max_attempts", settings->max_attempts);
    expect_text(play, expected, "retry_mode", MODES[settings->retry_mode]);
    expect_s3(play, &settings->s3, json_get(expected, "s3"));
    expect_text(play, expected, "endpoint", endpoint);
    expect_text(play, expected, "region", settings->region);
}

bool play_files(struct play *play, struct json_node expected)
{
    struct aws_query query = play_query(play);
    struct aws_settings settings;
    char endpoint[AWS_URL_SIZE];
    bool configured;
    struct err err;
    int result = aws_settings_load(&play->script.system, &query, &settings, &err);

    if (result == 0)
        result =
            aws_settings_endpoint(&settings, AWS_S3, endpoint, sizeof endpoint, &configured, &err);
    if (result < 0)
        expect_result(play, expected, result, &err);
    else
        expect_settings(play, &settings, endpoint, expected);
    aws_settings_finish(&settings);
    return result == 0;
}
