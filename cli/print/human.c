/*
 * All functions write into a buffer of the caller and return it.
 */
#include "cli/print/human.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static void format_scaled(double value, const char *suffix, char out[HUMAN_SIZE])
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    unsigned unit = 0;

    /* 999.5 would be shown as 1000 */
    for (value /= 1000; value >= 999.5 && unit < 5; unit++)
        value /= 1000;
    snprintf(out, HUMAN_SIZE, "%.*f %s%s",
             value < 9.995   ? 2
             : value < 99.95 ? 1
                             : 0,
             value, units[unit], suffix);
}

const char *human_bytes(uint64_t bytes, char out[HUMAN_SIZE])
{
    if (bytes < 1000)
        snprintf(out, HUMAN_SIZE, "%u byte%s", (unsigned)bytes, bytes == 1 ? "" : "s");
    else
        format_scaled((double)bytes, "", out);
    return out;
}

const char *human_part(uint64_t fetched, uint64_t archive, char out[HUMAN_PART_SIZE])
{
    char all[HUMAN_SIZE], part[HUMAN_SIZE];

    human_bytes(fetched, part);
    human_bytes(archive, all);
    if (fetched < archive)
        snprintf(out, HUMAN_PART_SIZE, "%s of %s", part, all);
    else
        snprintf(out, HUMAN_PART_SIZE, "%s, documents and index included", part);
    return out;
}

const char *human_rate(double bytes_a_second, char out[HUMAN_SIZE])
{
    format_scaled(bytes_a_second > 0 ? bytes_a_second : 0, "/s", out);
    return out;
}

static void format_long_time(double seconds, char out[HUMAN_SIZE])
{
    uint64_t s = seconds < 360000000 ? (uint64_t)(seconds + 0.5) : 360000000;

    if (s >= 2 * 24 * 3600)
        snprintf(out, HUMAN_SIZE, "%u days", (unsigned)(s / (24 * 3600)));
    else if (s < 3600)
        snprintf(out, HUMAN_SIZE, "%u min %u s", (unsigned)(s / 60), (unsigned)(s % 60));
    else
        snprintf(out, HUMAN_SIZE, "%u h %u min", (unsigned)(s / 3600), (unsigned)(s % 3600 / 60));
}

/* Below a minute: seconds with that many decimals. `minute`: the least value that rounds to it. */
static const char *format_seconds(double seconds, int decimals, double minute, char out[HUMAN_SIZE])
{
    if (!(seconds > 0))
        seconds = 0;
    if (seconds < minute)
        snprintf(out, HUMAN_SIZE, "%.*f s", decimals, seconds);
    else
        format_long_time(seconds, out);
    return out;
}

const char *human_seconds(double seconds, char out[HUMAN_SIZE])
{
    return format_seconds(seconds, 1, 59.95, out);
}

const char *human_wait(double seconds, char out[HUMAN_SIZE])
{
    return format_seconds(seconds, 0, 59.5, out);
}

const char *human_time(const char *rfc3339, char out[HUMAN_SIZE])
{
    char utc[CLOCK_RFC3339_SIZE];
    int64_t wall;

    if (!clock_parse_rfc3339(rfc3339, &wall)) {
        snprintf(out, HUMAN_SIZE, "-");
        return out;
    }
    clock_rfc3339(wall, utc);
    /* a time in UTC is copied: 64 bits of nanoseconds do not reach back to Go's zero time */
    snprintf(out, HUMAN_SIZE, "%.19sZ", rfc3339[strlen(rfc3339) - 1] == 'Z' ? rfc3339 : utc);
    return out;
}
