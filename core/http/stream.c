/*
 * libcurl makes the connection (unix socket, TCP, TLS with client certificates) and moves the
 * bytes. This file writes and reads HTTP itself. A daemon may respond before the end of an upload,
 * with an error or with a 200 that contains one, and close the connection. libcurl would then end
 * the transfer with the failed send and lose the response. Here, a failed send starts the reading.
 *
 * Reading: one buffer, from which the body is copied once, into the caller's memory. The socket is
 * read only when the caller reads, so a slow caller slows the daemon down.
 *
 * Writing: small pieces are collected; large ones are sent as a chunk of their own without a copy.
 * A response that arrives meanwhile is decoded into `early`.
 *
 * All waits are polls of CANCEL_TICK at most.
 */
#include "http/stream.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/log.h"
#include "flow/silence.h"
#include "http/easy.h"
#include "http/http1.h"
#include "os/wait.h"

#define BUFFER_SIZE  (512 * KIB) /* of one receive */
#define GATHER_SIZE  (128 * KIB)
#define DIRECT_SIZE  (32 * KIB) /* pieces of this size are not collected */
#define DRAIN_SIZE   (64 * KIB)
#define EARLY_MAX    (1 * MIB) /* of a response that arrives during the upload */
#define CONNECT_TIME (30 * NS_PER_S)
#define REQUEST_MAX  (16 * KIB)
#define TICK_MS      ((int)(CANCEL_TICK / NS_PER_MS))

struct stream {
    const struct cancel *cancel;
    const atomic_bool *stop;
    int64_t answer_within, deadline; /* 0: none */
    CURLM *multi;
    CURL *easy;
    curl_socket_t fd;
    char curl_error[CURL_ERROR_SIZE];
    struct http1 http;

    uint8_t *buffer;
    struct view in;   /* received, not decoded; inside buffer */
    struct view body; /* decoded, not read; inside buffer, or (early) inside early */
    struct text early;
    bool eof;

    struct silence silence;
    char peer[160]; /* for notes */

    bool uploading;
    bool refuses; /* the daemon takes no more */
    uint8_t *gather;
    size_t gathered;
};

/* Sets the error if a cancel, `stop` or the deadline ends the exchange. */
static int check_stop(const struct stream *stream, struct err *err)
{
    if (stream->stop && atomic_load(stream->stop))
        return err_set(err, ERR_CANCELLED, "stopped", "the exchange was stopped");
    return cancel_check(stream->cancel, err);
}

static int wait_for(struct stream *stream, int want, struct err *err)
{
    if (os_wait_one(stream->fd, want, CANCEL_TICK) < 0)
        return err_errno(err, errno, "stream", "cannot wait for the daemon");
    if (silence_due(&stream->silence, clock_monotonic()))
        log_note("nothing has moved for %.0f s: the Docker daemon at %s %s",
                 silence_seconds(&stream->silence, clock_monotonic()), stream->peer,
                 want & OS_WRITABLE ? "takes no more bytes" : "has sent nothing");
    if (stream->deadline && clock_monotonic() > stream->deadline)
        return err_set(err, ERR_DOCKER, CODE_TIMEOUT, "it has not responded within %.3g s",
                       (double)stream->answer_within / (double)NS_PER_S);
    return check_stop(stream, err);
}

/* ---- connecting ---- */

static void set_options(struct stream *stream, const struct stream_peer *peer)
{
    CURL *easy = stream->easy;

    curl_easy_setopt(easy, CURLOPT_URL, peer->base_url);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(
        easy, CURLOPT_CONNECTTIMEOUT_MS,
        (long)((peer->connect_within ? peer->connect_within : CONNECT_TIME) / NS_PER_MS));
    curl_easy_setopt(easy, CURLOPT_SSL_ENABLE_ALPN, 0L); /* this file speaks HTTP/1.1 only */
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, stream->curl_error);
    if (peer->unix_socket)
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, peer->unix_socket);
    http_easy_set_tls(easy, &(struct http_tls){.insecure = !peer->tls_verify,
                                               .ca_file = peer->ca_file,
                                               .cert_file = peer->cert_file,
                                               .key_file = peer->key_file});
}

static int refuse_connection(const struct stream *stream, CURLcode code, struct err *err)
{
    const char *why = stream->curl_error[0] ? stream->curl_error : curl_easy_strerror(code);
    long os_error = 0;

    curl_easy_getinfo(stream->easy, CURLINFO_OS_ERRNO, &os_error);
    if (code == CURLE_COULDNT_CONNECT && os_error != 0)
        why = strerror((int)os_error);
    err_set(err, ERR_DOCKER, CODE_UNREACHABLE, "%s", why);
    if (os_error == EACCES || os_error == EPERM)
        err_hint(err, "you may not use that socket: run as root, or join its group (usually: "
                      "usermod -aG docker USER, then log in again)");
    else if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
        err_hint(err, "check ca.pem in DOCKER_CERT_PATH, and that the host name is the one in the "
                      "daemon's certificate");
    else if (code == CURLE_SSL_CONNECT_ERROR)
        err_hint(err,
                 "does the daemon speak TLS on this port? It does on 2376 as a rule, and not on "
                 "2375: then unset DOCKER_TLS_VERIFY");
    else if (code == CURLE_SSL_CERTPROBLEM)
        err_hint(err, "check cert.pem and key.pem in DOCKER_CERT_PATH");
    return ERR_FAIL;
}

static int connect_peer(struct stream *stream, struct err *err)
{
    int running = 1;
    CURLMsg *msg;

    curl_multi_add_handle(stream->multi, stream->easy);
    for (int left; running;) {
        CURLMcode code = curl_multi_perform(stream->multi, &running);

        if (code == CURLM_OK && running)
            code = curl_multi_poll(stream->multi, NULL, 0, TICK_MS, NULL);
        if (code != CURLM_OK)
            return err_set(err, ERR_DOCKER, CODE_UNREACHABLE, "%s", curl_multi_strerror(code));
        if (check_stop(stream, err) < 0)
            return ERR_FAIL;
        while ((msg = curl_multi_info_read(stream->multi, &left)))
            if (msg->msg == CURLMSG_DONE && msg->data.result != CURLE_OK)
                return refuse_connection(stream, msg->data.result, err);
    }
    if (curl_easy_getinfo(stream->easy, CURLINFO_ACTIVESOCKET, &stream->fd) != CURLE_OK ||
        stream->fd == CURL_SOCKET_BAD)
        return err_set(err, ERR_DOCKER, CODE_UNREACHABLE, "the connection has no socket");
    return 0;
}

/* ---- bytes in ---- */

/* Receives once. Returns 1: bytes or the end arrived; 0: nothing yet. All earlier bytes must be
 * decoded. */
static int receive(struct stream *stream)
{
    size_t got = 0;
    CURLcode code = curl_easy_recv(stream->easy, stream->buffer, BUFFER_SIZE, &got);

    if (code == CURLE_AGAIN)
        return 0;
    silence_moved(&stream->silence, clock_monotonic());
    if (code != CURLE_OK || got == 0)
        stream->eof =
            true; /* a reset is an end, too; the framing decides whether the response is complete */
    stream->in = view_of(stream->buffer, got);
    return 1;
}

/* Decodes up to the next piece of the body. Receives bytes if necessary, and waits for them if
 * `wait` is set. Returns HTTP1_HEAD, HTTP1_BODY, HTTP1_END, HTTP1_MORE (it would have to wait) or a
 * negative number. */
static int next_event(struct stream *stream, bool wait, struct err *err)
{
    for (;;) {
        int event = http1_feed(&stream->http, &stream->in, &stream->body, err);
        int got;

        if (event != HTTP1_MORE)
            return event;
        if (stream->eof && !wait) /* the bytes that are here first; the next call fails, or ends */
            return HTTP1_MORE;
        if (stream->eof)
            return http1_eof(&stream->http, err) < 0 ? ERR_FAIL : HTTP1_END;
        got = receive(stream);
        if (got == 0 && !wait)
            return HTTP1_MORE;
        if (got == 0 && wait_for(stream, OS_READABLE, err) < 0)
            return ERR_FAIL;
    }
}

/* During an upload: decodes what has arrived. Sets `refuses` after a whole response, an error, or
 * the end of the connection. */
static int listen_early(struct stream *stream, struct err *err)
{
    while (!stream->refuses && stream->early.size < EARLY_MAX - BUFFER_SIZE) {
        struct view piece = {0};
        int event = http1_feed(&stream->http, &stream->in, &piece, err);

        if (event < 0)
            return ERR_FAIL;
        if (event == HTTP1_BODY)
            text_add(&stream->early, piece.data, piece.size);
        if (event == HTTP1_END || stream->http.status >= 400)
            stream->refuses = true;
        if (event != HTTP1_MORE)
            continue;
        if (stream->eof)
            stream->refuses = true;
        else if (receive(stream) == 0)
            break;
    }
    return text_check(&stream->early, "an early answer", err);
}

/* ---- bytes out ---- */

/* Sends all bytes, and receives meanwhile. Returns 0, STREAM_ANSWERED when the daemon takes no
 * more, or negative. */
static int send_all(struct stream *stream, const void *data, size_t size, struct err *err)
{
    const uint8_t *at = data;

    while (size > 0) {
        size_t sent = 0;
        CURLcode code;

        if (listen_early(stream, err) < 0)
            return ERR_FAIL;
        if (stream->refuses)
            return STREAM_ANSWERED;
        code = curl_easy_send(stream->easy, at, size, &sent);
        if (code == CURLE_AGAIN) {
            if (wait_for(stream, OS_READABLE | OS_WRITABLE, err) < 0)
                return ERR_FAIL;
            continue;
        }
        if (code != CURLE_OK) {
            stream->refuses = true;
            return STREAM_ANSWERED;
        }
        silence_moved(&stream->silence, clock_monotonic());
        at += sent;
        size -= sent;
        if (cancel_check(stream->cancel, err) < 0)
            return ERR_FAIL;
    }
    return 0;
}

static int send_chunk(struct stream *stream, struct view bytes, struct err *err)
{
    char head[32];
    int size = snprintf(head, sizeof head, "%zx\r\n", bytes.size);
    int answer = send_all(stream, head, (size_t)size, err);

    if (answer == 0)
        answer = send_all(stream, bytes.data, bytes.size, err);
    if (answer == 0)
        answer = send_all(stream, "\r\n", 2, err);
    return answer;
}

static int send_gathered(struct stream *stream, struct err *err)
{
    struct view bytes = view_of(stream->gather, stream->gathered);

    stream->gathered = 0;
    return bytes.size ? send_chunk(stream, bytes, err) : 0;
}

/* Ends the upload if the daemon still takes it. */
static int end_upload(struct stream *stream, struct err *err)
{
    int answer = stream->refuses ? STREAM_ANSWERED : send_gathered(stream, err);

    if (answer == 0)
        answer = send_all(stream, "0\r\n\r\n", 5, err);
    stream->uploading = false;
    stream->body = text_view(&stream->early);
    return answer < 0 ? answer : 0;
}

static int send_request(struct stream *stream, const struct stream_peer *peer, const char *method,
                        const char *path, const char *content_type, struct view body,
                        struct err *err)
{
    const char *host = strstr(peer->base_url, "://");
    const char *base;
    struct text head;
    int answer;

    host = host ? host + 3 : peer->base_url;
    base = host + strcspn(host, "/");
    text_init(&head, REQUEST_MAX);
    text_printf(&head, "%s %s%s HTTP/1.1\r\nHost: %.*s\r\n", method, base, path, (int)(base - host),
                host);
    text_str(&head, "User-Agent: s3dock\r\nAccept: */*\r\nConnection: close\r\n");
    if (content_type)
        text_printf(&head, "Content-Type: %s\r\n", content_type);
    if (stream->uploading)
        text_str(&head, "Transfer-Encoding: chunked\r\n");
    else if (body.size || strcmp(method, "POST") == 0)
        text_printf(&head, "Content-Length: %zu\r\n", body.size);
    text_str(&head, "\r\n");
    answer = text_check(&head, "a request to the daemon", err);
    if (answer == 0)
        answer = send_all(stream, head.data, head.size, err);
    if (answer == 0 && !stream->uploading)
        answer = send_all(stream, body.data, body.size, err);
    text_finish(&head);
    return answer < 0 ? answer : 0; /* an early response is read later */
}

static int allocate(struct stream *stream, bool upload, struct err *err)
{
    if (http_easy_global(err) < 0)
        return ERR_FAIL;
    stream->buffer = malloc(BUFFER_SIZE);
    stream->gather = upload ? malloc(GATHER_SIZE) : NULL;
    stream->multi = curl_multi_init();
    stream->easy = curl_easy_init();
    if (!stream->buffer || (upload && !stream->gather) || !stream->multi || !stream->easy)
        return err_memory(err, "a connection to the daemon");
    return 0;
}

struct stream *stream_open(const struct stream_peer *peer, const char *method, const char *path,
                           const char *content_type, struct view body, bool upload, struct err *err)
{
    struct stream *stream = calloc(1, sizeof *stream);

    if (!stream) {
        err_memory(err, "a connection to the daemon");
        return NULL;
    }
    stream->cancel = peer->cancel;
    stream->stop = peer->stop;
    stream->answer_within = peer->answer_within;
    stream->deadline = peer->answer_within ? clock_monotonic() + peer->answer_within : 0;
    stream->uploading = upload;
    str_copy(stream->peer, sizeof stream->peer,
             peer->unix_socket ? peer->unix_socket : peer->base_url);
    stream->fd = CURL_SOCKET_BAD;
    http1_init(&stream->http, strcmp(method, "HEAD") == 0);
    text_init(&stream->early, EARLY_MAX);
    if (allocate(stream, upload, err) == 0) {
        set_options(stream, peer);
        if (connect_peer(stream, err) == 0 &&
            send_request(stream, peer, method, path, content_type, body, err) == 0) {
            stream->body = text_view(&stream->early);
            return stream;
        }
    }
    stream_close(stream);
    return NULL;
}

int stream_status(struct stream *stream, int *status, struct err *err)
{
    if (stream->uploading && end_upload(stream, err) < 0)
        return ERR_FAIL;
    while (stream->http.status == 0) {
        int event = next_event(stream, true, err);

        if (event < 0)
            return ERR_FAIL;
    }
    *status = stream->http.status / 100 == 2 ? 200 : stream->http.status;
    return 0;
}

const char *stream_header(struct stream *stream, const char *name)
{
    const char *value = http1_header(&stream->http, name);

    return value ? value : "";
}

long stream_read(struct stream *stream, uint8_t *out, size_t cap, struct err *err)
{
    size_t got = 0;
    int status;

    if (stream_status(stream, &status, err) < 0)
        return ERR_FAIL;
    while (got < cap) {
        size_t size = stream->body.size < cap - got ? stream->body.size : cap - got;
        int event;

        memcpy(out + got, stream->body.data ? stream->body.data : out, size);
        stream->body.data += size;
        stream->body.size -= size;
        got += size;
        if (stream->body.size > 0)
            continue;
        event = next_event(stream, got == 0, err);
        if (event < 0)
            return ERR_FAIL;
        if (event != HTTP1_BODY && event != HTTP1_HEAD)
            break;
    }
    return (long)got;
}

int stream_drain(struct stream *stream, void (*take)(void *arg, struct view bytes), void *arg,
                 struct err *err)
{
    uint8_t *piece = malloc(DRAIN_SIZE);
    long got = 1;

    if (!piece)
        return err_memory(err, "a response of the daemon");
    while (got > 0) {
        got = stream_read(stream, piece, DRAIN_SIZE, err);
        if (got > 0)
            take(arg, view_of(piece, (size_t)got));
    }
    free(piece);
    return got < 0 ? ERR_FAIL : 0;
}

int stream_write(struct stream *stream, struct view bytes, struct err *err)
{
    int answer = stream->refuses ? STREAM_ANSWERED : 0;

    if (answer == 0 && stream->gathered + bytes.size > GATHER_SIZE)
        answer = send_gathered(stream, err);
    if (answer == 0 && bytes.size >= DIRECT_SIZE) {
        answer = send_gathered(stream, err);
        if (answer == 0)
            answer = send_chunk(stream, bytes, err);
    } else if (answer == 0 && bytes.size > 0) {
        memcpy(stream->gather + stream->gathered, bytes.data, bytes.size);
        stream->gathered += bytes.size;
    }
    return answer;
}

void stream_close(struct stream *stream)
{
    if (!stream)
        return;
    if (stream->multi && stream->easy)
        curl_multi_remove_handle(stream->multi, stream->easy);
    curl_easy_cleanup(stream->easy);
    curl_multi_cleanup(stream->multi);
    http1_finish(&stream->http);
    text_finish(&stream->early);
    free(stream->buffer);
    free(stream->gather);
    free(stream);
}
