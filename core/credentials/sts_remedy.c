/* A table: the code, a part of the message, the kind of request, and the words. */
#include "credentials/sts_remedy.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "credentials/sts_answer.h"

enum proof { ANY_PROOF, KEYS, TOKEN_FILE };

struct remedy {
    const char *code;
    const char *part; /* of the message; "": any */
    enum proof proof; /* keys sign the request, or a token file is sent */
    bool names_proof; /* the words continue the name of the keys or of the file */
    const char *words;
};

static const struct remedy REMEDIES[] = {
    {"AccessDenied", "MultiFactorAuthentication", ANY_PROOF, false,
     "the MFA code was wrong or used before: wait for the next one, and check mfa_serial"},
    /* the words of MinIO */
    {"AccessDenied", "signature we calculated", ANY_PROOF, true,
     "have a wrong secret key: check that it is complete and has no quotation marks"},
    {"AccessDenied", "does not exist in our records", ANY_PROOF, true,
     "do not exist on this server"},
    {"InvalidAccessKeyId", "", ANY_PROOF, true, "do not exist on this server"},
    {"AccessDenied", "", KEYS, false,
     "the trust policy of the role must allow this principal (with its conditions, such as "
     "ExternalId and MFA), and the principal's own policy must allow sts:AssumeRole on the role"},
    {"AccessDenied", "", TOKEN_FILE, false,
     "the trust policy of the role must allow sts:AssumeRoleWithWebIdentity for the issuer, the "
     "audience and the subject of the token"},
    {"InvalidClientTokenId", "", ANY_PROOF, true,
     "do not exist, are inactive or lack their session token; in a region that must be enabled, "
     "the account must enable it"},
    {"SignatureDoesNotMatch", "", ANY_PROOF, true,
     "have a wrong secret key: check that it is complete and has no quotation marks. A proxy that "
     "changes requests has the same effect"},
    {"ExpiredToken", "", KEYS, true, "have expired: log in or export them again"},
    {"ExpiredTokenException", "", KEYS, true, "have expired: log in or export them again"},
    {"ExpiredToken", "", TOKEN_FILE, true,
     "has expired: Kubernetes or the CI job must write a new token"},
    {"ExpiredTokenException", "", TOKEN_FILE, true,
     "has expired: Kubernetes or the CI job must write a new token"},
    {"ValidationError", "DurationSeconds", ANY_PROOF, false,
     "lower duration_seconds to the maximum session duration of the role; a role that is assumed "
     "with credentials of a role has at most 3600"},
    {"ValidationError", "session limit", ANY_PROOF, false,
     "lower duration_seconds to 3600: credentials of a role assume this role"},
    {"ValidationError", "", ANY_PROOF, false,
     "check role_arn, role_session_name and external_id of the profile"},
    {"InvalidIdentityToken", "audience", ANY_PROOF, false,
     "the token must be issued for the audience of the role's identity provider, in general "
     "sts.amazonaws.com"},
    {"InvalidIdentityToken", "", ANY_PROOF, false,
     "create the OIDC identity provider of the token's issuer in the account of the role, with the "
     "audience of the token (in general sts.amazonaws.com)"},
    {"IDPRejectedClaim", "", ANY_PROOF, false,
     "the identity provider rejects the token: check its audience and whether it was revoked"},
    {"RegionDisabledException", "", ANY_PROOF, false,
     "set another region, or activate STS of this region in the IAM account settings"},
};

static bool remedy_fits(const struct remedy *remedy, const struct sts_refusal *refusal,
                        bool is_signed)
{
    return strcmp(remedy->code, refusal->code) == 0 && strstr(refusal->message, remedy->part) &&
           (remedy->proof == ANY_PROOF || remedy->proof == (is_signed ? KEYS : TOKEN_FILE));
}

void sts_remedy_hint(const struct sts_refusal *refusal, bool is_signed, const char *proof,
                     struct err *err)
{
    if (sts_refusal_is_of_time(refusal)) {
        err_hint(err, "the clock of this machine is wrong: synchronise it (NTP)");
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(REMEDIES); i++) {
        const struct remedy *remedy = &REMEDIES[i];

        if (!remedy_fits(remedy, refusal, is_signed))
            continue;
        err_hint(err, "%s%s%s", remedy->names_proof ? proof : "", remedy->names_proof ? " " : "",
                 remedy->words);
        return;
    }
}
