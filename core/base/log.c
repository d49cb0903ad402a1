/*
 * Global state: the level, the hooks around the output, and the secrets that must not be printed.
 * The level is read without a lock, because most calls end there. Two locks, never held together:
 * one for the secrets, one for the terminal.
 */
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/utf8.h"
#include "os/memory.h"

#define SECRETS_MAX  64
#define SECRETS_KEPT 16 /* the first ones stay; later ones replace the oldest of the others */
#define SECRET_MIN   8  /* shorter secrets would hide ordinary words */

static _Atomic enum log_level current = LOG_OFF;
static atomic_bool notes = true;

static pthread_mutex_t output_lock = PTHREAD_MUTEX_INITIALIZER;
static void (*hook_before)(void);
static void (*hook_after)(void);

static pthread_mutex_t secrets_lock = PTHREAD_MUTEX_INITIALIZER;
static char *secrets[SECRETS_MAX];
static size_t secret_count, secret_next = SECRETS_KEPT;

void log_set_level(enum log_level level)
{
    atomic_store(&current, level);
}

enum log_level log_level(void)
{
    return atomic_load(&current);
}

void log_set_notes(bool on)
{
    atomic_store(&notes, on);
}

void log_set_hooks(void (*before)(void), void (*after)(void))
{
    pthread_mutex_lock(&output_lock);
    hook_before = before;
    hook_after = after;
    pthread_mutex_unlock(&output_lock);
}

/* ---- secrets ---- */

static bool is_known(const char *secret)
{
    for (size_t i = 0; i < secret_count; i++)
        if (strcmp(secrets[i], secret) == 0)
            return true;
    return false;
}

static void keep_secret(char *copy)
{
    if (secret_count < SECRETS_MAX) {
        secrets[secret_count++] = copy;
        return;
    }
    os_wipe(secrets[secret_next], strlen(secrets[secret_next]));
    free(secrets[secret_next]);
    secrets[secret_next] = copy;
    secret_next = secret_next + 1 < SECRETS_MAX ? secret_next + 1 : SECRETS_KEPT;
}

void log_secret(const char *secret)
{
    if (!secret || strlen(secret) < SECRET_MIN)
        return;
    pthread_mutex_lock(&secrets_lock);
    if (!is_known(secret)) {
        char *copy = strdup(secret);

        if (copy)
            keep_secret(copy);
    }
    pthread_mutex_unlock(&secrets_lock);
}

/* Returns the length of the longest secret that begins here: a secret may begin with another. */
static size_t secret_at(const char *text)
{
    size_t longest = 0;

    for (size_t i = 0; i < secret_count; i++) {
        size_t size = strlen(secrets[i]);

        if (size > longest && strncmp(text, secrets[i], size) == 0)
            longest = size;
    }
    return longest;
}

/* Returns the password of the URL whose "://" is at the front of `text`, or an empty view:
 * PASSWORD in "://USER:PASSWORD@". */
static struct view password_of(const char *text)
{
    static const char ends[] = "/?#@ \t\r\n\"'<>";
    size_t at = 3 + strcspn(text + 3, ":") + 1, end = 3 + strcspn(text + 3, ends);

    return text[end] == '@' && at < end ? view_of(text + at, end - at) : (struct view){0};
}

void log_redact(char *text)
{
    struct view password = {0};
    char *to = text;

    pthread_mutex_lock(&secrets_lock);
    while (*text) {
        size_t size = secret_at(text), stars = 3;

        if (strncmp(text, "://", 3) == 0)
            password = password_of(text);
        if (!size && password.size && text == (const char *)password.data) {
            size = password.size;
            stars = size < stars ? size : stars;
        }
        if (!size) {
            *to++ = *text++;
            continue;
        }
        memset(to, '*', stars);
        to += stars;
        text += size;
    }
    *to = '\0';
    pthread_mutex_unlock(&secrets_lock);
}

/* ---- lines ---- */

static const char *level_name(enum log_level level)
{
    return level == LOG_ERROR ? "ERROR" : level == LOG_INFO ? "INFO" : "DEBUG";
}

static void write_line(const char *line, size_t size)
{
    struct err ignored; /* an error of standard error cannot be printed */

    pthread_mutex_lock(&output_lock);
    if (hook_before)
        hook_before();
    (void)file_write_all(STDERR_FILENO, line, size, "standard error", &ignored);
    if (hook_after)
        hook_after();
    pthread_mutex_unlock(&output_lock);
}

/* Prints "prefix message". The message is formatted whole, because a part of a secret would not be
 * found. */
static void write_message(const char *prefix, const char *fmt, va_list args)
{
    char *message = str_format_args(fmt, args), *line;

    if (!message)
        return;
    log_redact(message);
    str_printable(message);
    line = str_format("%s %s\n", prefix, message);
    if (line)
        write_line(line, strlen(line));
    free(line);
    free(message);
}

void log_print(enum log_level level, const char *fmt, ...)
{
    char when[24] = "", prefix[48];
    time_t seconds = (time_t)(clock_wall() / NS_PER_S);
    struct tm local;
    va_list args;

    if (level == LOG_OFF || level > log_level())
        return;
    if (localtime_r(&seconds, &local))
        strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &local);
    snprintf(prefix, sizeof prefix, "[%s] %s", level_name(level), when);
    va_start(args, fmt);
    write_message(prefix, fmt, args);
    va_end(args);
}

void log_note(const char *fmt, ...)
{
    va_list args;

    if (!atomic_load(&notes))
        return;
    va_start(args, fmt);
    write_message("note:", fmt, args);
    va_end(args);
}
