/*
 * Each check names the setting and its place, so that the user can decide whether to trust the
 * file.
 */
#include "cli/settings/consent.h"

#include <string.h>

#include "base/err.h"
#include "cli/settings/config.h"

static bool is_of_file(const struct config *config, enum option_id id)
{
    return config->settings[id].origin == ORIGIN_FILE;
}

/* Returns whether the file sets the option. A switch that is off has no effect. */
static bool is_effective(const struct config *config, enum option_id id)
{
    if (!is_of_file(config, id))
        return false;
    return option_table[id].kind != OPTION_SWITCH || config_switch(config, id);
}

static int add_place(const struct config *config, const char *where, struct err *err)
{
    err_wrap(err, "%s", where);
    return err_hint(err,
                    "if you trust the file, run s3dock config trust, or name the file: --config %s "
                    "or S3DOCK_CONFIG",
                    config->file.path);
}

static int add_source(const struct config *config, enum option_id id, struct err *err)
{
    char where[512];

    config_origin(config, id, where, sizeof where);
    return add_place(config, where, err);
}

/* Returns the first credential that does not come from the file; OPTION_COUNT: none. */
static enum option_id foreign_credential(const struct config *config)
{
    static const enum option_id ids[] = {OPT_ACCESS_KEY, OPT_SECRET_KEY, OPT_SESSION_TOKEN};

    if (config_switch(config, OPT_ANONYMOUS))
        return OPTION_COUNT;
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
        if (config_text(config, ids[i]) && !is_of_file(config, ids[i]))
            return ids[i];
    return OPTION_COUNT;
}

/* Returns whether the profile in use has a pair of keys, which the environment replaces. */
static bool has_own_keys(const struct config *config)
{
    char value[CONFIG_VALUE_MAX];
    struct err ignored;

    return !config->profile_chosen &&
           config_file_value(&config->file, option_table[OPT_ACCESS_KEY].key, config->profile,
                             value, &ignored) == CONFIG_OK &&
           config_file_value(&config->file, option_table[OPT_SECRET_KEY].key, config->profile,
                             value, &ignored) == CONFIG_OK;
}

static int refuse_endpoint(const struct config *config, const char *keys, struct err *err)
{
    err_set(err, ERR_USAGE, "trust",
            "the credentials (%s) are not sent to %s, because only a file of the current folder "
            "names this endpoint",
            keys, config_text(config, OPT_ENDPOINT));
    return add_source(config, OPT_ENDPOINT, err);
}

static int check_endpoint(const struct config *config, enum option_id foreign, struct err *err)
{
    char key[512];

    if (foreign == OPTION_COUNT)
        return 0;
    config_origin(config, foreign, key, sizeof key);
    refuse_endpoint(config, key, err);
    if (has_own_keys(config))
        err_hint(
            err,
            "to use the keys of the file: --profile %s; if you trust the file: s3dock config trust",
            config->profile);
    return ERR_FAIL;
}

static int check_tls(const struct config *config, struct err *err)
{
    static const enum option_id ids[] = {OPT_INSECURE, OPT_CA_FILE, OPT_CLIENT_CERT,
                                         OPT_CLIENT_KEY};

    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        if (!is_effective(config, ids[i]))
            continue;
        err_set(err, ERR_USAGE, "trust",
                "a file of the current folder must not choose certificates");
        return add_source(config, ids[i], err);
    }
    return 0;
}

/* Each of them gives another person power over the images of the user, or makes the user pay. */
static int check_writes(const struct config *config, struct err *err)
{
    static const struct {
        enum option_id id;
        const char *what;
    } rows[] = {
        {OPT_ENCRYPTION_KEY, "choose the encryption key of images"}, /* its owner can delete it */
        {OPT_CUSTOMER_KEY, "choose the encryption key of images"},
        {OPT_ACL, "share images with others"},
        {OPT_REQUESTER_PAYS, "make you pay for requests"},
        {OPT_LOCK_MODE, "forbid to delete images"},
        {OPT_LEGAL_HOLD, "forbid to delete images"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (!is_effective(config, rows[i].id))
            continue;
        err_set(err, ERR_USAGE, "trust", "a file of the current folder must not %s", rows[i].what);
        return add_source(config, rows[i].id, err);
    }
    return 0;
}

int consent_store(const struct config *config, struct err *err)
{
    enum option_id foreign = foreign_credential(config);

    if (!config_file_is_input(&config->file))
        return 0;
    if (config_directory(config))
        return 0; /* needs no credentials and no TLS */
    if (is_of_file(config, OPT_ENDPOINT) && check_endpoint(config, foreign, err))
        return ERR_FAIL;
    /* endpoint and keys are both of the file: TLS protects nothing of the user */
    if (is_of_file(config, OPT_ENDPOINT))
        return 0;
    return check_tls(config, err) || check_writes(config, err) ? ERR_FAIL : 0;
}

int consent_keys(const struct config *config, const char *source, struct err *err)
{
    if (!config_file_is_input(&config->file) || !is_of_file(config, OPT_ENDPOINT))
        return 0;
    return refuse_endpoint(config, source, err);
}

const char *consent_ca_file(const struct config *config)
{
    return config_file_is_input(&config->file) && is_of_file(config, OPT_CA_FILE)
               ? NULL
               : config_text(config, OPT_CA_FILE);
}

int consent_docker(const struct config *config, struct err *err)
{
    enum option_id id = is_of_file(config, OPT_DOCKER_HOST) ? OPT_DOCKER_HOST : OPT_DOCKER_CONTEXT;

    if (!config_file_is_input(&config->file) || !is_of_file(config, id))
        return 0;
    if (id == OPT_DOCKER_CONTEXT && config_text(config, OPT_DOCKER_HOST))
        return 0; /* the host of the user has precedence */
    err_set(err, ERR_USAGE, "trust",
            "a file of the current folder must not choose the Docker daemon");
    return add_source(config, id, err);
}

int consent_sign(const struct config *config, struct err *err)
{
    if (!config_file_is_input(&config->file) || !is_of_file(config, OPT_SIGN_KEY))
        return 0;
    err_set(err, ERR_USAGE, "trust",
            "a file of the current folder must not choose the key that signs");
    return add_source(config, OPT_SIGN_KEY, err);
}

int consent_deploy(const struct config *config, struct err *err)
{
    char where[512];

    if (!config_file_is_input(&config->file) || !config_file_deploys(&config->file))
        return 0;
    config_format_key(config, CONFIG_DEPLOY, where, sizeof where);
    err_set(err, ERR_USAGE, "trust",
            "a file of the current folder must not start containers or programs");
    return add_place(config, where, err);
}
