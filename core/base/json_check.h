/*
 * json_check - whether a text is JSON: the half of the reader that says no.
 */
#ifndef S3DOCK_BASE_JSON_CHECK_H
#define S3DOCK_BASE_JSON_CHECK_H

#include "base/json.h"

/* 0 and *nodes (values, and the names of members), or integrity.document with line and column. The
 * size of the text is the caller's to check. */
int json_check(struct view text, const struct json_limits *limits, const char *what,
               unsigned *nodes, struct err *err);

#endif
