/*
 * keys - where things lie in the bucket. Formatting only, of names that `name` has passed.
 */
#ifndef S3DOCK_CATALOG_KEYS_H
#define S3DOCK_CATALOG_KEYS_H

#include <stdbool.h>

#include "catalog/name.h"

struct err;

#define KEY_MAX 1024

/* KEY_RETIRED: the tombstone that `retired` writes. */
enum key_kind { KEY_ARCHIVE, KEY_INDEX, KEY_METADATA, KEY_RETIRED };
/* images/{app}/{YYYYMM}/{app}-{time}-{hash}.tar.gz | .index | .json | .retired; `month` NULL: the
 * tag's own. */
void key_image(char out[KEY_MAX], const struct image_name *name, const char *month,
               enum key_kind kind);
void key_tag(char out[KEY_MAX], const char *app, const char *version);
void key_pointer(char out[KEY_MAX], const char *app, const char *env);
/* audit/{app}/{YYYYMM}/{YYYYMMDD-HHMM}-{type}-{hash}-{unique}.json */
void key_audit(char out[KEY_MAX], const char *app, const char *stamp, const char *type,
               const char *hash, const char *unique);
/* archive/{app}/{YYYYMM}/{app}-{time}-{hash}-archived-on-{stamp}[-n].tar.gz | .json | .index */
void key_replaced(char out[KEY_MAX], const struct image_name *name, const char *month,
                  const char *stamp, unsigned n, enum key_kind kind);
/* The sibling of an archive key: its index, metadata or tombstone. False when `archive` is no
 * archive key. */
bool key_sibling(char out[KEY_MAX], const char *archive, enum key_kind kind);
/* The same. Fails with internal.key where key_sibling returns false. */
int key_of_sibling(char out[KEY_MAX], const char *archive, enum key_kind kind, struct err *err);
/* The archive that a tombstone's key is the sibling of. False when `key` is no such key. */
bool key_of_retired(char out[KEY_MAX], const char *key);
/* Parses images/{app}/{YYYYMM}/{app}-{time}-{hash}.tar.gz; `month` holds 7 bytes. */
bool key_parse_image(const char *key, struct image_name *name, char month[7]);

/* Parses tags/{app}/{version}.json and pointers/{app}/{env}.json; names outside of the grammar are
 * refused. */
bool key_parse_tag(const char *key, char app[NAME_APP_MAX], char version[NAME_VERSION_MAX]);
bool key_parse_pointer(const char *key, char app[NAME_APP_MAX], char env[NAME_ENV_MAX]);
/* Whether a key that a document names may be asked for at all: a relative path of printable
 * characters that fits in KEY_MAX, without empty, "." or ".." components. */
bool key_is_sound(const char *key);

#endif
