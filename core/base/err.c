/* Texts are cut to the size of their array. The result is made printable afterwards, because a cut
 * may divide a character. */
#include "base/err.h"
#include "base/codes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* Adds as much of `more` as fits. */
static void append(char *text, size_t size, const char *more)
{
    size_t used = strlen(text);
    size_t length = strnlen(more, size - 1 - used);

    memcpy(text + used, more, length);
    text[used + length] = '\0';
}

static void fill(struct err *err, enum err_family family, const char *code, const char *fmt,
                 va_list args)
{
    struct err fresh = {.family = family}; /* the arguments may point into *err */

    snprintf(fresh.code, sizeof fresh.code, "%s", code);
    vsnprintf(fresh.text, sizeof fresh.text, fmt, args);
    str_printable(fresh.text);
    *err = fresh;
}

int err_set(struct err *err, enum err_family family, const char *code, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    fill(err, family, code, fmt, args);
    va_end(args);
    return ERR_FAIL;
}

int err_errno(struct err *err, int errnum, const char *code, const char *fmt, ...)
{
    va_list args;

    if (errnum == ENOMEM)
        code = CODE_MEMORY;
    else if (errnum == ENOSPC || errnum == EDQUOT)
        code = CODE_DISK_FULL;
    else if (errnum == EACCES || errnum == EPERM || errnum == EROFS)
        code = CODE_PERMISSION;
    va_start(args, fmt);
    fill(err, ERR_LOCAL, code, fmt, args);
    va_end(args);
    append(err->text, sizeof err->text, ": ");
    append(err->text, sizeof err->text, strerror(errnum));
    str_printable(err->text);
    if (errnum == ENOSPC || errnum == EDQUOT)
        err_hint(err, "free some space there and run the same command again");
    return ERR_FAIL;
}

int err_memory(struct err *err, const char *what)
{
    return err_set(err, ERR_LOCAL, CODE_MEMORY, "out of memory for %s", what);
}

int err_wrap(struct err *err, const char *fmt, ...)
{
    char text[sizeof err->text];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    append(text, sizeof text, ": ");
    append(text, sizeof text, err->text);
    str_printable(text);
    memcpy(err->text, text, sizeof text);
    return ERR_FAIL;
}

int err_hint(struct err *err, const char *fmt, ...)
{
    char hint[sizeof err->hint];
    va_list args;

    va_start(args, fmt);
    vsnprintf(hint, sizeof hint, fmt, args);
    va_end(args);
    str_printable(hint);
    memcpy(err->hint, hint, sizeof hint);
    err->general = false;
    return ERR_FAIL;
}

int err_general_hint(struct err *err, const char *hint)
{
    if (err->hint[0])
        return ERR_FAIL;
    err_hint(err, "%s", hint);
    err->general = true;
    return ERR_FAIL;
}

int err_about(struct err *err, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(err->about, sizeof err->about, fmt, args);
    va_end(args);
    str_printable(err->about);
    return ERR_FAIL;
}

bool err_is(const struct err *err, enum err_family family, const char *code)
{
    return err->family == family && strcmp(err->code, code) == 0;
}

const char *err_family_name(enum err_family family)
{
    switch (family) {
    case ERR_NONE:
        return "none";
    case ERR_USAGE:
        return "usage";
    case ERR_NOT_FOUND:
        return "not_found";
    case ERR_AUTH:
        return "auth";
    case ERR_NETWORK:
        return "network";
    case ERR_INTEGRITY:
        return "integrity";
    case ERR_TRUST:
        return "trust";
    case ERR_CONFLICT:
        return "conflict";
    case ERR_LOCAL:
        return "local";
    case ERR_DOCKER:
        return "docker";
    case ERR_DEPLOY:
        return "deploy";
    case ERR_DOWN:
        return "down";
    case ERR_UNSUPPORTED:
        return "unsupported";
    case ERR_CANCELLED:
        return "cancelled";
    case ERR_INTERNAL:
        break;
    }
    return "internal";
}
