/*
 * Reads the files of the signers, as a pull would, and signs a text with the key, as a push would.
 * Asks for no passphrase and sends no request.
 */
#include <stdio.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/demands.h"
#include "cli/doctor/doctor.h"
#include "cli/signer.h"
#include "sign/sign_program.h"
#include "sign/sshsig.h"
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

static void check_key(struct doctor *doctor, struct cli *cli)
{
    _cleanup_text_ struct text armored = {0};
    struct cli_signer signer = {.key = ""};
    struct sign_settings settings = {.key = signer.key, .cancel = cli->cancel};
    struct signing *signing = NULL;
    struct err err;

    text_init(&armored, SSHSIG_FILE_MAX);
    if (signer_open(cli, &signer, &signing, &err))
        doctor_found(doctor, "signing key", DOCTOR_FAILED, &err);
    else if (signing &&
             sign_document(&settings, "s3dock-doctor", view_str("s3dock doctor"), &armored, &err))
        doctor_found(doctor, "signing key", DOCTOR_WARNING, &err);
    else if (signing)
        doctor_ok(doctor, "signing key", "%s signs", signer.key);
    signer_close(&signer);
}

static void check_demands(struct doctor *doctor, struct cli *cli)
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

void doctor_check_signatures(struct doctor *doctor, struct cli *cli)
{
    check_demands(doctor, cli);
    check_key(doctor, cli);
}
