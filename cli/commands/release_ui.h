/*
 * release_ui - operands and results that tag, promote, rollback, pull and the lists share.
 */
#ifndef S3DOCK_CLI_COMMANDS_RELEASE_UI_H
#define S3DOCK_CLI_COMMANDS_RELEASE_UI_H

#include <stdbool.h>

#include "catalog/release.h"

struct cli;
struct cli_signer;
struct err;
struct json_writer;

/* An operand: an image, APP:YYYYMMDD-HHMM-HASH, or a version of an application, APP:VERSION. */
struct wanted {
    bool by_version;
    struct image_name image; /* valid unless by_version */
    char app[NAME_APP_MAX];
    char version[NAME_VERSION_MAX]; /* "" unless by_version */
};
int wanted_parse(const char *text, struct wanted *out, struct err *err);

/* Returns true if APP:NAME is an image, so that "APP NAME" was probably a mistake. */
bool wanted_is_image(const char *app, const char *name);
/* Changes not_found.tag: the text reports a missing version, and the hint names an image
 * or environment of that name, if there is one. `instead` is the command for an environment
 * ("pull", "current"). Leaves other errors as they are. */
void wanted_no_version(struct store *store, const char *app, const char *name, const char *instead,
                       struct err *err);

/* Notes that the application has no images: its name may be misspelled. That is no error, because
 * a scheduled command may run before the first push. */
void release_note_no_images(struct cli *cli, const char *app);

/* Opens the bucket, prepares the key that signs and the proof of what is demanded, and fills the
 * options. `signer` is zeroed. The caller calls release_end, after a failure too. */
int release_begin(struct cli *cli, struct release_options *options, struct cli_signer *signer,
                  struct err *err);
/* Warns if the document of a change is not signed as the profile demands. */
void release_judge(struct cli *cli, const struct release_options *options,
                   const struct release_result *result);
void release_end(struct release_options *options, struct cli_signer *signer);
/* Writes the last members of "data" of a change. */
void release_write(const struct cli *cli, struct json_writer *w, const struct cli_signer *signer,
                   const struct release_result *result);
/* Warns if the change is not in the audit log, or was not protected against concurrent changes. */
void release_warn(struct cli *cli, const struct release_result *result);

/* Prints each line of `warnings` to standard error, and writes the member "warnings" if there are
 * any. */
void warnings_write(struct cli *cli, struct json_writer *w, const struct text *warnings);

#endif
