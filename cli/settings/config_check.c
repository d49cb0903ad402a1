/*
 * Each check adds lines to config->warnings.
 */
#include "cli/settings/config_check.h"

#include <stdio.h>

#include "cli/settings/config_values.h"

static void add_warning(void *arg, const char *text)
{
    struct config *config = arg;

    text_printf(&config->warnings, "%s: %s\n", config->file.path, text);
}

/* Warns of keys that the original accepted, too, without an effect. */
static void warn_fixed_value(struct config *config, enum option_id id)
{
    const struct option *option = &option_table[id];
    char line[512];

    if (!option->only || config->settings[id].origin != ORIGIN_FILE ||
        option_word(option->only, config_text(config, id)) >= 0)
        return;
    snprintf(line, sizeof line, "the value of %s has no effect, only %s is supported: %s",
             option->key, option->only, option->why);
    add_warning(config, line);
}

static void warn_ignored_program(struct config *config, enum option_id id)
{
    const struct option *option = &option_table[id];
    char line[256];

    if (!config_ignores(config, id))
        return;
    snprintf(line, sizeof line, "%s is ignored in a file of the current folder (use %s)",
             option->key, option->env);
    add_warning(config, line);
}

void config_check_file(struct config *config, enum command_id command)
{
    config_file_unknown(&config->file, add_warning, config);
    if (config->file.exposed)
        add_warning(config,
                    "the file has a secret key and is readable by other users (fix: chmod 600)");
    for (unsigned id = 0; id < OPTION_COUNT; id++)
        warn_fixed_value(config, id);
    for (unsigned id = 0; id < OPTION_COUNT; id++)
        if (option_fits(&option_table[id], command))
            warn_ignored_program(config, id);
}
