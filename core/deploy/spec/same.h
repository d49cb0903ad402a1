/*
 * same - compares values of the Engine's documents, in which empty and absent mean the same.
 */
#ifndef S3DOCK_DEPLOY_SPEC_SAME_H
#define S3DOCK_DEPLOY_SPEC_SAME_H

#include <stdbool.h>

#include "base/json.h"

/* Returns true for absent, null, false, 0, "", [] and {}: the Engine writes any of them for a value
 * that is not set. */
bool same_empty(struct json_node value);
/* Returns true if both values mean the same. The order of members does not count. */
bool same_value(struct json_node a, struct json_node b);
/* Returns true if both are strings or both numbers, and equal. */
bool same_scalar(struct json_node a, struct json_node b);
/* Returns the member with exactly this name: for labels, and other maps of the user. */
struct json_node same_member(struct json_node object, struct json_node name);
/* Returns true if an element of `list` means the same as `value`. */
bool same_listed(struct json_node list, struct json_node value);

#endif
