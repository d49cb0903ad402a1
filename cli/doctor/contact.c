/*
 * One HEAD of a key that does not exist shows whether the endpoint responds and accepts the
 * credentials. Its response also has the clock of the store and the region of the bucket.
 */
#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/probe.h"

#define CLOCK_FINE (60 * NS_PER_S)

static void check_clock(struct probe *p, int64_t server_time)
{
    int64_t ahead = clock_wall() - server_time;
    double seconds = (double)(ahead < 0 ? -ahead : ahead) / (double)NS_PER_S;

    if (!server_time)
        return;
    if (ahead > -CLOCK_FINE && ahead < CLOCK_FINE)
        doctor_ok(p->doctor, "clock", "differs from the store's by at most %.0f s", seconds + 1);
    else
        doctor_warning(p->doctor, "clock", "set this machine's clock (timedatectl set-ntp true)",
                       "%.0f s %s the store's: requests are signed with the store's time, which "
                       "costs each run one request",
                       seconds, ahead > 0 ? "ahead of" : "behind");
}

static void check_region(struct probe *p, const struct store_stats *before)
{
    struct store_stats now;
    struct err hint;

    store_stats(p->store, &now);
    if (!strcmp(before->region, now.region))
        return;
    err_hint(&hint, "set \"region\" to \"%s\"", now.region);
    doctor_warning(p->doctor, "region", hint.hint,
                   "the bucket is in %s, not in %s, which costs each run one request", now.region,
                   before->region);
}

static void create_bucket(struct probe *p)
{
    struct store_op op = {.verb = STORE_BUCKET_CREATE};
    struct store_stats now;
    struct err err;

    if (store_run(p->store, &op, &err) == STORE_DONE) {
        store_stats(p->store, &now);
        doctor_ok(p->doctor, "bucket", "the bucket was created%s%s", now.region[0] ? " in " : "",
                  now.region);
        return;
    }
    doctor_found(p->doctor, "bucket", DOCTOR_FAILED, &err);
    p->stop = true;
}

static void report_bucket(struct probe *p, enum store_answer answer, struct err *err)
{
    p->unread = answer == STORE_FAILED &&
                (err_is(err, ERR_AUTH, CODE_DENIED) || err_is(err, ERR_AUTH, CODE_UNSIGNED));
    if (answer != STORE_FAILED) {
        doctor_ok(p->doctor, "bucket", "the bucket exists, and the credentials are accepted");
    } else if (p->create && err_is(err, ERR_NOT_FOUND, CODE_BUCKET)) {
        create_bucket(p);
    } else if (!p->unread) {
        doctor_found(p->doctor, "bucket", DOCTOR_FAILED, err);
        p->stop = true;
    }
}

void probe_contact(struct probe *p)
{
    struct store_op op = {.verb = STORE_HEAD, .key = p->written, .optional = true};
    int64_t start = clock_monotonic();
    struct store_stats before;
    enum store_answer answer;
    struct err err;

    store_stats(p->store, &before);
    answer = store_run(p->store, &op, &err);
    if (answer == STORE_FAILED && (err.family == ERR_NETWORK || err.family == ERR_CANCELLED)) {
        if (err.family == ERR_NETWORK)
            doctor_found(p->doctor, "endpoint", DOCTOR_FAILED, &err);
        p->stop = true;
        return;
    }
    doctor_ok(p->doctor, "endpoint", "%s responded in %.0f ms", p->store->where,
              (double)(clock_monotonic() - start) / (double)NS_PER_MS);
    check_clock(p, op.server_time);
    check_region(p, &before);
    report_bucket(p, answer, &err);
}
