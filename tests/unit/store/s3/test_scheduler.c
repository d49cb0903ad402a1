#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "store/s3/scheduler.h"

static void ops_get_slots_in_order(void **state)
{
    struct scheduler scheduler;
    struct store_op ops[3] = {{.verb = STORE_HEAD}};

    (void)state;
    scheduler_init(&scheduler, 2);
    for (int i = 0; i < 3; i++)
        scheduler_queue(&scheduler, &ops[i]);
    int a = scheduler_admit(&scheduler, 0), b = scheduler_admit(&scheduler, 0);
    assert_ptr_equal(scheduler.slots[a].op, &ops[0]);
    assert_ptr_equal(scheduler.slots[b].op, &ops[1]);
    assert_int_equal(scheduler_admit(&scheduler, 0), SCHEDULER_NONE);

    scheduler_start(&scheduler, a);
    assert_ptr_equal(scheduler_release(&scheduler, a), &ops[0]);
    int c = scheduler_admit(&scheduler, 0);
    assert_ptr_equal(scheduler.slots[c].op, &ops[2]);
    assert_int_equal(scheduler_admit(&scheduler, 0), SCHEDULER_NONE);
    assert_false(scheduler_is_idle(&scheduler));
    scheduler_release(&scheduler, b);
    scheduler_release(&scheduler, c);
    assert_true(scheduler_is_idle(&scheduler));
}

static void the_slot_due_first_starts_first(void **state)
{
    struct scheduler scheduler;
    struct store_op ops[2] = {{.verb = STORE_HEAD}};

    (void)state;
    scheduler_init(&scheduler, 2);
    assert_int_equal(scheduler_next_due(&scheduler), INT64_MAX);
    scheduler_queue(&scheduler, &ops[0]);
    scheduler_queue(&scheduler, &ops[1]);
    int a = scheduler_admit(&scheduler, 5), b = scheduler_admit(&scheduler, 5);
    scheduler_start(&scheduler, a);
    scheduler_start(&scheduler, b);
    assert_int_equal(scheduler_due(&scheduler, 1000), SCHEDULER_NONE);
    scheduler_postpone(&scheduler, a, 100);
    scheduler_postpone(&scheduler, b, 50);
    assert_int_equal(scheduler_due(&scheduler, 49), SCHEDULER_NONE);
    assert_int_equal(scheduler_next_due(&scheduler), 50);
    assert_int_equal(scheduler_due(&scheduler, 200), b);
    scheduler_start(&scheduler, b);
    assert_int_equal(scheduler_due(&scheduler, 200), a);
}

static void nothing_starts_before_retry_after(void **state)
{
    struct scheduler scheduler;
    struct store_op op = {.verb = STORE_HEAD};

    (void)state;
    scheduler_init(&scheduler, 2);
    scheduler_queue(&scheduler, &op);
    int slot = scheduler_admit(&scheduler, 5);
    scheduler_hold(&scheduler, 100);
    scheduler_hold(&scheduler, 50); /* the longer one counts */
    assert_int_equal(scheduler_due(&scheduler, 99), SCHEDULER_NONE);
    assert_int_equal(scheduler_next_due(&scheduler), 100);
    assert_int_equal(scheduler_due(&scheduler, 100), slot);
}

static void the_queue_can_be_emptied(void **state)
{
    struct scheduler scheduler;
    struct store_op ops[2] = {{.verb = STORE_HEAD}};

    (void)state;
    scheduler_init(&scheduler, 1);
    scheduler_queue(&scheduler, &ops[0]);
    scheduler_queue(&scheduler, &ops[1]);
    assert_ptr_equal(scheduler_unqueue(&scheduler), &ops[0]);
    assert_ptr_equal(scheduler_unqueue(&scheduler), &ops[1]);
    assert_null(scheduler_unqueue(&scheduler));
    assert_true(scheduler_is_idle(&scheduler));
    scheduler_queue(&scheduler, &ops[0]); /* and filled again */
    assert_ptr_equal(scheduler_unqueue(&scheduler), &ops[0]);
}

static void the_limit_is_halved_and_recovers_by_one(void **state)
{
    struct scheduler scheduler;
    static struct store_op ops[9];

    (void)state;
    scheduler_init(&scheduler, 32);
    for (int i = 0; i < 9; i++) {
        ops[i] = (struct store_op){.verb = STORE_HEAD};
        scheduler_queue(&scheduler, &ops[i]);
    }
    for (int i = 0; i < 8; i++)
        assert_int_equal(scheduler_admit(&scheduler, 0), i);
    scheduler_slow_down(&scheduler, 10 * NS_PER_S);     /* half of the admitted ops */
    scheduler_slow_down(&scheduler, 10 * NS_PER_S + 1); /* within the same second */
    assert_int_equal(scheduler.limit, 4);
    for (int i = 12; i < 20; i++)
        scheduler_slow_down(&scheduler, i * NS_PER_S);
    assert_int_equal(scheduler.limit, 1);
    for (int i = 0; i < 8; i++)
        scheduler_release(&scheduler, i);
    assert_int_not_equal(scheduler_admit(&scheduler, 0), SCHEDULER_NONE);
    for (int i = 0; i < 1 + 2 + 3; i++)
        scheduler_note_success(&scheduler);
    assert_int_equal(scheduler.limit, 4);
    for (int i = 0; i < 1000; i++)
        scheduler_note_success(&scheduler);
    assert_int_equal(scheduler.limit, 32);
}

static unsigned admit_all(struct scheduler *scheduler)
{
    while (scheduler_admit(scheduler, 0) != SCHEDULER_NONE)
        ;
    return scheduler->taken;
}

static void short_reads_weigh_their_length(void **state)
{
    struct scheduler scheduler;
    static struct store_op ops[SCHEDULER_SLOTS_MAX];

    (void)state;
    scheduler_init(&scheduler, 32);
    for (int i = 0; i < 64; i++) { /* one for each slot */
        ops[i] = (struct store_op){.verb = STORE_GET, .length = 8 * KIB};
        scheduler_queue(&scheduler, &ops[i]);
    }
    assert_int_equal(admit_all(&scheduler), 32);
    for (int i = 0; i < 32; i++)
        scheduler_release(&scheduler, i);
    assert_int_equal(scheduler.weight, 0);
    while (scheduler_unqueue(&scheduler))
        ;

    for (int i = 0; i < 64; i++) { /* half the weight: twice as many */
        ops[i].length = SCHEDULER_RATE / 2;
        scheduler_queue(&scheduler, &ops[i]);
    }
    assert_int_equal(admit_all(&scheduler), 2 * SCHEDULER_FIRST);
    scheduler.link_most = 1; /* a slow link */
    assert_int_equal(admit_all(&scheduler), 2 * SCHEDULER_FIRST);
    for (int i = 0; i < 2 * SCHEDULER_FIRST; i++)
        scheduler_release(&scheduler, i);
    assert_int_equal(admit_all(&scheduler), 2);
    scheduler_slow_down(&scheduler, NS_PER_S); /* the store's limit counts requests, not weight */
    scheduler_release(&scheduler, 0);
    assert_int_equal(admit_all(&scheduler), 1);
}

static void one_op_is_admitted_whatever_its_weight(void **state)
{
    struct scheduler scheduler;
    struct store_op ops[2] = {{.verb = STORE_UPLOAD_PART}, {.verb = STORE_GET, .length = 1}};

    (void)state;
    scheduler_init(&scheduler, 4);
    scheduler.link_most = 1;
    scheduler_queue(&scheduler, &ops[0]);
    scheduler_queue(&scheduler, &ops[1]);
    assert_int_equal(admit_all(&scheduler), 1);
}

/* Simulates ten seconds with all slots busy: `each` bytes a second a request, `all` together. */
static void simulate(struct scheduler *scheduler, int64_t *now, uint64_t *moved, uint64_t each,
                     uint64_t all)
{
    static struct store_op ops[SCHEDULER_SLOTS_MAX];

    for (int i = 0; i < 100; i++) {
        while (scheduler->taken < scheduler->link_most) {
            scheduler_queue(scheduler, &ops[scheduler->taken]);
            scheduler_admit(scheduler, *now);
        }
        for (unsigned slot = 0; scheduler->taken > scheduler->link_most; slot++)
            if (scheduler->slots[slot].state != SLOT_FREE)
                scheduler_release(scheduler, (int)slot);
        uint64_t rate = each * scheduler->taken < all ? each * scheduler->taken : all;
        *now += NS_PER_S / 10;
        *moved += rate / 10;
        scheduler_measure(scheduler, *moved, true, *now);
        scheduler_note_success(scheduler);
    }
}

static void the_rate_sets_the_link_limit(void **state)
{
    struct scheduler scheduler;
    int64_t now = NS_PER_S;
    uint64_t moved = 0;

    (void)state;
    scheduler_init(&scheduler, 16);
    assert_int_equal(scheduler.link_most, SCHEDULER_FIRST);
    simulate(&scheduler, &now, &moved, MIB, 100 * KIB); /* slow link: one request */
    assert_int_equal(scheduler.link_most, 1);
    simulate(&scheduler, &now, &moved, MIB, 300 * KIB);
    assert_int_equal(scheduler.link_most, 4);
    simulate(&scheduler, &now, &moved, MIB, 8 * MIB); /* fast link, full with the first requests */
    assert_in_range(scheduler.link_most, SCHEDULER_FIRST, SCHEDULER_FIRST + 2);
    simulate(&scheduler, &now, &moved, 50 * MIB, GIB); /* long link: each request adds rate */
    simulate(&scheduler, &now, &moved, 50 * MIB, GIB);
    assert_in_range(scheduler.link_most, SCHEDULER_FIRST + 2, 16);
}

static void the_rate_counts_only_while_all_requests_move(void **state)
{
    struct scheduler scheduler;

    (void)state;
    scheduler_init(&scheduler, 8);
    for (int i = 1; i < 100; i++)
        scheduler_measure(&scheduler, 0, i % 8, i * NS_PER_S / 8); /* now and then one waits */
    assert_int_equal(scheduler.link_most, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ops_get_slots_in_order),
        cmocka_unit_test(the_slot_due_first_starts_first),
        cmocka_unit_test(nothing_starts_before_retry_after),
        cmocka_unit_test(the_queue_can_be_emptied),
        cmocka_unit_test(the_rate_sets_the_link_limit),
        cmocka_unit_test(the_rate_counts_only_while_all_requests_move),
        cmocka_unit_test(the_limit_is_halved_and_recovers_by_one),
        cmocka_unit_test(short_reads_weigh_their_length),
        cmocka_unit_test(one_op_is_admitted_whatever_its_weight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
