/*
 * The calendar is computed here instead of by gmtime(), which depends on the system. Days are
 * counted in the proleptic Gregorian calendar, in years that begin in March, so that the leap day
 * is the last day of its year.
 */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "os/clock.h"

#define SECONDS_PER_DAY 86400

static int64_t now(clockid_t which)
{
    struct timespec ts;

    clock_gettime(which, &ts);
    return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t clock_monotonic(void)
{
    return now(CLOCK_MONOTONIC);
}

int64_t clock_boot(void)
{
    return os_clock_boot();
}

int64_t clock_wall(void)
{
    return now(CLOCK_REALTIME);
}

/* Divides and rounds down, for times before 1970. */
static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Returns the days since 1970-01-01. */
static int64_t days_of(int64_t year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468; /* days of 400 years; 0000-03-01 to 1970-01-01 */
}

static void date_of(int64_t days, struct civil *out)
{
    int64_t shifted = days + 719468;
    int64_t era = floor_div(shifted, 146097);
    int64_t doe = shifted - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t march_month = (5 * doy + 2) / 153;

    out->day = (int)(doy - (153 * march_month + 2) / 5 + 1);
    out->month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    out->year = (int)(yoe + era * 400 + (out->month <= 2));
    out->weekday = (int)(days + 4 - floor_div(days + 4, 7) * 7); /* 1970-01-01 was a Thursday */
}

struct civil clock_civil(int64_t wall_ns)
{
    int64_t seconds = floor_div(wall_ns, NS_PER_S);
    int64_t days = floor_div(seconds, SECONDS_PER_DAY);
    int rest = (int)(seconds - days * SECONDS_PER_DAY);
    struct civil out = {
        .hour = rest / 3600,
        .minute = rest / 60 % 60,
        .second = rest % 60,
        .nanosecond = (int)(wall_ns % NS_PER_S + (wall_ns % NS_PER_S < 0 ? NS_PER_S : 0)),
    };

    date_of(days, &out);
    return out;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

static bool between(int value, int low, int high)
{
    return value >= low && value <= high;
}

bool clock_seconds(const struct civil *civil, int64_t *seconds)
{
    if (!between(civil->year, 0, 9999) || !between(civil->month, 1, 12) ||
        !between(civil->day, 1, days_in_month(civil->year, civil->month)) ||
        !between(civil->hour, 0, 23) || !between(civil->minute, 0, 59) ||
        !between(civil->second, 0, 59))
        return false;
    *seconds = days_of(civil->year, civil->month, civil->day) * SECONDS_PER_DAY +
               civil->hour * 3600 + civil->minute * 60 + civil->second;
    return true;
}

/* ---- writing ---- */

/* Writes `value` (0 or more) with that many digits and returns the end. */
static char *put_number(char *out, int value, int digits)
{
    for (int i = digits - 1; i >= 0; i--, value /= 10)
        out[i] = (char)('0' + value % 10);
    return out + digits;
}

static char *put_char(char *out, char c)
{
    *out = c;
    return out + 1;
}

void clock_rfc3339(int64_t wall_ns, char out[CLOCK_RFC3339_SIZE])
{
    struct civil t = clock_civil(wall_ns);

    out = put_char(put_number(out, t.year, 4), '-');
    out = put_char(put_number(out, t.month, 2), '-');
    out = put_char(put_number(out, t.day, 2), 'T');
    out = put_char(put_number(out, t.hour, 2), ':');
    out = put_char(put_number(out, t.minute, 2), ':');
    out = put_number(out, t.second, 2);
    if (t.nanosecond) {
        out = put_number(put_char(out, '.'), t.nanosecond, 9);
        while (out[-1] == '0')
            out--;
    }
    memcpy(out, "Z", 2);
}

void clock_amz(int64_t wall_ns, char out[CLOCK_AMZ_SIZE])
{
    struct civil t = clock_civil(wall_ns);

    out = put_number(put_number(put_number(out, t.year, 4), t.month, 2), t.day, 2);
    out =
        put_number(put_number(put_number(put_char(out, 'T'), t.hour, 2), t.minute, 2), t.second, 2);
    memcpy(out, "Z", 2);
}

void clock_stamp(int64_t wall_ns, char out[CLOCK_STAMP_SIZE])
{
    struct civil t = clock_civil(wall_ns);

    out = put_number(put_number(put_number(out, t.year, 4), t.month, 2), t.day, 2);
    out = put_number(put_number(put_char(out, '-'), t.hour, 2), t.minute, 2);
    *out = '\0';
}

void clock_month(int64_t wall_ns, char out[CLOCK_MONTH_SIZE])
{
    struct civil t = clock_civil(wall_ns);

    *put_number(put_number(out, t.year, 4), t.month, 2) = '\0';
}

/* ---- reading ---- */

/* Each of these functions reads one item from the front of *at and advances it, or returns
 * false. */
static bool take_number(const char **at, int digits, int *out)
{
    *out = 0;
    for (int i = 0; i < digits; i++) {
        if (**at < '0' || **at > '9')
            return false;
        *out = *out * 10 + (*(*at)++ - '0');
    }
    return true;
}

static bool take_text(const char **at, const char *text)
{
    size_t size = strlen(text);

    if (strncmp(*at, text, size) != 0)
        return false;
    *at += size;
    return true;
}

/* "HH:MM:SS" */
static bool take_time(const char **at, struct civil *t)
{
    return take_number(at, 2, &t->hour) && take_text(at, ":") && take_number(at, 2, &t->minute) &&
           take_text(at, ":") && take_number(at, 2, &t->second);
}

/* ".480966983", or nothing */
static bool take_fraction(const char **at, int *nanosecond)
{
    int scale = 100000000;

    *nanosecond = 0;
    if (!take_text(at, "."))
        return true;
    for (; **at >= '0' && **at <= '9'; scale /= 10)
        *nanosecond += scale * (*(*at)++ - '0');
    return (*at)[-1] != '.';
}

/* "Z" or "+01:00" */
static bool take_offset(const char **at, int *seconds)
{
    int hours, minutes, sign;

    *seconds = 0;
    if (take_text(at, "Z"))
        return true;
    sign = **at == '-' ? -1 : 1;
    if (!take_text(at, "+") && !take_text(at, "-"))
        return false;
    if (!take_number(at, 2, &hours) || !take_text(at, ":") || !take_number(at, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *seconds = sign * (hours * 3600 + minutes * 60);
    return true;
}

/* Returns nanoseconds since 1970, or the nearest value that the type holds (1677 to 2262). */
static int64_t clamp_ns(int64_t seconds, int nanosecond)
{
    int64_t ns;

    if (__builtin_mul_overflow(seconds, NS_PER_S, &ns) ||
        __builtin_add_overflow(ns, nanosecond, &ns))
        return seconds < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}

bool clock_parse_rfc3339(const char *text, int64_t *wall_ns)
{
    struct civil t = {0};
    const char *fraction;
    int64_t seconds;
    int offset;

    if (!take_number(&text, 4, &t.year) || !take_text(&text, "-") ||
        !take_number(&text, 2, &t.month) || !take_text(&text, "-") ||
        !take_number(&text, 2, &t.day) || !take_text(&text, "T") || !take_time(&text, &t))
        return false;
    fraction = text;
    if (!take_fraction(&text, &t.nanosecond) || text - fraction > 10)
        return false;
    if (!take_offset(&text, &offset) || *text || !clock_seconds(&t, &seconds))
        return false;
    *wall_ns = clamp_ns(seconds - offset, t.nanosecond);
    return true;
}

static bool take_month(const char **at, int *month)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int i = 0; i < 12; i++) {
        if (strncmp(*at, names + 3 * i, 3) == 0) {
            *at += 3;
            *month = i + 1;
            return true;
        }
    }
    return false;
}

bool clock_parse_http(const char *text, int64_t *wall_ns)
{
    struct civil t = {0};
    const char *comma = strchr(text, ',');
    int64_t seconds;

    if (!comma || comma - text != 3)
        return false;
    text = comma + 1;
    if (!take_text(&text, " ") || !take_number(&text, 2, &t.day) || !take_text(&text, " ") ||
        !take_month(&text, &t.month) || !take_text(&text, " ") || !take_number(&text, 4, &t.year) ||
        !take_text(&text, " ") || !take_time(&text, &t) || !take_text(&text, " GMT") || *text)
        return false;
    if (!clock_seconds(&t, &seconds))
        return false;
    *wall_ns = clamp_ns(seconds, 0);
    return true;
}

bool clock_parse_stamp(const char *text, int64_t *seconds)
{
    struct civil t = {0};

    return take_number(&text, 4, &t.year) && take_number(&text, 2, &t.month) &&
           take_number(&text, 2, &t.day) && take_text(&text, "-") &&
           take_number(&text, 2, &t.hour) && take_number(&text, 2, &t.minute) && *text == '\0' &&
           clock_seconds(&t, seconds);
}
