#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "kit/assert_fails.h"
#include "kit/scratch.h"
#include "trust/sequences.h"

static const uint8_t SUM[SHA256_SIZE] = {1}, OTHER[SHA256_SIZE] = {2};

static struct sequence_subject subject_of(const char *folder, const char *key)
{
    return (struct sequence_subject){path_of(folder), "http://localhost/bucket/", key};
}

static void numbers_rise_only(void **state)
{
    struct sequence_subject shop = subject_of("rise", "pointers/shop/production.json");
    struct err err;
    int64_t number;

    (void)state;
    assert_int_equal(sequences_read(&shop, &number, &err), SEQUENCE_ABSENT);
    assert_int_equal(sequences_accept(&shop, 5, SUM, &err), 0);
    assert_int_equal(sequences_accept(&shop, 5, SUM, &err), 0);
    assert_fails(&err, sequences_accept(&shop, 5, OTHER, &err), ERR_TRUST, CODE_SEQUENCE,
                 "another document");
    assert_fails(&err, sequences_accept(&shop, 4, SUM, &err), ERR_TRUST, CODE_SEQUENCE,
                 "this host has seen 5");
    assert_int_equal(sequences_check(&shop, 7, OTHER, &err), 0); /* stores nothing */
    assert_int_equal(sequences_accept(&shop, 6, OTHER, &err), 0);
    assert_int_equal(sequences_read(&shop, &number, &err), SEQUENCE_OK);
    assert_int_equal(number, 6);
    assert_fails(&err, sequences_check(&shop, 5, SUM, &err), ERR_TRUST, CODE_SEQUENCE, "old");
}

static void each_pointer_of_each_bucket_has_its_own(void **state)
{
    struct sequence_subject shop = subject_of("own", "pointers/shop/production.json"), other = shop;
    struct err err;

    (void)state;
    assert_int_equal(sequences_accept(&shop, 9, SUM, &err), 0);
    other.key = "pointers/shop/test.json";
    assert_int_equal(sequences_accept(&other, 1, SUM, &err), 0);
    other = shop;
    other.identity = "http://localhost/other/";
    assert_int_equal(sequences_accept(&other, 1, SUM, &err), 0);
}

static void a_number_can_be_forgotten(void **state)
{
    struct sequence_subject shop = subject_of("forget", "pointers/shop/production.json");
    struct err err;

    (void)state;
    assert_int_equal(sequences_forget(&shop, &err), SEQUENCE_ABSENT);
    assert_int_equal(sequences_accept(&shop, 9, SUM, &err), 0);
    assert_int_equal(sequences_forget(&shop, &err), SEQUENCE_OK);
    assert_int_equal(sequences_accept(&shop, 1, OTHER, &err), 0);
}

/* Overwrites the only file of a folder. */
static void damage(const char *folder, const char *content)
{
    char command[512];

    snprintf(command, sizeof command, "for f in '%s'/*.json; do printf '%%s' '%s' > \"$f\"; done",
             path_of(folder), content);
    assert_int_equal(system(command), 0); /* NOLINT: a fixed command */
}

/* A damaged file is no reason to accept all numbers. */
static void a_damaged_file_is_refused(void **state)
{
    static const char *const contents[] = {
        "",
        "{",
        "{}",
        "[1]",
        "{\"bucket\": \"http://localhost/bucket/\", \"key\": \"pointers/shop/production.json\", "
        "\"sequence\": -1, \"sha256\": \"00\"}",
        "{\"bucket\": \"b\", \"key\": \"pointers/shop/production.json\", \"sequence\": 1, "
        "\"sha256\": \"0000000000000000000000000000000000000000000000000000000000000000\"}",
    };
    struct sequence_subject shop = subject_of("damage", "pointers/shop/production.json");
    struct err err;
    int64_t number;

    (void)state;
    assert_int_equal(sequences_accept(&shop, 9, SUM, &err), 0);
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        damage("damage", contents[i]);
        assert_fails(&err, sequences_accept(&shop, 10, SUM, &err), ERR_TRUST, CODE_MEMORY,
                     "damaged");
        assert_fails(&err, sequences_read(&shop, &number, &err), ERR_TRUST, CODE_MEMORY, "damaged");
    }
    assert_int_equal(sequences_forget(&shop, &err), SEQUENCE_OK);
    assert_int_equal(sequences_accept(&shop, 10, SUM, &err), 0);
}

static void a_folder_that_cannot_be_written_is_no_permission(void **state)
{
    struct sequence_subject shop = subject_of("file", "pointers/shop/production.json");
    struct err err;

    (void)state;
    assert_int_equal(file_create(path_of("file"), view_str("x"), 0600, &err), 0);
    assert_int_equal(sequences_accept(&shop, 9, SUM, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_LOCAL);
}

static int create_folder(void **state)
{
    (void)state;
    return scratch_create();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_rise_only),
        cmocka_unit_test(each_pointer_of_each_bucket_has_its_own),
        cmocka_unit_test(a_number_can_be_forgotten),
        cmocka_unit_test(a_damaged_file_is_refused),
        cmocka_unit_test(a_folder_that_cannot_be_written_is_no_permission),
    };

    return cmocka_run_group_tests(tests, create_folder, scratch_teardown);
}
