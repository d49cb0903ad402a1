/*
 * compressible - detects bytes that are probably compressed already, so that deflating them saves
 * nothing.
 *
 * A tenth to a sixth of a typical image is packages, pictures and archives. A compressor needs as
 * long for them as for text. Pure: equal chunks get equal results.
 */
#ifndef S3DOCK_PACK_CODEC_COMPRESSIBLE_H
#define S3DOCK_PACK_CODEC_COMPRESSIBLE_H

#include <stdbool.h>

#include "base/bytes.h"

/* Examines samples of the bytes. Returns true if their values are distributed as evenly as noise.
 * Such bytes may still repeat, so the caller also tries to compress a piece. */
bool is_incompressible(struct view bytes);

#endif
