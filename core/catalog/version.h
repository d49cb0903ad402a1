/*
 * version - the order of versions: semantic where they are, of whatever else they are afterwards.
 */
#ifndef S3DOCK_CATALOG_VERSION_H
#define S3DOCK_CATALOG_VERSION_H

#include <stdbool.h>

/* Whether it reads like 1.2.0, v1.2, 2.0.0-rc.1 or v3.1.4+build: an optional v, numbers with at
 * least one dot between them, a pre-release, a build. */
bool version_is_semantic(const char *text);

/* The order of a list, newest first: negative when `a` comes before `b`. Semantic versions come
 * before all others, v1.10.0 before v1.9.0, a release before its pre-releases; the rest follows,
 * Z to A. Total: 0 only for equal texts. */
int version_order(const char *a, const char *b);

#endif
