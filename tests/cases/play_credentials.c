/* Sources of credentials: the plan, the addresses of services, one fetch of the chain. */
#include <stdio.h>
#include <string.h>

#include "credentials/chain.h"
#include "credentials/container.h"
#include "credentials/credentials.h"
#include "credentials/plan.h"
#include "credentials/source.h"
#include "tests/cases/expect.h"
#include "tests/cases/json_equal.h"
#include "tests/cases/play.h"

static const struct json_node NOTHING;

/* ---- plans ---- */

/* Returns the value of a parameter of a step, by the name that the cases use. */
static const char *step_value(const struct plan_step *step, const char *name)
{
    static const char *const KEYS[][2] = {{"access_key", "aws_access_key_id"},
                                          {"secret", "aws_secret_access_key"},
                                          {"token", "aws_session_token"}};

    for (size_t i = 0; i < ARRAY_SIZE(KEYS); i++)
        if (strcmp(KEYS[i][0], name) == 0)
            name = KEYS[i][1];
    return step->profile ? aws_profile_get(step->profile, name) : NULL;
}

static void expect_step(struct play *play, const struct plan_step *step, struct json_node wanted)
{
    struct json_node name;

    for (struct json_node value = json_next(wanted, NOTHING, &name); value.doc;
         value = json_next(wanted, value, &name)) {
        char key[64], text[1024];
        const char *found;

        if (!json_string(name, key, sizeof key) || !json_string(value, text, sizeof text))
            continue;
        found = step_value(step, key);
        if (!found || strcmp(found, text) != 0)
            play_fail(play, "expected %s \"%s\" of a step, got \"%s\"", key, text,
                      found ? found : "(none)");
    }
}

static const char *step_word(enum credential_kind kind)
{
    switch (kind) {
    case CREDENTIALS_PROFILE:
        return "static";
    case CREDENTIALS_ROLE:
        return "assume_role";
    default:
        return credentials_kind_name(kind);
    }
}

static void expect_plan(struct play *play, const struct credential_plan *plan,
                        struct json_node wanted)
{
    unsigned number = 0;

    if (json_count(wanted) != plan->count) {
        play_fail(play, "expected %zu steps, got %u", json_count(wanted), plan->count);
        return;
    }
    for (struct json_node at = json_first(wanted); at.doc; at = json_next(wanted, at, NULL)) {
        const struct plan_step *step = &plan->steps[number++];
        struct json_node name, value = json_next(at, NOTHING, &name);

        if (!json_string_equals(name, step_word(step->kind))) {
            struct view raw = json_raw(name);

            play_fail(play, "expected the step %.*s, got %s", (int)raw.size, (const char *)raw.data,
                      step_word(step->kind));
        }
        expect_step(play, step, value);
    }
}

/* The plan of a profile alone: container and instance are behind it. */
static void play_plan(struct play *play, const struct aws_settings *settings,
                      struct json_node expected)
{
    struct credential_plan plan;
    struct err err;
    int found = credential_plan_profile(settings, &plan, &err);

    if (expect_result(play, expected, found, &err) && found == SOURCE_FOUND)
        expect_plan(play, &plan, json_get(expected, "plan"));
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
