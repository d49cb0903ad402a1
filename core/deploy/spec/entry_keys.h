/*
 * entry_keys - reads the members of an object of the configuration file into a structure.
 *
 * An unknown member is refused with the most similar key of the table. A value of another kind, or
 * out of range, is refused with the values that are allowed. A null counts as absent. Names are
 * compared without regard to case, as in the whole configuration file.
 */
#ifndef S3DOCK_DEPLOY_SPEC_ENTRY_KEYS_H
#define S3DOCK_DEPLOY_SPEC_ENTRY_KEYS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"

struct err;

#define ENTRY_PATH_MAX  512
#define ENTRY_WORDS_MAX 64          /* of a command */
#define ENTRY_ARGV_MAX  (64 * 1024) /* bytes of a command */

enum entry_kind {
    ENTRY_TEXT,   /* char[size], not empty */
    ENTRY_PATH,   /* char[size]: a path, relative to the folder of the configuration file */
    ENTRY_SWITCH, /* bool */
    ENTRY_NUMBER, /* int, unsigned or uint16_t (size), min to max */
    ENTRY_TIME,   /* int64_t nanoseconds, min to max nanoseconds; a number is seconds */
    ENTRY_ARGV,   /* char ** with a NULL at the end: an array of texts, of which the first names a
                   program; a relative path with a slash is relative to the folder, as ENTRY_PATH */
    ENTRY_OWN,    /* `read` reads it, into the member at `offset` */
};

/* The place of an object, for messages. */
struct entry_place {
    const char *file;          /* the configuration file; borrowed */
    char path[ENTRY_PATH_MAX]; /* deploy.shop.production */
};

struct entry_key {
    const char *name;
    enum entry_kind kind;
    size_t offset, size; /* of the member of the structure; ENTRY_FIELD writes both */
    int64_t min, max;
    int (*read)(const struct entry_place *place, struct json_node value, void *out,
                struct err *err);
};

#define ENTRY_FIELD(type, member)                                                                  \
    .offset = offsetof(type, member), .size = sizeof((type *)0)->member

/* Reads all members of `object`. `place` is the place of the object. usage.deploy. */
int entry_keys_read(const struct entry_place *place, struct json_node object,
                    const struct entry_key *keys, size_t count, void *out, struct err *err);
/* Stores the place of a member. */
void entry_place_below(const struct entry_place *place, const char *name, struct entry_place *out);
/* Sets usage.deploy: "PATH in FILE " and the text. */
int entry_refuse(const struct entry_place *place, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Makes a path of the configuration file absolute, or relative to the current folder. False: it
 * does not fit. */
bool entry_resolve(const char *file, const char *path, char *out, size_t size);
/* Reads a text that is not empty; for functions `read`. */
int entry_text(const struct entry_place *place, struct json_node value, char *out, size_t size,
               struct err *err);
/* Frees the words of a ENTRY_ARGV, and sets it to NULL. */
void entry_argv_free(char ***argv);

#endif
