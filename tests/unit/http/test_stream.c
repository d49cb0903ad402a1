#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/err.h"
#include "http/stream.h"
#include "kit/fake_docker.h"

#define PIECE (1 * MIB)

static struct fake_docker fake;
static uint8_t *memory;

static struct stream_peer socket_peer(void)
{
    return (struct stream_peer){.unix_socket = fake.socket, .base_url = "http://localhost"};
}

static struct stream *open_on(const struct stream_peer *peer, const char *path, bool upload)
{
    struct err err = {0};
    struct stream *stream =
        stream_open(peer, upload ? "POST" : "GET", path, NULL, view_str(NULL), upload, &err);

    if (!stream)
        print_error("%s\n", err.text);
    assert_non_null(stream);
    return stream;
}

/* Reads to the end. Returns 0 and *total, or a negative number. The bytes must repeat 0..255. */
static int read_ring(struct stream *stream, size_t cap, uint64_t *total, struct err *err)
{
    long got;

    *total = 0;
    while ((got = stream_read(stream, memory, cap, err)) > 0) {
        assert_true((size_t)got <= cap);
        for (long i = 0; i < got; i++)
            if (memory[i] != (uint8_t)(*total + (uint64_t)i))
                fail_msg("byte %llu is wrong", (unsigned long long)(*total + (uint64_t)i));
        *total += (uint64_t)got;
    }
    return (int)got;
}

static void reads_every_framing(void **state)
{
    static const char *const kinds[] = {"chunked", "length", "close"};
    static const size_t caps[] = {1, 1000, 65536, PIECE};
    static const unsigned sizes[] = {0, 1, 39999, 40000, 3000001};
    struct stream_peer peer = socket_peer();

    (void)state;
    for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
        for (size_t c = 0; c < ARRAY_SIZE(caps); c++)
            for (size_t s = caps[c] == 1 ? 3 : 0; s < ARRAY_SIZE(sizes) - (caps[c] == 1); s++) {
                char path[64];
                struct err err = {0};
                struct stream *stream;
                uint64_t total;
                int status;

                snprintf(path, sizeof path, "/raw/%s/%u", kinds[k], sizes[s]);
                stream = open_on(&peer, path, false);
                assert_int_equal(stream_status(stream, &status, &err), 0);
                assert_int_equal(status, 200);
                assert_int_equal(read_ring(stream, caps[c], &total, &err), 0);
                assert_int_equal(total, sizes[s]);
                stream_close(stream);
            }
}

static void returns_a_chunk_before_the_next_one_comes(void **state)
{
    struct stream_peer peer = socket_peer();
    struct stream *stream = open_on(&peer, "/raw/line", false);
    struct err err = {0};

    (void)state;
    assert_int_equal(stream_read(stream, memory, PIECE, &err), 5);
    assert_memory_equal(memory, "line\n", 5);
    stream_close(stream);
}

/* The error of a daemon may be its last message before the connection ends. */
static void returns_the_bytes_before_a_cut(void **state)
{
    struct stream_peer peer = socket_peer();
    struct stream *stream = open_on(&peer, "/raw/cut", false);
    struct err err = {0};
    int status;

    (void)state;
    assert_int_equal(stream_status(stream, &status, &err), 0);
    usleep(200000); /* until the end of the connection has arrived, too */
    assert_int_equal(stream_read(stream, memory, PIECE, &err), 5);
    assert_memory_equal(memory, "line\n", 5);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(stream_read(stream, memory, PIECE, &err), ERR_FAIL);
        assert_string_equal(err.code, "stream");
    }
    stream_close(stream);
}

static void interim_responses_are_skipped(void **state)
{
    struct stream_peer peer = socket_peer();
    struct stream *stream = open_on(&peer, "/raw/interim", false);
    struct err err = {0};
    int status;

    (void)state;
    assert_int_equal(stream_status(stream, &status, &err), 0);
    assert_int_equal(status, 200);
    assert_string_equal(stream_header(stream, "content-length"), "5");
    assert_string_equal(stream_header(stream, "a"), "");
    assert_int_equal(stream_read(stream, memory, PIECE, &err), 5);
    assert_memory_equal(memory, "after", 5);
    stream_close(stream);
}

static void check_echo(const struct stream_peer *peer, size_t total, size_t step)
{
    struct stream *stream = open_on(peer, "/raw/echo", true);
    char expected[128];
    struct err err = {0};
    uint64_t sum = 0;
    long got;

    for (size_t i = 0; i < total; i++)
        sum += memory[i] = (uint8_t)(i * 7 + i / 1000);
    for (size_t at = 0; at < total; at += step) {
        size_t size = total - at < step ? total - at : step;

        assert_int_equal(stream_write(stream, view_of(memory + at, size), &err), 0);
    }
    snprintf(expected, sizeof expected, "{\"size\": %zu, \"sum\": %llu}", total,
             (unsigned long long)(sum % 1000000007));
    got = stream_read(stream, memory, PIECE, &err);
    assert_int_equal(got, strlen(expected));
    assert_memory_equal(memory, expected, (size_t)got);
    assert_string_equal(stream_header(stream, "x-mixed-case"), "Yes");
    assert_int_equal(stream_read(stream, memory, PIECE, &err), 0);
    stream_close(stream);
}

static void writes_pieces_of_any_size(void **state)
{
    static const struct {
        size_t total, step;
    } cases[] = {{0, 1},           {1, 1},         {5000, 1},          {PIECE, 512},
                 {PIECE, 32767},   {PIECE, 32768}, {PIECE, 131072},    {PIECE, 131073},
                 {PIECE - 1, 999}, {PIECE, PIECE}, {PIECE - 5, 400000}};
    struct stream_peer peer = socket_peer();

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_echo(&peer, cases[i].total, cases[i].step);
}

/* A response before the end of the request is read, for any later behaviour of the peer. */
static void early_responses_are_read(void **state)
{
    static const struct {
        const char *path;
        int status;
    } cases[] = {{"/raw/early/413", 413},
                 {"/raw/early/200", 200},
                 {"/raw/early-close/500", 500},
                 {"/raw/early-close/200", 200}};
    struct stream_peer peer = socket_peer();

    (void)state;
    memset(memory, 'x', PIECE);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct stream *stream = open_on(&peer, cases[i].path, true);
        int status, answer = 0;
        struct err err = {0};

        for (unsigned n = 0; n < 200 && answer == 0; n++)
            answer = stream_write(stream, view_of(memory, PIECE), &err);
        assert_int_equal(answer, STREAM_ANSWERED);
        assert_int_equal(stream_write(stream, view_of(memory, PIECE), &err), STREAM_ANSWERED);
        assert_int_equal(stream_status(stream, &status, &err), 0);
        assert_int_equal(status, cases[i].status);
        assert_int_equal(stream_read(stream, memory, PIECE, &err), 6);
        assert_memory_equal(memory, "enough", 6);
        assert_int_equal(stream_read(stream, memory, PIECE, &err), 0);
        stream_close(stream);
    }
}

static void says_when_the_peer_hangs_up(void **state)
{
    struct stream_peer peer = socket_peer();
    struct stream *stream = open_on(&peer, "/raw/hang-up", true);
    struct err err = {0};
    int status, answer = 0;

    (void)state;
    for (unsigned n = 0; n < 200 && answer == 0; n++)
        answer = stream_write(stream, view_of(memory, PIECE), &err);
    assert_int_equal(answer, STREAM_ANSWERED);
    assert_int_equal(stream_status(stream, &status, &err), ERR_FAIL);
    assert_int_equal(err.family, ERR_DOCKER);
    assert_string_equal(err.code, "stream");
    stream_close(stream);
}

static void other_protocols_than_http_are_refused(void **state)
{
    static const char *const paths[] = {"/raw/garbage", "/raw/huge-head", "/raw/bad-chunk",
                                        "/raw/big-chunk"};
    struct stream_peer peer = socket_peer();

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        struct stream *stream = open_on(&peer, paths[i], false);
        struct err err = {0};

        assert_int_equal(stream_read(stream, memory, PIECE, &err), ERR_FAIL);
        assert_true(err.text[0] != '\0');
        stream_close(stream);
    }
}

struct late_cancel {
    struct cancel cancel;
    pthread_t thread;
};

static void *cancel_soon(void *arg)
{
    struct late_cancel *late = arg;

    usleep(200000);
    cancel_request(&late->cancel, SIGTERM);
    return NULL;
}

static void stops_waiting_when_cancelled(void **state)
{
    struct stream_peer peer = socket_peer();

    (void)state;
    for (int upload = 0; upload < 2; upload++) {
        struct late_cancel late;
        struct err err = {0};
        struct stream *stream;
        int answer = 0;

        cancel_init(&late.cancel);
        peer.cancel = &late.cancel;
        stream = open_on(&peer, "/raw/slow-reader", upload != 0);
        pthread_create(&late.thread, NULL, cancel_soon, &late);
        while (upload && answer == 0)
            answer = stream_write(stream, view_of(memory, PIECE), &err);
        if (!upload)
            answer = (int)stream_read(stream, memory, PIECE, &err);
        pthread_join(late.thread, NULL);
        assert_int_equal(answer, ERR_FAIL);
        assert_int_equal(err.family, ERR_CANCELLED);
        stream_close(stream);
    }
}

static void a_missing_server_is_reported(void **state)
{
    static const struct stream_peer peers[] = {
        {.unix_socket = "/nowhere/docker.sock", .base_url = "http://localhost"},
        {.base_url = "http://127.0.0.1:1"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(peers); i++) {
        struct err err = {0};

        assert_null(stream_open(&peers[i], "GET", "/", NULL, view_str(NULL), false, &err));
        assert_int_equal(err.family, ERR_DOCKER);
        assert_string_equal(err.code, "unreachable");
    }
}

static void speaks_tls(void **state)
{
    char folder[] = "/tmp/s3dock-tls-XXXXXX", command[512], cert[64], key[64], url[64];
    struct stream_peer peer = {.base_url = url, .tls_verify = true, .ca_file = cert};
    struct fake_docker secure;
    struct err err = {0};

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(cert, sizeof cert, "%s/cert.pem", folder);
    snprintf(key, sizeof key, "%s/key.pem", folder);
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
             "-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout %s -out %s "
             "2>/dev/null",
             key, cert);
    if (system(command) != 0) { /* NOLINT: a command of the test */
        rmdir(folder);
        skip();
    }
    secure = fake_docker_start_tls("docker-20.10", "", 1, cert, key);
    snprintf(url, sizeof url, "https://127.0.0.1:%d", secure.port);
    check_echo(&peer, PIECE, 200000);

    peer.ca_file = NULL; /* an untrusted certificate */
    assert_null(stream_open(&peer, "GET", "/", NULL, view_str(NULL), false, &err));
    assert_string_equal(err.code, "unreachable");
    assert_true(err.hint[0] != '\0');
    peer.tls_verify = false;
    check_echo(&peer, 1000, 100);
    fake_docker_stop(&secure);
    unlink(cert);
    unlink(key);
    rmdir(folder);
}

static void keeps_a_base_path_and_a_port(void **state)
{
    struct fake_docker tcp = fake_docker_start("docker-20.10", "", 1);
    struct stream_peer peer;
    char url[64];

    (void)state;
    snprintf(url, sizeof url, "http://127.0.0.1:%d", tcp.port);
    peer = (struct stream_peer){.base_url = url};
    check_echo(&peer, PIECE, 300000);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/raw", tcp.port);
    stream_close(open_on(&peer, "/echo", true));
    fake_docker_stop(&tcp);
}

static int set_up(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    fake = fake_docker_start("docker-20.10", "", 0);
    memory = malloc(PIECE);
    return memory ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(memory);
    fake_docker_stop(&fake);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_framing),
        cmocka_unit_test(returns_a_chunk_before_the_next_one_comes),
        cmocka_unit_test(returns_the_bytes_before_a_cut),
        cmocka_unit_test(interim_responses_are_skipped),
        cmocka_unit_test(writes_pieces_of_any_size),
        cmocka_unit_test(early_responses_are_read),
        cmocka_unit_test(says_when_the_peer_hangs_up),
        cmocka_unit_test(other_protocols_than_http_are_refused),
        cmocka_unit_test(stops_waiting_when_cancelled),
        cmocka_unit_test(a_missing_server_is_reported),
        cmocka_unit_test(speaks_tls),
        cmocka_unit_test(keeps_a_base_path_and_a_port),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
