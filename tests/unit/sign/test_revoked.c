/* Revoked keys: text lists, and the binary lists of ssh-keygen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "sign/krl.h"
#include "sign/revoked.h"
#include "sign/signers.h"
#include "tests/kit/golden_sign.h"
#include "tests/kit/ssh_forge.h"

/* Returns true if a golden list revokes the key of a golden signature. */
static bool list_has(const char *list, const char *name)
{
    struct text file;
    struct revoked revoked;
    struct sshsig sig;
    struct err err = {0};
    bool has;

    golden_sign_read(list, &file);
    golden_sign_parse(name, &sig);
    assert_int_equal(revoked_parse(text_view(&file), list, &revoked, &err), 0);
    has = revoked_has(&revoked, &sig.key);
    revoked_finish(&revoked);
    sshsig_finish(&sig);
    text_finish(&file);
    return has;
}

static void lists_of_ssh_keygen_revoke_what_they_name(void **state)
{
    static const struct {
        const char *list, *has[4]; /* names of signatures; the rest of the names is not revoked */
    } cases[] = {
        {"revoked", {"ed25519", "sha256", "ecdsa-256"}},
        {"keys.krl", {"ed25519", "sha256", "ecdsa-256"}},
        {"sha1.krl", {"ed25519", "sha256"}},
        {"sha256.krl", {"ed25519", "sha256"}},
        {"ca.krl", {"cert", "cert-host", "cert-other"}},
        {"serial.krl", {"cert"}},
        {"serials.krl", {"cert"}},
        {"bitmap.krl", {"cert"}},
        {"id.krl", {"cert"}},
        {"others.krl", {NULL}},
    };
    static const char *const NAMES[] = {"ed25519", "sha256",   "ecdsa-256", "ecdsa-384", "rsa-2048",
                                        "cert",    "cert-rsa", "cert-host", "cert-other"};
    bool expected;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (size_t n = 0; n < ARRAY_SIZE(NAMES); n++) {
            expected = false;
            for (size_t k = 0; k < 4 && cases[i].has[k]; k++)
                expected |= strcmp(cases[i].has[k], NAMES[n]) == 0;
            if (list_has(cases[i].list, NAMES[n]) != expected)
                fail_msg("%s, %s", cases[i].list, NAMES[n]);
        }
}

/* Looks for the signer of a signature, with the list of revoked keys. */
static int find_signer(const char *name, struct err *err)
{
    struct text file, list;
    struct revoked revoked;
    struct signers signers;
    struct signer signer;
    struct sshsig sig;
    int failed;

    golden_sign_read("allowed_signers", &file);
    golden_sign_read("revoked", &list);
    golden_sign_parse(name, &sig);
    assert_int_equal(signers_parse(text_view(&file), "allowed", &signers, err), 0);
    assert_int_equal(revoked_parse(text_view(&list), "revoked", &revoked, err), 0);
    failed = signers_find(&signers, &revoked, &sig, GOLDEN_NAMESPACE, 0, &signer, err);
    if (failed)
        assert_non_null(strstr(err->text, signer.fingerprint));
    else
        signer_finish(&signer);
    signers_finish(&signers);
    revoked_finish(&revoked);
    sshsig_finish(&sig);
    text_finish(&file);
    text_finish(&list);
    return failed;
}

static void a_revoked_key_is_no_signer(void **state)
{
    struct err err = {.text = ""};

    (void)state;
    assert_int_equal(find_signer("ed25519", &err), ERR_FAIL);
    assert_true(err_is(&err, ERR_TRUST, CODE_REVOKED));
    if (find_signer("rsa-2048", &err)) /* it is not in the list */
        fail_msg("%s", err.text);
}

static void a_line_that_is_not_understood_is_an_error(void **state)
{
    static const char *const LINES[] = {
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        "serial: 5",
        "key: ssh-ed25519 AAAA",
        "SHA256:abc",
        "SHA256:VbfL6JRz1Jq42f6O5/zRD6OTPXRaOJdvE+JsOZ5ZBgwx",
        "SHA256:VbfL6JRz1Jq42f6O5/zRD6OTPXRaOJdvE+JsOZ5ZBg.",
        "MD5:00:11",
        "*",
    };
    struct revoked revoked;
    struct text file;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(LINES); i++) {
        text_init(&file, KIB);
        text_printf(&file, "# lost\n\n%s\n", LINES[i]);
        assert_int_equal(revoked_parse(text_view(&file), "lost", &revoked, &err), ERR_FAIL);
        assert_true(err_is(&err, ERR_USAGE, CODE_REVOKED));
        assert_memory_equal(err.text, "lost:3: ", 8);
        revoked_finish(&revoked);
        text_finish(&file);
    }
    assert_int_equal(revoked_parse(view_str(""), "lost", &revoked, &err), 0);
    revoked_finish(&revoked);
}

/* ---- binary lists ---- */

/* Fills `out` with a list of one section. */
static void make_list(struct text *out, uint32_t version, uint64_t type, struct view section)
{
    text_init(out, 4 * KIB);
    text_add(out, "SSHKRL\n", 8);
    wire_add_number(out, version, 4);
    wire_add_number(out, 1, 8); /* version of the list */
    wire_add_number(out, 2, 8); /* date */
    wire_add_number(out, 0, 8); /* flags */
    wire_add_string(out, view_str(""));
    wire_add_string(out, view_str("comment"));
    wire_add_number(out, type, 1);
    wire_add_string(out, section);
}

static void add_part(struct text *section, uint64_t type, struct view bytes)
{
    wire_add_number(section, type, 1);
    wire_add_string(section, bytes);
}

/* Begins a section about certificates of every CA. */
static void begin_section(struct text *section)
{
    text_clear(section);
    wire_add_string(section, view_str(""));
    wire_add_string(section, view_str("")); /* reserved */
}

enum verdict { REFUSED, PASSES, REVOKES };

static enum verdict judge(uint32_t version, uint64_t type, struct view section,
                          const struct ssh_key *key)
{
    struct text list;
    struct revoked revoked;
    struct err err;
    enum verdict verdict = REFUSED;

    make_list(&list, version, type, section);
    if (revoked_parse(text_view(&list), "list", &revoked, &err) == 0)
        verdict = revoked_has(&revoked, key) ? REVOKES : PASSES;
    else
        assert_true(err_is(&err, ERR_USAGE, CODE_REVOKED));
    revoked_finish(&revoked);
    text_finish(&list);
    return verdict;
}

static void sections_of_binary_lists_are_read_as_specified(void **state)
{
    static const struct {
        uint64_t type;
        const char *bytes;
        size_t size;
        enum verdict verdict; /* of the serial 7 and the id "id-cert" */
    } cases[] = {
        {0x20, "\0\0\0\0\0\0\0\x07", 8, REVOKES},
        {0x20, "\0\0\0\0\0\0\0\x06\0\0\0\0\0\0\0\x07", 16, REVOKES},
        {0x20, "\0\0\0\0\0\0\0\x06", 8, PASSES},
        {0x20, "\0\0\0\0\0\0\x07", 7, REFUSED},
        {0x20, "", 0, PASSES},
        {0x20, "\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0\0", 16, REFUSED},
        {0x21, "\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x07", 16, REVOKES},
        {0x21, "\0\0\0\0\0\0\0\x08\xff\xff\xff\xff\xff\xff\xff\xff", 16, PASSES},
        {0x21, "\0\0\0\0\0\0\0\x08\0\0\0\0\0\0\0\x07", 16, REFUSED},
        {0x21, "\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x07x", 17, REFUSED},
        {0x21, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x07", 16, REFUSED},
        {0x22, "\0\0\0\0\0\0\0\x07\0\0\0\x01\x01", 13, REVOKES},
        {0x22, "\0\0\0\0\0\0\0\0\0\0\0\x02\x00\x80", 14, REVOKES},
        {0x22, "\0\0\0\0\0\0\0\x06\0\0\0\x01\x01", 13, PASSES},
        {0x22, "\0\0\0\0\0\0\0\x08\0\0\0\x01\x7f", 13, PASSES},
        {0x22, "\0\0\0\0\0\0\0\x07\0\0\0\x01\x81", 13, REFUSED},
        {0x22, "\0\0\0\0\0\0\0\x07\0\0\0\0", 12, PASSES},
        {0x22, "\0\0\0\0\0\0\0\0\0\0\0\x02\x00\x81", 14, REFUSED},
        {0x22, "\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\x01\x03", 13, REFUSED},
        {0x22, "\0\0\0\0\0\0\0\x07\0\0\0\x02\x01", 13, REFUSED},
        {0x23, "\0\0\0\x07id-cert", 11, REVOKES},
        {0x23, "\0\0\0\x06id-cer", 10, PASSES},
        {0x23, "\0\0\0\x08id-cert", 11, REFUSED},
        {0x39, "\0\0\0\x01x\0\0\0\0\0", 10, PASSES},
        {0x39, "\0\0\0\x01x\1\0\0\0\0", 10, REFUSED},
        {0x24, "", 0, REFUSED},
    };
    struct sshsig sig;
    struct text section;

    (void)state;
    golden_sign_parse("cert", &sig);
    text_init(&section, KIB);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        begin_section(&section);
        add_part(&section, cases[i].type, view_of(cases[i].bytes, cases[i].size));
        if (judge(1, 1, text_view(&section), &sig.key) != cases[i].verdict)
            fail_msg("case %zu", i);
    }
    assert_int_equal(judge(2, 1, text_view(&section), &sig.key), REFUSED);
    assert_int_equal(judge(1, 4, view_str(""), &sig.key), REFUSED); /* a signature */
    assert_int_equal(judge(1, 9, view_str(""), &sig.key), REFUSED);
    assert_int_equal(judge(1, 3, view_of("\0\0\0\1x", 5), &sig.key), REFUSED);
    text_finish(&section);
    sshsig_finish(&sig);
}

static void every_shorter_list_is_refused(void **state)
{
    static const char *const LISTS[] = {"keys.krl", "serials.krl", "bitmap.krl", "id.krl"};
    struct text file;
    size_t accepted;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(LISTS); i++) {
        golden_sign_read(LISTS[i], &file);
        accepted = 0;
        for (size_t size = 8; size < file.size; size++)
            accepted += krl_fault(view_of(file.data, size)) == NULL;
        assert_int_equal(accepted, 1); /* the header alone is an empty list */
        assert_null(krl_fault(text_view(&file)));
        text_finish(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_of_ssh_keygen_revoke_what_they_name),
        cmocka_unit_test(a_revoked_key_is_no_signer),
        cmocka_unit_test(a_line_that_is_not_understood_is_an_error),
        cmocka_unit_test(sections_of_binary_lists_are_read_as_specified),
        cmocka_unit_test(every_shorter_list_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
