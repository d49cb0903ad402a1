/*
 * bytes - owned text that grows up to a stated maximum, and helpers for strings and memory.
 */
#ifndef S3DOCK_BASE_BYTES_H
#define S3DOCK_BASE_BYTES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/view.h"

struct err;

/*
 * Owned, growable bytes that always end with a NUL. text_init sets their maximum size. An add that
 * fails (maximum reached, no memory) frees the content and turns every later add into a no-op. So a
 * caller builds the whole text and calls text_check() once. Added bytes must not be part of the
 * text itself.
 */
struct text {
    char *data; /* never NULL after text_init: "" while empty */
    size_t size;
    size_t max;
    size_t room;
    bool failed;
    bool no_memory; /* why it failed; false: the maximum was reached */
    bool secret;    /* memory is overwritten before it is freed */
};

void text_init(struct text *text, size_t max);
void text_init_secret(struct text *text, size_t max);
void text_finish(struct text *text); /* frees the memory; the text is empty and usable again */
void text_clear(struct text *text);  /* empties the text, keeps its memory, resets a failure */
void text_add(struct text *text, const void *data, size_t size);
void text_str(struct text *text, const char *str);
void text_char(struct text *text, char c);
/* Adds a string in the form of URLs (RFC 3986): all characters but letters, digits, "-._~" and
 * those of `keep` become %XX. */
void text_percent(struct text *text, const char *str, const char *keep);
/* Drops everything beyond the first `size` bytes. */
void text_cut(struct text *text, size_t size);
void text_printf(struct text *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Returns 0, or local.too_large or local.memory if an add failed. `what` names the text in the
 * message. */
int text_check(const struct text *text, const char *what, struct err *err);
/* Returns the bytes, which the caller frees, and empties the text. Returns NULL if an add failed,
 * or if memory is short. */
char *text_steal(struct text *text);
struct view text_view(const struct text *text);

/* Copies a string into a fixed buffer. If it does not fit, returns false and empties the buffer. */
bool str_copy(char *to, size_t size, const char *from);
/* Returns true if the string ends with `ending`, or is equal to it. */
bool str_ends(const char *text, const char *ending);
/* Returns the first place of `word` in the text, or NULL. ASCII letters of both cases are equal. */
const char *str_find_any_case(const char *text, const char *word);
/* Returns a new string, which the caller frees, or NULL without memory. */
char *str_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *str_format_args(const char *fmt, va_list args) __attribute__((format(printf, 1, 0)));

/* `_cleanup_text_ struct text t = {0};`: frees t at the end of its block, also before text_init. */
#define _cleanup_text_ __attribute__((cleanup(text_finish)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#endif
