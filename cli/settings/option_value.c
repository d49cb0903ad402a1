/*
 * The parsers of the values of options, and the messages for wrong values.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/err.h"
#include "cli/settings/option.h"

#define MINUTE_MS 60000
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (UINT64_C(24) * HOUR_MS)

#define UNIT_SIZE 24

bool option_read_switch(const char *text, bool *out)
{
    int at = option_word("0|1|false|true|no|yes|off|on", text);

    *out = at & 1;
    return at >= 0;
}

static bool read_digits(const char *text, uint64_t *out)
{
    uint64_t number = 0;

    if (!*text)
        return false;
    for (; *text; text++) {
        if (!isdigit((unsigned char)*text) || number > UINT64_MAX / 10 - 1)
            return false;
        number = number * 10 + (uint64_t)(*text - '0');
    }
    *out = number;
    return true;
}

bool option_read_size(const char *text, uint64_t *out)
{
    size_t digits = strspn(text, "0123456789");
    char number[20];
    /* each unit in its usual spellings; position / 3 is the power of 1024, less one */
    int unit = option_word("k|kb|kib|m|mb|mib|g|gb|gib", text + digits);

    if (!digits || digits >= sizeof number || (text[digits] && unit < 0))
        return false;
    memcpy(number, text, digits);
    number[digits] = 0;
    if (!read_digits(number, out))
        return false;
    for (int power = unit < 0 ? 0 : unit / 3 + 1; power > 0; power--) {
        if (*out > UINT64_MAX / 1024)
            return false;
        *out *= 1024;
    }
    return true;
}

static bool is_price(const char *text)
{
    size_t digits = strspn(text, "0123456789"), more = 0;

    if (text[digits] == '.')
        more = strspn(text + digits + 1, "0123456789") + 1;
    return digits && digits <= 9 && more != 1 && more <= 7 && !text[digits + more];
}

static bool in_range(const struct option *option, uint64_t number)
{
    return number >= option->min && number <= option->max;
}

struct unit {
    const char *name;
    uint64_t size; /* a multiple of the size before */
};

static const struct unit sizes[] = {
    {"", 1}, {"K", 1024}, {"M", 1 << 20}, {"G", 1 << 30}, {NULL, 0}};
static const struct unit times[] = {{"ms", 1},      {"s", 1000},   {"m", MINUTE_MS},
                                    {"h", HOUR_MS}, {"d", DAY_MS}, {NULL, 0}};

/* Formats the number in the largest unit that divides it. */
static const char *format_unit(uint64_t number, const struct unit *units, char out[UNIT_SIZE])
{
    while (units[1].name && number >= units[1].size && number % units[1].size == 0)
        units++;
    snprintf(out, UNIT_SIZE, "%ju%s", (uintmax_t)(number / units->size), units->name);
    return out;
}

static int wrong_word(const struct option *option, const char *text, const char *where,
                      struct err *err)
{
    return err_set(err, ERR_USAGE, "value", "%s: \"%s\" is not one of %s", where, text,
                   option->words);
}

static int wrong_price(const char *text, const char *where, struct err *err)
{
    return err_set(err, ERR_USAGE, "value",
                   "%s: \"%.40s\" is not a price such as 0.023, with at most 6 decimals", where,
                   text);
}

static int wrong_number(const struct option *option, const char *text, const char *where,
                        struct err *err)
{
    char low[UNIT_SIZE], high[UNIT_SIZE];

    switch (option->kind) {
    case OPTION_SIZE:
        return err_set(err, ERR_USAGE, "value", "%s: \"%s\" is not a size from %s to %s", where,
                       text, format_unit(option->min, sizes, low),
                       format_unit(option->max, sizes, high));
    case OPTION_TIME:
    case OPTION_AGE:
        return err_set(err, ERR_USAGE, "value", "%s: \"%s\" is not %s, from %s to %s", where, text,
                       option->kind == OPTION_AGE ? "an age with its unit such as 12h or 30d"
                                                  : "a time such as 30s or 5m",
                       format_unit(option->min, times, low), format_unit(option->max, times, high));
    default:
        return err_set(err, ERR_USAGE, "value", "%s: \"%s\" is not a number from %ju to %ju%s%s",
                       where, text, (uintmax_t)option->min, (uintmax_t)option->max,
                       option->words ? ", nor one of " : "", option->words ? option->words : "");
    }
}

static bool has_no_unit(const char *text)
{
    return text[strspn(text, "0123456789")] == '\0';
}

static bool read_number(enum option_kind kind, const char *text, uint64_t *out)
{
    switch (kind) {
    case OPTION_SIZE:
        return option_read_size(text, out);
    case OPTION_TIME:
        return duration_read(text, out);
    case OPTION_AGE:
        return !has_no_unit(text) && duration_read(text, out);
    default:
        return read_digits(text, out);
    }
}

int option_parse(const struct option *option, const char *text, const char *where,
                 struct option_value *out, struct err *err)
{
    int word = option->kind == OPTION_TEXT ? -1 : option_word(option->words, text);
    bool on = false;

    *out = (struct option_value){.number = word < 0 ? 0 : (uint64_t)word, .is_word = word >= 0};
    if (out->is_word)
        return 0;
    switch (option->kind) {
    case OPTION_TEXT:
        return *text ? 0 : err_set(err, ERR_USAGE, "value", "%s is empty", where);
    case OPTION_SWITCH:
        if (!option_read_switch(text, &on))
            return err_set(err, ERR_USAGE, "value", "%s: \"%s\" is neither true nor false", where,
                           text);
        out->number = on;
        return 0;
    case OPTION_PRICE:
        return is_price(text) ? 0 : wrong_price(text, where, err);
    case OPTION_CHOICE:
        return wrong_word(option, text, where, err);
    default:
        if (read_number(option->kind, text, &out->number) && in_range(option, out->number))
            return 0;
        return wrong_number(option, text, where, err);
    }
}
