#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "cli/settings/config_insert.h"

#define ENTRY "{\n    // twice\n    port: 8080,\n}\n"

static struct err err;

static void assert_inserted(const char *old, const char *expected)
{
    struct text out;

    text_init(&out, 64 * KIB);
    assert_int_equal(config_insert(view_str(old), "shop", "eu-1", view_str(ENTRY), &out, &err), 0);
    assert_string_equal(out.data, expected);
    text_finish(&out);
}

static void assert_refused(const char *old, const char *code)
{
    struct text out;

    text_init(&out, 64 * KIB);
    assert_int_equal(config_insert(view_str(old), "shop", "eu-1", view_str(ENTRY), &out, &err),
                     ERR_FAIL);
    assert_string_equal(err.code, code);
    text_finish(&out);
}

static void a_file_without_deployments_gets_the_group(void **state)
{
    (void)state;
    assert_inserted("// mine\n{\n    docker: { timeout: \"1m\" }, // c\n    // end\n}\n",
                    "// mine\n{\n    docker: { timeout: \"1m\" }, // c\n    // end\n"
                    "    deploy: {\n        shop: {\n            \"eu-1\": {\n"
                    "                // twice\n                port: 8080,\n            },\n"
                    "        },\n    },\n}\n");
    assert_inserted("{}", "{\n    deploy: {\n        shop: {\n            \"eu-1\": {\n"
                          "                // twice\n                port: 8080,\n            },\n"
                          "        },\n    },\n}");
}

static void a_missing_comma_is_written_before_the_comment(void **state)
{
    (void)state;
    assert_inserted("{ docker: {} // the daemon }\n}\n",
                    "{ docker: {}, // the daemon }\n"
                    "    deploy: {\n        shop: {\n            \"eu-1\": {\n"
                    "                // twice\n                port: 8080,\n            },\n"
                    "        },\n    },\n}\n");
}

static void an_entry_is_added_to_those_of_its_application(void **state)
{
    (void)state;
    assert_inserted(
        "{\n    deploy: {\n        'shop': {\n            eu: { name: 'a}\\'{' }\n        },\n"
        "    },\n    profiles: {},\n}\n",
        "{\n    deploy: {\n        'shop': {\n            eu: { name: 'a}\\'{' },\n"
        "            \"eu-1\": {\n                // twice\n                port: 8080,\n"
        "            },\n        },\n    },\n    profiles: {},\n}\n");
    assert_inserted("{deploy: {/* { */}}", "{deploy: {/* { */\n        shop: {\n"
                                           "            \"eu-1\": {\n                // twice\n"
                                           "                port: 8080,\n            },\n"
                                           "        },\n    }}");
}

static void names_that_differ_in_case_are_two_entries(void **state)
{
    (void)state;
    assert_inserted("{deploy: {shop: {'EU-1': {}, }}}",
                    "{deploy: {shop: {'EU-1': {},\n            \"eu-1\": {\n                // "
                    "twice\n                port: 8080,\n            },\n        }}}");
}

static void an_existing_entry_is_never_replaced(void **state)
{
    (void)state;
    assert_refused("{deploy: {shop: {\"eu-1\": {}}}}", "exists");
    assert_refused("{deploy: {shop: {'eu-1': null}}}", "exists");
}

/* The scanner does not understand these, and the comparison finds what it would break. */
static void other_forms_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "[]",
        "{deploy: null}",
        "{deploy: []}",
        "{Deploy: {}}",
        "{deploy: {}, deploy: {shop: {eu: {}}}}",
        "{deploy: {'sh\\u006fp': {eu: {}}}}",
        "{docker: {}",
        "{docker}",
        "{docker: \"",
        "{docker: {} /* ",
        "{docker: {} /",
        "{'a\\",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        assert_refused(texts[i], "config");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_without_deployments_gets_the_group),
        cmocka_unit_test(a_missing_comma_is_written_before_the_comment),
        cmocka_unit_test(an_entry_is_added_to_those_of_its_application),
        cmocka_unit_test(an_existing_entry_is_never_replaced),
        cmocka_unit_test(names_that_differ_in_case_are_two_entries),
        cmocka_unit_test(other_forms_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
