/* The request has the token in a header, and is not signed. */
#include "credentials/sso_portal.h"

#include <stdio.h>
#include <string.h>

#include "aws/system.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/json.h"
#include "credentials/credentials.h"
#include "credentials/service_endpoint.h"
#include "credentials/source.h"
#include "credentials/sso_cache.h"
#include "credentials/web_call.h"
#include "os/memory.h"

#define SERVICE     "the portal of AWS SSO"
#define PATH        "/federation/credentials"
#define URL_MAX     (AWS_URL_SIZE + 1024)
#define SECONDS_MAX INT64_C(9000000000) /* of an expiration: ns of it fit 64 bits */

static const struct json_limits limits = {.bytes = WEB_ANSWER_MAX, .depth = 8, .nodes = 512};

/* ---- the response ---- */

static int fail_with_status(const struct sso_role *role, const struct web_answer *answer,
                            const char *message, struct err *err)
{
    const char *colon = message[0] ? ": " : "";

    if (web_call_is_busy(answer))
        return err_set(err, ERR_NETWORK, CODE_SERVICE, SERVICE " fails: HTTP status %d%s%s",
                       answer->status, colon, message);
    if (answer->status == 401)
        return err_set(err, ERR_AUTH, CODE_LOGIN, SERVICE " does not accept the token%s%s", colon,
                       message);
    if (answer->status < 400)
        return err_set(err, ERR_AUTH, CODE_ANSWER, SERVICE " gave HTTP status %d instead of keys",
                       answer->status);
    err_set(err, ERR_AUTH, CODE_DENIED,
            SERVICE " refused role %s in account %s: HTTP status %d%s%s", role->name, role->account,
            answer->status, colon, message);
    if (answer->status == 403 || answer->status == 404)
        err_hint(err, "the role must be assigned to you in this account: check sso_role_name and "
                      "sso_account_id with: aws sso list-account-roles");
    return ERR_FAIL;
}

static int fail_with_answer(const struct sso_role *role, const struct web_answer *answer,
                            struct err *err)
{
    char message[256] = "";
    struct json *json = NULL;

    if (json_parse(&json, text_view(&answer->body), &limits, SERVICE, err) == 0) {
        json_string(json_get(json_root(json), "message"), message, sizeof message);
        json_destroy(json);
    }
    return fail_with_status(role, answer, message, err);
}

struct keys {
    char access_key[128], secret_key[256], token[CREDENTIALS_TOKEN_MAX];
};

/* Copies the members of roleCredentials. Returns the name of the first that is missing or
 * malformed; NULL if there is none. */
static const char *read_keys(struct json_node node, struct keys *keys, int64_t *expiry)
{
    int64_t ms;

    if (!json_string(json_get(node, "accessKeyId"), keys->access_key, sizeof keys->access_key) ||
        !keys->access_key[0])
        return "accessKeyId";
    if (!json_string(json_get(node, "secretAccessKey"), keys->secret_key,
                     sizeof keys->secret_key) ||
        !keys->secret_key[0])
        return "secretAccessKey";
    if (!json_string(json_get(node, "sessionToken"), keys->token, sizeof keys->token) ||
        !keys->token[0])
        return "sessionToken";
    if (!json_int(json_get(node, "expiration"), &ms) || ms < 0 || ms / 1000 > SECONDS_MAX)
        return "expiration";
    *expiry = ms * NS_PER_MS;
    return NULL;
}

static int use_keys(const struct keys *keys, int64_t expiry, int64_t offset, int64_t now,
                    struct credentials *out, struct err *err)
{
    char until[CLOCK_RFC3339_SIZE];

    clock_rfc3339(expiry, until);
    if (expiry <= now + offset)
        return err_set(err, ERR_AUTH, CODE_ANSWER, SERVICE " gave keys that have expired, at %s",
                       until);
    if (credentials_init(out, keys->access_key, keys->secret_key, keys->token, err) < 0) {
        str_copy(err->code, sizeof err->code, CODE_ANSWER);
        return err_wrap(err, "the response of " SERVICE);
    }
    out->expiry = expiry;
    out->clock_offset = offset;
    return 0;
}

static int read_document(const struct web_answer *answer, const char *place, int64_t now,
                         struct credentials *out, struct err *err)
{
    struct keys keys = {0};
    const char *missing;
    struct json *json = NULL;
    int64_t expiry = 0;
    int result;

    if (json_parse(&json, text_view(&answer->body), &limits, SERVICE, err) < 0)
        return err_set(err, ERR_AUTH, CODE_ANSWER,
                       "the response of " SERVICE " is no JSON document");
    missing = read_keys(json_get(json_root(json), "roleCredentials"), &keys, &expiry);
    if (missing)
        result = err_set(err, ERR_AUTH, CODE_ANSWER, "the response of " SERVICE " has no valid %s",
                         missing);
    else
        result = use_keys(&keys, expiry, web_call_clock_offset(answer, place, now), now, out, err);
    os_wipe(&keys, sizeof keys);
    json_destroy(json);
    return result;
}

/* ---- the request ---- */

static int request_keys(const struct credential_context *ctx, const char *place, const char *url,
                        const char *header, struct web_answer *answer, struct err *err)
{
    const struct web_call call = {ctx->system, SERVICE, place, web_call_tries(ctx->settings),
                                  web_call_is_busy};
    const struct web_request request = {
        .method = "GET", .url = url, .headers = &header, .header_count = 1};

    return web_call_send(&call, &request, answer, err);
}

static int exchange(const struct credential_context *ctx, const struct sso_role *role,
                    const char *place, const char *token, struct credentials *out, struct err *err)
{
    struct web_answer answer = {0};
    struct text url, header;
    int result = ERR_FAIL;

    text_init(&url, URL_MAX);
    text_init_secret(&header, SSO_TOKEN_MAX + 64);
    text_init_secret(&answer.body, WEB_ANSWER_MAX);
    text_printf(&url, "%s" PATH "?role_name=", place);
    text_percent(&url, role->name, "");
    text_str(&url, "&account_id=");
    text_percent(&url, role->account, "");
    text_printf(&header, "x-amz-sso_bearer_token: %s", token);
    if (text_check(&url, "the URL of " SERVICE, err) == 0 &&
        text_check(&header, "the token of AWS SSO", err) == 0 &&
        request_keys(ctx, place, url.data, header.data, &answer, err) == 0) {
        result = answer.status == 200
                     ? read_document(&answer, place, ctx->system->now(ctx->system->arg), out, err)
                     : fail_with_answer(role, &answer, err);
    }
    text_finish(&url);
    text_finish(&header);
    text_finish(&answer.body);
    return result;
}

int sso_portal_credentials(const struct credential_context *ctx, const struct sso_role *role,
                           const char *token, struct credentials *out, struct err *err)
{
    struct service_endpoint endpoint;

    if (service_endpoint_find(ctx->settings, AWS_SSO, role->region, &endpoint, err) < 0)
        return ERR_FAIL;
    if (exchange(ctx, role, endpoint.url, token, out, err) < 0)
        return service_endpoint_explain(&endpoint, ctx->settings, err);
    if (strspn(role->account, "0123456789") == strlen(role->account))
        str_copy(out->account, sizeof out->account, role->account);
    return 0;
}
