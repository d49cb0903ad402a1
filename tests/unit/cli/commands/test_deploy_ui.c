#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/commands/deploy_ui.h"

static struct deployment deployment = {.app = "shop",
                                       .env = "production",
                                       .unit_count = 1,
                                       .units = {{.unit = "main", .name = "shop"}}};
static struct deploy_result result;
static struct cli cli;
static struct err failure;

static int setup(void **state)
{
    (void)state;
    deploy_result_init(&result);
    strcpy(result.image_ref, "shop:20250721-2118-f7a5a27");
    strcpy(result.previous_ref, "shop:20250720-0900-0a1b2c3");
    strcpy(result.pointer_etag, "\"e\"");
    result.phase_count = 2;
    result.phases[0] = (struct deploy_phase_time){"gate", 3.5};
    result.phases[1] = (struct deploy_phase_time){"drain", 0.5};
    result.unit_count = 1;
    result.units[0] =
        (struct deploy_unit_result){.unit = "main",
                                    .name = "shop",
                                    .container = "c0ffee",
                                    .generation = 8,
                                    .slot = SLOT_GREEN,
                                    .gate = {.kind = "http", .tries = 3, .seconds = 3.5},
                                    .drain_left = -1};
    output_init(&cli.output, true);
    cli.output.command = "deploy";
    cli.output.quiet = true;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    deploy_result_finish(&result);
    output_finish(&cli.output);
    return 0;
}

static void print(const struct err *err, bool dry_run)
{
    const struct deploy_options options = {.deployment = &deployment, .dry_run = dry_run};

    deploy_ui_print(&cli, &options, &result, err);
}

static void assert_data(const struct err *err, const char *const members[])
{
    struct view envelope = output_envelope(&cli.output, err);
    char text[8192];

    assert_true(envelope.size < sizeof text);
    memcpy(text, envelope.data, envelope.size);
    text[envelope.size] = '\0';
    for (size_t i = 0; members[i]; i++)
        if (!strstr(text, members[i]))
            fail_msg("%s is missing in %s", members[i], text);
}

static void a_deployment_is_one_line_and_all_its_data(void **state)
{
    (void)state;
    result.outcome = DEPLOY_DEPLOYED;
    result.recorded = true;
    print(NULL, false);
    assert_string_equal(cli.output.lines.data,
                        "deployed shop:20250721-2118-f7a5a27 to shop/production in 4.0 s\n");
    assert_data(NULL, (const char *const[]){
                          "\"success\": true", "\"app_name\": \"shop\"",
                          "\"environment\": \"production\"", "\"result\": \"deployed\"",
                          "\"previous\": \"shop:20250720-0900-0a1b2c3\"", "\"generation\": 8",
                          "\"slot\": \"green\"", "\"kind\": \"http\"", "\"tries\": 3",
                          "\"left\": -1", "\"forced\": false", "\"phase\": \"drain\"",
                          "\"recorded\": true", "\"hold\": false", "\"pruned\": {", NULL});
}

static void a_failure_has_its_data_and_the_log_too(void **state)
{
    (void)state;
    result.outcome = DEPLOY_FAILED;
    text_str(&result.log, "listening\nout of memory\n");
    err_set(&failure, ERR_DEPLOY, "unhealthy", "the gate failed");
    print(&failure, false);
    assert_string_equal(cli.output.lines.data, "");
    assert_data(&failure, (const char *const[]){"\"success\": false", "\"result\": \"failed\"",
                                                "\"listening\"", "\"out of memory\"",
                                                "\"error_code\": \"deploy.unhealthy\"", NULL});
}

static void nothing_to_do_is_reported(void **state)
{
    (void)state;
    result.outcome = DEPLOY_UNCHANGED;
    print(NULL, false);
    assert_non_null(strstr(cli.output.lines.data, "already: nothing to do"));
    assert_data(NULL, (const char *const[]){"\"result\": \"unchanged\"", NULL});
}

static void a_plan_is_printed_line_by_line(void **state)
{
    (void)state;
    result.outcome = DEPLOY_PLANNED;
    text_str(&result.plan, "would pull 12 MB\nwould create shop.g9\n");
    print(NULL, true);
    assert_string_equal(cli.output.lines.data, "would pull 12 MB\nwould create shop.g9\n");
    assert_data(NULL, (const char *const[]){"\"dry_run\": true", "\"plan\": [",
                                            "\"would create shop.g9\"", NULL});
}

static void a_rollback_is_reported(void **state)
{
    (void)state;
    result.outcome = DEPLOY_ROLLED_BACK;
    result.hold = true;
    print(NULL, false);
    assert_non_null(strstr(cli.output.lines.data, "rolled back shop/production on this host to "));
    assert_data(NULL, (const char *const[]){"\"hold\": true", NULL});
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(a_deployment_is_one_line_and_all_its_data),
        FRESH(a_failure_has_its_data_and_the_log_too),
        FRESH(nothing_to_do_is_reported),
        FRESH(a_plan_is_printed_line_by_line),
        FRESH(a_rollback_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
