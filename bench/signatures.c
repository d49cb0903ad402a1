/* The file of signers is read once: a command reads it once, too. */
#include "signatures.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "sign/signers.h"
#include "sign/sshsig.h"

#define NAME_SPACE "s3dock-image"
#define AT         (INT64_C(1780000000) * NS_PER_S)

static struct {
    struct text message, armored[SIGNATURES];
    struct signers signers;
} on;

static void must(bool good, const struct err *err)
{
    if (!good) {
        fprintf(stderr, "micro: signatures: %s\n", err->text);
        exit(1);
    }
}

static void load(const char *name, struct text *out)
{
    struct err err = {.text = "no such file"};
    char path[4096];

    text_init(out, 64 * KIB);
    snprintf(path, sizeof path, "%s/%s", GOLDEN_SIGN, name);
    must(file_read(path, out, &err) == FILE_OK, &err);
}

void signatures_load(void)
{
    static const char *const NAMES[SIGNATURES] = {"ed25519.sig",   "ecdsa-256.sig", "ecdsa-384.sig",
                                                  "ecdsa-521.sig", "rsa-2048.sig",  "rsa-4096.sig",
                                                  "cert.sig"};
    struct text file;
    struct err err = {0};

    load("message", &on.message);
    for (size_t i = 0; i < SIGNATURES; i++)
        load(NAMES[i], &on.armored[i]);
    load("allowed_signers", &file);
    must(signers_parse(text_view(&file), "allowed_signers", &on.signers, &err) == 0, &err);
    text_finish(&file);
}

void signature_verify(enum signature which)
{
    struct sshsig sig;
    struct signer signer;
    struct err err = {0};

    must(sshsig_parse(text_view(&on.armored[which]), &sig, &err) == 0 &&
             sshsig_prove(&sig, NAME_SPACE, text_view(&on.message), &err) == 0 &&
             signers_find(&on.signers, NULL, &sig, NAME_SPACE, AT, &signer, &err) == 0,
         &err);
    signer_finish(&signer);
    sshsig_finish(&sig);
}
