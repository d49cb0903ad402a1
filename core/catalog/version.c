/*
 * Semantic Versioning 2.0.0, with two extensions: a leading v, and any number of numbers; missing
 * ones count as 0. Numbers are compared as digits, so their size is not limited.
 */
#include "catalog/version.h"

#include <string.h>

#define DIGITS "0123456789"

struct run {
    const char *at;
    size_t size;
};

static struct run digits_at(const char *text)
{
    return (struct run){text, strspn(text, DIGITS)};
}

static int compare_numbers(struct run a, struct run b)
{
    for (; a.size && *a.at == '0'; a.size--)
        a.at++;
    for (; b.size && *b.at == '0'; b.size--)
        b.at++;
    if (a.size != b.size)
        return a.size < b.size ? -1 : 1;
    return a.size ? memcmp(a.at, b.at, a.size) : 0;
}

static const char *core_of(const char *text)
{
    return *text == 'v' || *text == 'V' ? text + 1 : text;
}

/* Returns the text behind the numbers; NULL if there are none. */
static const char *after_core(const char *text, unsigned *numbers)
{
    for (*numbers = 0;; text++) {
        struct run run = digits_at(text);

        if (run.size == 0)
            return NULL;
        ++*numbers;
        text += run.size;
        if (*text != '.')
            return text;
    }
}

bool version_is_semantic(const char *text)
{
    unsigned numbers;
    const char *rest = after_core(core_of(text), &numbers);

    return rest && numbers > 1 && (!*rest || ((*rest == '-' || *rest == '+') && rest[1]));
}

/* Reads the next number and advances to the one behind it. Returns an empty run, which means 0,
 * after the last. */
static struct run take_number(const char **at)
{
    struct run run = digits_at(*at);

    *at += run.size;
    if (run.size && **at == '.')
        ++*at;
    return run;
}

static int compare_cores(const char **a, const char **b)
{
    while (strspn(*a, DIGITS) || strspn(*b, DIGITS)) {
        int order = compare_numbers(take_number(a), take_number(b));

        if (order)
            return order;
    }
    return 0;
}

/* Reads one identifier of a pre-release: "rc" or "11". */
static struct run take_identifier(const char **at)
{
    struct run run = {*at, strcspn(*at, ".+")};

    *at += run.size;
    if (**at == '.')
        ++*at;
    return run;
}

static bool is_number(struct run run)
{
    return run.size && strspn(run.at, DIGITS) >= run.size;
}

static int compare_identifiers(struct run a, struct run b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order;

    if (is_number(a) && is_number(b))
        return compare_numbers(a, b);
    if (is_number(a) != is_number(b))
        return is_number(a) ? -1 : 1;
    order = memcmp(a.at, b.at, size);
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static bool ends(const char *at)
{
    return !*at || *at == '+';
}

/* Compares pre-releases, such as "-rc.1+build" and "". A text with a pre-release comes before one
 * without. */
static int compare_prereleases(const char *a, const char *b)
{
    if (*a != '-' || *b != '-')
        return (*b == '-') - (*a == '-');
    a++;
    b++;
    while (!ends(a) && !ends(b)) {
        int order = compare_identifiers(take_identifier(&a), take_identifier(&b));

        if (order)
            return order;
    }
    return ends(b) - ends(a);
}

int version_order(const char *a, const char *b)
{
    bool semantic = version_is_semantic(a);
    int order = 0;

    if (semantic != version_is_semantic(b))
        return semantic ? -1 : 1;
    if (semantic) {
        const char *left = core_of(a), *right = core_of(b);

        order = compare_cores(&left, &right);
        if (order == 0)
            order = compare_prereleases(left, right);
    }
    return order ? -order : -strcmp(a, b);
}
