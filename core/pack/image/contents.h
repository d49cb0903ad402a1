/*
 * contents - the files of a save stream by name: their digests, the bytes of small JSON files, and
 * the targets of links.
 *
 * Filled from the stream, sealed at its end, then read-only. Bounded: the entries, the bytes of
 * their names, and the JSON that is kept. The largest JSON files are dropped first, but never
 * manifest.json and index.json.
 */
#ifndef S3DOCK_PACK_IMAGE_CONTENTS_H
#define S3DOCK_PACK_IMAGE_CONTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "pack/image/info.h"
#include "pack/tar/tar.h"

struct err;

#define CONTENTS_NAMES_MAX (8 * MIB)        /* all names and link targets together */
#define CONTENTS_KEEP_MAX  IMAGE_CONFIG_MAX /* of one JSON file */
#define CONTENTS_KEPT_MAX  (32 * MIB)       /* of all of them */

struct content {
    char *name;   /* clean: no "./", no "//", no "/" at its end */
    char *target; /* of a link, as stored; otherwise NULL */
    enum tar_type type;
    uint64_t offset, size; /* of the payload in the stream */
    uint8_t stored[SHA256_SIZE];
    uint8_t diff[SHA256_SIZE]; /* of the unpacked bytes; zero if they cannot be unpacked */
    const char *media_type;    /* if it is a layer; a static string */
    bool padded;               /* zeros follow its gzip data */
    uint8_t *json;             /* NULL: not kept */
};

struct contents;
struct contents *contents_create(void); /* NULL: out of memory */
void contents_destroy(struct contents *contents);

/* Stops digesting: only documents and names are needed. */
void contents_documents_only(struct contents *contents);
/* Begins an entry whose payload is at `offset`. Fails with integrity.image if its name leaves the
 * archive, or if a bound is exceeded. */
int contents_begin(struct contents *contents, const struct tar_entry *entry, uint64_t offset,
                   struct err *err);
/* Adds payload of the entry. */
int contents_add(struct contents *contents, const uint8_t *bytes, size_t size, struct err *err);
/* Ends the entry without its bytes: it is a plain tar with this digest. */
int contents_vouch(struct contents *contents, const uint8_t digest[SHA256_SIZE], struct err *err);
/* Ends the stream. Of equal files with one name it keeps the first. Fails with integrity.image
 * if two entries of one name differ, or an entry is below a file or a link. */
int contents_seal(struct contents *contents, struct err *err);

/* These functions need sealed contents. Fails with integrity.image if a link leads out of the
 * archive, to a folder, to a link, or to nothing; `dangling` permits the last case. */
int contents_check_links(const struct contents *contents, bool dangling, struct err *err);
/* Returns the file of that clean name, or the file that a link of that name leads to; otherwise
 * NULL. */
const struct content *contents_file(const struct contents *contents, const char *name);
/* Returns the file of that name without following links, or NULL. */
const struct content *contents_plain_file(const struct contents *contents, const char *name);
size_t contents_count(const struct contents *contents);
const struct content *contents_at(const struct contents *contents, size_t at); /* by name */

#endif
