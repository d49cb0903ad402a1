/*
 * plain - the rules of the strict scanner: the subset of tar that Go's archive/tar, Python's
 * tarfile, bsdtar and GNU tar interpret alike. Everything else fails with integrity.tar.
 *
 * For the files of the tar scanner only.
 */
#ifndef S3DOCK_PACK_TAR_PLAIN_H
#define S3DOCK_PACK_TAR_PLAIN_H

#include <stdint.h>

#include "pack/tar/entry.h"

struct err;

/* Checks the magic, the numbers, the ends of the texts and the unused bytes of a header block. */
int tar_plain_block(const uint8_t *block, struct err *err);
/* Checks the header block of a META entry ('x', 'g', 'L', 'K'). `before` holds the types of the
 * META entries that precede it for the same entry. */
int tar_plain_meta(const uint8_t *block, uint64_t size, const char *before, struct err *err);
/* Checks an entry: its type byte, the size that its header states, its name and its target. */
int tar_plain_entry(const struct tar_entry *entry, uint8_t type, uint64_t stated, struct err *err);

#endif
