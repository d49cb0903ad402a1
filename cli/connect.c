/*
 * Turns settings into options of the store and of Docker. Settings of a file in the current folder
 * are checked by cli/settings/consent before they are used.
 */
#include "cli/connect.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/credentials.h"
#include "cli/settings/consent.h"
#include "credentials/credentials.h"
#include "docker/docker.h"
#include "docker/host.h"
#include "store/dir/store_dir.h"
#include "store/s3/store_s3.h"
#include "store/store.h"

#define FILE_SCHEME "file://"

_Static_assert(STORE_STALL_TIME / NS_PER_S == OPTION_STALL_SECONDS, "one default");

/* Returns the encryption to ask for. NULL: the default of the bucket. */
static const char *chosen_encryption(const struct config *config)
{
    const char *way = config_text(config, OPT_ENCRYPTION);

    return way && strcmp(way, "default") != 0 ? way : NULL;
}

static int connect_directory(struct cli *cli, const char *path, bool create, struct store **out,
                             struct err *err)
{
    struct store_dir_options options = {
        .path = path,
        .bucket = config_text(&cli->config, OPT_BUCKET),
        .create = create,
        .stall_time = (int64_t)config_number(&cli->config, OPT_STALL_TIME) * NS_PER_MS,
        .cancel = &cli->cancel,
    };

    if (config_text(&cli->config, OPT_KEY_PREFIX)) {
        err_set(err, ERR_USAGE, CODE_ENDPOINT, "a key prefix is for S3 only, not for a directory");
        return err_hint(err, "name the folder in the endpoint: " FILE_SCHEME "%s/%s", path,
                        config_text(&cli->config, OPT_KEY_PREFIX));
    }
    if (chosen_encryption(&cli->config)) {
        err_set(err, ERR_USAGE, CODE_ENCRYPTION, "encryption is for S3 only, not for a directory");
        return err_hint(err, "remove \"encryption\" from the profile, and encrypt the file system");
    }
    if (path[0] != '/') {
        err_set(err, ERR_USAGE, CODE_ENDPOINT, "endpoint " FILE_SCHEME "%s is not an absolute path",
                path);
        return err_hint(err, "write three slashes: file:///srv/images");
    }
    *out = store_dir_create(&options, err);
    return *out ? 0 : ERR_FAIL;
}

static int connect_s3(struct cli *cli, const char *endpoint, struct store **out, struct err *err)
{
    const struct config *config = &cli->config;
    struct store_s3_options options = {
        .endpoint = endpoint,
        .region = config_text(config, OPT_REGION),
        .bucket = config_text(config, OPT_BUCKET),
        .key_prefix = config_text(config, OPT_KEY_PREFIX),
        .addressing = config_text(config, OPT_ADDRESSING),
        .ca_file = config_text(config, OPT_CA_FILE),
        .insecure = config_switch(config, OPT_INSECURE),
        .headers = {[S3_ENCRYPTION] = chosen_encryption(config),
                    [S3_ENCRYPTION_KEY] = config_text(config, OPT_ENCRYPTION_KEY)},
        .sign_payload = config_switch(config, OPT_SIGN_PAYLOAD),
        .retries = (unsigned)config_number(config, OPT_RETRIES),
        .rate = config_number(config, OPT_LIMIT_RATE),
        .stall_time = (int64_t)config_number(config, OPT_STALL_TIME) * NS_PER_MS,
        .cancel = &cli->cancel,
    };

    options.provider = credentials_open(cli, err);
    if (!options.provider)
        return ERR_FAIL;
    if (options.insecure)
        output_warn(&cli->output, "the certificate of the server is not checked (insecure)");
    *out = store_s3_create(&options, err);
    return *out ? 0 : ERR_FAIL;
}

int connect_store(struct cli *cli, bool create, struct store **out, struct err *err)
{
    const char *path = config_directory(&cli->config);

    return path ? connect_directory(cli, path, create, out, err)
                : connect_s3(cli, config_text(&cli->config, OPT_ENDPOINT), out, err);
}

int connect_docker_endpoint(struct cli *cli, struct docker_endpoint *out, struct err *err)
{
    const char *host = config_text(&cli->config, OPT_DOCKER_HOST);
    const char *context = config_text(&cli->config, OPT_DOCKER_CONTEXT);
    char origin[512];
    struct docker_asked asked = {.host = host, .context = context, .origin = origin};

    if (consent_docker(&cli->config, err))
        return ERR_FAIL;
    config_origin(&cli->config, host ? OPT_DOCKER_HOST : OPT_DOCKER_CONTEXT, origin, sizeof origin);
    if (docker_endpoint_find(&asked, config_environment, out, err))
        return ERR_FAIL;
    out->patience = (int64_t)config_number(&cli->config, OPT_DOCKER_TIMEOUT) * NS_PER_MS;
    return 0;
}

int connect_docker(struct cli *cli, struct docker **out, struct err *err)
{
    struct docker_endpoint endpoint;

    if (connect_docker_endpoint(cli, &endpoint, err))
        return ERR_FAIL;
    *out = docker_open(&endpoint, &cli->cancel, err);
    return *out ? 0 : ERR_FAIL;
}
