/*
 * A signature is any bytes: its text, or the bytes that the text encodes, as the first byte
 * selects. The key in it is the only one that may sign, and the CA of its certificate is trusted.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "sign/armor.h"
#include "sign/signers.h"
#include "sign/sshsig.h"
#include "tests/kit/ssh_forge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Looks for the signer in a file with a line of a key. */
static void find(const struct sshsig *sig, const char *options, struct view blob)
{
    struct signers signers;
    struct signer signer;
    struct err err = {0};
    struct text line;

    forge_line("*,!root", options, blob, &line);
    if (signers_parse(text_view(&line), "signers", &signers, &err) < 0)
        abort(); /* the key was read before */
    if (signers_find(&signers, NULL, sig, "n", 0, &signer, &err) == 0) {
        if (signer_is(&signer, "root") || !*signer_name(&signer))
            abort();
    } else if (!err.text[0]) {
        abort();
    }
    signer_finish(&signer);
    signers_finish(&signers);
    text_finish(&line);
}

static void read_text(struct view armored)
{
    struct sshsig sig;
    struct err err = {0};

    if (sshsig_parse(armored, &sig, &err) < 0) {
        if (!err.text[0])
            abort();
        return;
    }
    if (sshsig_prove(&sig, "n", view_str("message"), &err) < 0 && !err.text[0])
        abort();
    if (sig.key.blob.size < 8 * KIB) {
        find(&sig, "", sig.key.blob);
        if (sig.key.is_cert)
            find(&sig, "cert-authority", sig.key.cert.ca);
    }
    sshsig_finish(&sig);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view rest, block;
    struct text armored;

    if (size == 0)
        return 0;
    rest = view_of(data + 1, size - 1);
    if (data[0] & 1) {
        for (struct view left = rest; armor_next(&left, &block) == ARMOR_BLOCK;)
            read_text(block);
        read_text(rest);
        return 0;
    }
    if (rest.size > 64 * KIB)
        return 0;
    forge_armor(rest, &armored);
    read_text(text_view(&armored));
    text_finish(&armored);
    return 0;
}
