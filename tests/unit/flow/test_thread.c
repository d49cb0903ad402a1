#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>

#include "base/err.h"
#include "flow/thread.h"

static void *read_mask(void *arg)
{
    pthread_sigmask(SIG_BLOCK, NULL, arg);
    return NULL;
}

static void the_thread_blocks_signals_and_the_caller_does_not(void **state)
{
    sigset_t theirs, ours, before;
    struct err err = {0};
    pthread_t thread;

    (void)state;
    pthread_sigmask(SIG_BLOCK, NULL, &before);
    assert_int_equal(thread_run(&thread, read_mask, &theirs, "a thread", &err), 0);
    pthread_join(thread, NULL);
    pthread_sigmask(SIG_BLOCK, NULL, &ours);
    assert_true(sigismember(&theirs, SIGINT) && sigismember(&theirs, SIGTERM));
    assert_int_equal(sigismember(&ours, SIGINT), sigismember(&before, SIGINT));
    assert_false(sigismember(&ours, SIGTERM));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_thread_blocks_signals_and_the_caller_does_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
