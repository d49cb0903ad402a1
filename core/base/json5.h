/*
 * json5 - turns JSON5 (what people write) into JSON (what json reads).
 *
 * Understood: comments, trailing and repeated trailing commas, single quotes, unquoted keys, hex,
 * leading and trailing decimal points, explicit plus, line continuations, raw newlines inside
 * strings, \x41 and the other JSON5 escapes. Infinity and NaN have no JSON form and are refused.
 * Only the notation is changed: whatever is still malformed afterwards is json_parse's to refuse.
 */
#ifndef S3DOCK_BASE_JSON5_H
#define S3DOCK_BASE_JSON5_H

#include "base/bytes.h"

struct err;

/* Adds strict JSON to `out`. On failure the error is usage.config and says "line L, column C". */
int json5_to_json(struct view json5, struct text *out, struct err *err);

#endif
