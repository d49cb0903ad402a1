/*
 * The URL is parsed by libcurl, which also sends the request: two parsers could disagree about the
 * host. The authorization token goes to the endpoint in plain text, so plain http is limited to
 * addresses that stay on the host.
 */
#include "credentials/container.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "aws/system.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/log.h"
#include "credentials/answer.h"
#include "credentials/credentials.h"
#include "credentials/metadata_send.h"
#include "credentials/source.h"
#include "os/address.h"

#define RELATIVE_URI "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL_URI     "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define TOKEN        "AWS_CONTAINER_AUTHORIZATION_TOKEN"
#define TOKEN_FILE   "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
#define ECS_ADDRESS  "http://169.254.170.2"
#define TOKEN_MAX    (20 * KIB)
#define CONNECT_TIME (2 * NS_PER_S)
#define TOTAL_TIME   (7 * NS_PER_S)

#define TRIES 3
#define PAUSE NS_PER_S

/* Returns the value of a variable; "" if it is not set. */
static const char *read_env(const struct aws_system *system, const char *name)
{
    const char *value = system->get_env(system->arg, name);

    return value ? value : "";
}

/* ---- URL ---- */

struct endpoint {
    char host[256]; /* IPv6 in brackets; numbers in their usual form */
    bool https;
    char name[300]; /* for messages; without the path, in which ECS puts a secret id */
};

static void copy_part(CURLU *url, CURLUPart part, char *out, size_t size)
{
    char *text = NULL;

    out[0] = '\0';
    if (curl_url_get(url, part, &text, 0) == CURLUE_OK && !str_copy(out, size, text))
        out[0] = '\0';
    curl_free(text);
}

static bool parse_url(const char *text, struct endpoint *out)
{
    CURLU *url = curl_url();
    char scheme[8] = "", user[8] = "";
    bool good = url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK;

    if (good) {
        copy_part(url, CURLUPART_SCHEME, scheme, sizeof scheme);
        copy_part(url, CURLUPART_USER, user, sizeof user);
        copy_part(url, CURLUPART_HOST, out->host, sizeof out->host);
    }
    curl_url_cleanup(url);
    out->https = strcmp(scheme, "https") == 0;
    return good && (out->https || strcmp(scheme, "http") == 0) && out->host[0] && !user[0] &&
           !strchr(text, '@');
}

static bool is_loopback(const char *host)
{
    uint8_t address[4];

    if (os_parse_ipv4(host, address))
        return address[0] == 127;
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0;
}

static bool stays_on_host(const char *host)
{
    return is_loopback(host) || strcmp(host, "169.254.170.2") == 0 ||
           strcmp(host, "169.254.170.23") == 0 || strcasecmp(host, "[fd00:ec2::23]") == 0;
}

static int refuse_variable(struct err *err, const char *name, const char *why)
{
    return err_set(err, ERR_USAGE, CODE_AWS_SETTING, "%s %s", name, why);
}

static int check_full(const char *url, struct endpoint *endpoint, struct err *err)
{
    if (!parse_url(url, endpoint))
        return refuse_variable(err, FULL_URI, "is no URL of http or https with a host");
    if (!endpoint->https && !stays_on_host(endpoint->host))
        return err_set(err, ERR_USAGE, CODE_AWS_SETTING,
                       FULL_URI " names http://%s; plain http is allowed to loopback, "
                                "169.254.170.2, 169.254.170.23 and [fd00:ec2::23] only",
                       endpoint->host);
    return 0;
}

/* Returns the length of scheme, host and port. */
static size_t host_end(const char *url)
{
    const char *host = strstr(url, "://");

    return host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/?#") : 0;
}

static int find_endpoint(const struct aws_system *system, char url[CONTAINER_URL_MAX],
                         struct endpoint *endpoint, struct err *err)
{
    const char *relative = read_env(system, RELATIVE_URI), *full = read_env(system, FULL_URI);
    const char *name = *relative ? RELATIVE_URI : FULL_URI;
    int size;

    *endpoint = (struct endpoint){{0}};
    if (!*relative && !*full)
        return SOURCE_ABSENT;
    if (*relative && *relative != '/')
        return refuse_variable(err, name, "does not begin with a slash");
    size = snprintf(url, CONTAINER_URL_MAX, "%s%s", *relative ? ECS_ADDRESS : "",
                    *relative ? relative : full);
    if (size >= CONTAINER_URL_MAX)
        return refuse_variable(err, name, "is too long");
    for (const char *c = url; *c; c++)
        if (*c <= ' ' || *c > '~')
            return refuse_variable(err, name, "has a blank or a character that is not ASCII");
    snprintf(endpoint->name, sizeof endpoint->name, "%.*s", (int)host_end(url), url);
    return *relative ? 0 : check_full(url, endpoint, err);
}

int container_url(const struct aws_system *system, char url[CONTAINER_URL_MAX], struct err *err)
{
    struct endpoint endpoint;

    return find_endpoint(system, url, &endpoint, err);
}

/* ---- authorization ---- */

static int read_token_file(const struct aws_system *system, const char *path, struct text *token,
                           struct err *err)
{
    struct err reason;
    int result = system->read_file(system->arg, path, TOKEN_MAX, token, &reason);

    if (result < 0)
        return err_set(err, ERR_AUTH, CODE_TOKEN_FILE, "the file of " TOKEN_FILE ": %s",
                       reason.text);
    if (result == SYSTEM_ABSENT)
        return err_set(err, ERR_AUTH, CODE_TOKEN_FILE, "the file of " TOKEN_FILE " is missing: %s",
                       path);
    if (token->size == 0)
        return err_set(err, ERR_AUTH, CODE_TOKEN_FILE, "the file of " TOKEN_FILE " is empty: %s",
                       path);
    return 0;
}

/* A line end in the token would begin another header. */
static int check_token(const struct text *token, const char *name, struct err *err)
{
    for (size_t i = 0; i < token->size; i++)
        if ((unsigned char)token->data[i] < ' ' || token->data[i] == 0x7f)
            return refuse_variable(err, name,
                                   "has a line end or another control character in its token");
    log_secret(token->data);
    return 0;
}

/* Reads the token that the variables give, if any. */
static int read_token(const struct aws_system *system, struct text *token, struct err *err)
{
    const char *path = read_env(system, TOKEN_FILE), *value = read_env(system, TOKEN);

    if (*path && read_token_file(system, path, token, err) < 0)
        return ERR_FAIL;
    if (!*path)
        text_str(token, value);
    return text_check(token, TOKEN, err) < 0 ? ERR_FAIL
                                             : check_token(token, *path ? TOKEN_FILE : TOKEN, err);
}

/* ---- request ---- */

static int fail_without_response(const struct endpoint *endpoint, struct err *err)
{
    if (err->family == ERR_CANCELLED)
        return ERR_FAIL;
    err_set(err, ERR_AUTH, CODE_SOURCE, "no credentials from the container endpoint %s: %s",
            endpoint->name, err->text);
    return err_hint(err, "check that the task or pod has a role, and that its agent runs");
}

static int fail_with_status(const struct endpoint *endpoint, const struct web_answer *answer,
                            struct err *err)
{
    char reason[384];

    credential_answer_reason(text_view(&answer->body), reason, sizeof reason);
    err_set(err, ERR_AUTH, CODE_SOURCE, "the container endpoint %s returned status %d%s",
            endpoint->name, answer->status, reason);
    return err_hint(err, "check that the task or pod has a role, and that its authorization token "
                         "is valid");
}

static int read_response(const struct aws_system *system, const struct endpoint *endpoint,
                         const struct web_answer *answer, struct credentials *out, struct err *err)
{
    const struct credential_answer_rules rules = {.what = "the document of the container endpoint",
                                                  .code = CODE_ANSWER};

    if (answer->status != 200)
        return fail_with_status(endpoint, answer, err);
    if (credential_answer_read(text_view(&answer->body), &rules, system->now(system->arg), out,
                               err) < 0)
        return ERR_FAIL;
    out->kind = CREDENTIALS_CONTAINER;
    snprintf(out->source, sizeof out->source, "container endpoint %.160s", endpoint->name);
    return SOURCE_FOUND;
}

static int request_document(const struct aws_system *system, const char *url,
                            const struct endpoint *endpoint, const struct text *token,
                            struct credentials *out, struct err *err)
{
    const char *headers[2] = {"accept: application/json", token->data};
    const struct web_request request = {
        .method = "GET",
        .url = url,
        .headers = headers,
        .header_count = token->size ? 2 : 1,
        .direct = !endpoint->https || is_loopback(endpoint->host),
        .connect_time = CONNECT_TIME,
        .total_time = TOTAL_TIME,
    };
    const struct metadata_tries tries = {
        .name = endpoint->name, .most = TRIES, .pause = PAUSE, .any_failure = true};
    struct web_answer answer = {0};
    int result;

    text_init_secret(&answer.body, WEB_ANSWER_MAX);
    if (metadata_send(system, &request, &tries, &answer, err) == WEB_ANSWERED)
        result = read_response(system, endpoint, &answer, out, err);
    else
        result = fail_without_response(endpoint, err);
    text_finish(&answer.body);
    return result;
}

int container_credentials(const struct credential_context *ctx, struct credentials *out,
                          struct err *err)
{
    _cleanup_text_ struct text token = {0}, header = {0};
    char url[CONTAINER_URL_MAX];
    struct endpoint endpoint;
    int result = find_endpoint(ctx->system, url, &endpoint, err);

    text_init_secret(&token, TOKEN_MAX);
    text_init_secret(&header, TOKEN_MAX + 32);
    if (result == 0)
        result = read_token(ctx->system, &token, err);
    if (result != 0)
        return result;
    if (token.size)
        text_printf(&header, "authorization: %s", token.data);
    if (text_check(&header, "the authorization header", err) < 0)
        return ERR_FAIL;
    return request_document(ctx->system, url, &endpoint, &header, out, err);
}
