/* A table of codes, each with its family, as users see them. */
#include "base/again.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"

/* "family.code" as users see it. */
static const char *const PASSING[] = {
    /* a later run reads the keys again */
    "auth.no_credentials",  "auth.answer",         "auth.expired",        "auth.login",
    "auth.process",         "auth.rejected",       "auth.source",         "auth.token_file",
    "auth.token",           "cancelled.cancelled", "cancelled.signal",    "cancelled.stopped",
    "conflict.deploy",  /* another run has the lock */
    "conflict.archive", /* another push writes at the same time */
    "conflict.busy",        "conflict.changed",    "conflict.part",       "conflict.push",
    "conflict.removed",     "conflict.signatures", "conflict.spool_busy", "conflict.trust",
    "conflict.upload",      "deploy.switch", /* the proxy was down */
    "docker.disk_full",     "docker.export",       "docker.stream",       "docker.timeout",
    "docker.trouble",       "docker.unreachable",  "integrity.body", /* damaged in transit */
    "integrity.checkpoint", /* an unfinished upload that does not fit is deleted */
    "integrity.part",       "local.disk_full",     "local.hook",          "local.memory",
    "local.thread",         "network.busy",        "network.cut",         "network.proxy",
    "network.refused",      "network.resolve",     "network.server",      "network.service",
    "network.stalled",      "network.timeout",     "network.transfer",
};

bool again_may_help(const struct err *err)
{
    char code[64];

    snprintf(code, sizeof code, "%s.%s", err_family_name(err->family), err->code);
    for (size_t i = 0; i < ARRAY_SIZE(PASSING); i++)
        if (strcmp(PASSING[i], code) == 0)
            return true;
    return false;
}
