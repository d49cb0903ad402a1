/*
 * Two multipart uploads: the first is completed, the second gets a copied part and is aborted.
 */
#include <string.h>

#include "cli/doctor/doctor.h"
#include "cli/doctor/probe.h"

static bool begin_upload(struct probe *p, const char *key, char id[STORE_UPLOAD_MAX])
{
    struct store_op op = {.verb = STORE_UPLOAD_CREATE, .key = key};

    if (probe_ask(p, RIGHT_CREATE, &op) != STORE_DONE)
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
                          .body = view_str(PROBE_BODY)};
    enum store_answer answer = probe_ask(p, RIGHT_PART, &op);

    if (answer == STORE_DONE)
        probe_ok(p, RIGHT_PART, "a part can be uploaded");
    else if (answer != STORE_FAILED)
        probe_odd(p, RIGHT_PART, "the store does not find the upload that it created");
    memcpy(part->etag, op.info.etag, sizeof part->etag);
    return answer == STORE_DONE;
}

static void list_parts(struct probe *p, const char *id)
{
    struct store_page page = {0};
    struct store_op op = {
        .verb = STORE_UPLOAD_PARTS, .key = p->whole, .upload_id_in = id, .page = &page};
    enum store_answer answer = probe_ask(p, RIGHT_PARTS, &op);

    if (answer == STORE_DONE && page.count == 1)
        probe_ok(p, RIGHT_PARTS, "parts can be listed, so an interrupted push can continue");
    else if (answer != STORE_FAILED)
        probe_odd(p, RIGHT_PARTS, "the uploaded part is not listed");
    store_page_finish(&page);
}

static bool complete_upload(struct probe *p, const char *id, const struct store_part *part)
{
    struct store_op op = {.verb = STORE_UPLOAD_COMPLETE,
                          .key = p->whole,
                          .upload_id_in = id,
                          .parts = part,
                          .part_count = 1,
                          .length = strlen(PROBE_BODY)};
    enum store_answer answer = probe_ask(p, RIGHT_COMPLETE, &op);

    if (answer == STORE_DONE)
        probe_ok(p, RIGHT_COMPLETE, "an upload can be completed");
    else if (answer != STORE_FAILED)
        probe_odd(p, RIGHT_COMPLETE, "the store does not find the upload that it created");
    return answer == STORE_DONE;
}

static void abort_upload(struct probe *p, const char *key, const char *id, bool report)
{
    struct store_op op = {.verb = STORE_UPLOAD_ABORT, .key = key, .upload_id_in = id};

    if (probe_ask(p, RIGHT_ABORT, &op) != STORE_FAILED && report)
        probe_ok(p, RIGHT_ABORT, "an upload can be aborted");
}

static void copy_part(struct probe *p, const char *id)
{
    struct store_op op = {.verb = STORE_UPLOAD_COPY_PART,
                          .key = p->pieced,
                          .upload_id_in = id,
                          .part_number = 1,
                          .source = p->written};
    enum store_answer answer = probe_ask(p, RIGHT_COPY_PART, &op);

    if (answer == STORE_DONE)
        probe_ok(p, RIGHT_COPY_PART, "data in the bucket can be copied instead of uploaded");
    else if (answer != STORE_FAILED)
        probe_odd(p, RIGHT_COPY_PART, "the store reports that the source does not exist");
}

/* Completes an upload. False: none could be created. */
static bool try_upload(struct probe *p)
{
    char id[STORE_UPLOAD_MAX];
    struct store_part part = {.number = 1};
    bool sent, done = false;

    if (!begin_upload(p, p->whole, id))
        return false;
    probe_ok(p, RIGHT_CREATE, "an upload in parts can be created");
    sent = send_part(p, id, &part);
    if (sent && !p->stop)
        list_parts(p, id);
    if (sent && !p->stop)
        done = complete_upload(p, id, &part);
    if (!done)
        abort_upload(p, p->whole, id, false);
    return true;
}

/* Copies a part into a second upload, and aborts that. */
static void try_abort(struct probe *p)
{
    char id[STORE_UPLOAD_MAX];

    if (!begin_upload(p, p->pieced, id))
        return;
    copy_part(p, id);
    abort_upload(p, p->pieced, id, true);
}

void probe_uploads(struct probe *p)
{
    if (try_upload(p) && !p->stop)
        try_abort(p);
}
