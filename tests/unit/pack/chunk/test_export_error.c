/* An engine's error message at the end of a stream, in pieces of any size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "kit/tarball.h"
#include "pack/chunk/export_error.h"

static struct err report(size_t before, const char *text, size_t piece)
{
    struct export_error late;
    struct err err = {0};
    size_t size = before + strlen(text);
    uint8_t *bytes = malloc(size + 1);

    noise(bytes, before, 5);
    memcpy(bytes + before, text, strlen(text));
    export_error_init(&late);
    for (size_t at = 0; at < size; at += piece)
        export_error_add(&late, bytes + at, size - at < piece ? size - at : piece);
    assert_int_equal(export_error_report(&late, &err), ERR_FAIL);
    free(bytes);
    return err;
}

static void finds_the_message_of_the_engine(void **state)
{
    static const char *const texts[] = {
        "{\"errorDetail\":{\"message\":\"disk {full}\"},\"error\":\"short\"}\r\n",
        "{\"error\":\"disk {full}\"}",
        "{\"message\":\"disk {full}\"}\n",
        "{\"cause\":\"x\",\"message\":\"disk {full}\",\"response\":500}\n",
    };
    static const size_t befores[] = {0, 1, 2000, 4095, 4096, 4097, 100000};
    static const size_t pieces[] = {1, 100, 2047, 2048, 2049, 4096, 1 << 20};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        for (size_t k = 0; k < ARRAY_SIZE(befores); k++)
            for (size_t p = 0; p < ARRAY_SIZE(pieces); p++) {
                struct err err = report(befores[k], texts[i], pieces[p]);

                assert_int_equal(err.family, ERR_DOCKER);
                assert_string_equal(err.code, "export");
                assert_non_null(strstr(err.text, "disk {full}"));
            }
}

static void finds_nothing_without_a_message(void **state)
{
    static const char *const texts[] = {
        "",
        "{",
        "{\"error\":\"cut of",
        "{\"error\":\"not the end\"} and more",
        "{\"error\":7}",
        "{\"error\":\"\"}",
        "{\"layers\":[\"error\"]}",
        "\"error\"",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct err err = report(100, texts[i], 10);

        assert_int_equal(err.family, ERR_INTEGRITY);
        assert_string_equal(err.code, "truncated");
    }
}

static void the_words_cannot_paint_the_terminal(void **state)
{
    struct err err = report(0, "{\"error\":\"\\u001b[31mred\"}", 10);

    (void)state;
    assert_int_equal(err.family, ERR_DOCKER);
    assert_null(strchr(err.text, 27));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_message_of_the_engine),
        cmocka_unit_test(finds_nothing_without_a_message),
        cmocka_unit_test(the_words_cannot_paint_the_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
