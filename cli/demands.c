/*
 * The keys are read with the tables that read deployments (deploy/spec/entry_keys).
 */
#include "cli/demands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/settings/config.h"
#include "deploy/spec/entry_keys.h"
#include "trust/guard.h"

#define KINDS "\"images\", \"versions\" and \"environments\""

/* ---- values ---- */

static int read_path(const struct entry_place *place, struct json_node value, void *out,
                     struct err *err)
{
    const char *home = config_environment("HOME");
    char path[PATH_MAX];
    int length;

    if (entry_text(place, value, path, sizeof path, err))
        return ERR_FAIL;
    if (strncmp(path, "~/", 2) != 0 || !home)
        return entry_resolve(place->file, path, out, PATH_MAX)
                   ? 0
                   : entry_refuse(place, err, "is too long");
    length = snprintf(out, PATH_MAX, "%s/%s", home, path + 2);
    return length > 0 && length < PATH_MAX ? 0 : entry_refuse(place, err, "is too long");
}

static int read_kinds(const struct entry_place *place, struct json_node value, void *out,
                      struct err *err)
{
    unsigned *kinds = out;
    char name[32];

    *kinds = 0;
    if (json_kind(value) != JSON_ARRAY)
        return entry_refuse(place, err, "must be a list of " KINDS);
    for (struct json_node at = json_first(value); at.doc; at = json_next(value, at, NULL)) {
        unsigned kind = json_string(at, name, sizeof name) ? policy_kind_of(name) : 0;

        if (!kind)
            return entry_refuse(place, err, "must be a list of " KINDS);
        *kinds |= kind;
    }
    return *kinds ? 0 : entry_refuse(place, err, "must not be empty: leave out the key instead");
}

static int read_patterns(const struct entry_place *place, struct json_node value, void *out,
                         struct err *err)
{
    struct policy_patterns *patterns = out;
    size_t count = json_count(value);

    if (json_kind(value) != JSON_ARRAY || !count || count > POLICY_PATTERNS_MAX)
        return entry_refuse(place, err, "must be a list of 1 to %d patterns", POLICY_PATTERNS_MAX);
    free(patterns->items);
    patterns->count = 0;
    patterns->items = calloc(count, sizeof *patterns->items);
    if (!patterns->items)
        return err_memory(err, "the patterns");
    for (struct json_node at = json_first(value); at.doc; at = json_next(value, at, NULL))
        if (entry_text(place, at, patterns->items[patterns->count++], POLICY_PATTERN_SIZE, err))
            return ERR_FAIL;
    return 0;
}

/* ---- rules ---- */

static const struct entry_key rule_keys[] = {
    {"identity", ENTRY_TEXT, ENTRY_FIELD(struct policy_rule, identity)},
    {"sign", ENTRY_OWN, ENTRY_FIELD(struct policy_rule, sign), .read = read_kinds},
    {"apps", ENTRY_OWN, ENTRY_FIELD(struct policy_rule, apps), .read = read_patterns},
    {"environments", ENTRY_OWN, ENTRY_FIELD(struct policy_rule, environments),
     .read = read_patterns},
};

static int read_rule(const struct entry_place *place, struct json_node value,
                     struct policy_rule *out, struct err *err)
{
    if (json_kind(value) != JSON_OBJECT)
        return entry_refuse(place, err, "must be a list of objects { identity: ..., sign: [...] }");
    if (entry_keys_read(place, value, rule_keys, ARRAY_SIZE(rule_keys), out, err))
        return ERR_FAIL;
    return out->identity[0] ? 0 : entry_refuse(place, err, "has a rule without an identity");
}

static int read_rules(const struct entry_place *place, struct json_node value, void *out,
                      struct err *err)
{
    struct policy *policy = out;
    size_t count = json_count(value);

    if (json_kind(value) != JSON_ARRAY || !count || count > POLICY_RULES_MAX)
        return entry_refuse(place, err, "must be a list of 1 to %d rules", POLICY_RULES_MAX);
    if (policy->rules)
        return entry_refuse(place, err, "is repeated");
    policy->rules = calloc(count, sizeof *policy->rules);
    if (!policy->rules)
        return err_memory(err, "the rules");
    for (struct json_node at = json_first(value); at.doc; at = json_next(value, at, NULL))
        if (read_rule(place, at, &policy->rules[policy->rule_count++], err))
            return ERR_FAIL;
    return 0;
}

/* ---- the demands of a profile ---- */

static const struct entry_key keys[] = {
    {"signers", ENTRY_OWN, ENTRY_FIELD(struct demands, signers), .read = read_path},
    {"revoked", ENTRY_OWN, ENTRY_FIELD(struct demands, revoked), .read = read_path},
    {"require", ENTRY_OWN, ENTRY_FIELD(struct demands, policy.require), .read = read_kinds},
    {"min", ENTRY_NUMBER, ENTRY_FIELD(struct demands, policy.min), .min = 1,
     .max = POLICY_PROOFS_MAX},
    {"allow", ENTRY_OWN, ENTRY_FIELD(struct demands, policy), .read = read_rules},
};

static struct json_node find_node(const struct config_file *file, const char *profile)
{
    struct json_node profiles = json_get(config_file_root(file), "profiles");

    return json_get(json_get_exact(profiles, profile), CONFIG_TRUST);
}

static int read_node(const struct config_file *file, const char *profile, struct json_node node,
                     struct demands *out, struct err *err)
{
    struct entry_place place = {.file = file->path};

    snprintf(place.path, sizeof place.path, "profiles.%.128s." CONFIG_TRUST, profile);
    if (json_kind(node) != JSON_OBJECT)
        return entry_refuse(&place, err, "is not an object { signers: ... }");
    out->there = true;
    out->policy.min = 1;
    if (entry_keys_read(&place, node, keys, ARRAY_SIZE(keys), out, err))
        return ERR_FAIL;
    if (!out->policy.require)
        out->policy.require = POLICY_ALL;
    return out->signers[0] ? 0 : entry_refuse(&place, err, "has no \"signers\": a path");
}

/* Refuses a key outside of profiles. There it would have no effect, and its author expects one. */
static int check_place(const struct config_file *file, struct err *err)
{
    const struct entry_place place = {.file = file->path, .path = CONFIG_TRUST};

    return json_present(json_get(config_file_root(file), CONFIG_TRUST))
               ? entry_refuse(&place, err, "must be in a profile: profiles.NAME." CONFIG_TRUST)
               : 0;
}

int demands_read(const struct config_file *file, const char *profile, struct demands *out,
                 struct err *err)
{
    struct json_node node = find_node(file, profile);

    *out = (struct demands){.there = false};
    if (check_place(file, err) == 0 &&
        (!json_present(node) || read_node(file, profile, node, out, err) == 0))
        return 0;
    if (err->family == ERR_USAGE)
        str_copy(err->code, sizeof err->code, CODE_CONFIG);
    return ERR_FAIL;
}

void demands_finish(struct demands *demands)
{
    policy_finish(&demands->policy);
}

/* ---- the profile in use ---- */

static bool any_profile_demands(const struct config_file *file)
{
    char name[CONFIG_NAME_MAX];

    for (size_t n = 0; config_file_profile(file, n, name); n++)
        if (json_present(find_node(file, name)))
            return true;
    return false;
}

/* The demands of the user's own file, while a file in the current folder is in use. */
static int find_own(const struct config *config, struct demands *out, struct err *err)
{
    struct config_file own;
    int answer = config_file_load_own(config_environment, &own, err);

    if (answer < 0)
        return ERR_FAIL;
    if (answer == CONFIG_OK)
        answer = demands_read(&own, config->profile, out, err);
    if (answer == CONFIG_OK && !out->there && any_profile_demands(&own)) {
        err_set(err, ERR_USAGE, "trust",
                "%s demands signatures, and a file of the current folder must not choose another "
                "profile",
                own.path);
        answer = err_hint(err,
                          "if you trust the file, run s3dock config trust, or name the file: "
                          "--config %s",
                          config->file.path);
    }
    config_file_finish(&own);
    return answer < 0 ? ERR_FAIL : 0;
}

int demands_find(const struct config *config, struct demands *out, struct err *err)
{
    *out = (struct demands){.there = false};
    if (config_file_is_input(&config->file) && find_own(config, out, err))
        return ERR_FAIL;
    return out->there ? 0 : demands_read(&config->file, config->profile, out, err);
}

int demands_open(const struct cli *cli, struct guard **out, struct err *err)
{
    struct guard_settings settings = {.signers = NULL};
    struct demands demands;
    int failed = demands_find(&cli->config, &demands, err);

    *out = NULL;
    if (!failed && demands.there) {
        settings.signers = demands.signers;
        settings.revoked = demands.revoked[0] ? demands.revoked : NULL;
        settings.policy = demands.policy;
        demands.policy = (struct policy){.require = 0};
        *out = guard_open(&settings, err);
        failed = *out ? 0 : ERR_FAIL;
    }
    demands_finish(&demands);
    return failed;
}
