/*
 * Nothing is resolved here; the settings are complete.
 */
#include "cli/settings/config_values.h"

#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"

void config_format_key(const struct config *config, const char *key, char *out, size_t size)
{
    if (!strncmp(key, "profiles.", 9))
        snprintf(out, size, "profiles.%s.%s in %s", config->profile, strchr(key + 9, '.') + 1,
                 config->file.path);
    else
        snprintf(out, size, "%s in %s", key, config->file.path);
}

const char *config_text(const struct config *config, enum option_id id)
{
    return config->settings[id].value;
}

bool config_switch(const struct config *config, enum option_id id)
{
    return config->settings[id].parsed.number != 0;
}

uint64_t config_number(const struct config *config, enum option_id id)
{
    return config->settings[id].parsed.number;
}

bool config_is_word(const struct config *config, enum option_id id)
{
    return config->settings[id].parsed.is_word;
}

const char *config_directory(const struct config *config)
{
    static const char scheme[] = "file://";
    const char *endpoint = config_text(config, OPT_ENDPOINT);

    return endpoint && !strncmp(endpoint, scheme, sizeof scheme - 1) ? endpoint + sizeof scheme - 1
                                                                     : NULL;
}

const char *config_aws_profile(const struct config *config)
{
    return config->aws_chosen ? config_text(config, OPT_PROFILE) : NULL;
}

const struct aws_settings *config_aws(const struct config *config)
{
    return config->aws ? aws_source_settings(config->aws) : NULL;
}

int config_check_aws(const struct config *config, struct err *err)
{
    const struct err *failure = config->aws ? aws_source_failure(config->aws) : NULL;

    if (!failure || (config->settings[OPT_ENDPOINT].origin > ORIGIN_DEFAULT &&
                     config->settings[OPT_REGION].origin > ORIGIN_DEFAULT &&
                     config_text(config, OPT_ACCESS_KEY)))
        return 0;
    *err = *failure;
    return ERR_FAIL;
}

bool config_ignores(const struct config *config, enum option_id id)
{
    const struct option *option = &option_table[id];
    char value[CONFIG_VALUE_MAX];
    struct err ignored;

    return option->runs && config->file.place == CONFIG_FOLDER &&
           config_file_value(&config->file, option->key, config->profile, value, &ignored) !=
               CONFIG_ABSENT;
}

void config_origin(const struct config *config, enum option_id id, char *out, size_t size)
{
    const struct setting *setting = &config->settings[id];

    switch (setting->origin) {
    case ORIGIN_NONE:
        snprintf(out, size, "not set");
        break;
    case ORIGIN_DEFAULT:
        snprintf(out, size, "default");
        break;
    case ORIGIN_AWS:
        aws_source_place(config->aws, id, out, size);
        break;
    case ORIGIN_FILE:
        config_format_key(config, setting->name, out, size);
        break;
    case ORIGIN_ENV:
        snprintf(out, size, "%s", setting->name);
        break;
    case ORIGIN_FLAG:
        snprintf(out, size, "--%s", option_table[id].name);
        break;
    }
}

void config_short_key(const char *key, char out[16])
{
    size_t size = strlen(key);

    if (size < 12)
        snprintf(out, 16, "***");
    else
        snprintf(out, 16, "%.4s...%s", key, key + size - 4);
}
