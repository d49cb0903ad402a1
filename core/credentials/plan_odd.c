/* One function for each kind of odd setting. */
#include "credentials/plan_odd.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "aws/profiles.h"
#include "aws/settings.h"
#include "base/bytes.h"
#include "credentials/environment.h"
#include "credentials/plan.h"
#include "credentials/profile_keys.h"
#include "credentials/report.h"

static void report_profile_variable(const struct aws_settings *settings,
                                    struct credential_report *report)
{
    const char *profile = environment_value(settings->system, "AWS_PROFILE");

    if (profile || environment_value(settings->system, "AWS_DEFAULT_PROFILE"))
        credential_report_add(report, REPORT_ODD, profile ? "AWS_PROFILE" : "AWS_DEFAULT_PROFILE",
                              "profile %s has no effect on the keys, because AWS_ACCESS_KEY_ID is "
                              "set",
                              settings->profile_name);
}

static void report_two_tokens(const struct aws_settings *settings, struct credential_report *report)
{
    const char *token = environment_value(settings->system, "AWS_SESSION_TOKEN");
    const char *old = environment_value(settings->system, "AWS_SECURITY_TOKEN");

    if (token && old && strcmp(token, old) != 0)
        credential_report_add(report, REPORT_ODD, "AWS_SECURITY_TOKEN",
                              "differs from AWS_SESSION_TOKEN, which is used");
}

static void report_unused_keys(const struct aws_settings *settings,
                               struct credential_report *report)
{
    if (environment_value(settings->system, "AWS_ACCESS_KEY_ID"))
        credential_report_add(report, REPORT_ODD, "AWS_ACCESS_KEY_ID",
                              "has no effect, because profile %s was selected for this run",
                              settings->profile_name);
}

/* Lists the kinds of credentials that a profile has. Returns their number. */
static unsigned list_kinds(const struct aws_profile *profile, char *out, size_t size)
{
    static const struct {
        const char *key, *word;
    } KINDS[] = {{"role_arn", "a role"},
                 {"sso_account_id", "SSO"},
                 {"aws_access_key_id", "keys"},
                 {"login_session", "a login"},
                 {"credential_process", "a process"}};
    unsigned count = 0;

    out[0] = 0;
    for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++) {
        const char *value = aws_profile_get(profile, KINDS[i].key);
        size_t used = strlen(out);

        if (value && *value)
            snprintf(out + used, size - used, "%s%s", count++ ? ", " : "", KINDS[i].word);
    }
    return count;
}

/* Returns whether the profile is a role that uses the keys of the profile. */
static bool is_own_source(const struct aws_profile *profile)
{
    const char *source = aws_profile_get(profile, "source_profile");

    return source && strcmp(source, aws_profile_name(profile)) == 0;
}

static void report_profile(const struct aws_profile *profile, enum credential_kind taken,
                           struct credential_report *report)
{
    char source[sizeof report->lines[0].source], kinds[64];

    snprintf(source, sizeof source, "profile %s", aws_profile_name(profile));
    if (!is_own_source(profile) && list_kinds(profile, kinds, sizeof kinds) > 1)
        credential_report_add(report, REPORT_ODD, source,
                              "has several kinds of credentials (%s); the kind \"%s\" is used",
                              kinds, credentials_kind_name(taken));
    if (taken == CREDENTIALS_PROFILE && profile_keys_other_token(profile))
        credential_report_add(report, REPORT_ODD, source,
                              "has aws_session_token in another file than the keys; it is not "
                              "used");
}

void plan_odd_report(const struct aws_settings *settings, const struct credential_plan *plan,
                     struct credential_report *report)
{
    const struct plan_step *last = &plan->steps[plan->count - 1];

    if (settings->profile_explicit)
        report_unused_keys(settings, report);
    else if (last->kind == CREDENTIALS_ENVIRONMENT) {
        report_profile_variable(settings, report);
        report_two_tokens(settings, report);
    }
    for (unsigned i = 0; i < plan->count; i++)
        if (plan->steps[i].profile)
            report_profile(plan->steps[i].profile, plan->steps[i].kind, report);
}
