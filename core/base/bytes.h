/*
 * bytes - a borrowed view, and owned text that grows up to a stated maximum.
 */
#ifndef S3DOCK_BASE_BYTES_H
#define S3DOCK_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* Bytes that belong to somebody else. */
struct view {
    const uint8_t *data;
    size_t size;
};

struct view view_of(const void *data, size_t size);
struct view view_str(const char *text); /* without the NUL; NULL is empty */
bool view_equals(struct view a, struct view b);
bool view_equals_str(struct view a, const char *text);

/*
 * Owned, growable, always NUL-terminated bytes, born with the maximum they may ever reach. A
 * failing add (maximum, memory) frees the content and makes every later add a no-op, so a caller
 * builds the whole thing and asks text_check() once. What is added must not lie inside the text.
 */
struct text {
    char *data; /* never NULL after text_init: "" while empty */
    size_t size;
    size_t max;
    size_t room;
    bool failed;
};

void text_init(struct text *text, size_t max);
void text_finish(struct text *text); /* frees; the text is empty and usable again */
void text_clear(struct text *text);  /* empties, keeps the room, forgets a failure */
void text_add(struct text *text, const void *data, size_t size);
void text_str(struct text *text, const char *str);
void text_char(struct text *text, char c);
/* Drops everything beyond the first `size` bytes; nothing when it is not longer. */
void text_cut(struct text *text, size_t size);
void text_printf(struct text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* 0, or ERR_FAIL when an add failed: `what` names the thing that grew too large. */
int text_check(const struct text *text, const char *what, struct err *err);
/* Takes the bytes out (free() them); the text is empty afterwards. NULL when an add failed, or when
 * there is no memory. */
char *text_steal(struct text *text);
struct view text_view(const struct text *text);

/* Copies a string into a fixed buffer. False, and an empty buffer, when it does not fit. */
bool str_copy(char *to, size_t size, const char *from);

/* How many bytes the UTF-8 sequence at the front of `bytes` takes (1 to 4); 0 when there is none:
 * empty, cut short, overlong, a surrogate, beyond U+10FFFF. */
size_t utf8_length(struct view bytes);
/* The same; *point is the code point where there is one. */
size_t utf8_decode(struct view bytes, uint32_t *point);
/* Writes a code point as UTF-8 (4 bytes of room) and returns its length; a surrogate or a number
 * beyond U+10FFFF becomes U+FFFD. */
size_t utf8_encode(uint32_t point, char out[4]);
/* Whether a code point is seen where it is printed. Not: control characters (C0, DEL, C1), line and
 * paragraph separators, marks of the writing direction, and those that Unicode calls ignorable
 * (zero width, tags, byte order mark, variation selectors). */
bool point_is_visible(uint32_t point);
/* Makes a line safe for a terminal, in place: each byte of a character that is not visible, and
 * each that is not UTF-8, becomes '?'. All that is printed passes this, or json_write, which
 * escapes the same characters. */
void str_printable(char *text);
/* Whether a text of a document may be kept: it is UTF-8 without control characters and without
 * embeddings, overrides and isolates of the writing direction. Joiners and other marks may be part
 * of a person's name. */
bool str_is_printable(const char *text);

/* Cleanup for `_cleanup_text_ struct text t;`-style use after text_init. */
#define _cleanup_text_ __attribute__((cleanup(text_finish)))

void free_ptr(void *pp); /* frees *(void **)pp */
#define _cleanup_free_ __attribute__((cleanup(free_ptr)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#endif
