/*
 * What may be done with a bucket is found out by doing it: everything that push, pull, tag and
 * promote ask of a store is asked once, of small objects below a prefix of our own.
 *
 * A right that is missing is told by its name, so that it can be given. Some are needed (failed),
 * without others s3dock works less well (warning). When the network gives out, the rest is not
 * tried; when the store is not to be reached at all, nothing is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "catalog/audit.h"
#include "cli/doctor/doctor.h"
#include "store/store.h"

#define PREFIX     ".s3dock-doctor/"
#define BODY       "s3dock doctor wrote this to see whether it may; it can be deleted.\n"
#define BODY_MAX   (4 * KIB) /* of what comes back */
#define CLOCK_FINE (60 * NS_PER_S)
#define NO_ETAG    "\"00000000000000000000000000000000\"" /* of no object of ours */

enum right {
    RIGHT_LIST,
    RIGHT_PUT,
    RIGHT_HEAD,
    RIGHT_GET,
    RIGHT_RANGE,
    RIGHT_COPY,
    RIGHT_IF_ABSENT,
    RIGHT_IF_UNCHANGED,
    RIGHT_CREATE,
    RIGHT_PART,
    RIGHT_PARTS,
    RIGHT_COMPLETE,
    RIGHT_COPY_PART,
    RIGHT_ABORT,
    RIGHT_DELETE,
};

static const struct {
    const char *name;
    const char *action; /* what S3 policies call it */
    const char *means;  /* that it does not work */
    enum doctor_status gravity;
} rights[] = {
    [RIGHT_LIST] = {"list", "s3:ListBucket", "a missing object looks like a forbidden one",
                    DOCTOR_FAILED},
    [RIGHT_PUT] = {"put", "s3:PutObject",
                   "nothing can be pushed from here (--read-only leaves this "
                   "out where images are only pulled)",
                   DOCTOR_FAILED},
    [RIGHT_HEAD] = {"head", "s3:GetObject", "images cannot be found", DOCTOR_FAILED},
    [RIGHT_GET] = {"get", "s3:GetObject", "images cannot be pulled", DOCTOR_FAILED},
    [RIGHT_RANGE] = {"get a range", "s3:GetObject", "images cannot be pulled", DOCTOR_FAILED},
    [RIGHT_COPY] = {"copy", "s3:GetObject and s3:PutObject",
                    "an image of the same name cannot be replaced", DOCTOR_WARNING},
    [RIGHT_IF_ABSENT] = {"put if absent", "s3:PutObject",
                         "of two who tag or promote at the same moment, one may be overwritten "
                         "unnoticed",
                         DOCTOR_WARNING},
    [RIGHT_IF_UNCHANGED] = {"put if unchanged", "s3:PutObject",
                            "of two who tag or promote at the same moment, one may be overwritten "
                            "unnoticed",
                            DOCTOR_WARNING},
    [RIGHT_CREATE] = {"upload: begin", "s3:PutObject", "large images cannot be pushed",
                      DOCTOR_FAILED},
    [RIGHT_PART] = {"upload: part", "s3:PutObject", "large images cannot be pushed", DOCTOR_FAILED},
    [RIGHT_PARTS] = {"upload: list", "s3:ListMultipartUploadParts",
                     "an interrupted push begins anew", DOCTOR_WARNING},
    [RIGHT_COMPLETE] = {"upload: complete", "s3:PutObject", "large images cannot be pushed",
                        DOCTOR_FAILED},
    [RIGHT_COPY_PART] = {"upload: copy part", "s3:GetObject and s3:PutObject",
                         "a new version is sent whole, not only what is new in it", DOCTOR_WARNING},
    [RIGHT_ABORT] = {"upload: abort", "s3:AbortMultipartUpload",
                     "what an interrupted push has sent stays and takes space", DOCTOR_WARNING},
    [RIGHT_DELETE] = {"delete", "s3:DeleteObject", "what was written here to try stays",
                      DOCTOR_WARNING},
};

struct probe {
    struct doctor *doctor;
    struct store *store;
    bool read_only;
    bool stop;   /* cancelled, or the network gave out */
    bool unread; /* a HEAD was refused: perhaps only because listing is */
    char written[96], copied[96], whole[96], pieced[96]; /* keys of ours */
    char etag[STORE_ETAG_MAX];                           /* of `written` */
};

/* ---- asking ---- */

static void tell_well(struct probe *p, enum right right, const char *detail)
{
    doctor_ok(p->doctor, rights[right].name, "%s", detail);
}

/* It works, but not as it should. */
static void tell_odd(struct probe *p, enum right right, const char *what)
{
    struct err err;

    err_set(&err, ERR_UNSUPPORTED, "store", "%s: %s", what, rights[right].means);
    doctor_found(p->doctor, rights[right].name, rights[right].gravity, &err);
}

static void tell_refused(struct probe *p, enum right right, struct err *err)
{
    bool gone = err->family == ERR_NETWORK;

    if (err->family == ERR_AUTH && !strcmp(err->code, "denied"))
        err_hint(err, "allow %s for these credentials, below " PREFIX " too; without it: %s",
                 rights[right].action, rights[right].means);
    else if ((!err->hint[0] || strstr(err->hint, "s3dock doctor")) && !gone)
        err_hint(err, "without it: %s", rights[right].means);
    doctor_found(p->doctor, rights[right].name, gone ? DOCTOR_FAILED : rights[right].gravity, err);
    p->stop = p->stop || gone;
}

/* Asks; a failure is told as one of that right. */
static enum store_answer ask(struct probe *p, enum right right, struct store_op *op)
{
    struct err err;
    enum store_answer answer;

    op->optional = true;
    answer = store_run(p->store, op, &err);
    if (answer != STORE_FAILED)
        return answer;
    if (err.family == ERR_CANCELLED)
        p->stop = true;
    else
        tell_refused(p, right, &err);
    return answer;
}

/* ---- there, and the right time ---- */

static void check_clock(struct probe *p, int64_t server_time)
{
    int64_t ahead = clock_wall() - server_time;
    double seconds = (double)(ahead < 0 ? -ahead : ahead) / (double)NS_PER_S;

    if (!server_time)
        return;
    if (ahead > -CLOCK_FINE && ahead < CLOCK_FINE)
        doctor_ok(p->doctor, "clock", "the same as the store's, give or take %.0f s", seconds + 1);
    else
        doctor_warning(p->doctor, "clock", "set this machine's clock (timedatectl set-ntp true)",
                       "%.0f s %s the store's: requests are signed with the store's time, and each "
                       "run loses a request finding that out",
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
                   "the bucket is in %s, not in %s: each run loses a request finding that out",
                   now.region, before->region);
}

static void judge_contact(struct probe *p, enum store_answer answer, struct err *err)
{
    p->unread = answer == STORE_FAILED && err->family == ERR_AUTH &&
                (!strcmp(err->code, "denied") || !strcmp(err->code, "unsigned"));
    if (answer != STORE_FAILED) {
        doctor_ok(p->doctor, "bucket", "it is there, and the credentials are good");
    } else if (!p->unread) {
        doctor_found(p->doctor, "bucket", DOCTOR_FAILED, err);
        p->stop = true;
    }
}

/* One question, whose answer tells a lot beside it. */
static void make_contact(struct probe *p)
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
    doctor_ok(p->doctor, "endpoint", "%s answered in %.0f ms", p->store->where,
              (double)(clock_monotonic() - start) / (double)NS_PER_MS);
    check_clock(p, op.server_time);
    check_region(p, &before);
    judge_contact(p, answer, &err);
}

/* ---- reading ---- */

static void try_list(struct probe *p)
{
    struct store_page page = {0};
    struct store_op op = {.verb = STORE_LIST, .key = "images/", .delimiter = '/', .page = &page};

    if (ask(p, RIGHT_LIST, &op) != STORE_FAILED) {
        doctor_ok(p->doctor, rights[RIGHT_LIST].name, "images of %zu application%s%s", page.count,
                  page.count == 1 ? "" : "s", page.next ? ", at least" : "");
        if (p->unread && p->read_only)
            doctor_warning(p->doctor, rights[RIGHT_HEAD].name,
                           "allow s3:GetObject, if images are "
                           "to be pulled",
                           "an object may not be looked at");
    }
    store_page_finish(&page);
}

static void read_byte(struct probe *p, const char *key)
{
    uint8_t byte;
    struct store_op op = {.verb = STORE_GET, .key = key, .length = 1, .buffer = &byte};
    enum store_answer answer = ask(p, RIGHT_GET, &op);

    if (answer == STORE_DONE)
        doctor_ok(p->doctor, rights[RIGHT_GET].name, "the first byte of %s", key);
    else if (answer != STORE_FAILED)
        doctor_skipped(p->doctor, rights[RIGHT_GET].name, "%s is gone meanwhile", key);
}

/* Reads from some image that is there: for who may not write. */
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
            doctor_skipped(p->doctor, rights[RIGHT_GET].name, "there is no image yet to read from");
    }
    store_page_finish(&page);
}

/* ---- writing ---- */

static bool try_put(struct probe *p)
{
    struct store_op op = {.verb = STORE_PUT, .key = p->written, .body = view_str(BODY)};

    if (ask(p, RIGHT_PUT, &op) != STORE_DONE)
        return false;
    memcpy(p->etag, op.info.etag, sizeof p->etag);
    tell_well(p, RIGHT_PUT, "an object can be written");
    return true;
}

static void try_head(struct probe *p)
{
    struct store_op op = {.verb = STORE_HEAD, .key = p->written};
    enum store_answer answer = ask(p, RIGHT_HEAD, &op);

    if (answer == STORE_DONE && op.info.size == strlen(BODY))
        tell_well(p, RIGHT_HEAD, "an object can be looked at");
    else if (answer != STORE_FAILED)
        tell_odd(p, RIGHT_HEAD, "what was just written is not there");
}

static void try_get(struct probe *p)
{
    _cleanup_text_ struct text text;
    struct store_op op = {.verb = STORE_GET, .key = p->written, .text = &text};
    enum store_answer answer;

    text_init(&text, BODY_MAX);
    answer = ask(p, RIGHT_GET, &op);
    if (answer == STORE_DONE && view_equals_str(text_view(&text), BODY))
        tell_well(p, RIGHT_GET, "an object can be read");
    else if (answer != STORE_FAILED)
        tell_odd(p, RIGHT_GET, "what is read is not what was written");
}

static void try_range(struct probe *p)
{
    uint8_t middle[16] = {0};
    struct store_op op = {.verb = STORE_GET,
                          .key = p->written,
                          .offset = 7,
                          .length = sizeof middle,
                          .buffer = middle};
    enum store_answer answer = ask(p, RIGHT_RANGE, &op);

    if (answer == STORE_DONE && !memcmp(middle, &BODY[7], sizeof middle))
        tell_well(p, RIGHT_RANGE, "a piece of an object can be read");
    else if (answer != STORE_FAILED)
        tell_odd(p, RIGHT_RANGE, "what is read is not what was written");
}

static void try_copy(struct probe *p)
{
    struct store_op op = {
        .verb = STORE_COPY, .key = p->copied, .source = p->written, .if_match = p->etag};
    enum store_answer answer = ask(p, RIGHT_COPY, &op);

    if (answer == STORE_DONE)
        tell_well(p, RIGHT_COPY, "an object can be copied within the bucket");
    else if (answer != STORE_FAILED)
        tell_odd(p, RIGHT_COPY, "the source is said not to be there");
}

/* A PUT under a condition that does not hold must be refused. */
static bool try_condition(struct probe *p, enum right right, const char *if_match)
{
    struct store_op op = {.verb = STORE_PUT,
                          .key = p->written,
                          .body = view_str(BODY),
                          .if_match = if_match,
                          .if_none_match = !if_match};
    enum store_answer answer = ask(p, right, &op);

    if (answer == STORE_DONE)
        tell_odd(p, right, "the store ignores the condition");
    return answer != STORE_FAILED && answer != STORE_DONE;
}

static void try_conditions(struct probe *p)
{
    struct store_op op = {
        .verb = STORE_PUT, .key = p->written, .body = view_str(BODY), .if_match = p->etag};
    enum store_answer answer;

    if (try_condition(p, RIGHT_IF_ABSENT, NULL))
        tell_well(p, RIGHT_IF_ABSENT, "If-None-Match is obeyed");
    if (p->stop || !try_condition(p, RIGHT_IF_UNCHANGED, NO_ETAG) || p->stop)
        return;
    answer = ask(p, RIGHT_IF_UNCHANGED, &op);
    if (answer == STORE_DONE)
        tell_well(p, RIGHT_IF_UNCHANGED, "If-Match is obeyed");
    else if (answer != STORE_FAILED)
        tell_odd(p, RIGHT_IF_UNCHANGED, "the store refuses a condition that holds");
}

/* ---- uploads ---- */

static bool begin_upload(struct probe *p, const char *key, char id[STORE_UPLOAD_MAX])
{
    struct store_op op = {.verb = STORE_UPLOAD_CREATE, .key = key};

    if (ask(p, RIGHT_CREATE, &op) != STORE_DONE)
        return false;
    memcpy(id, op.upload_id, STORE_UPLOAD_MAX);
    return true;
}

static bool send_part(struct probe *p, const char *id, struct store_part *part)
{
    struct store_op op = {.verb = STORE_UPLOAD_PART,
                          .key = p->whole,
                          .upload_id_in = id,
                          .part_number = part->number,
                          .body = view_str(BODY)};
    enum store_answer answer = ask(p, RIGHT_PART, &op);

    if (answer == STORE_DONE)
        tell_well(p, RIGHT_PART, "a part can be sent");
    else if (answer != STORE_FAILED)
        tell_odd(p, RIGHT_PART, "the store does not know its own upload");
    memcpy(part->etag, op.info.etag, sizeof part->etag);
    return answer == STORE_DONE;
}

static void list_parts(struct probe *p, const char *id)
{
    struct store_page page = {0};
    struct store_op op = {
        .verb = STORE_UPLOAD_PARTS, .key = p->whole, .upload_id_in = id, .page = &page};
    enum store_answer answer = ask(p, RIGHT_PARTS, &op);

    if (answer == STORE_DONE && page.count == 1)
        tell_well(p, RIGHT_PARTS, "parts can be listed, so an interrupted push can go on");
    else if (answer != STORE_FAILED)
        tell_odd(p, RIGHT_PARTS, "the part that was sent is not listed");
    store_page_finish(&page);
}

static bool complete_upload(struct probe *p, const char *id, const struct store_part *part)
{
    struct store_op op = {.verb = STORE_UPLOAD_COMPLETE,
                          .key = p->whole,
                          .upload_id_in = id,
                          .parts = part,
                          .part_count = 1,
                          .length = strlen(BODY)};
    enum store_answer answer = ask(p, RIGHT_COMPLETE, &op);

    if (answer == STORE_DONE)
        tell_well(p, RIGHT_COMPLETE, "an upload becomes an object");
    else if (answer != STORE_FAILED)
        tell_odd(p, RIGHT_COMPLETE, "the store does not know its own upload");
    return answer == STORE_DONE;
}

static void abort_upload(struct probe *p, const char *key, const char *id, bool tell)
{
    struct store_op op = {.verb = STORE_UPLOAD_ABORT, .key = key, .upload_id_in = id};

    if (ask(p, RIGHT_ABORT, &op) != STORE_FAILED && tell)
        tell_well(p, RIGHT_ABORT, "an upload can be given up");
}

static void copy_part(struct probe *p, const char *id)
{
    struct store_op op = {.verb = STORE_UPLOAD_COPY_PART,
                          .key = p->pieced,
                          .upload_id_in = id,
                          .part_number = 1,
                          .source = p->written};
    enum store_answer answer = ask(p, RIGHT_COPY_PART, &op);

    if (answer == STORE_DONE)
        tell_well(p, RIGHT_COPY_PART, "what is in the bucket need not be sent again");
    else if (answer != STORE_FAILED)
        tell_odd(p, RIGHT_COPY_PART, "the source is said not to be there");
}

/* One upload is completed. */
static bool try_upload(struct probe *p)
{
    char id[STORE_UPLOAD_MAX];
    struct store_part part = {.number = 1};
    bool sent, done = false;

    if (!begin_upload(p, p->whole, id))
        return false;
    tell_well(p, RIGHT_CREATE, "an upload in parts can be begun");
    sent = send_part(p, id, &part);
    if (sent && !p->stop)
        list_parts(p, id);
    if (sent && !p->stop)
        done = complete_upload(p, id, &part);
    if (!done)
        abort_upload(p, p->whole, id, false);
    return true;
}

/* The other one is given up. */
static void try_abort(struct probe *p)
{
    char id[STORE_UPLOAD_MAX];

    if (!begin_upload(p, p->pieced, id))
        return;
    copy_part(p, id);
    abort_upload(p, p->pieced, id, true);
}

/* ---- the end ---- */

static void clean_up(struct probe *p)
{
    const char *const keys[] = {p->written, p->copied, p->whole};
    bool gone = true;

    for (size_t i = 0; gone && i < ARRAY_SIZE(keys); i++) {
        struct store_op op = {.verb = STORE_DELETE, .key = keys[i]};

        gone = ask(p, RIGHT_DELETE, &op) != STORE_FAILED;
    }
    if (gone)
        tell_well(p, RIGHT_DELETE, "what was written here to try is gone again");
}

/* ---- all of it ---- */

static void try_writing(struct probe *p)
{
    static void (*const steps[])(struct probe *) = {try_head, try_get, try_range, try_copy,
                                                    try_conditions};

    if (!try_put(p))
        return;
    for (size_t i = 0; !p->stop && i < ARRAY_SIZE(steps); i++)
        steps[i](p);
    if (!p->stop && try_upload(p) && !p->stop)
        try_abort(p);
    clean_up(p);
}

static int name_keys(struct probe *p, struct err *err)
{
    char own[AUDIT_UNIQUE_SIZE];

    if (audit_unique(own, err))
        return ERR_FAIL;
    snprintf(p->written, sizeof p->written, PREFIX "%s/written", own);
    snprintf(p->copied, sizeof p->copied, PREFIX "%s/copied", own);
    snprintf(p->whole, sizeof p->whole, PREFIX "%s/whole", own);
    snprintf(p->pieced, sizeof p->pieced, PREFIX "%s/pieced", own);
    return 0;
}

void doctor_check_bucket(struct doctor *doctor, struct store *store, bool read_only)
{
    struct probe p = {.doctor = doctor, .store = store, .read_only = read_only};
    struct err err;

    if (name_keys(&p, &err)) {
        doctor_found(doctor, "bucket", DOCTOR_FAILED, &err);
        return;
    }
    make_contact(&p);
    if (!p.stop)
        try_list(&p);
    if (!p.stop)
        doctor_check_archives(doctor, store);
    if (p.stop)
        doctor_skipped(doctor, "rights", "what may be done with the bucket was not tried");
    else if (read_only)
        try_existing(&p);
    else
        try_writing(&p);
    if (read_only && !p.stop)
        doctor_skipped(doctor, "writing", "not tried (--read-only)");
}
