/*
 * profiles - the sections of the two AWS files, merged, for lookups by name.
 *
 * The files are ~/.aws/config (AWS_CONFIG_FILE) and ~/.aws/credentials
 * (AWS_SHARED_CREDENTIALS_FILE). Equal sections are one section. For a key in several places the
 * last one of a file counts, and the credentials file has precedence over the config file.
 *
 * A loaded value does not change: threads may read it at the same time. All strings and sections
 * belong to it.
 */
#ifndef S3DOCK_AWS_PROFILES_H
#define S3DOCK_AWS_PROFILES_H

#include <stdbool.h>
#include <stddef.h>

#include "aws/shared_file.h"

struct err;
struct aws_system;

struct aws_profiles;
struct aws_profile; /* one section */

/* Finds the paths, reads both files and merges them. Allocates *out. A missing file is empty, with
 * a warning if a variable names it. "/dev/null" is empty without a warning. A file at its default
 * place that cannot be read is empty, with a warning.
 * usage.aws_config: a file breaks the grammar (with path and line) or is too large, or a file that
 * a variable names cannot be read; usage.owner: another user can write a file at its default place;
 * local.memory. */
int aws_profiles_load(const struct aws_system *system, struct aws_profiles **out, struct err *err);
void aws_profiles_free(struct aws_profiles *profiles); /* wipes the values; NULL is allowed */

/* Returns the paths. "": no file, because the variable and HOME are empty. */
const char *aws_profiles_config_path(const struct aws_profiles *profiles);
const char *aws_profiles_credentials_path(const struct aws_profiles *profiles);
/* Returns lines for the user, "PATH, line N: ...", without values; "" for none. */
const char *aws_profiles_warnings(const struct aws_profiles *profiles);
/* Explains why there is no section of this name: adds the warning of one that has no effect as the
 * hint of `err`. Returns false if there is none. */
bool aws_profiles_explain(const struct aws_profiles *profiles, const char *name, struct err *err);

/* Finds a section by its name, in its case. NULL: there is none. */
const struct aws_profile *aws_profiles_find(const struct aws_profiles *profiles,
                                            enum aws_section kind, const char *name);
/* Returns the n-th section of a kind, in the order of the names. NULL after the last. */
const struct aws_profile *aws_profiles_at(const struct aws_profiles *profiles,
                                          enum aws_section kind, size_t n);

const char *aws_profile_name(const struct aws_profile *profile);
/* Returns the value of a lower-case key. "": the value is empty. NULL: the key is absent, or
 * `profile` is NULL. */
const char *aws_profile_get(const struct aws_profile *profile, const char *key);
/* Returns the value of a sub-key, both names in lower case: ("s3", "addressing_style"). NULL: it is
 * absent. */
const char *aws_profile_sub(const struct aws_profile *profile, const char *key,
                            const char *sub_key);
/* Returns whether the value of the key comes from the credentials file. */
bool aws_profile_from_credentials(const struct aws_profile *profile, const char *key);
/* Reads the n-th key and its value; the order is that of the names. Returns false after the
 * last. */
bool aws_profile_at(const struct aws_profile *profile, size_t n, const char **key,
                    const char **value);
/* Formats the place of a key, or of a sub-key ("s3.addressing_style"): "region in profile ci of
 * /home/u/.aws/config". */
void aws_profile_place(const struct aws_profiles *profiles, const struct aws_profile *profile,
                       const char *key, char *out, size_t size);

/* Checks the owner of the file that has a key, whose value is a program to run. A file that a
 * variable names is not checked. Fails with usage.owner. */
int aws_profile_check_owner(const struct aws_system *system, const struct aws_profiles *profiles,
                            const struct aws_profile *profile, const char *key, struct err *err);

#endif
