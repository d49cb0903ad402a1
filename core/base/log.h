/*
 * log - prints diagnostics on standard error, and keeps secrets out of all output.
 *
 * Nothing is printed by default. Results (standard output, in `cli`) and errors (struct err) do not
 * pass through this module. All functions are thread-safe: a line is one write.
 */
#ifndef S3DOCK_BASE_LOG_H
#define S3DOCK_BASE_LOG_H

#include <stdbool.h>

#include "base/bytes.h"

enum log_level { LOG_OFF = 0, LOG_ERROR = 1, LOG_INFO = 2, LOG_DEBUG = 3 };

void log_set_level(enum log_level level);
enum log_level log_level(void);
/* Sets functions that run before and after each line, so that a progress bar can be removed. They
 * run in the printing thread, under the lock of the output, and must not log. NULL: none. */
void log_set_hooks(void (*before)(void), void (*after)(void));

/* Prints "[INFO] 2006-01-02 15:04:05 message" (local time), redacted and made printable. */
void log_print(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define log_info(...)  log_print(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_print(LOG_DEBUG, __VA_ARGS__)

/* Prints "note: message", redacted and made printable, at any level: for a user who waits. */
void log_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Turns notes on and off. They are on at the start. */
void log_set_notes(bool on);

/* Keeps a copy of a secret: log_redact replaces each occurrence by "***". Secrets of less than 8
 * bytes are ignored. The first 16 are kept for ever, and the last 48 of the others: temporary
 * credentials are replaced for hours. */
void log_secret(const char *secret);
/* Replaces each known secret in `text`, and the password of each URL, by "***" (a password of one
 * or two bytes by as many stars). cli calls it before it prints. */
void log_redact(char *text);

#endif
