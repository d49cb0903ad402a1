/*
 * Foreign containers with labels of s3dock, which a tool or `docker commit` copied. They are not
 * stopped and not removed, and do not count as the serving container.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "deploy/deployer.h"
#include "kit/simulated_host.h"

static struct deployment deployment;
static struct deploy_options options;
static struct simulated_host sim;
static char warnings[4096];

static void keep_warning(void *arg, const char *text)
{
    (void)arg;
    strncat(warnings, text, sizeof warnings - strlen(warnings) - 1);
}

static void set_deployment(void)
{
    struct unit_spec *unit = &deployment.units[0];

    deployment = (struct deployment){.unit_count = 1, .observe = NS_PER_S};
    strcpy(deployment.app, "shop");
    strcpy(deployment.env, "production");
    *unit = (struct unit_spec){.port = 8080, .keep = 1, .stop = NS_PER_S, .drain = NS_PER_S};
    strcpy(unit->unit, "web");
    strcpy(unit->name, "shop-web");
    options =
        (struct deploy_options){.deployment = &deployment, .observer = {.warn = keep_warning}};
    warnings[0] = '\0';
}

static void deploy(unsigned number)
{
    struct deploy_result result;
    struct err err = {0};

    sim_point(&sim, number, SIM_GOOD);
    sim_begin(&sim, 0, SIM_KILL_BEFORE);
    deploy_result_init(&result);
    if (deployer_run(&sim.host, &options, &result, &err))
        fail_msg("deployment %u fails: %s", number, err.text);
    deploy_result_finish(&result);
}

/* Returns the number of a container with the labels of the one that serves. */
static unsigned add_copy(const char *name)
{
    unsigned at = sim.count++;

    sim.containers[at] = *sim_named(&sim, 0);
    snprintf(sim.containers[at].c.facts.id, DOCKER_ID_SIZE, "%064x", 0xc0ffee + at);
    strcpy(sim.containers[at].c.facts.name, name);
    return at;
}

static int set_up(void **state)
{
    (void)state;
    set_deployment();
    sim_init(&sim, &deployment, SIM_TWO_SERVERS);
    deploy(1);
    deploy(2);
    return 0;
}

static void assert_untouched(unsigned at, const char *name)
{
    const struct sim_container *copy = &sim.containers[at];

    assert_true(copy->there);
    assert_int_equal(copy->c.facts.state, CONTAINER_RUNNING);
    assert_int_equal(copy->terms, 0);
    assert_string_equal(copy->c.facts.name, name);
}

static void a_copy_survives_deployments(void **state)
{
    unsigned at = add_copy("shop-debug");

    (void)state;
    deploy(3);
    assert_untouched(at, "shop-debug");
    deploy(3);
    assert_untouched(at, "shop-debug");
    assert_non_null(strstr(warnings, "shop-debug"));
}

static void a_copy_that_runs_is_no_work(void **state)
{
    unsigned at = add_copy("shop-debug"), calls;

    (void)state;
    deploy(2);
    calls = sim.calls;
    assert_untouched(at, "shop-debug");
    sim.containers[at].there = false;
    deploy(2);
    assert_int_equal(calls, sim.calls);
    assert_string_equal(warnings, "");
}

static void a_copy_is_not_taken_for_one_that_serves(void **state)
{
    unsigned at = add_copy("shop-debug");

    (void)state;
    /* For a moment, no container has the name of the serving one. */
    strcpy(sim_named(&sim, 0)->c.facts.name, "shop-web.g2");
    deploy(2);
    assert_untouched(at, "shop-debug");
    assert_int_equal(sim_named(&sim, 0)->c.labels.generation, 2);
}

static void a_container_that_was_renamed_gets_its_name_back(void **state)
{
    struct sim_container *serving = sim_named(&sim, 0);

    (void)state;
    strcpy(serving->c.facts.name, "somebody-renamed-it");
    deploy(2);
    assert_ptr_equal(sim_named(&sim, 0), serving);
}

static void a_new_name_in_the_entry_moves_the_container(void **state)
{
    struct sim_container *serving = sim_named(&sim, 0);

    (void)state;
    strcpy(deployment.units[0].name, "store-web");
    deploy(2);
    assert_string_equal(serving->c.facts.name, "store-web");
    deploy(3);
    assert_null(sim_rest_fault(&sim, sim.pointer_ref));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_copy_survives_deployments, set_up),
        cmocka_unit_test_setup(a_copy_that_runs_is_no_work, set_up),
        cmocka_unit_test_setup(a_copy_is_not_taken_for_one_that_serves, set_up),
        cmocka_unit_test_setup(a_container_that_was_renamed_gets_its_name_back, set_up),
        cmocka_unit_test_setup(a_new_name_in_the_entry_moves_the_container, set_up),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
