/* A file of allowed signers, or a text list of revoked keys, is any bytes, as the first byte
 * selects. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "sign/revoked.h"
#include "sign/signers.h"
#include "sign/sshsig.h"
#include "tests/kit/ssh_forge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The signature of a key that the corpus contains. */
static const struct sshsig *make_signature(void)
{
    static struct sshsig sig;
    struct forge_key key;
    struct text armored;
    struct err err;

    if (sig.blob.size > 0)
        return &sig;
    key = forge_key_make(SSH_ED25519, 7);
    forge_message(&key, text_view(&key.blob), "n", view_str("message"), &armored);
    if (sshsig_parse(text_view(&armored), &sig, &err) < 0)
        abort();
    text_finish(&armored);
    forge_key_finish(&key);
    return &sig;
}

static void read_signers(struct view file)
{
    struct signers signers;
    struct signer signer;
    struct err err = {0};

    if (signers_parse(file, "signers", &signers, &err) < 0) {
        if (!err.text[0])
            abort();
    } else if (signers_find(&signers, NULL, make_signature(), "n", 0, &signer, &err) == 0) {
        if (signer.line == 0 || signer.by_cert)
            abort();
        signer_is(&signer, "a*b*c");
        signer_is(&signer, "literal");
        signer_same(&signer, &signer);
        signer_finish(&signer);
    } else {
        signer_finish(&signer);
    }
    signers_finish(&signers);
}

static void read_revoked(struct view file)
{
    struct revoked revoked;
    struct err err = {0};

    if (revoked_parse(file, "revoked", &revoked, &err) == 0)
        revoked_has(&revoked, &make_signature()->key);
    else if (!err.text[0])
        abort();
    revoked_finish(&revoked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] & 1)
        read_signers(view_of(data + 1, size - 1));
    else
        read_revoked(view_of(data + 1, size - 1));
    return 0;
}
