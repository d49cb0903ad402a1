/*
 * expiration - reads the time at which credentials expire.
 */
#ifndef S3DOCK_CREDENTIALS_EXPIRATION_H
#define S3DOCK_CREDENTIALS_EXPIRATION_H

#include <stdbool.h>
#include <stdint.h>

/* Reads RFC 3339, and the other forms that Python programs print and the AWS CLI reads: a blank or
 * "t" in place of "T", "z" or "UTC" in place of "Z", an offset without its colon ("+0100"). Stores
 * wall clock ns. Returns false for another text; then *wall_ns is 0. */
bool expiration_read(const char *text, int64_t *wall_ns);

#endif
