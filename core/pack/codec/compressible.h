/*
 * compressible - whether bytes look compressed already, so that deflating them is time for nothing.
 *
 * A tenth to a sixth of a typical image is packages, pictures, archives inside files: a compressor
 * spends as long on them as on text, and gains nothing. Pure, and a function of the bytes alone:
 * equal chunks get equal answers.
 */
#ifndef S3DOCK_PACK_CODEC_COMPRESSIBLE_H
#define S3DOCK_PACK_CODEC_COMPRESSIBLE_H

#include <stdbool.h>

#include "base/bytes.h"

/* Looks at samples of the bytes: true when their values are spread as evenly as noise is. Such
 * bytes may still repeat themselves, so a caller asks a compressor about a piece before it believes
 * it. */
bool is_incompressible(struct view bytes);

#endif
