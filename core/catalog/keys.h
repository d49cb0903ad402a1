/*
 * keys - formats and parses the keys of the bucket. Formatting expects names that `name` has
 * checked.
 */
#ifndef S3DOCK_CATALOG_KEYS_H
#define S3DOCK_CATALOG_KEYS_H

#include <stdbool.h>

#include "base/clock.h"
#include "catalog/name.h"
#include "catalog/platform.h"

struct err;

#define KEY_MAX 1024

/* KEY_RETIRED: a tombstone (tombstone.h). KEY_CLAIM: the claim of the first platform. */
enum key_kind { KEY_ARCHIVE, KEY_INDEX, KEY_METADATA, KEY_RETIRED, KEY_CLAIM };
/* images/{app}/{YYYYMM}/{app}-{time}-{hash}.tar.gz | .index | .json | .retired | .first; `month`
 * NULL: the month of the tag. */
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
/* Writes the key of the index, the metadata or the tombstone of an archive. Returns false if
 * `archive` is not the key of an archive. */
bool key_sibling(char out[KEY_MAX], const char *archive, enum key_kind kind);
/* The same for the documents of a platform: `platform` as in key_document. */
bool key_sibling_document(char out[KEY_MAX], const char *archive, const char *platform,
                          enum key_kind kind);
/* Writes the prefix of the documents of further platforms:
 * images/{app}/{YYYYMM}/{app}-{time}-{hash}-
 * Returns false if `archive` is not the key of an archive. */
bool key_prefix_of_others(char out[KEY_MAX], const char *archive);
/* As key_sibling; internal.key if `archive` is not the key of an archive. */
int key_of_sibling(char out[KEY_MAX], const char *archive, enum key_kind kind, struct err *err);
/* Writes the key of the metadata that a tombstone replaces. `key` ends in ".retired". */
void key_metadata_of_retired(char out[KEY_MAX], const char *key);
/* Parses images/{app}/{YYYYMM}/{app}-{time}-{hash}.tar.gz. */
bool key_parse_image(const char *key, struct image_name *name, char month[CLOCK_MONTH_SIZE]);
/* Parses a key that key_image writes, of any kind. */
bool key_parse_fixed(const char *key, struct image_name *name, char month[CLOCK_MONTH_SIZE],
                     enum key_kind *kind);

/* Objects of format 3. Each push has a unique number, and their keys contain it, so nothing is
 * written to such a key again. Their keys sort before those of the same image without a number. */
#define KEY_UNIQUE_SIZE 17 /* 16 hex digits and the NUL */
/* The number of the tombstone of an archive that has the fixed key, but that the metadata does not
 * name. No push uses it. */
#define KEY_UNIQUE_NONE "0000000000000000"
/* DATA_RETIRED: the tombstone of objects that no metadata names. */
enum data_kind { DATA_WHOLE_GZIP, DATA_WHOLE_ZSTD, DATA_THIN, DATA_INDEX, DATA_RETIRED };
/* Writes a random number in hex, which is not KEY_UNIQUE_NONE. local.random: there is none. */
int key_unique(char out[KEY_UNIQUE_SIZE], struct err *err);
/* images/{app}/{YYYYMM}/{app}-{time}-{hash}-{unique}.tgz | .tar.zst | .data | .index | .retired */
void key_data(char out[KEY_MAX], const struct image_name *name, const char *month,
              const char *unique, enum data_kind kind);
bool key_parse_data(const char *key, struct image_name *name, char month[CLOCK_MONTH_SIZE],
                    char unique[KEY_UNIQUE_SIZE], enum data_kind *kind);
/* The documents of the platforms of an image. `platform` is the text of platform_key; NULL or "":
 * the first one, whose key is that of key_image. `kind`: KEY_METADATA or KEY_RETIRED.
 * images/{app}/{YYYYMM}/{app}-{time}-{hash}-{os}-{architecture}[-{variant}].json | .retired */
void key_document(char out[KEY_MAX], const struct image_name *name, const char *month,
                  const char *platform, enum key_kind kind);
bool key_parse_document(const char *key, struct image_name *name, char month[CLOCK_MONTH_SIZE],
                        char platform[PLATFORM_KEY_SIZE], enum key_kind *kind);
/* The document of a replaced image of format 3. key_replaced with the platform between hash and
 * "-archived-on-". */
void key_replaced_document(char out[KEY_MAX], const struct image_name *name, const char *month,
                           const char *platform, const char *stamp, unsigned n);

/* Parse tags/{app}/{version}.json and pointers/{app}/{env}.json. Return false for names outside the
 * grammar. */
bool key_parse_tag(const char *key, char app[NAME_APP_MAX], char version[NAME_VERSION_MAX]);
bool key_parse_pointer(const char *key, char app[NAME_APP_MAX], char env[NAME_ENV_MAX]);
/* deployments/{app}/{env}/{host}.json */
void key_deployed(char out[KEY_MAX], const char *app, const char *env, const char *host);
/* Parses such a key. Returns false for names outside the grammar; a host has that of an
 * environment. */
bool key_parse_deployed(const char *key, char app[NAME_APP_MAX], char env[NAME_ENV_MAX],
                        char host[NAME_ENV_MAX]);
/* Writes the key of the signatures of a document: signatures/{key}, with .sig instead of .json.
 * Returns false if `key` does not end in .json, or is too long. */
bool key_signatures(char out[KEY_MAX], const char *key);
/* Writes the key of the document of a signatures object. Returns false if `key` is not the key of
 * one. */
bool key_of_signatures(char out[KEY_MAX], const char *key);
/* Returns true if a key that a document contains may be used in a request: a relative path of
 * printable characters, shorter than KEY_MAX, without empty, "." or ".." components. */
bool key_is_sound(const char *key);
/* Returns true if the key is below images/{app}/ or archive/{app}/: data of the application. */
bool key_is_of_app(const char *key, const char *app);

#endif
