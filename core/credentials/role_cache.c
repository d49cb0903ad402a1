/*
 * The name of the file is the SHA-1 of the parameters as Python's json.dumps writes them with
 * sorted names. A session with parameters that json.dumps escapes is not searched.
 */
#include "credentials/role_cache.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "aws/system.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "credentials/answer.h"
#include "credentials/credentials.h"
#include "credentials/source.h"

#define CACHE_MAX (64 * KIB)
#define NAMES_MAX (8 * KIB)

static const struct json_limits limits = {.bytes = CACHE_MAX, .depth = 8, .nodes = 512};

static bool is_plain(const char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text >= 0x7f || *text == '"' || *text == '\\')
            return false;
    return true;
}

/* Returns false if a value would be escaped. */
static bool write_names(const struct role_session *session, struct text *out)
{
    const struct {
        const char *name, *value, *quote;
    } parts[] = {{"DurationSeconds", session->duration, ""},
                 {"ExternalId", session->external_id, "\""},
                 {"RoleArn", session->role_arn, "\""},
                 {"RoleSessionName", session->session_name, "\""},
                 {"SerialNumber", session->mfa_serial, "\""}};

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        if (!parts[i].value)
            continue;
        if (!is_plain(parts[i].value))
            return false;
        text_printf(out, "%s\"%s\": %s%s%s", out->size ? ", " : "{", parts[i].name, parts[i].quote,
                    parts[i].value, parts[i].quote);
    }
    text_char(out, '}');
    return !out->failed;
}

static bool find_file(const struct aws_system *system, const struct role_session *session,
                      char path[PATH_MAX])
{
    const char *home = system->get_env(system->arg, "HOME");
    char sum[2 * SHA1_SIZE + 1];
    uint8_t digest[SHA1_SIZE];
    _cleanup_text_ struct text names = {0};

    text_init(&names, NAMES_MAX);
    if (!home || !*home || !write_names(session, &names))
        return false;
    sha1_of(text_view(&names), digest);
    hex_encode(digest, sizeof digest, sum);
    return snprintf(path, PATH_MAX, "%s/.aws/cli/cache/%s.json", home, sum) < PATH_MAX;
}

static int read_document(const struct text *file, int64_t now, struct credentials *out)
{
    const struct credential_answer_rules rules = {.what = "a session of the AWS CLI",
                                                  .code = CODE_ANSWER};
    struct json *json = NULL;
    struct err err;
    int result;

    if (json_parse(&json, text_view(file), &limits, rules.what, &err) < 0)
        return SOURCE_ABSENT;
    result = credential_answer_read(json_raw(json_get(json_root(json), "Credentials")), &rules, now,
                                    out, &err);
    json_destroy(json);
    return result == 0 && out->session_token[0] && out->expiry ? SOURCE_FOUND : SOURCE_ABSENT;
}

int role_cache_read(const struct aws_system *system, const struct role_session *session,
                    struct credentials *out)
{
    _cleanup_text_ struct text file = {0};
    char path[PATH_MAX];
    struct err err;

    text_init_secret(&file, CACHE_MAX);
    if (!find_file(system, session, path) ||
        system->read_file(system->arg, path, CACHE_MAX, &file, &err) != SYSTEM_OK)
        return SOURCE_ABSENT;
    return read_document(&file, system->now(system->arg), out);
}
