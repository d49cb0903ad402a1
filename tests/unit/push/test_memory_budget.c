#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "push/memory_budget.h"
#include "push/plan/bases.h"
#include "push/plan/own_chunks.h"
#include "transfer/transfer.h"

#define GIGABYTE UINT64_C(1000000000)

static struct memory_budget_input input_of(size_t memory, unsigned jobs)
{
    return (struct memory_budget_input){.limits = STORE_LIMITS, .memory = memory, .jobs = jobs};
}

static void equal_parts_grow_with_the_stream(void **state)
{
    (void)state;
    assert_int_equal(memory_budget_part_size(&STORE_LIMITS, 0), 8 * MIB);
    assert_int_equal(memory_budget_part_size(&STORE_LIMITS, 70 * GIGABYTE), 8 * MIB);
    assert_int_equal(memory_budget_part_size(&STORE_LIMITS, 80 * GIGABYTE), 16 * MIB);
    assert_int_equal(memory_budget_part_size(&STORE_LIMITS, 300 * GIGABYTE), 32 * MIB);
}

static void the_default_fits_its_memory(void **state)
{
    struct memory_budget_input input = input_of(0, 4);
    struct memory_budget budget = memory_budget_of(&input, 0);

    (void)state;
    assert_int_equal(budget.jobs, 4);
    assert_int_equal(budget.buffers, 14);
    assert_int_equal(budget.part_size, 8 * MIB);
    assert_in_range(budget.parts, 4, 12);
    assert_true(budget.bytes <= TRANSFER_MEMORY);
}

static void every_amount_of_memory_makes_a_push_possible(void **state)
{
    (void)state;
    for (size_t memory = TRANSFER_MEMORY_MIN; memory < 512 * MIB; memory += 7 * MIB)
        for (unsigned jobs = 0; jobs <= TRANSFER_JOBS_MAX; jobs += 4) {
            struct memory_budget_input input = input_of(memory, jobs);
            struct memory_budget budget = memory_budget_of(&input, 0);

            assert_in_range(budget.parts, 2, 12);
            assert_true(budget.buffers >= 2);
            assert_true(budget.bytes <= memory);
        }
}

/* The table of own chunks has its share, too. */
static void a_thin_push_leaves_room_for_its_own_chunks(void **state)
{
    (void)state;
    for (unsigned jobs = 1; jobs <= TRANSFER_JOBS_MAX; jobs += 5) {
        struct memory_budget_input input = input_of(0, jobs);
        uint64_t most;

        input.thin = true;
        most = memory_budget_indexes(&input);
        assert_true(memory_budget_of(&input, 0).bytes + OWN_CHUNKS_BYTES <= TRANSFER_MEMORY);
        assert_true(BASES_MEMORY(most) + memory_budget_least(&input) + OWN_CHUNKS_BYTES <=
                    TRANSFER_MEMORY);
        assert_true(memory_budget_of(&input, most).bytes + BASES_MEMORY(most) + OWN_CHUNKS_BYTES <=
                    TRANSFER_MEMORY);
    }
}

/* The indexes use what the least buffers and parts leave, and the rest still fits. */
static void bases_get_what_is_left(void **state)
{
    (void)state;
    for (size_t memory = TRANSFER_MEMORY_MIN; memory < 512 * MIB; memory += 7 * MIB) {
        struct memory_budget_input input = input_of(memory, 2);
        uint64_t most = memory_budget_indexes(&input);
        struct memory_budget budget;

        assert_int_equal(most > 0, memory > memory_budget_least(&input));
        if (!most)
            continue;
        budget = memory_budget_of(&input, most);
        assert_true(budget.parts >= 4);
        assert_true(budget.buffers >= 2);
        assert_true(budget.bytes + BASES_MEMORY(most) <= memory);
        input.thin = true;
        budget = memory_budget_of(&input, most);
        assert_int_equal(budget.part_size, STORE_LIMITS.part_size);
        assert_true(budget.parts >= 2);
        assert_true(budget.bytes + BASES_MEMORY(most) <= memory);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thin_push_leaves_room_for_its_own_chunks),
        cmocka_unit_test(equal_parts_grow_with_the_stream),
        cmocka_unit_test(the_default_fits_its_memory),
        cmocka_unit_test(every_amount_of_memory_makes_a_push_possible),
        cmocka_unit_test(bases_get_what_is_left),
    };

    return cmocka_run_group_tests_name("memory_budget", tests, NULL, NULL);
}
