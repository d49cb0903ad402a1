/*
 * json_check - checks that a text is JSON, and counts its values.
 */
#ifndef S3DOCK_BASE_JSON_CHECK_H
#define S3DOCK_BASE_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/view.h"

struct err;

struct json_limits {
    size_t bytes;   /* of the text */
    unsigned depth; /* of nesting */
    unsigned nodes;
    bool as_go; /* like Go's encoding/json: no byte order mark is allowed, and bytes of a string
                   that are not UTF-8 are read as U+FFFD */
};
#define JSON_DEPTH_MAX 10000 /* the most that any limits allow, as in Go */
/* For documents of the bucket: 64 KiB, depth 32. */
extern const struct json_limits JSON_DOCUMENT;
/* For documents of Docker and its tools (configs and manifests of images, config.json): 16 MiB,
 * depth 10,000, as_go. */
extern const struct json_limits JSON_IMAGE;

/* Stores the number of nodes (values, and names of members) in *nodes. integrity.document: the text
 * is not JSON or exceeds the limits of depth or nodes; the message names line and column. `what`
 * names the document. The caller has checked the size of the text. */
int json_check(struct view text, const struct json_limits *limits, const char *what,
               unsigned *nodes, struct err *err);

#endif
