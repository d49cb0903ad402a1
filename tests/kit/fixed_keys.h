/*
 * fixed_keys - makes the provider of keys that never change, for stores of tests. It is kept until
 * the end of the program.
 */
#ifndef S3DOCK_TESTS_KIT_FIXED_KEYS_H
#define S3DOCK_TESTS_KIT_FIXED_KEYS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "credentials/provider.h"

/* NULL: none, requests are not signed. */
static inline struct credential_provider *fixed_keys(const char *access_key, const char *secret_key,
                                                     const char *session_token)
{
    static struct credential_provider *kept[256];
    static size_t count;
    struct credentials set;
    struct err err;

    assert_true(count < sizeof kept / sizeof *kept);
    assert_int_equal(credentials_init(&set, access_key, secret_key, session_token, &err), 0);
    kept[count] = provider_of_set(&set, &err);
    assert_non_null(kept[count]);
    credentials_finish(&set);
    return kept[count++];
}

#endif
