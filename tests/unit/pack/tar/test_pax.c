/* Extended headers: valid records in pieces of any size, and invalid records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "pack/tar/pax.h"

static struct pax pax;

/* Reads the records in pieces of `piece` bytes. The reader may rewrite them. */
static int read_records(uint8_t *bytes, size_t size, size_t piece, int64_t mtime)
{
    struct err err;

    pax_reset(&pax);
    for (size_t at = 0; at < size; at += piece)
        if (pax_add(&pax, bytes + at, size - at < piece ? size - at : piece, mtime, &err) < 0)
            return ERR_FAIL;
    return pax_end(&pax, &err);
}

static int read_text(const char *text, size_t piece)
{
    char *copy = strdup(text);
    int rc = read_records((uint8_t *)copy, strlen(text), piece, -1);

    assert_string_equal(copy, text); /* nothing is rewritten */
    free(copy);
    return rc;
}

static void valid_records_are_read(void **state)
{
    static const struct {
        const char *records, *path, *linkpath;
        uint64_t size;
    } cases[] = {
        {"", "", "", 0},
        {"10 path=a\n", "a", "", 0},
        {"13 path=a=b\nc", NULL, NULL, 0},
        {"12 path=a=b\n", "a=b", "", 0},
        {"12 path=a\nb\n", "a\nb", "", 0},
        {"10 path=a\n10 path=b\n", "b", "", 0},
        {"10 path=a\n8 path=\n", "", "", 0},
        {"14 linkpath=a\n12 size=123\n", "", "a", 123},
        {"20 comment=whatever\n10 path=a\n", "a", "", 0},
        {"13 path =abc\n", "", "", 0},
        {"15 pathology=a\n", "", "", 0},
        {"53 a.key.that.is.longer.than.any.that.we.know.of=abc\n", "", "", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        for (size_t piece = 1; piece < 64; piece += 9) {
            int rc = read_text(cases[i].records, piece);

            assert_int_equal(rc, cases[i].path ? 0 : ERR_FAIL);
            if (rc < 0)
                continue;
            assert_string_equal(pax.path, cases[i].path);
            assert_string_equal(pax.linkpath, cases[i].linkpath);
            assert_int_equal(pax.size, cases[i].size);
            assert_int_equal(pax.has_size, cases[i].size > 0);
        }
    }
}

static void invalid_records_are_refused(void **state)
{
    static const char *const cases[] = {
        "x",
        " 10 path=a\n",
        "-1 path=a\n",
        "10 path=a",
        "8 path=a\n",
        "11 path=a\n",
        "5 path=a\n",
        "3 =a\n",
        "5 =a\n",
        "7 path\n",
        "99999999999999999999 path=a\n",
        "65537 path=a\n",
        "10 size=x\n",
        "11 size=-1\n",
        "29 size=99999999999999999999\n",
        "0 path=a\n",
        "2 \n",
    };
    uint8_t nul[] = "12 path=a\0b\n";
    char *name = malloc(TAR_NAME_MAX + 32);

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (read_text(cases[i], 3) == 0)
            fail_msg("accepted: %s", cases[i]);
    assert_int_equal(read_records(nul, sizeof nul - 1, 5, -1), ERR_FAIL);

    memset(name, 'n', TAR_NAME_MAX + 32);
    memcpy(name, "4106 path=", 10);
    memcpy(name + 4105, "\n", 2);
    assert_int_equal(read_text(name, 100), 0);
    memcpy(name, "4107 path=", 10);
    memcpy(name + 4105, "n\n", 3);
    assert_int_equal(read_text(name, 100), ERR_FAIL);
    free(name);
}

static void strict_records_mean_one_thing(void **state)
{
    static const struct {
        const char *records;
        bool fine;
    } cases[] = {
        {"10 path=a\n14 linkpath=a\n", true},
        {"15 mtime=-1.500\n9 uid=12\n", false}, /* the length of the second is wrong */
        {"15 mtime=-1.500\n8 uid=12\n", false},
        {"16 mtime=-1.500\n10 uid=12\n", true},
        {"30 mtime=00000000001753108200\n", true}, /* a time that was overwritten */
        {"29 mtime=1234567890123456789\n", false},
        {"15 LIBARCHIVE.x\n", false},
        {"26 LIBARCHIVE.xattr.a.b=c\n", true},
        {"23 MSWINDOWS.rawsd=abc\n", true},
        {"17 SCHILY.acl.a=\n", true},
        {"010 path=a\n", false},
        {"10 path=a\n10 path=a\n", false},
        {"8 path=\n", false},
        {"8 size=\n", false},
        {"9 mtime=\n", false},
        {"10 mtime=-\n", false},
        {"11 mtime=.5\n", false},
        {"14 mtime=1.2.3\n", false},
        {"12 mtime=1e5\n", false},
        {"9 uid=-1\n", false},
        {"30 uid=12345678901234567890123\n", false},
        {"17 nobody.knows=\n", false},
        {"22 GNU.sparse.major=1\n", false},
        {"23 SCHILY.realsize=100\n", false},
        {"21 hdrcharset=BINARY\n", false},
        {"22 SUN.holesdata= 0 1\n", false},
    };

    (void)state;
    pax.strict = true;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (size_t piece = 1; piece < 40; piece += 13)
            if ((read_text(cases[i].records, piece) == 0) != cases[i].fine)
                fail_msg("%s", cases[i].records);
    pax.strict = false;
}

static void times_are_overwritten_in_their_width(void **state)
{
    static const struct {
        const char *before, *after;
    } cases[] = {
        {"20 mtime=1700000000\n", "20 mtime=1753108200\n"},
        {"30 mtime=1700000000.123456789\n", "30 mtime=00000000001753108200\n"},
        {"19 atime=170000000\n", "19 atime=000000000\n"},
        {"11 ctime=1\n", "11 ctime=0\n"},
        {"9 ctime=\n", "9 ctime=\n"},
        {"38 LIBARCHIVE.creationtime=1700000000\n", "38 LIBARCHIVE.creationtime=1753108200\n"},
        {"21 mytime=1700000000\n", "21 mytime=1700000000\n"},
        {"20 path=mtime=12345\n", "20 path=mtime=12345\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        for (size_t piece = 1; piece < 40; piece++) {
            char *copy = strdup(cases[i].before);

            assert_int_equal(read_records((uint8_t *)copy, strlen(copy), piece, 1753108200), 0);
            assert_string_equal(copy, cases[i].after);
            free(copy);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_records_are_read),
        cmocka_unit_test(invalid_records_are_refused),
        cmocka_unit_test(strict_records_mean_one_thing),
        cmocka_unit_test(times_are_overwritten_in_their_width),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
