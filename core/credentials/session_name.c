/* The alphabet is that of the API of STS: letters, digits and _+=,.@- */
#include "credentials/session_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aws/system.h"
#include "base/clock.h"

int session_name_check(const char *name, enum err_family family, const char *code,
                       const char *setting, struct err *err)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789_+=,.@-";
    size_t size = name ? strlen(name) : 2;

    if (size >= 2 && size < SESSION_NAME_SIZE && (!name || name[strspn(name, alphabet)] == '\0'))
        return 0;
    return err_set(err, family, code,
                   "%s must have 2 to %d letters, digits or characters of _+=,.@-", setting,
                   SESSION_NAME_SIZE - 1);
}

void session_name_make(const char *name, const struct aws_system *system,
                       char out[SESSION_NAME_SIZE])
{
    if (name)
        snprintf(out, SESSION_NAME_SIZE, "%s", name);
    else
        snprintf(out, SESSION_NAME_SIZE, "s3dock-%" PRId64, system->now(system->arg) / NS_PER_S);
}
