#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "catalog/version.h"

/* In the order of a list: newest first. */
static const char *const sorted[] = {
    "v99999999999999999999999.0.0",
    "v10.0.0",
    "v2.0.0+linux",
    "2.0.0",
    "v2.0.0-rc.11",
    "v2.0.0-rc.2",
    "v2.0.0-rc",
    "v2.0.0-beta-2",
    "v2.0.0-beta",
    "v2.0.0-alpha.beta",
    "v2.0.0-alpha.1",
    "v2.0.0-alpha",
    "v2.0.0-1",
    "v1.10.0",
    "v1.9.0",
    "v1.2.0",
    "v1.2",
    "1.2.0.0",
    "v1.0.0.7",
    "v1.0.0",
    "v0.0.1",
    "v2",
    "v1.x",
    "v1.2.",
    "stable",
    "20250721",
};

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

static void newest_first(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sorted); i++)
        for (size_t k = 0; k < ARRAY_SIZE(sorted); k++)
            if (sign(version_order(sorted[i], sorted[k])) != (i > k) - (i < k))
                fail_msg("%s and %s", sorted[i], sorted[k]);
}

static void semantic_versions_are_recognised(void **state)
{
    static const char *const yes[] = {"1.2", "v1.2.3", "V1.2.3-rc.1+b", "1.2.3+build", "0.0.0-0"};
    static const char *const no[] = {"",       "v",     "v1",   "1",     "vpn.prod",
                                     "v1.",    "v1..2", "1.2-", "1.2+",  "1.x",
                                     "latest", "-1.2",  "v.1",  "1.2_3", "production"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
        if (!version_is_semantic(yes[i]))
            fail_msg("%s", yes[i]);
    for (size_t i = 0; i < ARRAY_SIZE(no); i++)
        if (version_is_semantic(no[i]))
            fail_msg("%s", no[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newest_first),
        cmocka_unit_test(semantic_versions_are_recognised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
