#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "catalog/deployed.h"
#include "deploy/machine.h"
#include "deploy/record.h"
#include "kit/fault_store.h"
#include "kit/scratch.h"

#define OLD  "shop:20250720-2118-aaaaaaa"
#define NEW  "shop:20250721-2118-f7a5a27"
#define KEY  "deployments/shop/production/web-1.json"
#define DAY  (INT64_C(24) * 3600 * NS_PER_S)
#define NOON (INT64_C(1795953600) * NS_PER_S) /* 2026-11-29T12:00:00Z */

/* A bucket with a clock, and rights. */
static struct world {
    struct fault_store fault;
    int64_t now; /* of the store */
    enum store_verb denied;
    bool denies, offline;
    unsigned requests, puts;
    char folder[64], id1[64], id2[64];
} world;

static bool intercept(struct fault_store *fault, struct store_op *op)
{
    world.requests++;
    world.puts += op->verb == STORE_PUT;
    if (world.offline) {
        fault_store_fail(op, ERR_NETWORK, CODE_REFUSED, STORE_NO_ANSWER);
        return true;
    }
    if (world.denies && op->verb == world.denied) {
        op->server_time = world.now;
        fault_store_fail(op, ERR_AUTH, CODE_DENIED, STORE_FORBIDDEN);
        return true;
    }
    fault_store_run(fault, op);
    op->server_time = world.now;
    fault_store_complete(op, op->answer);
    return true;
}

static struct record_options options_of(const char *host, const char *id_file)
{
    return (struct record_options){.store = &world.fault.store,
                                   .app = "shop",
                                   .env = "production",
                                   .state_folder = world.folder,
                                   .heartbeat = 900,
                                   .version = "0.3.0",
                                   .host_name = host,
                                   .id_file = id_file};
}

static void write_file(const char *name, const char *content)
{
    struct err err;

    assert_int_equal(file_replace(path_of(name), view_str(content), 0600, &err), 0);
}

static int open_world(void **state)
{
    char command[64];

    (void)state;
    world = (struct world){.now = NOON};
    snprintf(command, sizeof command, "rm -rf %s/*", dir);
    if (system(command)) /* NOLINT: a fixed command */
        return -1;
    snprintf(world.folder, sizeof world.folder, "%s/state", dir);
    snprintf(world.id1, sizeof world.id1, "%s/id1", dir);
    snprintf(world.id2, sizeof world.id2, "%s/id2", dir);
    fault_store_open(&world.fault, path_of("bucket"), NULL, intercept);
    if (mkdir(world.folder, 0700))
        return -1;
    write_file("id1", "0123456789abcdef0123456789abcdef\n");
    write_file("id2", "fedcba9876543210fedcba9876543210\n");
    return 0;
}

static int close_world(void **state)
{
    (void)state;
    fault_store_close(&world.fault);
    return 0;
}

static struct deployed read_key(const char *key)
{
    struct deployed deployed;
    struct text text;
    struct err err = {0};

    text_init(&text, 64 * KIB);
    assert_int_equal(store_get_document(world.fault.behind, key, &text, NULL, &err), STORE_DONE);
    if (deployed_parse(text_view(&text), &deployed, &err) < 0)
        fail_msg("%s", err.text);
    text_finish(&text);
    return deployed;
}

static bool exists(const char *key)
{
    struct store_info info;
    struct err err;

    return store_head(world.fault.behind, key, &info, &err) == STORE_DONE;
}

/* The image that serves after a run. */
static const char *serving(enum deploy_outcome outcome, const char *failure, const char *image,
                           const char *previous)
{
    if (outcome == DEPLOY_DOWN)
        return "";
    return failure || outcome == DEPLOY_HELD ? previous : image;
}

static int record_as(const struct record_options *options, enum deploy_outcome outcome,
                     bool repeated, const char *image, const char *previous, const char *failure,
                     struct err *err)
{
    struct deploy_result result;
    struct err why;
    int answer;

    deploy_result_init(&result);
    result.outcome = outcome;
    result.repeated = repeated;
    snprintf(result.wanted_ref, sizeof result.wanted_ref, "%s", image);
    snprintf(result.image_ref, sizeof result.image_ref, "%s",
             serving(outcome, failure, image, previous));
    snprintf(result.previous_ref, sizeof result.previous_ref, "%s", previous);
    snprintf(result.pointer_etag, sizeof result.pointer_etag, "\"e\"");
    result.hold = (outcome == DEPLOY_ROLLED_BACK && !failure) || outcome == DEPLOY_HELD;
    digest_text_of(result.image_id, view_str(result.image_ref));
    result.unit_count = 1;
    snprintf(result.units[0].unit, sizeof result.units[0].unit, "main");
    if (failure)
        err_set(&why, ERR_DEPLOY, failure, "why");
    answer = record_result(options, &result, failure ? &why : NULL, err);
    deploy_result_finish(&result);
    return answer;
}

static int record_run(const struct record_options *options, enum deploy_outcome outcome,
                      const char *image, const char *previous, const char *failure, struct err *err)
{
    bool repeated = outcome == DEPLOY_UNCHANGED || outcome == DEPLOY_HELD;

    return record_as(options, outcome, repeated, image, previous, failure, err);
}

static int record_repeated(const struct record_options *options, enum deploy_outcome outcome,
                           const char *image, const char *previous, const char *failure,
                           struct err *err)
{
    return record_as(options, outcome, true, image, previous, failure, err);
}

static struct deployed record_ok(enum deploy_outcome outcome, const char *image,
                                 const char *previous, const char *failure)
{
    const struct record_options options = options_of("web-1", world.id1);
    struct err err = {0};

    if (record_run(&options, outcome, image, previous, failure, &err) != RECORD_WRITTEN)
        fail_msg("%s", err.text);
    return read_key(KEY);
}

/* Removes the note of this host: as a day later. */
static void forget_note(void)
{
    char path[512];

    snprintf(path, sizeof path, "%s/recorded/shop@production", world.folder);
    assert_int_equal(unlink(path), 0);
}

/* ---- the document ---- */

static void the_first_deployment_makes_the_document(void **state)
{
    struct deployed doc = record_ok(DEPLOY_DEPLOYED, OLD, "", NULL);

    (void)state;
    assert_string_equal(doc.host, "web-1");
    assert_int_equal(strlen(doc.machine), 16);
    assert_string_equal(doc.app_name, "shop");
    assert_string_equal(doc.environment, "production");
    assert_string_equal(doc.image_reference, OLD);
    assert_string_equal(doc.result, "deployed");
    assert_string_equal(doc.since, "2026-11-29T12:00:00Z");
    assert_string_equal(doc.seen, "2026-11-29T12:00:00Z");
    assert_string_equal(doc.previous, "");
    assert_string_equal(doc.version, "0.3.0");
    assert_int_equal(doc.heartbeat, 900);
    assert_int_equal(doc.unit_count, 1);
    assert_int_equal(doc.event_count, 1);
    assert_string_equal(doc.events[0].image_reference, OLD);
}

static void a_change_moves_since_and_previous(void **state)
{
    struct deployed doc = record_ok(DEPLOY_DEPLOYED, OLD, "", NULL);

    (void)state;
    world.now += DAY;
    doc = record_ok(DEPLOY_DEPLOYED, NEW, OLD, NULL);
    assert_string_equal(doc.image_reference, NEW);
    assert_string_equal(doc.previous, OLD);
    assert_string_equal(doc.since, "2026-11-30T12:00:00Z");
    assert_int_equal(doc.event_count, 2);
    world.now += DAY;
    forget_note();
    doc = record_ok(DEPLOY_UNCHANGED, NEW, NEW, NULL);
    assert_string_equal(doc.since, "2026-11-30T12:00:00Z");
    assert_string_equal(doc.seen, "2026-12-01T12:00:00Z");
    assert_string_equal(doc.previous, OLD);
    assert_int_equal(doc.event_count, 2); /* nothing happened */
    world.now += DAY;
    doc = record_ok(DEPLOY_ROLLED_BACK, OLD, NEW, NULL); /* --rollback */
    assert_string_equal(doc.image_reference, OLD);
    assert_string_equal(doc.previous, NEW);
    assert_string_equal(doc.since, "2026-12-02T12:00:00Z");
    assert_string_equal(doc.events[0].result, "rolled_back");
    assert_true(doc.hold);
    doc = record_ok(DEPLOY_DEPLOYED, NEW, OLD, NULL);
    assert_false(doc.hold);
}

/* A run with nothing to do sends one request, for the pointer. */
static void the_same_result_is_written_once_a_day(void **state)
{
    const struct record_options options = options_of("web-1", world.id1);
    unsigned before;
    struct err err;

    (void)state;
    record_ok(DEPLOY_DEPLOYED, OLD, "", NULL);
    before = world.requests;
    assert_int_equal(record_run(&options, DEPLOY_UNCHANGED, OLD, OLD, NULL, &err), RECORD_KNOWN);
    assert_int_equal(world.requests, before);
    assert_int_equal(record_run(&options, DEPLOY_UNCHANGED, NEW, NEW, NULL, &err), RECORD_WRITTEN);
    forget_note();
    assert_int_equal(record_run(&options, DEPLOY_UNCHANGED, NEW, NEW, NULL, &err), RECORD_WRITTEN);
    record_ok(DEPLOY_FAILED, OLD, NEW, "unhealthy"); /* the document has the failure now */
    assert_int_equal(record_run(&options, DEPLOY_UNCHANGED, NEW, NEW, NULL, &err), RECORD_WRITTEN);
}

/* A run that was killed after its last change: the next one has nothing to do, and writes it. */
static void the_next_run_writes_what_an_interrupted_one_did_not(void **state)
{
    struct deployed doc = record_ok(DEPLOY_DEPLOYED, OLD, "", NULL);

    (void)state;
    doc = record_ok(DEPLOY_UNCHANGED, NEW, NEW, NULL);
    assert_string_equal(doc.image_reference, NEW);
    assert_string_equal(doc.previous, OLD);
    assert_int_equal(doc.event_count, 2);
    assert_string_equal(doc.events[0].result, "deployed");
    doc = record_ok(DEPLOY_HELD, OLD, OLD, NULL);
    assert_string_equal(doc.image_reference, OLD);
    assert_true(doc.hold);
    assert_int_equal(doc.event_count, 3);
    assert_string_equal(doc.events[0].result, "rolled_back");
    assert_string_equal(doc.events[0].image_reference, OLD);
}

/* An image that failed before is not tried again, and its document is written once. */
static void a_failure_is_written_by_the_next_run(void **state)
{
    const struct record_options options = options_of("web-1", world.id1);
    struct deployed doc = record_ok(DEPLOY_DEPLOYED, OLD, "", NULL);
    struct err err;

    (void)state;
    assert_int_equal(record_repeated(&options, DEPLOY_FAILED, NEW, OLD, "exited", &err),
                     RECORD_WRITTEN);
    doc = read_key(KEY);
    assert_string_equal(doc.image_reference, OLD);
    assert_string_equal(doc.error_code, "deploy.exited");
    assert_int_equal(doc.event_count, 2);
    assert_int_equal(record_repeated(&options, DEPLOY_FAILED, NEW, OLD, "exited", &err),
                     RECORD_KNOWN);
    record_ok(DEPLOY_ROLLED_BACK, NEW, OLD, "exited");
    forget_note();
    assert_int_equal(record_repeated(&options, DEPLOY_FAILED, NEW, OLD, "exited", &err),
                     RECORD_WRITTEN);
    assert_string_equal(read_key(KEY).result, "rolled_back"); /* the same failure */
}

/* Ticks of `watch` find that nothing runs, and do not know why. */
static void down_is_written_once_and_keeps_its_cause(void **state)
{
    const struct record_options options = options_of("web-1", world.id1);
    struct deployed doc = record_ok(DEPLOY_DEPLOYED, OLD, "", NULL);
    struct err err;

    (void)state;
    assert_int_equal(record_repeated(&options, DEPLOY_DOWN, "", OLD, NULL, &err), RECORD_WRITTEN);
    assert_int_equal(record_repeated(&options, DEPLOY_DOWN, "", OLD, NULL, &err), RECORD_KNOWN);
    doc = read_key(KEY);
    assert_string_equal(doc.result, "down");
    assert_string_equal(doc.image_reference, OLD);
    assert_int_equal(doc.event_count, 2);
    assert_string_equal(doc.events[0].result, "down");
    doc = record_ok(DEPLOY_DOWN, NEW, OLD, "exited");
    assert_string_equal(doc.error_code, "deploy.exited");
    assert_int_equal(record_repeated(&options, DEPLOY_DOWN, "", OLD, NULL, &err), RECORD_WRITTEN);
    assert_int_equal(record_repeated(&options, DEPLOY_DOWN, "", OLD, NULL, &err), RECORD_KNOWN);
    doc = read_key(KEY);
    assert_string_equal(doc.error_code, "deploy.exited");
    assert_int_equal(doc.event_count, 3);
}

static void after_a_failure_the_old_image_serves(void **state)
{
    struct deployed doc = record_ok(DEPLOY_DEPLOYED, OLD, "", NULL);

    (void)state;
    world.now += DAY;
    doc = record_ok(DEPLOY_FAILED, NEW, OLD, "unhealthy");
    assert_string_equal(doc.image_reference, OLD);
    assert_string_equal(doc.since, "2026-11-29T12:00:00Z");
    assert_string_equal(doc.result, "failed");
    assert_string_equal(doc.error_code, "deploy.unhealthy");
    assert_string_equal(doc.events[0].image_reference, NEW);
    assert_string_equal(doc.events[0].error_code, "deploy.unhealthy");
    world.now += DAY;
    doc = record_ok(DEPLOY_FAILED, NEW, OLD, "unhealthy"); /* again */
    assert_int_equal(doc.event_count, 2);
    assert_string_equal(doc.events[0].at, "2026-11-30T12:00:00Z");
    doc = record_ok(DEPLOY_ROLLED_BACK, NEW, OLD, "observe");
    assert_string_equal(doc.image_reference, OLD);
    assert_int_equal(doc.event_count, 3);
    doc = record_ok(DEPLOY_HELD, NEW, OLD, NULL);
    assert_string_equal(doc.image_reference, OLD);
    assert_string_equal(doc.error_code, "");
    doc = record_ok(DEPLOY_DOWN, NEW, OLD, "start");
    assert_string_equal(doc.result, "down");
    assert_string_equal(doc.image_reference, OLD); /* the expected record */
}

static void the_last_ten_events_are_kept(void **state)
{
    struct deployed doc;
    char image[64];

    (void)state;
    for (int i = 10; i < 35; i++) {
        snprintf(image, sizeof image, "shop:20250721-21%d-f7a5a27", i);
        doc = record_ok(DEPLOY_DEPLOYED, image, "", NULL);
    }
    assert_int_equal(doc.event_count, DEPLOYED_EVENTS_MAX);
    assert_string_equal(doc.events[0].image_reference, "shop:20250721-2134-f7a5a27");
    assert_string_equal(doc.events[9].image_reference, "shop:20250721-2125-f7a5a27");
}

static void a_heartbeat_changes_the_time_only(void **state)
{
    const struct record_options options = options_of("web-1", world.id1);
    struct deployed before, after;
    struct err err;

    (void)state;
    assert_int_equal(record_heartbeat(&options, &err), RECORD_NOTHING);
    assert_int_equal(world.puts, 0);
    before = record_ok(DEPLOY_DEPLOYED, OLD, "", NULL);
    world.now += DAY;
    assert_int_equal(record_heartbeat(&options, &err), RECORD_WRITTEN);
    after = read_key(KEY);
    assert_string_equal(after.seen, "2026-11-30T12:00:00Z");
    snprintf(after.seen, sizeof after.seen, "%s", before.seen);
    assert_memory_equal(&after, &before, sizeof after);
}

static void a_broken_document_is_replaced(void **state)
{
    const struct record_options options = options_of("web-1", world.id1);
    struct deployed doc;
    struct err err;

    (void)state;
    assert_int_equal(store_put_document(world.fault.behind, KEY, view_str("{\"host\":"), NULL,
                                        false, NULL, &err),
                     STORE_DONE);
    assert_int_equal(record_heartbeat(&options, &err), RECORD_NOTHING);
    doc = record_ok(DEPLOY_DEPLOYED, OLD, "", NULL);
    assert_int_equal(doc.event_count, 1);
}

/* ---- hosts of one name ---- */

static void another_machine_of_the_name_gets_a_suffix(void **state)
{
    const struct record_options other = options_of("WEB-1.", world.id2);
    struct deployed first = record_ok(DEPLOY_DEPLOYED, OLD, "", NULL), second;
    char key[KEY_MAX], machine[MACHINE_SIZE];
    struct err err;

    (void)state;
    assert_int_equal(machine_read(world.id2, world.folder, machine, &err), 0);
    snprintf(key, sizeof key, "deployments/shop/production/web-1-%.6s.json", machine);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(record_run(&other, DEPLOY_DEPLOYED, NEW, "", NULL, &err), RECORD_WRITTEN);
        assert_int_equal(record_heartbeat(&other, &err), RECORD_WRITTEN);
        second = read_key(key);
        assert_string_equal(second.machine, machine);
        assert_string_equal(second.image_reference, NEW);
        assert_int_equal(second.event_count, 1);
        assert_string_equal(read_key(KEY).machine, first.machine);
    }
    assert_string_equal(record_ok(DEPLOY_UNCHANGED, OLD, OLD, NULL).image_reference, OLD);
}

/* A host that was installed anew has another machine id. */
static void the_name_of_a_silent_machine_is_free(void **state)
{
    const struct record_options other = options_of("web-1", world.id2);
    struct deployed doc = record_ok(DEPLOY_DEPLOYED, OLD, "", NULL);
    struct err err;

    (void)state;
    world.now += DAY + NS_PER_S;
    assert_int_equal(record_run(&other, DEPLOY_DEPLOYED, NEW, "", NULL, &err), RECORD_WRITTEN);
    assert_string_not_equal(read_key(KEY).machine, doc.machine);
    assert_int_equal(read_key(KEY).event_count, 1);
    assert_string_equal(read_key(KEY).previous, "");
}

/* It writes at deployments only, so silence means nothing. */
static void the_name_of_a_host_without_heartbeat_is_not_free(void **state)
{
    struct record_options one = options_of("web-1", world.id1);
    const struct record_options other = options_of("web-1", world.id2);
    struct err err;

    (void)state;
    one.heartbeat = 0;
    assert_int_equal(record_run(&one, DEPLOY_DEPLOYED, OLD, "", NULL, &err), RECORD_WRITTEN);
    world.now += 1000 * DAY;
    assert_int_equal(record_run(&other, DEPLOY_DEPLOYED, NEW, "", NULL, &err), RECORD_WRITTEN);
    assert_string_equal(read_key(KEY).image_reference, OLD);
}

/* ---- refusals ---- */

static void a_refusal_is_reported_once_a_day(void **state)
{
    const struct record_options options = options_of("web-1", world.id1);
    char note[512];
    unsigned before;
    struct err err;

    (void)state;
    (void)record_ok(DEPLOY_DEPLOYED, OLD, "", NULL);
    world.denies = true;
    world.denied = STORE_PUT;
    assert_int_equal(record_run(&options, DEPLOY_DEPLOYED, NEW, OLD, NULL, &err), ERR_FAIL);
    assert_true(err_is(&err, ERR_AUTH, CODE_DENIED));
    assert_int_equal(record_run(&options, DEPLOY_DEPLOYED, NEW, OLD, NULL, &err), RECORD_KNOWN);
    before = world.requests;
    assert_int_equal(record_heartbeat(&options, &err), RECORD_KNOWN);
    assert_int_equal(world.requests, before);

    /* a day later, or if the clock of the host was wrong */
    snprintf(note, sizeof note, "%s/unrecorded/shop@production", world.folder);
    assert_int_equal(file_replace(note, view_str("2026-11-01T00:00:00Z\n"), 0600, &err), 0);
    assert_int_equal(record_heartbeat(&options, &err), ERR_FAIL);
    assert_int_equal(record_heartbeat(&options, &err), RECORD_KNOWN);
    assert_int_equal(file_replace(note, view_str("2222-11-01T00:00:00Z\n"), 0600, &err), 0);
    assert_int_equal(record_heartbeat(&options, &err), ERR_FAIL);
    assert_int_equal(file_replace(note, view_str("garbage"), 0600, &err), 0);
    assert_int_equal(record_heartbeat(&options, &err), ERR_FAIL);

    world.denies = false; /* a deployment tries in spite of the note, and ends it */
    assert_int_equal(record_run(&options, DEPLOY_DEPLOYED, NEW, OLD, NULL, &err), RECORD_WRITTEN);
    assert_int_equal(record_heartbeat(&options, &err), RECORD_WRITTEN);
    assert_int_equal(access(note, F_OK), -1);
}

/* Without the right to list, S3 denies a read of an absent object. */
static void a_denied_read_does_not_prevent_the_document(void **state)
{
    (void)state;
    world.denies = true;
    world.denied = STORE_GET;
    assert_string_equal(record_ok(DEPLOY_DEPLOYED, OLD, "", NULL).image_reference, OLD);
}

static void a_bucket_that_is_away_is_no_refusal(void **state)
{
    const struct record_options options = options_of("web-1", world.id1);
    struct err err;

    (void)state;
    world.offline = true;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(record_run(&options, DEPLOY_DEPLOYED, NEW, "", NULL, &err), ERR_FAIL);
        assert_true(err_is(&err, ERR_NETWORK, CODE_REFUSED));
        assert_int_equal(record_heartbeat(&options, &err), ERR_FAIL);
    }
    world.offline = false;
    assert_false(exists(KEY));
}

/* ---- the machine ---- */

static void the_machine_is_a_keyed_digest_of_its_id(void **state)
{
    char one[MACHINE_SIZE], two[MACHINE_SIZE];
    struct err err;

    (void)state;
    /* printf %s ID | openssl dgst -sha256 -hmac dev.s3dock.deployments */
    assert_int_equal(machine_read(world.id1, world.folder, one, &err), 0);
    assert_string_equal(one, "3cd5d5b343924a76");
    assert_int_equal(machine_read(world.id2, world.folder, two, &err), 0);
    assert_string_not_equal(one, two);
    assert_int_equal(access(path_of("state/machine"), F_OK), -1);
}

static void without_an_id_a_random_value_is_kept(void **state)
{
    static const char *const contents[] = {NULL,
                                           "",
                                           "uninitialized\n",
                                           "0123\n",
                                           "00000000000000000000000000000000\n",
                                           "0123456789abcdef0123456789abcdef0\n",
                                           "0123456789ABCDEF0123456789ABCDEF\n"};
    char first[MACHINE_SIZE], again[MACHINE_SIZE];
    struct err err;

    (void)state;
    assert_int_equal(machine_read(path_of("none"), world.folder, first, &err), 0);
    assert_int_equal(strspn(first, "0123456789abcdef"), 16);
    for (size_t i = 1; i < ARRAY_SIZE(contents); i++) {
        write_file("id", contents[i]);
        assert_int_equal(machine_read(path_of("id"), world.folder, again, &err), 0);
        assert_string_equal(again, first);
    }
    write_file("state/machine", "broken");
    assert_int_equal(machine_read(path_of("none"), world.folder, again, &err), 0);
    assert_string_not_equal(again, first);
    assert_int_equal(machine_read(path_of("none"), world.folder, first, &err), 0);
    assert_string_equal(again, first);
    assert_int_equal(machine_read(path_of("none"), path_of("absent"), again, &err), ERR_FAIL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
    const struct CMUnitTest tests[] = {
        TEST(the_first_deployment_makes_the_document),
        TEST(a_change_moves_since_and_previous),
        TEST(the_same_result_is_written_once_a_day),
        TEST(the_next_run_writes_what_an_interrupted_one_did_not),
        TEST(a_failure_is_written_by_the_next_run),
        TEST(down_is_written_once_and_keeps_its_cause),
        TEST(after_a_failure_the_old_image_serves),
        TEST(the_last_ten_events_are_kept),
        TEST(a_heartbeat_changes_the_time_only),
        TEST(a_broken_document_is_replaced),
        TEST(another_machine_of_the_name_gets_a_suffix),
        TEST(the_name_of_a_silent_machine_is_free),
        TEST(the_name_of_a_host_without_heartbeat_is_not_free),
        TEST(a_refusal_is_reported_once_a_day),
        TEST(a_denied_read_does_not_prevent_the_document),
        TEST(a_bucket_that_is_away_is_no_refusal),
        TEST(the_machine_is_a_keyed_digest_of_its_id),
        TEST(without_an_id_a_random_value_is_kept),
    };

    if (scratch_create())
        return 1;
    return cmocka_run_group_tests(tests, NULL, scratch_teardown);
}
