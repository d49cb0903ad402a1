#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/digest_text.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void a_digest_is_written_and_read(void **state)
{
    uint8_t digest[SHA256_SIZE], again[SHA256_SIZE];
    char text[DIGEST_TEXT_SIZE], other[DIGEST_TEXT_SIZE];

    (void)state;
    sha256_of(view_str(""), digest);
    digest_text_write(text, digest);
    digest_text_of(other, view_str(""));
    assert_string_equal(text, "sha256:" EMPTY);
    assert_string_equal(other, text);
    assert_string_equal(digest_text_hex(text), EMPTY);
    assert_string_equal(digest_text_hex(EMPTY), EMPTY);
    assert_string_equal(digest_text_hex(EMPTY), EMPTY);
    assert_true(digest_text_read(text, again));
    assert_memory_equal(again, digest, sizeof digest);
}

static void only_the_written_form_is_valid(void **state)
{
    const struct {
        const char *text;
        bool valid, readable;
    } cases[] = {
        {"sha256:" EMPTY, true, true},
        {"sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", false, true},
        {"sha256:" EMPTY "0", false, false},
        {"sha256:e3b0", false, false},
        {"sha512:" EMPTY, false, false},
        {EMPTY, false, false},
        {"", false, false},
    };
    uint8_t digest[SHA256_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(digest_text_valid(cases[i].text), cases[i].valid);
        assert_int_equal(digest_text_read(cases[i].text, digest), cases[i].readable);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_digest_is_written_and_read),
        cmocka_unit_test(only_the_written_form_is_valid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
