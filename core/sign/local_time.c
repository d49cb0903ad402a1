/* The C library has the time zone; a date in UTC needs only arithmetic. */
#include "sign/local_time.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"

/* Returns the number of digits; 0: another character, or a size that is no form. */
static size_t count_digits(const char *text, bool *utc)
{
    size_t digits = strspn(text, "0123456789");

    *utc = strcasecmp(text + digits, "Z") == 0 || strcasecmp(text + digits, "UTC") == 0;
    if (text[digits] != '\0' && !*utc)
        return 0;
    return digits == 8 || digits == 12 || digits == 14 ? digits : 0;
}

static int read_number(const char *text, size_t at, size_t size, size_t digits)
{
    char number[8] = {0};

    if (at >= digits)
        return 0;
    memcpy(number, text + at, size);
    return (int)strtol(number, NULL, 10);
}

static bool read_zone(const struct civil *civil, int64_t *seconds)
{
    struct tm tm = {.tm_year = civil->year - 1900,
                    .tm_mon = civil->month - 1,
                    .tm_mday = civil->day,
                    .tm_hour = civil->hour,
                    .tm_min = civil->minute,
                    .tm_sec = civil->second,
                    .tm_isdst = -1};
    time_t time = mktime(&tm);

    *seconds = time;
    return time != (time_t)-1;
}

bool local_time_read(const char *text, int64_t *seconds)
{
    bool utc;
    size_t digits = count_digits(text, &utc);
    struct civil civil = {.year = read_number(text, 0, 4, digits),
                          .month = read_number(text, 4, 2, digits),
                          .day = read_number(text, 6, 2, digits),
                          .hour = read_number(text, 8, 2, digits),
                          .minute = read_number(text, 10, 2, digits),
                          .second = read_number(text, 12, 2, digits)};

    return digits > 0 && clock_seconds(&civil, seconds) && (utc || read_zone(&civil, seconds));
}
