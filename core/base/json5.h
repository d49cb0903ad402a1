/*
 * json5 - converts JSON5 (for people) into JSON (for the module json).
 *
 * It reads: comments, trailing and repeated trailing commas, single quotes, unquoted keys, hex,
 * leading and trailing decimal points, explicit plus, line continuations, raw newlines inside
 * strings, \x41 and the other JSON5 escapes. Infinity and NaN have no JSON form and are refused.
 * Only the notation changes: json_parse refuses a text that is malformed otherwise.
 */
#ifndef S3DOCK_BASE_JSON5_H
#define S3DOCK_BASE_JSON5_H

#include "base/bytes.h"

struct err;

/* Appends strict JSON to `out`. The error usage.config names line and column. */
int json5_to_json(struct view json5, struct text *out, struct err *err);

#endif
