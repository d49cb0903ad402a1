/*
 * json_copy - writes a value of a JSON document in the form of a writer.
 */
#ifndef S3DOCK_BASE_JSON_COPY_H
#define S3DOCK_BASE_JSON_COPY_H

#include "base/json.h"
#include "base/json_write.h"

/* Writes the value, with new white space and escapes: compact, or indented. Members that are null
 * are left out, as in Go. A string with a NUL becomes "", and what is deeper than JSON_WRITE_DEPTH
 * null. */
void json_copy(struct json_writer *w, const char *name, struct json_node value);

#endif
