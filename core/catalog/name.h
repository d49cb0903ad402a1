/*
 * name - the grammar of application, tag, version and environment: nothing outside of it reaches a
 * key, a path, a daemon or a terminal.
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

/* Refuses anything else (usage.reference) with a hint that fits the mistake: "latest", no tag, a
 * registry host, upper case, a date that does not exist. */
int name_parse_image(const char *text, struct image_name *out, struct err *err);
/* Docker's own path component, one level: [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)* (usage.name, as the
 * two below) */
int name_check_app(const char *text, struct err *err);
/* [A-Za-z0-9][A-Za-z0-9._-]{0,63}, no ".." */
int name_check_env(const char *text, struct err *err);
/* [A-Za-z0-9][A-Za-z0-9._+-]{0,127}, no "..": a semantic version, or any other name of that shape
 */
int name_check_version(const char *text, struct err *err);
/* The same for one that is to be set: "latest" is refused, since neither who reads it nor who pulls
 * it knows what it stands for. One that is there (the original allowed it) is read as any other. */
int name_check_new_env(const char *text, struct err *err);
int name_check_new_version(const char *text, struct err *err);
/* Whether an engine's name is `reference` ("app:tag"): equal, or equal behind "docker.io/library/",
 * "library/" or "localhost/", which engines put in front of a name without a registry. */
bool name_means(const char *name, const char *reference);
/* 5 to 40 lower-case hex digits. */
bool name_is_hash(const char *text);

#endif
