/*
 * requests - counts the HTTP/1 requests in one direction of a connection, from whatever pieces of
 * it come by, and names each in a file: "METHOD TARGET", one a line.
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
    REQUESTS_TRAILER, /* lines behind the last chunk, up to an empty one */
    REQUESTS_LOST,    /* something else than HTTP: nothing is counted any more */
};

struct requests {
    enum requests_state state;
    uint64_t left, count;
    char line[REQUESTS_LINE];
    size_t used;
    char first[REQUESTS_LINE]; /* of the head being read, "" before it */
    uint64_t length;           /* what that head says of its body */
    int chunked;
};

/* All zeros is a good beginning. `log` may be NULL. */
void requests_feed(struct requests *requests, const uint8_t *data, size_t size, FILE *log);

#endif
