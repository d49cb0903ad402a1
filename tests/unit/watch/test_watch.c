/* watch: the loop in virtual time. The host of the test has a clock that only sleep moves, an
 * environment that the test moves, and a bucket, a daemon and a disk that can be unavailable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codes.h"
#include "base/random.h"
#include "deploy/deploy_result.h"
#include "kit/sample.h"
#include "watch/watch.h"

#define SECOND NS_PER_S
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)
#define YEAR   (365 * DAY)

/* The time of a test, and its events. */
struct happening {
    int64_t at;
    void (*act)(void);
};

static struct world {
    int64_t now, end;
    uint64_t seed;
    const struct happening *next; /* `act` NULL: the last */
    int pointer;                  /* number of the image that the environment means; 0: none */
    int renewed;                  /* how often it was set to the same image */
    bool demanded;                /* signatures are */
    int built;                    /* how often an image of the same name was pushed */
    bool garbage, away, forbidden, daemon_away, disk_full, locked;
    int bad;      /* this image fails */
    int hook;     /* the hook of this image fails */
    bool foreign; /* a foreign container has the name */
    bool down, forget;
    bool completed;     /* converge completes an interrupted run */
    int hold;           /* a rollback holds this pointer */
    int failed;         /* the image that failed last, as in the record of deploy_run */
    int pulled, serves; /* numbers of images */
    int64_t pull_takes, converge_takes; /* ns */
    int64_t asked;
    unsigned polls, pulls, runs, unchanged, tries, converges, hooks, beats, warnings, notes,
        publishes;
    int64_t last_poll, longest_gap, first_run, polled_while_away;
    bool no_write;
    char events[4096];
} w;

static struct watch_options options;
static struct watch_entry entries[3];
static struct watch_host host;
static struct err err;

/* ---- the host ---- */

static int64_t host_now(void *arg)
{
    (void)arg;
    return w.now;
}

static int64_t host_wall(void *arg)
{
    (void)arg;
    return CLOCK_SOURCE + w.now;
}

static uint64_t host_random(void *arg)
{
    (void)arg;
    return random_next(&w.seed);
}

static bool host_stopped(void *arg)
{
    (void)arg;
    return w.now >= w.end;
}

static void pass_time(int64_t until)
{
    while (w.next && w.next->act && w.next->at <= until) {
        w.now = w.next->at > w.now ? w.next->at : w.now;
        (w.next++)->act();
    }
    w.now = until;
}

static void host_sleep(void *arg, int64_t until)
{
    (void)arg;
    assert_true(until > w.now);
    pass_time(until < w.end ? until : w.end);
}

static void set_target(struct watch_target *target, int number)
{
    *target = (struct watch_target){.demanded = w.demanded};
    snprintf(target->change, sizeof target->change, "\"etag-%d\"", number + 100 * w.renewed);
    snprintf(target->resolved.image.ref, sizeof target->resolved.image.ref,
             "shop:20260101-%04d-abcdef0", number);
}

static enum poll_answer host_poll(void *arg, unsigned at, struct watch_target *out, int64_t *asked,
                                  struct err *why)
{
    (void)arg;
    (void)at;
    w.polls++;
    if (w.last_poll && w.now - w.last_poll > w.longest_gap)
        w.longest_gap = w.now - w.last_poll;
    w.last_poll = w.now;
    *asked = w.asked;
    if (w.away || w.forbidden) {
        w.polled_while_away++;
        if (w.forbidden)
            err_set(why, ERR_AUTH, CODE_DENIED, "forbidden");
        else
            err_set(why, ERR_NETWORK, CODE_REFUSED, "away");
        return POLL_FAILED;
    }
    if (w.garbage) {
        err_set(why, ERR_INTEGRITY, CODE_POINTER, "garbage");
        return POLL_MALFORMED;
    }
    if (!w.pointer)
        return POLL_ABSENT;
    set_target(out, w.pointer);
    return POLL_SAME; /* the loop compares the targets itself */
}

static int number_of(const struct watch_target *target)
{
    return atoi(target->resolved.image.ref + strlen("shop:20260101-"));
}

static int host_pull(void *arg, unsigned at, const struct watch_target *target,
                     char id[DIGEST_TEXT_SIZE], struct err *why)
{
    (void)arg;
    (void)at;
    w.pulls++;
    if (w.away)
        return err_set(why, ERR_NETWORK, CODE_REFUSED, "away");
    if (w.daemon_away)
        return err_set(why, ERR_DOCKER, CODE_UNREACHABLE, "no daemon");
    if (w.disk_full)
        return err_set(why, ERR_LOCAL, CODE_DISK_FULL, "full");
    if (w.pulled != number_of(target) && w.pull_takes)
        pass_time(w.now + w.pull_takes);
    w.pulled = number_of(target);
    snprintf(id, DIGEST_TEXT_SIZE, "sha256:%d-%d", w.pulled, w.built);
    return 0;
}

static void set_served(struct deploy_result *result)
{
    if (w.serves)
        snprintf(result->image_ref, sizeof result->image_ref, "shop:20260101-%04d-abcdef0",
                 w.serves);
}

static int host_converge(void *arg, unsigned at, struct deploy_result *result, struct err *why)
{
    (void)arg;
    (void)at;
    w.converges++;
    pass_time(w.now + w.converge_takes);
    if (w.daemon_away)
        return err_set(why, ERR_DOCKER, CODE_UNREACHABLE, "no daemon");
    if (w.locked)
        return err_set(why, ERR_CONFLICT, CODE_DEPLOY, "locked");
    if (w.foreign)
        return err_set(why, ERR_CONFLICT, CODE_CONTAINER, "somebody else has the name");
    set_served(result);
    result->outcome = w.down ? DEPLOY_DOWN : w.completed ? DEPLOY_DEPLOYED : DEPLOY_UNCHANGED;
    w.completed = false;
    return 0;
}

static int host_deploy(void *arg, unsigned at, struct deploy_result *result, struct err *why)
{
    (void)arg;
    (void)at;
    w.tries++;
    if (w.locked)
        return err_set(why, ERR_CONFLICT, CODE_DEPLOY, "locked");
    if (w.daemon_away)
        return err_set(why, ERR_DOCKER, CODE_UNREACHABLE, "no daemon");
    if (w.away)
        return err_set(why, ERR_NETWORK, CODE_REFUSED, "away");
    if (w.disk_full)
        return err_set(why, ERR_LOCAL, CODE_DISK_FULL, "full");
    if (w.hold == w.pointer)
        return err_set(why, ERR_CONFLICT, CODE_HOLD, "held");
    if (w.failed == w.pointer && !w.forget && (w.serves != w.pointer || w.down))
        return err_set(why, ERR_CONFLICT, CODE_FAILED, "failed before");
    w.forget = false;
    if (w.serves == w.pointer && !w.down && w.bad != w.pointer && w.hook != w.pointer) {
        w.unchanged++;
        result->outcome = DEPLOY_UNCHANGED;
        set_served(result);
        return 0;
    }
    w.runs++;
    if (!w.first_run)
        w.first_run = w.now;
    if (w.hook == w.pointer) {
        set_served(result);
        result->outcome = DEPLOY_FAILED;
        return err_set(why, ERR_DEPLOY, CODE_HOOK, "the hook failed");
    }
    if (w.bad == w.pointer) {
        w.failed = w.bad;
        result->remembered = true;
        set_served(result);
        result->outcome = w.down ? DEPLOY_DOWN : DEPLOY_FAILED;
        return err_set(why, w.down ? ERR_DOWN : ERR_DEPLOY, "unhealthy", "the candidate failed");
    }
    result->outcome = DEPLOY_DEPLOYED;
    w.serves = w.pointer;
    w.down = false;
    set_served(result);
    return 0;
}

static int host_hook(void *arg, unsigned at, const struct watch_target *target, struct err *why)
{
    (void)arg;
    (void)at;
    w.hooks++;
    if (w.bad == number_of(target))
        return err_set(why, ERR_LOCAL, "hook", "the hook failed");
    return 0;
}

static int host_heartbeat(void *arg, unsigned at, struct err *why)
{
    (void)arg;
    (void)at;
    w.beats++;
    return w.no_write ? err_set(why, ERR_AUTH, CODE_DENIED, "read only") : 0;
}

static int host_report(void *arg, const struct watch_event *event, struct err *why)
{
    size_t used = strlen(w.events);

    (void)arg;
    (void)why;
    if (used < sizeof w.events - 64)
        snprintf(w.events + used, sizeof w.events - used, "%s%s %d", used ? ", " : "", event->event,
                 event->image_ref[0] ? atoi(event->image_ref + 14) : 0);
    return 0;
}

static void host_note(void *arg, unsigned at, const char *text)
{
    (void)arg;
    (void)at;
    (void)text;
    w.notes++;
}

static void host_warn(void *arg, unsigned at, const struct err *why)
{
    (void)arg;
    (void)at;
    (void)why;
    w.warnings++;
}

static void host_publish(void *arg, const struct watch_entry *all, unsigned count)
{
    (void)arg;
    (void)all;
    (void)count;
    w.publishes++;
}

/* ---- the tests ---- */

static int set_up(void **state)
{
    (void)state;
    w = (struct world){.now = 5 * DAY, .seed = 42, .pointer = 1, .serves = 1};
    options = (struct watch_options){.interval = 30 * SECOND, .machine = "host-1"};
    host = (struct watch_host){NULL,          host_now,    host_wall, host_random,
                               host_stopped,  host_sleep,  host_poll, host_pull,
                               host_converge, host_deploy, NULL,      NULL,
                               host_report,   host_note,   host_warn, host_publish};
    watch_entry_init(&entries[0], "shop", "production");
    return 0;
}

static void run_for(int64_t time, const struct happening *happenings)
{
    w.end = w.now + time;
    w.next = happenings;
    assert_int_equal(watch_run(&options, &host, entries, 1, &err), 0);
}

#define AT(time) (5 * DAY + (time))

static void move_to_2(void)
{
    w.pointer = 2;
}

static void move_to_3(void)
{
    w.pointer = 3;
}

static void leave(void)
{
    w.away = true;
}

static void come_back(void)
{
    w.away = w.forbidden = w.daemon_away = w.disk_full = w.locked = w.garbage = false;
}

static void a_long_time_without_a_change(void **state)
{
    const int64_t time = test_is_sample() ? 60 * DAY : 2 * YEAR;
    unsigned expected = (unsigned)(time / (30 * SECOND));

    (void)state;
    run_for(time, NULL);
    assert_in_range(w.polls, expected * 999 / 1000, expected * 1001 / 1000);
    assert_true(w.longest_gap <= 33 * SECOND + 1);
    assert_int_equal(w.pulls, 0);
    assert_int_equal(w.tries, 1); /* at the start */
    assert_string_equal(w.events, "");
    assert_int_equal(w.warnings, 0);
    assert_int_equal(entries[0].state, WATCH_CURRENT);
}

static void a_change_is_deployed_within_an_interval(void **state)
{
    static const struct happening plan[] = {{AT(HOUR), move_to_2}, {0, NULL}};

    (void)state;
    run_for(2 * HOUR, plan);
    assert_int_equal(w.serves, 2);
    assert_int_equal(w.runs, 1);
    assert_true(w.first_run - AT(HOUR) <= 33 * SECOND + 1);
    assert_string_equal(w.events, "pulled 2, deployed 2");
    assert_int_equal(entries[0].metrics.runs[METRICS_DEPLOYED], 1);
    assert_true(entries[0].metrics.since > 0);
}

static void the_first_image_of_a_host_is_deployed(void **state)
{
    (void)state;
    w.serves = 0;
    run_for(HOUR, NULL);
    assert_int_equal(w.serves, 1);
    assert_int_equal(w.runs, 1);
}

static void only_the_switch_waits_for_the_splay(void **state)
{
    static const struct happening plan[] = {{AT(HOUR), move_to_2}, {0, NULL}};
    int64_t wait;

    (void)state;
    options.splay = HOUR;
    wait = schedule_splay("host-1", "\"etag-2\"", HOUR);
    assert_true(wait > 5 * 60 * SECOND);
    run_for(HOUR + 2 * 60 * SECOND, plan);
    assert_int_equal(w.pulled, 2);
    assert_int_equal(w.serves, 1);
    assert_int_equal(entries[0].state, WATCH_BEHIND);
    w.end += 2 * HOUR;
    assert_int_equal(watch_run(&options, &host, entries, 1, &err), 0);
    assert_int_equal(w.serves, 2);
    assert_true(w.first_run - AT(HOUR) >= wait);
}

static void an_environment_that_moves_during_a_pull_gets_the_newest(void **state)
{
    static const struct happening plan[] = {
        {AT(HOUR), move_to_2}, {AT(HOUR + 60 * SECOND), move_to_3}, {0, NULL}};

    (void)state;
    w.pull_takes = 5 * 60 * SECOND;
    run_for(3 * HOUR, plan);
    assert_int_equal(w.serves, 3);
    assert_int_equal(w.runs, 1); /* 2 was never switched to */
    assert_string_equal(w.events, "pulled 2, pulled 3, deployed 3");
}

static void an_unreachable_bucket_stops_nothing(void **state)
{
    static const struct happening plan[] = {
        {AT(HOUR), leave}, {AT(5 * DAY), move_to_2}, {AT(10 * DAY), come_back}, {0, NULL}};

    (void)state;
    run_for(10 * DAY + HOUR, plan);
    assert_int_equal(w.serves, 2);
    assert_int_equal(w.warnings, 1); /* one line, not one for each try */
    /* about 7.5 minutes between two tries */
    assert_in_range(w.polled_while_away, 10 * 24 * 6, 10 * 24 * 10);
    assert_true(w.longest_gap <= SCHEDULE_BACKOFF_MOST + SECOND);
    assert_true(w.first_run - AT(10 * DAY) <= SCHEDULE_BACKOFF_MOST + 33 * SECOND);
    assert_int_equal(entries[0].metrics.backoff, 0);
}

static void forbid(void)
{
    w.forbidden = true;
}

static void a_refusal_is_tried_each_quarter_of_an_hour(void **state)
{
    static const struct happening plan[] = {{AT(HOUR), forbid}, {AT(DAY), come_back}, {0, NULL}};

    (void)state;
    run_for(DAY + HOUR, plan);
    assert_in_range(w.polled_while_away, 84, 103);
    assert_int_equal(w.warnings, 1);
    assert_int_equal(entries[0].state, WATCH_CURRENT);
}

static void ask_for_an_hour(void)
{
    w.away = true;
    w.asked = HOUR;
}

static void a_bucket_that_asks_for_time_gets_it(void **state)
{
    static const struct happening plan[] = {{AT(HOUR), ask_for_an_hour}, {0, NULL}};

    (void)state;
    run_for(25 * HOUR, plan);
    assert_in_range(w.polled_while_away, 22, 25);
}

static void stop_daemon(void)
{
    w.daemon_away = true;
}

static void an_unreachable_daemon_is_waited_for(void **state)
{
    static const struct happening plan[] = {
        {AT(HOUR), stop_daemon}, {AT(2 * HOUR), move_to_2}, {AT(2 * DAY), come_back}, {0, NULL}};

    (void)state;
    run_for(2 * DAY + HOUR, plan);
    assert_int_equal(w.serves, 2);
    assert_in_range(w.warnings, 2, 2); /* the containers, and the pull */
    assert_true(w.first_run - AT(2 * DAY) <= SCHEDULE_BACKOFF_MOST + 33 * SECOND);
}

static void a_start_without_bucket_and_daemon_works(void **state)
{
    static const struct happening plan[] = {{AT(DAY), come_back}, {0, NULL}};

    (void)state;
    w.away = w.daemon_away = true;
    w.serves = 0;
    run_for(DAY + HOUR, plan);
    assert_int_equal(w.serves, 1);
}

static void fill_disk(void)
{
    w.disk_full = true;
    w.pointer = 2;
}

static void a_full_disk_is_tried_each_hour(void **state)
{
    static const struct happening plan[] = {{AT(HOUR), fill_disk}, {0, NULL}};

    (void)state;
    run_for(25 * HOUR, plan);
    assert_int_equal(entries[0].state, WATCH_BLOCKED);
    assert_int_equal(entries[0].metrics.blocked, 1);
    assert_in_range(w.tries, 22, 27);
    assert_int_equal(w.warnings, 1);
    assert_int_equal(w.serves, 1);
    come_back();
    w.end += 2 * HOUR;
    assert_int_equal(watch_run(&options, &host, entries, 1, &err), 0);
    assert_int_equal(w.serves, 2);
    assert_int_equal(entries[0].metrics.blocked, 0);
}

static void deploy_by_hand(void)
{
    assert_int_equal(entries[0].metrics.blocked, 1);
    w.disk_full = false;
    w.serves = w.pointer;
}

/* The watcher has not deployed before: it was started while the disk was full. */
static void a_deployment_by_hand_ends_the_wait_for_room(void **state)
{
    static const struct happening plan[] = {{AT(HOUR / 4), deploy_by_hand}, {0, NULL}};

    (void)state;
    fill_disk();
    run_for(HOUR / 2, plan);
    assert_int_equal(entries[0].state, WATCH_CURRENT);
    assert_int_equal(entries[0].metrics.blocked, 0);
    assert_int_equal(w.runs, 0);
}

static void move_to_bad(void)
{
    w.pointer = w.bad = 2;
}

static void a_bad_image_is_not_tried_again_until_the_pointer_moves(void **state)
{
    static const struct happening plan[] = {
        {AT(HOUR), move_to_bad}, {AT(30 * DAY), move_to_3}, {0, NULL}};

    (void)state;
    run_for(30 * DAY, plan);
    assert_int_equal(w.runs, 1);
    assert_int_equal(w.serves, 1);
    assert_int_equal(w.pulls, 1);
    assert_int_equal(entries[0].state, WATCH_FAILED);
    assert_int_equal(entries[0].metrics.behind, 1);
    assert_int_equal(entries[0].metrics.runs[METRICS_RUN_FAILED], 1);
    assert_string_equal(w.events, "pulled 2, failed 2");
    w.end += HOUR;
    assert_int_equal(watch_run(&options, &host, entries, 1, &err), 0);
    assert_int_equal(w.serves, 3);
    assert_int_equal(entries[0].state, WATCH_CURRENT);
}

static void change_spec(void)
{
    w.forget = true; /* deploy_run compares the spec with that of the failure */
    w.bad = 0;
}

static void a_bad_image_is_tried_again_after_a_change_of_the_spec(void **state)
{
    static const struct happening plan[] = {
        {AT(HOUR), move_to_bad}, {AT(DAY), change_spec}, {0, NULL}};

    (void)state;
    run_for(2 * DAY, plan);
    assert_int_equal(w.runs, 2);
    assert_int_equal(w.serves, 2);
    assert_string_equal(w.events, "pulled 2, failed 2, deployed 2");
}

static void move_to_failing_hook(void)
{
    w.pointer = w.hook = 2;
}

static void repair_hook(void)
{
    w.hook = 0;
}

static void a_failing_hook_is_tried_again_with_growing_waits(void **state)
{
    static const struct happening plan[] = {
        {AT(HOUR), move_to_failing_hook}, {AT(DAY), repair_hook}, {0, NULL}};

    (void)state;
    run_for(DAY, plan);
    assert_in_range(w.runs, 23 * 6, 23 * 12); /* about 7.5 minutes between two tries */
    assert_int_equal(w.warnings, 1);
    assert_int_equal(w.serves, 1);
    assert_int_equal(entries[0].state, WATCH_FAILED);
    assert_string_equal(w.events, "pulled 2, failed 2");
    w.end += HOUR;
    assert_int_equal(watch_run(&options, &host, entries, 1, &err), 0);
    assert_int_equal(w.serves, 2);
    assert_string_equal(w.events, "pulled 2, failed 2, deployed 2");
}

static void take_name(void)
{
    w.foreign = true;
}

static void a_foreign_container_is_reported(void **state)
{
    static const struct happening plan[] = {{AT(HOUR), take_name}, {0, NULL}};

    (void)state;
    run_for(DAY, plan);
    assert_int_equal(w.warnings, 1);
    assert_int_equal(w.serves, 1);
}

static void hold_1(void)
{
    w.hold = w.pointer = 2;
}

static void a_rollback_on_this_host_is_not_undone(void **state)
{
    static const struct happening plan[] = {
        {AT(HOUR), hold_1}, {AT(30 * DAY), move_to_3}, {0, NULL}};

    (void)state;
    run_for(30 * DAY, plan);
    assert_int_equal(w.serves, 1);
    assert_int_equal(w.runs, 0);
    assert_int_equal(entries[0].state, WATCH_HELD);
    assert_int_equal(entries[0].metrics.held, 1);
    assert_string_equal(w.events, "pulled 2, held 2");
    w.end += HOUR;
    assert_int_equal(watch_run(&options, &host, entries, 1, &err), 0);
    assert_int_equal(w.serves, 3);
    assert_int_equal(entries[0].metrics.held, 0);
}

static void roll_back_by_hand(void)
{
    w.serves = 2;
    w.hold = 1;
}

static void a_rollback_by_hand_is_noticed_and_kept(void **state)
{
    static const struct happening plan[] = {{AT(HOUR), roll_back_by_hand}, {0, NULL}};

    (void)state;
    run_for(DAY, plan);
    assert_int_equal(w.serves, 2);
    assert_int_equal(entries[0].state, WATCH_HELD);
    assert_int_equal(entries[0].metrics.held, 1);
    assert_string_equal(w.events, "held 1");
}

static void end_held_service(void)
{
    w.down = true;
    w.serves = 0;
}

/* The hold is checked again and again: that must not hide that nothing serves. */
static void a_service_that_ends_under_a_hold_stays_down(void **state)
{
    static const struct happening plan[] = {
        {AT(HOUR), roll_back_by_hand}, {AT(2 * HOUR), end_held_service}, {0, NULL}};

    (void)state;
    run_for(DAY, plan);
    assert_int_equal(entries[0].state, WATCH_DOWN);
    assert_string_equal(w.events, "held 1, down 0");
}

static void interrupt_run(void)
{
    w.completed = true;
    w.serves = 1;
}

/* Another process was killed in the middle of a deployment, while the bucket is away. */
static void a_run_that_converge_completed_is_recorded_later(void **state)
{
    static const struct happening plan[] = {
        {AT(HOUR), leave}, {AT(HOUR), interrupt_run}, {AT(DAY), come_back}, {0, NULL}};

    (void)state;
    run_for(DAY, plan);
    assert_string_equal(w.events, "deployed 1");
    assert_int_equal(w.unchanged, 1); /* at the start */
    w.end += HOUR;
    assert_int_equal(watch_run(&options, &host, entries, 1, &err), 0);
    assert_int_equal(w.unchanged, 2);
    assert_int_equal(w.runs, 0);
    assert_int_equal(entries[0].state, WATCH_CURRENT);
}

/* A process that was killed after its last change has not written the document. */
static void the_start_has_a_run_that_can_write_the_document(void **state)
{
    (void)state;
    run_for(DAY, NULL);
    assert_int_equal(w.unchanged, 1);
    assert_int_equal(w.runs, 0);
    assert_int_equal(w.pulls, 0);
    assert_string_equal(w.events, "");
}

static void renew(void)
{
    w.renewed++;
}

/* It may mean another image of the same name. */
static void an_environment_that_is_set_again_is_proven_again(void **state)
{
    static const struct happening plan[] = {{AT(HOUR), renew}, {0, NULL}};

    (void)state;
    w.demanded = true;
    run_for(DAY, plan);
    assert_int_equal(w.tries, 2);
    assert_int_equal(entries[0].state, WATCH_CURRENT);
    assert_int_equal(set_up(NULL), 0);
    run_for(DAY, plan);
    assert_int_equal(w.tries, 1); /* nothing is demanded: the name decides */
}

static void lose_container(void)
{
    w.serves = 0;
}

static void a_container_that_was_removed_is_made_again(void **state)
{
    static const struct happening plan[] = {{AT(HOUR), lose_container}, {0, NULL}};

    (void)state;
    run_for(2 * HOUR, plan);
    assert_int_equal(w.serves, 1);
    assert_int_equal(w.runs, 1);
    assert_int_equal(entries[0].state, WATCH_CURRENT);
}

static void end_service(void)
{
    w.down = true;
    w.serves = 0;
}

static void a_service_that_ended_is_replaced_at_once(void **state)
{
    static const struct happening plan[] = {{AT(HOUR), end_service}, {0, NULL}};

    (void)state;
    run_for(2 * HOUR, plan);
    assert_int_equal(w.serves, 1);
    assert_int_equal(w.runs, 1);
    assert_true(w.first_run - AT(HOUR) <= 33 * SECOND + 1);
    assert_string_equal(w.events, "down 0, deployed 1");
    assert_int_equal(entries[0].state, WATCH_CURRENT);
}

static void break_service(void)
{
    w.pointer = w.bad = 2;
    w.down = true;
    w.serves = 0;
}

static void restart_by_hand(void)
{
    w.down = false;
    w.serves = 1;
}

static void a_service_that_is_down_is_reported_until_it_serves(void **state)
{
    static const struct happening plan[] = {
        {AT(HOUR), break_service}, {AT(DAY), restart_by_hand}, {0, NULL}};

    (void)state;
    run_for(DAY, plan);
    assert_int_equal(entries[0].state, WATCH_DOWN);
    assert_int_equal(entries[0].metrics.down, 1);
    assert_non_null(strstr(w.events, "down"));
    w.end += HOUR;
    assert_int_equal(watch_run(&options, &host, entries, 1, &err), 0);
    assert_int_equal(entries[0].metrics.down, 0);
    assert_int_equal(entries[0].state, WATCH_FAILED);
}

static void break_image(void)
{
    w.bad = w.pointer;
    w.down = true;
    w.serves = 0;
}

static void start_by_hand(void)
{
    w.bad = 0;
    w.down = false;
    w.serves = w.pointer;
}

/* The document states that nothing runs, until a run replaces it. */
static void a_service_that_comes_back_gets_a_run_for_its_document(void **state)
{
    static const struct happening plan[] = {
        {AT(HOUR), break_image}, {AT(2 * HOUR), start_by_hand}, {0, NULL}};

    (void)state;
    run_for(3 * HOUR, plan);
    assert_non_null(strstr(w.events, "down"));
    assert_int_equal(entries[0].state, WATCH_CURRENT);
    assert_int_equal(w.unchanged, 2); /* one at the start */
}

static void remove_pointer(void)
{
    w.pointer = 0;
}

static void spoil_pointer(void)
{
    w.garbage = true;
}

static void restore_pointer(void)
{
    w.garbage = false;
    w.pointer = 2;
}

static void a_missing_or_damaged_pointer_stops_nothing(void **state)
{
    static const struct happening plan[] = {{AT(HOUR), remove_pointer},
                                            {AT(2 * DAY), spoil_pointer},
                                            {AT(4 * DAY), restore_pointer},
                                            {0, NULL}};

    (void)state;
    run_for(3 * DAY, plan);
    assert_int_equal(w.serves, 1);
    assert_int_equal(w.tries, 1); /* at the start */
    assert_int_equal(entries[0].state, WATCH_MALFORMED);
    assert_int_equal(w.warnings, 1);
    w.end += 2 * DAY;
    assert_int_equal(watch_run(&options, &host, entries, 1, &err), 0);
    assert_int_equal(w.serves, 2);
}

static void lock_and_move(void)
{
    w.locked = true;
    w.pointer = 2;
}

static void a_second_watcher_reports_it_and_waits(void **state)
{
    static const struct happening plan[] = {
        {AT(HOUR), lock_and_move}, {AT(3 * HOUR), come_back}, {0, NULL}};

    (void)state;
    run_for(4 * HOUR, plan);
    assert_int_equal(w.warnings, 1);
    assert_int_equal(w.serves, 2);
    assert_true(w.first_run - AT(3 * HOUR) <= 66 * SECOND); /* no back-off */
}

static void without_deploy_the_hook_runs_once_a_change(void **state)
{
    static const struct happening plan[] = {{AT(HOUR), move_to_2}, {0, NULL}};

    (void)state;
    host.converge = NULL;
    host.deploy = NULL;
    host.hook = host_hook;
    run_for(10 * DAY, plan);
    assert_int_equal(w.hooks, 2); /* at the start, and at the change */
    assert_int_equal(w.converges, 0);
    assert_string_equal(w.events, "pulled 1, pulled 2");
    assert_int_equal(entries[0].state, WATCH_CURRENT);
}

static void build_again(void)
{
    w.built++;
    w.renewed++;
}

static void without_deploy_the_id_decides_if_signatures_are_demanded(void **state)
{
    static const struct happening plan[] = {
        {AT(HOUR), renew}, {AT(2 * HOUR), build_again}, {0, NULL}};

    (void)state;
    host.converge = NULL;
    host.deploy = NULL;
    host.hook = host_hook;
    w.demanded = true;
    run_for(HOUR + 60 * SECOND, plan);
    assert_int_equal(w.pulls, 2);
    assert_int_equal(w.hooks, 1); /* the same image was signed again */
    assert_int_equal(entries[0].state, WATCH_CURRENT);
    run_for(DAY, w.next);
    assert_int_equal(w.hooks, 2);
    assert_string_equal(w.events, "pulled 1, pulled 1");
    assert_int_equal(entries[0].state, WATCH_CURRENT);
}

static void a_hook_that_fails_is_tried_again(void **state)
{
    (void)state;
    host.converge = NULL;
    host.deploy = NULL;
    host.hook = host_hook;
    w.bad = 1;
    run_for(DAY, NULL);
    assert_in_range(w.hooks, 150, 260);
    assert_int_equal(w.warnings, 1);
    assert_string_equal(w.events, "pulled 1");
}

static void heartbeats_have_their_own_interval(void **state)
{
    (void)state;
    host.heartbeat = host_heartbeat;
    options.heartbeat = 15 * 60 * SECOND;
    run_for(30 * DAY, NULL);
    assert_in_range(w.beats, 2850, 2910);
    w.beats = 0;
    w.no_write = true;
    w.end += 30 * DAY;
    assert_int_equal(watch_run(&options, &host, entries, 1, &err), 0);
    assert_in_range(w.beats, 29, 32); /* once a day */
    assert_int_equal(w.warnings, 1);
}

static void entries_do_not_delay_each_other(void **state)
{
    (void)state;
    watch_entry_init(&entries[1], "blog", "production");
    watch_entry_init(&entries[2], "wiki", "staging");
    w.end = w.now + DAY;
    w.next = NULL;
    assert_int_equal(watch_run(&options, &host, entries, 3, &err), 0);
    assert_in_range(w.polls, 3 * 2860, 3 * 2900);
    for (int i = 0; i < 3; i++)
        assert_in_range(entries[i].metrics.polls[METRICS_SAME], 2850, 2910);
}

/* The checks of the containers take longer than an interval, so the loop never sleeps. */
static void a_slow_daemon_does_not_stop_the_polls(void **state)
{
    static const struct happening plan[] = {{AT(HOUR), move_to_2}, {0, NULL}};

    (void)state;
    w.converge_takes = 20 * SECOND;
    watch_entry_init(&entries[1], "blog", "production");
    watch_entry_init(&entries[2], "wiki", "staging");
    w.end = w.now + 2 * HOUR;
    w.next = plan;
    assert_int_equal(watch_run(&options, &host, entries, 3, &err), 0);
    assert_int_equal(w.serves, 2);
    assert_true(w.first_run - AT(HOUR) <= 3 * 60 * SECOND);
    assert_in_range(w.publishes, 60, 250);
}

static void the_summary_names_all_entries(void **state)
{
    char text[200], cut[20];

    (void)state;
    watch_entry_init(&entries[1], "blog", "eu");
    strcpy(entries[0].served, "shop:20260101-0001-abcdef0");
    entries[0].state = WATCH_CURRENT;
    watch_summary(entries, 2, text, sizeof text);
    assert_string_equal(text, "shop/production current 20260101-0001-abcdef0, blog/eu starting");
    watch_summary(entries, 2, cut, sizeof cut);
    assert_string_equal(cut, "shop/production cur");
}

#define TEST(function) cmocka_unit_test_setup(function, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_long_time_without_a_change),
        TEST(a_change_is_deployed_within_an_interval),
        TEST(an_environment_that_is_set_again_is_proven_again),
        TEST(the_first_image_of_a_host_is_deployed),
        TEST(only_the_switch_waits_for_the_splay),
        TEST(an_environment_that_moves_during_a_pull_gets_the_newest),
        TEST(an_unreachable_bucket_stops_nothing),
        TEST(a_refusal_is_tried_each_quarter_of_an_hour),
        TEST(a_bucket_that_asks_for_time_gets_it),
        TEST(an_unreachable_daemon_is_waited_for),
        TEST(a_start_without_bucket_and_daemon_works),
        TEST(a_full_disk_is_tried_each_hour),
        TEST(a_deployment_by_hand_ends_the_wait_for_room),
        TEST(a_bad_image_is_not_tried_again_until_the_pointer_moves),
        TEST(a_bad_image_is_tried_again_after_a_change_of_the_spec),
        TEST(a_failing_hook_is_tried_again_with_growing_waits),
        TEST(a_foreign_container_is_reported),
        TEST(a_rollback_on_this_host_is_not_undone),
        TEST(a_rollback_by_hand_is_noticed_and_kept),
        TEST(a_service_that_ends_under_a_hold_stays_down),
        TEST(a_run_that_converge_completed_is_recorded_later),
        TEST(the_start_has_a_run_that_can_write_the_document),
        TEST(a_container_that_was_removed_is_made_again),
        TEST(a_service_that_ended_is_replaced_at_once),
        TEST(a_service_that_is_down_is_reported_until_it_serves),
        TEST(a_service_that_comes_back_gets_a_run_for_its_document),
        TEST(a_missing_or_damaged_pointer_stops_nothing),
        TEST(a_second_watcher_reports_it_and_waits),
        TEST(without_deploy_the_hook_runs_once_a_change),
        TEST(without_deploy_the_id_decides_if_signatures_are_demanded),
        TEST(a_hook_that_fails_is_tried_again),
        TEST(heartbeats_have_their_own_interval),
        TEST(entries_do_not_delay_each_other),
        TEST(a_slow_daemon_does_not_stop_the_polls),
        TEST(the_summary_names_all_entries),
    };

    return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
