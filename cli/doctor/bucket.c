/*
 * The checks of a bucket: every kind of request that push, pull, tag and promote send is sent once,
 * for small objects below PROBE_PREFIX. When the network fails, the rest is skipped.
 */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "catalog/audit.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/probe.h"
#include "store/store.h"

#define BODY_MAX (4 * KIB)                              /* bytes read of an object */
#define NO_ETAG  "\"00000000000000000000000000000000\"" /* of no object that the doctor writes */

/* ---- reading ---- */

static void try_list(struct probe *p)
{
    struct store_page page = {0};
    struct store_op op = {.verb = STORE_LIST, .key = "images/", .delimiter = '/', .page = &page};

    if (probe_ask(p, RIGHT_LIST, &op) != STORE_FAILED) {
        doctor_ok(p->doctor, probe_name(RIGHT_LIST), "images of %zu application%s%s", page.count,
                  page.count == 1 ? "" : "s", page.next ? " or more" : "");
        if (p->unread && p->read_only)
            doctor_warning(p->doctor, probe_name(RIGHT_HEAD),
                           "allow s3:GetObject, so that images can be pulled",
                           "HEAD of an object is refused");
    }
    store_page_finish(&page);
}

static void read_byte(struct probe *p, const char *key)
{
    uint8_t byte;
    struct store_op op = {.verb = STORE_GET, .key = key, .length = 1, .buffer = &byte};
    enum store_answer answer = probe_ask(p, RIGHT_GET, &op);

    if (answer == STORE_DONE)
        doctor_ok(p->doctor, probe_name(RIGHT_GET), "read the first byte of %s", key);
    else if (answer != STORE_FAILED)
        doctor_skipped(p->doctor, probe_name(RIGHT_GET), "%s was deleted in the meantime", key);
}

/* Reads one byte of an existing image, where nothing may be written. */
static void try_existing(struct probe *p)
{
    struct store_page page = {0};
    struct store_op op = {.verb = STORE_LIST, .key = "images/", .page = &page};
    struct err err;

    if (store_run(p->store, &op, &err) == STORE_DONE) {
        size_t i = 0;

        while (i < page.count && !page.entries[i].info.size)
            i++;
        if (i < page.count)
            read_byte(p, page.entries[i].key);
        else
            doctor_skipped(p->doctor, probe_name(RIGHT_GET), "the bucket has no image to read");
    }
    store_page_finish(&page);
}

/* ---- writing ---- */

static bool try_put(struct probe *p)
{
    struct store_op op = {.verb = STORE_PUT, .key = p->written, .body = view_str(PROBE_BODY)};

    if (probe_ask(p, RIGHT_PUT, &op) != STORE_DONE)
        return false;
    memcpy(p->etag, op.info.etag, sizeof p->etag);
    probe_ok(p, RIGHT_PUT, "an object can be written");
    return true;
}

static void try_head(struct probe *p)
{
    struct store_op op = {.verb = STORE_HEAD, .key = p->written};
    enum store_answer answer = probe_ask(p, RIGHT_HEAD, &op);

    if (answer == STORE_DONE && op.info.size == strlen(PROBE_BODY))
        probe_ok(p, RIGHT_HEAD, "the size of an object can be read");
    else if (answer != STORE_FAILED)
        probe_odd(p, RIGHT_HEAD, "an object that was just written does not exist");
}

static void try_get(struct probe *p)
{
    _cleanup_text_ struct text text = {0};
    struct store_op op = {.verb = STORE_GET, .key = p->written, .text = &text};
    enum store_answer answer;

    text_init(&text, BODY_MAX);
    answer = probe_ask(p, RIGHT_GET, &op);
    if (answer == STORE_DONE && view_equals_str(text_view(&text), PROBE_BODY))
        probe_ok(p, RIGHT_GET, "an object can be read");
    else if (answer != STORE_FAILED)
        probe_odd(p, RIGHT_GET, "the content read differs from the content written");
}

static void try_range(struct probe *p)
{
    uint8_t middle[16] = {0};
    struct store_op op = {.verb = STORE_GET,
                          .key = p->written,
                          .offset = 7,
                          .length = sizeof middle,
                          .buffer = middle};
    enum store_answer answer = probe_ask(p, RIGHT_RANGE, &op);

    if (answer == STORE_DONE && !memcmp(middle, &PROBE_BODY[7], sizeof middle))
        probe_ok(p, RIGHT_RANGE, "a range of an object can be read");
    else if (answer != STORE_FAILED)
        probe_odd(p, RIGHT_RANGE, "the content read differs from the content written");
}

/* A store may send the object in spite of the condition. That costs a poll some bytes. */
static void try_unless(struct probe *p)
{
    _cleanup_text_ struct text text = {0};
    struct store_op op = {.verb = STORE_GET, .key = p->written, .text = &text, .unless = p->etag};
    enum store_answer answer;

    text_init(&text, BODY_MAX);
    answer = probe_ask(p, RIGHT_UNLESS, &op);
    if (answer == STORE_SAME)
        probe_ok(p, RIGHT_UNLESS, "an unchanged object is not sent again");
    else if (answer == STORE_DONE && strcmp(op.info.etag, p->etag) == 0)
        probe_ok(p, RIGHT_UNLESS, "the store sends unchanged objects, too");
    else if (answer != STORE_FAILED)
        probe_odd(p, RIGHT_UNLESS, "the object has another ETag than it got when it was written");
}

static void try_copy(struct probe *p)
{
    struct store_op op = {
        .verb = STORE_COPY, .key = p->copied, .source = p->written, .if_match = p->etag};
    enum store_answer answer = probe_ask(p, RIGHT_COPY, &op);

    if (answer == STORE_DONE)
        probe_ok(p, RIGHT_COPY, "an object can be copied within the bucket");
    else if (answer != STORE_FAILED)
        probe_odd(p, RIGHT_COPY, "the store reports that the source does not exist");
}

/* Sends a PUT with a condition that is false. Returns whether the store refused it. */
static bool try_condition(struct probe *p, enum right right, const char *if_match)
{
    struct store_op op = {.verb = STORE_PUT,
                          .key = p->written,
                          .body = view_str(PROBE_BODY),
                          .if_match = if_match,
                          .if_none_match = !if_match};
    enum store_answer answer = probe_ask(p, right, &op);

    if (answer == STORE_DONE)
        probe_odd(p, right, "the store ignores the condition");
    return answer != STORE_FAILED && answer != STORE_DONE;
}

static void try_conditions(struct probe *p)
{
    struct store_op op = {
        .verb = STORE_PUT, .key = p->written, .body = view_str(PROBE_BODY), .if_match = p->etag};
    enum store_answer answer;

    if (try_condition(p, RIGHT_IF_ABSENT, NULL))
        probe_ok(p, RIGHT_IF_ABSENT, "the store supports If-None-Match");
    if (p->stop || !try_condition(p, RIGHT_IF_UNCHANGED, NO_ETAG) || p->stop)
        return;
    answer = probe_ask(p, RIGHT_IF_UNCHANGED, &op);
    if (answer == STORE_DONE)
        probe_ok(p, RIGHT_IF_UNCHANGED, "the store supports If-Match");
    else if (answer != STORE_FAILED)
        probe_odd(p, RIGHT_IF_UNCHANGED, "the store refuses a condition that is true");
}

/* ---- cleaning up ---- */

static void clean_up(struct probe *p)
{
    const char *const keys[] = {p->written, p->copied, p->whole};
    bool gone = true;

    for (size_t i = 0; gone && i < ARRAY_SIZE(keys); i++) {
        struct store_op op = {.verb = STORE_DELETE, .key = keys[i]};

        gone = probe_ask(p, RIGHT_DELETE, &op) != STORE_FAILED;
    }
    if (gone)
        probe_ok(p, RIGHT_DELETE, "the test objects are deleted");
}

static void try_writing(struct probe *p)
{
    static void (*const steps[])(struct probe *) = {try_head,   try_get,  try_range,
                                                    try_unless, try_copy, try_conditions};

    if (!try_put(p))
        return;
    for (size_t i = 0; !p->stop && i < ARRAY_SIZE(steps); i++)
        steps[i](p);
    if (!p->stop)
        probe_uploads(p);
    clean_up(p);
}

static int name_keys(struct probe *p, struct err *err)
{
    char own[AUDIT_UNIQUE_SIZE];

    if (audit_unique(own, err))
        return ERR_FAIL;
    snprintf(p->written, sizeof p->written, PROBE_PREFIX "%s/written", own);
    snprintf(p->copied, sizeof p->copied, PROBE_PREFIX "%s/copied", own);
    snprintf(p->whole, sizeof p->whole, PROBE_PREFIX "%s/whole", own);
    snprintf(p->pieced, sizeof p->pieced, PROBE_PREFIX "%s/pieced", own);
    return 0;
}

/* Reports a folder whose file system ignores case. */
static void report_case(struct probe *p)
{
    struct store_stats stats;

    store_stats(p->store, &stats);
    if (stats.ignores_case)
        doctor_warning(
            p->doctor, "upper and lower case",
            "give environments and versions names that differ in more than case, or keep "
            "the bucket on a file system that tells them apart",
            "%s does not tell upper from lower case: of two names that differ only in "
            "that, the second is refused",
            p->store->where);
}

bool doctor_check_bucket(struct doctor *doctor, struct store *store, bool read_only, bool create)
{
    struct probe p = {.doctor = doctor, .store = store, .read_only = read_only, .create = create};
    struct err err;

    if (name_keys(&p, &err)) {
        doctor_found(doctor, "bucket", DOCTOR_FAILED, &err);
        return false;
    }
    probe_contact(&p);
    if (!p.stop)
        try_list(&p);
    if (!p.stop)
        doctor_check_archives(doctor, store);
    if (p.stop)
        doctor_skipped(doctor, "rights", "the rights in the bucket were not checked");
    else if (read_only)
        try_existing(&p);
    else
        try_writing(&p);
    report_case(&p);
    if (read_only && !p.stop)
        doctor_skipped(doctor, "writing", "not checked (--read-only)");
    return !p.stop;
}
