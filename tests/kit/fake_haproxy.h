/*
 * fake_haproxy - HAProxy's admin socket in the test program: a backend `shop` with the servers blue
 * and green, and faults.
 */
#ifndef S3DOCK_TESTS_KIT_FAKE_HAPROXY_H
#define S3DOCK_TESTS_KIT_FAKE_HAPROXY_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "kit/raw_server.h"

enum haproxy_fault {
    HAPROXY_SOUND,
    HAPROXY_CLOSES,    /* without an answer */
    HAPROXY_SILENT,    /* keeps the connection open */
    HAPROXY_HALF_LINE, /* closes within a line */
    HAPROXY_FLOODS,    /* 10 MB */
    HAPROXY_LATE,      /* responds after 300 ms */
    HAPROXY_DRIPS,     /* one byte each 50 ms */
    HAPROXY_COLUMNS,   /* a table without the columns */
    HAPROXY_SHORT_ROW, /* a row that ends too early */
    HAPROXY_WORDS,     /* a state that is no number */
    HAPROXY_REFUSES,   /* Permission denied */
    HAPROXY_IGNORES,   /* accepts a change and does nothing */
};

struct fake_server {
    unsigned op, admin;
    const char *status, *check;
    unsigned unready; /* this many tables show "UP 1/2" after `ready` */
    int sessions, queued;
};

struct fake_haproxy {
    enum haproxy_fault fault;
    struct fake_server servers[2];
    const char *level; /* "admin" */
    unsigned port;     /* of blue; green has the next */
    char log[8192];    /* commands that change the state, one a line */

    int listener;
    char address[128];
    atomic_bool stopped;
    pthread_t thread;
};

static inline void fake_haproxy_states(struct fake_haproxy *fake, char *out, size_t size)
{
    const struct fake_server *s = fake->servers;

    snprintf(
        out, size,
        "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "
        "srv_port\n3 shop 1 blue 127.0.0.1 %u %u 1 %u\n3 shop 2 green 127.0.0.1 %u %u 1 %u\n\n",
        s[0].op, s[0].admin, fake->port, s[1].op, s[1].admin, fake->port + 1);
}

static inline void fake_haproxy_stat(struct fake_haproxy *fake, char *out, size_t size)
{
    char *const end = out + size;

    out += snprintf(out, size, "# pxname,svname,qcur,qmax,scur,smax,status,check_status,desc,\n");
    for (unsigned i = 0; i < 2; i++) {
        struct fake_server *server = &fake->servers[i];
        const char *status = server->status;

        if (server->unready > 0 && server->admin == 0) {
            server->unready--;
            status = "UP 1/2";
        }
        out +=
            snprintf(out, (size_t)(end - out), "shop,%s,%d,0,%d,0,%s,%s,\"a, \"\"b\"\"\",\n",
                     i ? "green" : "blue", server->queued, server->sessions, status, server->check);
    }
    snprintf(out, (size_t)(end - out), "\n");
}

/* Changes the state as HAProxy does. */
static inline void fake_haproxy_set(struct fake_haproxy *fake, const char *command)
{
    struct fake_server *server = &fake->servers[strstr(command, "/green") ? 1 : 0];

    if (strstr(command, " state ready"))
        server->admin &= ~0x9u;
    else if (strstr(command, " state drain"))
        server->admin = (server->admin & ~0x9u) | 0x8u;
    else if (strstr(command, " state maint"))
        server->admin = (server->admin & ~0x9u) | 0x1u;
    else if (strncmp(command, "shutdown sessions", 17) == 0)
        server->sessions = 0;
}

/* Returns true if the fault was the whole response. */
static inline bool fake_haproxy_break(struct fake_haproxy *fake, int fd)
{
    static const char block[10000] = {'x'};

    switch (fake->fault) {
    case HAPROXY_CLOSES:
        return true;
    case HAPROXY_SILENT:
        while (!atomic_load(&fake->stopped))
            raw_pause_ms(5);
        return true;
    case HAPROXY_HALF_LINE:
        raw_say(fd, "1\n# be_id be_name srv_id srv_na");
        return true;
    case HAPROXY_FLOODS:
        for (unsigned i = 0; i < 1000 && raw_send(fd, block, sizeof block); i++)
            ;
        raw_say(fd, "\n");
        return true;
    case HAPROXY_DRIPS:
        while (!atomic_load(&fake->stopped) && raw_send(fd, "x", 1))
            raw_pause_ms(50);
        return true;
    case HAPROXY_COLUMNS:
        raw_say(fd, "1\n# be_id be_name,svname,colour\n3 shop blue red\n\n");
        return true;
    case HAPROXY_SHORT_ROW:
        raw_say(fd, "1\n# be_name srv_name srv_op_state srv_admin_state\nshop blue\n\n");
        return true;
    case HAPROXY_WORDS:
        raw_say(fd, "1\n# be_name srv_name srv_op_state srv_admin_state\n"
                    "shop blue -2 0x1\nshop green 2 99999999999\n\n");
        return true;
    case HAPROXY_REFUSES:
        raw_say(fd, "Permission denied\n\n");
        return true;
    default:
        return false;
    }
}

static inline void fake_haproxy_answer(struct fake_haproxy *fake, int fd, const char *command)
{
    char text[2048] = "\n";

    if (fake_haproxy_break(fake, fd))
        return;
    if (fake->fault == HAPROXY_LATE)
        raw_pause_ms(300);
    if (strcmp(command, "show servers state shop") == 0)
        fake_haproxy_states(fake, text, sizeof text);
    else if (strcmp(command, "show stat shop 4 -1") == 0)
        fake_haproxy_stat(fake, text, sizeof text);
    else if (strcmp(command, "show cli level") == 0)
        snprintf(text, sizeof text, "%s\n\n", fake->level);
    else if (strncmp(command, "show ", 5) == 0)
        snprintf(text, sizeof text, "Can't find backend.\n\n");
    else if (strstr(command, "/blue") || strstr(command, "/green")) {
        strncat(fake->log, command, sizeof fake->log - strlen(fake->log) - 2);
        strcat(fake->log, "\n");
        if (fake->fault != HAPROXY_IGNORES)
            fake_haproxy_set(fake, command);
    } else
        snprintf(text, sizeof text, "No such server.\n\n");
    raw_say(fd, text);
}

static inline void *fake_haproxy_serve(void *arg)
{
    struct fake_haproxy *fake = arg;
    char command[1024];
    int fd;

    while ((fd = accept(fake->listener, NULL, NULL)) >= 0) {
        size_t size = 0;

        while (size + 1 < sizeof command && recv(fd, command + size, 1, 0) == 1 &&
               command[size] != '\n')
            size++;
        command[size] = '\0';
        fake_haproxy_answer(fake, fd, command);
        shutdown(fd, SHUT_RDWR);
        close(fd);
    }
    return NULL;
}

static inline void fake_haproxy_listen(struct fake_haproxy *fake, const struct sockaddr *address,
                                       socklen_t size)
{
    fake->listener = socket(address->sa_family, SOCK_STREAM, 0);
    if (bind(fake->listener, address, size) || listen(fake->listener, 64))
        abort();
}

/* Starts the server on a path, or with NULL on a port of 127.0.0.1. The servers are up. */
static inline void fake_haproxy_start(struct fake_haproxy *fake, const char *path)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in remote = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof remote;

    *fake = (struct fake_haproxy){.level = "admin", .port = 18081};
    for (unsigned i = 0; i < 2; i++)
        fake->servers[i] = (struct fake_server){.op = 2, .status = "UP", .check = "L7OK"};
    if (path) {
        snprintf(local.sun_path, sizeof local.sun_path, "%s", path);
        snprintf(fake->address, sizeof fake->address, "%s", path);
        unlink(path);
        fake_haproxy_listen(fake, (struct sockaddr *)&local, sizeof local);
    } else {
        fake_haproxy_listen(fake, (struct sockaddr *)&remote, sizeof remote);
        getsockname(fake->listener, (struct sockaddr *)&remote, &size);
        snprintf(fake->address, sizeof fake->address, "127.0.0.1:%u", ntohs(remote.sin_port));
    }
    if (pthread_create(&fake->thread, NULL, fake_haproxy_serve, fake))
        abort();
}

static inline void fake_haproxy_stop(struct fake_haproxy *fake)
{
    atomic_store(&fake->stopped, true);
    shutdown(fake->listener, SHUT_RDWR);
    pthread_join(fake->thread, NULL);
    close(fake->listener);
}

#endif
