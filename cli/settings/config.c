/*
 * Every option is resolved in the same way. The first source with a value has precedence:
 *
 *   1. the flag
 *   2. the variable S3DOCK_*
 *   3. the variables of other programs, AWS_*
 *   4. the file: the profile, or a key outside of profiles
 *   5. the files of AWS programs (aws_source)
 *   6. the default
 *
 * A profile selected by name (--profile, S3DOCK_PROFILE) has precedence over 3, so that AWS_*
 * variables do not replace its endpoint, region and keys. Values that the profile does not set
 * still come from AWS_*. If only the AWS files have the selected profile, 5 has precedence over 4.
 *
 * Access key and secret are one pair: the first source with both is used, with its session token. A
 * token is never combined with keys of another source. If no source has both, each is resolved
 * alone (the id in the file, the secret in the environment).
 */
#include "cli/settings/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/log.h"
#include "base/nearest.h"
#include "cli/settings/args.h"
#include "cli/settings/config_check.h"

#define WARNINGS_MAX (64 * KIB)
#define HINT_SIZE    (sizeof((struct err *)0)->hint)

struct resolve {
    struct config *config;
    const struct args *args;
    getenv_fn *env;
    struct err *err;
};

/* The result of one source: FOUND, or NEXT to try the next source. Negative: failed. */
enum step { NEXT = 0, FOUND = 1 };

/* Copies a word in the spelling of the table, because case does not matter in settings. The caller
 * frees it. NULL: out of memory. */
static char *copy_value(const struct option *option, const char *value,
                        const struct option_value *parsed)
{
    const char *word = option->words;

    if (!parsed->is_word)
        return strdup(value);
    for (uint64_t at = parsed->number; at; at--)
        word += strcspn(word, "|") + 1;
    return strndup(word, strcspn(word, "|"));
}

static int set_value(struct resolve *r, const struct option *option, const char *value,
                     const struct option_value *parsed, enum origin origin, const char *name)
{
    struct setting *setting = &r->config->settings[option_id(option)];

    free(setting->value);
    *setting = (struct setting){.value = copy_value(option, value, parsed),
                                .parsed = *parsed,
                                .origin = origin,
                                .name = name};
    return setting->value ? FOUND : err_memory(r->err, "the configuration");
}

static int from_flag(struct resolve *r, const struct option *option)
{
    enum option_id id = option_id(option);

    return r->args->values[id]
               ? set_value(r, option, r->args->values[id], &r->args->parsed[id], ORIGIN_FLAG, NULL)
               : NEXT;
}

static int from_variable(struct resolve *r, const struct option *option, const char *name)
{
    const char *value = name ? r->env(name) : NULL;
    struct option_value parsed;

    if (!value || !*value)
        return NEXT;
    if (option_parse(option, value, name, &parsed, r->err))
        return ERR_FAIL;
    return set_value(r, option, value, &parsed, ORIGIN_ENV, name);
}

static int from_ambient(struct resolve *r, const struct option *option)
{
    int step = NEXT;

    if (option_id(option) == OPT_ENDPOINT && r->config->aws &&
        aws_source_ignores_endpoints(r->config->aws))
        return NEXT;
    for (size_t i = 0; i < ARRAY_SIZE(option->ambient) && step == NEXT; i++)
        step = from_variable(r, option, option->ambient[i]);
    return step;
}

static int from_key(struct resolve *r, const struct option *option, const char *key)
{
    char value[CONFIG_VALUE_MAX], where[256 + sizeof r->config->file.path];
    struct option_value parsed;
    int answer;

    if (!key || (option->runs && r->config->file.place == CONFIG_FOLDER))
        return NEXT;
    answer = config_file_value(&r->config->file, key, r->config->profile, value, r->err);
    if (answer)
        return answer == CONFIG_ABSENT ? NEXT : ERR_FAIL;
    config_format_key(r->config, key, where, sizeof where);
    if (option_parse(option, value, where, &parsed, r->err)) {
        str_copy(r->err->code, sizeof r->err->code, CODE_CONFIG);
        return ERR_FAIL;
    }
    return set_value(r, option, value, &parsed, ORIGIN_FILE, key);
}

static int from_file(struct resolve *r, const struct option *option)
{
    int step = from_key(r, option, option->key);

    return step ? step : from_key(r, option, option->also);
}

static int from_aws(struct resolve *r, const struct option *option)
{
    enum option_id id = option_id(option);
    char value[AWS_SOURCE_VALUE_MAX], where[PATH_MAX + 256];
    struct option_value parsed;

    if (!r->config->aws || !aws_source_value(r->config->aws, id, value))
        return NEXT;
    aws_source_place(r->config->aws, id, where, sizeof where);
    if (option_parse(option, value, where, &parsed, r->err))
        return ERR_FAIL;
    return set_value(r, option, value, &parsed, ORIGIN_AWS, NULL);
}

static int from_default(struct resolve *r, const struct option *option)
{
    struct option_value parsed;

    if (!option->fallback)
        return NEXT;
    if (option_parse(option, option->fallback, option->name, &parsed, r->err))
        return ERR_FAIL;
    return set_value(r, option, option->fallback, &parsed, ORIGIN_DEFAULT, NULL);
}

static int resolve_option(struct resolve *r, const struct option *option)
{
    bool profile_first = r->config->profile_chosen && option_in_profile(option);
    bool aws_first = r->config->aws_chosen;
    int step;

    if ((step = from_flag(r, option)) || (step = from_variable(r, option, option->env)) ||
        (profile_first && (step = from_file(r, option))) || (step = from_ambient(r, option)) ||
        (aws_first && (step = from_aws(r, option))) || (step = from_file(r, option)) ||
        (step = from_aws(r, option)) || (step = from_default(r, option)))
        return step == FOUND ? 0 : ERR_FAIL;
    return 0;
}

static void clear_setting(struct resolve *r, enum option_id id)
{
    free(r->config->settings[id].value);
    r->config->settings[id] = (struct setting){0};
}

static void clear_credentials(struct resolve *r)
{
    clear_setting(r, OPT_ACCESS_KEY);
    clear_setting(r, OPT_SECRET_KEY);
    clear_setting(r, OPT_SESSION_TOKEN);
}

typedef int source_fn(struct resolve *r, const struct option *option);

/* FOUND if the source has both keys; the token of this source is set, too. */
static int resolve_pair(struct resolve *r, source_fn *from)
{
    int step;

    clear_credentials(r);
    if ((step = from(r, &option_table[OPT_ACCESS_KEY])) == FOUND &&
        (step = from(r, &option_table[OPT_SECRET_KEY])) == FOUND)
        step = from(r, &option_table[OPT_SESSION_TOKEN]) < 0 ? ERR_FAIL : FOUND;
    return step;
}

static int resolve_credentials(struct resolve *r)
{
    source_fn *first = r->config->profile_chosen ? from_file : from_ambient;
    source_fn *second = r->config->profile_chosen ? from_ambient : from_file;
    enum origin origin;
    int step;

    if (r->config->aws_chosen) {
        clear_credentials(r); /* the chain reads the keys of the AWS profile */
        return 0;
    }
    if ((step = resolve_pair(r, first)) || (step = resolve_pair(r, second)))
        return step == FOUND ? 0 : ERR_FAIL;
    clear_setting(r, OPT_ACCESS_KEY);
    if (resolve_option(r, &option_table[OPT_ACCESS_KEY]) ||
        resolve_option(r, &option_table[OPT_SECRET_KEY]))
        return ERR_FAIL;
    origin = r->config->settings[OPT_SECRET_KEY].origin;
    if (origin == ORIGIN_NONE)
        return 0;
    step = (origin == ORIGIN_FILE ? from_file : from_ambient)(r, &option_table[OPT_SESSION_TOKEN]);
    return step < 0 ? ERR_FAIL : 0;
}

/* `aws_hint`: of the failure to find the profile in the AWS files; "" if it was not looked for. */
static int report_no_profile(const struct config *config, const char *aws_hint, struct err *err)
{
    const char *colon = aws_hint[0] ? ": " : "";
    char names[8][CONFIG_NAME_MAX];
    struct nearest nearest;

    err_set(err, ERR_USAGE, "profile", "profile '%s' not found in config", config->profile);
    if (!config->file.json)
        return err_hint(err,
                        "there is no configuration file (s3dock config init writes one), and "
                        "the AWS files have no such profile%s%s",
                        colon, aws_hint);
    nearest_init(&nearest, config->profile);
    for (size_t n = 0; n < ARRAY_SIZE(names) && config_file_profile(&config->file, n, names[n]);
         n++)
        nearest_try(&nearest, names[n]);
    if (nearest_found(&nearest))
        return err_hint(err, "did you mean %s? s3dock config list shows the profiles of %s",
                        nearest_found(&nearest), config->file.path);
    return err_hint(err, "s3dock config list shows the profiles of %s and of the AWS files%s%s",
                    config->file.path, colon, aws_hint);
}

/* Reads the profile of the AWS files that the user selected by name, after s3dock's file was found
 * to have none. FOUND: config->aws has it. NEXT: there is none; *hint has what to do. */
static int choose_aws_profile(struct resolve *r, char hint[HINT_SIZE])
{
    struct config *config = r->config;
    const struct err *failure;

    config->aws = aws_source_create(r->env, config->profile, r->err);
    if (!config->aws)
        return ERR_FAIL;
    if (aws_source_has_profile(config->aws))
        return FOUND;
    failure = aws_source_failure(config->aws);
    if (failure && !err_is(failure, ERR_USAGE, CODE_AWS_PROFILE)) {
        *r->err = *failure;
        return ERR_FAIL;
    }
    if (failure)
        str_copy(hint, HINT_SIZE, failure->hint);
    aws_source_destroy(config->aws);
    config->aws = NULL;
    return NEXT;
}

/* Selects the default profile of the file, beside the selected one of the AWS files. */
static int choose_default_profile(struct resolve *r)
{
    struct config *config = r->config;
    char value[CONFIG_VALUE_MAX];
    int answer =
        config_file_value(&config->file, option_table[OPT_PROFILE].key, NULL, value, r->err);

    if (answer < 0)
        return ERR_FAIL;
    config->aws_chosen = true;
    config->profile_chosen = false;
    str_copy(config->profile, sizeof config->profile, answer == CONFIG_OK ? value : "default");
    if (answer == CONFIG_OK && !config_file_has_profile(&config->file, config->profile))
        return report_no_profile(config, "", r->err);
    return 0;
}

/* Names the variable of a refused value that the user may have forgotten. */
static int name_variable(const struct config *config, enum option_id id, struct err *err)
{
    if (config->settings[id].origin == ORIGIN_ENV)
        err_wrap(err, "%s", config->settings[id].name);
    return ERR_FAIL;
}

static int choose_profile(struct resolve *r, const char *forced)
{
    char aws_hint[HINT_SIZE] = "";
    struct config *config = r->config;
    const struct setting *setting = &config->settings[OPT_PROFILE];

    if (resolve_option(r, &option_table[OPT_PROFILE]))
        return ERR_FAIL;
    config->profile_chosen = forced || setting->origin >= ORIGIN_ENV;
    if (!str_copy(config->profile, sizeof config->profile, forced ? forced : setting->value))
        return err_set(r->err, ERR_USAGE, "profile", "the name of the profile is too long");
    if (config_file_has_profile(&config->file, config->profile))
        return 0;
    if (config->profile_chosen && !forced) {
        int step = choose_aws_profile(r, aws_hint);

        if (step)
            return step == FOUND ? choose_default_profile(r) : ERR_FAIL;
    }
    /* Without a file, or with a file without profiles, "default" is the built-in profile. */
    if (!strcmp(config->profile, "default") && setting->origin != ORIGIN_FILE)
        return 0;
    report_no_profile(config, aws_hint, r->err);
    return forced ? ERR_FAIL : name_variable(config, OPT_PROFILE, r->err);
}

/* Reads the AWS files, unless the endpoint is a directory. */
static int load_aws(struct resolve *r)
{
    if (r->config->aws)
        return 0;
    if (resolve_option(r, &option_table[OPT_ENDPOINT]))
        return ERR_FAIL;
    if (config_directory(r->config))
        return 0;
    clear_setting(r, OPT_ENDPOINT);
    r->config->aws = aws_source_create(r->env, NULL, r->err);
    return r->config->aws ? 0 : ERR_FAIL;
}

/* The original's key selects a codec if no setting of s3dock does. */
static int resolve_compression(struct resolve *r)
{
    const struct setting *setting = &r->config->settings[OPT_COMPRESSION];
    const struct option *original = &option_table[OPT_DOCKER_COMPRESSION];
    const char *value = config_text(r->config, OPT_DOCKER_COMPRESSION);

    if (setting->origin != ORIGIN_DEFAULT || !value || option_word(original->only, value) < 0)
        return 0;
    return from_key(r, &option_table[OPT_COMPRESSION], original->key) < 0 ? ERR_FAIL : 0;
}

static int resolve_all(struct resolve *r)
{
    for (unsigned id = 0; id < OPTION_COUNT; id++) {
        const struct option *option = &option_table[id];

        if (id == OPT_PROFILE || !option_fits(option, r->args->command))
            continue;
        if (resolve_option(r, option))
            return ERR_FAIL;
    }
    if (resolve_compression(r))
        return ERR_FAIL;
    return resolve_credentials(r);
}

static int load_settings(struct config *out, const struct args *args, getenv_fn *env, bool no_file,
                         const char *profile, struct err *err)
{
    struct resolve r = {.config = out, .args = args, .env = env, .err = err};

    memset(out, 0, sizeof *out);
    text_init(&out->warnings, WARNINGS_MAX);
    if (resolve_option(&r, &option_table[OPT_CONFIG]))
        return ERR_FAIL;
    if (!no_file && config_file_load(config_text(out, OPT_CONFIG), env, &out->file, err) < 0)
        return name_variable(out, OPT_CONFIG, err);
    if (!no_file && (choose_profile(&r, profile) || load_aws(&r)))
        return ERR_FAIL;
    if (resolve_all(&r))
        return ERR_FAIL;
    log_secret(config_text(out, OPT_SECRET_KEY));
    log_secret(config_text(out, OPT_SESSION_TOKEN));
    log_secret(config_text(out, OPT_CUSTOMER_KEY));
    if (out->file.json)
        config_check_file(out, args->command);
    return 0;
}

int config_load(struct config *out, const struct args *args, getenv_fn *env, struct err *err)
{
    return load_settings(out, args, env, false, NULL, err);
}

int config_load_without_file(struct config *out, const struct args *args, getenv_fn *env,
                             struct err *err)
{
    return load_settings(out, args, env, true, NULL, err);
}

int config_load_profile(struct config *out, const struct args *args, getenv_fn *env,
                        const char *profile, struct err *err)
{
    return load_settings(out, args, env, false, profile, err);
}

void config_finish(struct config *config)
{
    for (unsigned id = 0; id < OPTION_COUNT; id++)
        free(config->settings[id].value);
    config_file_finish(&config->file);
    aws_source_destroy(config->aws);
    text_finish(&config->warnings);
    memset(config, 0, sizeof *config);
}
