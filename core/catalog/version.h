/*
 * version - sorts versions: semantic ones by their numbers, all others by their text.
 */
#ifndef S3DOCK_CATALOG_VERSION_H
#define S3DOCK_CATALOG_VERSION_H

#include <stdbool.h>

/* Returns true for a text like 1.2.0, v1.2, 2.0.0-rc.1 or v3.1.4+build: an optional v, numbers with
 * at least one dot between them, a pre-release, a build. */
bool version_is_semantic(const char *text);

/* Compares for a list with the newest version first: negative if `a` comes before `b`. Semantic
 * versions come before all others, v1.10.0 before v1.9.0, a release before its pre-releases. The
 * others follow, Z to A. Returns 0 only for equal texts. */
int version_order(const char *a, const char *b);

#endif
