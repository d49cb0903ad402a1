/*
 * pax - one PAX extended header, byte by byte: what it says of the next entry, and the overwriting
 * of its times.
 *
 * Only path, linkpath and size mean something here; every other record is checked for its form and
 * forgotten. With `strict` set, a record fails that readers take in different ways: an unknown key,
 * a key that came before, an empty or malformed value. Bounded by TAR_NAME_MAX (values kept) and
 * TAR_PAX_MAX (enforced by the scanner).
 */
#ifndef S3DOCK_PACK_TAR_PAX_H
#define S3DOCK_PACK_TAR_PAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pack/tar/entry.h"

struct err;

#define PAX_KEY_MAX 32 /* longest key that means something here, and room to spare */

struct pax {
    /* What the records said; an empty path or linkpath means: nothing. */
    char path[TAR_NAME_MAX];
    char linkpath[TAR_NAME_MAX];
    uint64_t size;
    bool has_size;
    bool strict; /* kept by pax_reset */

    /* The record being read. */
    enum { PAX_LENGTH, PAX_KEY, PAX_VALUE } phase;
    size_t taken;  /* bytes of the record so far */
    size_t length; /* of the record, as it says itself */
    char key[PAX_KEY_MAX];
    size_t key_size; /* may exceed PAX_KEY_MAX: then the key is none of ours */
    enum pax_kind { PAX_OTHER, PAX_PATH, PAX_LINKPATH, PAX_SIZE, PAX_TIME, PAX_NUMBER } kind;
    size_t value_size;
    size_t digits;      /* of a time or number, before its point */
    size_t significant; /* of them, from the first that is no zero */
    bool point;         /* seen */
    uint32_t seen_keys; /* strict: bits of the keys that came */
};

/* Forgets everything: a new extended header begins. */
void pax_reset(struct pax *pax);
/* Takes the next bytes of the records. With mtime >= 0 the values of time records are overwritten
 * in place: the decimal mtime, filled up with zeros on the left (or only zeros, where it does not
 * fit). Fails with integrity.tar. */
int pax_add(struct pax *pax, uint8_t *bytes, size_t size, int64_t mtime, struct err *err);
/* The records have ended: fails with integrity.tar in the middle of one. */
int pax_end(const struct pax *pax, struct err *err);

#endif
