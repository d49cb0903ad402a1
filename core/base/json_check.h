/*
 * json_check - checks that a text is JSON, and counts its values.
 */
#ifndef S3DOCK_BASE_JSON_CHECK_H
#define S3DOCK_BASE_JSON_CHECK_H

#include "base/json.h"

/* Stores the number of nodes (values, and names of members) in *nodes. integrity.document: the text
 * is not JSON or exceeds the limits of depth or nodes; the message names line and column. `what`
 * names the document. The caller has checked the size of the text. */
int json_check(struct view text, const struct json_limits *limits, const char *what,
               unsigned *nodes, struct err *err);

#endif
