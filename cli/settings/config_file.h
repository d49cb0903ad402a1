/*
 * config_file - the configuration file (JSON5): its places, its values, its unknown keys.
 */
#ifndef S3DOCK_CLI_SETTINGS_CONFIG_FILE_H
#define S3DOCK_CLI_SETTINGS_CONFIG_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/hash.h"
#include "base/json.h"
#include "cli/settings/environment.h"

struct err;

#define CONFIG_IN_FOLDER "./s3dock.json5"
#define CONFIG_DEPLOY    "deploy"  /* the group of the deployments: read by deploy/spec */
#define CONFIG_TRUST     "trust"   /* the group of a profile that cli/demands reads */
#define CONFIG_FILE_MAX  (1 << 20) /* bytes */
#define CONFIG_VALUE_MAX 4096      /* bytes of one value, the NUL included */
#define CONFIG_NAME_MAX  128       /* of a profile */

#define CONFIG_PROFILES_MAX 256

enum config_place { CONFIG_NAMED, CONFIG_FOLDER, CONFIG_HOME, CONFIG_SYSTEM };

struct config_file {
    char path[PATH_MAX]; /* "" when there is none */
    struct json *json;   /* NULL when there is none */
    bool exposed;        /* other users may read it, and it has a secret */
    enum config_place place;
    char real[PATH_MAX];          /* of CONFIG_FOLDER: the path without links */
    char sha256[SHA256_HEX_SIZE]; /* of CONFIG_FOLDER: of the content */
    bool trusted;                 /* of CONFIG_FOLDER: in the list of trusted files (trust.h) */
};

enum config_answer { CONFIG_OK = 0, CONFIG_ABSENT = 1 };

/* Loads `named`, which must exist; or if `named` is NULL, the first that exists of ./s3dock.json5,
 * ~/.s3dock/config.json5, /etc/s3dock/config.json5. CONFIG_ABSENT, and an empty *out: no file
 * exists. Fails with usage.config (with line and column) if a file cannot be read or parsed, and
 * with usage.owner if a user other than this one and root can write one of the first two. The
 * caller calls config_file_finish. */
int config_file_load(const char *named, getenv_fn *env, struct config_file *out, struct err *err);
/* The same for the files of the user and of the system alone, whatever the current folder has. */
int config_file_load_own(getenv_fn *env, struct config_file *out, struct err *err);
void config_file_finish(struct config_file *file);

/* Returns whether the file was found in the current folder and is not trusted. */
bool config_file_is_input(const struct config_file *file);

/* Reads the value of `key` ("docker.host", "profiles.*.bucket": `profile` replaces the asterisk) as
 * text, in the form of a flag's value. CONFIG_ABSENT: no such key, null or "". usage.config: the
 * value is an object or a list, is too long, or has a null character. */
int config_file_value(const struct config_file *file, const char *key, const char *profile,
                      char out[CONFIG_VALUE_MAX], struct err *err);
/* Upper and lower case differ in the name of a profile, as in the original. */
bool config_file_has_profile(const struct config_file *file, const char *profile);
/* Reads the name of the n-th profile in the file. False after the last. */
bool config_file_profile(const struct config_file *file, size_t n, char out[CONFIG_NAME_MAX]);

/* Returns the root of the document; absent if there is no file. Valid until config_file_finish. */
struct json_node config_file_root(const struct config_file *file);
/* Returns whether the file has a deployment. */
bool config_file_deploys(const struct config_file *file);

/* Calls `report` with one line for each key of no option, and for each key that is repeated: its
 * last value is used. Leaves out those of deployments. */
void config_file_unknown(const struct config_file *file,
                         void (*report)(void *arg, const char *text), void *arg);

#endif
