#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

static void fill(struct err *err, enum err_family family, const char *code, const char *fmt,
                 va_list args)
{
    *err = (struct err){.family = family};
    snprintf(err->code, sizeof err->code, "%s", code);
    vsnprintf(err->text, sizeof err->text, fmt, args);
    printable(err->text);
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
    size_t used;

    if (errnum == ENOMEM)
        code = "memory";
    else if (errnum == ENOSPC || errnum == EDQUOT)
        code = "disk_full";
    else if (errnum == EACCES || errnum == EPERM || errnum == EROFS)
        code = "permission";
    va_start(args, fmt);
    fill(err, ERR_LOCAL, code, fmt, args);
    va_end(args);
    used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used, ": %s", strerror(errnum));
    if (errnum == ENOSPC || errnum == EDQUOT)
        err_hint(err, "free some space there and run the same command again");
    return ERR_FAIL;
}

int err_memory(struct err *err, const char *what)
{
    return err_set(err, ERR_LOCAL, "memory", "out of memory for %s", what);
}

int err_wrap(struct err *err, const char *fmt, ...)
{
    char text[sizeof err->text];
    va_list args;
    size_t used;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    printable(text);
    used = strlen(text);
    snprintf(text + used, sizeof text - used, ": %s", err->text);
    memcpy(err->text, text, sizeof text);
    return ERR_FAIL;
}

int err_hint(struct err *err, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(err->hint, sizeof err->hint, fmt, args);
    va_end(args);
    printable(err->hint);
    return ERR_FAIL;
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
    case ERR_SIGNATURE:
        return "signature";
    case ERR_CONFLICT:
        return "conflict";
    case ERR_LOCAL:
        return "local";
    case ERR_DOCKER:
        return "docker";
    case ERR_DEPLOY:
        return "deploy";
    case ERR_UNSUPPORTED:
        return "unsupported";
    case ERR_CANCELLED:
        return "cancelled";
    case ERR_INTERNAL:
        break;
    }
    return "internal";
}
