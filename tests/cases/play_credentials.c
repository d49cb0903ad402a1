/* Sources of credentials: the plan, the addresses of services, one fetch of the chain. */
#include <stdlib.h>
#include <string.h>

#include "credentials/chain.h"
#include "credentials/container.h"
#include "credentials/credentials.h"
#include "credentials/plan.h"
#include "credentials/source.h"
#include "credentials/sso.h"
#include "tests/cases/expect.h"
#include "tests/cases/json_equal.h"
#include "tests/cases/play.h"

static const struct json_node NOTHING;

/* ---- plans ---- */

/* Names of the cases, and ours. */
struct alias {
    const char *theirs, *ours;
};

static const char *find_alias(const struct alias *aliases, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(aliases[i].theirs, name) == 0)
            return aliases[i].ours;
    return name;
}

/* A session has some of the parameters. */
static const char *sso_value(const struct aws_settings *settings, const struct plan_step *step,
                             const char *name)
{
    struct sso_login login;
    struct err err;

    if (sso_read(settings, step->profile, &login, &err) != SOURCE_FOUND)
        return NULL;
    if (strcmp(name, "sso_region") == 0)
        return login.region;
    return strcmp(name, "sso_start_url") == 0 ? login.start_url
                                              : aws_profile_get(step->profile, name);
}

/* Returns the value of a parameter of a step, by the name that the cases use. */
static const char *step_value(const struct aws_settings *settings, const struct plan_step *step,
                              const char *name)
{
    static const struct alias KEYS[] = {{"access_key", "aws_access_key_id"},
                                        {"secret", "aws_secret_access_key"},
                                        {"token", "aws_session_token"},
                                        {"sso_session_name", "sso_session"},
                                        {"command", "credential_process"}};

    name = find_alias(KEYS, ARRAY_SIZE(KEYS), name);
    if (step->kind == CREDENTIALS_SSO)
        return sso_value(settings, step, name);
    return step->profile ? aws_profile_get(step->profile, name) : NULL;
}

static void expect_value(struct play *play, const char *what, const char *found,
                         struct json_node wanted)
{
    char *text = json_copy(wanted);

    if (!text || !found || strcmp(found, text) != 0)
        play_fail(play, "expected %s \"%s\" of a step, got \"%s\"", what, text ? text : "?",
                  found ? found : "(none)");
    free(text);
}

static void expect_step(struct play *play, const struct aws_settings *settings,
                        const struct plan_step *step, struct json_node wanted)
{
    struct json_node name;

    for (struct json_node value = json_next(wanted, NOTHING, &name); value.doc;
         value = json_next(wanted, value, &name)) {
        char key[64] = "";

        json_string(name, key, sizeof key);
        expect_value(play, key, step_value(settings, step, key), value);
    }
}

static const char *step_word(enum credential_kind kind)
{
    switch (kind) {
    case CREDENTIALS_PROFILE:
        return "static";
    case CREDENTIALS_ROLE:
        return "assume_role";
    case CREDENTIALS_ENVIRONMENT:
    case CREDENTIALS_CONTAINER:
    case CREDENTIALS_INSTANCE:
        return "credential_source";
    default:
        return credentials_kind_name(kind);
    }
}

/* Returns the string by which a case describes a step: its command, its login session, or the
 * source that the profile of the next step names. */
static const char *step_text(const struct credential_plan *plan, const struct plan_step *step)
{
    switch (step->kind) {
    case CREDENTIALS_PROCESS:
        return aws_profile_get(step->profile, "credential_process");
    case CREDENTIALS_LOGIN:
        return aws_profile_get(step->profile, "login_session");
    default:
        return plan->count > 1 ? aws_profile_get(plan->steps[1].profile, "credential_source")
                               : NULL;
    }
}

static void expect_plan(struct play *play, const struct aws_settings *settings,
                        const struct credential_plan *plan, struct json_node wanted)
{
    static const struct alias WORDS[] = {{"named_source", "credential_source"},
                                         {"source", "credential_source"},
                                         {"credential_process", "process"},
                                         {"web_identity_token", "web_identity"},
                                         {"login_session", "login"}};
    unsigned number = 0;

    if (json_count(wanted) != plan->count) {
        play_fail(play, "expected %zu steps, got %u", json_count(wanted), plan->count);
        return;
    }
    for (struct json_node at = json_first(wanted); at.doc; at = json_next(wanted, at, NULL)) {
        const struct plan_step *step = &plan->steps[number++];
        struct json_node name, value = json_next(at, NOTHING, &name);
        char word[32] = "";

        json_string(name, word, sizeof word);
        if (strcmp(find_alias(WORDS, ARRAY_SIZE(WORDS), word), step_word(step->kind)) != 0)
            play_fail(play, "expected the step %s, got %s", word, step_word(step->kind));
        else if (json_kind(value) == JSON_STRING)
            expect_value(play, word, step_text(plan, step), value);
        else
            expect_step(play, settings, step, value);
    }
}

/* Compares the plan of the profile, without container and instance. */
static void play_plan(struct play *play, const struct aws_settings *settings,
                      struct json_node expected)
{
    struct credential_plan plan;
    struct err err;
    int found = credential_plan_profile(settings, &plan, &err);

    if (expect_result(play, expected, found, &err) && found == SOURCE_FOUND)
        expect_plan(play, settings, &plan, json_get(expected, "plan"));
}

/* ---- addresses ---- */

static void play_container_url(struct play *play, struct json_node expected)
{
    char url[CONTAINER_URL_MAX] = "";
    struct err err;
    int found = container_url(&play->script.system, url, &err);

    if (expect_result(play, expected, found, &err))
        expect_text(play, expected, "container_url", url);
}

/* ---- one fetch ---- */

static void play_chain(struct play *play, struct credential_chain *chain, struct json_node expected)
{
    struct json_node error = json_get(expected, "error");
    struct credentials set = {0};
    char region[AWS_REGION_SIZE] = "";
    struct err err;
    int found = SOURCE_FOUND;

    if (error.doc || json_get(expected, "credentials").doc || json_get(expected, "provider").doc) {
        found = credential_chain_resolve(chain, true, &set, &err);
        if (found == SOURCE_ABSENT)
            found = credential_chain_none(chain, &err);
    }
    if (expect_result(play, expected, found, &err) && found == SOURCE_FOUND)
        expect_credentials(play, expected, &set);
    credentials_finish(&set);
    if (json_get(expected, "region").doc) {
        credential_chain_region(chain, region);
        expect_text(play, expected, "region", region);
    }
    expect_files(play, expected);
}

void play_credentials(struct play *play, struct json_node expected)
{
    struct aws_query query = play_query(play);
    struct credential_chain *chain;
    struct err err;

    if (credential_chain_create(&play->script.system, &query, &chain, &err) < 0) {
        expect_result(play, expected, ERR_FAIL, &err);
        return;
    }
    if (json_get(expected, "plan").doc || strcmp(play->group, "plan") == 0)
        play_plan(play, credential_chain_settings(chain), expected);
    else if (json_get(expected, "container_url").doc)
        play_container_url(play, expected);
    else if (json_get(expected, "imds_url").doc)
        expect_text(play, expected, "imds_url", credential_chain_settings(chain)->imds.url);
    else
        play_chain(play, chain, expected);
    credential_chain_destroy(chain);
}
