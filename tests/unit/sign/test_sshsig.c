/* Signatures of OpenSSH: those of ssh-keygen prove their message, and no other one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/codes.h"
#include "base/err.h"
#include "sign/sshsig.h"
#include "tests/kit/golden_sign.h"

static const char *const NAMES[] = {"ed25519",   "sha256",   "ecdsa-256", "ecdsa-384",
                                    "ecdsa-521", "rsa-2048", "rsa-4096",  "cert"};

static void signatures_of_ssh_keygen_prove_their_message(void **state)
{
    struct text message;
    struct sshsig sig;
    struct err err;

    (void)state;
    golden_sign_read("message", &message);
    for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++) {
        golden_sign_parse(NAMES[i], &sig);
        assert_int_equal(sshsig_prove(&sig, GOLDEN_NAMESPACE, text_view(&message), &err), 0);
        sshsig_finish(&sig);
    }
    text_finish(&message);
}

static void another_message_or_namespace_is_not_proven(void **state)
{
    struct text message;
    struct sshsig sig;
    struct err err;

    (void)state;
    golden_sign_read("message", &message);
    for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++) {
        golden_sign_parse(NAMES[i], &sig);
        assert_int_equal(sshsig_prove(&sig, "s3dock-version", text_view(&message), &err), ERR_FAIL);
        assert_true(err_is(&err, ERR_TRUST, CODE_SIGNATURE));
        message.data[3] ^= 1;
        assert_int_equal(sshsig_prove(&sig, GOLDEN_NAMESPACE, text_view(&message), &err), ERR_FAIL);
        assert_true(err_is(&err, ERR_TRUST, CODE_SIGNATURE));
        message.data[3] ^= 1;
        sshsig_finish(&sig);
    }
    text_finish(&message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_of_ssh_keygen_prove_their_message),
        cmocka_unit_test(another_message_or_namespace_is_not_proven),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
