/*
 * raw_server - a TCP server in the test program. A function of the test writes each response. The
 * server starts fast and can send any bytes.
 */
#ifndef S3DOCK_TESTS_KIT_RAW_SERVER_H
#define S3DOCK_TESTS_KIT_RAW_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RAW_CONNECTIONS  64
#define RAW_REQUEST_SIZE 16384

struct raw_server {
    /* Responds to one request. `head` is the request line with the headers. The body was read
     * already. Returns false to close the connection. */
    bool (*answer)(struct raw_server *server, int fd, const char *head);
    void *arg;
    bool leaves_bodies; /* unread */

    int listener;
    char url[64];
    atomic_uint requests;
    atomic_bool stopped;
    pthread_t thread;
    struct raw_connection {
        struct raw_server *server;
        int fd;
        pthread_t thread;
    } connections[RAW_CONNECTIONS];
    unsigned count;
};

static inline bool raw_send(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        size -= (size_t)sent;
    }
    return true;
}

static inline bool raw_say(int fd, const char *text)
{
    return raw_send(fd, text, strlen(text));
}

static inline void raw_pause_ms(long ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* Sends a few bytes at intervals, until the client closes or the server stops. */
static inline void raw_drip(struct raw_server *server, int fd)
{
    while (!atomic_load(&server->stopped) && raw_say(fd, "  "))
        raw_pause_ms(10);
}

/* Reads the body of a request. `got` bytes of it have arrived already. */
static inline void raw_skip_body(int fd, const char *head, size_t got)
{
    const char *length = strcasestr(head, "\r\nContent-Length:");
    size_t left = length ? strtoul(length + 17, NULL, 10) : 0;
    char piece[65536];

    left = left > got ? left - got : 0;
    while (left > 0) {
        ssize_t size = recv(fd, piece, left < sizeof piece ? left : sizeof piece, 0);
        if (size <= 0)
            return;
        left -= (size_t)size;
    }
}

static inline bool raw_read_head(const struct raw_server *server, int fd,
                                 char head[RAW_REQUEST_SIZE])
{
    size_t size = 0;
    char *end = NULL;

    while (!end && size + 1 < RAW_REQUEST_SIZE) {
        ssize_t got = recv(fd, head + size, RAW_REQUEST_SIZE - 1 - size, 0);
        if (got <= 0)
            return false;
        size += (size_t)got;
        head[size] = '\0';
        end = head[0] == 0x16 ? head : strstr(head, "\r\n\r\n"); /* a TLS client hello */
    }
    if (end && end != head && !server->leaves_bodies)
        raw_skip_body(fd, head, size - (size_t)(end + 4 - head));
    return end != NULL;
}

static inline void *raw_serve(void *arg)
{
    struct raw_connection *connection = arg;
    struct raw_server *server = connection->server;
    char head[RAW_REQUEST_SIZE];

    while (raw_read_head(server, connection->fd, head)) {
        atomic_fetch_add(&server->requests, 1);
        if (!server->answer(server, connection->fd, head))
            break;
    }
    shutdown(connection->fd, SHUT_RDWR);
    return NULL;
}

static inline void *raw_accept(void *arg)
{
    struct raw_server *server = arg;
    int fd;

    while (server->count < RAW_CONNECTIONS && (fd = accept(server->listener, NULL, NULL)) >= 0) {
        struct raw_connection *connection = &server->connections[server->count];
        *connection = (struct raw_connection){.server = server, .fd = fd};
        if (pthread_create(&connection->thread, NULL, raw_serve, connection))
            abort();
        server->count++;
    }
    return NULL;
}

/* Starts the server. The caller has set `answer` and `arg`, and the rest is zero. */
static inline void raw_start(struct raw_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;

    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server->listener, (struct sockaddr *)&address, size) || listen(server->listener, 64) ||
        getsockname(server->listener, (struct sockaddr *)&address, &size) ||
        pthread_create(&server->thread, NULL, raw_accept, server))
        abort();
    snprintf(server->url, sizeof server->url, "http://127.0.0.1:%u", ntohs(address.sin_port));
}

static inline void raw_stop(struct raw_server *server)
{
    atomic_store(&server->stopped, true);
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    for (unsigned i = 0; i < server->count; i++) {
        shutdown(server->connections[i].fd, SHUT_RDWR);
        pthread_join(server->connections[i].thread, NULL);
        close(server->connections[i].fd);
    }
    close(server->listener);
}

#endif
