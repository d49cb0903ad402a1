/*
 * stream - one HTTP exchange whose body flows by hand: read as one reads a file, or written as one
 * writes it.
 *
 * For the Engine API: image export (a long answer) and load (a long question). Blocking, on the
 * calling thread, with libcurl underneath (a multi handle of its own); looks at `cancel` every
 * CANCEL_TICK. There is no time limit on silence unless one is asked for: a daemon exports for
 * minutes before its first byte. (Silence is shown by progress.)
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

/* Where and how: shared by all requests to one daemon. Strings are borrowed. */
struct stream_peer {
    const char *unix_socket; /* path, or NULL */
    const char *base_url;    /* "http://localhost" with a socket, "https://host:2376" */
    bool tls_verify;
    const char *ca_file, *cert_file, *key_file; /* NULL: none */
    int64_t connect_within;                     /* ns; 0: half a minute */
    int64_t
        answer_within; /* ns for the whole exchange, docker.timeout when it is over; 0: no end */
    const struct cancel *cancel;
    const atomic_bool *stop; /* set: nobody waits for this exchange any more. NULL: none */
};

struct stream;
/* Sends the request line and headers. `upload`: a chunked body follows by stream_write; otherwise
 * `body` (may be empty) is sent at once. */
struct stream *stream_open(const struct stream_peer *peer, const char *method, const char *path,
                           const char *content_type, struct view body, bool upload,
                           struct err *err);
/* Waits for the answer's header. The status in *status: 200 for every 2xx, which Docker's own
 * client does not tell apart either. May be called while uploading: then it ends the body. */
int stream_status(struct stream *stream, int *status, struct err *err);
/* A header of the answer by its lower-case name, or "". */
const char *stream_header(struct stream *stream, const char *name);
/* Reads up to cap bytes of the answer. 0 at its end: which is the protocol's proper end, a cut
 * connection is a failure (docker.stream). */
long stream_read(struct stream *stream, uint8_t *out, size_t cap, struct err *err);
/* Reads to the end of the answer, and hands each piece to `take`. */
int stream_drain(struct stream *stream, void (*take)(void *arg, struct view bytes), void *arg,
                 struct err *err);
/* Writes all of it. When the peer answers early (an error), the rest is dropped and STREAM_ANSWERED
 * returned: the answer can be read. */
enum { STREAM_ANSWERED = 1 };
int stream_write(struct stream *stream, struct view bytes, struct err *err);
/* Drops the connection wherever it is. Takes NULL. */
void stream_close(struct stream *stream);

#endif
