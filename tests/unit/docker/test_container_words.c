#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/json.h"
#include "docker/container_words.h"

static void assert_signal(const char *json, const char *expected)
{
    struct json *document;
    char name[32];
    struct err err;

    assert_int_equal(json_parse(&document, view_str(json), &JSON_IMAGE, "an inspect", &err), 0);
    container_read_signal(json_get(json_root(document), "s"), name, sizeof name);
    assert_string_equal(name, expected);
    json_destroy(document);
}

/* The numbers are Linux's, and every C library must lead to the same names. */
static void signals_have_the_names_of_linux(void **state)
{
    (void)state;
    assert_signal("{\"s\": \"SIGQUIT\"}", "SIGQUIT");
    assert_signal("{\"s\": \"QUIT\"}", "SIGQUIT");
    assert_signal("{\"s\": 1}", "SIGHUP");
    assert_signal("{\"s\": \"10\"}", "SIGUSR1");
    assert_signal("{\"s\": 12}", "SIGUSR2");
    assert_signal("{\"s\": 15}", "SIGTERM");
    assert_signal("{\"s\": 28}", "SIGWINCH");
    assert_signal("{\"s\": 31}", "SIGSYS");
    assert_signal("{\"s\": 37}", "37"); /* SIGRTMIN+3 */
    assert_signal("{\"s\": 0}", "0");
    assert_signal("{\"s\": -1}", "-1");
    assert_signal("{\"s\": \"\"}", "SIGTERM");
    assert_signal("{}", "SIGTERM");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_have_the_names_of_linux),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
