/*
 * duration - reads a length of time as people write it.
 */
#ifndef S3DOCK_BASE_DURATION_H
#define S3DOCK_BASE_DURATION_H

#include <stdbool.h>
#include <stdint.h>

/* Reads 500ms, 30s, 1h30m, 7d, in upper or lower case, or a number of seconds. Returns false for
 * another text. UINT64_MAX: 3,600,000 seconds or more without a unit. */
bool duration_read(const char *text, uint64_t *ms);

#endif
