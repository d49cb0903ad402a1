/*
 * Only version 2 of the service is used: a PUT returns a token, which each GET sends. Version 1
 * needs no token, so an attacker can make a web server on the instance read the keys.
 *
 * A missing response to the PUT means that the host is not an instance. After the token, every
 * failure is an error.
 */
#include "credentials/instance.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "aws/settings.h"
#include "aws/system.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "credentials/answer.h"
#include "credentials/credentials.h"
#include "credentials/metadata_send.h"
#include "credentials/source.h"
#include "os/memory.h"

#define TOKEN_SECONDS 21600
#define TOKEN_MARGIN  (60 * NS_PER_S)
#define TRIES         4
#define PAUSE         (200 * NS_PER_MS)
#define STALE_TIME    (10 * 60 * NS_PER_S) /* expired keys are used for this time */
#define STALE_JITTER  (5 * 60)             /* and for up to this many seconds more */
#define PATH_SIZE     (INSTANCE_NAME_MAX + 128)

#define PLAIN_LIST    "meta-data/iam/security-credentials/"
#define EXTENDED_LIST "meta-data/iam/security-credentials-extended/" /* with account ids */

struct session {
    const struct credential_context *ctx;
    struct instance_cache *cache;
    struct web_answer answer;
};

static int note_absent(struct instance_cache *cache, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static int note_absent(struct instance_cache *cache, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(cache->absent, sizeof cache->absent, fmt, args);
    va_end(args);
    return SOURCE_ABSENT;
}

/* ---- requests ---- */

static enum web_result send_request(struct session *session, const char *method, const char *path,
                                    const char *header, bool any_failure, struct err *err)
{
    const struct aws_settings *settings = session->ctx->settings;
    struct metadata_tries tries = {.name = path,
                                   .most =
                                       settings->imds.attempts ? settings->imds.attempts : TRIES,
                                   .pause = PAUSE,
                                   .any_failure = any_failure};
    struct web_request request = {
        .method = method, .headers = &header, .header_count = 1, .direct = true};
    char url[AWS_URL_SIZE + PATH_SIZE];

    snprintf(url, sizeof url, "%s/latest/%s", settings->imds.url, path);
    request.url = url;
    request.connect_time = (int64_t)settings->imds.timeout * NS_PER_S;
    request.total_time = 2 * request.connect_time;
    return metadata_send(session->ctx->system, &request, &tries, &session->answer, err);
}

static int fail_without_response(const struct session *session, const char *what, struct err *err)
{
    if (err->family == ERR_CANCELLED)
        return ERR_FAIL;
    return err_set(err, ERR_AUTH, CODE_SOURCE, "the instance metadata service at %s: %s: %s",
                   session->ctx->settings->imds.url, what, err->text);
}

static int fail_with_status(const struct session *session, const char *what, struct err *err)
{
    return err_set(err, ERR_AUTH, CODE_SOURCE, "the instance metadata service at %s: %s: status %d",
                   session->ctx->settings->imds.url, what, session->answer.status);
}

/* ---- token ---- */

/* Copies the body without blanks and line ends around it. Returns false if it has other characters
 * than printable ASCII, or does not fit. */
static bool copy_word(const struct text *body, char *out, size_t size)
{
    const char *from = body->data + strspn(body->data, " \t\r\n");
    size_t length = strcspn(from, "\r\n");

    while (length > 0 && strchr(" \t", from[length - 1]))
        length--;
    if (length >= size)
        return false;
    for (size_t i = 0; i < length; i++)
        if (from[i] <= ' ' || from[i] > '~')
            return false;
    memcpy(out, from, length);
    out[length] = '\0';
    return true;
}

static int note_no_service(const struct session *session, const struct err *err)
{
    const char *url = session->ctx->settings->imds.url;

    if (err->family == ERR_NETWORK && strcmp(err->code, CODE_TIMEOUT) == 0)
        return note_absent(session->cache,
                           "no response from %.64s: no EC2 instance, or a container behind a hop "
                           "limit of 1 (set HttpPutResponseHopLimit to 2)",
                           url);
    return note_absent(session->cache, "no response from %.64s: no EC2 instance", url);
}

static int keep_token(struct session *session, struct err *err)
{
    struct instance_cache *cache = session->cache;
    const struct aws_system *system = session->ctx->system;
    int64_t ttl = session->answer.ttl ? session->answer.ttl : TOKEN_SECONDS;

    if (!copy_word(&session->answer.body, cache->token, sizeof cache->token) || !cache->token[0]) {
        cache->token[0] = '\0';
        return err_set(err, ERR_AUTH, CODE_ANSWER,
                       "the instance metadata service at %s gave no usable token",
                       session->ctx->settings->imds.url);
    }
    log_secret(cache->token);
    cache->token_expiry = system->now(system->arg) + ttl * NS_PER_S - TOKEN_MARGIN;
    return 0;
}

static int fetch_token(struct session *session, struct err *err)
{
    enum web_result result = send_request(
        session, "PUT", "api/token", "x-aws-ec2-metadata-token-ttl-seconds: 21600", false, err);
    int status = session->answer.status;

    session->cache->token[0] = '\0';
    if (result != WEB_ANSWERED)
        return err->family == ERR_CANCELLED ? ERR_FAIL : note_no_service(session, err);
    if (status == 200)
        return keep_token(session, err);
    if (status == 403 || status == 404 || status == 405)
        return note_absent(session->cache, "%.64s has no version 2 of the metadata service (%d)",
                           session->ctx->settings->imds.url, status);
    fail_with_status(session, "no token", err);
    return err_hint(err, "if this is no EC2 instance, set AWS_EC2_METADATA_DISABLED=true");
}

static int ensure_token(struct session *session, struct err *err)
{
    const struct aws_system *system = session->ctx->system;

    if (session->ctx->settings->imds.disabled)
        return note_absent(session->cache, "switched off by AWS_EC2_METADATA_DISABLED");
    if (session->cache->token[0] && system->now(system->arg) < session->cache->token_expiry)
        return 0;
    return fetch_token(session, err);
}

/* ---- documents ---- */

static enum web_result get_with_token(struct session *session, const char *path, struct err *err)
{
    char header[sizeof session->cache->token + 32];
    enum web_result result;

    snprintf(header, sizeof header, "x-aws-ec2-metadata-token: %s", session->cache->token);
    result = send_request(session, "GET", path, header, true, err);
    os_wipe(header, sizeof header);
    return result;
}

/* Gets a document; its status is 200 or 404. A token that the service has forgotten is replaced
 * once. */
static int get_document(struct session *session, const char *path, struct err *err)
{
    enum web_result result;
    int failed = ensure_token(session, err);

    if (failed)
        return failed;
    result = get_with_token(session, path, err);
    if (result == WEB_ANSWERED && session->answer.status == 401) {
        failed = fetch_token(session, err);
        if (failed)
            return failed;
        result = get_with_token(session, path, err);
    }
    if (result != WEB_ANSWERED)
        return fail_without_response(session, path, err);
    if (session->answer.status != 200 && session->answer.status != 404)
        return fail_with_status(session, path, err);
    return 0;
}

static const char *list_path(const struct session *session)
{
    return session->cache->plain_list ? PLAIN_LIST : EXTENDED_LIST;
}

/* Characters of IAM names; others would change the path. */
static bool is_role_name(const char *name)
{
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@-_") ==
           strlen(name);
}

static int read_role(struct session *session, struct err *err)
{
    char *role = session->cache->role;

    if (session->answer.status == 404)
        role[0] = '\0';
    else if (!copy_word(&session->answer.body, role, INSTANCE_NAME_MAX) || !is_role_name(role)) {
        role[0] = '\0';
        return err_set(err, ERR_AUTH, CODE_ANSWER,
                       "the instance metadata service at %s gave no valid name of a role",
                       session->ctx->settings->imds.url);
    }
    return role[0] ? 0 : note_absent(session->cache, "the instance has no role");
}

static int fetch_role(struct session *session, struct err *err)
{
    int failed = get_document(session, list_path(session), err);

    if (failed == 0 && session->answer.status == 404 && !session->cache->plain_list) {
        session->cache->plain_list = true;
        failed = get_document(session, list_path(session), err);
    }
    return failed ? failed : read_role(session, err);
}

static int get_role_document(struct session *session, struct err *err)
{
    char path[PATH_SIZE];

    snprintf(path, sizeof path, "%s%s", list_path(session), session->cache->role);
    return get_document(session, path, err);
}

/* The kept name of a role may be outdated. */
static int fetch_document(struct session *session, struct err *err)
{
    bool kept = session->cache->role[0] != '\0';
    int failed = kept ? 0 : fetch_role(session, err);

    if (failed == 0)
        failed = get_role_document(session, err);
    if (failed == 0 && session->answer.status == 404 && kept) {
        failed = fetch_role(session, err);
        if (failed == 0)
            failed = get_role_document(session, err);
    }
    if (failed == 0 && session->answer.status == 404)
        return fail_with_status(session, session->cache->role, err);
    return failed;
}

/* ---- credentials ---- */

/* Moves the expiry of expired credentials ahead, so that they are used and fetched again soon. */
static void extend_stale(struct session *session, struct credentials *creds)
{
    const struct aws_system *system = session->ctx->system;
    int64_t now = system->now(system->arg);
    struct err unused;
    uint16_t jitter = 0;

    if (!creds->expiry || creds->expiry > now)
        return;
    if (!session->cache->warned)
        log_note("the instance metadata service gives credentials that have expired; S3 "
                 "still accepts them");
    session->cache->warned = true;
    random_fill(&jitter, sizeof jitter, &unused);
    creds->expiry = now + STALE_TIME + jitter % STALE_JITTER * NS_PER_S;
}

static int read_credentials(struct session *session, struct credentials *out, struct err *err)
{
    const struct aws_system *system = session->ctx->system;
    const char *role = session->cache->role;
    char what[INSTANCE_NAME_MAX + 96];
    const struct credential_answer_rules rules = {
        .what = what, .code = CODE_ANSWER, .is_temporary = true, .allows_expired = true};

    snprintf(what, sizeof what, "the instance metadata document of the role %s", role);
    if (credential_answer_read(text_view(&session->answer.body), &rules, system->now(system->arg),
                               out, err) < 0) {
        if (err_is(err, ERR_AUTH, CODE_DENIED))
            err_hint(err, "the trust policy of the role must allow ec2.amazonaws.com to assume it");
        return ERR_FAIL;
    }
    out->kind = CREDENTIALS_INSTANCE;
    snprintf(out->source, sizeof out->source, "role %.64s of the instance", role);
    extend_stale(session, out);
    return SOURCE_FOUND;
}

static void begin_session(struct session *session, const struct credential_context *ctx,
                          struct instance_cache *cache)
{
    *session = (struct session){.ctx = ctx, .cache = cache};
    cache->absent[0] = '\0';
    text_init_secret(&session->answer.body, WEB_ANSWER_MAX);
}

int instance_credentials(const struct credential_context *ctx, struct instance_cache *cache,
                         struct credentials *out, struct err *err)
{
    struct session session;
    int result;

    begin_session(&session, ctx, cache);
    result = fetch_document(&session, err);
    if (result == 0)
        result = read_credentials(&session, out, err);
    text_finish(&session.answer.body);
    return result;
}

/* The region becomes part of host names. */
static int read_region(struct session *session, char region[INSTANCE_REGION_SIZE], struct err *err)
{
    if (session->answer.status == 404)
        return note_absent(session->cache, "the instance has no region");
    if (copy_word(&session->answer.body, region, INSTANCE_REGION_SIZE) && region[0] &&
        !region[strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-")])
        return 0;
    region[0] = '\0';
    return err_set(err, ERR_AUTH, CODE_ANSWER,
                   "the instance metadata service at %s gave no valid region",
                   session->ctx->settings->imds.url);
}

int instance_region(const struct credential_context *ctx, struct instance_cache *cache,
                    char region[INSTANCE_REGION_SIZE], struct err *err)
{
    struct session session;
    int result;

    region[0] = '\0';
    begin_session(&session, ctx, cache);
    result = get_document(&session, "meta-data/placement/region", err);
    if (result == 0)
        result = read_region(&session, region, err);
    text_finish(&session.answer.body);
    return result;
}

void instance_finish(struct instance_cache *cache)
{
    os_wipe(cache, sizeof *cache);
}
