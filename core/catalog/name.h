/*
 * name - the grammar of applications, tags, versions and environments. Only names that it allows
 * reach a key, a path, a daemon or a terminal.
 */
#ifndef S3DOCK_CATALOG_NAME_H
#define S3DOCK_CATALOG_NAME_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* Sizes of buffers, with the NUL. */
#define NAME_APP_MAX     128
#define NAME_ENV_MAX     65
#define NAME_VERSION_MAX 129
#define NAME_TIME_SIZE   14 /* "YYYYMMDD-HHMM" and the NUL */
#define NAME_HASH_MAX    41
#define NAME_TAG_MAX     (NAME_TIME_SIZE + NAME_HASH_MAX)
#define NAME_REF_MAX     (NAME_APP_MAX + NAME_TAG_MAX + 1)

/* A parsed image reference: app:YYYYMMDD-HHMM-hash. */
struct image_name {
    char app[NAME_APP_MAX];
    char time[NAME_TIME_SIZE];
    char hash[NAME_HASH_MAX]; /* 5 to 40 hex digits */
    char tag[NAME_TAG_MAX];   /* time-hash */
    char ref[NAME_REF_MAX];   /* app:tag */
};

/* Parses a reference. usage.reference, with a hint that fits the mistake: "latest", no tag, a
 * registry host, upper case, a date that does not exist. */
int name_parse_image(const char *text, struct image_name *out, struct err *err);
/* Check names; a fault is usage.name. An application is a path component of Docker:
 * [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)* */
int name_check_app(const char *text, struct err *err);
/* An environment: [A-Za-z0-9][A-Za-z0-9._-]{0,63}, without "..". */
int name_check_env(const char *text, struct err *err);
/* A version: [A-Za-z0-9][A-Za-z0-9._+-]{0,127}, without "..". */
int name_check_version(const char *text, struct err *err);
/* Check a new version or environment: like above, but "latest" is refused, because its meaning is
 * not defined. An existing one (the original allowed it) can be read. */
int name_check_new_env(const char *text, struct err *err);
int name_check_new_version(const char *text, struct err *err);
/* Returns true if an engine's name means `reference` ("app:tag"): it is equal, or equal behind
 * "docker.io/library/", "library/" or "localhost/", which engines put before a name without a
 * registry. */
bool name_means(const char *name, const char *reference);
/* Returns true for 5 to 40 lower-case hex digits. */
bool name_is_hash(const char *text);

#endif
