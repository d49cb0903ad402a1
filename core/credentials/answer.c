/*
 * The document is untrusted: its size is bounded. Of its values, errors contain only Code and
 * Message of a refusal. Members are read into fixed buffers, which are wiped.
 */
#include "credentials/answer.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/json.h"
#include "credentials/credentials.h"
#include "credentials/expiration.h"
#include "os/memory.h"

static const struct json_limits limits = {.bytes = 64 * KIB, .depth = 8, .nodes = 512};

struct members {
    char access_key[sizeof((struct credentials *)0)->access_key];
    char secret_key[sizeof((struct credentials *)0)->secret_key];
    char session_token[CREDENTIALS_TOKEN_MAX];
    char account[sizeof((struct credentials *)0)->account];
    char expiration[CLOCK_RFC3339_SIZE];
};

static int refuse_member(const struct credential_answer_rules *rules, const char *fault,
                         const char *name, struct err *err)
{
    return err_set(err, ERR_AUTH, rules->code, "%s has %s %s", rules->what, fault, name);
}

/* An absent or null member is "", unless it is required. */
static int read_member(struct json_node root, const struct credential_answer_rules *rules,
                       const char *name, bool required, char *out, size_t size, struct err *err)
{
    struct json_node member = json_get(root, name);

    out[0] = '\0';
    if (json_present(member) && !json_string(member, out, size))
        return refuse_member(rules, "a malformed", name, err);
    return !required || out[0] ? 0 : refuse_member(rules, "no", name, err);
}

static int check_version(struct json_node root, const struct credential_answer_rules *rules,
                         struct err *err)
{
    int64_t version;

    if (!rules->needs_version)
        return 0;
    if (!json_int(json_get(root, "Version"), &version))
        return refuse_member(rules, "no", "Version, which must be the number 1", err);
    if (version != 1)
        return err_set(err, ERR_AUTH, rules->code, "%s has Version %jd; only 1 is known",
                       rules->what, (intmax_t)version);
    return 0;
}

static void write_reason(struct json_node root, char *out, size_t size)
{
    char code[64], message[256];

    json_string(json_get(root, "Code"), code, sizeof code);
    json_string(json_get(root, "Message"), message, sizeof message);
    snprintf(out, size, "%s%s%s%s", *code ? ": " : "", code, *message ? ": " : "", message);
}

static int check_code(struct json_node root, const struct credential_answer_rules *rules,
                      struct err *err)
{
    struct json_node code = json_get(root, "Code");
    char reason[384];

    if (!json_present(code) || json_string_equals(code, "Success"))
        return 0;
    write_reason(root, reason, sizeof reason);
    return err_set(err, ERR_AUTH, CODE_DENIED, "%s reports a failure%s", rules->what, reason);
}

static int read_members(struct json_node root, const struct credential_answer_rules *rules,
                        struct members *out, struct err *err)
{
    const char *token = json_present(json_get(root, "SessionToken")) ? "SessionToken" : "Token";

    if (json_kind(root) != JSON_OBJECT)
        return err_set(err, ERR_AUTH, rules->code, "%s is no JSON object", rules->what);
    if (check_code(root, rules, err) < 0 || check_version(root, rules, err) < 0 ||
        read_member(root, rules, "AccessKeyId", true, out->access_key, sizeof out->access_key,
                    err) < 0 ||
        read_member(root, rules, "SecretAccessKey", true, out->secret_key, sizeof out->secret_key,
                    err) < 0 ||
        read_member(root, rules, token, rules->is_temporary, out->session_token,
                    sizeof out->session_token, err) < 0 ||
        read_member(root, rules, "Expiration", rules->is_temporary, out->expiration,
                    sizeof out->expiration, err) < 0)
        return ERR_FAIL;
    json_string(json_get(root, "AccountId"), out->account, sizeof out->account);
    return 0;
}

static int make_credentials(const struct members *members,
                            const struct credential_answer_rules *rules, int64_t now,
                            struct credentials *out, struct err *err)
{
    int64_t expiry = 0;

    if (members->expiration[0] && !expiration_read(members->expiration, &expiry))
        return refuse_member(rules, "a malformed", "Expiration", err);
    if (members->expiration[0] && expiry <= now && !rules->allows_expired)
        return err_set(err, ERR_AUTH, rules->code, "%s has credentials that expired at %s",
                       rules->what, members->expiration);
    if (credentials_init(out, members->access_key, members->secret_key, members->session_token,
                         err) < 0) {
        snprintf(err->code, sizeof err->code, "%s", rules->code);
        return err_wrap(err, "%s", rules->what);
    }
    out->expiry = expiry;
    str_copy(out->account, sizeof out->account, members->account);
    return 0;
}

int credential_answer_read(struct view document, const struct credential_answer_rules *rules,
                           int64_t now, struct credentials *out, struct err *err)
{
    struct members members = {0};
    struct err malformed;
    struct json *json;
    int failed;

    if (json_parse(&json, document, &limits, rules->what, &malformed) < 0)
        return err_set(err, ERR_AUTH, rules->code, "%s", malformed.text);
    failed = read_members(json_root(json), rules, &members, err);
    if (failed == 0)
        failed = make_credentials(&members, rules, now, out, err);
    os_wipe(&members, sizeof members);
    json_destroy(json);
    return failed;
}

void credential_answer_reason(struct view document, char *out, size_t size)
{
    struct json *json;
    struct err err;

    out[0] = '\0';
    if (json_parse(&json, document, &limits, "the response", &err) < 0)
        return;
    write_reason(json_root(json), out, size);
    json_destroy(json);
}
