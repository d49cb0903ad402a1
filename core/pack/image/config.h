/*
 * config - checks that every version of Docker can read the config of an image, and reads the few
 * members that s3dock needs.
 */
#ifndef S3DOCK_PACK_IMAGE_CONFIG_H
#define S3DOCK_PACK_IMAGE_CONFIG_H

#include "base/json.h"
#include "pack/image/info.h"

struct err;

/* Checks the types of the members, and that the history has no more layers than the config. Fails
 * with integrity.image. */
int image_config_check(struct json_node root, struct err *err);
/* Fills os, architecture, variant and created of *info. */
void image_config_read(struct json_node root, struct image_info *info);
struct json_node image_config_diff_ids(struct json_node root);

#endif
