/*
 * stream - one HTTP exchange whose body the caller reads or writes like a file.
 *
 * For the Engine API: image export (a long response) and load (a long request). It blocks the
 * calling thread and checks `cancel` every CANCEL_TICK. libcurl makes the connection. There is no
 * time limit unless one is set: a daemon may need minutes before the first byte of an export.
 */
#ifndef S3DOCK_HTTP_STREAM_H
#define S3DOCK_HTTP_STREAM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "flow/cancel.h"

struct err;

/* The address and settings of one daemon. Strings are borrowed. */
struct stream_peer {
    const char *unix_socket; /* path, or NULL */
    const char *base_url;    /* "http://localhost" with a socket, "https://host:2376" */
    bool tls_verify;
    const char *ca_file, *cert_file, *key_file; /* NULL: none */
    int64_t connect_within;                     /* ns; 0: half a minute */
    int64_t
        answer_within; /* ns for the whole exchange, docker.timeout when it is over; 0: no end */
    const struct cancel *cancel;
    const atomic_bool *stop; /* once set, it ends the exchange. NULL: none */
};

struct stream;
/* Sends the request line and headers. `upload`: a chunked body follows by stream_write; otherwise
 * `body` (may be empty) is sent at once. */
struct stream *stream_open(const struct stream_peer *peer, const char *method, const char *path,
                           const char *content_type, struct view body, bool upload,
                           struct err *err);
/* Waits for the head of the response. *status is 200 for every 2xx, as in Docker's own client.
 * During an upload, it ends the body. */
int stream_status(struct stream *stream, int *status, struct err *err);
/* Returns a header of the response by its lower-case name, or "". */
const char *stream_header(struct stream *stream, const char *name);
/* Reads up to cap bytes of the response. Returns 0 at its end. docker.stream: the connection was
 * cut before that. */
long stream_read(struct stream *stream, uint8_t *out, size_t cap, struct err *err);
/* Reads to the end of the response, and passes each piece to `take`. */
int stream_drain(struct stream *stream, void (*take)(void *arg, struct view bytes), void *arg,
                 struct err *err);
/* Writes all bytes. If the peer responds before the end, such as with an error, the rest is
 * dropped. Then it returns STREAM_ANSWERED, and the response can be read. */
enum { STREAM_ANSWERED = 1 };
int stream_write(struct stream *stream, struct view bytes, struct err *err);
/* Closes the connection in any state. Takes NULL. */
void stream_close(struct stream *stream);

#endif
