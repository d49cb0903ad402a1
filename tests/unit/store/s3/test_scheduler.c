#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "store/s3/scheduler.h"

static void seats_in_order_and_no_more_than_there_are(void **state)
{
    struct scheduler flight;
    struct store_op ops[3] = {{.verb = STORE_HEAD}};

    (void)state;
    scheduler_init(&flight, 2);
    for (int i = 0; i < 3; i++)
        scheduler_queue(&flight, &ops[i]);
    int a = scheduler_board(&flight, 0), b = scheduler_board(&flight, 0);
    assert_ptr_equal(flight.seats[a].op, &ops[0]);
    assert_ptr_equal(flight.seats[b].op, &ops[1]);
    assert_int_equal(scheduler_board(&flight, 0), SCHEDULER_NONE);

    scheduler_depart(&flight, a);
    assert_ptr_equal(scheduler_leave(&flight, a), &ops[0]);
    int c = scheduler_board(&flight, 0);
    assert_ptr_equal(flight.seats[c].op, &ops[2]);
    assert_int_equal(scheduler_board(&flight, 0), SCHEDULER_NONE);
    assert_false(scheduler_empty(&flight));
    scheduler_leave(&flight, b);
    scheduler_leave(&flight, c);
    assert_true(scheduler_empty(&flight));
}

static void tries_again_when_it_is_time_earliest_first(void **state)
{
    struct scheduler flight;
    struct store_op ops[2] = {{.verb = STORE_HEAD}};

    (void)state;
    scheduler_init(&flight, 2);
    assert_int_equal(scheduler_next(&flight), INT64_MAX);
    scheduler_queue(&flight, &ops[0]);
    scheduler_queue(&flight, &ops[1]);
    int a = scheduler_board(&flight, 5), b = scheduler_board(&flight, 5);
    scheduler_depart(&flight, a);
    scheduler_depart(&flight, b);
    assert_int_equal(scheduler_due(&flight, 1000), SCHEDULER_NONE);
    scheduler_again(&flight, a, 100);
    scheduler_again(&flight, b, 50);
    assert_int_equal(scheduler_due(&flight, 49), SCHEDULER_NONE);
    assert_int_equal(scheduler_next(&flight), 50);
    assert_int_equal(scheduler_due(&flight, 200), b);
    scheduler_depart(&flight, b);
    assert_int_equal(scheduler_due(&flight, 200), a);
}

static void nobody_departs_while_held(void **state)
{
    struct scheduler flight;
    struct store_op op = {.verb = STORE_HEAD};

    (void)state;
    scheduler_init(&flight, 2);
    scheduler_queue(&flight, &op);
    int seat = scheduler_board(&flight, 5);
    scheduler_hold(&flight, 100);
    scheduler_hold(&flight, 50); /* the longer one counts */
    assert_int_equal(scheduler_due(&flight, 99), SCHEDULER_NONE);
    assert_int_equal(scheduler_next(&flight), 100);
    assert_int_equal(scheduler_due(&flight, 100), seat);
}

static void the_queue_can_be_emptied(void **state)
{
    struct scheduler flight;
    struct store_op ops[2] = {{.verb = STORE_HEAD}};

    (void)state;
    scheduler_init(&flight, 1);
    scheduler_queue(&flight, &ops[0]);
    scheduler_queue(&flight, &ops[1]);
    assert_ptr_equal(scheduler_unqueue(&flight), &ops[0]);
    assert_ptr_equal(scheduler_unqueue(&flight), &ops[1]);
    assert_null(scheduler_unqueue(&flight));
    assert_true(scheduler_empty(&flight));
    scheduler_queue(&flight, &ops[0]); /* and filled again */
    assert_ptr_equal(scheduler_unqueue(&flight), &ops[0]);
}

static void slows_down_by_half_and_recovers_one_by_one(void **state)
{
    struct scheduler flight;
    static struct store_op ops[9];

    (void)state;
    scheduler_init(&flight, 32);
    for (int i = 0; i < 9; i++) {
        ops[i] = (struct store_op){.verb = STORE_HEAD};
        scheduler_queue(&flight, &ops[i]);
    }
    for (int i = 0; i < 8; i++)
        assert_int_equal(scheduler_board(&flight, 0), i);
    scheduler_slower(&flight, 10 * NS_PER_S);     /* half of the requests in flight */
    scheduler_slower(&flight, 10 * NS_PER_S + 1); /* a second slow-down within a second */
    assert_int_equal(flight.limit, 4);
    for (int i = 12; i < 20; i++)
        scheduler_slower(&flight, i * NS_PER_S);
    assert_int_equal(flight.limit, 1);
    for (int i = 0; i < 8; i++)
        scheduler_leave(&flight, i);
    assert_int_not_equal(scheduler_board(&flight, 0), SCHEDULER_NONE);
    for (int i = 0; i < 1 + 2 + 3; i++)
        scheduler_good(&flight);
    assert_int_equal(flight.limit, 4);
    for (int i = 0; i < 1000; i++)
        scheduler_good(&flight);
    assert_int_equal(flight.limit, 32);
}

static unsigned board_all(struct scheduler *flight)
{
    while (scheduler_board(flight, 0) != SCHEDULER_NONE)
        ;
    return flight->taken;
}

static void short_reads_weigh_what_they_are_long(void **state)
{
    struct scheduler flight;
    static struct store_op ops[SCHEDULER_SEATS_MAX];

    (void)state;
    scheduler_init(&flight, 32);
    for (int i = 0; i < 64; i++) { /* as many as there are slots */
        ops[i] = (struct store_op){.verb = STORE_GET, .length = 8 * KIB};
        scheduler_queue(&flight, &ops[i]);
    }
    assert_int_equal(board_all(&flight), 32);
    for (int i = 0; i < 32; i++)
        scheduler_leave(&flight, i);
    assert_int_equal(flight.weight, 0);
    while (scheduler_unqueue(&flight))
        ;

    for (int i = 0; i < 64; i++) { /* half the bytes each: twice as many */
        ops[i].length = SCHEDULER_RATE / 2;
        scheduler_queue(&flight, &ops[i]);
    }
    assert_int_equal(board_all(&flight), 2 * SCHEDULER_START);
    flight.most = 1; /* a slow link */
    assert_int_equal(board_all(&flight), 2 * SCHEDULER_START);
    for (int i = 0; i < 2 * SCHEDULER_START; i++)
        scheduler_leave(&flight, i);
    assert_int_equal(board_all(&flight), 2);
    scheduler_slower(&flight, NS_PER_S); /* the limit of the store counts requests */
    scheduler_leave(&flight, 0);
    assert_int_equal(board_all(&flight), 1);
}

static void one_flies_however_much_it_weighs(void **state)
{
    struct scheduler flight;
    struct store_op ops[2] = {{.verb = STORE_UPLOAD_PART}, {.verb = STORE_GET, .length = 1}};

    (void)state;
    scheduler_init(&flight, 4);
    flight.most = 1;
    scheduler_queue(&flight, &ops[0]);
    scheduler_queue(&flight, &ops[1]);
    assert_int_equal(board_all(&flight), 1);
}

/* Ten seconds with all requests in flight, at this rate for each request, or for all. */
static void fly(struct scheduler *flight, int64_t *now, uint64_t *moved, uint64_t each,
                uint64_t all)
{
    static struct store_op ops[SCHEDULER_SEATS_MAX];

    for (int i = 0; i < 100; i++) {
        while (flight->taken < flight->most) {
            scheduler_queue(flight, &ops[flight->taken]);
            scheduler_board(flight, *now);
        }
        for (unsigned seat = 0; flight->taken > flight->most; seat++)
            if (flight->seats[seat].state != SEAT_FREE)
                scheduler_leave(flight, (int)seat);
        uint64_t rate = each * flight->taken < all ? each * flight->taken : all;
        *now += NS_PER_S / 10;
        *moved += rate / 10;
        scheduler_measure(flight, *moved, true, *now);
        scheduler_good(flight);
    }
}

static void the_rate_decides_how_many_fly(void **state)
{
    struct scheduler flight;
    int64_t now = NS_PER_S;
    uint64_t moved = 0;

    (void)state;
    scheduler_init(&flight, 16);
    assert_int_equal(flight.most, SCHEDULER_START);
    fly(&flight, &now, &moved, MIB, 100 * KIB); /* a slow link: one is enough */
    assert_int_equal(flight.most, 1);
    fly(&flight, &now, &moved, MIB, 300 * KIB);
    assert_int_equal(flight.most, 4);
    fly(&flight, &now, &moved, MIB, 8 * MIB); /* a fast link that is full already */
    assert_in_range(flight.most, SCHEDULER_START, SCHEDULER_START + 2);
    fly(&flight, &now, &moved, 50 * MIB, GIB); /* a long link: more are faster */
    fly(&flight, &now, &moved, 50 * MIB, GIB);
    assert_in_range(flight.most, SCHEDULER_START + 2, 16);
}

static void a_rate_counts_only_while_all_move(void **state)
{
    struct scheduler flight;

    (void)state;
    scheduler_init(&flight, 8);
    for (int i = 1; i < 100; i++)
        scheduler_measure(&flight, 0, i % 8, i * NS_PER_S / 8); /* some responses are late */
    assert_int_equal(flight.most, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seats_in_order_and_no_more_than_there_are),
        cmocka_unit_test(tries_again_when_it_is_time_earliest_first),
        cmocka_unit_test(nobody_departs_while_held),
        cmocka_unit_test(the_queue_can_be_emptied),
        cmocka_unit_test(the_rate_decides_how_many_fly),
        cmocka_unit_test(a_rate_counts_only_while_all_move),
        cmocka_unit_test(slows_down_by_half_and_recovers_one_by_one),
        cmocka_unit_test(short_reads_weigh_what_they_are_long),
        cmocka_unit_test(one_flies_however_much_it_weighs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
