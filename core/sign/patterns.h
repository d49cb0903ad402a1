/*
 * patterns - the patterns of OpenSSH (ssh_config(5), PATTERNS): `*` is any text, `?` is any
 * character. Upper and lower case differ.
 */
#ifndef S3DOCK_SIGN_PATTERNS_H
#define S3DOCK_SIGN_PATTERNS_H

#include <stdbool.h>

#include "base/view.h"

/* Returns true if the whole text matches. The time grows with the product of both lengths. */
bool pattern_matches(struct view text, struct view pattern);
/* Returns true if a text matches a pattern of a list and none with a `!` before it. Commas separate
 * the patterns. A list in which each pattern has a `!` matches nothing. */
bool patterns_match(struct view text, struct view list);
/* Returns true if a text contains no character that patterns or lists treat specially. */
bool pattern_is_literal(struct view text);
/* Cuts the first pattern from a list, up to the comma behind it. Returns false at its end. */
bool patterns_next(struct view *list, struct view *pattern);

#endif
