/*
 * Checks a JSON object against a table of members, recursively. The depth is bounded by the table.
 */
#include "pack/image/shape.h"

#include <stdint.h>
#include <string.h>

#include "base/err.h"

static int bad(const char *what, const char *name, const char *why, struct err *err)
{
    err_set(err, ERR_INTEGRITY, "image", "%s is invalid or ambiguous for Docker: the member %s %s",
            what, name, why);
    return err_hint(err,
                    "build the image again with a current tool, or load and save it with Docker");
}

/* ---- times ---- */

/* Reads a number of so many digits, from `min` to `max`. */
static bool take_number(const char **at, unsigned digits, unsigned min, unsigned max,
                        unsigned *value)
{
    *value = 0;
    for (; digits > 0; digits--, ++*at) {
        if (**at < '0' || **at > '9')
            return false;
        *value = *value * 10 + (unsigned)(**at - '0');
    }
    return *value >= min && *value <= max;
}

static unsigned days_of(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

static bool skip(const char **at, char byte)
{
    return *(*at)++ == byte;
}

static bool is_zone(const char *at)
{
    unsigned number;

    if (strcmp(at, "Z") == 0)
        return true;
    return (*at == '+' || *at == '-') && (++at, take_number(&at, 2, 0, 23, &number)) &&
           skip(&at, ':') && take_number(&at, 2, 0, 59, &number) && *at == '\0';
}

static bool is_time(const char *at)
{
    unsigned year, month, number;

    if (!take_number(&at, 4, 0, 9999, &year) || !skip(&at, '-') ||
        !take_number(&at, 2, 1, 12, &month) || !skip(&at, '-') ||
        !take_number(&at, 2, 1, days_of(year, month), &number) || !skip(&at, 'T') ||
        !take_number(&at, 2, 0, 23, &number) || !skip(&at, ':') ||
        !take_number(&at, 2, 0, 59, &number) || !skip(&at, ':') ||
        !take_number(&at, 2, 0, 59, &number))
        return false;
    if (*at == '.') {
        size_t digits = strspn(++at, "0123456789");

        if (digits == 0)
            return false;
        at += digits;
    }
    return is_zone(at);
}

/* ---- values ---- */

static bool is_text(struct json_node value)
{
    return json_kind(value) == JSON_STRING || json_kind(value) == JSON_NULL;
}

/* Returns true for an array or an object of texts. */
static bool are_texts(struct json_node list, enum json_kind kind)
{
    struct json_node value = {0};

    if (json_kind(list) != kind)
        return false;
    while ((value = json_next(list, value, NULL)).doc)
        if (!is_text(value))
            return false;
    return true;
}

static bool has_type(struct json_node value, enum shape_kind kind)
{
    char time[64];
    int64_t number;

    switch (kind) {
    case SHAPE_TEXT:
        return is_text(value);
    case SHAPE_FLAG:
        return json_kind(value) == JSON_BOOL;
    case SHAPE_NUMBER:
        return json_int(value, &number);
    case SHAPE_TIME:
        return json_string(value, time, sizeof time) && is_time(time);
    case SHAPE_TEXTS:
        return are_texts(value, JSON_ARRAY);
    case SHAPE_WORDS:
        return is_text(value) || are_texts(value, JSON_ARRAY);
    case SHAPE_TEXT_MAP:
        return are_texts(value, JSON_OBJECT);
    case SHAPE_OBJECT:
    case SHAPE_OBJECT_MAP:
        return json_kind(value) == JSON_OBJECT;
    case SHAPE_OBJECTS:
        return json_kind(value) == JSON_ARRAY;
    }
    return false;
}

/* ---- objects ---- */

static const struct shape NOTHING_KNOWN[] = {{0}};

static int check_inside(struct json_node value, const struct shape *member, bool exact,
                        const char *what, struct err *err)
{
    const struct shape *inside = member->inside ? member->inside : NOTHING_KNOWN;
    struct json_node child = {0};

    if (member->kind == SHAPE_OBJECT)
        return shape_check(value, inside, exact, what, err);
    if (member->kind != SHAPE_OBJECTS && member->kind != SHAPE_OBJECT_MAP)
        return 0;
    while ((child = json_next(value, child, NULL)).doc)
        if (shape_check(child, inside, exact, what, err) < 0)
            return ERR_FAIL;
    return 0;
}

static int check_member(struct json_node key, struct json_node value, const struct shape *member,
                        bool exact, const char *what, struct err *err)
{
    if (exact && !json_string_equals(key, member->name))
        return bad(what, member->name, "has a name in another case", err);
    if (json_kind(value) == JSON_NULL)
        return 0;
    if (!has_type(value, member->kind))
        return bad(what, member->name, "has a value of another type", err);
    return check_inside(value, member, exact, what, err);
}

int shape_check(struct json_node object, const struct shape *shape, bool exact, const char *what,
                struct err *err)
{
    struct json_node value = {0}, key;
    uint64_t seen = 0;

    if (json_kind(object) == JSON_NULL)
        return 0;
    if (json_kind(object) != JSON_OBJECT)
        return err_set(err, ERR_INTEGRITY, "image", "%s contains a value that is not an object",
                       what);
    while ((value = json_next(object, value, &key)).doc)
        for (unsigned i = 0; shape[i].name; i++) {
            if (!json_names(key, shape[i].name))
                continue;
            if (seen & UINT64_C(1) << i)
                return bad(what, shape[i].name, "is repeated", err);
            seen |= UINT64_C(1) << i;
            if (check_member(key, value, &shape[i], exact, what, err) < 0)
                return ERR_FAIL;
        }
    return 0;
}
