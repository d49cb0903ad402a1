/*
 * armor - the text form of signatures: base64 between a BEGIN and an END line.
 *
 *     -----BEGIN SSH SIGNATURE-----
 *     U1NIU0lHAAAAAQ...
 *     -----END SSH SIGNATURE-----
 */
#ifndef S3DOCK_SIGN_ARMOR_H
#define S3DOCK_SIGN_ARMOR_H

#include <stdbool.h>

#include "base/view.h"

struct text;

/* Appends decoded base64 and ignores white space. Returns false for another text than an encoder
 * writes: bits or characters behind the end, no padding; or if `out` cannot hold it. */
bool armor_decode(struct view base64, struct text *out);

enum armor_answer { ARMOR_BLOCK, ARMOR_END, ARMOR_MALFORMED };

/* Cuts the first block from `rest`, and the white space before it. `block` begins with BEGIN and
 * ends with END. Other text between blocks is ARMOR_MALFORMED. */
enum armor_answer armor_next(struct view *rest, struct view *block);
/* Returns the base64 of a block that armor_next has returned. */
struct view armor_body(struct view block);

#endif
