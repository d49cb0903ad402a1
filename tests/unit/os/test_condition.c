#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "os/condition.h"

#define NS_PER_S INT64_C(1000000000)

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition;
static bool is_set;

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

/* A deadline of another clock would end the wait at once, or never. */
static void a_wait_ends_at_its_deadline(void **state)
{
    int64_t deadline = now() + 5000000;
    unsigned waits = 0;

    (void)state;
    pthread_mutex_lock(&mutex);
    for (; now() < deadline; waits++)
        os_condition_wait(&condition, &mutex, deadline);
    os_condition_wait(&condition, &mutex, 0); /* a time that has passed */
    pthread_mutex_unlock(&mutex);
    assert_in_range(waits, 0, 10);
}

static void *set_and_signal(void *arg)
{
    pthread_mutex_lock(&mutex);
    is_set = true;
    pthread_cond_signal(&condition);
    pthread_mutex_unlock(&mutex);
    return arg;
}

static void a_signal_ends_a_wait(void **state)
{
    pthread_t thread;

    (void)state;
    pthread_mutex_lock(&mutex);
    assert_int_equal(pthread_create(&thread, NULL, set_and_signal, NULL), 0);
    while (!is_set)
        os_condition_wait(&condition, &mutex, now() + 3600 * NS_PER_S);
    pthread_mutex_unlock(&mutex);
    pthread_join(thread, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wait_ends_at_its_deadline),
        cmocka_unit_test(a_signal_ends_a_wait),
    };
    int failed;

    os_condition_init(&condition);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    pthread_cond_destroy(&condition);
    return failed;
}
