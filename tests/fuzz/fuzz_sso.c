/*
 * One of the three documents of SSO is any bytes: the token file, the response of the portal, or
 * that of OIDC. The first byte selects it, and the status of the responses.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws/settings.h"
#include "aws/system.h"
#include "base/err.h"
#include "base/json.h"
#include "credentials/credentials.h"
#include "credentials/source.h"
#include "credentials/sso.h"
#include "tests/fuzz/still_clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum document { TOKEN_FILE, PORTAL, OIDC, DOCUMENTS };

static const char CONFIG[] = "[default]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n"
                             "[sso-session s]\nsso_region = us-east-1\nsso_start_url = u\n";
static const char FILE_THAT_ENDS[] =
    "{\"accessToken\":\"a\",\"expiresAt\":\"2026-03-01T10:01:00Z\",\"refreshToken\":\"r\","
    "\"clientId\":\"i\",\"clientSecret\":\"s\",\"registrationExpiresAt\":\"2027-01-01T00:00:00Z\"}";
static const char KEYS[] = "{\"roleCredentials\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"S\","
                           "\"sessionToken\":\"T\",\"expiration\":1772377200000}}";
static const char FRESH[] = "{\"accessToken\":\"b\",\"expiresIn\":3600}";

struct fuzzed {
    enum document document;
    int status;
    struct view bytes;
};

static const char *get_env(void *arg, const char *name)
{
    (void)arg;
    return strcmp(name, "HOME") == 0 ? "/h" : NULL;
}

static void add_document(const struct fuzzed *it, enum document document, const char *normal,
                         struct text *out)
{
    if (it && it->document == document)
        text_add(out, it->bytes.data, it->bytes.size);
    else
        text_str(out, normal);
}

static int read_file(void *arg, const char *path, size_t most, struct text *out, struct err *err)
{
    if (strcmp(path, "/h/.aws/config") == 0)
        text_str(out, CONFIG);
    else if (strstr(path, "/sso/cache/"))
        add_document(arg, TOKEN_FILE, FILE_THAT_ENDS, out);
    else
        return SYSTEM_ABSENT;
    return out->size > most ? ERR_FAIL : text_check(out, path, err);
}

/* The written document can be read again. */
static int write_file(void *arg, const char *path, struct view content, struct err *err)
{
    const struct json_limits limits = {.bytes = 1 << 20, .depth = 8, .nodes = 512};
    struct json *json;

    (void)arg;
    if (json_parse(&json, content, &limits, path, err) < 0)
        abort();
    json_destroy(json);
    return 0;
}

static enum web_result send_bytes(void *arg, const struct web_request *request,
                                  struct web_answer *answer, struct err *err)
{
    const struct fuzzed *it = arg;
    bool portal = strstr(request->url, "portal");
    enum document document = portal ? PORTAL : OIDC;

    (void)err;
    answer->status = it->document == document ? it->status : 200;
    add_document(it, document, portal ? KEYS : FRESH, &answer->body);
    return answer->body.failed ? WEB_BROKEN : WEB_ANSWERED;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int STATUSES[] = {200, 200, 302, 400, 401, 403, 429, 500};
    static struct aws_settings settings;
    static struct sso_memory memory;
    static struct credentials out;
    static struct aws_system system = {.get_env = get_env,
                                       .read_file = read_file,
                                       .write_file = write_file,
                                       .now = still_now,
                                       .wait = still_wait,
                                       .send = send_bytes};
    const struct credential_context ctx = {&system, &settings};
    const struct aws_query query = {NULL};
    struct err err = {0};
    struct fuzzed it;

    system.arg = NULL;
    if (!settings.system && aws_settings_load(&system, &query, &settings, &err) < 0)
        abort();
    if (size < 1)
        return 0;
    it = (struct fuzzed){(enum document)(data[0] % DOCUMENTS), STATUSES[data[0] / DOCUMENTS % 8],
                         view_of(data + 1, size - 1)};
    system.arg = &it;
    memory = (struct sso_memory){0};
    if (sso_credentials(&ctx, settings.profile, &memory, &out, &err) == SOURCE_FOUND &&
        (!out.access_key[0] || !out.session_token[0] || !out.expiry))
        abort();
    return 0;
}
