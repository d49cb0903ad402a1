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
#include "cli/s3_options.h"
#include "cli/settings/consent.h"
#include "credentials/credentials.h"
#include "docker/docker.h"
#include "docker/host.h"
#include "store/dir/store_dir.h"
#include "store/s3/bucket_name.h"
#include "store/s3/store_s3.h"
#include "store/store.h"

#define FILE_SCHEME "file://"

_Static_assert(STORE_STALL_TIME / NS_PER_S == OPTION_STALL_SECONDS, "one default");

static int check_directory(const struct config *config, const char *path, struct err *err)
{
    if (config_text(config, OPT_KEY_PREFIX)) {
        err_set(err, ERR_USAGE, CODE_ENDPOINT, "a key prefix is for S3 only, not for a directory");
        return err_hint(err, "name the folder in the endpoint: " FILE_SCHEME "%s/%s", path,
                        config_text(config, OPT_KEY_PREFIX));
    }
    if (s3_options_check_directory(config, err) < 0)
        return ERR_FAIL;
    if (path[0] == '/')
        return 0;
    err_set(err, ERR_USAGE, CODE_ENDPOINT, "endpoint " FILE_SCHEME "%s is not an absolute path",
            path);
    return err_hint(err, "write three slashes: file:///srv/images");
}

static int connect_directory(struct cli *cli, const char *path, bool create, struct store **out,
                             struct err *err)
{
    struct store_dir_options options = {
        .path = path,
        .bucket = config_text(&cli->config, OPT_BUCKET),
        .create = create,
        .stall_time = (int64_t)config_number(&cli->config, OPT_STALL_TIME) * NS_PER_MS,
        .cancel = cli->cancel,
    };

    if (check_directory(&cli->config, path, err))
        return ERR_FAIL;
    *out = store_dir_create(&options, err);
    return *out ? 0 : ERR_FAIL;
}

/* Checks the options before a source of credentials asks for a code or sends requests. The region
 * of the instance is not known yet, and an ARN must fit it. */
static int check_early(const struct store_s3_options *options, bool region_known, struct err *err)
{
    return region_known || !s3_bucket_is_arn(options->bucket) ? store_s3_check(options, err) : 0;
}

static bool is_region_known(const struct config *config)
{
    return config->settings[OPT_REGION].origin > ORIGIN_DEFAULT;
}

static int connect_s3(struct cli *cli, struct store **out, struct err *err)
{
    const struct config *config = &cli->config;
    bool region_known = is_region_known(config);
    char region[AWS_REGION_SIZE];
    struct store_s3_options options;

    if (config_check_aws(config, err))
        return ERR_FAIL;
    s3_options_fill(config, &options);
    if (check_early(&options, region_known, err) < 0)
        return ERR_FAIL;
    options.cancel = cli->cancel;
    options.provider = credentials_open(cli, err);
    if (!options.provider)
        return ERR_FAIL;
    if (!region_known && credentials_instance_region(cli, region))
        options.region = region;
    if (options.insecure)
        output_warn(&cli->output, "the certificate of the server is not checked (insecure)");
    *out = store_s3_create(&options, err);
    return *out ? 0 : ERR_FAIL;
}

int connect_or_create_store(struct cli *cli, bool create, struct store **out, struct err *err)
{
    const char *path = config_directory(&cli->config);

    return path ? connect_directory(cli, path, create, out, err) : connect_s3(cli, out, err);
}

int connect_check(const struct config *config, struct err *err)
{
    const char *path = config_directory(config);
    struct store_s3_options options;

    if (path)
        return check_directory(config, path, err);
    s3_options_fill(config, &options);
    return check_early(&options, is_region_known(config), err);
}

int connect_store(struct cli *cli, struct store **out, struct err *err)
{
    return connect_or_create_store(cli, false, out, err);
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
    *out = docker_open(&endpoint, cli->cancel, err);
    return *out ? 0 : ERR_FAIL;
}
