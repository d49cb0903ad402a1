/* The journal of a deployment: what is written is read back, and damage is recognised. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "deploy/journal.h"

static struct docker_container container_of(const char *id, const char *started_at)
{
    struct docker_container container = {0};

    str_copy(container.id, sizeof container.id, id);
    str_copy(container.started_at, sizeof container.started_at, started_at);
    return container;
}

/* A journal in which every member has a value. */
static void fill(struct journal *journal)
{
    struct docker_container container = container_of("c1", "2026-07-01T10:00:00Z");

    memset(journal, 0, sizeof *journal);
    journal->phase = JOURNAL_RETIRE;
    journal->rebuilt = true;
    journal->committed_at = 1234567890123456789;
    str_copy(journal->etag, sizeof journal->etag, "\"etag\"");
    str_copy(journal->ref, sizeof journal->ref, "shop:20260701-1000-abcde");
    str_copy(journal->hold, sizeof journal->hold, JOURNAL_HOLD_ANY);
    str_copy(journal->left, sizeof journal->left, "shop:20260702-1000-abcde");
    str_copy(journal->target, sizeof journal->target, "shop:20260701-1000-abcde");
    str_copy(journal->failure.etag, sizeof journal->failure.etag, "\"bad\"");
    str_copy(journal->failure.ref, sizeof journal->failure.ref, "shop:20260101-1000-abcdef1");
    str_copy(journal->failure.spec, sizeof journal->failure.spec, "0123");
    str_copy(journal->failure.code, sizeof journal->failure.code, "unhealthy");
    str_copy(journal->failure.text, sizeof journal->failure.text, "500 <b>\n\"down\"");
    journal_set_unit(journal, "web", "c1", "c2");
    journal_set_unit(journal, "worker", "", "c3");
    journal_add_stop(journal, &container, 42);
}

static void write_to(const struct journal *journal, struct text *text)
{
    text_init(text, JOURNAL_SIZE_MAX);
    journal_write(journal, text);
    assert_false(text->failed);
}

static void a_written_journal_is_read_back(void **state)
{
    _cleanup_text_ struct text text = {0};
    struct journal journal, read;

    (void)state;
    fill(&journal);
    write_to(&journal, &text);
    assert_true(journal_parse(text_view(&text), &read));
    assert_memory_equal(&journal, &read, sizeof journal);
}

static void entries_of_dropped_units_make_room(void **state)
{
    static struct deployment deployment;
    struct journal journal = {0};
    char name[8];

    (void)state;
    for (int i = 0; i < DEPLOY_UNITS_MAX; i++) {
        snprintf(name, sizeof name, "old%d", i);
        journal_set_unit(&journal, name, "o", "c");
    }
    deployment.unit_count = 2;
    str_copy(deployment.units[0].unit, sizeof deployment.units[0].unit, "new");
    str_copy(deployment.units[1].unit, sizeof deployment.units[1].unit, "old3");
    journal_keep_units(&journal, &deployment);
    journal_set_unit(&journal, "new", "o", "c");
    assert_int_equal(journal.unit_count, 2);
    assert_non_null(journal_unit(&journal, "old3"));
    assert_non_null(journal_unit(&journal, "new"));
}

static void every_damaged_bit_is_recognised(void **state)
{
    _cleanup_text_ struct text text = {0};
    struct journal journal, read;

    (void)state;
    fill(&journal);
    write_to(&journal, &text);
    for (size_t bit = 0; bit < (text.size - 1) * 8; bit++) {
        text.data[bit / 8] ^= (char)(1 << bit % 8);
        if (journal_parse(text_view(&text), &read) && memcmp(&journal, &read, sizeof journal) != 0)
            fail_msg("bit %zu of the journal is turned, and another journal is read", bit);
        text.data[bit / 8] ^= (char)(1 << bit % 8);
    }
}

static void a_shorter_journal_is_damaged(void **state)
{
    _cleanup_text_ struct text text = {0};
    struct journal journal, read;

    (void)state;
    fill(&journal);
    write_to(&journal, &text);
    for (size_t size = 0; size + 1 < text.size; size++)
        assert_false(journal_parse(view_of(text.data, size), &read));
    assert_int_equal(read.unit_count, 0);
}

static void a_stop_is_noted_for_one_start_of_a_container(void **state)
{
    struct docker_container first = container_of("c1", "2026-07-01T10:00:00Z"),
                            again = container_of("c1", "2026-07-01T11:00:00Z");
    struct journal journal = {0};

    (void)state;
    journal_add_stop(&journal, &first, 7);
    assert_non_null(journal_stop(&journal, &first));
    assert_null(journal_stop(&journal, &again));
    journal_drop_stop(&journal, "c1");
    assert_null(journal_stop(&journal, &first));
}

static void the_oldest_stop_is_forgotten_first(void **state)
{
    struct journal journal = {0};
    struct docker_container container;
    char id[] = "ca";

    (void)state;
    for (unsigned i = 0; i <= DEPLOY_UNITS_MAX; i++, id[1]++) {
        container = container_of(id, "");
        journal_add_stop(&journal, &container, i);
    }
    container = container_of("ca", "");
    assert_null(journal_stop(&journal, &container));
    container = container_of("cb", "");
    assert_non_null(journal_stop(&journal, &container));
}

static void a_hold_names_the_pointer_that_was_read_last(void **state)
{
    struct journal journal = {0};

    (void)state;
    journal_set_hold(&journal, true);
    assert_string_equal(journal.hold, JOURNAL_HOLD_ANY);
    str_copy(journal.etag, sizeof journal.etag, "\"deployed\"");
    journal_set_hold(&journal, true);
    assert_string_equal(journal.hold, "\"deployed\"");
    str_copy(journal.failure.etag, sizeof journal.failure.etag, "\"failed\"");
    journal_set_hold(&journal, true);
    assert_string_equal(journal.hold, "\"failed\"");
    assert_false(journal_committed_rollback(&journal));
    journal.phase = JOURNAL_COMMIT;
    assert_true(journal_committed_rollback(&journal));
    journal.phase = JOURNAL_RETIRE;
    assert_true(journal_committed_rollback(&journal));
    journal_set_hold(&journal, false);
    assert_false(journal_committed_rollback(&journal));
    assert_string_equal(journal.hold, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_written_journal_is_read_back),
        cmocka_unit_test(entries_of_dropped_units_make_room),
        cmocka_unit_test(every_damaged_bit_is_recognised),
        cmocka_unit_test(a_shorter_journal_is_damaged),
        cmocka_unit_test(a_stop_is_noted_for_one_start_of_a_container),
        cmocka_unit_test(the_oldest_stop_is_forgotten_first),
        cmocka_unit_test(a_hold_names_the_pointer_that_was_read_last),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
