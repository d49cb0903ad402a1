/*
 * statement - the members of a document of the bucket that a signature covers: its kind, its
 * application and name, the ids of its images, its time and its sequence number. A reader compares
 * them with the key of the document.
 *
 * The metadata of an image states one image. A tag or an environment states the image of each
 * platform of its reference, but only if it was written to be signed (pointer_write_stated).
 */
#ifndef S3DOCK_CATALOG_STATEMENT_H
#define S3DOCK_CATALOG_STATEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/digest_text.h"
#include "catalog/name.h"
#include "catalog/platform.h"

struct err;
struct fields;
struct json_writer;

#define STATEMENT_IMAGES_MAX 64 /* LOCATE_PLATFORMS_MAX */
/* ns: readers accept a stated time that is at most that far ahead of their clock. Writers never
 * sign a time or a sequence number further ahead that they have read from the bucket. */
#define STATEMENT_AHEAD (600 * NS_PER_S)

enum statement_kind { STATEMENT_IMAGE, STATEMENT_VERSION, STATEMENT_ENVIRONMENT };

struct stated_image {
    char platform[PLATFORM_TEXT_SIZE]; /* "linux/arm64", in normal form; "": any platform */
    char id[DIGEST_TEXT_SIZE];         /* SHA-256 of the config */
};

struct statement {
    enum statement_kind kind;
    char app[NAME_APP_MAX];
    char name[NAME_VERSION_MAX]; /* the version, the environment, or the image's tag (time-hash) */
    char time[48];               /* RFC 3339: promoted_at or created_at; "": missing */
    uint64_t sequence;           /* rises with each change of a pointer; 0: of an image */
    struct stated_image images[STATEMENT_IMAGES_MAX];
    unsigned image_count;
};

/* Sets the kind of the document that belongs under `key`. Returns false for a key that is not the
 * key of metadata, of a tag or of an environment. Keys below archive/ are not. */
bool statement_kind_of(const char *key, enum statement_kind *kind);
/* The namespace of signatures: "s3dock-image", "s3dock-version", "s3dock-environment". */
const char *statement_namespace(enum statement_kind kind);

enum statement_answer {
    STATEMENT_READ = 0,
    STATEMENT_NONE = 1,  /* the document has no such members: it cannot be signed */
    STATEMENT_OTHER = 2, /* it states another kind, application, name or platform than its key */
};
/* Reads the statement of the document `json`, and compares it with `key`, under which the bucket
 * has it. *out is also set with STATEMENT_OTHER. integrity.document: it is malformed. The month of
 * an image key is not compared. */
int statement_read(const char *key, struct view json, struct statement *out, struct err *err);

/* Returns the stated time in ns since 1970; `now`: the statement has none that can be read. */
int64_t statement_time(const struct statement *statement, int64_t now);

/* Returns the stated id of the image for a platform; NULL: the statement has none. An image of any
 * platform fits only a wanted one of any platform. */
const char *statement_image(const struct statement *statement, const struct platform *platform);

/* Returns true if both state the same application, name and images, in any order. */
bool statement_same(const struct statement *a, const struct statement *b);

/* Writes the members of a version or an environment into the open object. */
void statement_write(const struct statement *statement, struct json_writer *w);
/* Writes the member `images` alone. */
void statement_write_images(const struct statement *statement, struct json_writer *w);

#endif
