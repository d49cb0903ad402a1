/*
 * Keys are checked here: a line end in a key would cause the error "signature does not match" of
 * the store.
 */
#include "credentials/credentials.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/log.h"
#include "os/memory.h"

static bool is_clean(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f)
            return false;
    return true;
}

static int copy_key(char *to, size_t size, const char *from, const char *what, struct err *err)
{
    if (!from)
        from = "";
    if (!is_clean(from)) {
        err_set(err, ERR_AUTH, "credentials", "the %s contains a blank or a control character",
                what);
        return err_hint(err, "it may have been pasted with a line end: copy it again");
    }
    if (!str_copy(to, size, from))
        return err_set(err, ERR_AUTH, "credentials", "the %s is longer than %zu characters", what,
                       size - 1);
    return 0;
}

int credentials_init(struct credentials *creds, const char *access_key, const char *secret_key,
                     const char *session_token, struct err *err)
{
    *creds = (struct credentials){0};
    if (copy_key(creds->access_key, sizeof creds->access_key, access_key, "access key", err) < 0 ||
        copy_key(creds->secret_key, sizeof creds->secret_key, secret_key, "secret key", err) < 0 ||
        copy_key(creds->session_token, sizeof creds->session_token, session_token, "session token",
                 err) < 0)
        return ERR_FAIL;
    if (!creds->access_key[0] != !creds->secret_key[0]) {
        err_set(err, ERR_AUTH, "credentials", "an %s without its %s",
                creds->access_key[0] ? "access key" : "secret key",
                creds->access_key[0] ? "secret key" : "access key");
        return err_hint(err, "give both, or neither for a public bucket");
    }
    if (creds->secret_key[0])
        log_secret(creds->secret_key);
    if (creds->session_token[0])
        log_secret(creds->session_token);
    return 0;
}

bool credentials_anonymous(const struct credentials *creds)
{
    return !creds->access_key[0];
}

static bool is_quoted(const char *text)
{
    size_t size = strlen(text);

    return size > 1 && (text[0] == '"' || text[0] == '\'') && text[size - 1] == text[0];
}

bool credentials_quoted(const struct credentials *creds)
{
    return is_quoted(creds->access_key) || is_quoted(creds->secret_key);
}

bool credentials_equal(const struct credentials *a, const struct credentials *b)
{
    return strcmp(a->access_key, b->access_key) == 0 && strcmp(a->secret_key, b->secret_key) == 0 &&
           strcmp(a->session_token, b->session_token) == 0;
}

const char *credentials_kind_name(enum credential_kind kind)
{
    static const char *const NAMES[] = {
        [CREDENTIALS_NONE] = "anonymous",
        [CREDENTIALS_OWN] = "s3dock",
        [CREDENTIALS_ENVIRONMENT] = "environment",
        [CREDENTIALS_PROFILE] = "profile",
        [CREDENTIALS_ROLE] = "role",
        [CREDENTIALS_WEB_IDENTITY] = "web_identity",
        [CREDENTIALS_SSO] = "sso",
        [CREDENTIALS_LOGIN] = "login",
        [CREDENTIALS_PROCESS] = "process",
        [CREDENTIALS_CONTAINER] = "container",
        [CREDENTIALS_INSTANCE] = "imds",
    };

    return NAMES[kind];
}

const char *credentials_remedy(enum credential_kind kind)
{
    switch (kind) {
    case CREDENTIALS_ENVIRONMENT:
        return "export new temporary credentials and run the same command again";
    case CREDENTIALS_SSO:
        return "run aws sso login";
    case CREDENTIALS_LOGIN:
        return "run aws login";
    case CREDENTIALS_OWN:
    case CREDENTIALS_PROFILE:
        return "write new temporary credentials into the file";
    default:
        return "get new temporary credentials";
    }
}

void credentials_finish(struct credentials *creds)
{
    os_wipe(creds, sizeof *creds);
}
