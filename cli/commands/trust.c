/*
 * config trust: adds a file to the list of trusted files, removes it, or lists all.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/owner.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/deployments_ui.h"
#include "cli/settings/trust.h"

static const char *operand(const struct cli *cli)
{
    return cli->args->operand_count ? cli->args->operands[0] : CONFIG_IN_FOLDER;
}

/* Reads the real path and the digest of a file. Fails if a user other than this one and root can
 * write it. */
static int digest_file(const char *path, char real[PATH_MAX], char hex[SHA256_HEX_SIZE],
                       struct err *err)
{
    _cleanup_text_ struct text content = {0};
    uint8_t sum[SHA256_SIZE];
    int answer;

    text_init(&content, CONFIG_FILE_MAX);
    answer = owner_read(path, &content, real, err);
    if (answer == OWNER_ABSENT)
        return err_set(err, ERR_NOT_FOUND, "config", "there is no file %s", path);
    if (answer < 0) {
        err_wrap(err, "%s cannot be trusted", path);
        return err_hint(err,
                        "make sure that only you can write the file and its folder (chown, "
                        "chmod go-w); --config %s needs no trust",
                        path);
    }
    sha256_of(text_view(&content), sum);
    hex_encode(sum, sizeof sum, hex);
    return 0;
}

/* ---- trusting ---- */

/* Prints one of the settings that the trust allows. */
static void print_setting(struct cli *cli, const struct config_file *file, enum option_id id,
                          const char *profile)
{
    const char *key = option_table[id].key, *star = strchr(key, '*');
    char value[CONFIG_VALUE_MAX];
    struct err ignored;

    if (config_file_value(file, key, profile, value, &ignored) != CONFIG_OK)
        return;
    if (option_table[id].secret)
        str_copy(value, sizeof value, "***");
    if (star)
        output_line(&cli->output, "  profiles.%s%s: %s", profile, star + 1, value);
    else
        output_line(&cli->output, "  %s: %s", key, value);
}

static void print_settings(struct cli *cli, const struct config_file *file)
{
    static const enum option_id ids[] = {OPT_ENDPOINT,     OPT_CA_FILE,    OPT_INSECURE,
                                         OPT_CLIENT_CERT,  OPT_CLIENT_KEY, OPT_ENCRYPTION_KEY,
                                         OPT_CUSTOMER_KEY, OPT_ACL,        OPT_REQUESTER_PAYS,
                                         OPT_LOCK_MODE,    OPT_LEGAL_HOLD, OPT_SIGN_KEY};
    char profile[CONFIG_NAME_MAX];

    for (size_t n = 0; config_file_profile(file, n, profile); n++)
        for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
            print_setting(cli, file, ids[i], profile);
    print_setting(cli, file, OPT_DOCKER_HOST, "");
    print_setting(cli, file, OPT_DOCKER_CONTEXT, "");
    deployments_print(cli, file);
}

static int trust_file(struct cli *cli, const char *path, struct err *err)
{
    char real[PATH_MAX], hex[SHA256_HEX_SIZE];
    struct config_file file;
    struct json_writer *w;
    int failed = config_file_load(path, config_environment, &file, err) ||
                 digest_file(path, real, hex, err) || trust_add(config_environment, real, hex, err);

    if (!failed) {
        w = output_data(&cli->output);
        jw_string(w, "file", real);
        jw_string(w, "sha256", hex);
        jw_bool(w, "trusted", true);
        output_line(&cli->output, "trusted as it is now: %s", real);
        print_settings(cli, &file);
    }
    config_file_finish(&file);
    return failed ? ERR_FAIL : 0;
}

/* ---- removing ---- */

/* Works for a deleted file, too. */
static int remove_file(struct cli *cli, const char *path, struct err *err)
{
    char real[PATH_MAX];
    int answer;

    if (!realpath(path, real) && !str_copy(real, sizeof real, path))
        return err_set(err, ERR_USAGE, "trust", "the path is too long: %.100s...", path);
    answer = trust_remove(config_environment, real, err);
    if (answer == TRUST_ABSENT) {
        err_set(err, ERR_NOT_FOUND, "trust", "%s is not trusted", real);
        return err_hint(err, "s3dock config trust --list shows the paths");
    }
    if (answer)
        return ERR_FAIL;
    jw_string(output_data(&cli->output), "file", real);
    jw_bool(output_data(&cli->output), "trusted", false);
    output_line(&cli->output, "no longer trusted: %s", real);
    return 0;
}

/* ---- listing ---- */

static const char *state_of(const char *path, const char *hex)
{
    char real[PATH_MAX], now[SHA256_HEX_SIZE];
    struct err err = {0};

    if (digest_file(path, real, now, &err))
        return err.family == ERR_NOT_FOUND ? "absent" : "refused";
    return strcmp(hex, now) ? "changed" : "trusted";
}

static void list_one(void *arg, const char *path, const char *hex)
{
    struct cli *cli = arg;
    struct json_writer *w = output_data(&cli->output);
    const char *state = state_of(path, hex);

    jw_object(w, NULL);
    jw_string(w, "file", path);
    jw_string(w, "sha256", hex);
    jw_string(w, "state", state);
    jw_end(w);
    output_line(&cli->output, "%-8s  %s", state, path);
}

static int list_files(struct cli *cli, struct err *err)
{
    int failed;

    jw_array(output_data(&cli->output), "files");
    failed = trust_list(config_environment, list_one, cli, err);
    jw_end(output_data(&cli->output));
    return failed;
}

int cmd_config_trust(struct cli *cli, struct err *err)
{
    const char *path = operand(cli);
    bool list = config_switch(&cli->config, OPT_LIST);
    bool remove = config_switch(&cli->config, OPT_REMOVE);

    if (list && (remove || cli->args->operand_count)) {
        err_set(err, ERR_USAGE, "arguments", "--list cannot be combined with a file or --remove");
        return err_hint(err, "s3dock config trust --list");
    }
    if (list)
        return list_files(cli, err);
    return remove ? remove_file(cli, path, err) : trust_file(cli, path, err);
}
