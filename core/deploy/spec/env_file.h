/*
 * env_file - files of environment variables, in the grammar of `docker run --env-file`.
 *
 * A line is NAME=VALUE. The value is taken as it is: quotes, $ and # have no meaning, and white
 * space at its end belongs to it. White space before the name, empty lines and lines that begin
 * with # are ignored. Docker takes a line without = from the environment of its client; here such a
 * line is refused, because the client may be a service with another environment.
 */
#ifndef S3DOCK_DEPLOY_SPEC_ENV_FILE_H
#define S3DOCK_DEPLOY_SPEC_ENV_FILE_H

#include "base/bytes.h"

struct err;

#define ENV_FILE_MAX (512 * KIB)

/* Appends the variables of a content, each "NAME=VALUE" with a NUL at the end. `path` names it in
 * errors, which never contain a value. usage.deploy. */
int env_file_parse(struct view content, const char *path, struct text *out, struct err *err);
/* Reads a file, which only the user and root may be able to write (usage.owner). A file that other
 * users can read gets a line in `warnings`. */
int env_file_read(const char *path, struct text *out, struct text *warnings, struct err *err);
/* Keeps values that are probably secrets (by the names of their variables, and passwords in URLs)
 * out of all output. */
void env_file_redact(struct view variables);

#endif
