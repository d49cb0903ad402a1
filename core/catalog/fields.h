/*
 * fields - reads members of a document of the bucket into fixed buffers.
 *
 *     struct fields fields;
 *     fields_open(&fields, json, "the metadata", err);
 *     fields_string(&fields, "app_name", out->app_name, sizeof out->app_name, NULL);
 *     ...
 *     return fields_close(&fields);
 *
 * The documents come from outside. A member makes the whole document invalid if it has the wrong
 * type, is too long, is not printable (str_is_printable), or fails its check: integrity.document,
 * with the name of the member. The first failure is kept; later calls only empty their buffers. A
 * missing member, or null, is read as "" or 0, because newer versions add members.
 */
#ifndef S3DOCK_CATALOG_FIELDS_H
#define S3DOCK_CATALOG_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/json.h"

struct err;

struct fields {
    struct json *json;
    struct json_node node; /* the object whose members are read; absent after a failure */
    const char *what;      /* names the document in errors; borrowed */
    struct err *err;
    bool failed;
};

/* Parses the document, which must be an object. */
void fields_open(struct fields *fields, struct view json, const char *what, struct err *err);
/* Makes the following calls read members of the member `name`; NULL: of the top. If `name` is
 * absent, so are all its members. */
void fields_enter(struct fields *fields, const char *name);

/* Returns fields that read members of an element of a list, which must be an object. It keeps the
 * state of the document: call fields_leave_element before the next call with `parent`. */
struct fields fields_enter_element(const struct fields *parent, struct json_node element);
void fields_leave_element(struct fields *parent, const struct fields *inner);

/* `fine` checks the text, unless it is ""; NULL: no check. */
void fields_string(struct fields *fields, const char *name, char *out, size_t size,
                   bool (*fine)(const char *text));
/* Reads an RFC 3339 time without changing its text. */
void fields_time(struct fields *fields, const char *name, char *out, size_t size);
/* Reads an integer of 0 or more. */
void fields_count(struct fields *fields, const char *name, uint64_t *out);
void fields_bool(struct fields *fields, const char *name, bool *out);
/* Returns the member, an array or absent. */
struct json_node fields_array(struct fields *fields, const char *name);
/* Makes the document invalid if the text of the member is "": for members that must exist. */
void fields_require(struct fields *fields, const char *name, const char *text);
/* Makes the document invalid, with the message "what: member NAME WHY". */
void fields_fail(struct fields *fields, const char *name, const char *why);

/* Frees the document. Returns ERR_FAIL if any call failed. */
int fields_close(struct fields *fields);

#endif
