/*
 * Numbers with their units, one behind the other, as in Go's durations. A number has at most nine
 * digits, so no product and no sum overflows.
 */
#include "base/duration.h"

#include <string.h>
#include <strings.h>

#include "base/bytes.h"

#define DIGITS_MAX 9
#define UNIT_MAX   2
#define HOUR_MS    UINT64_C(3600000)
#define PARTS_MAX  16

static const struct {
    char name[UNIT_MAX + 1];
    uint64_t ms;
} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", HOUR_MS}, {"d", 24 * HOUR_MS}};

/* Reads the digits at the front. Returns their number; 0 if there are none, or too many. */
static size_t read_digits(const char *text, uint64_t *number)
{
    size_t digits = strspn(text, "0123456789");

    *number = 0;
    for (size_t i = 0; i < digits && digits <= DIGITS_MAX; i++)
        *number = *number * 10 + (uint64_t)(text[i] - '0');
    return digits <= DIGITS_MAX ? digits : 0;
}

/* Reads one number with its unit, and moves *text behind it. */
static bool read_part(const char **text, uint64_t *ms)
{
    size_t digits = read_digits(*text, ms);
    const char *unit = *text + digits;
    size_t letters = strcspn(unit, "0123456789");

    *text = unit + letters;
    for (size_t i = 0; digits && letters && letters <= UNIT_MAX && i < ARRAY_SIZE(units); i++) {
        if (strncasecmp(unit, units[i].name, letters) == 0 && !units[i].name[letters]) {
            *ms *= units[i].ms;
            return true;
        }
    }
    return false;
}

bool duration_read(const char *text, uint64_t *ms)
{
    unsigned parts = 0;
    uint64_t part;
    size_t digits = read_digits(text, ms);

    if (digits && !text[digits]) {
        *ms = *ms < HOUR_MS ? *ms * 1000 : UINT64_MAX;
        return true;
    }
    for (*ms = 0; *text; *ms += part)
        if (parts++ == PARTS_MAX || !read_part(&text, &part))
            return false;
    return parts > 0;
}
