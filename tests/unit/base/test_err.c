#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"

static void set_fills_everything(void **state)
{
    struct err err = {.hint = "an old hint"};

    (void)state;
    assert_int_equal(err_set(&err, ERR_NOT_FOUND, "image", "no image %s", "x"), ERR_FAIL);
    assert_int_equal(err.family, ERR_NOT_FOUND);
    assert_string_equal(err.code, "image");
    assert_string_equal(err.text, "no image x");
    assert_string_equal(err.hint, "");
}

static void arguments_may_lie_in_the_error(void **state)
{
    struct err err;

    (void)state;
    err_set(&err, ERR_NETWORK, "reset", "first");
    err_set(&err, ERR_NETWORK, err.code, "again: %s", err.text);
    assert_string_equal(err.code, "reset");
    assert_string_equal(err.text, "again: first");
    err_hint(&err, "wait");
    err_hint(&err, "%s, then try", err.hint);
    assert_string_equal(err.hint, "wait, then try");
}

static void wrap_puts_context_before(void **state)
{
    struct err err;

    (void)state;
    err_set(&err, ERR_LOCAL, "write", "disk on fire");
    assert_int_equal(err_wrap(&err, "push %s", "a:b"), ERR_FAIL);
    assert_string_equal(err.text, "push a:b: disk on fire");
    assert_int_equal(err.family, ERR_LOCAL);
}

static void long_texts_are_cut(void **state)
{
    char long_text[4096];
    struct err err;

    (void)state;
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    err_set(&err, ERR_INTERNAL, long_text, "%s", long_text);
    assert_int_equal(strlen(err.code), sizeof err.code - 1);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    err_hint(&err, "%s", long_text);
    assert_int_equal(strlen(err.hint), sizeof err.hint - 1);
    for (int i = 0; i < 3; i++)
        err_wrap(&err, "%s", long_text);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    err_errno(&err, ENOENT, "read", "%s", long_text);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

static void nothing_paints_the_terminal(void **state)
{
    struct err err;

    (void)state;
    err_set(&err, ERR_USAGE, "x",
            "a\x1b[31mred\nline\x7f \xc2\x9b"
            "1m \xff \xe2\x80\xae"
            "b \xc3\xa4");
    assert_string_equal(err.text, "a?[31mred?line? ??1m ? ???b \xc3\xa4");
    err_wrap(&err, "file \r%s", "\x1b]0;title\x07");
    assert_memory_equal(err.text, "file ??]0;title?: a?", 20);
    err_hint(&err, "\x1b");
    assert_string_equal(err.hint, "?");
}

static void a_cut_character_is_no_rubbish(void **state)
{
    char long_text[1024];
    struct err err;

    (void)state;
    memset(long_text, 'x', sizeof long_text);
    memcpy(long_text + sizeof err.text - 2, "\xc3\xa4", 3);
    err_set(&err, ERR_USAGE, "x", "%s", long_text);
    assert_int_equal(err.text[sizeof err.text - 2], '?');
}

static void errno_values_get_their_codes(void **state)
{
    static const struct {
        int errnum;
        const char *code;
        bool hint;
    } cases[] = {
        {ENOSPC, "disk_full", true},  {EDQUOT, "disk_full", true},  {EACCES, "permission", false},
        {EPERM, "permission", false}, {EROFS, "permission", false}, {ENOMEM, "memory", false},
        {EIO, "own_code", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err;

        assert_int_equal(err_errno(&err, cases[i].errnum, "own_code", "f"), ERR_FAIL);
        assert_int_equal(err.family, ERR_LOCAL);
        assert_string_equal(err.code, cases[i].code);
        assert_int_equal(err.hint[0] != '\0', cases[i].hint);
        assert_memory_equal(err.text, "f: ", 3);
    }
}

static void families_have_names(void **state)
{
    struct err err;

    (void)state;
    assert_string_equal(err_family_name(ERR_NOT_FOUND), "not_found");
    assert_string_equal(err_family_name(ERR_CANCELLED), "cancelled");
    assert_string_equal(err_family_name(ERR_NONE), "none");
    assert_string_equal(err_family_name((enum err_family)99), "internal");
    assert_int_equal(err_memory(&err, "slots"), ERR_FAIL);
    assert_string_equal(err.text, "out of memory for slots");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_fills_everything),
        cmocka_unit_test(arguments_may_lie_in_the_error),
        cmocka_unit_test(wrap_puts_context_before),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(nothing_paints_the_terminal),
        cmocka_unit_test(a_cut_character_is_no_rubbish),
        cmocka_unit_test(errno_values_get_their_codes),
        cmocka_unit_test(families_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
