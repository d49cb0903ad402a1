/*
 * release_ui - what tag, promote, rollback, pull and the lists share on the command line.
 */
#ifndef S3DOCK_CLI_COMMANDS_RELEASE_UI_H
#define S3DOCK_CLI_COMMANDS_RELEASE_UI_H

#include <stdbool.h>

#include "catalog/release.h"

struct cli;
struct err;
struct json_writer;

/* What an operand names: an image, APP:YYYYMMDD-HHMM-HASH, or a version of an application,
 * APP:VERSION. */
struct wanted {
    bool by_version;
    struct image_name image; /* valid unless by_version */
    char app[NAME_APP_MAX];
    char version[NAME_VERSION_MAX]; /* "" unless by_version */
};
int wanted_parse(const char *text, struct wanted *out, struct err *err);

/* Whether APP:NAME is an image: a blank was typed for the colon. */
bool wanted_is_image(const char *app, const char *name);
/* "no version of that name", in an error of which that is the reason, and a hint at what the name
 * is instead: an environment, which the command `instead` takes ("pull", "current"), or an image.
 * Leaves other errors as they are. */
void wanted_no_version(struct store *store, const char *app, const char *name, const char *instead,
                       struct err *err);

/* Opens the bucket and fills the options. The caller destroys options->store, after a failure too.
 */
int release_begin(struct cli *cli, struct release_options *options, struct err *err);
/* The members of "data" that every change has in the end. */
void release_write(const struct cli *cli, struct json_writer *w,
                   const struct release_result *result);
/* Says what was left undone: not audited, not guarded against others. */
void release_warn(struct cli *cli, const struct release_result *result);

/* Warnings, a line each: to standard error, and as the member "warnings" when there are any. */
void warnings_write(struct cli *cli, struct json_writer *w, const struct text *warnings);

#endif
