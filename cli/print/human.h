/*
 * human - quantities as people read them.
 */
#ifndef S3DOCK_CLI_PRINT_HUMAN_H
#define S3DOCK_CLI_PRINT_HUMAN_H

#include <stdint.h>

#define HUMAN_SIZE 24

/* "87 bytes", "1.46 GB", "612 MB": powers of 1000, three digits. */
const char *human_bytes(uint64_t bytes, char out[HUMAN_SIZE]);
/* What was fetched of an archive: "12.1 MB of 1.46 GB"; "419 kB, documents and index included" when
 * with these it is no less than the archive. */
#define HUMAN_PART_SIZE 64
const char *human_part(uint64_t fetched, uint64_t archive, char out[HUMAN_PART_SIZE]);
/* "43.1 MB/s" */
const char *human_rate(double bytes_a_second, char out[HUMAN_SIZE]);
/* "0.4 s", "14.2 s", "2 min 5 s", "1 h 2 min" */
const char *human_seconds(double seconds, char out[HUMAN_SIZE]);
/* The same without fractions: "14 s". */
const char *human_wait(double seconds, char out[HUMAN_SIZE]);
/* Of an RFC 3339 time, to the second and in UTC, whatever its zone: "2026-11-23T07:19:34Z". "-" for
 * what is none. */
const char *human_time(const char *rfc3339, char out[HUMAN_SIZE]);

#endif
