/*
 * platform - the platform of an image: os/architecture, or os/architecture/variant.
 *
 * Different texts mean one platform: "linux/arm64/v8" is "linux/arm64". All texts are brought into
 * one form, in which they are compared and written.
 */
#ifndef S3DOCK_CATALOG_PLATFORM_H
#define S3DOCK_CATALOG_PLATFORM_H

#include <stdbool.h>

#define PLATFORM_TEXT_SIZE 98
#define PLATFORM_KEY_SIZE  98

/* In normal form. The members have only characters of [a-z0-9._]. os "": any platform. */
struct platform {
    char os[32], architecture[32], variant[32];
};

/* Parses "linux/amd64" or "linux/arm/v7". Upper case becomes lower case, and '-' becomes '_'.
 * Returns false for every other text, with *out as any platform. */
bool platform_parse(const char *text, struct platform *out);
/* Writes the parts with '/' between them; "" for any platform. */
void platform_text(const struct platform *platform, char out[PLATFORM_TEXT_SIZE]);
/* Writes the parts with '-' between them, as they are in keys; "" for any platform. */
void platform_key(const struct platform *platform, char out[PLATFORM_KEY_SIZE]);
/* Parses the form of keys. Returns false for a text that platform_key does not write. */
bool platform_parse_key(const char *text, struct platform *out);
/* Returns true if both are equal, or one of them is any platform. */
bool platform_same(const struct platform *a, const struct platform *b);
/* Returns true if the list has the platform. An item that is any platform does not count. */
bool platform_in(const struct platform *list, unsigned count, const struct platform *wanted);

#endif
