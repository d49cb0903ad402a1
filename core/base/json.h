/*
 * json - a bounded reader of JSON documents (jsmn inside).
 *
 * The document is parsed once into a token table; nodes are small values that point into it.
 * Reading follows the rules of the documents' first writer (Go's encoding/json): members are found
 * in upper and lower case, the last of two equal names wins, null counts as absent, unknown members
 * are ignored. Malformed text, trailing garbage, depth or size beyond the limits are refused as a
 * whole.
 */
#ifndef S3DOCK_BASE_JSON_H
#define S3DOCK_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/json_check.h"

struct err;
struct json;

/* A value inside a document. A node with doc == NULL is "absent". Every function accepts it and
 * returns an absent node or false, so `json_string(json_get(json_get(root, "a"), "b"), ...)` needs
 * no checks between. */
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

/* Parses a copy of `text`. A UTF-8 byte order mark is skipped, unless as_go is set. `what` names
 * the document in errors (integrity.document). The caller destroys *out. */
int json_parse(struct json **out, struct view text, const struct json_limits *limits,
               const char *what, struct err *err);
void json_destroy(struct json *json); /* takes NULL; wipes the copy */

struct json_node json_root(const struct json *json);
enum json_kind json_kind(struct json_node node);
bool json_present(struct json_node node); /* neither absent nor null */

/* Returns the member of an object with that name; absent if there is none. Visits every member: do
 * not call it in a loop. */
struct json_node json_get(struct json_node node, const char *name);
/* The same for names that a user chose: upper and lower case differ, as in a map of Go. */
struct json_node json_get_exact(struct json_node node, const char *name);
/* Returns the first element of an array; absent if it is empty or not an array. json_next returns
 * the others. There is no access by number: in a loop it would take quadratic time. */
struct json_node json_first(struct json_node array);
size_t json_count(struct json_node node); /* elements, or members; 0 for the rest */
/* Returns the element or member value behind `last`, which is absent for the first call. Returns
 * absent at the end. *name (unless NULL) gets the name of a member, as a node of kind
 * JSON_STRING. */
struct json_node json_next(struct json_node parent, struct json_node last, struct json_node *name);

/* Decodes a string (escapes, surrogate pairs to UTF-8) into `out`. Returns false and stores "" if
 * the node is not a string, does not fit, or contains a NUL. */
bool json_string(struct json_node node, char *out, size_t size);
/* The same, appended to a text. */
bool json_string_text(struct json_node node, struct text *out);
bool json_string_equals(struct json_node node, const char *text);
/* Returns true if Go reads a member of this name as `name` (ASCII): they are equal in Unicode's
 * case folding, in which U+017F is an s and U+212A a k. */
bool json_names(struct json_node key, const char *name);
/* Returns true and sets *out if the node is an integer that fits, without fraction and exponent. */
bool json_int(struct json_node node, int64_t *out);
/* Returns the boolean, or `otherwise` if the node is not one. */
bool json_bool(struct json_node node, bool otherwise);
/* Returns the text of the node as it is in the document. */
struct view json_raw(struct json_node node);

#endif
