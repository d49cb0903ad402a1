/* The stop flag: the first request counts, with its source and message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>

#include "base/err.h"
#include "flow/cancel.h"

static struct cancel flag;

static void no_request(void **state)
{
    struct err err = {0};

    (void)state;
    cancel_init(&flag);
    assert_false(cancel_requested(&flag));
    assert_int_equal(cancel_check(&flag, &err), 0);
    assert_false(cancel_requested(NULL));
    assert_int_equal(cancel_check(NULL, &err), 0);
    assert_int_equal(err.family, ERR_NONE);
}

static void the_message_names_the_signal(void **state)
{
    static const struct {
        int signal;
        const char *text;
    } cases[] = {
        {SIGINT, "interrupted by SIGINT"}, {SIGTERM, "interrupted by SIGTERM"},
        {SIGHUP, "interrupted by SIGHUP"}, {0, "interrupted by SIGINT"},
        {64, "interrupted by signal 64"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err err;

        cancel_init(&flag);
        cancel_request(&flag, cases[i].signal);
        assert_true(cancel_requested(&flag));
        assert_int_equal(cancel_check(&flag, &err), ERR_FAIL);
        assert_int_equal(err.family, ERR_CANCELLED);
        assert_string_equal(err.text, cases[i].text);
    }
}

static void the_first_one_stays(void **state)
{
    struct err err;

    (void)state;
    cancel_init(&flag);
    cancel_request(&flag, SIGTERM);
    cancel_request(&flag, SIGINT);
    assert_int_equal(cancel_check(&flag, &err), ERR_FAIL);
    assert_string_equal(err.text, "interrupted by SIGTERM");
}

static void on_signal(int signal)
{
    cancel_request(&flag, signal);
}

static void a_signal_handler_may_ask(void **state)
{
    struct sigaction action = {.sa_handler = on_signal}, before;

    (void)state;
    cancel_init(&flag);
    sigaction(SIGTERM, &action, &before);
    raise(SIGTERM);
    sigaction(SIGTERM, &before, NULL);
    assert_true(cancel_requested(&flag));
}

static void *ask(void *arg)
{
    cancel_request(arg, SIGINT);
    return NULL;
}

static void another_thread_may_ask(void **state)
{
    pthread_t thread;

    (void)state;
    cancel_init(&flag);
    assert_int_equal(pthread_create(&thread, NULL, ask, &flag), 0);
    while (!cancel_requested(&flag))
        sched_yield();
    pthread_join(thread, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_request),
        cmocka_unit_test(the_message_names_the_signal),
        cmocka_unit_test(the_first_one_stays),
        cmocka_unit_test(a_signal_handler_may_ask),
        cmocka_unit_test(another_thread_may_ask),
    };

    return cmocka_run_group_tests_name("cancel", tests, NULL, NULL);
}
