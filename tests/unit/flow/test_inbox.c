/* The inbox: order, deadlines, many senders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "flow/inbox.h"

#define SENDERS 4
#define EACH    2000

static int setup(void **state)
{
    struct err err;

    *state = inbox_create(&err);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    inbox_destroy(*state);
    return 0;
}

static void first_in_is_first_out(void **state)
{
    struct inbox *inbox = *state;
    struct msg messages[3] = {{.kind = 1}, {.kind = 2}, {.kind = 3}};

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 3; i++)
            inbox_post(inbox, &messages[i]);
        for (int i = 0; i < 3; i++)
            assert_ptr_equal(inbox_take(inbox, INBOX_FOREVER), &messages[i]);
        assert_null(inbox_take(inbox, 0));
    }
}

static void a_taken_message_is_unlinked(void **state)
{
    struct inbox *inbox = *state;
    struct msg messages[2] = {{.kind = 1}, {.kind = 2}};

    inbox_post(inbox, &messages[0]);
    inbox_post(inbox, &messages[1]);
    assert_null(inbox_take(inbox, 0)->next);
    assert_null(inbox_take(inbox, 0)->next);
}

static void a_deadline_in_the_past_polls(void **state)
{
    static const int64_t past[] = {INT64_MIN, -1, 0, 1};
    struct inbox *inbox = *state;
    struct msg message = {0};

    for (size_t i = 0; i < sizeof(past) / sizeof(past[0]); i++) {
        assert_null(inbox_take(inbox, past[i]));
        inbox_post(inbox, &message);
        assert_ptr_equal(inbox_take(inbox, past[i]), &message);
    }
}

static void a_deadline_is_kept(void **state)
{
    int64_t start = clock_monotonic();

    assert_null(inbox_take(*state, start + 30 * NS_PER_MS));
    assert_true(clock_monotonic() - start >= 30 * NS_PER_MS);
}

static void *post_late(void *arg)
{
    static struct msg message = {.kind = 7};
    struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};

    nanosleep(&pause, NULL);
    inbox_post(arg, &message);
    return NULL;
}

static void a_sleeping_consumer_is_woken(void **state)
{
    pthread_t thread;
    struct msg *message;

    assert_int_equal(pthread_create(&thread, NULL, post_late, *state), 0);
    message = inbox_take(*state, clock_monotonic() + 30 * NS_PER_S);
    pthread_join(thread, NULL);
    assert_non_null(message);
    assert_int_equal(message->kind, 7);
}

struct sender {
    struct inbox *inbox;
    struct letter {
        struct msg msg;
        int number;
    } letters[EACH];
};

static void *send_all(void *arg)
{
    struct sender *sender = arg;

    for (int i = 0; i < EACH; i++)
        inbox_post(sender->inbox, &sender->letters[i].msg);
    return NULL;
}

static void many_senders_lose_nothing_and_keep_their_order(void **state)
{
    struct sender *senders = calloc(SENDERS, sizeof(*senders));
    pthread_t threads[SENDERS];
    int next[SENDERS] = {0};

    assert_non_null(senders);
    for (int s = 0; s < SENDERS; s++) {
        senders[s].inbox = *state;
        for (int i = 0; i < EACH; i++)
            senders[s].letters[i] = (struct letter){{.kind = s}, i};
        assert_int_equal(pthread_create(&threads[s], NULL, send_all, &senders[s]), 0);
    }
    for (int i = 0; i < SENDERS * EACH; i++) {
        struct letter *letter = (struct letter *)inbox_take(*state, INBOX_FOREVER);

        assert_int_equal(letter->number, next[letter->msg.kind]++);
    }
    assert_null(inbox_take(*state, 0));
    for (int s = 0; s < SENDERS; s++)
        pthread_join(threads[s], NULL);
    free(senders);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(first_in_is_first_out, setup, teardown),
        cmocka_unit_test_setup_teardown(a_taken_message_is_unlinked, setup, teardown),
        cmocka_unit_test_setup_teardown(a_deadline_in_the_past_polls, setup, teardown),
        cmocka_unit_test_setup_teardown(a_deadline_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(a_sleeping_consumer_is_woken, setup, teardown),
        cmocka_unit_test_setup_teardown(many_senders_lose_nothing_and_keep_their_order, setup,
                                        teardown),
    };

    return cmocka_run_group_tests_name("inbox", tests, NULL, NULL);
}
