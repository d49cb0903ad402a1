/*
 * assert_fails - checks that a call of a function has failed, and with which error.
 */
#ifndef S3DOCK_TESTS_KIT_ASSERT_FAILS_H
#define S3DOCK_TESTS_KIT_ASSERT_FAILS_H

#include <string.h>

#include "base/err.h"

/* Checks the result of the call, family and code, and that text or hint contain the words. Include
 * cmocka.h before. */
static inline void assert_fails(const struct err *err, int result, enum err_family family,
                                const char *code, const char *words)
{
    assert_int_equal(result, ERR_FAIL);
    assert_int_equal(err->family, family);
    assert_string_equal(err->code, code);
    if (!strstr(err->text, words) && !strstr(err->hint, words))
        fail_msg("'%s' is in neither '%s' nor '%s'", words, err->text, err->hint);
}

#endif
