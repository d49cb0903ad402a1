/* Signatures that no honest program makes are refused: wrong, truncated, malleable, huge ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/rsa.h>

#include "base/codes.h"
#include "base/err.h"
#include "sign/armor.h"
#include "sign/sshsig.h"
#include "tests/kit/golden_sign.h"
#include "tests/kit/ssh_forge.h"

#define MESSAGE "{\"image\":\"shop\"}\n"
#define OTHER   "s3dock-version"

/* The order of the group of Ed25519, little-endian. */
static const uint8_t ORDER[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                  0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                  0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};

/* A good signature in parts, which a test changes. */
struct parts {
    struct forge_key key;
    struct text bytes;     /* what is signed */
    struct text raw;       /* the second string of the signature */
    struct text signature; /* name, raw */
    struct forge_block block;
};

static struct parts make_parts(enum ssh_kind kind)
{
    struct parts it = {.key = forge_key_make(kind, 7)};

    forge_signed_bytes(GOLDEN_NAMESPACE, "sha512", view_str(MESSAGE), &it.bytes);
    forge_sign_bytes(&it.key, text_view(&it.bytes), &it.raw);
    text_init(&it.signature, 4 * KIB);
    wire_add_string(&it.signature, view_str(forge_name(kind)));
    wire_add_string(&it.signature, text_view(&it.raw));
    it.block = forge_block_of(text_view(&it.key.blob), GOLDEN_NAMESPACE, text_view(&it.signature));
    return it;
}

static void finish_parts(struct parts *it)
{
    forge_key_finish(&it->key);
    text_finish(&it->bytes);
    text_finish(&it->raw);
    text_finish(&it->signature);
}

/* Returns true if a text is a signature that proves the message. */
static bool text_proves(struct view armored)
{
    struct sshsig sig;
    struct err err = {0};
    bool good = sshsig_parse(armored, &sig, &err) == 0 &&
                sshsig_prove(&sig, GOLDEN_NAMESPACE, view_str(MESSAGE), &err) == 0;

    assert_true(good || err_is(&err, ERR_TRUST, CODE_SIGNATURE));
    sshsig_finish(&sig);
    return good;
}

static bool blob_proves(struct view blob)
{
    struct text armored;
    bool good;

    forge_armor(blob, &armored);
    good = text_proves(text_view(&armored));
    text_finish(&armored);
    return good;
}

static bool block_proves(const struct forge_block *block)
{
    struct text blob;
    bool good;

    forge_block_blob(block, &blob);
    good = blob_proves(text_view(&blob));
    text_finish(&blob);
    return good;
}

/* Replaces the second string of the signature. */
static bool raw_proves(struct parts *it, const char *name, struct view raw, const char *tail)
{
    text_clear(&it->signature);
    wire_add_string(&it->signature, view_str(name));
    wire_add_string(&it->signature, raw);
    text_str(&it->signature, tail);
    it->block.signature = text_view(&it->signature);
    return block_proves(&it->block);
}

/* ---- the block ---- */

static void a_good_block_proves_and_the_reserved_field_is_ignored(void **state)
{
    struct parts it = make_parts(SSH_ED25519);

    (void)state;
    assert_true(block_proves(&it.block));
    it.block.reserved = view_str("of a later version");
    assert_true(block_proves(&it.block));
    finish_parts(&it);
}

static void wrong_fields_are_refused(void **state)
{
    static const struct {
        const char *magic, *name_space, *hash, *tail;
        uint32_t version;
        size_t size; /* of the namespace; 0: its length */
    } cases[] = {
        {"SSHSIh", GOLDEN_NAMESPACE, "sha512", "", 1, 0},
        {"sshsig", GOLDEN_NAMESPACE, "sha512", "", 1, 0},
        {"SSHSIG", GOLDEN_NAMESPACE, "sha512", "", 0, 0},
        {"SSHSIG", GOLDEN_NAMESPACE, "sha512", "", 2, 0},
        {"SSHSIG", GOLDEN_NAMESPACE, "sha512", "", UINT32_MAX, 0},
        {"SSHSIG", "", "sha512", "", 1, 0},
        {"SSHSIG", OTHER, "sha512", "", 1, 0},
        {"SSHSIG", "s3dock-imag", "sha512", "", 1, 0},
        {"SSHSIG", GOLDEN_NAMESPACE, "sha512", "", 1, sizeof GOLDEN_NAMESPACE},
        {"SSHSIG", GOLDEN_NAMESPACE, "sha256", "", 1, 0},
        {"SSHSIG", GOLDEN_NAMESPACE, "sha384", "", 1, 0},
        {"SSHSIG", GOLDEN_NAMESPACE, "sha1", "", 1, 0},
        {"SSHSIG", GOLDEN_NAMESPACE, "SHA512", "", 1, 0},
        {"SSHSIG", GOLDEN_NAMESPACE, "", "", 1, 0},
        {"SSHSIG", GOLDEN_NAMESPACE, "sha512", "x", 1, 0},
    };
    struct parts it = make_parts(SSH_ED25519);
    struct forge_block block;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        block = it.block;
        block.magic = cases[i].magic;
        block.version = cases[i].version;
        block.name_space = view_of(cases[i].name_space,
                                   cases[i].size ? cases[i].size : strlen(cases[i].name_space));
        block.hash = cases[i].hash;
        block.tail = cases[i].tail;
        assert_false(block_proves(&block));
    }
    finish_parts(&it);
}

static void every_shorter_block_and_every_other_bit_is_refused(void **state)
{
    struct parts it = make_parts(SSH_ED25519);
    struct text blob;

    (void)state;
    forge_block_blob(&it.block, &blob);
    for (size_t size = 0; size < blob.size; size++)
        assert_false(blob_proves(view_of(blob.data, size)));
    for (size_t bit = 0; bit < 8 * blob.size; bit++) {
        blob.data[bit / 8] = (char)(blob.data[bit / 8] ^ 1 << bit % 8);
        assert_false(blob_proves(text_view(&blob)));
        blob.data[bit / 8] = (char)(blob.data[bit / 8] ^ 1 << bit % 8);
    }
    assert_true(blob_proves(text_view(&blob)));
    text_finish(&blob);
    finish_parts(&it);
}

static void a_signature_of_another_namespace_does_not_count_with_a_changed_name(void **state)
{
    struct parts it = make_parts(SSH_ED25519);
    struct text bytes;

    (void)state;
    forge_signed_bytes(OTHER, "sha512", view_str(MESSAGE), &bytes);
    text_finish(&it.raw);
    forge_sign_bytes(&it.key, text_view(&bytes), &it.raw);
    assert_false(raw_proves(&it, "ssh-ed25519", text_view(&it.raw), ""));
    text_finish(&bytes);
    finish_parts(&it);
}

/* ---- the armor ---- */

/* Replaces the first `from` in the text, which has it. */
static bool replaced_proves(const struct text *armored, const char *from, struct view to)
{
    const char *at = strstr(armored->data, from);
    struct text other;
    bool good;

    assert_non_null(at);
    text_init(&other, armored->size + to.size + 1);
    text_add(&other, armored->data, (size_t)(at - armored->data));
    text_add(&other, to.data, to.size);
    text_str(&other, at + strlen(from));
    good = text_proves(text_view(&other));
    text_finish(&other);
    return good;
}

#define BYTES(text)                                                                                \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

static void another_armor_is_refused(void **state)
{
    static const struct {
        const char *from;
        struct view to;
        bool good;
    } cases[] = {
        {"-----\n", BYTES("-----\r\n"), true},
        {"-----\n", BYTES("----- \t\n"), true},
        {"-----BEGIN", BYTES("\n-----BEGIN"), true},
        {"-----BEGIN", BYTES("x-----BEGIN"), false},
        {"-----BEGIN", BYTES("----BEGIN"), false},
        {"BEGIN SSH", BYTES("BEGIN PGP"), false},
        {"\n-----END", BYTES("-----END"), false},
        {"\n-----END", BYTES("=\n-----END"), false},
        {"\n-----END", BYTES("A\n-----END"), false},
        {"\n-----END", BYTES("AAAA\n-----END"), false},
        {"-----\nU1NI", BYTES("-----\nU1N."), false},
        {"-----\nU1NI", BYTES("-----\nU1N\0I"), false},
        {"-----\nU1NI", BYTES("-----\nU1N=I"), false},
        {"-----\nU1NI", BYTES("-----\n=U1NI"), false},
    };
    struct parts it = make_parts(SSH_ED25519);
    struct text blob, armored;

    (void)state;
    forge_block_blob(&it.block, &blob);
    forge_armor(text_view(&blob), &armored);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(replaced_proves(&armored, cases[i].from, cases[i].to), cases[i].good);
    assert_true(text_proves(text_view(&armored)));
    text_str(&armored, "x");
    assert_false(text_proves(text_view(&armored)));
    text_finish(&armored);
    text_finish(&blob);
    finish_parts(&it);
}

static void base64_has_one_form(void **state)
{
    static const struct {
        const char *letters, *bytes; /* NULL: refused */
    } cases[] = {{"QUJD", "ABC"}, {"QUI=", "AB"},     {"QQ==", "A"},  {"QUJDQQ==", "ABCA"},
                 {"QUJ=", NULL},  {"QR==", NULL},     {"QUI", NULL},  {"QQ=", NULL},
                 {"QQ", NULL},    {"QQ=A", NULL},     {"Q===", NULL}, {"====", NULL},
                 {"", NULL},      {"QQ==QUJD", NULL}, {"QUJ-", NULL}};
    struct text out;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        text_init(&out, 64);
        assert_int_equal(armor_decode(view_str(cases[i].letters), &out), cases[i].bytes != NULL);
        assert_string_equal(out.data, cases[i].bytes ? cases[i].bytes : "");
        text_finish(&out);
    }
}

static void a_huge_signature_is_refused_before_it_is_read(void **state)
{
    struct parts it = make_parts(SSH_ED25519);
    struct text blob, more;

    (void)state;
    text_init(&more, 80 * KIB);
    for (size_t i = 0; i < 70 * KIB / 16; i++)
        text_str(&more, "0123456789abcdef");
    it.block.reserved = text_view(&more);
    forge_block_blob(&it.block, &blob);
    assert_false(blob_proves(text_view(&blob)));
    text_finish(&blob);
    text_finish(&more);
    finish_parts(&it);
}

static void blocks_are_cut_from_a_file(void **state)
{
    struct parts it = make_parts(SSH_ED25519);
    struct text blob, armored, file;
    struct view rest, block;

    (void)state;
    forge_block_blob(&it.block, &blob);
    forge_armor(text_view(&blob), &armored);
    text_init(&file, 16 * KIB);
    text_str(&file, armored.data);
    text_str(&file, "\r\n");
    text_str(&file, armored.data);
    assert_false(text_proves(text_view(&file)));
    rest = text_view(&file);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(armor_next(&rest, &block), ARMOR_BLOCK);
        assert_true(text_proves(block));
    }
    assert_int_equal(armor_next(&rest, &block), ARMOR_END);
    rest = view_str("# signatures\n");
    assert_int_equal(armor_next(&rest, &block), ARMOR_MALFORMED);
    rest = view_str("-----BEGIN SSH SIGNATURE-----\nAAAA\n");
    assert_int_equal(armor_next(&rest, &block), ARMOR_MALFORMED);
    text_finish(&file);
    text_finish(&armored);
    text_finish(&blob);
    finish_parts(&it);
}

/* ---- the mathematics ---- */

static void ed25519_has_one_signature_of_a_message(void **state)
{
    struct parts it = make_parts(SSH_ED25519);
    unsigned carry = 0;

    (void)state;
    assert_true(raw_proves(&it, "ssh-ed25519", text_view(&it.raw), ""));
    assert_false(raw_proves(&it, "ssh-ed25519", text_view(&it.raw), "x"));
    assert_false(raw_proves(&it, "ssh-ed25519", view_of(it.raw.data, 63), ""));
    assert_false(raw_proves(&it, "rsa-sha2-512", text_view(&it.raw), ""));
    assert_false(raw_proves(&it, "", text_view(&it.raw), ""));
    for (size_t i = 0; i < sizeof ORDER; i++) { /* the same scalar, plus the order */
        carry += (uint8_t)it.raw.data[32 + i] + ORDER[i];
        it.raw.data[32 + i] = (char)carry;
        carry >>= 8;
    }
    assert_false(raw_proves(&it, "ssh-ed25519", text_view(&it.raw), ""));
    text_char(&it.raw, '\0');
    assert_false(raw_proves(&it, "ssh-ed25519", text_view(&it.raw), ""));
    finish_parts(&it);
}

/* Writes r and s with bytes before them. */
static void add_pair(struct text *out, const char *before_r, size_t size_r, struct view r,
                     const char *before_s, size_t size_s, struct view s)
{
    text_clear(out);
    wire_add_number(out, size_r + r.size, 4);
    text_add(out, before_r, size_r);
    text_add(out, r.data, r.size);
    wire_add_number(out, size_s + s.size, 4);
    text_add(out, before_s, size_s);
    text_add(out, s.data, s.size);
}

static void numbers_of_ecdsa_have_one_form(void **state)
{
    struct parts it = make_parts(SSH_ECDSA_P256);
    struct wire_reader reader = wire_of(text_view(&it.raw));
    struct view r = wire_string(&reader), s = wire_string(&reader), none = {0};
    struct text raw;
    const char *name = "ecdsa-sha2-nistp256";

    (void)state;
    text_init(&raw, 4 * KIB);
    assert_true(raw_proves(&it, name, text_view(&it.raw), ""));
    add_pair(&raw, "", 0, r, "", 0, s);
    assert_true(raw_proves(&it, name, text_view(&raw), ""));
    add_pair(&raw, "\0", 1, r, "", 0, s); /* not the shortest form */
    assert_false(raw_proves(&it, name, text_view(&raw), ""));
    add_pair(&raw, "", 0, r, "\0\0", 2, s);
    assert_false(raw_proves(&it, name, text_view(&raw), ""));
    add_pair(&raw, "\xff", 1, r, "", 0, s); /* negative */
    assert_false(raw_proves(&it, name, text_view(&raw), ""));
    add_pair(&raw, "\1", 1, r, "", 0, s); /* above the order */
    assert_false(raw_proves(&it, name, text_view(&raw), ""));
    add_pair(&raw, "", 0, none, "", 0, s); /* 0 */
    assert_false(raw_proves(&it, name, text_view(&raw), ""));
    add_pair(&raw, "\0", 1, none, "\0", 1, none);
    assert_false(raw_proves(&it, name, text_view(&raw), ""));
    add_pair(&raw, "", 0, s, "", 0, r);
    assert_false(raw_proves(&it, name, text_view(&raw), ""));
    assert_false(raw_proves(&it, name, view_of(it.raw.data, it.raw.size - 1), ""));
    assert_false(raw_proves(&it, "ecdsa-sha2-nistp384", text_view(&it.raw), ""));
    text_str(&it.raw, "x");
    assert_false(raw_proves(&it, name, text_view(&it.raw), ""));
    text_finish(&raw);
    finish_parts(&it);
}

/* Replaces the blob of the key by name, curve and point. */
static bool point_proves(struct parts *it, const char *name, const char *curve, struct view point)
{
    text_clear(&it->key.blob);
    wire_add_string(&it->key.blob, view_str(name));
    if (curve)
        wire_add_string(&it->key.blob, view_str(curve));
    wire_add_string(&it->key.blob, point);
    it->block.key = text_view(&it->key.blob);
    return block_proves(&it->block);
}

static void points_that_are_no_keys_are_refused(void **state)
{
    struct parts it = make_parts(SSH_ECDSA_P256);
    const char *name = "ecdsa-sha2-nistp256";
    uint8_t good[65], point[66];

    (void)state;
    assert_int_equal(ec_key_point(it.key.pair, good, sizeof good), sizeof good);
    assert_true(point_proves(&it, name, "nistp256", view_of(good, sizeof good)));
    assert_false(point_proves(&it, name, "nistp384", view_of(good, sizeof good)));
    assert_false(point_proves(&it, "ecdsa-sha2-nistp384", "nistp256", view_of(good, sizeof good)));
    assert_false(point_proves(&it, "ecdsa-sha2-nistp384", "nistp384", view_of(good, sizeof good)));
    assert_false(point_proves(&it, "ssh-dss", NULL, view_of(good, sizeof good)));
    assert_false(point_proves(&it, "ssh-ed25519", NULL, view_of(good, 32)));
    memcpy(point, good, sizeof good);
    point[64] ^= 1; /* not on the curve */
    assert_false(point_proves(&it, name, "nistp256", view_of(point, sizeof good)));
    point[64] ^= 1;
    point[0] = (uint8_t)(2 + (good[64] & 1)); /* compressed */
    assert_false(point_proves(&it, name, "nistp256", view_of(point, 33)));
    point[0] = (uint8_t)(6 + (good[64] & 1)); /* hybrid */
    assert_false(point_proves(&it, name, "nistp256", view_of(point, sizeof good)));
    point[0] = 0; /* infinity */
    assert_false(point_proves(&it, name, "nistp256", view_of(point, 1)));
    finish_parts(&it);
}

static void rsa_needs_2048_bits_and_sha_2(void **state)
{
    static const char *const NAMES[] = {"rsa-sha2-256", "ssh-rsa", "rsa-sha2-384", "ssh-ed25519"};
    struct text armored, message, signature;
    struct forge_block block;
    struct sshsig sig;
    struct err err = {0};
    struct wire_reader reader;
    struct view raw;

    (void)state;
    golden_sign_read("rsa-1024.sig", &armored);
    assert_int_equal(sshsig_parse(text_view(&armored), &sig, &err), ERR_FAIL);
    assert_non_null(strstr(err.text, "shorter than 2048 bits"));
    text_finish(&armored);
    golden_sign_read("message", &message);
    golden_sign_parse("rsa-2048", &sig);
    reader = wire_of(sig.signature);
    wire_string(&reader);
    raw = wire_string(&reader);
    text_init(&signature, KIB);
    for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++) { /* another name for the same bytes */
        text_clear(&signature);
        wire_add_string(&signature, view_str(NAMES[i]));
        wire_add_string(&signature, raw);
        sig.signature = text_view(&signature);
        assert_int_equal(sshsig_prove(&sig, GOLDEN_NAMESPACE, text_view(&message), &err), ERR_FAIL);
    }
    text_clear(&signature);
    wire_add_string(&signature, view_str("rsa-sha2-512"));
    wire_add_number(&signature, raw.size + 1, 4);
    text_char(&signature, '\0');
    text_add(&signature, raw.data, raw.size);
    block = forge_block_of(sig.key.blob, GOLDEN_NAMESPACE, text_view(&signature));
    assert_false(block_proves(&block));
    text_finish(&signature);
    text_finish(&message);
    sshsig_finish(&sig);
}

static EVP_PKEY *make_rsa(void)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
    EVP_PKEY *pair = NULL;

    assert_true(context && EVP_PKEY_keygen_init(context) == 1 &&
                EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048) == 1 &&
                EVP_PKEY_keygen(context, &pair) == 1);
    EVP_PKEY_CTX_free(context);
    return pair;
}

/* Fills `out` with the blob of a key of 2048 bits, whose numbers have the same form in DER. */
static void add_rsa(EVP_PKEY *pair, struct text *out)
{
    enum { MODULUS = 8, SIZE = 257 };
    uint8_t *der = NULL;

    assert_int_equal(i2d_PublicKey(pair, &der), MODULUS + SIZE + 5);
    text_init(out, KIB);
    wire_add_string(out, view_str("ssh-rsa"));
    wire_add_string(out, view_of(der + MODULUS + SIZE + 2, 3));
    wire_add_string(out, view_of(der + MODULUS, SIZE));
    OPENSSL_free(der);
}

/* Signs the message with the hashes of a block until a signature begins with a zero byte. Returns
 * false if none of the messages "0", "1", ... has one. */
static bool sign_short(EVP_PKEY *pair, uint8_t raw[256], char message[16])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    struct text bytes;
    size_t size;
    bool found = false;

    for (int i = 0; i < 8192 && !found; i++) {
        snprintf(message, 16, "%d", i);
        forge_signed_bytes(GOLDEN_NAMESPACE, "sha512", view_str(message), &bytes);
        size = 256;
        assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha512(), NULL, pair), 1);
        assert_int_equal(
            EVP_DigestSign(context, raw, &size, (const uint8_t *)bytes.data, bytes.size), 1);
        EVP_MD_CTX_reset(context);
        text_finish(&bytes);
        found = raw[0] == 0;
    }
    EVP_MD_CTX_free(context);
    return found;
}

static void a_signature_of_rsa_may_lack_its_leading_zeroes(void **state)
{
    EVP_PKEY *pair = make_rsa();
    struct text key, signature, blob, armored;
    struct forge_block block;
    struct sshsig sig;
    char message[16];
    uint8_t raw[256];
    struct err err;

    (void)state;
    assert_true(sign_short(pair, raw, message));
    add_rsa(pair, &key);
    text_init(&signature, KIB);
    wire_add_string(&signature, view_str("rsa-sha2-512"));
    wire_add_string(&signature, view_of(raw + 1, sizeof raw - 1));
    block = forge_block_of(text_view(&key), GOLDEN_NAMESPACE, text_view(&signature));
    forge_block_blob(&block, &blob);
    forge_armor(text_view(&blob), &armored);
    assert_int_equal(sshsig_parse(text_view(&armored), &sig, &err), 0);
    assert_int_equal(sshsig_prove(&sig, GOLDEN_NAMESPACE, view_str(message), &err), 0);
    assert_int_equal(sshsig_prove(&sig, GOLDEN_NAMESPACE, view_str("x"), &err), ERR_FAIL);
    sshsig_finish(&sig);
    text_finish(&armored);
    text_finish(&blob);
    text_finish(&signature);
    text_finish(&key);
    EVP_PKEY_free(pair);
}

/* ---- security keys ---- */

/* Returns true if a security key's signature of the message, made with some flags, is accepted. */
static bool token_proves(enum ssh_kind kind, unsigned flags, size_t changed)
{
    struct forge_key key = forge_key_make(kind, 9);
    struct text bytes, signature;
    struct forge_block block;
    bool good;

    key.flags = flags;
    forge_signed_bytes(GOLDEN_NAMESPACE, "sha512", view_str(MESSAGE), &bytes);
    forge_sign(&key, text_view(&bytes), &signature);
    if (changed > 0)
        signature.data[signature.size - changed] ^= 1;
    block = forge_block_of(text_view(&key.blob), GOLDEN_NAMESPACE, text_view(&signature));
    good = block_proves(&block);
    text_str(&signature, "x");
    block.signature = text_view(&signature);
    assert_false(block_proves(&block));
    text_finish(&bytes);
    text_finish(&signature);
    forge_key_finish(&key);
    return good;
}

static void a_security_key_must_have_been_touched(void **state)
{
    static const enum ssh_kind KINDS[] = {SSH_SK_ED25519, SSH_SK_ECDSA};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++) {
        assert_true(token_proves(KINDS[i], 1, 0));
        assert_true(token_proves(KINDS[i], 5, 0));
        assert_false(token_proves(KINDS[i], 0, 0));
        assert_false(token_proves(KINDS[i], 4, 0));
        assert_false(token_proves(KINDS[i], 1, 1)); /* counter */
        assert_false(token_proves(KINDS[i], 4, 5)); /* flags: 4 becomes 5 */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_block_proves_and_the_reserved_field_is_ignored),
        cmocka_unit_test(wrong_fields_are_refused),
        cmocka_unit_test(every_shorter_block_and_every_other_bit_is_refused),
        cmocka_unit_test(a_signature_of_another_namespace_does_not_count_with_a_changed_name),
        cmocka_unit_test(another_armor_is_refused),
        cmocka_unit_test(base64_has_one_form),
        cmocka_unit_test(a_huge_signature_is_refused_before_it_is_read),
        cmocka_unit_test(blocks_are_cut_from_a_file),
        cmocka_unit_test(ed25519_has_one_signature_of_a_message),
        cmocka_unit_test(numbers_of_ecdsa_have_one_form),
        cmocka_unit_test(points_that_are_no_keys_are_refused),
        cmocka_unit_test(rsa_needs_2048_bits_and_sha_2),
        cmocka_unit_test(a_signature_of_rsa_may_lack_its_leading_zeroes),
        cmocka_unit_test(a_security_key_must_have_been_touched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
