/*
 * claim - gives the fixed keys of the archive to one of several first pushes of a reference.
 *
 * An archive of format 2 has a fixed key, so two platforms that are pushed at once would overwrite
 * each other. The claim is a small object beside it, which names the platform.
 */
#ifndef S3DOCK_PUSH_CLAIM_H
#define S3DOCK_PUSH_CLAIM_H

#include <stdbool.h>

#include "catalog/platform.h"

struct err;
struct store;

/* Writes the claim beside the image key, unless another platform has it. A claim that is a day old
 * is replaced: its push was killed. *mine: this platform has it. If the store does not permit the
 * write, *mine is true, and the commit of the push alone decides. A store without conditions leaves
 * a window of one request. */
int claim_take(struct store *store, const char *image_key, const struct platform *platform,
               bool *mine, struct err *err);
/* Deletes the claim at the end of the push, also after a cancel. A failure is logged only: the
 * metadata decides then, and the claim of a push without metadata expires. */
void claim_end(struct store *store, const char *image_key);

#endif
