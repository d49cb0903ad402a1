/*
 * log - diagnostics on stderr, silent by default, and the one place that knows secrets.
 *
 * Results never go through here (they are stdout, in `cli`), errors neither (they are `struct
 * err`). Thread-safe: a line is one write.
 */
#ifndef S3DOCK_BASE_LOG_H
#define S3DOCK_BASE_LOG_H

#include <stdbool.h>

#include "base/bytes.h"

enum log_level { LOG_OFF = 0, LOG_ERROR = 1, LOG_INFO = 2, LOG_DEBUG = 3 };

void log_set_level(enum log_level level);
enum log_level log_level(void);
/* Called before a line is printed and after it, in the printing thread and under the lock of the
 * output (they must not log), so that a progress bar can step aside. May be NULL. */
void log_set_hooks(void (*before)(void), void (*after)(void));

/* "[INFO] 2006-01-02 15:04:05 message" (local time) on stderr, redacted, made printable. */
void log_print(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define log_info(...)  log_print(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_print(LOG_DEBUG, __VA_ARGS__)

/* "note: message" on stderr, redacted, made printable, at any level: for a user who waits. */
void log_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Whether notes are printed (they are, until told otherwise). */
void log_set_notes(bool on);

/* Remembers a secret (copied): from now on log_redact turns each occurrence of it into "***". Short
 * (under 8 bytes) secrets are not remembered. At most 16. */
void log_secret(const char *secret);
/* Redacts in place (an occurrence shrinks to ***). Used by log_print and by cli before it prints.
 */
void log_redact(char *text);

#endif
