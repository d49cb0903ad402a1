/*
 * aws_source - the two files of AWS programs, ~/.aws/config and ~/.aws/credentials, as a source of
 * s3dock's settings. Keys are not settings here: the chain of credentials reads them.
 */
#ifndef S3DOCK_CLI_SETTINGS_AWS_SOURCE_H
#define S3DOCK_CLI_SETTINGS_AWS_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/settings/environment.h"
#include "cli/settings/option.h"

struct aws_settings;
struct err;

#define AWS_SOURCE_VALUE_MAX 4096

struct aws_source;

/* Reads the files and selects the profile: `profile`, or that of the variables if it is NULL.
 * Returns NULL only if memory is short (err). If the files cannot be used, the source has no
 * values, and aws_source_failure has the reason. */
struct aws_source *aws_source_create(getenv_fn *env, const char *profile, struct err *err);
void aws_source_destroy(struct aws_source *source); /* takes NULL */

/* Returns why the files cannot be used, as aws_settings_load describes it. NULL: they can. */
const struct err *aws_source_failure(const struct aws_source *source);
/* Returns the settings. NULL after a failure. */
const struct aws_settings *aws_source_settings(const struct aws_source *source);
/* Returns whether one of the files has the selected profile. */
bool aws_source_has_profile(const struct aws_source *source);
/* Returns whether variables and files must not choose an endpoint. */
bool aws_source_ignores_endpoints(const struct aws_source *source);

/* Reads the value of an option as text, in the form of the option's flag. Variables are another
 * source and are not read, but AWS_MAX_ATTEMPTS is. Returns false if the selected profile has none;
 * a value that cannot be used is a failure of the source. */
bool aws_source_value(struct aws_source *source, enum option_id id, char out[AWS_SOURCE_VALUE_MAX]);
/* Formats the place of that value: "region in profile ci of /home/u/.aws/config". */
void aws_source_place(const struct aws_source *source, enum option_id id, char *out, size_t size);

#endif
