/*
 * The readers collect the few fields by the name of the element around them, so that the name of
 * the action and the namespace do not matter.
 */
#include "credentials/sts_answer.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/xml.h"
#include "credentials/credentials.h"
#include "credentials/expiration.h"
#include "os/memory.h"

struct fields {
    char access_key[128], secret_key[256], token[CREDENTIALS_TOKEN_MAX], expiration[64];
    char arn[2048 + 1];
};

static bool collect_field(void *arg, unsigned depth, const char *parent, const char *name,
                          const char *text)
{
    struct fields *fields = arg;
    const struct {
        const char *parent, *name;
        char *to;
        size_t size;
    } places[] = {
        {"Credentials", "AccessKeyId", fields->access_key, sizeof fields->access_key},
        {"Credentials", "SecretAccessKey", fields->secret_key, sizeof fields->secret_key},
        {"Credentials", "SessionToken", fields->token, sizeof fields->token},
        {"Credentials", "Expiration", fields->expiration, sizeof fields->expiration},
        {"AssumedRoleUser", "Arn", fields->arn, sizeof fields->arn},
    };

    (void)depth;
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        if (strcmp(parent, places[i].parent) == 0 && strcmp(name, places[i].name) == 0)
            return str_copy(places[i].to, places[i].size, text);
    return true;
}

/* Copies the account of "arn:aws:sts::123456789012:assumed-role/...": the fifth field. */
static void copy_account(const char *arn, char *account, size_t size)
{
    size_t length;

    for (int field = 1; field < 5 && arn; field++) {
        arn = strchr(arn, ':');
        arn = arn ? arn + 1 : NULL;
    }
    length = arn ? strspn(arn, "0123456789") : 0;
    if (length && length < size && arn[length] == ':')
        snprintf(account, size, "%.*s", (int)length, arn);
}

static const char *get_missing_field(const struct fields *fields)
{
    if (!fields->access_key[0])
        return "AccessKeyId";
    if (!fields->secret_key[0])
        return "SecretAccessKey";
    if (!fields->token[0])
        return "SessionToken";
    return fields->expiration[0] ? NULL : "Expiration";
}

static int read_fields(const struct fields *fields, int64_t now, struct credentials *out,
                       struct err *err)
{
    const char *missing = get_missing_field(fields);
    int64_t expiry;

    if (missing)
        return err_set(err, ERR_AUTH, CODE_ANSWER, "the response of AWS STS has no %s", missing);
    if (!expiration_read(fields->expiration, &expiry))
        return err_set(err, ERR_AUTH, CODE_ANSWER, "the Expiration of AWS STS is no time");
    if (expiry <= now)
        return err_set(err, ERR_AUTH, CODE_ANSWER,
                       "the credentials of AWS STS have expired already (%.40s)",
                       fields->expiration);
    if (credentials_init(out, fields->access_key, fields->secret_key, fields->token, err) < 0) {
        str_copy(err->code, sizeof err->code, CODE_ANSWER);
        return err_wrap(err, "the response of AWS STS");
    }
    out->expiry = expiry;
    copy_account(fields->arn, out->account, sizeof out->account);
    return 0;
}

int sts_answer_read(struct view document, int64_t now, struct credentials *out, struct err *err)
{
    struct fields fields = {0};
    int result = xml_read(document, NULL, collect_field, &fields, err);

    if (result == 0) {
        result = read_fields(&fields, now, out, err);
    } else {
        err->family = ERR_AUTH;
        str_copy(err->code, sizeof err->code, CODE_ANSWER);
        err_wrap(err, "the response of AWS STS");
    }
    os_wipe(&fields, sizeof fields);
    return result;
}

/* ---- errors ---- */

static bool collect_refusal(void *arg, unsigned depth, const char *parent, const char *name,
                            const char *text)
{
    struct sts_refusal *refusal = arg;

    (void)depth;
    if (strcmp(parent, "Error") != 0)
        return true;
    if (strcmp(name, "Code") == 0)
        snprintf(refusal->code, sizeof refusal->code, "%s", text);
    if (strcmp(name, "Message") == 0)
        snprintf(refusal->message, sizeof refusal->message, "%s", text);
    return true;
}

bool sts_refusal_read(struct view document, struct sts_refusal *out)
{
    struct err err;

    *out = (struct sts_refusal){0};
    return xml_read(document, NULL, collect_refusal, out, &err) == 0 && out->code[0];
}

bool sts_refusal_is_temporary(const struct sts_refusal *refusal)
{
    static const char *const CODES[] = {"Throttling",           "ThrottlingException",
                                        "ThrottledException",   "RequestThrottled",
                                        "RequestLimitExceeded", "TooManyRequestsException",
                                        "TooManyRequests",      "IDPCommunicationError",
                                        "InternalFailure",      "ServiceUnavailable"};

    for (size_t i = 0; i < ARRAY_SIZE(CODES); i++)
        if (strcmp(refusal->code, CODES[i]) == 0)
            return true;
    return false;
}

bool sts_refusal_is_of_time(const struct sts_refusal *refusal)
{
    if (strcmp(refusal->code, "RequestExpired") == 0 ||
        strcmp(refusal->code, "RequestTimeTooSkewed") == 0)
        return true;
    return (strcmp(refusal->code, "SignatureDoesNotMatch") == 0 ||
            strcmp(refusal->code, "InvalidSignatureException") == 0) &&
           (strstr(refusal->message, "Signature expired") ||
            strstr(refusal->message, "Signature not yet current"));
}
