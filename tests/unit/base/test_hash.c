#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/hash.h"

static void assert_hex(const uint8_t *bytes, size_t size, const char *hex)
{
    char text[129];

    hex_encode(bytes, size, text);
    assert_string_equal(text, hex);
}

/* FIPS 180-2, RFC 1321 and RFC 3174. */
static void known_digests(void **state)
{
    uint8_t out[SHA256_SIZE];

    (void)state;
    sha256_of(view_str("abc"), out);
    assert_hex(out, SHA256_SIZE,
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_of(view_of(NULL, 0), out);
    assert_hex(out, SHA256_SIZE,
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    md5_of(view_str("message digest"), out);
    assert_hex(out, MD5_SIZE, "f96b697d7cb7938d525a2f31aaf161d0");
    sha1_of(view_str("abc"), out);
    assert_hex(out, SHA1_SIZE, "a9993e364706816aba3e25717850c26c9cd0d89d");
}

/* RFC 4231, cases 2 and 6; and an empty key. */
static void known_macs(void **state)
{
    uint8_t key[131], out[SHA256_SIZE];

    (void)state;
    memset(key, 0xaa, sizeof key);
    hmac_sha256(view_str("Jefe"), view_str("what do ya want for nothing?"), out);
    assert_hex(out, SHA256_SIZE,
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    hmac_sha256(view_of(key, sizeof key),
                view_str("Test Using Larger Than Block-Size Key - Hash Key First"), out);
    assert_hex(out, SHA256_SIZE,
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    hmac_sha256(view_of(NULL, 0), view_of(NULL, 0), out);
    assert_hex(out, SHA256_SIZE,
               "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void a_digest_runs_and_starts_anew(void **state)
{
    struct digest *digest = digest_create(DIGEST_SHA256);
    uint8_t out[SHA256_SIZE];

    (void)state;
    assert_non_null(digest);
    for (int round = 0; round < 2; round++) {
        digest_add(digest, "a", 1);
        digest_add(digest, "", 0);
        digest_add(digest, "bc", 2);
        digest_end(digest, out);
        assert_hex(out, SHA256_SIZE,
                   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
    digest_add(digest, "rubbish", 7);
    digest_reset(digest);
    digest_end(digest, out);
    assert_hex(out, SHA256_SIZE,
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    digest_destroy(digest);
    digest_destroy(NULL);
}

/* The state is saved after any number of bytes, loaded elsewhere and continued. */
static void a_saved_md5_continues_in_another_digest(void **state)
{
    struct digest *one = digest_create(DIGEST_MD5), *other = digest_create(DIGEST_MD5);
    uint8_t data[300], saved[MD5_STATE_SIZE], again[MD5_STATE_SIZE], out[MD5_SIZE], whole[MD5_SIZE];

    (void)state;
    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    md5_of(view_of(data, sizeof data), whole);
    for (unsigned cut = 0; cut <= sizeof data; cut++) {
        digest_reset(one);
        digest_add(one, data, cut);
        md5_save(one, saved);
        digest_add(other, "rubbish", 7);
        md5_load(other, saved);
        md5_save(other, again);
        assert_memory_equal(saved, again, sizeof saved);
        digest_add(other, data + cut, sizeof data - cut);
        digest_end(other, out);
        assert_memory_equal(out, whole, sizeof out);
    }
    digest_destroy(one);
    digest_destroy(other);
}

static void xxh3_is_canonical(void **state)
{
    struct xxh128 empty = xxh128_of(NULL, 0), a = xxh128_of("a", 1);

    (void)state;
    /* the reference implementation's value, big endian, which is the same on every machine */
    assert_hex(empty.bytes, sizeof empty.bytes, "99aa06d3014798d86001c324468d497f");
    assert_false(xxh128_equals(&empty, &a));
    assert_true(xxh128_equals(&a, &a));
}

static void hex_is_exact(void **state)
{
    uint8_t out[3];

    (void)state;
    assert_true(hex_decode("00fFA9", out, 3));
    assert_memory_equal(out, "\x00\xff\xa9", 3);
    assert_true(hex_decode("", out, 0));
    assert_false(hex_decode("00ff", out, 3));
    assert_false(hex_decode("00ff1", out, 3));
    assert_false(hex_decode("00ff1122", out, 3));
    assert_false(hex_decode("00fg11", out, 3));
    assert_false(hex_decode("0x0011", out, 3));
}

/* RFC 4648, section 10. */
static void base64_both_ways(void **state)
{
    static const char *const pairs[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        size_t size = strlen(pairs[i][0]);
        char text[BASE64_SIZE(6)];
        uint8_t back[6];

        base64_encode((const uint8_t *)pairs[i][0], size, text);
        assert_string_equal(text, pairs[i][1]);
        assert_int_equal(base64_decode(text, strlen(text), back, size), size);
        assert_memory_equal(back, pairs[i][0], size);
    }
}

static void bad_base64_is_refused(void **state)
{
    static const char *const bad[] = {"Z",    "Zg=",   "Zg",   "=",
                                      "====", "Z===",  "Zg=a", "Zg==Zg==",
                                      "Zm 9", "Zm9\n", "Zm-_", "\xff\xff\xff\xff"};
    uint8_t out[16];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(base64_decode(bad[i], strlen(bad[i]), out, sizeof out), -1);
    assert_int_equal(base64_decode("Zm9v", 4, out, 2), -1); /* no room */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_digests),
        cmocka_unit_test(known_macs),
        cmocka_unit_test(a_digest_runs_and_starts_anew),
        cmocka_unit_test(a_saved_md5_continues_in_another_digest),
        cmocka_unit_test(xxh3_is_canonical),
        cmocka_unit_test(hex_is_exact),
        cmocka_unit_test(base64_both_ways),
        cmocka_unit_test(bad_base64_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
