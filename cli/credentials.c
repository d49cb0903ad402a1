/*
 * The first set comes from the configuration of the command. Later, the thread of the provider
 * reads the configuration again, because new temporary keys may be there. It uses only constant
 * members of `cli`.
 */
#include "cli/credentials.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/settings/consent.h"
#include "credentials/provider.h"
#include "credentials/source.h"

struct cli_credentials {
    struct cli *cli;
    struct credential_provider *provider;
};

/* Refuses one half of a pair of keys. Requests are unsigned only if both are missing. */
static int check_pair(const struct config *config, struct err *err)
{
    bool id = config_text(config, OPT_ACCESS_KEY), secret = config_text(config, OPT_SECRET_KEY);
    char where[512];

    if (id == secret)
        return 0;
    config_origin(config, id ? OPT_ACCESS_KEY : OPT_SECRET_KEY, where, sizeof where);
    err_set(err, ERR_AUTH, "credentials", "the %s of the access key is set (%s), but not its %s",
            id ? "id" : "secret", where, id ? "secret" : "id");
    return err_hint(err, "set %s, or set both in the profile",
                    id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
}

static int own_keys(const struct config *config, struct credentials *out, struct err *err)
{
    if (check_pair(config, err) || consent_store(config, err))
        return ERR_FAIL;
    if (!config_text(config, OPT_ACCESS_KEY))
        return SOURCE_ABSENT;
    if (credentials_init(out, config_text(config, OPT_ACCESS_KEY),
                         config_text(config, OPT_SECRET_KEY),
                         config_text(config, OPT_SESSION_TOKEN), err))
        return ERR_FAIL;
    out->kind = CREDENTIALS_OWN;
    config_origin(config, OPT_ACCESS_KEY, out->source, sizeof out->source);
    return SOURCE_FOUND;
}

static int resolve_again(struct cli_credentials *credentials, struct credentials *out,
                         struct err *err)
{
    struct config fresh;
    int answer = ERR_FAIL;

    if (config_load(&fresh, credentials->cli->args, config_environment, false, err) == 0)
        answer = own_keys(&fresh, out, err);
    config_finish(&fresh);
    return answer;
}

static int resolve(void *arg, bool may_ask, const char *rejected, struct credentials *out,
                   struct err *err)
{
    struct cli_credentials *credentials = arg;

    (void)rejected;
    return may_ask ? own_keys(&credentials->cli->config, out, err)
                   : resolve_again(credentials, out, err);
}

static void stop(void *arg)
{
    struct cli_credentials *credentials = arg;

    cancel_request(&credentials->cli->cancel, SIGTERM);
}

struct credential_provider *credentials_open(struct cli *cli, struct err *err)
{
    struct provider_source source = {.resolve = resolve, .stop = stop};

    if (!cli->credentials) {
        cli->credentials = calloc(1, sizeof *cli->credentials);
        if (!cli->credentials) {
            err_memory(err, "the credentials");
            return NULL;
        }
        cli->credentials->cli = cli;
    }
    source.arg = cli->credentials;
    if (!cli->credentials->provider)
        cli->credentials->provider = provider_create(&source, err);
    return cli->credentials->provider;
}

void credentials_close(struct cli *cli)
{
    if (!cli->credentials)
        return;
    provider_destroy(cli->credentials->provider);
    free(cli->credentials);
    cli->credentials = NULL;
}
