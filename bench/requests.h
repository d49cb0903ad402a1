/*
 * requests - counts the HTTP/1 requests in one direction of a connection. The bytes come in pieces
 * of any size. Each request is written to a file as one line, "METHOD TARGET".
 */
#ifndef S3DOCK_BENCH_REQUESTS_H
#define S3DOCK_BENCH_REQUESTS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define REQUESTS_LINE 2048

enum requests_state {
    REQUESTS_HEAD,    /* lines, up to an empty one */
    REQUESTS_BODY,    /* `left` bytes */
    REQUESTS_CHUNK,   /* a line with the size of a chunk */
    REQUESTS_DATA,    /* `left` bytes of a chunk, its line end included */
    REQUESTS_TRAILER, /* lines after the last chunk, up to an empty one */
    REQUESTS_LOST,    /* not HTTP: the counting has stopped */
};

struct requests {
    enum requests_state state;
    uint64_t left, count;
    char line[REQUESTS_LINE];
    size_t used;
    char first[REQUESTS_LINE]; /* of the current head, "" before it */
    uint64_t length;           /* the body, as that head states it */
    int chunked;
};

/* A zeroed struct is valid. `log` may be NULL. */
void requests_feed(struct requests *requests, const uint8_t *data, size_t size, FILE *log);

#endif
