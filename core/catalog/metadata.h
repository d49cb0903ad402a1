/*
 * metadata - the JSON document of an image. A push writes it last: it makes the image exist.
 *
 * Formats up to 2 describe one archive, whose key is that of the metadata with another ending.
 * Format 3 lists the objects that hold the image (image_objects.h reads them for every format).
 *
 * The original's members keep their names, order, types and meaning; s3dock adds its members after
 * them.
 */
#ifndef S3DOCK_CATALOG_METADATA_H
#define S3DOCK_CATALOG_METADATA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/digest_text.h"
#include "catalog/name.h"

struct err;

#define METADATA_FORMAT         3 /* the newest that is read. 0: written by the original */
#define METADATA_ARCHIVE_FORMAT 2 /* the newest that describes one archive; written for it */
#define METADATA_LAYERS_MAX     512
#define METADATA_OBJECTS_MAX    64
#define METADATA_SIZE_MAX       (256 * KIB) /* bytes of a document that is read or written */

/* The codecs of objects: the numbers of enum codec (pack/codec), which this floor may not use. */
enum metadata_codec { METADATA_GZIP = 1, METADATA_ZSTD = 2 };

/* An object of the bucket that holds chunks of the image. */
struct metadata_object {
    char key[1024];
    char etag[256];
    uint64_t size; /* bytes of the object */
    uint64_t used; /* of them, bytes of this image, each once: a hint */
    int codec;     /* enum metadata_codec */
};

struct metadata {
    /* Members of the original. */
    char checksum[40]; /* hex MD5 of the archive; "": not known, and always in format 3 */
    uint64_t size;     /* of the archive; of a thin image: of the archive that it would have */
    char created_at[48];
    char git_hash[48], git_time[24];
    char image_tag[512];
    char app_name[256];
    /* Members of s3dock; format 0: none of them is present. */
    int format;
    char image_id[DIGEST_TEXT_SIZE]; /* SHA-256 of the config */
    /* The image id in the daemon that pushed it (containerd store), or in a daemon that loads the
     * archive as it is. "": the same as image_id, or not known. */
    char engine_id[DIGEST_TEXT_SIZE];
    /* The image id in a containerd store that loads its bundle; "": not known. */
    char manifest_id[DIGEST_TEXT_SIZE];
    bool packed_layers;     /* some layers of the bundle are compressed */
    char platform[96];      /* "linux/amd64" or "linux/arm64/v8" */
    uint64_t raw_size;      /* of the save stream */
    char archive_etag[256]; /* formats 1 and 2 */
    char index_key[1024];   /* "": there is no index */
    char index_sha256[65];
    uint64_t index_size;
    unsigned layer_count;
    struct digest_text *layers; /* diffIDs in order; owned */
    /* Format 3. */
    bool thin;                       /* no object is an archive of the image */
    unsigned object_count;           /* 1 .. METADATA_OBJECTS_MAX */
    struct metadata_object *objects; /* in the order of the index; owned */
};

/* Reads a document. integrity.document: it is malformed or has an invalid member.
 * unsupported.format, unsupported.codec: a newer program wrote it. Nothing is owned after a
 * failure. Missing members are "" or 0. The text of created_at is not changed. Format 3: image_id,
 * platform, the members of the index and the objects exist; every key is that of an object of
 * app_name. */
int metadata_parse(struct view json, struct metadata *out, struct err *err);
/* Fails with integrity.objects if the metadata of this key names objects of another application: no
 * cleanup would count them. Formats up to 2 always pass. */
int metadata_check_place(const struct metadata *metadata, const char *key, struct err *err);
/* Appends the document to `out`, without a newline at its end. Empty members of s3dock, an empty
 * checksum and an empty created_at are left out; for format 0, all members of s3dock are, and for
 * format 3 checksum and archive_etag. */
void metadata_write(const struct metadata *metadata, struct text *out);
/* Returns true if an engine's image id means this image. Graph drivers and Podman use the SHA-256
 * of the config, containerd's store that of a manifest. */
bool metadata_names(const struct metadata *metadata, const char *id);
void metadata_finish(struct metadata *metadata);

#endif
