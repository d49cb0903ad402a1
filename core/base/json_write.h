/*
 * json_write - writes JSON in the exact form of Go's json.MarshalIndent(v, "", "  "): two spaces,
 * members in call order, no newline at the end, <, >, & and U+2028/9 escaped, other UTF-8 as it is,
 * invalid UTF-8 as U+FFFD. An empty array is [], an empty object {}.
 *
 * Errors are stored in the text: call text_check() once, at the end.
 */
#ifndef S3DOCK_BASE_JSON_WRITE_H
#define S3DOCK_BASE_JSON_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

#define JSON_WRITE_DEPTH 16

struct json_writer {
    struct text *out;
    unsigned depth;
    bool compact; /* no newlines or indentation: one line, as for the engine API */
    bool filled[JSON_WRITE_DEPTH + 1];
    char close[JSON_WRITE_DEPTH + 1];
};

void jw_init(struct json_writer *w, struct text *out, bool compact);
/* `name` is the name of the member inside an object, and NULL inside an array or at the top.
 * Nesting deeper than JSON_WRITE_DEPTH is a fault of the caller. */
void jw_object(struct json_writer *w, const char *name);
void jw_array(struct json_writer *w, const char *name);
void jw_end(struct json_writer *w); /* closes the innermost object or array */
/* A NULL `value` is written as "". */
void jw_string(struct json_writer *w, const char *name, const char *value);
/* Writes nothing if `value` is "" or NULL. */
void jw_string_if(struct json_writer *w, const char *name, const char *value);
void jw_string_view(struct json_writer *w, const char *name, struct view value);
void jw_int(struct json_writer *w, const char *name, int64_t value);
/* Writes 3 decimals; null if the value is not finite. */
void jw_double(struct json_writer *w, const char *name, double value);
void jw_bool(struct json_writer *w, const char *name, bool value);
/* Writes a value that is JSON already (json_raw), as it is. */
void jw_raw(struct json_writer *w, const char *name, struct view value);

#endif
