/*
 * human - formats sizes, rates and times for people.
 */
#ifndef S3DOCK_CLI_PRINT_HUMAN_H
#define S3DOCK_CLI_PRINT_HUMAN_H

#include <stdint.h>

#define HUMAN_SIZE 24

/* Formats "87 bytes", "1.46 GB", "612 MB": powers of 1000, three digits. */
const char *human_bytes(uint64_t bytes, char out[HUMAN_SIZE]);
/* Formats the downloaded part of an archive: "12.1 MB of 1.46 GB". If metadata and index make it as
 * large as the archive: "419 kB, documents and index included". */
#define HUMAN_PART_SIZE 64
const char *human_part(uint64_t fetched, uint64_t archive, char out[HUMAN_PART_SIZE]);
/* Formats "43.1 MB/s". */
const char *human_rate(double bytes_a_second, char out[HUMAN_SIZE]);
/* Formats "0.4 s", "14.2 s", "2 min 5 s", "1 h 2 min", "7 days". */
const char *human_seconds(double seconds, char out[HUMAN_SIZE]);
/* Formats without fractions: "14 s". */
const char *human_wait(double seconds, char out[HUMAN_SIZE]);
/* Formats an RFC 3339 time of any zone in UTC, to the second: "2026-11-23T07:19:34Z". "-" if the
 * text is not a time. */
const char *human_time(const char *rfc3339, char out[HUMAN_SIZE]);

#endif
