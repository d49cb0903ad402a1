/*
 * A table lists the settings: the variable, the key of the profile, the reader of the value. The
 * loader selects the profile first, and then reads each setting from the first place that has it.
 */
#include "aws/settings.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws/system.h"
#include "base/codes.h"
#include "base/err.h"

#define PLACE_SIZE (PATH_MAX + 256)

#define NUMBER_MAX 1000

#define IMDS_IPV6 "http://[fd00:ec2::254]"

/* ---- the profile ---- */

/* Returns a variable. NULL: it is not set, empty, or blank. */
static const char *read_env(const struct aws_settings *settings, const char *name)
{
    const char *value = name ? settings->system->get_env(settings->system->arg, name) : NULL;

    return value && value[strspn(value, " \t")] ? value : NULL;
}

static int report_no_profile(const struct aws_settings *settings, const char *from, struct err *err)
{
    const struct aws_profiles *profiles = settings->profiles;
    const struct aws_profile *profile;
    char names[256] = "";
    size_t used = 0;

    for (size_t n = 0;
         used + 40 < sizeof names && (profile = aws_profiles_at(profiles, AWS_PROFILE, n)); n++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%.32s", n ? ", " : "",
                                 aws_profile_name(profile));
    err_set(err, ERR_USAGE, CODE_AWS_PROFILE, "the profile '%s' (%s) is neither in %s nor in %s",
            settings->profile_name, from, aws_profiles_config_path(profiles),
            aws_profiles_credentials_path(profiles));
    if (aws_profiles_explain(profiles, settings->profile_name, err))
        return ERR_FAIL;
    return *names ? err_hint(err, "profiles of these files: %s", names)
                  : err_hint(err,
                             "these files have no profiles; aws configure --profile %s "
                             "makes one",
                             settings->profile_name);
}

static int select_profile(struct aws_settings *settings, const char *asked, struct err *err)
{
    static const char *const variables[] = {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"};
    const char *name = asked, *from = "--profile";

    for (size_t i = 0; i < ARRAY_SIZE(variables) && !name; i++) {
        name = read_env(settings, variables[i]);
        from = variables[i];
    }
    settings->profile_explicit = asked != NULL;
    if (!str_copy(settings->profile_name, sizeof settings->profile_name, name ? name : "default"))
        return err_set(err, ERR_USAGE, CODE_AWS_PROFILE,
                       "the name of the AWS profile (%s) is too long", from);
    settings->profile = aws_profiles_find(settings->profiles, AWS_PROFILE, settings->profile_name);
    if (settings->profile || strcmp(settings->profile_name, "default") == 0)
        return 0;
    /* Keys in the environment have precedence over a profile that a variable names. */
    if (!asked && read_env(settings, "AWS_ACCESS_KEY_ID"))
        return 0;
    return report_no_profile(settings, from, err);
}

/* ---- values ---- */

/* A value as text, and where it was found. */
struct found {
    const char *text;     /* NULL: not set */
    const char *variable; /* NULL: the key of the section */
    const struct aws_profile *section;
    const char *key, *sub_key;
    bool own; /* an endpoint: the setting is of one service */
};

static struct found find_value(const struct aws_settings *settings, const char *variable,
                               const char *key, const char *sub_key)
{
    struct found found = {.text = read_env(settings, variable),
                          .section = settings->profile,
                          .key = key,
                          .sub_key = sub_key};

    if (found.text)
        found.variable = variable;
    else if (sub_key)
        found.text = aws_profile_sub(settings->profile, key, sub_key);
    else if (key)
        found.text = aws_profile_get(settings->profile, key);
    if (found.text && !*found.text)
        found.text = NULL;
    return found;
}

static void format_place(const struct aws_settings *settings, const struct found *found, char *out,
                         size_t size)
{
    char key[128];

    if (found->variable) {
        snprintf(out, size, "%s", found->variable);
        return;
    }
    snprintf(key, sizeof key, "%s%s%s", found->key, found->sub_key ? "." : "",
             found->sub_key ? found->sub_key : "");
    aws_profile_place(settings->profiles, found->section, key, out, size);
}

/* Python programs drop an indented comment; here it belongs to the value. */
static int hint_at_lines(struct err *err)
{
    return err_hint(err, "the value has several lines: a line that begins with a blank, also a "
                         "comment, continues the value above");
}

/* Copies "false|true" as "false or true". */
static void list_words(const char *words, char *out, size_t size)
{
    for (size_t length; *words; words += length + (words[length] == '|')) {
        int used;

        length = strcspn(words, "|");
        used = snprintf(out, size, "%.*s%s", (int)length, words, words[length] ? " or " : "");
        out += used;
        size -= (size_t)used;
    }
}

static int refuse_value(const struct aws_settings *settings, const struct found *found,
                        const char *allowed, struct err *err)
{
    char place[PLACE_SIZE], words[128]; /* more than all lists of words */

    format_place(settings, found, place, sizeof place);
    list_words(allowed, words, sizeof words);
    err_set(err, ERR_USAGE, CODE_AWS_SETTING, "'%.64s' is not a value of %s", found->text, place);
    return strchr(found->text, '\n') ? hint_at_lines(err) : err_hint(err, "use %s", words);
}

/* Reads one of `words`, separated by "|", in any case. Stores its position from 1. A value that is
 * not set leaves *out unchanged. */
static int read_word(const struct aws_settings *settings, const struct found *found,
                     const char *words, unsigned *out, struct err *err)
{
    const char *word = words;

    if (!found->text)
        return 0;
    for (unsigned n = 1; *word; n++) {
        size_t size = strcspn(word, "|");

        if (strlen(found->text) == size && !strncasecmp(found->text, word, size)) {
            *out = n;
            return 0;
        }
        word += size + (word[size] == '|');
    }
    return refuse_value(settings, found, words, err);
}

static int read_number(const struct aws_settings *settings, const struct found *found,
                       unsigned *out, struct err *err)
{
    char *end;
    unsigned long number;

    if (!found->text)
        return 0;
    number = strtoul(found->text, &end, 10);
    if (found->text[0] < '0' || found->text[0] > '9' || *end || number < 1 || number > NUMBER_MAX)
        return refuse_value(settings, found, "a number from 1 to 1000", err);
    *out = (unsigned)number;
    return 0;
}

/* Reads a URL without the slash at its end. */
static int read_url(const struct aws_settings *settings, const struct found *found, char *out,
                    size_t size, struct err *err)
{
    const char *host = strstr(found->text, "://");
    size_t used = strlen(found->text);

    if ((strncasecmp(found->text, "http://", 7) != 0 &&
         strncasecmp(found->text, "https://", 8) != 0) ||
        !host[3] || host[3] == '/' || found->text[strcspn(found->text, " \t\r\n\"<>\\")] ||
        !str_copy(out, size, found->text))
        return refuse_value(settings, found, "a URL: https://HOST[:PORT]", err);
    while (out[used - 1] == '/')
        out[--used] = 0;
    return 0;
}

/* ---- the table of words ---- */

#define SWITCH_WORDS   "false|true"                   /* enum aws_switch */
#define RETRY_WORDS    "legacy|standard|adaptive"     /* enum aws_retry_mode */
#define CHECKSUM_WORDS "when_supported|when_required" /* enum aws_checksum */
#define STYLE_WORDS    "auto|virtual|path"            /* enum aws_addressing */

_Static_assert(sizeof(enum aws_switch) == sizeof(unsigned) &&
                   sizeof(enum aws_addressing) == sizeof(unsigned),
               "read_words stores all of them as unsigned");

#define AT(member) offsetof(struct aws_settings, member)

/* A later row of the same member has precedence. */
static const struct {
    const char *variable, *key;
    const char *sub_key; /* of `key` */
    const char *words;
    size_t member;
} WORDS[] = {
    {"AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", NULL, SWITCH_WORDS, AT(fips)},
    {"AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", NULL, SWITCH_WORDS, AT(dualstack)},
    {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls", NULL, SWITCH_WORDS,
     AT(ignore_endpoints)},
    {"AWS_RETRY_MODE", "retry_mode", NULL, RETRY_WORDS, AT(retry_mode)},
    {"AWS_REQUEST_CHECKSUM_CALCULATION", "request_checksum_calculation", NULL, CHECKSUM_WORDS,
     AT(request_checksum)},
    {"AWS_RESPONSE_CHECKSUM_VALIDATION", "response_checksum_validation", NULL, CHECKSUM_WORDS,
     AT(response_checksum)},
    {NULL, "s3", "addressing_style", STYLE_WORDS, AT(s3.addressing_style)},
    {NULL, "s3", "use_accelerate_endpoint", SWITCH_WORDS, AT(s3.use_accelerate_endpoint)},
    {NULL, "s3", "use_dualstack_endpoint", SWITCH_WORDS, AT(s3.use_dualstack_endpoint)},
    {NULL, "s3", "payload_signing_enabled", SWITCH_WORDS, AT(s3.payload_signing_enabled)},
    {NULL, "s3", "use_arn_region", SWITCH_WORDS, AT(s3.use_arn_region)},
    {"AWS_S3_USE_ARN_REGION", "s3_use_arn_region", NULL, SWITCH_WORDS, AT(s3.use_arn_region)},
    {NULL, "s3", "s3_disable_multiregion_access_points", SWITCH_WORDS,
     AT(s3.disable_multiregion_access_points)},
    {"AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS", "s3_disable_multiregion_access_points", NULL,
     SWITCH_WORDS, AT(s3.disable_multiregion_access_points)},
    {"AWS_S3_DISABLE_EXPRESS_SESSION_AUTH", "s3_disable_express_session_auth", NULL, SWITCH_WORDS,
     AT(s3.disable_express_session_auth)},
};

static int read_words(struct aws_settings *settings, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++) {
        struct found found =
            find_value(settings, WORDS[i].variable, WORDS[i].key, WORDS[i].sub_key);
        unsigned word = 0;

        if (read_word(settings, &found, WORDS[i].words, &word, err))
            return ERR_FAIL;
        if (word)
            memcpy((char *)settings + WORDS[i].member, &word, sizeof word);
    }
    return 0;
}

/* ---- other settings ---- */

static int read_region(struct aws_settings *settings, const char *asked, struct err *err)
{
    static const char *const variables[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
    struct found found = {.text = asked, .variable = "the region of s3dock"};
    char place[PLACE_SIZE];

    for (size_t i = 0; i < ARRAY_SIZE(variables) && !found.text; i++)
        found = find_value(settings, variables[i], NULL, NULL);
    if (!found.text)
        found = find_value(settings, NULL, "region", NULL);
    if (!found.text)
        return 0;
    if (aws_region_is_valid(found.text)) {
        str_copy(settings->region, sizeof settings->region, found.text);
        return 0;
    }
    format_place(settings, &found, place, sizeof place);
    err_set(err, ERR_USAGE, CODE_REGION, "'%.64s' (%s) is not a name of a region", found.text,
            place);
    return strchr(found.text, '\n') ? hint_at_lines(err)
                                    : err_hint(err, "a region has a name like eu-central-1");
}

static int read_ca_bundle(struct aws_settings *settings, struct err *err)
{
    struct found found = find_value(settings, "AWS_CA_BUNDLE", "ca_bundle", NULL);

    if (!found.text || str_copy(settings->ca_bundle, sizeof settings->ca_bundle, found.text))
        return 0;
    return refuse_value(settings, &found, "a shorter path", err);
}

static int read_imds(struct aws_settings *settings, struct err *err)
{
    struct aws_imds_settings *imds = &settings->imds;
    const char *disabled = read_env(settings, "AWS_EC2_METADATA_DISABLED");
    struct found url = find_value(settings, "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                                  "ec2_metadata_service_endpoint", NULL);
    struct found mode = find_value(settings, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                                   "ec2_metadata_service_endpoint_mode", NULL);
    struct found timeout =
        find_value(settings, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", NULL);
    struct found attempts = find_value(settings, "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
                                       "metadata_service_num_attempts", NULL);
    unsigned version = 0;

    imds->disabled = disabled && !strcasecmp(disabled, "true");
    imds->timeout = 1;
    if (read_word(settings, &mode, "IPv4|IPv6", &version, err) ||
        read_number(settings, &timeout, &imds->timeout, err) ||
        read_number(settings, &attempts, &imds->attempts, err))
        return ERR_FAIL;
    if (url.text)
        return read_url(settings, &url, imds->url, sizeof imds->url, err);
    str_copy(imds->url, sizeof imds->url, version == 2 ? IMDS_IPV6 : AWS_IMDS_URL);
    return 0;
}

static int read_attempts(struct aws_settings *settings, struct err *err)
{
    struct found found = find_value(settings, "AWS_MAX_ATTEMPTS", "max_attempts", NULL);

    return read_number(settings, &found, &settings->max_attempts, err);
}

/* The store interprets its endpoint, which may have no scheme. */
static int keep_endpoint(struct aws_settings *settings, const char *endpoint, struct err *err)
{
    const struct found found = {.text = endpoint, .variable = "the endpoint of s3dock"};

    if (!endpoint || str_copy(settings->endpoint, sizeof settings->endpoint, endpoint))
        return 0;
    return refuse_value(settings, &found, "a shorter URL", err);
}

int aws_settings_load(const struct aws_system *system, const struct aws_query *query,
                      struct aws_settings *out, struct err *err)
{
    *out = (struct aws_settings){.system = system};
    if (aws_profiles_load(system, &out->profiles, err) ||
        select_profile(out, query->profile, err) || read_words(out, err) ||
        read_region(out, query->region, err) || keep_endpoint(out, query->endpoint, err) ||
        read_ca_bundle(out, err) || read_attempts(out, err) || read_imds(out, err))
        return ERR_FAIL;
    return 0;
}

void aws_settings_finish(struct aws_settings *settings)
{
    aws_profiles_free(settings->profiles);
    memset(settings, 0, sizeof *settings);
}

/* ---- endpoints ---- */

/* Reads AWS_ENDPOINT_URL_S3 and the like. */
static struct found find_variable(const struct aws_settings *settings, enum aws_service service)
{
    static const char *const names[AWS_SERVICE_COUNT] = {
        [AWS_S3] = "AWS_ENDPOINT_URL_S3",         [AWS_STS] = "AWS_ENDPOINT_URL_STS",
        [AWS_SSO] = "AWS_ENDPOINT_URL_SSO",       [AWS_SSO_OIDC] = "AWS_ENDPOINT_URL_SSO_OIDC",
        [AWS_SIGNIN] = "AWS_ENDPOINT_URL_SIGNIN",
    };
    struct found found = find_value(settings, names[service], NULL, NULL);

    found.own = found.text != NULL;
    return found.text ? found : find_value(settings, "AWS_ENDPOINT_URL", NULL, NULL);
}

/* Reads the endpoint in the section that `services` of the profile names. */
static int find_in_services(const struct aws_settings *settings, enum aws_service service,
                            struct found *out, struct err *err)
{
    struct found name = find_value(settings, NULL, "services", NULL);
    char place[PLACE_SIZE];

    *out = (struct found){.key = aws_service_key(service), .sub_key = "endpoint_url", .own = true};
    if (!name.text)
        return 0;
    out->section = aws_profiles_find(settings->profiles, AWS_SERVICES, name.text);
    if (out->section) {
        out->text = aws_profile_sub(out->section, out->key, out->sub_key);
        return 0;
    }
    format_place(settings, &name, place, sizeof place);
    err_set(err, ERR_USAGE, CODE_AWS_CONFIG, "there is no section [services %.64s] in %s (%s)",
            name.text, aws_profiles_config_path(settings->profiles), place);
    aws_profiles_explain(settings->profiles, name.text, err);
    return ERR_FAIL;
}

static int find_endpoint(const struct aws_settings *settings, enum aws_service service,
                         struct found *out, struct err *err)
{
    *out = (struct found){0};
    if (service == AWS_S3 && settings->endpoint[0]) {
        *out = (struct found){
            .text = settings->endpoint, .variable = "the endpoint of s3dock", .own = true};
        return 0;
    }
    if (settings->ignore_endpoints == AWS_SWITCH_ON)
        return 0;
    *out = find_variable(settings, service);
    if (!out->text && find_in_services(settings, service, out, err))
        return ERR_FAIL;
    if (out->text && *out->text)
        return 0;
    *out = find_value(settings, NULL, "endpoint_url", NULL);
    return 0;
}

int aws_settings_endpoint(const struct aws_settings *settings, enum aws_service service, char *url,
                          size_t size, bool *configured, struct err *err)
{
    struct found found;

    *url = 0;
    *configured = false;
    if (find_endpoint(settings, service, &found, err))
        return ERR_FAIL;
    if (!found.text)
        return 0;
    *configured = true;
    if (read_url(settings, &found, url, size, err))
        return ERR_FAIL;
    if (settings->fips != AWS_SWITCH_ON && settings->dualstack != AWS_SWITCH_ON)
        return 0;
    err_set(err, ERR_USAGE, CODE_AWS_SETTING, "%s is on, but the endpoint of %s is %s",
            settings->fips == AWS_SWITCH_ON ? "use_fips_endpoint" : "use_dualstack_endpoint",
            aws_service_key(service), url);
    return err_hint(err, "only hosts of AWS have FIPS and dualstack endpoints: remove one of both "
                         "settings");
}

bool aws_settings_endpoint_place(const struct aws_settings *settings, enum aws_service service,
                                 char *out, size_t size)
{
    struct found found;
    struct err ignored;

    *out = 0;
    if (find_endpoint(settings, service, &found, &ignored) || !found.text)
        return false;
    format_place(settings, &found, out, size);
    return found.own;
}
