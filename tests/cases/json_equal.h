/*
 * json_equal - compares two JSON values.
 */
#ifndef S3DOCK_TESTS_CASES_JSON_EQUAL_H
#define S3DOCK_TESTS_CASES_JSON_EQUAL_H

#include <stdbool.h>

#include "base/json.h"

/* Returns whether both are the same value. Members of objects have any order. */
bool json_equal(struct json_node a, struct json_node b);
/* Returns the string of a node, or NULL if it is none. The caller frees it. */
char *json_copy(struct json_node node);

#endif
