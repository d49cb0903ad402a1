/* The request is not signed: a proof with the key of the session identifies it (dpop.h). */
#include "credentials/signin.h"

#include <stdio.h>
#include <string.h>

#include "aws/settings.h"
#include "aws/system.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/json.h"
#include "base/json_write.h"
#include "base/log.h"
#include "credentials/dpop.h"
#include "credentials/login_cache.h"
#include "credentials/service_endpoint.h"
#include "credentials/source.h"
#include "credentials/web_call.h"
#include "os/memory.h"

#define SERVICE      "AWS Sign-In"
#define BODY_MAX     (128 * KIB)       /* three fields, escaped */
#define LIFETIME_MAX (366 * 24 * 3600) /* seconds; a longer one is malformed */

static const struct json_limits limits = {.bytes = WEB_ANSWER_MAX, .depth = 8, .nodes = 512};

/* ---- the response ---- */

static int refuse(const struct web_answer *answer, struct err *err)
{
    char code[64] = "";
    struct err ignored;
    struct json *json;

    if (web_call_is_busy(answer))
        return err_set(err, ERR_NETWORK, CODE_SERVICE, SERVICE " failed with HTTP status %d",
                       answer->status);
    if (json_parse(&json, text_view(&answer->body), &limits, SERVICE, &ignored) == 0) {
        json_string(json_get(json_root(json), "error"), code, sizeof code);
        json_destroy(json);
    }
    return err_set(err, ERR_AUTH, CODE_LOGIN,
                   SERVICE " refused to refresh the login: HTTP status %d%s%s", answer->status,
                   code[0] ? ", " : "", code);
}

static int refuse_answer(struct err *err)
{
    return err_set(err, ERR_AUTH, CODE_ANSWER,
                   "the response of " SERVICE " has no valid accessToken and expiresIn");
}

/* Reads the new keys. They have the account of the session. */
static int read_keys(struct json_node token, struct credentials *out, struct err *err)
{
    struct {
        char access_key[128], secret_key[256], session_token[CREDENTIALS_TOKEN_MAX];
    } keys = {.access_key = ""};
    bool good =
        json_string(json_get(token, "accessKeyId"), keys.access_key, sizeof keys.access_key) &&
        json_string(json_get(token, "secretAccessKey"), keys.secret_key, sizeof keys.secret_key) &&
        json_string(json_get(token, "sessionToken"), keys.session_token,
                    sizeof keys.session_token) &&
        keys.access_key[0] && keys.session_token[0] &&
        credentials_init(out, keys.access_key, keys.secret_key, keys.session_token, err) == 0;

    os_wipe(&keys, sizeof keys);
    return good ? 0 : refuse_answer(err);
}

static int use_answer(struct json_node root, int64_t now, struct login_session *session,
                      struct err *err)
{
    struct json_node refresh_token = json_get(root, "refreshToken");
    char account[sizeof session->set.account], text[LOGIN_REFRESH_MAX];
    struct credentials fresh = {0};
    int64_t seconds;

    if (!json_int(json_get(root, "expiresIn"), &seconds) || seconds <= 0 || seconds > LIFETIME_MAX)
        return refuse_answer(err);
    if (read_keys(json_get(root, "accessToken"), &fresh, err) < 0) {
        credentials_finish(&fresh);
        return ERR_FAIL;
    }
    if (json_string(refresh_token, text, sizeof text) && text[0])
        memcpy(session->refresh_token, text, sizeof text);
    os_wipe(text, sizeof text);
    memcpy(account, session->set.account, sizeof account);
    session->set = fresh;
    session->set.expiry = (now / NS_PER_S + seconds) * NS_PER_S;
    memcpy(session->set.account, account, sizeof account);
    credentials_finish(&fresh);
    log_secret(session->refresh_token);
    return 0;
}

static int read_answer(const struct web_answer *answer, int64_t now, struct login_session *session,
                       struct err *err)
{
    struct json *json;
    int result;

    if (answer->status != 200)
        return refuse(answer, err);
    if (json_parse(&json, text_view(&answer->body), &limits, SERVICE, err) < 0)
        return refuse_answer(err);
    result = use_answer(json_root(json), now, session, err);
    json_destroy(json);
    return result;
}

/* ---- the request ---- */

static void write_body(const struct login_session *session, struct text *body)
{
    struct json_writer w;

    jw_init(&w, body, true);
    jw_object(&w, NULL);
    jw_string(&w, "clientId", session->client_id);
    jw_string(&w, "grantType", "refresh_token");
    jw_string(&w, "refreshToken", session->refresh_token);
    jw_end(&w);
}

static int exchange_token(const struct aws_system *system, const char *url, unsigned tries,
                          struct login_session *session, struct err *err)
{
    char proof[sizeof "dpop: " + DPOP_PROOF_MAX] = "dpop: ";
    const char *const headers[] = {"content-type: application/json", proof};
    const struct web_call call = {system, SERVICE, url, tries, web_call_is_busy};
    struct web_request request = {
        .method = "POST", .url = url, .headers = headers, .header_count = ARRAY_SIZE(headers)};
    struct web_answer answer = {0};
    _cleanup_text_ struct text body = {0};
    int result = ERR_FAIL;

    text_init_secret(&body, BODY_MAX);
    write_body(session, &body);
    if (dpop_proof(session->key, "POST", url, system->now(system->arg), proof + strlen(proof),
                   err) < 0 ||
        text_check(&body, "a request to " SERVICE, err) < 0)
        return ERR_FAIL;
    request.body = text_view(&body);
    text_init_secret(&answer.body, WEB_ANSWER_MAX);
    if (web_call_send(&call, &request, &answer, err) == 0)
        result = read_answer(&answer, system->now(system->arg), session, err);
    text_finish(&answer.body);
    return result;
}

int signin_refresh(const struct credential_context *ctx, unsigned tries,
                   struct login_session *session, struct err *err)
{
    struct service_endpoint endpoint;
    char url[AWS_URL_SIZE + sizeof "/v1/token"];

    if (service_endpoint_find(ctx->settings, AWS_SIGNIN, ctx->settings->region, &endpoint, err) < 0)
        return ERR_FAIL;
    snprintf(url, sizeof url, "%s/v1/token", endpoint.url);
    if (exchange_token(ctx->system, url, tries, session, err) < 0)
        return service_endpoint_explain(&endpoint, ctx->settings, err);
    return 0;
}
