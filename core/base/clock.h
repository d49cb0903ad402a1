/*
 * clock - reads the clocks, and converts between times and texts.
 */
#ifndef S3DOCK_BASE_CLOCK_H
#define S3DOCK_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/clock.h"

int64_t clock_monotonic(void); /* nanoseconds, for durations and deadlines */
int64_t clock_boot(void);      /* the same, and counts while the machine is suspended */
int64_t clock_wall(void);      /* nanoseconds since 1970, for documents and signatures */

/* 2026-11-01, the age of this source: a clock with an earlier time is wrong. */
#define CLOCK_SOURCE (INT64_C(1793491200) * NS_PER_S)

/* Date and time of day, UTC. */
struct civil {
    int year, month, day, hour, minute, second, nanosecond;
    int weekday; /* 0 = Sunday */
};
struct civil clock_civil(int64_t wall_ns);
/* Stores the seconds since 1970 of a UTC date. Returns false for a date that does not exist. */
bool clock_seconds(const struct civil *civil, int64_t *seconds);

#define CLOCK_RFC3339_SIZE 40
/* Writes "2026-11-23T08:19:34.480966983Z", without zeros at the end of the fraction. */
void clock_rfc3339(int64_t wall_ns, char out[CLOCK_RFC3339_SIZE]);
/* Reads strict RFC 3339 with any offset and up to 9 fractional digits. Times before 1677 and after
 * 2262 become the nearest time that nanoseconds can hold: Go's zero time is in the year 1. */
bool clock_parse_rfc3339(const char *text, int64_t *wall_ns);

#define CLOCK_AMZ_SIZE 17
/* Writes "20261123T081934Z". */
void clock_amz(int64_t wall_ns, char out[CLOCK_AMZ_SIZE]);
/* Reads an HTTP date ("Mon, 23 Nov 2026 08:19:34 GMT"). */
bool clock_parse_http(const char *text, int64_t *wall_ns);

/* Reads "YYYYMMDD-HHMM" of an image tag as UTC, in seconds since 1970; writes it. */
#define CLOCK_STAMP_SIZE 14
bool clock_parse_stamp(const char *text, int64_t *seconds);
void clock_stamp(int64_t wall_ns, char out[CLOCK_STAMP_SIZE]);
/* Writes "YYYYMM". */
#define CLOCK_MONTH_SIZE 7
void clock_month(int64_t wall_ns, char out[CLOCK_MONTH_SIZE]);

#endif
