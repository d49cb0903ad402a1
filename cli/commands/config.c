/*
 * config init, list, show and validate. A configuration is resolved by cli/settings; here it is
 * printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/settings.h"
#include "base/err.h"
#include "base/file.h"
#include "base/owner.h"
#include "cli/cli.h"
#include "cli/commands/commands.h"
#include "cli/commands/deployments_ui.h"
#include "cli/connect.h"
#include "cli/demands.h"
#include "cli/settings/args.h"
#include "cli/settings/consent.h"

static const char template[] =
    "// s3dock configuration (JSON5: comments and trailing commas are fine)\n"
    "{\n"
    "  default_profile: \"default\",\n"
    "\n"
    "  profiles: {\n"
    "    default: {\n"
    "      bucket: \"s3dock-containers\",\n"
    "      region: \"us-east-1\",\n"
    "      // Without keys here, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are used.\n"
    "      // access_key: \"\",\n"
    "      // secret_key: \"\",\n"
    "      // session_token: \"\",\n"
    "    },\n"
    "\n"
    "    // Another S3 server:\n"
    "    // minio: {\n"
    "    //   endpoint: \"https://minio.example.com:9000\",\n"
    "    //   bucket: \"images\",\n"
    "    //   addressing: \"path\",            // auto, path or virtual\n"
    "    //   ca_file: \"/etc/ssl/minio.pem\", // if its certificate is not a public one\n"
    "    // },\n"
    "\n"
    "    // A plain directory, for trying out, or a disk to carry to a site without network:\n"
    "    // disk: {\n"
    "    //   endpoint: \"file:///media/usb/images\",\n"
    "    //   bucket: \"releases\",            // a folder in it\n"
    "    // },\n"
    "  },\n"
    "\n"
    "  // docker: { host: \"unix:///var/run/docker.sock\", timeout: \"1m\" },\n"
    "  // defaults: { log_level: \"info\", jobs: 4, memory: \"80M\" },\n"
    "\n"
    "  // Deployments on this host: docs/deploy.md explains the keys. An entry and its container\n"
    "  // file are written by s3dock deploy --init myapp production.\n"
    "  // deploy: {\n"
    "  //   myapp: {\n"
    "  //     production: {\n"
    "  //       container: \"myapp.production.json5\", // what docker run would get; {} is enough\n"
    "  //       port: 8080,                          // of the program in the container\n"
    "  //       slots: [18081, 18082],               // two free ports of this host\n"
    "  //       health: { http: \"/healthz\" },        // responds with 200 when it is ready\n"
    "  //     },\n"
    "  //   },\n"
    "  // },\n"
    "}\n";

/* Warns if the next command would refuse the file. */
static void note_folder(struct cli *cli, const char *path)
{
    const char *fault;
    struct stat st;

    fault = stat(".", &st) ? NULL : owner_fault(".", &st);
    if (fault && !strcmp(path, CONFIG_IN_FOLDER))
        output_warn(
            &cli->output,
            "the current folder %s, so the file is used only with --config %s or S3DOCK_CONFIG",
            fault, path);
}

int cmd_config_init(struct cli *cli, struct err *err)
{
    const char *path = cli->args->operand_count ? cli->args->operands[0] : CONFIG_IN_FOLDER;
    int answer;

    if (!*path)
        return err_set(err, ERR_USAGE, "arguments", "the name of the file is empty");
    if (file_make_parents(path, 0700, err))
        return ERR_FAIL;
    answer = file_create(path, view_str(template), 0600, err);
    if (answer == FILE_BUSY) {
        err_set(err, ERR_CONFLICT, "exists", "config file already exists: %s", path);
        return err_hint(err, "edit that file, or write another one: s3dock config init FILE");
    }
    if (answer)
        return ERR_FAIL;
    jw_string(output_data(&cli->output), "file", path);
    output_line(&cli->output, "wrote %s", path);
    note_folder(cli, path);
    output_note(&cli->output,
                "next: set your bucket in the file, then run s3dock config validate %s", path);
    return 0;
}

struct profiles {
    char (*names)[CONFIG_NAME_MAX];
    size_t count;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Lists the built-in profile if the file has none. The caller frees names. */
static int list_profiles(const struct config *config, struct profiles *out, struct err *err)
{
    out->count = 0;
    out->names = calloc(CONFIG_PROFILES_MAX, sizeof *out->names);
    if (!out->names)
        return err_memory(err, "the profiles");
    while (out->count < CONFIG_PROFILES_MAX &&
           config_file_profile(&config->file, out->count, out->names[out->count]))
        out->count++;
    if (!out->count)
        str_copy(out->names[out->count++], CONFIG_NAME_MAX, "default");
    qsort(out->names, out->count, sizeof *out->names, by_name);
    return 0;
}

/* Lists the profiles of the AWS files, if there are any. */
static void list_aws_profiles(struct cli *cli)
{
    const struct aws_settings *aws = config_aws(&cli->config);
    struct json_writer *w = output_data(&cli->output);
    const struct aws_profile *profile;

    if (!aws || !aws_profiles_at(aws->profiles, AWS_PROFILE, 0))
        return;
    output_line(&cli->output, "Profiles of the AWS files:");
    jw_array(w, "aws_profiles");
    for (size_t n = 0; (profile = aws_profiles_at(aws->profiles, AWS_PROFILE, n)); n++) {
        jw_string(w, NULL, aws_profile_name(profile));
        output_line(&cli->output, "%c %s", profile == aws->profile ? '*' : ' ',
                    aws_profile_name(profile));
    }
    jw_end(w);
}

int cmd_config_list(struct cli *cli, struct err *err)
{
    struct json_writer *w = output_data(&cli->output);
    struct profiles profiles;

    if (list_profiles(&cli->config, &profiles, err))
        return ERR_FAIL;
    output_line(&cli->output, "Available profiles:");
    jw_array(w, "profiles");
    for (size_t i = 0; i < profiles.count; i++) {
        const char *name = profiles.names[i];

        jw_string(w, NULL, name);
        output_line(&cli->output, "%c %s", strcmp(name, cli->config.profile) ? ' ' : '*', name);
    }
    jw_end(w);
    jw_string(w, "default_profile", cli->config.profile);
    list_aws_profiles(cli);
    free(profiles.names);
    return 0;
}

/* Returns the value for display: "***" for secrets, a shortened id of an access key. */
static const char *display_value(const struct config *config, enum option_id id, char shortened[16])
{
    const char *value = config_text(config, id);

    if (!value || option_table[id].secret)
        return value ? "***" : NULL;
    if (id != OPT_ACCESS_KEY)
        return value;
    config_short_key(value, shortened);
    return shortened;
}

/* Returns whether the option is listed: options of the configuration file; with origins, also those
 * with a variable. The profile is the heading. */
static bool is_setting(const struct option *option, bool origin)
{
    if (option_id(option) == OPT_PROFILE)
        return false;
    return origin ? option->key || option->env : option->key && !option->only;
}

static void show_line(struct cli *cli, const struct config *config, enum option_id id, bool origin)
{
    char shortened[16], where[512];
    const char *value = display_value(config, id, shortened);

    config_origin(config, id, where, sizeof where);
    if (origin)
        output_line(&cli->output, "  %-18s %-32s %s", option_table[id].name, value ? value : "-",
                    where);
    else
        output_line(&cli->output, "  %-18s %s", option_table[id].name, value ? value : "-");
}

static void show_text(struct cli *cli, const struct config *config, bool origin)
{
    char where[512];

    config_origin(&cli->config, OPT_PROFILE, where, sizeof where);
    if (config->aws_chosen)
        str_copy(where, sizeof where, "default"); /* the flag names a profile of the AWS files */
    if (strcmp(config->profile, cli->config.profile) != 0)
        output_line(&cli->output, "%s", config->profile);
    else if (origin)
        output_line(&cli->output, "%s (in use: %s)", config->profile, where);
    else
        output_line(&cli->output, "%s (in use)", config->profile);
    for (unsigned id = 0; id < OPTION_COUNT; id++)
        if (is_setting(&option_table[id], origin) &&
            (origin || config->settings[id].origin > ORIGIN_DEFAULT || id == OPT_BUCKET ||
             id == OPT_REGION))
            show_line(cli, config, id, origin);
}

static void show_origin(struct json_writer *w, enum option_id id, const char *value,
                        const struct config *config)
{
    char where[512];

    config_origin(config, id, where, sizeof where);
    jw_object(w, NULL);
    jw_string(w, "name", option_table[id].name);
    jw_string(w, "value", value);
    jw_string(w, "origin", where);
    jw_end(w);
}

static void show_origins(struct json_writer *w, const struct config *config)
{
    char shortened[16];

    jw_array(w, "settings");
    show_origin(w, OPT_PROFILE, config->aws_chosen ? config_aws_profile(config) : config->profile,
                config);
    for (unsigned id = 0; id < OPTION_COUNT; id++) {
        if (is_setting(&option_table[id], true) && config_text(config, id))
            show_origin(w, id, display_value(config, id, shortened), config);
    }
    jw_end(w);
}

static void show_json(struct cli *cli, const struct config *config, bool origin)
{
    struct json_writer *w = output_data(&cli->output);
    char shortened[16];

    jw_string(w, "profile", config->profile);
    if (config_aws(config) && config_aws(config)->profile)
        jw_string(w, "aws_profile", config_aws(config)->profile_name);
    jw_string(w, "bucket", config_text(config, OPT_BUCKET));
    jw_string(w, "region", config_text(config, OPT_REGION));
    if (config_text(config, OPT_ENDPOINT))
        jw_string(w, "endpoint", config_text(config, OPT_ENDPOINT));
    if (config_text(config, OPT_ACCESS_KEY))
        jw_string(w, "access_key", display_value(config, OPT_ACCESS_KEY, shortened));
    if (config->file.path[0])
        jw_string(w, "file", config->file.path);
    if (origin)
        show_origins(w, config);
}

/* Sets the option from another program's variable. 1: the variable is set. */
static int adopt(struct config *config, enum option_id id, const char *variable, struct err *err)
{
    struct setting *setting = &config->settings[id];
    const char *value = getenv(variable);

    if (!value || !*value)
        return 0;
    *setting = (struct setting){.value = strdup(value), .origin = ORIGIN_ENV, .name = variable};
    return setting->value ? 1 : err_memory(err, "the configuration");
}

/* Applies the rules of the docker program if the configuration names no daemon: DOCKER_HOST has
 * precedence over DOCKER_CONTEXT. */
static int adopt_docker(struct config *config, struct err *err)
{
    int adopted;

    if (config_text(config, OPT_DOCKER_HOST) || config_text(config, OPT_DOCKER_CONTEXT))
        return 0;
    adopted = adopt(config, OPT_DOCKER_HOST, "DOCKER_HOST", err);
    if (!adopted)
        adopted = adopt(config, OPT_DOCKER_CONTEXT, "DOCKER_CONTEXT", err);
    return adopted < 0 ? ERR_FAIL : 0;
}

/* Loads the settings of all commands. `profile` NULL: the profile in use. */
static int load_profile(struct config *out, struct cli *cli, const char *profile, struct err *err)
{
    struct args args = *cli->args;
    int failed;

    args.command = CMD_NONE;
    failed = config_load_profile(out, &args, config_environment, profile, err);
    return failed ? ERR_FAIL : adopt_docker(out, err);
}

static int show_others(struct cli *cli, bool origin, struct err *err)
{
    struct profiles profiles;
    int failed = list_profiles(&cli->config, &profiles, err);

    for (size_t i = 0; !failed && i < profiles.count; i++) {
        struct config other;

        if (!strcmp(profiles.names[i], cli->config.profile))
            continue;
        failed = load_profile(&other, cli, profiles.names[i], err);
        if (!failed)
            show_text(cli, &other, origin);
        config_finish(&other);
    }
    free(profiles.names);
    return failed ? ERR_FAIL : 0;
}

static void show_refused(struct cli *cli, const struct err *err)
{
    jw_string(output_data(&cli->output), NULL, err->text);
    output_line(&cli->output, "  refused: %s", err->text);
}

/* Prints the settings that are refused in a file of the current folder. */
static void show_trust(struct cli *cli, const struct config *config)
{
    struct json_writer *w = output_data(&cli->output);
    struct err err;

    if (config->file.place != CONFIG_FOLDER || !config->file.path[0])
        return;
    jw_bool(w, "trusted", config->file.trusted);
    output_line(&cli->output, "  found in the current folder, %s",
                config->file.trusted ? "trusted" : "not trusted (s3dock config trust)");
    jw_array(w, "refused");
    if (consent_store(config, &err))
        show_refused(cli, &err);
    if (consent_docker(config, &err))
        show_refused(cli, &err);
    if (consent_deploy(config, &err))
        show_refused(cli, &err);
    jw_end(w);
    jw_array(w, "ignored");
    for (unsigned id = 0; id < OPTION_COUNT; id++) {
        if (!config_ignores(config, id))
            continue;
        jw_string(w, NULL, option_table[id].key);
        output_line(&cli->output, "  ignored: %s", option_table[id].key);
    }
    jw_end(w);
}

/* Prints the profile of the AWS files, or why these files cannot be used. */
static void show_aws(struct cli *cli, const struct config *config)
{
    const struct err *failure = config->aws ? aws_source_failure(config->aws) : NULL;
    const struct aws_settings *aws = config_aws(config);

    if (failure)
        output_warn(&cli->output, "the AWS files are not used: %s", failure->text);
    else if (aws && aws->profile)
        output_line(&cli->output, "profile of the AWS files: %s", aws->profile_name);
}

int cmd_config_show(struct cli *cli, struct err *err)
{
    bool origin = config_switch(&cli->config, OPT_ORIGIN);
    struct config config;
    int failed = load_profile(&config, cli, NULL, err);

    if (!failed) {
        show_json(cli, &config, origin);
        output_line(&cli->output, "configuration file: %s",
                    config.file.path[0] ? config.file.path : "none, built-in defaults");
        show_trust(cli, &config);
        deployments_show(cli, &config);
        show_aws(cli, &config);
        show_text(cli, &config, origin);
    }
    config_finish(&config);
    if (!failed && !cli->config.profile_chosen && !cli->config.aws_chosen && !cli->output.json)
        failed = show_others(cli, origin, err);
    return failed ? ERR_FAIL : 0;
}

static void report_lines(struct cli *cli, const struct text *warnings)
{
    struct json_writer *w = output_data(&cli->output);
    const char *line = warnings->data;

    jw_array(w, "warnings");
    while (*line) {
        size_t size = strcspn(line, "\n");

        jw_string_view(w, NULL, view_of(line, size));
        output_line(&cli->output, "%.*s", (int)size, line);
        line += size + (line[size] == '\n');
    }
    jw_end(w);
}

static int validate_demands(const struct config *config, struct err *err)
{
    struct demands demands;
    int failed = demands_read(&config->file, config->profile, &demands, err);

    demands_finish(&demands);
    return failed;
}

static int validate_store(const struct config *config, struct err *err)
{
    if (connect_check(config, err) == 0)
        return 0;
    err_wrap(err, "the profile %s", config->profile);
    return ERR_FAIL;
}

/* Resolves every profile, so that an invalid value is found in any of them. */
static int validate_profiles(const struct args *args, const struct config *config, struct err *err)
{
    struct profiles profiles;
    int failed = list_profiles(config, &profiles, err);

    for (size_t i = 0; !failed && i < profiles.count; i++) {
        struct config one;

        failed = config_load_profile(&one, args, config_environment, profiles.names[i], err) ||
                 validate_demands(&one, err) || validate_store(&one, err);
        config_finish(&one);
    }
    free(profiles.names);
    return failed ? ERR_FAIL : 0;
}

int cmd_config_validate(struct cli *cli, struct err *err)
{
    struct args args = *cli->args;
    struct config config;
    int failed;

    args.command = CMD_NONE; /* the options of all commands */
    if (args.operand_count)
        args.values[OPT_CONFIG] = args.operands[0];
    failed = config_load(&config, &args, config_environment, err);
    if (!failed && !config.file.path[0]) {
        err_set(err, ERR_NOT_FOUND, "config", "there is no configuration file");
        failed = err_hint(err, "s3dock config init writes one");
    }
    failed = failed || validate_profiles(&args, &config, err) ||
             deployments_validate(&config, &config.warnings, err);
    if (!failed) {
        jw_string(output_data(&cli->output), "file", config.file.path);
        jw_bool(output_data(&cli->output), "valid", true);
        report_lines(cli, &config.warnings);
        output_line(&cli->output, "%s is valid", config.file.path);
    }
    config_finish(&config);
    return failed ? ERR_FAIL : 0;
}
