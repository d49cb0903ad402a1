/*
 * platform_ui - reads the option --platform.
 */
#ifndef S3DOCK_CLI_PLATFORM_UI_H
#define S3DOCK_CLI_PLATFORM_UI_H

#include "catalog/platform.h"

struct config;
struct err;

/* Any platform if the option is not set. usage.value: it is not OS/ARCH or OS/ARCH/VARIANT. */
int platform_read(const struct config *config, struct platform *out, struct err *err);

#endif
