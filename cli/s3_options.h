/*
 * s3_options - the settings of the user as options of the S3 store.
 */
#ifndef S3DOCK_CLI_S3_OPTIONS_H
#define S3DOCK_CLI_S3_OPTIONS_H

#include "store/s3/store_s3.h"

struct config;
struct err;

/* Fills all members that settings determine. Strings are borrowed from `config`. */
void s3_options_fill(const struct config *config, struct store_s3_options *out);
/* Refuses settings without a meaning for a directory store: usage.CODE of the setting. */
int s3_options_check_directory(const struct config *config, struct err *err);

#endif
