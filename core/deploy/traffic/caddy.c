/*
 * The list of upstreams is replaced as a whole: read, PATCH with If-Match, read again. Caddy
 * applies a change completely or not at all, and shows only what it runs.
 *
 * Each change reloads Caddy's configuration, which closes websockets before Caddy 2.7. So a list
 * that is right already is not written again.
 */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/file.h"
#include "deploy/traffic/caddy_admin.h"
#include "deploy/traffic/caddy_upstreams.h"
#include "deploy/traffic/driver.h"

#define MIGRATE     "/proc/sys/net/ipv4/tcp_migrate_req"
#define ANSWER_MAX  (1 * MIB)
#define CHANGES_MAX 10 /* PATCHes of one switch: another program changes the configuration, too */

enum { PATCH_DONE = 0, PATCH_CHANGED = 1 };

/* ---- requests ---- */

static int request_upstreams(const struct traffic *traffic, const char *method, struct view body,
                             const char *if_match, struct caddy_answer *answer, struct err *err)
{
    const struct caddy_admin admin = {.address = traffic->spec->caddy,
                                      .limit = traffic->context.limit,
                                      .cancel = traffic->context.cancel};
    _cleanup_text_ struct text path = {0};

    text_init(&path, 2 * KIB);
    text_str(&path, "/id/");
    text_percent(&path, traffic->spec->id, "");
    text_str(&path, "/upstreams");
    if (text_check(&path, "the path of Caddy's upstreams", err) < 0)
        return ERR_FAIL;
    return caddy_ask(&admin, method, path.data, body, if_match, answer, err);
}

static int refuse(const struct traffic *traffic, const char *method,
                  const struct caddy_answer *answer, struct err *err)
{
    err_set(err, ERR_DEPLOY, CODE_SWITCH,
            "Caddy's admin API %s refused %s of the upstreams of \"%s\" with status %d: %.200s",
            traffic->spec->caddy, method, traffic->spec->id, answer->status,
            answer->body.size ? answer->body.data : "(no text)");
    if (answer->status == 404)
        return err_hint(err,
                        "give the reverse_proxy in Caddy's configuration \"@id\": \"%s\"; a "
                        "Caddyfile that is loaded again deletes it",
                        traffic->spec->id);
    return ERR_FAIL;
}

static int get(const struct traffic *traffic, struct caddy_answer *answer,
               struct caddy_upstreams *upstreams, struct err *err)
{
    if (request_upstreams(traffic, "GET", (struct view){0}, "", answer, err) < 0)
        return ERR_FAIL;
    if (answer->status != 200)
        return refuse(traffic, "GET", answer, err);
    return caddy_upstreams_read(text_view(&answer->body), traffic->context.addresses, upstreams,
                                err);
}

/* Without an ETag, nothing protects from a change between the GET and the PATCH; the GET after it
 * shows the result. PATCH_CHANGED: there was such a change. */
static int patch(const struct traffic *traffic, const struct caddy_answer *now, const char *address,
                 struct err *err)
{
    struct caddy_answer answer = {0};
    _cleanup_text_ struct text body = {0};
    int failed;

    text_init(&body, ANSWER_MAX);
    text_init(&answer.body, ANSWER_MAX);
    failed = caddy_upstreams_write(text_view(&now->body), address, &body, err);
    if (failed == 0)
        failed = request_upstreams(traffic, "PATCH", text_view(&body), now->etag, &answer, err);
    if (failed == 0 && answer.status == 412)
        failed = PATCH_CHANGED;
    else if (failed == 0 && answer.status != 200)
        failed = refuse(traffic, "PATCH", &answer, err);
    text_finish(&answer.body);
    return failed;
}

/* ---- the driver ---- */

static int caddy_switch(struct traffic *traffic, struct caddy_answer *answer,
                        const struct traffic_target *target, struct err *err)
{
    int64_t deadline = traffic_deadline(traffic);
    struct caddy_upstreams upstreams = {0};

    for (unsigned changes = 0;; changes++) {
        if (get(traffic, answer, &upstreams, err) < 0)
            return ERR_FAIL;
        if (upstreams.count == 1 && upstreams.slots == 1u << target->slot)
            return 0;
        if (changes == CHANGES_MAX || clock_monotonic() > deadline)
            return err_set(err, ERR_DEPLOY, CODE_SWITCH,
                           "Caddy accepted the upstream %s and does not show it: another program "
                           "changes the configuration at the same time",
                           target->address);
        if (patch(traffic, answer, target->address, err) < 0)
            return ERR_FAIL;
    }
}

static int caddy_enter(struct traffic *traffic, const struct traffic_target *target,
                       struct err *err)
{
    struct caddy_answer answer = {0};
    int failed;

    text_init(&answer.body, ANSWER_MAX);
    failed = caddy_switch(traffic, &answer, target, err);
    text_finish(&answer.body);
    return failed;
}

static int caddy_leave(struct traffic *traffic, const struct traffic_target *target,
                       const struct traffic_target *stays, struct err *err)
{
    (void)target;
    return caddy_enter(traffic, stays, err);
}

static int caddy_where(struct traffic *traffic, unsigned *slots, struct err *err)
{
    struct caddy_answer answer = {0};
    struct caddy_upstreams upstreams = {0};
    int failed;

    text_init(&answer.body, ANSWER_MAX);
    failed = get(traffic, &answer, &upstreams, err);
    text_finish(&answer.body);
    *slots = upstreams.slots;
    return failed;
}

/* Caddy listens anew at each change. Linux resets the connections that the old socket has not yet
 * accepted. This setting moves them to the new one. Linux before 5.14 does not have it. */
static void examine_kernel(struct text *lines)
{
    _cleanup_text_ struct text value = {0};
    struct err err;

    text_init(&value, 64);
    if (file_read(MIGRATE, &value, &err) == FILE_OK && value.data[0] == '0')
        text_str(lines, "net.ipv4.tcp_migrate_req is 0: each change of Caddy's configuration can "
                        "reset new connections; set it to 1 in /etc/sysctl.d\n");
}

static void caddy_examine(struct traffic *traffic, struct text *lines)
{
    unsigned slots = 0;
    struct err err;

    examine_kernel(lines);
    if (caddy_where(traffic, &slots, &err) < 0)
        text_printf(lines, "%s\n", err.text);
    else if (slots == 0)
        text_printf(lines,
                    "the upstreams of \"%s\" in Caddy's configuration are not the slots %s "
                    "and %s\n",
                    traffic->spec->id, traffic->context.addresses[SLOT_BLUE],
                    traffic->context.addresses[SLOT_GREEN]);
}

const struct traffic_driver TRAFFIC_DRIVER_CADDY = {
    .enter = caddy_enter,
    .leave = caddy_leave,
    .where = caddy_where,
    .examine = caddy_examine,
};
