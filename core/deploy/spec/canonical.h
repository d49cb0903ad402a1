/*
 * canonical - a digest of a JSON value that its notation does not change.
 */
#ifndef S3DOCK_DEPLOY_SPEC_CANONICAL_H
#define S3DOCK_DEPLOY_SPEC_CANONICAL_H

#include <stdint.h>

#include "base/hash.h"
#include "base/json.h"

struct err;

/* White space, escapes, the order of members, and members that are null change nothing. The order
 * of elements, the case of names, and the notation of numbers count. Recursive: the limits with
 * which the document was parsed bound the depth. local.memory. */
int canonical_digest(struct json_node value, uint8_t out[SHA256_SIZE], struct err *err);

#endif
