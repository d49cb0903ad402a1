/*
 * One pass over the lines. Docker reads lines with Go's bufio.Scanner, which drops one CR before
 * the line break. It refuses names with white space, and files that are not UTF-8.
 */
#include "deploy/spec/env_file.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/log.h"
#include "base/owner.h"
#include "base/utf8.h"
#include "os/memory.h"

#define SECRET_MAX  1024 /* bytes of a value that is kept out of output */
#define SECRETS_MAX 24   /* the log keeps 64, and credentials of the bucket are more important */

struct line {
    const char *path;
    unsigned number;
    struct err *err;
};

static int refuse(const struct line *line, const char *fault)
{
    return err_set(line->err, ERR_USAGE, "deploy", "line %u of the env file %s %s", line->number,
                   line->path, fault);
}

/* ---- lines ---- */

static bool is_white(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool has_white(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (is_white(text[i]))
            return true;
    return false;
}

static bool is_utf8(const char *text, size_t size)
{
    while (size) {
        size_t length = utf8_length(view_of(text, size));

        if (!length)
            return false;
        text += length;
        size -= length;
    }
    return true;
}

/* Adds the variable of a line, which may be empty or a comment. */
static int add_line(const struct line *line, const char *text, size_t size, struct text *out)
{
    const char *equals;

    while (size && is_white(*text))
        text++, size--;
    if (!size || *text == '#')
        return 0;
    if (memchr(text, 0, size))
        return refuse(line, "contains a NUL");
    if (!is_utf8(text, size))
        return refuse(line, "is not UTF-8");
    equals = memchr(text, '=', size);
    if (!equals)
        return refuse(line, "has no =: write NAME=VALUE");
    if (equals == text)
        return refuse(line, "has no name before the =");
    if (has_white(text, (size_t)(equals - text)))
        return refuse(line, "has white space in the name before the =");
    text_add(out, text, size);
    text_char(out, 0);
    return 0;
}

int env_file_parse(struct view content, const char *path, struct text *out, struct err *err)
{
    struct line line = {.path = path, .err = err};
    const char *at = content.size ? (const char *)content.data : "", *end = at + content.size;

    if (content.size >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
        at += 3;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)((stop ? stop : end) - at);
        size_t kept = size && at[size - 1] == '\r' ? size - 1 : size;

        line.number++;
        if (add_line(&line, at, kept, out))
            return ERR_FAIL;
        at += size + (stop != NULL);
    }
    return text_check(out, "the variables of the env files", err);
}

/* ---- files ---- */

static void warn_readable(const char *path, struct text *warnings)
{
    struct stat st;

    if (warnings && !stat(path, &st) && (st.st_mode & S_IROTH))
        text_printf(warnings, "other users can read the env file %s: chmod o-r it\n", path);
}

int env_file_read(const char *path, struct text *out, struct text *warnings, struct err *err)
{
    _cleanup_text_ struct text content = {0};
    char real[PATH_MAX];
    int answer;

    text_init_secret(&content, ENV_FILE_MAX);
    answer = owner_read(path, &content, real, err);
    if (answer == OWNER_ABSENT)
        return err_set(err, ERR_USAGE, "deploy", "there is no env file %s", path);
    if (answer < 0)
        return err_wrap(err, "the env file");
    warn_readable(path, warnings);
    return env_file_parse(text_view(&content), path, out, err);
}

/* ---- secrets ---- */

static bool name_is_secret(const char *name, size_t size)
{
    static const char *const words[] = {"PASS", "PWD", "SECRET", "TOKEN", "KEY", "CREDENTIAL"};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        for (size_t at = 0; at + strlen(words[i]) <= size; at++)
            if (strncasecmp(name + at, words[i], strlen(words[i])) == 0)
                return true;
    return false;
}

static bool redact(const char *value, size_t size)
{
    char secret[SECRET_MAX];

    if (size < 8 || size >= sizeof secret)
        return false;
    memcpy(secret, value, size);
    secret[size] = 0;
    log_secret(secret);
    os_wipe(secret, sizeof secret);
    return true;
}

/* Redacts the password of scheme://user:password@host. */
static bool redact_url(const char *value)
{
    const char *user = strstr(value, "://"), *host, *password;

    user = user ? user + 3 : NULL;
    host = user ? strpbrk(user, "@/?#") : NULL;
    password = user ? strchr(user, ':') : NULL;
    if (!host || *host != '@' || !password || password > host)
        return false;
    return redact(password + 1, (size_t)(host - password - 1));
}

void env_file_redact(struct view variables)
{
    const char *at = variables.size ? (const char *)variables.data : "";
    const char *end = at + variables.size;
    unsigned kept = 0;

    for (; at < end && kept < SECRETS_MAX; at += strlen(at) + 1) {
        const char *equals = strchr(at, '=');

        if (!equals)
            continue;
        if (name_is_secret(at, (size_t)(equals - at)))
            kept += redact(equals + 1, strlen(equals + 1));
        else
            kept += redact_url(equals + 1);
    }
}
