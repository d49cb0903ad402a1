/*
 * A user changes containers by hand while `before_switch` runs, after the gate. A candidate that
 * does not run any more gets no requests, and the serving container is reported.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "deploy/deployer.h"
#include "kit/simulated_host.h"

static char *hook_argv[] = {(char *)"hook", NULL};
static struct deployment deployment;
static struct deploy_options options;
static struct simulated_host sim;
static struct deploy_result result;

static int deploy(unsigned number, struct err *err)
{
    sim_point(&sim, number, SIM_GOOD);
    sim_begin(&sim, 0, SIM_KILL_BEFORE);
    deploy_result_init(&result);
    return deployer_run(&sim.host, &options, &result, err);
}

static int set_up(void **state)
{
    struct unit_spec *unit = &deployment.units[0];
    struct err err;

    (void)state;
    deployment =
        (struct deployment){.unit_count = 1, .observe = NS_PER_S, .before_switch = hook_argv};
    str_copy(deployment.app, sizeof deployment.app, "shop");
    str_copy(deployment.env, sizeof deployment.env, "production");
    *unit = (struct unit_spec){.port = 8080, .keep = 1, .stop = NS_PER_S, .drain = NS_PER_S};
    str_copy(unit->unit, sizeof unit->unit, "web");
    str_copy(unit->name, sizeof unit->name, "shop-web");
    options = (struct deploy_options){.deployment = &deployment};
    sim_init(&sim, &deployment, SIM_TWO_SERVERS);
    assert_int_equal(deploy(1, &err), 0);
    deploy_result_finish(&result);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    deploy_result_finish(&result);
    return 0;
}

static struct sim_container *candidate(struct simulated_host *host)
{
    return &host->containers[host->count - 1];
}

static void end_candidate(struct simulated_host *host)
{
    candidate(host)->c.facts.state = CONTAINER_EXITED;
}

static void remove_candidate(struct simulated_host *host)
{
    candidate(host)->there = false;
}

static void restart_candidate(struct simulated_host *host)
{
    str_copy(candidate(host)->c.facts.started_at, sizeof candidate(host)->c.facts.started_at,
             "2026-11-29T00:00:00Z");
}

/* Frees the name, and gives it to a foreign container. */
static void take_name(struct simulated_host *host)
{
    str_copy(sim_named(host, 0)->c.facts.name, DOCKER_NAME_SIZE, "shop-web.g1.retired");
    sim_add_foreign(host, "shop-web");
}

static void must_be_refused(void (*meddle)(struct simulated_host *sim))
{
    unsigned slots = sim.units[0].slots;
    struct err err;

    sim.meddle = meddle;
    assert_true(deploy(2, &err));
    assert_true(err_is(&err, ERR_DEPLOY, CODE_EXITED));
    assert_int_equal(result.outcome, DEPLOY_FAILED);
    assert_int_equal(sim.units[0].slots, slots);
    assert_string_equal(sim.breach, "");
    for (unsigned i = 0; i < result.phase_count; i++)
        assert_string_not_equal(result.phases[i].phase, "enter");
}

static void a_candidate_that_ended_gets_no_requests(void **state)
{
    (void)state;
    must_be_refused(end_candidate);
}

static void a_candidate_that_was_removed_gets_no_requests(void **state)
{
    (void)state;
    must_be_refused(remove_candidate);
}

static void a_candidate_that_restarted_gets_no_requests(void **state)
{
    (void)state;
    must_be_refused(restart_candidate);
}

static void the_serving_container_is_reported_though_its_name_is_taken(void **state)
{
    struct err err;

    (void)state;
    sim.meddle = take_name;
    assert_int_equal(deploy(2, &err), 0);
    assert_int_equal(result.outcome, DEPLOY_DEPLOYED);
    assert_string_equal(result.image_ref, sim.pointer_ref);
    assert_string_not_equal(result.units[0].container, "");
}

/* Somebody's container has the name that the old one would get. */
static void a_retired_name_that_is_taken_gets_a_number(void **state)
{
    struct err err;

    (void)state;
    sim_add_foreign(&sim, "shop-web.g1.retired");
    assert_int_equal(deploy(2, &err), 0);
    assert_int_equal(result.outcome, DEPLOY_DEPLOYED);
    assert_null(sim_rest_fault(&sim, sim.pointer_ref));
    assert_string_equal(sim.containers[0].c.facts.name, "shop-web.2.g1.retired");
    deploy_result_finish(&result);
    deploy_result_init(&result);
    assert_int_equal(deployer_rollback(&sim.host, &options, &result, &err), 0);
    assert_null(sim_rest_fault(&sim, NULL));
    assert_int_equal(result.units[0].generation, 1);
}

/* ---- an interrupted run whose request the daemon still executes ---- */

static const struct deploy_host_table *real_table;
static unsigned early_creations;

/* The daemon completes the request of the killed run first: the name is taken. */
static int create_late(struct deploy_host *host, unsigned unit,
                       const struct deploy_creation *creation, char id[DOCKER_ID_SIZE],
                       struct err *err)
{
    if (early_creations == 0)
        return real_table->create(host, unit, creation, id, err);
    if (--early_creations == 0 && real_table->create(host, unit, creation, id, err))
        return ERR_FAIL;
    return err_set(err, ERR_CONFLICT, CODE_CONTAINER, "the name %s is taken", creation->name);
}

static void a_container_that_appears_late_is_replaced(void **state)
{
    struct deploy_host_table table;
    unsigned there = 0;
    struct err err;

    (void)state;
    real_table = sim.host.table;
    table = *real_table;
    table.create = create_late;
    sim.host.table = &table;
    early_creations = 3;
    assert_int_equal(deploy(2, &err), 0);
    assert_int_equal(early_creations, 0);
    assert_null(sim_rest_fault(&sim, sim.pointer_ref));
    for (unsigned i = 0; i < sim.count; i++)
        there += sim.containers[i].there;
    assert_int_equal(there, 2);
    sim.host.table = real_table;
}

/* Another program prunes the images of the daemon. */
static int create_without_image(struct deploy_host *host, unsigned unit,
                                const struct deploy_creation *creation, char id[DOCKER_ID_SIZE],
                                struct err *err)
{
    (void)host, (void)unit, (void)id;
    return err_set(err, ERR_NOT_FOUND, CODE_IMAGE, "no image for container %s", creation->name);
}

static void an_image_that_was_removed_after_the_pull_is_named(void **state)
{
    struct deploy_host_table table;
    struct err err;

    (void)state;
    real_table = sim.host.table;
    table = *real_table;
    table.create = create_without_image;
    sim.host.table = &table;
    assert_true(deploy(2, &err));
    sim.host.table = real_table;
    assert_true(err_is(&err, ERR_NOT_FOUND, CODE_IMAGE));
    assert_non_null(strstr(err.hint, "pulls it again"));
    assert_null(sim_rest_fault(&sim, NULL));
}

/* A rollback pulls nothing. */
static void an_image_that_a_rollback_lacks_is_named(void **state)
{
    struct deploy_host_table table;
    struct err err;

    (void)state;
    assert_int_equal(deploy(2, &err), 0);
    deploy_result_finish(&result);
    sim.containers[0].stale = true;
    real_table = sim.host.table;
    table = *real_table;
    table.create = create_without_image;
    sim.host.table = &table;
    sim_begin(&sim, 0, SIM_KILL_BEFORE);
    deploy_result_init(&result);
    assert_true(deployer_rollback(&sim.host, &options, &result, &err));
    sim.host.table = real_table;
    assert_true(err_is(&err, ERR_NOT_FOUND, CODE_IMAGE));
    assert_non_null(strstr(err.hint, "a rollback pulls no image"));
    assert_null(sim_rest_fault(&sim, NULL));
}

/* A run of another user has another lock. */
static int create_after_another_run(struct deploy_host *host, unsigned unit,
                                    const struct deploy_creation *creation, char id[DOCKER_ID_SIZE],
                                    struct err *err)
{
    if (real_table->create(host, unit, creation, id, err) || real_table->start(host, id, err))
        return ERR_FAIL;
    return err_set(err, ERR_CONFLICT, CODE_CONTAINER, "the name %s is taken", creation->name);
}

static void the_candidate_of_another_run_is_left_alone(void **state)
{
    struct deploy_host_table table;
    struct err err;

    (void)state;
    real_table = sim.host.table;
    table = *real_table;
    table.create = create_after_another_run;
    sim.host.table = &table;
    assert_true(deploy(2, &err));
    assert_true(err_is(&err, ERR_CONFLICT, CODE_DEPLOY));
    assert_non_null(strstr(err.text, "shop-web.g2"));
    sim.host.table = real_table;
}

static void the_name_of_a_foreign_candidate_is_not_waited_for(void **state)
{
    struct err err;

    (void)state;
    sim_add_foreign(&sim, "shop-web.g2");
    assert_true(deploy(2, &err));
    assert_true(err_is(&err, ERR_CONFLICT, CODE_CONTAINER));
    assert_null(sim_rest_fault(&sim, NULL));
}

/* ---- entries that change ---- */

static void a_single_slot_leaves_the_second_one_free(void **state)
{
    struct unit_spec *unit = &deployment.units[0];
    struct err err;

    (void)state;
    unit->order = ORDER_STOP_FIRST;
    unit->slot_ports[SLOT_BLUE] = unit->slot_ports[SLOT_GREEN] = 18081;
    sim_init(&sim, &deployment, SIM_NO_PROXY);
    for (unsigned number = 1; number <= 3; number++) {
        assert_int_equal(deploy(number, &err), 0);
        assert_int_equal(result.units[0].slot, SLOT_BLUE);
        deploy_result_finish(&result);
    }
    unit->order = ORDER_START_FIRST;
    unit->slot_ports[SLOT_GREEN] = 18082;
    assert_int_equal(deploy(4, &err), 0);
    assert_int_equal(result.units[0].slot, SLOT_GREEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_candidate_that_ended_gets_no_requests, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_candidate_that_was_removed_gets_no_requests, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_candidate_that_restarted_gets_no_requests, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_serving_container_is_reported_though_its_name_is_taken,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_retired_name_that_is_taken_gets_a_number, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_container_that_appears_late_is_replaced, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_image_that_was_removed_after_the_pull_is_named, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_image_that_a_rollback_lacks_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_candidate_of_another_run_is_left_alone, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_name_of_a_foreign_candidate_is_not_waited_for, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_single_slot_leaves_the_second_one_free, set_up,
                                        tear_down),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
