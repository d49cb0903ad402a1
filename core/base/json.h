/*
 * json - a bounded reader of JSON documents (jsmn inside).
 *
 * The document is parsed once into a token table; nodes are small values that point into it.
 * Reading follows the rules of the documents' first writer (Go's encoding/json): members are found
 * whatever their case, the last of two equal names wins, null counts as absent, unknown members are
 * ignored. Malformed text, trailing garbage, depth or size beyond the limits are refused as a
 * whole.
 */
#ifndef S3DOCK_BASE_JSON_H
#define S3DOCK_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct err;
struct json;

struct json_limits {
    size_t bytes;   /* of the text */
    unsigned depth; /* of nesting */
    unsigned nodes;
    bool as_go; /* as Go's encoding/json: no byte order mark; bytes of a string that are no UTF-8
                   are read as U+FFFD */
};
#define JSON_DEPTH_MAX 10000 /* more is refused whatever the limits say; Go's limit, too */
/* For documents of the bucket: 64 KiB, depth 32. */
extern const struct json_limits JSON_DOCUMENT;
/* For what Docker and its tools write: configs and manifests of images, config.json: 16 MiB, depth
 * 10,000, read as Go reads it. */
extern const struct json_limits JSON_IMAGE;

/* A value inside a document. A node with doc == NULL is "absent": every getter accepts it and
 * answers absent, so `json_text(json_get(json_get(root, "a"), "b"), ...)` needs no checks between.
 */
struct json_node {
    const struct json *doc;
    int at;
};

enum json_kind {
    JSON_ABSENT,
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

/* Parses; `text` is copied, so it may go away. A UTF-8 byte order mark is skipped (not as_go).
 * `what` names the document in errors (integrity.document). The caller destroys *out. */
int json_parse(struct json **out, struct view text, const struct json_limits *limits,
               const char *what, struct err *err);
void json_destroy(struct json *json); /* takes NULL */

struct json_node json_root(const struct json *json);
enum json_kind json_kind(struct json_node node);
bool json_present(struct json_node node); /* neither absent nor null */

/* Finds a member of an object by its name; absent when there is none. Looks at every member: take
 * it out of loops. */
struct json_node json_get(struct json_node node, const char *name);
/* Returns the first element of an array; absent when it is empty or no array. json_next returns the
 * others. There is no access by number: in a loop it would take quadratic time. */
struct json_node json_first(struct json_node array);
size_t json_count(struct json_node node); /* elements, or members; 0 for the rest */
/* Walks an object or an array: start with an absent node as `last`. For objects the node is the
 * value, and *name (when not NULL) its name as a node of kind JSON_STRING. Absent at the end. */
struct json_node json_next(struct json_node parent, struct json_node last, struct json_node *name);

/* Decodes a string (escapes, surrogate pairs to UTF-8) into `out`. False (and "") when the node is
 * no string, does not fit, or holds a NUL. */
bool json_string(struct json_node node, char *out, size_t size);
/* The same into a text (added at its end). */
bool json_string_text(struct json_node node, struct text *out);
bool json_string_equals(struct json_node node, const char *text);
/* Whether Go takes a member of this name for `name` (ASCII): equal but for the case of letters, by
 * Unicode's folding, in which U+017F is an s and U+212A a k. */
bool json_names(struct json_node key, const char *name);
/* True and *out when the node is an integer literal that fits (no fraction, no exponent). */
bool json_int(struct json_node node, int64_t *out);
/* The boolean, or `otherwise` when the node is none. */
bool json_bool(struct json_node node, bool otherwise);
/* The text of the node as written, e.g. to embed a sub-document elsewhere. */
struct view json_raw(struct json_node node);

#endif
