#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "store/s3/scheduler.h"

static void seats_in_order_and_no_more_than_there_are(void **state)
{
    struct flight flight;
    struct store_op ops[3] = {{.verb = STORE_HEAD}};

    (void)state;
    flight_init(&flight, 2);
    for (int i = 0; i < 3; i++)
        flight_queue(&flight, &ops[i]);
    int a = flight_board(&flight, 0), b = flight_board(&flight, 0);
    assert_ptr_equal(flight.seats[a].op, &ops[0]);
    assert_ptr_equal(flight.seats[b].op, &ops[1]);
    assert_int_equal(flight_board(&flight, 0), FLIGHT_NONE);

    flight_depart(&flight, a);
    assert_ptr_equal(flight_leave(&flight, a), &ops[0]);
    int c = flight_board(&flight, 0);
    assert_ptr_equal(flight.seats[c].op, &ops[2]);
    assert_int_equal(flight_board(&flight, 0), FLIGHT_NONE);
    assert_false(flight_empty(&flight));
    flight_leave(&flight, b);
    flight_leave(&flight, c);
    assert_true(flight_empty(&flight));
}

static void tries_again_when_it_is_time_earliest_first(void **state)
{
    struct flight flight;
    struct store_op ops[2] = {{.verb = STORE_HEAD}};

    (void)state;
    flight_init(&flight, 2);
    assert_int_equal(flight_next(&flight), INT64_MAX);
    flight_queue(&flight, &ops[0]);
    flight_queue(&flight, &ops[1]);
    int a = flight_board(&flight, 5), b = flight_board(&flight, 5);
    flight_depart(&flight, a);
    flight_depart(&flight, b);
    assert_int_equal(flight_due(&flight, 1000), FLIGHT_NONE);
    flight_again(&flight, a, 100);
    flight_again(&flight, b, 50);
    assert_int_equal(flight_due(&flight, 49), FLIGHT_NONE);
    assert_int_equal(flight_next(&flight), 50);
    assert_int_equal(flight_due(&flight, 200), b);
    flight_depart(&flight, b);
    assert_int_equal(flight_due(&flight, 200), a);
}

static void nobody_departs_while_held(void **state)
{
    struct flight flight;
    struct store_op op = {.verb = STORE_HEAD};

    (void)state;
    flight_init(&flight, 2);
    flight_queue(&flight, &op);
    int seat = flight_board(&flight, 5);
    flight_hold(&flight, 100);
    flight_hold(&flight, 50); /* the longer one counts */
    assert_int_equal(flight_due(&flight, 99), FLIGHT_NONE);
    assert_int_equal(flight_next(&flight), 100);
    assert_int_equal(flight_due(&flight, 100), seat);
}

static void the_queue_can_be_emptied(void **state)
{
    struct flight flight;
    struct store_op ops[2] = {{.verb = STORE_HEAD}};

    (void)state;
    flight_init(&flight, 1);
    flight_queue(&flight, &ops[0]);
    flight_queue(&flight, &ops[1]);
    assert_ptr_equal(flight_unqueue(&flight), &ops[0]);
    assert_ptr_equal(flight_unqueue(&flight), &ops[1]);
    assert_null(flight_unqueue(&flight));
    assert_true(flight_empty(&flight));
    flight_queue(&flight, &ops[0]); /* and filled again */
    assert_ptr_equal(flight_unqueue(&flight), &ops[0]);
}

static void slows_down_by_half_and_recovers_one_by_one(void **state)
{
    struct flight flight;
    static struct store_op ops[9];

    (void)state;
    flight_init(&flight, 32);
    for (int i = 0; i < 9; i++) {
        ops[i] = (struct store_op){.verb = STORE_HEAD};
        flight_queue(&flight, &ops[i]);
    }
    for (int i = 0; i < 8; i++)
        assert_int_equal(flight_board(&flight, 0), i);
    flight_slower(&flight, 10 * NS_PER_S);     /* half of those that fly */
    flight_slower(&flight, 10 * NS_PER_S + 1); /* the same complaint, heard twice */
    assert_int_equal(flight.limit, 4);
    for (int i = 12; i < 20; i++)
        flight_slower(&flight, i * NS_PER_S);
    assert_int_equal(flight.limit, 1);
    for (int i = 0; i < 8; i++)
        flight_leave(&flight, i);
    assert_int_not_equal(flight_board(&flight, 0), FLIGHT_NONE);
    for (int i = 0; i < 1 + 2 + 3; i++)
        flight_good(&flight);
    assert_int_equal(flight.limit, 4);
    for (int i = 0; i < 1000; i++)
        flight_good(&flight);
    assert_int_equal(flight.limit, 32);
}

static unsigned board_all(struct flight *flight)
{
    while (flight_board(flight, 0) != FLIGHT_NONE)
        ;
    return flight->taken;
}

static void short_reads_weigh_what_they_are_long(void **state)
{
    struct flight flight;
    static struct store_op ops[FLIGHT_SEATS_MAX];

    (void)state;
    flight_init(&flight, 32);
    for (int i = 0; i < 64; i++) { /* as many as there are seats */
        ops[i] = (struct store_op){.verb = STORE_GET, .length = 8 * KIB};
        flight_queue(&flight, &ops[i]);
    }
    assert_int_equal(board_all(&flight), 32);
    for (int i = 0; i < 32; i++)
        flight_leave(&flight, i);
    assert_int_equal(flight.weight, 0);
    while (flight_unqueue(&flight))
        ;

    for (int i = 0; i < 64; i++) { /* half as much each: twice as many */
        ops[i].length = FLIGHT_RATE / 2;
        flight_queue(&flight, &ops[i]);
    }
    assert_int_equal(board_all(&flight), 2 * FLIGHT_START);
    flight.most = 1; /* a slow link */
    assert_int_equal(board_all(&flight), 2 * FLIGHT_START);
    for (int i = 0; i < 2 * FLIGHT_START; i++)
        flight_leave(&flight, i);
    assert_int_equal(board_all(&flight), 2);
    flight_slower(&flight, NS_PER_S); /* a store that asks for less counts requests */
    flight_leave(&flight, 0);
    assert_int_equal(board_all(&flight), 1);
}

static void one_flies_however_much_it_weighs(void **state)
{
    struct flight flight;
    struct store_op ops[2] = {{.verb = STORE_UPLOAD_PART}, {.verb = STORE_GET, .length = 1}};

    (void)state;
    flight_init(&flight, 4);
    flight.most = 1;
    flight_queue(&flight, &ops[0]);
    flight_queue(&flight, &ops[1]);
    assert_int_equal(board_all(&flight), 1);
}

/* Ten seconds of full air, at this rate for each request in it, or for all. */
static void fly(struct flight *flight, int64_t *now, uint64_t *moved, uint64_t each, uint64_t all)
{
    static struct store_op ops[FLIGHT_SEATS_MAX];

    for (int i = 0; i < 100; i++) {
        while (flight->taken < flight->most) {
            flight_queue(flight, &ops[flight->taken]);
            flight_board(flight, *now);
        }
        for (unsigned seat = 0; flight->taken > flight->most; seat++)
            if (flight->seats[seat].state != SEAT_FREE)
                flight_leave(flight, (int)seat);
        uint64_t rate = each * flight->taken < all ? each * flight->taken : all;
        *now += NS_PER_S / 10;
        *moved += rate / 10;
        flight_measure(flight, *moved, true, *now);
        flight_good(flight);
    }
}

static void the_rate_decides_how_many_fly(void **state)
{
    struct flight flight;
    int64_t now = NS_PER_S;
    uint64_t moved = 0;

    (void)state;
    flight_init(&flight, 16);
    assert_int_equal(flight.most, FLIGHT_START);
    fly(&flight, &now, &moved, MIB, 100 * KIB); /* a slow link: one is enough */
    assert_int_equal(flight.most, 1);
    fly(&flight, &now, &moved, MIB, 300 * KIB);
    assert_int_equal(flight.most, 4);
    fly(&flight, &now, &moved, MIB, 8 * MIB); /* a fast one that is full with what there was */
    assert_in_range(flight.most, FLIGHT_START, FLIGHT_START + 2);
    fly(&flight, &now, &moved, 50 * MIB, GIB); /* a long one: the more, the faster */
    fly(&flight, &now, &moved, 50 * MIB, GIB);
    assert_in_range(flight.most, FLIGHT_START + 2, 16);
}

static void a_rate_counts_only_while_all_move(void **state)
{
    struct flight flight;

    (void)state;
    flight_init(&flight, 8);
    for (int i = 1; i < 100; i++)
        flight_measure(&flight, 0, i % 8, i * NS_PER_S / 8); /* somebody thinks, now and then */
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
