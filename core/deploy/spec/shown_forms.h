/*
 * shown_forms - the forms in which daemons show a member of a spec.
 */
#ifndef S3DOCK_DEPLOY_SPEC_SHOWN_FORMS_H
#define S3DOCK_DEPLOY_SPEC_SHOWN_FORMS_H

#include <stdbool.h>

#include "base/json.h"

/* Returns true if `inspect` is a form of `spec`. `root` is the whole inspect. */
typedef bool shown_form(struct json_node spec, struct json_node inspect, struct json_node root);

/* Returns the function for a member ("HostConfig.Ulimits"), or NULL: the general one fits. */
shown_form *shown_form_of(const char *path);
/* Returns true for limits that daemons drop on kernels without them, with a warning. */
bool shown_may_differ(const char *path);
/* Calls `each` for members of an object that an inspect leaves out if they are not set.
 * `path` is the path of the object; "" is the root. */
void shown_optional(const char *path, void (*each)(void *arg, const char *name), void *arg);

#endif
