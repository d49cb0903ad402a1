/*
 * Reads the files of the signers, as a pull would. Sends no request.
 */
#include <stdio.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/demands.h"
#include "cli/doctor/doctor.h"
#include "trust/guard.h"

#define KINDS_SIZE 64

static const char *list_kinds(const struct guard *guard, char out[KINDS_SIZE])
{
    static const enum policy_kind kinds[] = {POLICY_IMAGES, POLICY_VERSIONS, POLICY_ENVIRONMENTS};
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (guard_requires(guard, kinds[i]))
            used += (size_t)snprintf(out + used, KINDS_SIZE - used, "%s%s", used ? ", " : "",
                                     policy_kind_name(kinds[i]));
    return out;
}

void doctor_check_signatures(struct doctor *doctor, struct cli *cli)
{
    char kinds[KINDS_SIZE];
    struct guard *guard;
    struct err err;

    if (demands_open(cli, &guard, &err)) {
        doctor_found(doctor, "signatures", DOCTOR_FAILED, &err);
        return;
    }
    if (!guard)
        return;
    doctor_ok(doctor, "signatures", "demanded of %s; the files of the signers can be used",
              list_kinds(guard, kinds));
    if (!guard_requires(guard, POLICY_IMAGES) || !guard_requires(guard, POLICY_ENVIRONMENTS))
        doctor_warning(doctor, "signatures",
                       "demand \"images\" and \"environments\" together: docs/signing.md has the "
                       "reasons",
                       "not all documents that lead to an image must be signed");
    guard_close(guard);
}
