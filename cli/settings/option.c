/*
 * Finds rows of the table of options (option_table.c).
 */
#include "cli/settings/option.h"

#include <string.h>
#include <strings.h>

#include "base/nearest.h"
#include "cli/settings/command_id.h"

const struct option *option_find(const char *name, size_t size)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &option_table[i];

        if (!option->no_flag && strlen(option->name) == size && !memcmp(option->name, name, size))
            return option;
    }
    return NULL;
}

const struct option *option_find_letter(char letter)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (letter && option_table[i].letter == letter)
            return &option_table[i];
    return NULL;
}

const char *option_nearest(const char *name, size_t size)
{
    char word[64];
    struct nearest nearest;

    if (size >= sizeof word)
        return NULL;
    memcpy(word, name, size);
    word[size] = 0;
    nearest_init(&nearest, word);
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (!option_table[i].no_flag)
            nearest_try(&nearest, option_table[i].name);
    return nearest_found(&nearest);
}

bool option_takes_value(const struct option *option)
{
    return option->kind != OPTION_SWITCH;
}

enum option_id option_id(const struct option *option)
{
    return (enum option_id)(option - option_table);
}

bool option_fits(const struct option *option, enum command_id command)
{
    return command == CMD_NONE || !option->commands || option->commands & (UINT64_C(1) << command);
}

bool option_in_profile(const struct option *option)
{
    return option->key && !strncmp(option->key, "profiles.*.", 11);
}

int option_word(const char *words, const char *word)
{
    size_t size = strlen(word);
    int position = 0;

    if (!words || !size || strchr(word, '|'))
        return -1;
    for (const char *at = words; at; at = strchr(at, '|'), position++) {
        at += *at == '|';
        if (!strncasecmp(at, word, size) && (at[size] == '|' || !at[size]))
            return position;
    }
    return -1;
}
