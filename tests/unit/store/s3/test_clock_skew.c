#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/err.h"
#include "kit/fixed_keys.h"
#include "kit/raw_server.h"
#include "store/s3/clock_skew.h"
#include "store/s3/store_s3.h"
#include "store/store.h"

#define DAY CLOCK_SKEW_NEAR

static void without_tls_only_a_day_is_corrected(void **state)
{
    const int64_t now = CLOCK_SOURCE + 300 * DAY;
    const struct {
        int64_t ours, theirs;
        enum clock_skew_answer plain, proven;
    } cases[] = {
        {now, now + DAY, CLOCK_SKEW_CLOSE, CLOCK_SKEW_CLOSE},
        {now, now - DAY, CLOCK_SKEW_CLOSE, CLOCK_SKEW_CLOSE},
        {now, now + DAY + 1, CLOCK_SKEW_REFUSED, CLOCK_SKEW_FAR},
        {now, now - DAY - 1, CLOCK_SKEW_REFUSED, CLOCK_SKEW_FAR},
        {0, now, CLOCK_SKEW_REFUSED, CLOCK_SKEW_FAR}, /* a machine without a clock battery */
        {now, now + 3650 * DAY, CLOCK_SKEW_REFUSED, CLOCK_SKEW_FAR},
        {now, CLOCK_SOURCE - 1, CLOCK_SKEW_REFUSED, CLOCK_SKEW_REFUSED},
        {CLOCK_SOURCE, CLOCK_SOURCE - 1, CLOCK_SKEW_REFUSED, CLOCK_SKEW_REFUSED},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(clock_skew_judge(cases[i].ours, cases[i].theirs, false), cases[i].plain);
        assert_int_equal(clock_skew_judge(cases[i].ours, cases[i].theirs, true), cases[i].proven);
    }
}

/* A server that tries to get a signature for another day. */
static bool ask_for_2036(struct raw_server *server, int fd, const char *head)
{
    (void)head;
    (void)server;
    return raw_say(fd, "HTTP/1.1 403 Forbidden\r\nDate: Tue, 01 Jan 2036 00:00:00 GMT\r\n"
                       "Content-Length: 48\r\n\r\n"
                       "<Error><Code>RequestTimeTooSkewed</Code></Error>");
}

static void no_signature_is_given_for_another_year(void **state)
{
    struct raw_server server = {.answer = ask_for_2036};
    struct store_s3_options options = {
        .bucket = "images", .provider = fixed_keys("TESTACCESSKEY", "test-secret-key-0001", NULL)};
    struct store_op op = {.verb = STORE_GET, .key = "k"};
    struct err err = {0};

    (void)state;
    raw_start(&server);
    options.endpoint = server.url;
    struct store *store = store_s3_create(&options, &err);
    assert_non_null(store);
    assert_int_equal(store_run(store, &op, &err), STORE_FAILED);
    assert_int_equal(err.family, ERR_AUTH);
    assert_string_equal(err.code, "clock");
    assert_non_null(strstr(err.text, "2036-01-01T00:00:00Z"));
    assert_non_null(strstr(err.hint, "set-ntp"));
    assert_int_equal(server.requests, 1);
    store_destroy(store);
    raw_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_tls_only_a_day_is_corrected),
        cmocka_unit_test(no_signature_is_given_for_another_year),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
