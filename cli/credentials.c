/*
 * The first set comes from the configuration of the command. Later, the thread of the provider
 * reads the configuration again, because new temporary keys may be there. It uses only constant
 * members of `cli`, and the chain, which the command uses only before the first request.
 */
#include "cli/credentials.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/log.h"
#include "cli/cli.h"
#include "cli/settings/consent.h"
#include "credentials/chain.h"
#include "credentials/provider.h"
#include "credentials/real_system.h"
#include "credentials/source.h"
#include "http/easy.h"

struct cli_credentials {
    struct cli *cli;
    struct real_system real;
    struct credential_chain *chain; /* NULL: not needed so far */
    struct credential_provider *provider;
};

/* ---- s3dock's own keys ---- */

/* Refuses one half of a pair of keys. Requests are unsigned only if both are missing. */
static int check_pair(const struct config *config, struct err *err)
{
    bool id = config_text(config, OPT_ACCESS_KEY), secret = config_text(config, OPT_SECRET_KEY);
    char where[512];

    if (id == secret)
        return 0;
    config_origin(config, id ? OPT_ACCESS_KEY : OPT_SECRET_KEY, where, sizeof where);
    err_set(err, ERR_AUTH, CODE_CREDENTIALS, "the %s of the access key is set (%s), but not its %s",
            id ? "id" : "secret", where, id ? "secret" : "id");
    return err_hint(err, "set %s, or set both in the profile",
                    id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
}

/* Returns whether a key is in the file. The chain reads the variables. */
static bool has_own_keys(const struct config *config)
{
    return config->settings[OPT_ACCESS_KEY].origin == ORIGIN_FILE ||
           config->settings[OPT_SECRET_KEY].origin == ORIGIN_FILE;
}

static int read_own_keys(const struct config *config, struct credentials *out, struct err *err)
{
    char where[sizeof out->source];

    config_origin(config, OPT_ACCESS_KEY, where, sizeof where);
    if (credentials_init(out, config_text(config, OPT_ACCESS_KEY),
                         config_text(config, OPT_SECRET_KEY),
                         config_text(config, OPT_SESSION_TOKEN), err))
        return err_wrap(err, "%s", where);
    out->kind = CREDENTIALS_OWN;
    str_copy(out->source, sizeof out->source, where);
    return SOURCE_FOUND;
}

/* ---- the chain ---- */

/* Returns the value, unless it is the default. */
static const char *chosen_value(const struct config *config, enum option_id id)
{
    return config->settings[id].origin > ORIGIN_DEFAULT ? config_text(config, id) : NULL;
}

static int make_chain(struct cli_credentials *credentials, const struct config *config,
                      struct err *err)
{
    const struct aws_query query = {
        .profile = config_aws_profile(config),
        .region = chosen_value(config, OPT_REGION),
        .endpoint = chosen_value(config, OPT_ENDPOINT),
    };
    const struct http_tls tls = {.ca_file = consent_ca_file(config)};

    if (credentials->chain)
        return 0;
    if (credential_chain_create(&credentials->real.system, &query, &credentials->chain, err))
        return ERR_FAIL;
    credential_chain_limit_instance(credentials->chain, !config_text(config, OPT_ENDPOINT));
    return real_system_set_tls(&credentials->real, &tls, err);
}

static int resolve_chain(struct cli_credentials *credentials, const struct config *config,
                         bool may_ask, const char *rejected, struct credentials *out,
                         struct err *err)
{
    int answer;

    if (make_chain(credentials, config, err))
        return ERR_FAIL;
    if (rejected)
        credential_chain_reject(credentials->chain, rejected);
    answer = credential_chain_resolve(credentials->chain, may_ask, out, err);
    return answer == SOURCE_FOUND && consent_keys(config, out->source, err) ? ERR_FAIL : answer;
}

/* ---- the source of the provider ---- */

static int resolve_from(struct cli_credentials *credentials, const struct config *config,
                        bool may_ask, const char *rejected, struct credentials *out,
                        struct err *err)
{
    if (consent_store(config, err))
        return ERR_FAIL;
    if (config_switch(config, OPT_ANONYMOUS))
        return SOURCE_ABSENT;
    if (!config->aws_chosen && check_pair(config, err))
        return ERR_FAIL;
    return has_own_keys(config) ? read_own_keys(config, out, err)
                                : resolve_chain(credentials, config, may_ask, rejected, out, err);
}

static int resolve(void *arg, bool may_ask, const char *rejected, struct credentials *out,
                   struct err *err)
{
    struct cli_credentials *credentials = arg;
    struct cli *cli = credentials->cli;
    struct config fresh;
    int answer = ERR_FAIL, failed;

    if (may_ask)
        return resolve_from(credentials, &cli->config, true, rejected, out, err);
    failed = config_load_profile(&fresh, cli->args, config_environment, cli->profile, err);
    if (!failed)
        answer = resolve_from(credentials, &fresh, false, rejected, out, err);
    config_finish(&fresh);
    return answer;
}

static void stop(void *arg)
{
    struct cli_credentials *credentials = arg;

    if (credentials->cli->cancel)
        cancel_request(credentials->cli->cancel, SIGTERM);
}

/* ---- for commands ---- */

static struct cli_credentials *get_credentials(struct cli *cli, struct err *err)
{
    if (cli->credentials)
        return cli->credentials;
    cli->credentials = calloc(1, sizeof *cli->credentials);
    if (!cli->credentials) {
        err_memory(err, "the credentials");
        return NULL;
    }
    cli->credentials->cli = cli;
    real_system_init(&cli->credentials->real, cli->cancel);
    return cli->credentials;
}

/* Returns whether the user has named the keys themselves. */
static bool is_plain(enum credential_kind kind)
{
    return kind == CREDENTIALS_OWN || kind == CREDENTIALS_ENVIRONMENT;
}

/* Reports the source once. doctor has lines of its own. */
static void report_source(struct cli *cli)
{
    struct provider_copy copy = {0};
    struct err err;

    if (cli->args->command == CMD_DOCTOR ||
        provider_get(cli->credentials->provider, &copy, &err) != PROVIDER_READY)
        return;
    if (!credentials_anonymous(&copy.set)) {
        log_print(is_plain(copy.set.kind) ? LOG_DEBUG : LOG_INFO, "using the credentials of %s",
                  copy.set.source);
    } else if (cli->credentials->chain) {
        credential_chain_none(cli->credentials->chain, &err);
        output_warn(&cli->output, "requests are not signed: %s", err.text);
    }
    credentials_finish(&copy.set);
}

struct credential_provider *credentials_open(struct cli *cli, struct err *err)
{
    struct cli_credentials *credentials = get_credentials(cli, err);
    const struct provider_source source = {.resolve = resolve, .stop = stop, .arg = credentials};

    if (!credentials)
        return NULL;
    if (!credentials->provider) {
        credentials->provider = provider_create(&source, err);
        if (credentials->provider)
            report_source(cli);
    }
    return credentials->provider;
}

bool credentials_instance_region(const struct cli *cli, char region[AWS_REGION_SIZE])
{
    region[0] = '\0';
    if (cli->credentials && cli->credentials->chain)
        credential_chain_region(cli->credentials->chain, region);
    return region[0];
}

const struct credential_report *credentials_report(const struct cli *cli)
{
    return cli->credentials && cli->credentials->chain
               ? credential_chain_report(cli->credentials->chain)
               : NULL;
}

void credentials_close(struct cli *cli)
{
    if (!cli->credentials)
        return;
    provider_destroy(cli->credentials->provider);
    credential_chain_destroy(cli->credentials->chain);
    free(cli->credentials);
    cli->credentials = NULL;
}
