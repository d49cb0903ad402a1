/*
 * random - random bytes of the system, and a fast sequence for choices that need no secret.
 */
#ifndef S3DOCK_BASE_RANDOM_H
#define S3DOCK_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct err;

#define RANDOM_HEX_MAX 32 /* bytes for random_hex */

/* Fills `out` from the system's generator, at most 256 bytes. local.random: there is none. */
int random_fill(void *out, size_t size, struct err *err);
/* Writes `bytes` random bytes (at most RANDOM_HEX_MAX) as lower-case hex; `out` holds 2 * bytes +
 * 1. */
int random_hex(char *out, size_t bytes, struct err *err);

/* Returns the next number of splitmix64 and advances *state, which may begin with any value. */
uint64_t random_next(uint64_t *state);

#endif
