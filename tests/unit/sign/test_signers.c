/* Who may sign: files of allowed signers, with the signatures of ssh-keygen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "sign/signers.h"
#include "tests/kit/golden_sign.h"

#define AT (INT64_C(1780000000) * NS_PER_S) /* 2026-05-28 */

/* Looks for the signer of a golden signature in a file. */
static int find_in(const char *file, const char *name, int64_t at, struct signer *signer,
                   struct err *err)
{
    struct signers signers;
    struct sshsig sig;
    int result;

    golden_sign_parse(name, &sig);
    assert_int_equal(signers_parse(view_str(file), "allowed", &signers, err), 0);
    result = signers_find(&signers, NULL, &sig, GOLDEN_NAMESPACE, at, signer, err);
    signers_finish(&signers);
    sshsig_finish(&sig);
    return result;
}

static void each_key_is_found_with_its_identity(void **state)
{
    static const char *const NAMES[] = {"ed25519",   "sha256",   "ecdsa-256", "ecdsa-384",
                                        "ecdsa-521", "rsa-2048", "rsa-4096"};
    struct text file;
    struct signer signer;
    struct err err;
    char identity[64];

    (void)state;
    golden_sign_read("allowed_signers", &file);
    for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++) {
        snprintf(identity, sizeof identity, "%s@example.com", i == 1 ? NAMES[0] : NAMES[i]);
        assert_int_equal(find_in(file.data, NAMES[i], AT, &signer, &err), 0);
        assert_string_equal(signer_name(&signer), identity);
        assert_true(signer_is(&signer, identity));
        assert_true(signer_is(&signer, "*@example.com"));
        assert_false(signer_is(&signer, "deploy@example.com"));
        assert_false(signer.by_cert);
        signer_finish(&signer);
    }
    text_finish(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_is_found_with_its_identity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
