/*
 * contents - what lies in a save stream, by name: digests of every file, the bytes of the small
 * JSON ones, and where links lead.
 *
 * Filled while the stream passes, sealed at its end, looked up afterwards. Bounded: entries, the
 * bytes of their names, and the JSON that is kept (the largest go first when there is too much, but
 * never manifest.json and index.json).
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
    char *target; /* of a link, as written; else NULL */
    enum tar_type type;
    uint64_t offset, size; /* of the payload in the stream */
    uint8_t stored[SHA256_SIZE];
    uint8_t diff[SHA256_SIZE]; /* after inflating; zeroes when that fails */
    const char *media_type;    /* as a layer; a static string */
    uint8_t *json;             /* NULL: not kept */
};

struct contents;
struct contents *contents_create(void); /* NULL: out of memory */
void contents_destroy(struct contents *contents);

/* From now on nothing is digested: only the documents and the names are wanted. */
void contents_documents_only(struct contents *contents);
/* An entry begins; its payload will stand at `offset`. Fails with integrity.image on names that
 * leave the archive, and on too much of anything. */
int contents_begin(struct contents *contents, const struct tar_entry *entry, uint64_t offset,
                   struct err *err);
/* Payload of the entry. */
int contents_add(struct contents *contents, const uint8_t *bytes, size_t size, struct err *err);
/* The rest of the entry is not shown: it is a plain tar that has this digest. */
int contents_vouch(struct contents *contents, const uint8_t digest[SHA256_SIZE], struct err *err);
/* The stream has ended. Of equal files of one name the first is kept. Fails with integrity.image
 * when two entries of one name differ, or one lies below a file or a link. */
int contents_seal(struct contents *contents, struct err *err);

/* Sealed only, as all that follow. Fails with integrity.image when a link leads out of the archive,
 * to a folder or to a link; with `dangling` it may lead to nothing. */
int contents_check_links(const struct contents *contents, bool dangling, struct err *err);
/* The file of that clean name, through one link; NULL when there is none. */
const struct content *contents_file(const struct contents *contents, const char *name);
/* The same without links. */
const struct content *contents_plain_file(const struct contents *contents, const char *name);
size_t contents_count(const struct contents *contents);
const struct content *contents_at(const struct contents *contents, size_t at); /* by name */

#endif
