#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>

#include "base/bytes.h"
#include "base/codes.h"
#include "flow/cancel.h"
#include "kit/assert_fails.h"
#include "kit/raw_server.h"
#include "kit/traffic_driver.h"

#define PATH "/config/apps/http/servers/web/routes/0/handle/0/upstreams"

enum fault {
    SOUND,
    BUSY,         /* 412 for the first changes */
    ALWAYS_BUSY,  /* 412 for all */
    NO_TRAILER,   /* no ETag */
    LONG_TRAILER, /* an ETag of 2,000 bytes */
    HANGS,
    CLOSES,
    SERVER_ERROR,
    NO_ID,
    WRONG_JSON,
    OBJECT,
    REDIRECT,
    FLOODS,
    CUT,     /* the body ends before its last chunk */
    IGNORES, /* 200, and nothing changes */
};

/* Caddy's admin API with one list. */
static struct api {
    struct raw_server server;
    enum fault fault;
    char body[2048]; /* the list */
    unsigned busy, patches, version;
    char if_match[2048]; /* of the last PATCH */
    char sent[2048];     /* its body */
    bool has_type;
} api;

static void say_status(int fd, const char *status, const char *body)
{
    char text[1024];

    snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", status,
             strlen(body), body);
    raw_say(fd, text);
}

/* As Caddy 2.6: chunked, with the ETag behind. */
static void say_list(int fd)
{
    static char text[16384], tag[8192];

    snprintf(tag, sizeof tag, "Etag: \"" PATH " %08x\"\r\n", api.version);
    if (api.fault == NO_TRAILER)
        tag[0] = '\0';
    if (api.fault == LONG_TRAILER)
        snprintf(tag, sizeof tag, "Etag: \"%02000d\"\r\n", 1);
    snprintf(text, sizeof text,
             "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTrailer: ETag\r\n"
             "Transfer-Encoding: chunked\r\n\r\n%zx\r\n%s\r\n0\r\n%s\r\n",
             strlen(api.body), api.body, tag);
    if (api.fault == CUT)
        *strstr(text, "\r\n0\r\n") = '\0';
    raw_say(fd, text);
}

static void flood(int fd)
{
    static const char block[10000] = {' '};

    raw_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n");
    for (unsigned i = 0; i < 1000 && raw_send(fd, block, sizeof block); i++)
        ;
}

static bool answer_fault(struct raw_server *server, int fd)
{
    switch (api.fault) {
    case HANGS:
        raw_drip(server, fd);
        return true;
    case CLOSES:
        return true;
    case SERVER_ERROR:
        say_status(fd, "500 Internal Server Error", "{\"error\":\"the disk is on fire\"}");
        return true;
    case NO_ID:
        say_status(fd, "404 Not Found", "{\"error\":\"unknown object ID 'shop'\"}");
        return true;
    case WRONG_JSON:
        say_status(fd, "200 OK", "[{\"dial\": ");
        return true;
    case OBJECT:
        say_status(fd, "200 OK", "{\"dial\": \"127.0.0.1:18081\"}");
        return true;
    case REDIRECT:
        raw_say(fd, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: "
                    "0\r\n\r\n");
        return true;
    case FLOODS:
        flood(fd);
        return true;
    default:
        return false;
    }
}

static void read_body(int fd, const char *head)
{
    const char *length = strcasestr(head, "content-length:");
    const char *start = strstr(head, "\r\n\r\n") + 4;
    size_t size = length ? strtoul(length + 15, NULL, 10) : 0;
    size_t have = strlen(start);

    assert_true(size < sizeof api.sent);
    memcpy(api.sent, start, have);
    while (have < size) {
        ssize_t got = recv(fd, api.sent + have, size - have, 0);
        if (got <= 0)
            break;
        have += (size_t)got;
    }
    api.sent[have] = '\0';
}

static void change(int fd, const char *head)
{
    const char *match = strcasestr(head, "if-match: ");

    api.patches++;
    api.if_match[0] = '\0';
    if (match)
        sscanf(match + 10, "%2047[^\r]", api.if_match);
    api.has_type = strcasestr(head, "content-type: application/json") != NULL;
    read_body(fd, head);
    if (api.busy || api.fault == ALWAYS_BUSY) {
        api.busy -= api.busy > 0;
        api.version++;
        say_status(fd, "412 Precondition Failed", "{\"error\":\"If-Match header did not match\"}");
        return;
    }
    if (api.fault != IGNORES)
        str_copy(api.body, sizeof api.body, api.sent);
    api.version++;
    say_status(fd, "200 OK", "");
}

static bool answer(struct raw_server *server, int fd, const char *head)
{
    bool ours = strncmp(head, "GET /id/shop/upstreams HTTP", 27) == 0 ||
                strncmp(head, "PATCH /id/shop/upstreams HTTP", 29) == 0;

    if (!ours)
        say_status(fd, "400 Bad Request", "{\"error\":\"another path\"}");
    else if (!answer_fault(server, fd)) {
        if (head[0] == 'G')
            say_list(fd);
        else
            change(fd, head);
    }
    return false;
}

static int set_up(void **state)
{
    (void)state;
    err = (struct err){0};
    memset(&api, 0, sizeof api);
    api.server.answer = answer;
    api.server.leaves_bodies = true;
    str_copy(api.body, sizeof api.body, "[{\"dial\":\"127.0.0.1:18081\"}]\n");
    raw_start(&api.server);
    spec = (struct traffic_spec){.kind = TRAFFIC_CADDY, .id = "shop"};
    str_copy(spec.caddy, sizeof spec.caddy, api.server.url);
    traffic = NULL;
    return open_driver(60 * NS_PER_S);
}

static int tear_down(void **state)
{
    (void)state;
    close_driver();
    raw_stop(&api.server);
    return 0;
}

static unsigned serving(void)
{
    unsigned slots = 0;

    assert_int_equal(traffic_where(traffic, &slots, &err), TRAFFIC_OK);
    return slots;
}

static void assert_enters_green(void)
{
    if (traffic_enter(traffic, &GREEN, &err) != TRAFFIC_OK)
        fail_msg("%s", err.text);
    assert_int_equal(serving(), 1u << SLOT_GREEN);
}

/* ---- a switch ---- */

static void a_switch_replaces_the_list(void **state)
{
    int64_t count;

    (void)state;
    assert_int_equal(serving(), 1u << SLOT_BLUE);
    assert_int_equal(traffic_hold(traffic, SLOT_GREEN, &err), TRAFFIC_UNKNOWN);
    assert_enters_green();
    assert_string_equal(api.sent, "[{\"dial\":\"127.0.0.1:18082\"}]");
    assert_string_equal(api.if_match, "\"" PATH " 00000000\"");
    assert_true(api.has_type);
    assert_int_equal(traffic_leave(traffic, &BLUE, &GREEN, &err), TRAFFIC_OK);
    assert_int_equal(api.patches, 1);
    assert_int_equal(traffic_busy(traffic, &BLUE, &count, &err), TRAFFIC_UNKNOWN);
    assert_int_equal(count, -1);
    assert_int_equal(traffic_cut(traffic, &BLUE, &err), TRAFFIC_UNKNOWN);
}

/* A change closes websockets: it is not repeated without need. */
static void a_list_that_is_right_is_not_written(void **state)
{
    (void)state;
    assert_int_equal(traffic_enter(traffic, &BLUE, &err), TRAFFIC_OK);
    str_copy(api.body, sizeof api.body, "[{\"dial\": \"localhost:18081\"}]");
    assert_int_equal(traffic_enter(traffic, &BLUE, &err), TRAFFIC_OK);
    assert_int_equal(api.patches, 0);
}

static void leave_repeats_a_switch_that_was_undone(void **state)
{
    (void)state;
    assert_enters_green();
    str_copy(api.body, sizeof api.body, "[{\"dial\":\"127.0.0.1:18081\"}]");
    assert_int_equal(traffic_leave(traffic, &BLUE, &GREEN, &err), TRAFFIC_OK);
    assert_int_equal(serving(), 1u << SLOT_GREEN);
}

static void other_members_of_an_upstream_are_kept(void **state)
{
    (void)state;
    str_copy(api.body, sizeof api.body,
             "[{\"max_requests\": 10, \"dial\": \"127.0.0.1:18081\"}, {\"dial\": \"a:1\"}]");
    assert_enters_green();
    assert_string_equal(api.sent, "[{\"dial\":\"127.0.0.1:18082\",\"max_requests\":10}]");
    str_copy(api.body, sizeof api.body, "[{\"Dial\": \"127.0.0.1:18081\"}]");
    assert_enters_green();
    assert_string_equal(api.sent, "[{\"dial\":\"127.0.0.1:18082\"}]");
}

static void a_list_may_be_empty_or_have_other_targets(void **state)
{
    (void)state;
    str_copy(api.body, sizeof api.body, "[]");
    assert_int_equal(serving(), 0);
    str_copy(api.body, sizeof api.body, "null");
    assert_int_equal(serving(), 0);
    str_copy(api.body, sizeof api.body, "[{\"dial\": \"old:80\"}, {\"max_requests\": 1}]");
    assert_int_equal(serving(), 0);
    str_copy(api.body, sizeof api.body,
             "[{\"dial\": \"127.0.0.1:18081\"}, {\"dial\": \"127.0.0.1:18082\"}]");
    assert_int_equal(serving(), 3);
    str_copy(api.body, sizeof api.body, "[{\"dial\": \"127.0.0.1:180811\"}]");
    assert_int_equal(serving(), 0);
    assert_enters_green();
}

/* ---- faults ---- */

static void a_change_by_another_program_is_awaited(void **state)
{
    (void)state;
    api.busy = 3;
    assert_enters_green();
    assert_int_equal(api.patches, 4);
    assert_string_equal(api.if_match, "\"" PATH " 00000003\"");
}

static void endless_changes_are_given_up(void **state)
{
    (void)state;
    api.fault = ALWAYS_BUSY;
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "another program changes the configuration");
    assert_int_equal(api.patches, 10);
}

static void without_an_etag_the_change_is_sent_and_verified(void **state)
{
    (void)state;
    api.fault = NO_TRAILER;
    assert_enters_green();
    assert_string_equal(api.if_match, "");
    str_copy(api.body, sizeof api.body, "[]");
    api.fault = LONG_TRAILER;
    assert_enters_green();
    assert_string_equal(api.if_match, "");
}

static void a_change_without_effect_is_a_failure(void **state)
{
    (void)state;
    api.fault = IGNORES;
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "does not show it");
}

static void every_fault_is_reported(void **state)
{
    static const struct {
        enum fault fault;
        const char *words;
    } faults[] = {
        {CLOSES, "Caddy's admin API http://127.0.0.1"},
        {SERVER_ERROR, "status 500: {\"error\":\"the disk is on fire\"}"},
        {NO_ID, "\"@id\": \"shop\""},
        {WRONG_JSON, "JSON"},
        {OBJECT, "something else than a list"},
        {REDIRECT, "status 302"},
        {FLOODS, "too large"},
        {CUT, "Caddy's admin API http://127.0.0.1"},
    };
    unsigned slots;

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(faults); i++) {
        api.fault = faults[i].fault;
        assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                     faults[i].words);
        assert_fails(&err, traffic_where(traffic, &slots, &err), ERR_DEPLOY, CODE_SWITCH,
                     faults[i].words);
        assert_int_equal(slots, 0);
        assert_fails(&err, traffic_leave(traffic, &BLUE, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                     faults[i].words);
    }
    assert_int_equal(api.patches, 0);
}

static void silence_has_a_limit(void **state)
{
    (void)state;
    api.fault = HANGS;
    assert_int_equal(open_driver(200 * NS_PER_MS), 0);
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "Caddy's admin API http://127.0.0.1");
}

static void a_cancel_ends_a_request(void **state)
{
    struct cancel cancel;

    (void)state;
    cancel_init(&cancel);
    cancel_request(&cancel, SIGTERM);
    traffic_close(traffic);
    context.cancel = &cancel;
    assert_int_equal(traffic_open(&spec, &context, &traffic, &err), 0);
    api.fault = HANGS;
    assert_int_equal(traffic_enter(traffic, &GREEN, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_CANCELLED);
}

static void an_api_that_is_down_has_a_hint(void **state)
{
    (void)state;
    str_copy(spec.caddy, sizeof spec.caddy, "http://127.0.0.1:1");
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "is Caddy running");
    str_copy(spec.caddy, sizeof spec.caddy, "unix//nowhere/caddy.sock");
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "is Caddy running");
}

static void slashes_and_odd_ids_reach_their_path(void **state)
{
    (void)state;
    snprintf(spec.caddy, sizeof spec.caddy, "%s//", api.server.url);
    assert_enters_green();
    str_copy(spec.id, sizeof spec.id, "a/../b c");
    assert_fails(&err, traffic_enter(traffic, &GREEN, &err), ERR_DEPLOY, CODE_SWITCH,
                 "another path");
}

/* Returns the lines of doctor without the one about the kernel of this machine. */
static int examine(struct text *lines)
{
    int count;

    text_clear(lines);
    count = traffic_examine(traffic, lines);
    return count - (strstr(lines->data, "tcp_migrate_req") != NULL);
}

static void doctor_examines_the_list(void **state)
{
    _cleanup_text_ struct text lines = {0};

    (void)state;
    text_init(&lines, 64 * KIB);
    assert_int_equal(examine(&lines), 0);
    str_copy(api.body, sizeof api.body, "[{\"dial\": \"old:80\"}]");
    assert_int_equal(examine(&lines), 1);
    assert_non_null(strstr(lines.data, "are not the slots 127.0.0.1:18081 and 127.0.0.1:18082"));
    api.fault = NO_ID;
    assert_int_equal(examine(&lines), 1);
    assert_non_null(strstr(lines.data, "unknown object ID"));
    assert_int_equal(api.patches, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_switch_replaces_the_list),
        TEST(a_list_that_is_right_is_not_written),
        TEST(leave_repeats_a_switch_that_was_undone),
        TEST(other_members_of_an_upstream_are_kept),
        TEST(a_list_may_be_empty_or_have_other_targets),
        TEST(a_change_by_another_program_is_awaited),
        TEST(endless_changes_are_given_up),
        TEST(without_an_etag_the_change_is_sent_and_verified),
        TEST(a_change_without_effect_is_a_failure),
        TEST(every_fault_is_reported),
        TEST(silence_has_a_limit),
        TEST(a_cancel_ends_a_request),
        TEST(an_api_that_is_down_has_a_hint),
        TEST(slashes_and_odd_ids_reach_their_path),
        TEST(doctor_examines_the_list),
#undef TEST
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
