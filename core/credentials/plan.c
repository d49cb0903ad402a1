/*
 * The order of the kinds is that of botocore and the AWS CLI, because users compare with them. A
 * plan is found from its end: the selected profile is the last role, its source profile the one
 * before, until a profile gives credentials without another profile.
 */
#include "credentials/plan.h"

#include <stdio.h>
#include <strings.h>

#include "aws/profiles.h"
#include "aws/settings.h"
#include "aws/system.h"
#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "credentials/environment.h"
#include "credentials/profile_keys.h"
#include "credentials/report.h"
#include "credentials/source.h"
#include "credentials/sso.h"
#include "credentials/web_identity.h"

/* A plan under construction: the steps are in reverse order. */
struct draft {
    const struct aws_settings *settings;
    struct credential_plan *plan;
    struct err *err;
};

/* Returns whether the profile has a value for this key. */
static bool has_key(const struct aws_profile *profile, const char *key)
{
    const char *value = aws_profile_get(profile, key);

    return value && *value;
}

static bool is_role(const struct aws_profile *profile)
{
    return has_key(profile, "role_arn") && !has_key(profile, "web_identity_token_file");
}

static int add_step(struct draft *draft, enum credential_kind kind,
                    const struct aws_profile *profile)
{
    struct credential_plan *plan = draft->plan;

    if (plan->count == PLAN_STEPS_MAX)
        return err_set(draft->err, ERR_USAGE, CODE_ROLE_LOOP,
                       "profile %s needs more than %d roles, one after the other",
                       draft->settings->profile_name, PLAN_STEPS_MAX);
    plan->steps[plan->count++] = (struct plan_step){kind, profile};
    return SOURCE_FOUND;
}

static void reverse_steps(struct credential_plan *plan)
{
    for (unsigned i = 0; i < plan->count / 2; i++) {
        struct plan_step step = plan->steps[i];

        plan->steps[i] = plan->steps[plan->count - 1 - i];
        plan->steps[plan->count - 1 - i] = step;
    }
}

/* ---- kinds of one profile ---- */

/* SOURCE_ABSENT: the profile has no keys, or they are not of this file. */
static int add_keys(struct draft *draft, const struct aws_profile *profile, bool from_credentials)
{
    int found = profile_keys_check(profile, draft->err);

    if (found != SOURCE_FOUND)
        return found;
    if (profile_keys_from_credentials(profile) != from_credentials)
        return SOURCE_ABSENT;
    return add_step(draft, CREDENTIALS_PROFILE, profile);
}

static int add_any_keys(struct draft *draft, const struct aws_profile *profile)
{
    int found = profile_keys_check(profile, draft->err);

    return found == SOURCE_FOUND ? add_step(draft, CREDENTIALS_PROFILE, profile) : found;
}

static int add_web_identity(struct draft *draft, const struct aws_profile *profile)
{
    struct web_identity identity;
    int found = web_identity_read(draft->settings->system, profile, &identity, draft->err);

    return found == SOURCE_FOUND ? add_step(draft, CREDENTIALS_WEB_IDENTITY, profile) : found;
}

static int add_sso(struct draft *draft, const struct aws_profile *profile)
{
    struct sso_login login;
    int found = sso_read(draft->settings, profile, &login, draft->err);

    return found == SOURCE_FOUND ? add_step(draft, CREDENTIALS_SSO, profile) : found;
}

/* Adds `kind` if the profile has this key. */
static int add_if_set(struct draft *draft, const struct aws_profile *profile, const char *key,
                      enum credential_kind kind)
{
    return has_key(profile, key) ? add_step(draft, kind, profile) : SOURCE_ABSENT;
}

/* Returns whether the profile uses SSO for credentials: a login alone gives other programs a
 * token. */
static bool names_sso_role(const struct aws_profile *profile)
{
    return has_key(profile, "sso_account_id") || has_key(profile, "sso_role_name");
}

/* Adds the step of a profile that is no role, in the order of the AWS CLI. Keys of the config file
 * come last. Without any of them, the error of add_sso names what a login lacks. */
static int add_source(struct draft *draft, const struct aws_profile *profile)
{
    int found = add_web_identity(draft, profile);

    if (found == SOURCE_ABSENT && names_sso_role(profile))
        found = add_sso(draft, profile);
    if (found == SOURCE_ABSENT)
        found = add_keys(draft, profile, true);
    if (found == SOURCE_ABSENT)
        found = add_if_set(draft, profile, "login_session", CREDENTIALS_LOGIN);
    if (found == SOURCE_ABSENT)
        found = add_if_set(draft, profile, "credential_process", CREDENTIALS_PROCESS);
    if (found == SOURCE_ABSENT)
        found = add_keys(draft, profile, false);
    if (found == SOURCE_ABSENT)
        found = add_sso(draft, profile);
    return found;
}

/* ---- roles ---- */

static int add_named_source(struct draft *draft, const struct aws_profile *profile,
                            const char *word)
{
    static const struct {
        const char *word;
        enum credential_kind kind;
    } SOURCES[] = {{"Environment", CREDENTIALS_ENVIRONMENT},
                   {"Ec2InstanceMetadata", CREDENTIALS_INSTANCE},
                   {"EcsContainer", CREDENTIALS_CONTAINER}};

    for (size_t i = 0; i < ARRAY_SIZE(SOURCES); i++)
        if (strcasecmp(SOURCES[i].word, word) == 0)
            return add_step(draft, SOURCES[i].kind, NULL);
    err_set(draft->err, ERR_USAGE, CODE_AWS_CONFIG, "profile %s: unknown credential_source \"%s\"",
            aws_profile_name(profile), word);
    return err_hint(draft->err,
                    "credential_source is Environment, Ec2InstanceMetadata or EcsContainer");
}

/* Returns whether the plan has this profile as a role already. */
static bool is_planned(const struct credential_plan *plan, const struct aws_profile *profile)
{
    for (unsigned i = 0; i < plan->count; i++)
        if (plan->steps[i].profile == profile)
            return true;
    return false;
}

/* Finds the source profile of the role that was added last. */
static int find_source(struct draft *draft, const struct aws_profile *role,
                       const struct aws_profile **source)
{
    const char *name = aws_profile_get(role, "source_profile");

    *source = aws_profiles_find(draft->settings->profiles, AWS_PROFILE, name);
    if (!*source) {
        err_set(draft->err, ERR_USAGE, CODE_AWS_CONFIG,
                "source_profile of profile %s names profile %s, which does not exist",
                aws_profile_name(role), name);
        aws_profiles_explain(draft->settings->profiles, name, draft->err);
        return ERR_FAIL;
    }
    /* A role may use keys of its own profile. */
    if (*source == role || !is_planned(draft->plan, *source))
        return 0;
    err_set(draft->err, ERR_USAGE, CODE_ROLE_LOOP,
            "the source profiles of profile %s form a loop at profile %s",
            draft->settings->profile_name, name);
    return err_hint(draft->err, "source_profile of the last role must name a profile with keys");
}

static int check_role(struct draft *draft, const struct aws_profile *role)
{
    bool profile = has_key(role, "source_profile"), source = has_key(role, "credential_source");

    if (profile != source)
        return 0;
    err_set(draft->err, ERR_USAGE, CODE_AWS_CONFIG,
            profile ? "profile %s has role_arn with both source_profile and credential_source"
                    : "profile %s has role_arn without source_profile or credential_source",
            aws_profile_name(role));
    return err_hint(draft->err, "set exactly one of them");
}

/* Adds the step of the profile at the beginning of a chain of roles. */
static int add_first(struct draft *draft, const struct aws_profile *profile)
{
    int found = add_source(draft, profile);

    if (found != SOURCE_ABSENT)
        return found;
    err_set(draft->err, ERR_USAGE, CODE_AWS_CONFIG,
            "profile %s is a source_profile, but has no credentials", aws_profile_name(profile));
    return err_hint(draft->err, "give it keys, or another kind of credentials");
}

/* Adds the role, its source, the source of that, and so on. Keys in a source profile end the
 * chain. */
static int add_roles(struct draft *draft, const struct aws_profile *role)
{
    const struct aws_profile *source;
    int found;

    for (;; role = source) {
        if (check_role(draft, role) < 0 || add_step(draft, CREDENTIALS_ROLE, role) < 0)
            return ERR_FAIL;
        if (has_key(role, "credential_source"))
            return add_named_source(draft, role, aws_profile_get(role, "credential_source"));
        if (find_source(draft, role, &source) < 0)
            return ERR_FAIL;
        found = add_any_keys(draft, source);
        if (found != SOURCE_ABSENT)
            return found;
        if (source == role)
            return err_set(draft->err, ERR_USAGE, CODE_ROLE_LOOP,
                           "profile %s is its own source_profile, but has no keys",
                           aws_profile_name(role));
        if (!is_role(source))
            return add_first(draft, source);
    }
}

/* ---- the whole chain ---- */

int credential_plan_profile(const struct aws_settings *settings, struct credential_plan *out,
                            struct err *err)
{
    struct draft draft = {settings, out, err};
    int found;

    out->count = 0;
    if (!settings->profile)
        return SOURCE_ABSENT;
    found = is_role(settings->profile) ? add_roles(&draft, settings->profile)
                                       : add_source(&draft, settings->profile);
    reverse_steps(out);
    return found;
}

static int add_environment(struct draft *draft, struct credential_report *report)
{
    const struct aws_settings *settings = draft->settings;

    if (settings->profile_explicit)
        credential_report_add(report, REPORT_PASSED, "environment",
                              "profile %s was selected for this run", settings->profile_name);
    else if (environment_value(settings->system, "AWS_ACCESS_KEY_ID") ||
             environment_value(settings->system, "AWS_SECRET_ACCESS_KEY"))
        return add_step(draft, CREDENTIALS_ENVIRONMENT, NULL);
    else
        credential_report_add(report, REPORT_PASSED, "environment", "AWS_ACCESS_KEY_ID is not set");
    return SOURCE_ABSENT;
}

/* Roles of a profile precede the web identity of the environment, its other kinds do not. */
static int add_selected_role(struct draft *draft, struct credential_report *report)
{
    const struct aws_profile *profile = draft->settings->profile;

    (void)report;
    return profile && is_role(profile) ? add_roles(draft, profile) : SOURCE_ABSENT;
}

static int add_environment_identity(struct draft *draft, struct credential_report *report)
{
    int found = SOURCE_ABSENT;

    if (!draft->settings->profile_explicit)
        found = add_web_identity(draft, NULL);
    if (found == SOURCE_ABSENT)
        credential_report_add(report, REPORT_PASSED, "web identity", "%s",
                              draft->settings->profile_explicit
                                  ? "a profile was selected for this run"
                                  : "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
    return found;
}

static int add_selected(struct draft *draft, struct credential_report *report)
{
    const struct aws_settings *settings = draft->settings;
    char source[sizeof report->lines[0].source];
    int found = settings->profile ? add_source(draft, settings->profile) : SOURCE_ABSENT;

    if (found != SOURCE_ABSENT)
        return found;
    snprintf(source, sizeof source, "profile %s", settings->profile_name);
    if (settings->profile)
        credential_report_add(report, REPORT_PASSED, source, "has no credentials");
    else
        credential_report_add(report, REPORT_PASSED, source, "is neither in %s nor in %s",
                              aws_profiles_config_path(settings->profiles),
                              aws_profiles_credentials_path(settings->profiles));
    return SOURCE_ABSENT;
}

static int add_container(struct draft *draft, struct credential_report *report)
{
    const struct aws_system *system = draft->settings->system;

    if (environment_value(system, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") ||
        environment_value(system, "AWS_CONTAINER_CREDENTIALS_FULL_URI"))
        return add_step(draft, CREDENTIALS_CONTAINER, NULL);
    credential_report_add(report, REPORT_PASSED, "container",
                          "AWS_CONTAINER_CREDENTIALS_FULL_URI is not set");
    return SOURCE_ABSENT;
}

static int add_instance(struct draft *draft, struct credential_report *report)
{
    (void)report;
    return add_step(draft, CREDENTIALS_INSTANCE, NULL);
}

int credential_plan_make(const struct aws_settings *settings, struct credential_plan *out,
                         struct credential_report *report, struct err *err)
{
    static int (*const STAGES[])(struct draft *, struct credential_report *) = {
        add_environment, add_selected_role, add_environment_identity,
        add_selected,    add_container,     add_instance};
    struct draft draft = {settings, out, err};
    int found = SOURCE_ABSENT;

    out->count = 0;
    for (size_t i = 0; i < ARRAY_SIZE(STAGES) && found == SOURCE_ABSENT; i++)
        found = STAGES[i](&draft, report);
    if (found != SOURCE_FOUND)
        return ERR_FAIL;
    reverse_steps(out);
    return SOURCE_FOUND;
}
