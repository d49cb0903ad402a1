/*
 * A table maps options to keys of the profile. aws/settings checks the values; here they get the
 * form of flags. A failure is kept, because many commands do not need the files.
 */
#include "cli/settings/aws_source.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/settings.h"
#include "aws/system.h"
#include "base/err.h"
#include "base/file.h"

struct aws_source {
    getenv_fn *env;
    struct aws_system system;
    struct aws_settings settings;
    bool failed;
    struct err failure; /* if failed */
};

/* The first row of an option with a value counts. */
static const struct aws_key {
    enum option_id id;
    const char *key, *sub_key;
    bool word; /* the case of the value does not matter */
} KEYS[] = {
    {OPT_REGION, "region", NULL, false},
    {OPT_CA_FILE, "ca_bundle", NULL, false},
    {OPT_ADDRESSING, "s3", "addressing_style", true},
    {OPT_SIGN_PAYLOAD, "s3", "payload_signing_enabled", true},
    {OPT_AWS_CHECKSUM, "request_checksum_calculation", NULL, true},
    {OPT_FIPS, "use_fips_endpoint", NULL, true},
    {OPT_DUALSTACK, "use_dualstack_endpoint", NULL, true},
    {OPT_DUALSTACK, "s3", "use_dualstack_endpoint", true},
    {OPT_ACCELERATE, "s3", "use_accelerate_endpoint", true},
    {OPT_USE_ARN_REGION, "s3_use_arn_region", NULL, true},
    {OPT_USE_ARN_REGION, "s3", "use_arn_region", true},
};

/* ---- the system ---- */

static const char *read_env(void *arg, const char *name)
{
    const struct aws_source *source = arg;

    return source->env(name);
}

/* `out` has the same limit as `most`. */
static int read_file(void *arg, const char *path, size_t most, struct text *out, struct err *err)
{
    int answer = file_read(path, out, err);

    (void)arg;
    (void)most;
    return answer == FILE_ABSENT ? SYSTEM_ABSENT : answer;
}

/* ---- the source ---- */

struct aws_source *aws_source_create(getenv_fn *env, const char *profile, struct err *err)
{
    struct aws_source *source = calloc(1, sizeof *source);
    struct aws_query query = {.profile = profile};

    if (!source) {
        err_memory(err, "the AWS settings");
        return NULL;
    }
    source->env = env;
    source->system =
        (struct aws_system){.arg = source, .get_env = read_env, .read_file = read_file};
    source->failed =
        aws_settings_load(&source->system, &query, &source->settings, &source->failure) != 0;
    return source;
}

void aws_source_destroy(struct aws_source *source)
{
    if (source)
        aws_settings_finish(&source->settings);
    free(source);
}

const struct err *aws_source_failure(const struct aws_source *source)
{
    return source->failed ? &source->failure : NULL;
}

const struct aws_settings *aws_source_settings(const struct aws_source *source)
{
    return source->failed ? NULL : &source->settings;
}

bool aws_source_has_profile(const struct aws_source *source)
{
    return !source->failed && source->settings.profile;
}

bool aws_source_ignores_endpoints(const struct aws_source *source)
{
    return !source->failed && source->settings.ignore_endpoints == AWS_SWITCH_ON;
}

/* ---- values ---- */

static bool read_endpoint(struct aws_source *source, char out[AWS_SOURCE_VALUE_MAX])
{
    bool configured;

    source->failed = aws_settings_endpoint(&source->settings, AWS_S3, out, AWS_SOURCE_VALUE_MAX,
                                           &configured, &source->failure) != 0;
    return !source->failed && configured;
}

static bool read_attempts(const struct aws_source *source, char out[AWS_SOURCE_VALUE_MAX])
{
    unsigned attempts = source->settings.max_attempts,
             most = (unsigned)option_table[OPT_RETRIES].max;

    snprintf(out, AWS_SOURCE_VALUE_MAX, "%u", attempts < most ? attempts : most);
    return attempts != 0;
}

/* Returns the row of an option that has a value, and this value. NULL: there is none. */
static const struct aws_key *find_key(const struct aws_source *source, enum option_id id,
                                      const char **value)
{
    const struct aws_profile *profile = source->settings.profile;

    for (const struct aws_key *key = KEYS; key < KEYS + ARRAY_SIZE(KEYS); key++) {
        if (key->id != id)
            continue;
        *value = key->sub_key ? aws_profile_sub(profile, key->key, key->sub_key)
                              : aws_profile_get(profile, key->key);
        if (*value && **value)
            return key;
    }
    return NULL;
}

static bool read_key(const struct aws_source *source, enum option_id id,
                     char out[AWS_SOURCE_VALUE_MAX])
{
    const char *value;
    const struct aws_key *key = find_key(source, id, &value);

    if (!key || !str_copy(out, AWS_SOURCE_VALUE_MAX, value))
        return false;
    for (char *c = out; key->word && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return true;
}

bool aws_source_value(struct aws_source *source, enum option_id id, char out[AWS_SOURCE_VALUE_MAX])
{
    if (source->failed)
        return false;
    switch (id) {
    case OPT_ENDPOINT:
        return read_endpoint(source, out);
    case OPT_RETRIES:
        return read_attempts(source, out);
    default:
        return read_key(source, id, out);
    }
}

void aws_source_place(const struct aws_source *source, enum option_id id, char *out, size_t size)
{
    const struct aws_settings *settings = &source->settings;
    const char *attempts = source->env("AWS_MAX_ATTEMPTS"), *value;
    const struct aws_key *key = find_key(source, id, &value);
    char name[64] = "max_attempts";

    if (id == OPT_ENDPOINT) {
        aws_settings_endpoint_place(settings, AWS_S3, out, size);
        return;
    }
    if (id == OPT_RETRIES && attempts && *attempts) {
        snprintf(out, size, "AWS_MAX_ATTEMPTS");
        return;
    }
    if (key)
        snprintf(name, sizeof name, "%s%s%s", key->key, key->sub_key ? "." : "",
                 key->sub_key ? key->sub_key : "");
    aws_profile_place(settings->profiles, settings->profile, name, out, size);
}
