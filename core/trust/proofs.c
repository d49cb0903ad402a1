/*
 * Both files are read once, when the program begins to need them.
 */
#include "trust/proofs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/owner.h"
#include "sign/revoked.h"
#include "sign/signers.h"
#include "sign/sshsig.h"

struct proofs {
    struct signers signers;
    bool revokes; /* there is a list of revoked keys */
    struct revoked revoked;
};

/* Reads a file that decides whom this host trusts. */
static int read_file(const char *path, size_t max, struct text *out, struct err *err)
{
    char real[PATH_MAX];
    int answer;

    text_init(out, max);
    answer = owner_read(path, out, real, err);
    if (answer == OWNER_ABSENT)
        return err_set(err, ERR_USAGE, CODE_SIGNERS, "there is no file %s", path);
    return answer;
}

static int read_signers(const char *path, struct signers *out, struct err *err)
{
    _cleanup_text_ struct text file = {0};

    return read_file(path, SIGNERS_FILE_MAX, &file, err) ||
                   signers_parse(text_view(&file), path, out, err)
               ? ERR_FAIL
               : 0;
}

static int read_revoked(const char *path, struct revoked *out, struct err *err)
{
    _cleanup_text_ struct text file = {0};

    return read_file(path, REVOKED_FILE_MAX, &file, err) ||
                   revoked_parse(text_view(&file), path, out, err)
               ? ERR_FAIL
               : 0;
}

struct proofs *proofs_open(const char *signers, const char *revoked, struct err *err)
{
    struct proofs *proofs = calloc(1, sizeof *proofs);

    if (!proofs) {
        err_memory(err, "the signers");
        return NULL;
    }
    proofs->revokes = revoked;
    if (read_signers(signers, &proofs->signers, err) ||
        (revoked && read_revoked(revoked, &proofs->revoked, err))) {
        proofs_close(proofs);
        return NULL;
    }
    return proofs;
}

void proofs_close(struct proofs *proofs)
{
    if (!proofs)
        return;
    signers_finish(&proofs->signers);
    revoked_finish(&proofs->revoked);
    free(proofs);
}

/* Stores the reason of a refusal. */
static bool refuse(struct signature_proof *out, const struct err *why)
{
    str_copy(out->code, sizeof out->code, why->code);
    snprintf(out->why, sizeof out->why, "%.*s", (int)sizeof out->why - 1, why->text);
    return false;
}

static bool find_signer(const struct proofs *proofs, const struct sshsig *sig,
                        const char *name_space, int64_t at, struct signature_proof *out,
                        struct signer *signer)
{
    struct err why;
    int failed = signers_find(&proofs->signers, proofs->revokes ? &proofs->revoked : NULL, sig,
                              name_space, at, signer, &why);

    if (failed)
        return refuse(out, &why);
    out->sound = true;
    snprintf(out->identity, sizeof out->identity, "%.*s", (int)sizeof out->identity - 1,
             signer_name(signer));
    return true;
}

bool proofs_judge(const struct proofs *proofs, struct view block, const char *name_space,
                  struct view document, int64_t at, struct signature_proof *out,
                  struct signer *signer)
{
    struct sshsig sig = {0};
    struct err why;
    bool sound = false;

    *out = (struct signature_proof){.sound = false};
    if (sshsig_parse(block, &sig, &why))
        return refuse(out, &why);
    ssh_key_fingerprint(&sig.key, out->key);
    out->proves = sshsig_prove(&sig, name_space, document, &why) == 0;
    if (out->proves)
        sound = find_signer(proofs, &sig, name_space, at, out, signer);
    else
        refuse(out, &why);
    sshsig_finish(&sig);
    return sound;
}
