/*
 * plan - selects, from settings alone, the steps that give the credentials.
 *
 * Pure: a plan reads variables and profiles, never a token, a cache or the network. The first step
 * of a plan gives a set of credentials. Each later step is a role that is assumed with the set of
 * the step before.
 */
#ifndef S3DOCK_CREDENTIALS_PLAN_H
#define S3DOCK_CREDENTIALS_PLAN_H

#include "credentials/credentials.h"

struct aws_profile;
struct aws_settings;
struct credential_report;
struct err;

#define PLAN_STEPS_MAX 16 /* a longer chain of roles is refused */

struct plan_step {
    enum credential_kind kind;
    /* The section that has the parameters, borrowed from the settings. NULL: the environment. */
    const struct aws_profile *profile;
};

struct credential_plan {
    struct plan_step steps[PLAN_STEPS_MAX];
    unsigned count;
};

/* Plans the selected profile. SOURCE_ABSENT: it has no credentials, or no profile is selected.
 * usage.aws_config: a role without exactly one source, a source profile that is missing or empty,
 * a token file without role, an incomplete SSO setting. usage.role_loop: source profiles form a
 * loop. auth.credentials: half of a pair of keys. */
int credential_plan_profile(const struct aws_settings *settings, struct credential_plan *out,
                            struct err *err);

/* Plans the whole chain: environment, roles, web identity, the other kinds of the profile,
 * container, instance. Adds every source to the report. The instance is always possible, so the
 * plan is never empty. Fails as above. */
int credential_plan_make(const struct aws_settings *settings, struct credential_plan *out,
                         struct credential_report *report, struct err *err);

#endif
