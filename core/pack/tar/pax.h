/*
 * pax - parses one PAX extended header byte by byte, and overwrites the times in it.
 *
 * The records path, linkpath and size are kept; every other record is only checked for its form.
 * With `strict`, records fail that readers interpret differently: an unknown or repeated key, an
 * empty or malformed value. Bounded by TAR_NAME_MAX (values kept) and
 * TAR_PAX_MAX (enforced by the scanner).
 */
#ifndef S3DOCK_PACK_TAR_PAX_H
#define S3DOCK_PACK_TAR_PAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pack/tar/entry.h"

struct err;

#define PAX_KEY_MAX 32 /* more than the longest known key */

struct pax {
    /* The values of the records; empty: no such record. */
    char path[TAR_NAME_MAX];
    char linkpath[TAR_NAME_MAX];
    uint64_t size;
    bool has_size;
    bool strict; /* kept by pax_reset */

    /* The current record. */
    enum { PAX_LENGTH, PAX_KEY, PAX_VALUE } phase;
    size_t taken;  /* bytes of the record that were read */
    size_t length; /* of the record, as stated in it */
    char key[PAX_KEY_MAX];
    size_t key_size; /* may exceed PAX_KEY_MAX: the key is then unknown */
    enum pax_kind { PAX_OTHER, PAX_PATH, PAX_LINKPATH, PAX_SIZE, PAX_TIME, PAX_NUMBER } kind;
    size_t value_size;
    size_t digits;      /* of a time or number, before its point */
    size_t significant; /* digits from the first that is not zero */
    bool point;         /* the decimal point was read */
    uint32_t seen_keys; /* strict: a bit for each key that was read */
};

/* Starts a new extended header. */
void pax_reset(struct pax *pax);
/* Parses the next bytes. With mtime >= 0, overwrites the values of time records in place with the
 * decimal mtime, padded with zeros on the left; with zeros only if it does not fit. Fails with
 * integrity.tar. */
int pax_add(struct pax *pax, uint8_t *bytes, size_t size, int64_t mtime, struct err *err);
/* Ends the records. Fails with integrity.tar if one is incomplete. */
int pax_end(const struct pax *pax, struct err *err);

#endif
