/* A binary list of revoked keys is any bytes behind its magic. Looks up a key and a certificate in
 * a list that is accepted. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "sign/krl.h"
#include "sign/ssh_key.h"
#include "tests/kit/ssh_forge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct keys {
    struct forge_key ca;
    struct text blob;
    struct ssh_key cert, plain;
};

static const struct keys *make_keys(void)
{
    static const struct forge_cert CERT = {
        .serial = 7, .type = 1, .key_id = "id", .principals = {"ci"}};
    static struct keys keys;
    struct forge_key key;

    if (keys.blob.size > 0)
        return &keys;
    key = forge_key_make(SSH_ED25519, 7);
    keys.ca = forge_key_make(SSH_ED25519, 8);
    forge_certify(&key, &keys.ca, &CERT, &keys.blob);
    if (ssh_key_read(text_view(&keys.blob), &keys.cert) ||
        ssh_key_read(text_view(&keys.ca.blob), &keys.plain))
        abort();
    forge_key_finish(&key);
    return &keys;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct keys *keys = make_keys();
    struct text list;

    text_init(&list, size + 16);
    text_add(&list, "SSHKRL\n", 8);
    wire_add_number(&list, 1, 4);
    text_add(&list, data, size);
    if (!krl_is(text_view(&list)))
        abort();
    if (!krl_fault(text_view(&list))) {
        /* A CA that is revoked as a key revokes its certificates, too. */
        if (krl_has(text_view(&list), &keys->plain, &keys->plain) &&
            !krl_has(text_view(&list), &keys->cert, &keys->plain))
            abort();
    }
    text_finish(&list);
    return 0;
}
