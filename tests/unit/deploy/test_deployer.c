/*
 * Single decisions of the commands on a simulated host: what a dry run leaves, what a full disk
 * prevents, which failure of two is reported. Also: which runs write the document of the host, and
 * which container a rollback returns to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/codes.h"
#include "base/err.h"
#include "deploy/deployer.h"
#include "deploy/unit.h"
#include "kit/simulated_host.h"

static struct deployment deployment;
static struct deploy_options options;
static struct simulated_host sim;
static struct deploy_result result;
static char warnings[2048];

static void keep_warning(void *arg, const char *text)
{
    size_t used = strlen(warnings);

    (void)arg;
    snprintf(warnings + used, sizeof warnings - used, "%s\n", text);
}

typedef int command(struct deploy_host *host, const struct deploy_options *options,
                    struct deploy_result *result, struct err *err);

static int run(command *what, struct err *err)
{
    warnings[0] = '\0';
    deploy_result_finish(&result);
    deploy_result_init(&result);
    return what(&sim.host, &options, &result, err);
}

static int run_faulty(command *what, unsigned call, enum sim_fault fault, struct err *err)
{
    sim_begin(&sim, call, fault);
    return run(what, err);
}

static void must(command *what)
{
    struct err err;

    if (run_faulty(what, 0, SIM_KILL_BEFORE, &err))
        fail_msg("%s", err.text);
    assert_string_equal(sim.breach, "");
}

static void must_deploy(unsigned number)
{
    sim_point(&sim, number, SIM_GOOD);
    must(deployer_run);
}

static void set_unit(struct unit_spec *unit, const char *name)
{
    *unit = (struct unit_spec){.port = 8080, .keep = 1, .stop = NS_PER_S, .drain = NS_PER_S};
    str_copy(unit->unit, sizeof unit->unit, name);
    snprintf(unit->name, sizeof unit->name, "shop-%s", name);
}

static int set_up(void **state)
{
    (void)state;
    deployment = (struct deployment){.unit_count = 1, .observe = NS_PER_S};
    str_copy(deployment.app, sizeof deployment.app, "shop");
    str_copy(deployment.env, sizeof deployment.env, "production");
    set_unit(&deployment.units[0], "web");
    set_unit(&deployment.units[1], "worker");
    options =
        (struct deploy_options){.deployment = &deployment, .observer = {.warn = keep_warning}};
    sim_init(&sim, &deployment, SIM_TWO_SERVERS);
    must_deploy(1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    deploy_result_finish(&result);
    return 0;
}

/* ---- the journal ---- */

static void a_dry_run_leaves_a_damaged_journal_where_it_is(void **state)
{
    (void)state;
    must_deploy(2);
    sim_happen(&sim, SIM_JOURNAL_DAMAGED, 9);
    options.dry_run = true;
    must(deployer_rollback);
    assert_true(sim.has_journal);
    assert_int_equal(sim.set_aside, 0);
    must(deployer_run);
    assert_int_equal(sim.set_aside, 0);
    options.dry_run = false;
    must(deployer_rollback);
    assert_int_equal(sim.set_aside, 1);
}

static bool plans_nothing(void)
{
    must(deployer_run);
    return strcmp(result.plan.data, "shop-web: nothing to do\n") == 0;
}

static void a_dry_run_compares_as_the_run_does(void **state)
{
    struct sim_container *serving = sim_named(&sim, 0);

    (void)state;
    options.dry_run = true;
    assert_true(plans_nothing());
    serving->c.facts.health = HEALTH_UNHEALTHY;
    assert_false(plans_nothing());
    serving->c.facts.health = HEALTH_NONE;
    sim.host.proves = true;
    assert_true(plans_nothing());
    digest_text_of(serving->c.facts.image_id, view_str("pushed again"));
    assert_false(plans_nothing());
    assert_non_null(strstr(result.plan.data, "create shop-web"));
    options.dry_run = false;
    must(deployer_run);
    assert_int_equal(result.outcome, DEPLOY_DEPLOYED);
}

static void a_dry_run_names_the_container_that_is_started_again(void **state)
{
    (void)state;
    must_deploy(2);
    sim_point(&sim, 1, SIM_GOOD);
    options.dry_run = true;
    must(deployer_run);
    assert_non_null(strstr(result.plan.data, "start shop-web.g1.retired again"));
    assert_null(strstr(result.plan.data, "create"));
    assert_null(strstr(result.plan.data, "remove"));
}

/* Without the holder of the name, a run finds the container that serves. So does a plan. */
static void a_dry_run_finds_the_container_that_serves(void **state)
{
    (void)state;
    str_copy(deployment.units[0].name, sizeof deployment.units[0].name, "new");
    sim_point(&sim, 2, SIM_GOOD);
    options.dry_run = true;
    must(deployer_run);
    assert_null(strstr(result.plan.data, "take back"));
    assert_non_null(strstr(result.plan.data, "keep new as new.g1.retired"));
}

/* Returns the number of the first call with this name. */
static unsigned find_call(command *what, const char *name)
{
    struct simulated_host before = sim;
    unsigned call = 0;
    struct err err;

    do {
        sim = before;
        sim.fault_name = NULL;
        (void)run_faulty(what, ++call, SIM_KILL_BEFORE, &err);
    } while (sim.fault_name && strcmp(sim.fault_name, name) != 0);
    assert_non_null(sim.fault_name);
    sim = before;
    return call;
}

static void nothing_is_created_if_the_journal_cannot_be_written(void **state)
{
    unsigned count = sim.count;
    struct err err;

    (void)state;
    sim_point(&sim, 2, SIM_GOOD);
    assert_true(
        run_faulty(deployer_run, find_call(deployer_run, "journal_write"), SIM_ERROR_BEFORE, &err));
    assert_int_equal(sim.count, count);
    assert_int_equal(result.outcome, DEPLOY_FAILED);
    assert_null(sim_rest_fault(&sim, NULL));
}

/* ---- two failures ---- */

/* Kills a deployment of two units before the first stop. Both proxies accept the old containers
 * again. */
static void prepare_two_units(void)
{
    struct err err;

    deployment.unit_count = 2;
    must_deploy(2);
    sim_point(&sim, 3, SIM_GOOD);
    assert_true(run_faulty(deployer_run, find_call(deployer_run, "kill"), SIM_KILL_BEFORE, &err));
    sim_happen(&sim, SIM_PROXY_RESTART, 0);
}

/* A proxy that refuses does not end the command; a daemon that fails does, whichever came first. */
static void a_failure_of_the_daemon_comes_before_one_of_a_proxy(void **state)
{
    struct simulated_host before;

    (void)state;
    prepare_two_units();
    before = sim;
    for (unsigned unit = 0; unit < 2; unit++) {
        unsigned both = 0;

        sim = before;
        sim.refusing = 1u << unit;
        must(deployer_converge);
        assert_non_null(strstr(warnings, "stubborn"));
        for (unsigned call = 1; call < 60; call++) {
            struct err err = {0};

            sim = before;
            sim.refusing = 1u << unit;
            both += run_faulty(deployer_converge, call, SIM_ERROR_BEFORE, &err) &&
                    strstr(warnings, "stubborn") && err_is(&err, ERR_DOCKER, "trouble");
        }
        assert_in_range(both, 1, 60);
    }
}

/* ---- the document of the host ---- */

static unsigned records;

static int count_record(struct deploy_host *host, const struct deploy_result *what,
                        const struct err *failure, struct err *err)
{
    (void)host, (void)what, (void)failure, (void)err;
    records++;
    return 0;
}

/* A tick of `watch` reads no pointer. It must not replace a document that reports a failure. */
static void a_tick_that_changes_nothing_writes_no_document(void **state)
{
    struct deploy_host_table counting = *sim.host.table;
    struct err err;

    (void)state;
    counting.record = count_record;
    sim.host.table = &counting;
    options.automatic = true;
    sim_point(&sim, 2, SIM_EXITS);
    records = 0;
    assert_true(run_faulty(deployer_run, 0, SIM_KILL_BEFORE, &err));
    assert_int_equal(records, 1);
    must(deployer_converge);
    assert_int_equal(result.outcome, DEPLOY_UNCHANGED);
    assert_int_equal(records, 1);
    assert_true(run_faulty(deployer_run, 0, SIM_KILL_BEFORE, &err));
    assert_true(err_is(&err, ERR_CONFLICT, CODE_FAILED));
    assert_int_equal(records, 2);
}

/* A tick undoes what a user did. No deployment was taken back. */
static void a_repair_is_no_deployment(void **state)
{
    struct deploy_host_table counting = *sim.host.table;

    (void)state;
    counting.record = count_record;
    sim.host.table = &counting;
    records = 0;
    str_copy(sim_named(&sim, 0)->c.facts.name, DOCKER_NAME_SIZE, "renamed");
    must(deployer_converge);
    assert_non_null(sim_named(&sim, 0));
    assert_int_equal(result.outcome, DEPLOY_UNCHANGED);
    assert_int_equal(records, 0);
}

static unsigned hooks;

static int count_hook(struct deploy_host *host, const struct deploy_hook *hook, struct err *err)
{
    (void)host, (void)hook, (void)err;
    hooks++;
    return 0;
}

/* Each tick finds it. Only the record knows whether the document has it. */
static void a_tick_that_finds_nothing_running_is_no_deployment(void **state)
{
    static char program[] = "notify", *after[] = {program, NULL};
    struct deploy_host_table counting = *sim.host.table;
    struct err err;

    (void)state;
    counting.record = count_record;
    counting.hook = count_hook;
    sim.host.table = &counting;
    deployment.after = after;
    options.automatic = true;
    sim_named(&sim, 0)->c.facts.state = CONTAINER_EXITED;
    records = hooks = 0;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(run_faulty(deployer_converge, 0, SIM_KILL_BEFORE, &err), 0);
        assert_int_equal(result.outcome, DEPLOY_DOWN);
        assert_true(result.repeated);
    }
    assert_int_equal(records, 2);
    assert_int_equal(hooks, 0);
}

static void a_tick_that_finds_no_container_reports_it(void **state)
{
    struct err err;

    (void)state;
    sim_named(&sim, 0)->there = false;
    assert_int_equal(run_faulty(deployer_converge, 0, SIM_KILL_BEFORE, &err), 0);
    assert_int_equal(result.outcome, DEPLOY_DOWN);
}

/* Nothing has served before, so nothing is down. */
static void a_first_deployment_that_failed_stays_failed(void **state)
{
    struct err err;

    (void)state;
    sim_init(&sim, &deployment, SIM_TWO_SERVERS);
    options.automatic = true;
    sim_point(&sim, 2, SIM_EXITS);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(run_faulty(deployer_run, 0, SIM_KILL_BEFORE, &err));
        assert_true(err_is(&err, i ? ERR_CONFLICT : ERR_DEPLOY, i ? CODE_FAILED : CODE_EXITED));
        assert_int_equal(result.outcome, DEPLOY_FAILED);
    }
}

/* The container has the name of the wanted image, and another image. */
static void the_id_of_an_image_decides_if_signatures_are_demanded(void **state)
{
    struct sim_container *serving = sim_named(&sim, 0);
    char proven[sizeof serving->c.facts.image_id];

    (void)state;
    str_copy(proven, sizeof proven, serving->c.facts.image_id);
    str_copy(serving->c.facts.image_id, sizeof serving->c.facts.image_id, "sha256:another");
    must(deployer_run);
    assert_int_equal(result.outcome, DEPLOY_UNCHANGED);
    sim.host.proves = true;
    must(deployer_run);
    assert_int_equal(result.outcome, DEPLOY_DEPLOYED);
    assert_string_equal(sim_named(&sim, 0)->c.facts.image_id, proven);
    must(deployer_run);
    assert_int_equal(result.outcome, DEPLOY_UNCHANGED);
}

static void an_image_that_failed_and_came_back_is_unchanged(void **state)
{
    struct sim_container *serving;
    struct err err;

    (void)state;
    options.automatic = true;
    must_deploy(2);
    serving = sim_named(&sim, 0);
    serving->c.facts.state = CONTAINER_EXITED;
    sim_point(&sim, 2, SIM_EXITS);
    assert_true(run_faulty(deployer_run, 0, SIM_KILL_BEFORE, &err));
    assert_int_equal(result.outcome, DEPLOY_DOWN);
    serving->c.facts.state = CONTAINER_RUNNING; /* by hand */
    assert_int_equal(run_faulty(deployer_run, 0, SIM_KILL_BEFORE, &err), 0);
    assert_int_equal(result.outcome, DEPLOY_UNCHANGED);
}

/* ---- rollbacks ---- */

static void force(void)
{
    options.force = true;
    must(deployer_run);
    options.force = false;
}

static void a_rollback_passes_over_the_same_image(void **state)
{
    (void)state;
    deployment.units[0].keep = 2;
    must_deploy(2);
    force();
    options.dry_run = true;
    must(deployer_rollback);
    assert_non_null(strstr(result.plan.data, "shop:20260701-1001-abcde"));
    options.dry_run = false;
    must(deployer_rollback);
    assert_string_equal(result.image_ref, "shop:20260701-1001-abcde");
    assert_string_equal(warnings, "");
}

static void a_rollback_to_the_same_image_is_named(void **state)
{
    (void)state;
    force();
    must(deployer_rollback);
    assert_string_equal(result.image_ref, "shop:20260701-1001-abcde");
    assert_int_equal(result.units[0].generation, 1);
    assert_non_null(strstr(warnings, "keeps no container of another image"));
}

static unsigned count_retired(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < sim.count; i++)
        count += sim.containers[i].there && container_retired(&sim.containers[i].c);
    return count;
}

/* Such as the image of a container that ended. */
static void the_way_back_survives_another_container_of_the_same_image(void **state)
{
    (void)state;
    must_deploy(2);
    for (unsigned times = 0; times < 3; times++) {
        force();
        assert_int_equal(count_retired(), 2);
    }
    must(deployer_rollback);
    assert_string_equal(result.image_ref, "shop:20260701-1001-abcde");
    assert_string_equal(warnings, "");
    must_deploy(3);
    assert_int_equal(count_retired(), 1);
}

/* The slots of the former containers are not free, so rollbacks create others, with new numbers. */
static void rollbacks_never_return_to_the_replaced_image(void **state)
{
    struct err err;

    (void)state;
    deployment.units[0].keep = 3;
    must_deploy(2);
    must_deploy(3);
    force();
    must(deployer_rollback);
    assert_string_equal(result.image_ref, "shop:20260701-1002-abcde");
    must(deployer_rollback);
    assert_string_equal(result.image_ref, "shop:20260701-1001-abcde");
    assert_true(run_faulty(deployer_rollback, 0, SIM_KILL_BEFORE, &err));
    assert_true(err_is(&err, ERR_NOT_FOUND, CODE_PREVIOUS));
}

static void a_rollback_returns_to_the_former_spec(void **state)
{
    (void)state;
    str_copy(sim.spec, sizeof sim.spec, "spec-2");
    must_deploy(1);
    assert_int_equal(result.units[0].generation, 2);
    must(deployer_rollback);
    assert_int_equal(result.units[0].generation, 1);
    assert_string_equal(warnings, "");
}

/* The image does not tell whether the rollback was completed or taken back. */
static void a_killed_rollback_to_the_former_spec_is_completed(void **state)
{
    struct simulated_host before;
    struct err err;

    (void)state;
    str_copy(sim.spec, sizeof sim.spec, "spec-2");
    must_deploy(1);
    before = sim;
    for (unsigned call = 1; run_faulty(deployer_rollback, call, SIM_KILL_BEFORE, &err); call++) {
        struct simulated_host killed = sim;

        must(deployer_rollback);
        assert_int_equal(result.units[0].generation, 1);
        sim = killed;
        sim_begin(&sim, 0, SIM_KILL_BEFORE);
        if (run(deployer_run, &err)) { /* the rollback had committed */
            assert_true(err_is(&err, ERR_CONFLICT, CODE_HOLD));
            assert_int_equal(result.units[0].generation, 1);
        } else {
            assert_int_equal(result.units[0].generation, 2);
        }
        sim = before;
    }
}

/* ---- stop-first ---- */

static void the_gap_of_a_failed_exchange_is_measured(void **state)
{
    struct err err;

    (void)state;
    deployment.units[0].order = ORDER_STOP_FIRST;
    sim_point(&sim, 2, SIM_SICK);
    assert_true(run_faulty(deployer_run, 0, SIM_KILL_BEFORE, &err));
    assert_int_equal(result.outcome, DEPLOY_ROLLED_BACK);
    assert_true(result.units[0].gap_seconds > 0);
    assert_null(sim_rest_fault(&sim, NULL));
}

/* ---- names ---- */

static void a_name_of_another_deployment_is_named(void **state)
{
    struct err err;

    (void)state;
    str_copy(deployment.env, sizeof deployment.env, "staging");
    sim_point(&sim, 2, SIM_GOOD);
    assert_true(run_faulty(deployer_run, 0, SIM_KILL_BEFORE, &err));
    assert_true(err_is(&err, ERR_CONFLICT, CODE_CONTAINER));
    assert_non_null(strstr(err.text, "shop/production/web"));
    assert_non_null(strstr(err.hint, "another name")); /* --adopt refuses such a container */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_dry_run_compares_as_the_run_does, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_dry_run_names_the_container_that_is_started_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_dry_run_finds_the_container_that_serves, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_dry_run_leaves_a_damaged_journal_where_it_is, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_created_if_the_journal_cannot_be_written, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_failure_of_the_daemon_comes_before_one_of_a_proxy, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_tick_that_changes_nothing_writes_no_document, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_repair_is_no_deployment, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_tick_that_finds_nothing_running_is_no_deployment, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_tick_that_finds_no_container_reports_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_first_deployment_that_failed_stays_failed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_id_of_an_image_decides_if_signatures_are_demanded,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_image_that_failed_and_came_back_is_unchanged, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_rollback_passes_over_the_same_image, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_rollback_to_the_same_image_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_way_back_survives_another_container_of_the_same_image,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(rollbacks_never_return_to_the_replaced_image, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_rollback_returns_to_the_former_spec, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_killed_rollback_to_the_former_spec_is_completed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_gap_of_a_failed_exchange_is_measured, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_name_of_another_deployment_is_named, set_up, tear_down),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
