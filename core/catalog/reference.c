/* A parser for the grammar of distribution references, component by component. */
#include "catalog/reference.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

static bool is_in(char c, const char *more)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr(more, c));
}

static size_t run_of(const char *text, size_t size, char c)
{
    size_t run = 0;

    while (run < size && text[run] == c)
        run++;
    return run;
}

/* Returns the length of the separator at the front: ".", "_", "__", or any number of "-". 0:
 * none. */
static size_t separator(const char *text, size_t size)
{
    size_t dots = run_of(text, size, '.'), bars = run_of(text, size, '_');

    return dots == 1 ? 1 : bars == 1 || bars == 2 ? bars : run_of(text, size, '-');
}

/* Returns true for [a-z0-9]+, repeated with separators between. */
static bool is_component(const char *text, size_t size)
{
    for (size_t at = 0, begun = 0;; begun = at) {
        while (at < size && is_in(text[at], ""))
            at++;
        if (at == begun || at == size)
            return at > begun;
        begun = at;
        at += separator(text + at, size - at);
        if (at == begun)
            return false;
    }
}

/* Returns true for a registry: letters, digits, dots and dashes, and a port. A name without dot and
 * port is a registry only if it is "localhost". */
static bool is_host(const char *text, size_t size)
{
    const char *colon = memchr(text, ':', size);
    size_t name = colon ? (size_t)(colon - text) : size;

    if (!colon && !memchr(text, '.', size) && !(size == 9 && memcmp(text, "localhost", 9) == 0))
        return false;
    for (size_t i = 0; i < name; i++)
        if (!is_in(text[i], ".-ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
            return false;
    for (size_t i = name + 1; i < size; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return name > 0 && name + 1 != size && text[0] != '-' && text[0] != '.';
}

static bool is_repository(const char *text)
{
    const char *slash = strchr(text, '/');

    if (slash && is_host(text, (size_t)(slash - text)))
        text = slash + 1;
    for (;;) {
        size_t size = strcspn(text, "/");

        if (!is_component(text, size))
            return false;
        if (!text[size])
            return true;
        text += size + 1;
    }
}

static bool is_tag(const char *text)
{
    for (size_t i = 0; text[i]; i++)
        if (!is_in(text[i], i ? "ABCDEFGHIJKLMNOPQRSTUVWXYZ_.-" : "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"))
            return false;
    return text[0] != '\0';
}

static int refuse(const char *text, struct err *err)
{
    err_set(err, ERR_USAGE, "reference",
            "\"%.200s\" is not a name that Docker accepts for an image", text);
    return err_hint(err, "a name is written like app:current or registry.example.com/team/app:v1%s",
                    strchr(text, '@') ? "; a digest cannot be given" : "");
}

int reference_parse(const char *text, struct reference *out, struct err *err)
{
    const char *slash = strrchr(text, '/'), *colon = strrchr(slash ? slash : text, ':');
    size_t size = colon ? (size_t)(colon - text) : strlen(text);

    if (size >= sizeof out->repository || (colon && strlen(colon + 1) >= sizeof out->tag))
        return refuse(text, err);
    snprintf(out->repository, sizeof out->repository, "%.*s", (int)size, text);
    snprintf(out->tag, sizeof out->tag, "%s", colon ? colon + 1 : "latest");
    snprintf(out->text, sizeof out->text, "%s:%s", out->repository, out->tag);
    return is_repository(out->repository) && is_tag(out->tag) ? 0 : refuse(text, err);
}
