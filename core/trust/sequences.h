/*
 * sequences - the highest sequence number of each signed pointer that this host has seen.
 *
 * A signature stays good for ever, so an old pointer can be put back with its old signature. Its
 * sequence number is lower then. The numbers are in one small file for each pointer of each bucket,
 * below the state folder of the user. They rise only.
 *
 * All functions lock the file for the time of the call. Another process waits up to 10 s.
 */
#ifndef S3DOCK_TRUST_SEQUENCES_H
#define S3DOCK_TRUST_SEQUENCES_H

#include <limits.h>
#include <stdint.h>

#include "base/hash.h"

struct err;

/* A pointer of a bucket. Strings are borrowed. */
struct sequence_subject {
    const char *folder;   /* of the files; NULL: that of the user */
    const char *identity; /* of the bucket: store->identity */
    const char *key;      /* "pointers/shop/production.json" */
};

enum sequence_answer { SEQUENCE_OK = 0, SEQUENCE_ABSENT = 1 };

/* Accepts a document with this number and SHA-256, and stores both if the number is higher than the
 * stored one. trust.sequence: the number is lower, or it is equal and the bytes are others.
 * trust.memory: the file is damaged. */
int sequences_accept(const struct sequence_subject *subject, int64_t sequence,
                     const uint8_t sum[SHA256_SIZE], struct err *err);
/* Fails as sequences_accept would, and stores nothing. */
int sequences_check(const struct sequence_subject *subject, int64_t sequence,
                    const uint8_t sum[SHA256_SIZE], struct err *err);
/* Reads the stored number. SEQUENCE_ABSENT: this host has seen none. */
int sequences_read(const struct sequence_subject *subject, int64_t *out, struct err *err);
/* Forgets the number: the next document is accepted whatever its number is. SEQUENCE_ABSENT: there
 * was none. */
int sequences_forget(const struct sequence_subject *subject, struct err *err);

#endif
