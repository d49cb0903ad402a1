/*
 * fields - reads the members of one of the bucket's documents into fixed buffers.
 *
 *     struct fields fields;
 *     fields_open(&fields, json, "the metadata", err);
 *     fields_string(&fields, "app_name", out->app_name, sizeof out->app_name, NULL);
 *     ...
 *     return fields_close(&fields);
 *
 * The documents come from outside: a member of the wrong type, too long, not printable
 * (str_is_printable) or refused by its check makes the whole document invalid (integrity.document,
 * naming the member). The first such failure stays; the calls after it do nothing but empty their
 * buffers. A member that is missing or null is "" or 0: documents grow by adding members.
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
    struct json_node node; /* where members are looked for; absent after a failure */
    const char *what;      /* names the document in errors; borrowed */
    struct err *err;
    bool failed;
};

/* Parses; the document must be an object. */
void fields_open(struct fields *fields, struct view json, const char *what, struct err *err);
/* From here on members are those of the member `name` (absent: they all are); NULL: the top again.
 */
void fields_enter(struct fields *fields, const char *name);

/* `fine` may be NULL; it is not asked about "". */
void fields_string(struct fields *fields, const char *name, char *out, size_t size,
                   bool (*fine)(const char *text));
/* An RFC 3339 time, kept as it is written. */
void fields_time(struct fields *fields, const char *name, char *out, size_t size);
/* An integer literal, not negative. */
void fields_count(struct fields *fields, const char *name, uint64_t *out);
void fields_bool(struct fields *fields, const char *name, bool *out);
/* The member as it is: an array or absent. */
struct json_node fields_array(struct fields *fields, const char *name);
/* Makes the document invalid: "what: member why". */
void fields_fail(struct fields *fields, const char *name, const char *why);

/* Frees. 0, or ERR_FAIL when anything failed. */
int fields_close(struct fields *fields);

#endif
