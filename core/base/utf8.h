/*
 * utf8 - decodes and encodes UTF-8, and decides which characters are safe to print.
 */
#ifndef S3DOCK_BASE_UTF8_H
#define S3DOCK_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/view.h"

/* Returns the length (1 to 4) of the UTF-8 sequence at the front of `bytes`. Returns 0 if the bytes
 * are empty, cut short, overlong, a surrogate, or beyond U+10FFFF. */
size_t utf8_length(struct view bytes);
/* Returns the same and stores the code point in *point; *point is undefined if the result is 0. */
size_t utf8_decode(struct view bytes, uint32_t *point);
/* Writes a code point as UTF-8 and returns its length, 1 to 4. A surrogate or a number beyond
 * U+10FFFF is written as U+FFFD. */
size_t utf8_encode(uint32_t point, char out[4]);

/* Returns true if a code point is visible when it is printed. Invisible are: control characters
 * (C0, DEL, C1), line and paragraph separators, marks of the writing direction, and the characters
 * that Unicode calls ignorable (zero width, tags, byte order mark, variation selectors). */
bool point_is_visible(uint32_t point);
/* Replaces, in place, each byte of an invisible character and each byte of invalid UTF-8 by '?'.
 * Everything that the program prints passes through this function, or through json_write, which
 * escapes the same characters. */
void str_printable(char *text);
/* Returns true if a document may contain the text: valid UTF-8 without control characters and
 * without embeddings, overrides and isolates of the writing direction. Joiners and other marks are
 * allowed, because names of people contain them. */
bool str_is_printable(const char *text);

#endif
