/*
 * clock - the only place that asks what time it is, and the spellings of time.
 */
#ifndef S3DOCK_BASE_CLOCK_H
#define S3DOCK_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

int64_t clock_monotonic(void); /* nanoseconds, for durations and deadlines */
int64_t clock_wall(void);      /* nanoseconds since 1970, for documents and signatures */

/* 2026-11-01: this source was written after it, so no clock that is right is before it. */
#define CLOCK_SOURCE (INT64_C(1793491200) * NS_PER_S)

/* A wall time in parts, UTC. */
struct civil {
    int year, month, day, hour, minute, second, nanosecond;
    int weekday; /* 0 = Sunday */
};
struct civil clock_civil(int64_t wall_ns);
/* Seconds since 1970 of a UTC date; false for a date that does not exist. */
bool clock_seconds(const struct civil *civil, int64_t *seconds);

#define CLOCK_RFC3339_SIZE 40
/* "2026-11-23T08:19:34.480966983Z": fraction trimmed of zeros, none when it is zero. */
void clock_rfc3339(int64_t wall_ns, char out[CLOCK_RFC3339_SIZE]);
/* Strict RFC 3339 with any offset and up to 9 fractional digits. Times that nanoseconds cannot hold
 * (before 1677, after 2262: Go's zero time is the year 1) are valid and become the nearest one. */
bool clock_parse_rfc3339(const char *text, int64_t *wall_ns);

#define CLOCK_AMZ_SIZE 17
/* "20261123T081934Z". */
void clock_amz(int64_t wall_ns, char out[CLOCK_AMZ_SIZE]);
/* An HTTP date ("Mon, 23 Nov 2026 08:19:34 GMT"). */
bool clock_parse_http(const char *text, int64_t *wall_ns);

/* "YYYYMMDD-HHMM" as in image tags, read and written as UTC. The result is seconds since 1970. */
#define CLOCK_STAMP_SIZE 14
bool clock_parse_stamp(const char *text, int64_t *seconds);
void clock_stamp(int64_t wall_ns, char out[CLOCK_STAMP_SIZE]);
/* "YYYYMM". */
#define CLOCK_MONTH_SIZE 7
void clock_month(int64_t wall_ns, char out[CLOCK_MONTH_SIZE]);

#endif
