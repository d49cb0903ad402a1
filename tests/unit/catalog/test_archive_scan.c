#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "catalog/archive_scan.h"

#define MONTH "images/app/202601/"
#define ONE   MONTH "app-20260101-0000-aaaaaaa"
#define TWO   MONTH "app-20260102-0000-bbbbbbb"

static void the_objects_before_an_archive_classify_it(void **state)
{
    static const struct {
        const char *key;
        enum archive_scan_kind kind;
        int64_t retired_time; /* after the entry; each entry is as old as its place in the table */
        bool matched;
    } cases[] = {
        {ONE ".index", ARCHIVE_SCAN_OTHER, 0, false},
        {ONE ".json", ARCHIVE_SCAN_OTHER, 0, false},
        {ONE ".tar.gz", ARCHIVE_SCAN_IMAGE, 0, false},
        {ONE ".tar.gz", ARCHIVE_SCAN_IMAGE, 0, false}, /* listed twice */
        {TWO ".tar.gz", ARCHIVE_SCAN_UNDESCRIBED, 0, false},
        {MONTH "app-20260103-0000-ccccccc.retired", ARCHIVE_SCAN_OTHER, 5, false},
        {MONTH "app-20260103-0000-ccccccc.tar.gz", ARCHIVE_SCAN_RETIRED, 5, true},
        {MONTH "app-20260103-0000-ccccccc.tar.gz", ARCHIVE_SCAN_RETIRED, 5, true},
        {MONTH "app-20260104-0000-ddddddd.json", ARCHIVE_SCAN_OTHER, 5, true},
        {MONTH "app-20260104-0000-ddddddd.retired", ARCHIVE_SCAN_OTHER, 9, false},
        {MONTH "app-20260104-0000-ddddddd.tar.gz", ARCHIVE_SCAN_IMAGE, 9, false},
        {MONTH "other.retired", ARCHIVE_SCAN_OTHER, 9, false},
        {MONTH "other.tar.gz", ARCHIVE_SCAN_MISNAMED, 9, false},
    };
    struct archive_scan scan = {.matched = false};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct store_entry entry = {.key = (char *)cases[i].key, .info = {.modified = (int64_t)i}};
        char month[CLOCK_MONTH_SIZE];
        struct image_name name;

        assert_int_equal(archive_scan_next(&scan, &entry, &name, month), cases[i].kind);
        assert_int_equal(scan.retired_time, cases[i].retired_time);
        assert_int_equal(scan.matched, cases[i].matched);
        if (cases[i].kind > ARCHIVE_SCAN_MISNAMED)
            assert_string_equal(month, "202601");
    }
    assert_string_equal(scan.metadata, MONTH "app-20260104-0000-ddddddd.json");
    assert_int_equal(scan.metadata_time, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_objects_before_an_archive_classify_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
