/* The request is not signed: the registration of the client in the body identifies it. */
#include "credentials/sso_oidc.h"

#include <stdio.h>
#include <string.h>

#include "aws/system.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/json.h"
#include "base/json_write.h"
#include "credentials/service_endpoint.h"
#include "credentials/source.h"
#include "credentials/sso_cache.h"
#include "credentials/web_call.h"

#define SERVICE      "AWS SSO OIDC"
#define BODY_MAX     (256 * KIB)       /* three fields, escaped */
#define LIFETIME_MAX (366 * 24 * 3600) /* seconds; a longer one is malformed */

static const struct json_limits limits = {.bytes = WEB_ANSWER_MAX, .depth = 8, .nodes = 512};

static void write_body(const struct sso_token *token, struct text *body)
{
    struct json_writer w;

    jw_init(&w, body, true);
    jw_object(&w, NULL);
    jw_string(&w, "clientId", token->client_id);
    jw_string(&w, "clientSecret", token->client_secret);
    jw_string(&w, "grantType", "refresh_token");
    jw_string(&w, "refreshToken", token->refresh_token);
    jw_end(&w);
}

/* ---- the response ---- */

/* Reads "error" and "error_description" of a refusal; "" where it has none. */
static void read_refusal(const struct web_answer *answer, char code[64], char reason[256])
{
    struct json *json = NULL;
    struct err ignored;

    code[0] = reason[0] = '\0';
    if (json_parse(&json, text_view(&answer->body), &limits, SERVICE, &ignored) < 0)
        return;
    json_string(json_get(json_root(json), "error"), code, 64);
    json_string(json_get(json_root(json), "error_description"), reason, 256);
    json_destroy(json);
}

static bool is_temporary(const struct web_answer *answer)
{
    char code[64], reason[256];

    if (web_call_is_busy(answer))
        return true;
    if (answer->status < 400)
        return false;
    read_refusal(answer, code, reason);
    return strcmp(code, "slow_down") == 0;
}

static int fail_with_refusal(const struct web_answer *answer, struct err *err)
{
    bool passes = is_temporary(answer);
    char code[64], reason[256];

    read_refusal(answer, code, reason);
    return err_set(err, passes ? ERR_NETWORK : ERR_AUTH, passes ? CODE_SERVICE : CODE_LOGIN,
                   SERVICE " refused to refresh the token: HTTP status %d%s%s%s%s", answer->status,
                   code[0] ? ", " : "", code, reason[0] ? ": " : "", reason);
}

static int use_answer(struct json_node root, int64_t now, struct sso_token *token, struct err *err)
{
    struct json_node refresh_token = json_get(root, "refreshToken");
    struct sso_token fresh = *token;
    int64_t seconds;
    int result = 0;

    if (!json_string(json_get(root, "accessToken"), fresh.access_token,
                     sizeof fresh.access_token) ||
        !sso_token_is_valid(fresh.access_token) ||
        !json_int(json_get(root, "expiresIn"), &seconds) || seconds <= 0 ||
        seconds > LIFETIME_MAX ||
        (json_present(refresh_token) &&
         !json_string(refresh_token, fresh.refresh_token, sizeof fresh.refresh_token))) {
        result = err_set(err, ERR_AUTH, CODE_ANSWER,
                         "the response of " SERVICE " has no valid accessToken and expiresIn");
    } else {
        fresh.expires = (now / NS_PER_S + seconds) * NS_PER_S;
        *token = fresh;
        sso_token_keep_secret(token);
    }
    sso_token_finish(&fresh);
    return result;
}

static int read_answer(const struct web_answer *answer, int64_t now, struct sso_token *token,
                       struct err *err)
{
    struct json *json = NULL;
    int result;

    if (answer->status != 200)
        return fail_with_refusal(answer, err);
    if (json_parse(&json, text_view(&answer->body), &limits, SERVICE, err) < 0)
        return err_set(err, ERR_AUTH, CODE_ANSWER,
                       "the response of " SERVICE " is no JSON document");
    result = use_answer(json_root(json), now, token, err);
    json_destroy(json);
    return result;
}

/* ---- the request ---- */

static int exchange_token(const struct aws_system *system, const char *url, unsigned tries,
                          struct sso_token *token, struct err *err)
{
    static const char *const headers[] = {"content-type: application/json"};
    const struct web_call call = {system, SERVICE, url, tries, is_temporary};
    struct web_request request = {
        .method = "POST", .url = url, .headers = headers, .header_count = 1};
    struct web_answer answer = {0};
    struct text body;
    int result = ERR_FAIL;

    text_init_secret(&body, BODY_MAX);
    text_init_secret(&answer.body, WEB_ANSWER_MAX);
    write_body(token, &body);
    request.body = text_view(&body);
    if (text_check(&body, "a request to " SERVICE, err) == 0 &&
        web_call_send(&call, &request, &answer, err) == 0)
        result = read_answer(&answer, system->now(system->arg), token, err);
    text_finish(&body);
    text_finish(&answer.body);
    return result;
}

int sso_oidc_refresh(const struct credential_context *ctx, const char *region, unsigned tries,
                     struct sso_token *token, struct err *err)
{
    struct service_endpoint endpoint;
    char url[AWS_URL_SIZE + sizeof "/token"];

    if (service_endpoint_find(ctx->settings, AWS_SSO_OIDC, region, &endpoint, err) < 0)
        return ERR_FAIL;
    snprintf(url, sizeof url, "%s/token", endpoint.url);
    if (exchange_token(ctx->system, url, tries, token, err) < 0)
        return service_endpoint_explain(&endpoint, ctx->settings, err);
    return 0;
}
