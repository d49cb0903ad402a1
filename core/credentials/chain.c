/*
 * credential_chain_resolve reads the files, makes a plan, and runs its steps. The last step always
 * fetches its set. Sets of inner hops are kept by the name of their profile, and used until shortly
 * before their expiry.
 */
#include "credentials/chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/profiles.h"
#include "aws/settings.h"
#include "aws/system.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "credentials/container.h"
#include "credentials/credentials.h"
#include "credentials/ec2_host.h"
#include "credentials/environment.h"
#include "credentials/instance.h"
#include "credentials/login.h"
#include "credentials/plan.h"
#include "credentials/plan_odd.h"
#include "credentials/process.h"
#include "credentials/profile_keys.h"
#include "credentials/report.h"
#include "credentials/role.h"
#include "credentials/source.h"
#include "credentials/sso.h"
#include "credentials/web_identity.h"
#include "os/memory.h"

#define HOP_MARGIN (5 * 60 * NS_PER_S) /* an inner set is used until this long before its expiry */

/* The set that a step gave. */
struct hop {
    char name[AWS_PROFILE_NAME_SIZE + 32]; /* of the step: kind and profile; "": nothing is kept */
    struct credentials set;
};

struct credential_chain {
    const struct aws_system *system;
    char *profile, *region, *endpoint; /* of the query; NULL: not set */
    struct aws_settings settings;
    struct credential_plan plan; /* points into the settings */
    struct credential_report report;
    struct hop hops[PLAN_STEPS_MAX];
    struct instance_cache instance;
    struct sso_memory sso;
    bool settings_unused;                /* read by credential_chain_create, and not resolved yet */
    bool instance_absent;                /* the last request found no instance */
    bool instance_limited, store_is_aws; /* by credential_chain_limit_instance */
};

/* ---- settings ---- */

/* Copies a string, or NULL. Returns false if memory is short. */
static bool copy_query(char **to, const char *from)
{
    *to = from ? strdup(from) : NULL;
    return *to || !from;
}

/* Reads the files again. After a failure the old settings stay. */
static int load_settings(struct credential_chain *chain, struct err *err)
{
    const struct aws_query query = {chain->profile, chain->region, chain->endpoint};
    struct aws_settings settings;

    if (aws_settings_load(chain->system, &query, &settings, err) < 0) {
        aws_settings_finish(&settings);
        return ERR_FAIL;
    }
    aws_settings_finish(&chain->settings);
    chain->settings = settings;
    chain->plan.count = 0;
    return 0;
}

static int refresh_settings(struct credential_chain *chain, struct err *err)
{
    bool unused = chain->settings_unused;

    chain->settings_unused = false;
    return unused ? 0 : load_settings(chain, err);
}

int credential_chain_create(const struct aws_system *system, const struct aws_query *query,
                            struct credential_chain **out, struct err *err)
{
    struct credential_chain *chain = calloc(1, sizeof *chain);

    *out = NULL;
    if (!chain || !copy_query(&chain->profile, query->profile) ||
        !copy_query(&chain->region, query->region) ||
        !copy_query(&chain->endpoint, query->endpoint)) {
        credential_chain_destroy(chain);
        return err_memory(err, "the credential chain");
    }
    chain->system = system;
    if (load_settings(chain, err) < 0) {
        credential_chain_destroy(chain);
        return ERR_FAIL;
    }
    chain->settings_unused = true;
    *out = chain;
    return 0;
}

static void forget_hop(struct hop *hop)
{
    hop->name[0] = 0;
    credentials_finish(&hop->set);
}

void credential_chain_destroy(struct credential_chain *chain)
{
    if (!chain)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(chain->hops); i++)
        forget_hop(&chain->hops[i]);
    instance_finish(&chain->instance);
    sso_memory_finish(&chain->sso);
    aws_settings_finish(&chain->settings);
    free(chain->profile);
    free(chain->region);
    free(chain->endpoint);
    free(chain);
}

const struct aws_settings *credential_chain_settings(const struct credential_chain *chain)
{
    return &chain->settings;
}

const struct credential_report *credential_chain_report(const struct credential_chain *chain)
{
    return &chain->report;
}

/* ---- kept sets ---- */

static void name_step(const struct plan_step *step, char *out, size_t size)
{
    snprintf(out, size, "%s %s", credentials_kind_name(step->kind),
             step->profile ? aws_profile_name(step->profile) : "");
}

static bool is_fresh(const struct credential_chain *chain, const struct credentials *set)
{
    int64_t now = chain->system->now(chain->system->arg) + set->clock_offset;

    return set->expiry - HOP_MARGIN > now;
}

/* Returns the first step to run: the one behind the last inner step whose set is kept and fresh. */
static unsigned find_start(const struct credential_chain *chain)
{
    char name[sizeof chain->hops[0].name];

    for (unsigned i = chain->plan.count - 1; i-- > 0;) {
        name_step(&chain->plan.steps[i], name, sizeof name);
        if (strcmp(chain->hops[i].name, name) == 0 && is_fresh(chain, &chain->hops[i].set))
            return i + 1;
    }
    return 0;
}

/* Keeps the set of an inner step if it is temporary: other sets cost no request. */
static void keep_set(struct credential_chain *chain, unsigned number, const struct credentials *set)
{
    struct hop *hop = &chain->hops[number];

    forget_hop(hop);
    if (number + 1 == chain->plan.count || !set->expiry)
        return;
    name_step(&chain->plan.steps[number], hop->name, sizeof hop->name);
    hop->set = *set;
}

void credential_chain_limit_instance(struct credential_chain *chain, bool store_is_aws)
{
    chain->instance_limited = true;
    chain->store_is_aws = store_is_aws;
}

void credential_chain_reject(struct credential_chain *chain, const char *access_key)
{
    unsigned first = 0;

    while (first < PLAN_STEPS_MAX && strcmp(chain->hops[first].set.access_key, access_key) != 0)
        first++;
    /* The rejected set is the last one, which is not kept: an inner one may be the reason. */
    if (first == PLAN_STEPS_MAX)
        first = 0;
    for (; first < PLAN_STEPS_MAX; first++)
        forget_hop(&chain->hops[first]);
}

/* ---- steps ---- */

static int run_source(struct credential_chain *chain, const struct plan_step *step,
                      struct credentials *out, struct err *err)
{
    const struct credential_context ctx = {chain->system, &chain->settings};

    switch (step->kind) {
    case CREDENTIALS_ENVIRONMENT:
        return environment_credentials(&ctx, out, err);
    case CREDENTIALS_PROFILE:
        return profile_keys_credentials(&ctx, step->profile, out, err);
    case CREDENTIALS_WEB_IDENTITY:
        return web_identity_credentials(&ctx, step->profile, out, err);
    case CREDENTIALS_SSO:
        return sso_credentials(&ctx, step->profile, &chain->sso, out, err);
    case CREDENTIALS_LOGIN:
        return login_credentials(&ctx, step->profile, out, err);
    case CREDENTIALS_PROCESS:
        return process_credentials(&ctx, step->profile, out, err);
    case CREDENTIALS_CONTAINER:
        return container_credentials(&ctx, out, err);
    case CREDENTIALS_INSTANCE:
        return instance_credentials(&ctx, &chain->instance, out, err);
    default:
        return err_set(err, ERR_INTERNAL, "plan", "a plan begins with a role");
    }
}

/* Fails for a named source without credentials: another source would be another identity. */
static int refuse_absent(const struct credential_chain *chain, const struct plan_step *step,
                         struct err *err)
{
    const struct aws_profile *role = chain->plan.count > 1 ? chain->plan.steps[1].profile : NULL;
    const char *reason = "it is not configured";

    if (step->kind == CREDENTIALS_ENVIRONMENT)
        reason = "AWS_ACCESS_KEY_ID is not set";
    else if (step->kind == CREDENTIALS_CONTAINER)
        reason = "AWS_CONTAINER_CREDENTIALS_FULL_URI is not set";
    else if (step->kind == CREDENTIALS_INSTANCE)
        reason = chain->instance.absent;
    if (!role)
        return err_set(err, ERR_AUTH, CODE_SOURCE, "the source %s has no credentials: %s",
                       credentials_kind_name(step->kind), reason);
    err_set(err, ERR_AUTH, CODE_SOURCE, "credential_source %s of profile %s has no credentials: %s",
            aws_profile_get(role, "credential_source"), aws_profile_name(role), reason);
    return err_hint(err, "name another source in the profile, or use it where this one exists");
}

static bool may_be_instance(const struct credential_chain *chain)
{
    if (!chain->instance_limited || strcmp(chain->settings.imds.url, AWS_IMDS_URL) != 0)
        return true;
    switch (ec2_host_check(chain->system)) {
    case EC2_HOST_YES:
        return true;
    case EC2_HOST_UNKNOWN:
        return chain->store_is_aws;
    default:
        return false;
    }
}

/* Gets the set of the first step. SOURCE_ABSENT: no instance, and no other source is configured. */
static int get_first_set(struct credential_chain *chain, struct credentials *set, struct err *err)
{
    const struct plan_step *step = &chain->plan.steps[0];
    int found;

    if (step->kind == CREDENTIALS_INSTANCE && chain->plan.count == 1 && !may_be_instance(chain)) {
        chain->instance_absent = true;
        credential_report_add(
            &chain->report, REPORT_PASSED, "instance",
            "no sign of an EC2 instance (AWS_EC2_METADATA_SERVICE_ENDPOINT names one)");
        return SOURCE_ABSENT;
    }
    found = run_source(chain, step, set, err);
    chain->instance_absent = step->kind == CREDENTIALS_INSTANCE && found != SOURCE_FOUND;
    if (found != SOURCE_ABSENT)
        return found;
    if (chain->plan.count > 1 || step->kind != CREDENTIALS_INSTANCE)
        return refuse_absent(chain, step, err);
    credential_report_add(&chain->report, REPORT_PASSED, "instance", "%s", chain->instance.absent);
    return SOURCE_ABSENT;
}

/* Asks for the codes of all roles that will be assumed, before the first request. */
static int prepare_roles(const struct credential_chain *chain, unsigned start, bool may_ask,
                         char codes[PLAN_STEPS_MAX][ROLE_CODE_SIZE], struct err *err)
{
    const struct credential_context ctx = {chain->system, &chain->settings};

    for (unsigned i = start ? start : 1; i < chain->plan.count; i++)
        if (role_prepare(&ctx, chain->plan.steps[i].profile, may_ask, codes[i], err) < 0)
            return ERR_FAIL;
    return 0;
}

/* Runs the steps behind `start`. *set is that of the step before, and then that of the last. */
static int assume_roles(struct credential_chain *chain, unsigned start,
                        char codes[PLAN_STEPS_MAX][ROLE_CODE_SIZE], struct credentials *set,
                        struct err *err)
{
    const struct credential_context ctx = {chain->system, &chain->settings};

    for (unsigned i = start; i < chain->plan.count; i++) {
        struct credentials base = *set;
        int result =
            role_credentials(&ctx, chain->plan.steps[i].profile, &base, codes[i], set, err);

        credentials_finish(&base);
        if (result < 0)
            return ERR_FAIL;
        keep_set(chain, i, set);
    }
    return SOURCE_FOUND;
}

static int run_plan(struct credential_chain *chain, bool may_ask, struct credentials *set,
                    struct err *err)
{
    char codes[PLAN_STEPS_MAX][ROLE_CODE_SIZE] = {0};
    unsigned start = find_start(chain);
    int found = prepare_roles(chain, start, may_ask, codes, err);

    if (found == 0 && start == 0) {
        found = get_first_set(chain, set, err);
        if (found == SOURCE_FOUND)
            keep_set(chain, 0, set);
        start = 1;
    } else if (found == 0) {
        *set = chain->hops[start - 1].set;
    }
    if (found == SOURCE_FOUND)
        found = assume_roles(chain, start, codes, set, err);
    os_wipe(codes, sizeof codes);
    return found;
}

/* ---- result ---- */

static void name_source(const struct credential_plan *plan, char *out, size_t size)
{
    const struct plan_step *last = &plan->steps[plan->count - 1];

    if (last->profile)
        snprintf(out, size, "profile %s", aws_profile_name(last->profile));
    else
        snprintf(out, size, "%s", credentials_kind_name(last->kind));
}

static void report_result(struct credential_chain *chain, int found, const struct credentials *set,
                          const struct err *err)
{
    char source[sizeof chain->report.lines[0].source];

    name_source(&chain->plan, source, sizeof source);
    if (found == SOURCE_FOUND)
        credential_report_add(&chain->report, REPORT_TAKEN, source, "%s", set->source);
    else if (found < 0)
        credential_report_add(&chain->report, REPORT_FAILED, source, "%s", err->text);
}

int credential_chain_resolve(struct credential_chain *chain, bool may_ask, struct credentials *out,
                             struct err *err)
{
    struct credentials set = {0};
    int found;

    chain->report.count = 0;
    if (refresh_settings(chain, err) < 0 ||
        credential_plan_make(&chain->settings, &chain->plan, &chain->report, err) < 0) {
        credential_report_add(&chain->report, REPORT_FAILED, "settings", "%s", err->text);
        return ERR_FAIL;
    }
    plan_odd_report(&chain->settings, &chain->plan, &chain->report);
    found = run_plan(chain, may_ask, &set, err);
    report_result(chain, found, &set, err);
    if (found == SOURCE_FOUND)
        *out = set;
    credentials_finish(&set);
    return found;
}

int credential_chain_none(const struct credential_chain *chain, struct err *err)
{
    _cleanup_text_ struct text words = {0};

    text_init(&words, 512);
    for (unsigned i = 0; i < chain->report.count; i++) {
        const struct report_line *line = &chain->report.lines[i];

        if (line->verdict == REPORT_PASSED)
            text_printf(&words, "%s%s: %s", words.size ? "; " : "", line->source, line->why);
    }
    err_set(err, ERR_AUTH, CODE_NO_CREDENTIALS, "no credentials were found (%s)",
            words.size ? words.data : "no source is configured");
    return err_hint(err, "set AWS_PROFILE, run aws sso login, or attach a role to this machine");
}

void credential_chain_region(struct credential_chain *chain, char *region)
{
    const struct credential_context ctx = {chain->system, &chain->settings};
    struct err err = {0};

    str_copy(region, AWS_REGION_SIZE, chain->settings.region);
    if (region[0] || chain->instance_absent)
        return;
    if (!chain->plan.count &&
        credential_plan_make(&chain->settings, &chain->plan, &chain->report, &err) < 0)
        return;
    if (chain->plan.steps[0].kind == CREDENTIALS_INSTANCE &&
        instance_region(&ctx, &chain->instance, region, &err) != SOURCE_FOUND)
        region[0] = 0;
}
