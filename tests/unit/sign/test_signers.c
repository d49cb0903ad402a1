/* Permitted signers: files of allowed signers, with the signatures of ssh-keygen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "sign/patterns.h"
#include "sign/signers.h"
#include "sign/signers_line.h"
#include "tests/kit/golden_sign.h"
#include "tests/kit/ssh_forge.h"

#define MESSAGE "{\"image\":\"shop\"}\n"
#define AT      (INT64_C(1780000000) * NS_PER_S) /* 2026-05-28 */

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

/* ---- lines ---- */

/* Finds the signer of a new signature by a key, in a file with one line of this key. */
static int find_line(const char *principals, const char *options, const char *name_space,
                     int64_t seconds, struct signer *signer, struct err *err)
{
    struct forge_key key = forge_key_make(SSH_ED25519, 3);
    struct text line, armored;
    struct signers signers;
    struct sshsig sig;
    int result;

    forge_line(principals, options, text_view(&key.blob), &line);
    forge_message(&key, text_view(&key.blob), name_space, view_str(MESSAGE), &armored);
    assert_int_equal(sshsig_parse(text_view(&armored), &sig, err), 0);
    assert_int_equal(signers_parse(text_view(&line), "allowed", &signers, err), 0);
    result = signers_find(&signers, NULL, &sig, name_space, seconds * NS_PER_S, signer, err);
    signers_finish(&signers);
    sshsig_finish(&sig);
    text_finish(&armored);
    text_finish(&line);
    forge_key_finish(&key);
    return result;
}

static void options_limit_namespace_and_time(void **state)
{
    static const struct {
        const char *options, *name_space;
        int64_t seconds;
        bool good;
    } cases[] = {
        {"", "any", 0, true},
        {"namespaces=\"a\"", "a", 0, true},
        {"namespaces=\"a\"", "b", 0, false},
        {"namespaces=\"a,b*\"", "bc", 0, true},
        {"namespaces=\"*,!b*\"", "bc", 0, false},
        {"namespaces=\"!b\"", "a", 0, false},
        {"namespaces=\"\"", "a", 0, false},
        {"NAMESPACES=\"a\"", "a", 0, true},
        {"namespaces=\"A\"", "a", 0, false},
        {"namespaces=\"a b\\\"c\"", "a b\"c", 0, true},
        {"valid-after=\"20260101Z\"", "a", 1767225599, false},
        {"valid-after=\"20260101Z\"", "a", 1767225600, true},
        {"valid-before=\"20260101Z\"", "a", 1767225600, true},
        {"valid-before=\"20260101Z\"", "a", 1767225601, false},
        {"valid-before=\"202601010001UTC\"", "a", 1767225660, true},
        {"valid-before=\"20260101000001z\"", "a", 1767225602, false},
        {"valid-after=\"20260101Z\",valid-before=\"20260102Z\"", "a", 1767225700, true},
        {"valid-after=\"20260101Z\",namespaces=\"b\"", "a", 1767225700, false},
        {"cert-authority", "a", 0, false},
        {"cert-authority,namespaces=\"a\"", "a", 0, false},
    };
    struct signer signer;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int found = find_line("me@x", cases[i].options, cases[i].name_space, cases[i].seconds,
                              &signer, &err);

        assert_int_equal(found, cases[i].good ? 0 : ERR_FAIL);
        assert_true(cases[i].good || err_is(&err, ERR_TRUST, CODE_SIGNER));
        signer_finish(&signer);
    }
}

static void local_times_are_those_of_the_machine(void **state)
{
    struct signer signer;
    struct err err;

    (void)state;
    setenv("TZ", "XXX-2", 1); /* two hours east */
    tzset();
    assert_int_equal(
        find_line("me", "valid-after=\"20260101\"", "a", 1767225600 - 7200, &signer, &err), 0);
    signer_finish(&signer);
    assert_int_equal(
        find_line("me", "valid-after=\"20260101\"", "a", 1767225600 - 7201, &signer, &err),
        ERR_FAIL);
    signer_finish(&signer);
    unsetenv("TZ");
    tzset();
}

static void a_line_that_is_not_understood_is_an_error_with_its_number(void **state)
{
    static const char *const LINES[] = {
        "me",
        "me ",
        "me@x ssh-ed25519",
        "me@x ssh-ed25519 AAAA",
        "me@x ssh-dss AAAAB3NzaC1kc3MAAAAA",
        "me@x namespaces=\"a\"",
        "me@x unknown %",
        "me@x touch-required %",
        "me@x cert-authorityx %",
        "me@x cert-authority, %",
        "me@x cert-authority,,namespaces=\"a\" %",
        "me@x namespaces=a %",
        "me@x namespaces=\"a %",
        "me@x namespaces=\"a\",namespaces=\"b\" %",
        "me@x valid-after=\"2026\" %",
        "me@x valid-after=\"20260230\" %",
        "me@x valid-after=\"20260101T0000\" %",
        "me@x valid-after=\"19700101Z\" %",
        "me@x valid-after=\"forever\" %",
        "me@x valid-after=\"20260102Z\",valid-before=\"20260101Z\" %",
        "me@x valid-after=\"20260101Z\",valid-after=\"20260101Z\" %",
        "\"me@x ssh-ed25519 AAAA",
        "me@x ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIMr6YxumERUzGvelpaN1xnrowVBMlDue6W12gAB2d6fV",
        "me@x ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMr6YxumERUzGvelpaN1xnrowVBMlDue6W12gAB2d6fVAAAA",
    };
    struct forge_key key = forge_key_make(SSH_ED25519, 3);
    struct text good, file;
    struct signers signers;
    const char *mark;
    struct err err;

    (void)state;
    forge_line("", "", text_view(&key.blob), &good);
    for (size_t i = 0; i < ARRAY_SIZE(LINES); i++) {
        text_init(&file, 4 * KIB);
        mark = strchr(LINES[i], '%');
        text_str(&file, "# signers\n\n");
        text_add(&file, LINES[i], mark ? (size_t)(mark - LINES[i]) : strlen(LINES[i]));
        text_str(&file, mark ? good.data + 1 : "\n");
        assert_int_equal(signers_parse(text_view(&file), "allowed", &signers, &err), ERR_FAIL);
        assert_true(err_is(&err, ERR_USAGE, CODE_SIGNERS));
        assert_memory_equal(err.text, "allowed:3: ", 11);
        signers_finish(&signers);
        text_finish(&file);
    }
    text_finish(&good);
    forge_key_finish(&key);
}

static void a_line_with_a_zero_byte_is_refused(void **state)
{
    static const char FILE[] = "# a\0b\n";
    struct signers signers;
    struct err err;

    (void)state;
    assert_int_equal(signers_parse(view_of(FILE, sizeof FILE - 1), "allowed", &signers, &err),
                     ERR_FAIL);
    assert_true(err_is(&err, ERR_USAGE, CODE_SIGNERS));
    signers_finish(&signers);
}

static void empty_lines_comments_and_foreign_line_ends_are_skipped(void **state)
{
    struct forge_key key = forge_key_make(SSH_ED25519, 3);
    struct text line, file;
    struct signers signers;
    struct err err;

    (void)state;
    forge_line("me@x", "", text_view(&key.blob), &line);
    text_init(&file, 4 * KIB);
    text_cut(&line, line.size - 1);
    text_printf(&file, "\r\n  # a\n\t\n%s\r\n%.*s", line.data, (int)(strlen(line.data) - 10),
                line.data); /* without a comment and a line end */
    assert_int_equal(signers_parse(text_view(&file), "allowed", &signers, &err), 0);
    assert_int_equal(signers.count, 2);
    assert_int_equal(signers.lines[1].number, 5);
    signers_finish(&signers);
    text_finish(&file);
    text_finish(&line);
    forge_key_finish(&key);
}

/* ---- identities ---- */

static void a_policy_means_identities_and_never_compares_patterns(void **state)
{
    static const struct {
        const char *principals, *policy;
        bool means;
    } cases[] = {
        {"ci@x", "ci@x", true},
        {"ci@x", "*@x", true},
        {"ci@x", "c?@x", true},
        {"ci@x", "CI@x", false},
        {"ci@x", "ci@", false},
        {"ci@x,dev@x", "dev@x", true},
        {"ci@x,!ci@x", "ci@x", false},
        {"ci@x,!ci@x", "*", false},
        {"*@x", "ci@x", true},
        {"*@x", "ci@y", false},
        {"*@x", "*@x", false},
        {"*@x", "*", false},
        {"*@x,!ci@x", "ci@x", false},
        {"*@x,!ci@x", "dev@x", true},
        {"*@x,ci@x", "ci@*", true},
        {"\"ci at x\"", "ci at x", true},
        {"ci\"@x, y\"", " y", true},
        {"!ci@x", "dev@x", false},
        {"\"\"", "", false},
        {"*@x", "", false},
        {"*", "", true}, /* a policy without a pattern must not exist: trust/policy refuses it */
    };
    struct signer signer;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(find_line(cases[i].principals, "", "a", 0, &signer, &err), 0);
        assert_int_equal(signer_is(&signer, cases[i].policy), cases[i].means);
        signer_finish(&signer);
    }
}

static void signers_with_a_common_identity_are_the_same(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {{"ci@x", "ci@x", true},    {"ci@x", "dev@x", false}, {"ci@x,dev@x", "dev@x", true},
                 {"*@x", "dev@x", true},    {"dev@x", "*@x", true},   {"*@y", "dev@x", false},
                 {"dev@x,a@y", "*@y", true}};
    struct signer a, b;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(find_line(cases[i].a, "", "a", 0, &a, &err), 0);
        assert_int_equal(find_line(cases[i].b, "", "a", 0, &b, &err), 0);
        assert_true(signer_same(&a, &b)); /* the same key */
        b.fingerprint[10] ^= 1;
        assert_int_equal(signer_same(&a, &b), cases[i].same);
        signer_finish(&a);
        signer_finish(&b);
    }
}

static void all_lines_of_a_key_count(void **state)
{
    struct forge_key key = forge_key_make(SSH_ED25519, 3), other = forge_key_make(SSH_ED25519, 4);
    static const char *const OPTIONS[] = {"namespaces=\"b\"", "", "valid-before=\"19700102Z\"", ""};
    static const char *const PRINCIPALS[] = {"b@x", "a@x", "old@x", "c@x"};
    struct text file, line, armored;
    struct signers signers;
    struct signer signer;
    struct sshsig sig;
    struct err err;

    (void)state;
    text_init(&file, 16 * KIB);
    forge_line("other@x", "", text_view(&other.blob), &line);
    text_str(&file, line.data);
    text_finish(&line);
    for (size_t i = 0; i < ARRAY_SIZE(OPTIONS); i++) {
        forge_line(PRINCIPALS[i], OPTIONS[i], text_view(&key.blob), &line);
        text_str(&file, line.data);
        text_finish(&line);
    }
    forge_message(&key, text_view(&key.blob), "a", view_str(MESSAGE), &armored);
    assert_int_equal(sshsig_parse(text_view(&armored), &sig, &err), 0);
    assert_int_equal(signers_parse(text_view(&file), "allowed", &signers, &err), 0);
    assert_int_equal(signers_find(&signers, NULL, &sig, "a", AT, &signer, &err), 0);
    assert_int_equal(signer.line, 3);
    assert_string_equal(signer_name(&signer), "a@x");
    assert_true(signer_is(&signer, "c@x"));
    assert_false(signer_is(&signer, "b@x") || signer_is(&signer, "old@x") ||
                 signer_is(&signer, "other@x"));
    signer_finish(&signer);
    signers_finish(&signers);
    sshsig_finish(&sig);
    text_finish(&armored);
    text_finish(&file);
    forge_key_finish(&key);
    forge_key_finish(&other);
}

/* ---- certificates ---- */

static void certificates_of_ssh_keygen_are_judged(void **state)
{
    static const struct {
        const char *name, *reason; /* NULL: found */
    } cases[] = {
        {"cert", NULL},
        {"cert-rsa", NULL},
        {"cert-ecdsa", NULL},
        {"cert-host", "of a host"},
        {"cert-nobody", "no principals"},
        {"cert-other", "accepts no principal"},
        {"cert-command", "critical option"},
    };
    struct text file;
    struct signer signer;
    struct err err;

    (void)state;
    golden_sign_read("allowed_signers", &file);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int found = find_in(file.data, cases[i].name, AT, &signer, &err);

        assert_int_equal(found, cases[i].reason ? ERR_FAIL : 0);
        if (cases[i].reason) {
            assert_non_null(strstr(err.text, cases[i].reason));
        } else {
            assert_true(signer.by_cert);
            assert_string_equal(signer_name(&signer), "deploy@example.com");
            assert_null(signer_next_name(&signer, signer_name(&signer))); /* no root@ */
            assert_false(signer_is(&signer, "ci@example.com"));
        }
        signer_finish(&signer);
    }
    text_finish(&file);
}

/* Finds the signer of a signature by a certificate. `ca_flips` is added to a byte of the CA's
 * signature. */
static int find_cert(const struct forge_cert *cert, enum ssh_kind kind, unsigned flags,
                     int64_t seconds, char flip, struct err *err)
{
    struct forge_key key = forge_key_make(kind, 5), ca = forge_key_make(SSH_ED25519, 6);
    struct text certificate, armored, line;
    struct signers signers;
    struct signer signer;
    struct sshsig sig;
    int result;

    key.flags = flags;
    forge_certify(&key, &ca, cert, &certificate);
    certificate.data[certificate.size - 5] ^= flip;
    forge_message(&key, text_view(&certificate), "a", view_str(MESSAGE), &armored);
    forge_line("*@x", "cert-authority", text_view(&ca.blob), &line);
    assert_int_equal(signers_parse(text_view(&line), "allowed", &signers, err), 0);
    result = sshsig_parse(text_view(&armored), &sig, err);
    if (result == 0)
        result = sshsig_prove(&sig, "a", view_str(MESSAGE), err);
    if (result == 0) {
        result = signers_find(&signers, NULL, &sig, "a", seconds * NS_PER_S, &signer, err);
        signer_finish(&signer);
    }
    sshsig_finish(&sig);
    signers_finish(&signers);
    text_finish(&certificate);
    text_finish(&armored);
    text_finish(&line);
    forge_key_finish(&key);
    forge_key_finish(&ca);
    return result;
}

static void certificates_are_valid_from_their_beginning_until_before_their_end(void **state)
{
    const struct forge_cert good = {.type = 1,
                                    .key_id = "id",
                                    .principals = {"ci@x"},
                                    .valid_after = 1000,
                                    .valid_before = 2000};
    struct forge_cert cert = good;
    struct err err;

    (void)state;
    assert_int_equal(find_cert(&good, SSH_ED25519, 1, 999, 0, &err), ERR_FAIL);
    assert_int_equal(find_cert(&good, SSH_ED25519, 1, 1000, 0, &err), 0);
    assert_int_equal(find_cert(&good, SSH_ED25519, 1, 1999, 0, &err), 0);
    assert_int_equal(find_cert(&good, SSH_ED25519, 1, 2000, 0, &err), ERR_FAIL);
    assert_true(err_is(&err, ERR_TRUST, CODE_SIGNER));
    assert_int_equal(find_cert(&good, SSH_ED25519, 1, 1500, 1, &err), ERR_FAIL);
    assert_non_null(strstr(err.text, "signature of the CA"));
    cert.valid_before = UINT64_MAX;
    assert_int_equal(find_cert(&cert, SSH_ECDSA_P256, 1, 1 << 30, 0, &err), 0);
    cert.type = 2;
    assert_int_equal(find_cert(&cert, SSH_ED25519, 1, 1500, 0, &err), ERR_FAIL);
    cert.type = 3;
    assert_int_equal(find_cert(&cert, SSH_ED25519, 1, 1500, 0, &err), ERR_FAIL);
    cert = good;
    cert.principals[0] = "*@x"; /* a principal of a certificate is no pattern */
    assert_int_equal(find_cert(&cert, SSH_ED25519, 1, 1500, 0, &err), ERR_FAIL);
    cert.principals[0] = "ci@y";
    assert_int_equal(find_cert(&cert, SSH_ED25519, 1, 1500, 0, &err), ERR_FAIL);
    cert.principals[1] = "dev@x";
    assert_int_equal(find_cert(&cert, SSH_ED25519, 1, 1500, 0, &err), 0);
}

static void a_certificate_can_demand_the_pin_of_a_security_key(void **state)
{
    const struct forge_cert cert = {.type = 1,
                                    .key_id = "id",
                                    .principals = {"ci@x"},
                                    .valid_before = 2000,
                                    .critical = "verify-required"};
    struct err err;

    (void)state;
    assert_int_equal(find_cert(&cert, SSH_SK_ED25519, 5, 1500, 0, &err), 0);
    assert_int_equal(find_cert(&cert, SSH_SK_ED25519, 1, 1500, 0, &err), ERR_FAIL);
    assert_non_null(strstr(err.text, "PIN"));
    assert_int_equal(find_cert(&cert, SSH_SK_ECDSA, 5, 1500, 0, &err), 0);
    assert_int_equal(find_cert(&cert, SSH_ED25519, 0, 1500, 0, &err), ERR_FAIL);
}

static void a_key_line_does_not_permit_certificates_and_a_ca_line_no_keys(void **state)
{
    struct forge_key key = forge_key_make(SSH_ED25519, 5), ca = forge_key_make(SSH_ED25519, 6);
    const struct forge_cert cert = {
        .type = 1, .key_id = "id", .principals = {"ci@x"}, .valid_before = UINT64_MAX};
    struct text certificate, by_cert, by_ca, line;
    struct signers signers;
    struct signer signer;
    struct sshsig sig;
    struct err err;

    (void)state;
    forge_certify(&key, &ca, &cert, &certificate);
    forge_message(&key, text_view(&certificate), "a", view_str(MESSAGE), &by_cert);
    forge_message(&ca, text_view(&ca.blob), "a", view_str(MESSAGE), &by_ca);
    forge_line("ci@x", "", text_view(&key.blob), &line);
    assert_int_equal(signers_parse(text_view(&line), "allowed", &signers, &err), 0);
    assert_int_equal(sshsig_parse(text_view(&by_cert), &sig, &err), 0);
    assert_int_equal(signers_find(&signers, NULL, &sig, "a", AT, &signer, &err), ERR_FAIL);
    signer_finish(&signer);
    sshsig_finish(&sig);
    signers_finish(&signers);
    text_finish(&line);
    forge_line("ci@x", "cert-authority", text_view(&ca.blob), &line);
    assert_int_equal(signers_parse(text_view(&line), "allowed", &signers, &err), 0);
    assert_int_equal(sshsig_parse(text_view(&by_ca), &sig, &err), 0);
    assert_int_equal(signers_find(&signers, NULL, &sig, "a", AT, &signer, &err), ERR_FAIL);
    signer_finish(&signer);
    sshsig_finish(&sig);
    signers_finish(&signers);
    text_finish(&line);
    text_finish(&by_cert);
    text_finish(&by_ca);
    text_finish(&certificate);
    forge_key_finish(&key);
    forge_key_finish(&ca);
}

static void a_pattern_of_many_stars_ends_soon(void **state)
{
    char text[2048], pattern[1024];

    (void)state;
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = i % 2 ? 'a' : '*';
    pattern[sizeof pattern - 1] = 'b';
    assert_false(pattern_matches(view_of(text, sizeof text), view_of(pattern, sizeof pattern)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_is_found_with_its_identity),
        cmocka_unit_test(options_limit_namespace_and_time),
        cmocka_unit_test(local_times_are_those_of_the_machine),
        cmocka_unit_test(a_line_that_is_not_understood_is_an_error_with_its_number),
        cmocka_unit_test(a_line_with_a_zero_byte_is_refused),
        cmocka_unit_test(empty_lines_comments_and_foreign_line_ends_are_skipped),
        cmocka_unit_test(a_policy_means_identities_and_never_compares_patterns),
        cmocka_unit_test(signers_with_a_common_identity_are_the_same),
        cmocka_unit_test(all_lines_of_a_key_count),
        cmocka_unit_test(certificates_of_ssh_keygen_are_judged),
        cmocka_unit_test(certificates_are_valid_from_their_beginning_until_before_their_end),
        cmocka_unit_test(a_certificate_can_demand_the_pin_of_a_security_key),
        cmocka_unit_test(a_key_line_does_not_permit_certificates_and_a_ca_line_no_keys),
        cmocka_unit_test(a_pattern_of_many_stars_ends_soon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
