/*
 * config_values - the resolved settings of a run: reading their values and places.
 */
#ifndef S3DOCK_CLI_SETTINGS_CONFIG_VALUES_H
#define S3DOCK_CLI_SETTINGS_CONFIG_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "cli/settings/aws_source.h"
#include "cli/settings/config_file.h"
#include "cli/settings/option.h"

struct err;

enum origin {
    ORIGIN_NONE,
    ORIGIN_DEFAULT,
    ORIGIN_AWS, /* the files of AWS programs */
    ORIGIN_FILE,
    ORIGIN_ENV,
    ORIGIN_FLAG,
};

struct setting {
    char *value;                /* owned; NULL: not set, and no default */
    struct option_value parsed; /* zero when not set */
    enum origin origin;
    const char *name; /* of the variable, or of the key in the file; NULL for other origins */
};

struct config {
    struct setting settings[OPTION_COUNT];
    struct config_file file;
    char profile[CONFIG_NAME_MAX];
    bool profile_chosen;    /* by flag or S3DOCK_PROFILE, not by default */
    bool aws_chosen;        /* the same, but only the AWS files have that profile; `profile` is the
                             default one */
    struct aws_source *aws; /* owned; NULL: not read, because the endpoint is a directory */
    struct text warnings;   /* lines for the user, "PATH: ..." */
};

/* Returns the value as text. NULL: not set. */
const char *config_text(const struct config *config, enum option_id id);
bool config_switch(const struct config *config, enum option_id id);
/* Returns a number, a size in bytes, a time in milliseconds, or the position of a word among the
 * words of the option; 0 when not set. */
uint64_t config_number(const struct config *config, enum option_id id);
/* Returns whether the value is one of the words of the option. */
bool config_is_word(const struct config *config, enum option_id id);
/* Returns the path of an endpoint "file://PATH". NULL: the endpoint is not a directory. */
const char *config_directory(const struct config *config);
/* Returns the profile of the AWS files that the user selected by name for this run. NULL: the
 * variables or the default select it. */
const char *config_aws_profile(const struct config *config);
/* Returns the settings of AWS programs. NULL: not read, or they cannot be used. */
const struct aws_settings *config_aws(const struct config *config);
/* Fails with the error of the AWS files if settings of the store may be missing because of it. */
int config_check_aws(const struct config *config, struct err *err);
/* Returns whether the file sets this option, but the value is ignored (option.runs). */
bool config_ignores(const struct config *config, enum option_id id);
/* Formats the source: "--bucket", "AWS_REGION", "profiles.eu.bucket in ./s3dock.json5", "default".
 */
void config_origin(const struct config *config, enum option_id id, char *out, size_t size);
/* Formats the place of a key of the file: "profiles.eu.bucket in ./s3dock.json5". */
void config_format_key(const struct config *config, const char *key, char *out, size_t size);
/* Shortens the id of an access key: "AKIA...WXYZ". */
void config_short_key(const char *key, char out[16]);

#endif
