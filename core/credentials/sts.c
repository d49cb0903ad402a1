/*
 * A call has four steps: the endpoint, the form, the signature, and the response. The signature is
 * made once for all tries: it is valid for minutes. If STS refuses it because of the time, the call
 * is repeated once with the time of the response.
 */
#include "credentials/sts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sigv4.h"
#include "aws/system.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "credentials/credentials.h"
#include "credentials/service_endpoint.h"
#include "credentials/source.h"
#include "credentials/sts_answer.h"
#include "credentials/sts_remedy.h"
#include "credentials/web_call.h"

#define FORM_MAX    (128 * KIB) /* a token of 20,000 bytes, each escaped to three */
#define HEADERS_MAX (20 * KIB)
#define URL_MAX     (AWS_URL_SIZE + 1)

struct call {
    const struct credential_context *ctx;
    const struct sts_request *request;
    struct service_endpoint endpoint;
    char url[URL_MAX]; /* with the slash */
    struct text form;
    int64_t ahead; /* ns that the clock of STS is ahead of this one */
};

/* ---- the request ---- */

static int64_t now_of(const struct call *call)
{
    return call->ctx->system->now(call->ctx->system->arg);
}

static void write_form(struct call *call)
{
    const struct sts_request *request = call->request;

    text_printf(&call->form, "Action=%s&Version=2011-06-15", request->action);
    for (unsigned i = 0; i < request->field_count; i++) {
        if (!request->fields[i].value)
            continue;
        text_printf(&call->form, "&%s=", request->fields[i].name);
        text_percent(&call->form, request->fields[i].value, "");
    }
}

/* Copies host and port as the header Host has them: without the default port. Returns the path. */
static const char *split_url(const char *url, char *host, size_t size)
{
    bool tls = strncmp(url, "https://", 8) == 0;
    const char *start = url + (tls ? 8 : 7);
    const char *path = start + strcspn(start, "/");
    const char *port = tls ? ":443" : ":80";
    size_t length = (size_t)(path - start), tail = strlen(port);

    if (length > tail && strncmp(path - tail, port, tail) == 0)
        length -= tail;
    snprintf(host, size, "%.*s", (int)length, start);
    return path;
}

#define CONTENT_TYPE "application/x-www-form-urlencoded; charset=utf-8"

/* Adds the lines of the signature to `lines`, each with its NUL. */
static int sign_request(const struct call *call, struct text *lines, struct err *err)
{
    const struct credentials *signer = call->request->signer;
    int64_t now = now_of(call) + call->ahead;
    char host[URL_MAX], stamp[CLOCK_AMZ_SIZE], payload[SHA256_HEX_SIZE];
    char authorization[SIGV4_AUTHORIZATION_MAX];
    uint8_t digest[SHA256_SIZE];
    const char *path = split_url(call->url, host, sizeof host);
    const struct sigv4_header headers[] = {{"content-type", CONTENT_TYPE},
                                           {"host", host},
                                           {"x-amz-date", stamp},
                                           {"x-amz-security-token", signer->session_token}};
    const struct sigv4_request request = {.method = "POST",
                                          .path = path,
                                          .query = "",
                                          .headers = headers,
                                          .header_count = signer->session_token[0] ? 4 : 3,
                                          .payload_hash = payload};
    const struct sigv4_key key = {signer->access_key, signer->secret_key, call->endpoint.region,
                                  "sts"};

    clock_amz(now, stamp);
    sha256_of(text_view(&call->form), digest);
    hex_encode(digest, sizeof digest, payload);
    if (sigv4_sign(&request, &key, now, authorization, err) < 0)
        return ERR_FAIL;
    text_printf(lines, "authorization: %s%c", authorization, 0);
    text_printf(lines, "x-amz-date: %s%c", stamp, 0);
    if (signer->session_token[0])
        text_printf(lines, "x-amz-security-token: %s%c", signer->session_token, 0);
    return 0;
}

/* Returns true for the statuses of a server without this interface: a store, a web server. */
static bool is_no_sts(const struct web_answer *answer)
{
    return answer->status == 404 || answer->status == 405 || answer->status == 501;
}

static bool is_temporary(const struct web_answer *answer)
{
    struct sts_refusal refusal;

    if (web_call_is_busy(answer))
        return !is_no_sts(answer);
    return answer->status >= 400 && sts_refusal_read(text_view(&answer->body), &refusal) &&
           sts_refusal_is_temporary(&refusal);
}

static int send_form(const struct call *call, struct web_answer *answer, struct err *err)
{
    const struct web_call repeated = {call->ctx->system, "AWS STS", call->url,
                                      web_call_tries(call->ctx->settings), is_temporary};
    const char *headers[4] = {"content-type: " CONTENT_TYPE};
    struct web_request request = {.method = "POST",
                                  .url = call->url,
                                  .headers = headers,
                                  .header_count = 1,
                                  .body = text_view(&call->form)};
    struct text _cleanup_text_ lines;

    text_init_secret(&lines, HEADERS_MAX);
    if (call->request->signer && sign_request(call, &lines, err) < 0)
        return ERR_FAIL;
    if (text_check(&lines, "the headers of a request to AWS STS", err) < 0)
        return ERR_FAIL;
    for (const char *line = lines.data; line < lines.data + lines.size; line += strlen(line) + 1)
        headers[request.header_count++] = line;
    return web_call_send(&repeated, &request, answer, err);
}

/* ---- the response ---- */

/* Returns true if the refusal is due to the clock of this machine, and corrects it. */
static bool correct_clock(struct call *call, const struct web_answer *answer)
{
    struct sts_refusal refusal;

    if (call->ahead || answer->status < 400 ||
        !sts_refusal_read(text_view(&answer->body), &refusal) || !sts_refusal_is_of_time(&refusal))
        return false;
    call->ahead = web_call_clock_offset(answer, call->url, now_of(call));
    if (call->ahead)
        log_info("the clock of this machine differs from that of AWS STS by %lld s",
                 (long long)(call->ahead / NS_PER_S));
    return call->ahead;
}

static int fail_without_document(const struct call *call, const struct web_answer *answer,
                                 struct err *err)
{
    if (web_call_is_busy(answer) && !is_no_sts(answer))
        return err_set(err, ERR_NETWORK, CODE_SERVICE, "AWS STS at %s fails: HTTP status %d",
                       call->url, answer->status);
    return err_set(err, ERR_AUTH, CODE_ANSWER, "%s does not respond like AWS STS: HTTP status %d",
                   call->url, answer->status);
}

static int fail_with_refusal(const struct call *call, const struct sts_refusal *refusal,
                             const struct web_answer *answer, struct err *err)
{
    bool passes = web_call_is_busy(answer) || sts_refusal_is_temporary(refusal);
    bool named = call->endpoint.configured;

    err_set(err, passes ? ERR_NETWORK : ERR_AUTH, passes ? CODE_SERVICE : CODE_DENIED,
            "AWS STS%s%s refused %s of %s: %s: %s", named ? " at " : "", named ? call->url : "",
            call->request->action, call->request->role_arn, refusal->code, refusal->message);
    sts_remedy_hint(refusal, call->request->signer, call->request->proof, err);
    return ERR_FAIL;
}

static int read_answer(const struct call *call, const struct web_answer *answer,
                       struct credentials *out, struct err *err)
{
    int64_t now = now_of(call), offset = web_call_clock_offset(answer, call->url, now);
    struct sts_refusal refusal;

    if (answer->status != 200) {
        if (answer->status >= 400 && !is_no_sts(answer) &&
            sts_refusal_read(text_view(&answer->body), &refusal))
            return fail_with_refusal(call, &refusal, answer, err);
        return fail_without_document(call, answer, err);
    }
    if (sts_answer_read(text_view(&answer->body), now + offset, out, err) < 0)
        return ERR_FAIL;
    out->clock_offset = offset;
    return 0;
}

static int exchange(struct call *call, struct credentials *out, struct err *err)
{
    struct web_answer answer = {0};
    int result;

    text_init_secret(&answer.body, WEB_ANSWER_MAX);
    do
        result = send_form(call, &answer, err);
    while (result == 0 && correct_clock(call, &answer));
    if (result == 0)
        result = read_answer(call, &answer, out, err);
    text_finish(&answer.body);
    if (result < 0)
        return service_endpoint_explain(&call->endpoint, call->ctx->settings, err);
    return 0;
}

int sts_assume(const struct credential_context *ctx, const struct sts_request *request,
               struct credentials *out, struct err *err)
{
    struct call call = {.ctx = ctx, .request = request};
    int result = ERR_FAIL;

    if (service_endpoint_find(ctx->settings, AWS_STS, ctx->settings->region, &call.endpoint, err) <
        0)
        return ERR_FAIL;
    snprintf(call.url, sizeof call.url, "%s/", call.endpoint.url);
    text_init_secret(&call.form, FORM_MAX);
    write_form(&call);
    if (text_check(&call.form, "a request to AWS STS", err) == 0)
        result = exchange(&call, out, err);
    text_finish(&call.form);
    return result;
}
