/*
 * link - simulates a slow link on the loopback: it forwards connections from one port to another.
 *
 *     link [--rate BITS] [--trip MS] [--cut SECONDS] [--seed N] [--samples FILE] [--requests FILE]
 *          PORT TARGET
 *
 * All connections share the rate (bits per second, for each direction) in turns. A byte leaves when
 * the rate permits, and arrives half a round trip later. A new connection first waits for one round
 * trip, as its handshake would. With --cut, one connection is reset about every SECONDS. Without
 * options, the program only forwards and counts.
 *
 * The program simulates no packet loss and no slow start, and counts only payload, not packet
 * headers. So a real link of this rate is somewhat slower for all programs.
 *
 * It prints "ready", and at its end (SIGTERM, SIGINT) one line of JSON with the totals. --samples:
 * writes "seconds up down", bytes so far, ten times a second. --requests: writes the method and
 * target of each HTTP request.
 *
 *     client --read--> [ in flight, due later ] --write--> target
 *
 * That is one `way`. Another one forwards the reverse direction.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "requests.h"

#define SECOND          1000000000LL
#define SAMPLE          (SECOND / 10)
#define CONNECTIONS_MAX 512
#define PIECE_MAX       (64 * 1024)
#define LATE_MAX        0.02 /* seconds */

/* Bytes in the air. size 0: the end of the stream. */
struct piece {
    struct piece *next;
    int64_t due;
    size_t size, written;
    uint8_t data[];
};

enum { UP, DOWN };

/* One direction of one connection. */
struct way {
    int from, to;
    struct piece *first, **last;
    size_t flying;
    bool ended, shut; /* the sender has closed; the receiver has closed */
};

struct connection {
    struct way ways[2];
    int64_t opens; /* when the handshake is over */
    struct requests requests;
};

/* One direction of the link. */
struct lane {
    double credit; /* bytes that may leave now; negative: the link is busy */
    uint64_t bytes;
};

struct link {
    double rate; /* bytes per second; 0: unlimited */
    int64_t half_trip, cut;
    uint64_t random;
    FILE *samples, *requests;
    int listener;
    uint16_t target;
    struct lane lanes[2];
    int64_t began, refilled, next_sample, next_cut;
    struct connection *connections[CONNECTIONS_MAX];
    unsigned count, turn;
    uint64_t accepted, cuts, request_count;
};

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
    ended = number;
}

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND + now.tv_nsec;
}

static double random_share(struct link *link)
{
    link->random ^= link->random << 13;
    link->random ^= link->random >> 7;
    link->random ^= link->random << 17;
    return (double)(link->random >> 11) / (double)(1ULL << 53);
}

/* ---- the rate, and the bytes in flight ---- */

/* The largest piece: two milliseconds of the rate, so that all connections get their turn. */
static size_t piece_size(const struct link *link)
{
    double size = link->rate * 0.002;

    if (link->rate == 0 || size > PIECE_MAX)
        return PIECE_MAX;
    return size < 1460 ? 1460 : (size_t)size;
}

/* Bytes in flight of one direction: twice the capacity of the link, and a reserve for the
 * scheduler. */
static size_t flying_max(const struct link *link)
{
    return (size_t)(link->rate * 2 * (double)link->half_trip / (double)SECOND) + 8UL * PIECE_MAX;
}

/* After a delay by a busy machine, the process may catch up, within limits. An idle link saves no
 * budget. */
static void refill(struct link *link, int64_t now)
{
    double gained = link->rate * (double)(now - link->refilled) / (double)SECOND;
    double piece = (double)piece_size(link), late = link->rate * LATE_MAX;
    double most = late > piece ? late : piece;

    link->refilled = now;
    for (int i = 0; i < 2; i++) {
        link->lanes[i].credit += gained;
        if (link->lanes[i].credit > most)
            link->lanes[i].credit = most;
    }
}

static bool may_leave(const struct link *link, const struct connection *connection, int direction,
                      int64_t now)
{
    const struct way *way = &connection->ways[direction];

    return !way->ended && now >= connection->opens && way->flying < flying_max(link) &&
           (link->rate == 0 || link->lanes[direction].credit > 0);
}

/* ---- one connection ---- */

static int small_buffers(int fd, const struct link *link)
{
    int one = 1, size = (int)(link->rate * 2 * (double)link->half_trip / (double)SECOND);

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (link->rate == 0)
        return fd;
    /* Bytes in the kernel's buffers count as sent for the sender, so the buffers must be small. */
    size = size < 65536 ? 65536 : size;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    return fd;
}

static void drop(struct link *link, unsigned number, bool reset)
{
    struct connection *connection = link->connections[number];
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    for (int i = 0; i < 2; i++) {
        struct way *way = &connection->ways[i];

        while (way->first) {
            struct piece *piece = way->first;

            way->first = piece->next;
            free(piece);
        }
        if (reset)
            setsockopt(way->from, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(way->from);
    }
    link->request_count += connection->requests.count;
    free(connection);
    link->connections[number] = link->connections[--link->count];
}

static void welcome(struct link *link, int64_t now)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(link->target),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int client = accept4(link->listener, NULL, NULL, SOCK_CLOEXEC), server;
    struct connection *connection;

    if (client < 0)
        return;
    server = small_buffers(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), link);
    connection = calloc(1, sizeof *connection);
    if (!connection || link->count == CONNECTIONS_MAX ||
        connect(server, (struct sockaddr *)&address, sizeof address) != 0) {
        close(client);
        close(server);
        free(connection);
        return;
    }
    small_buffers(client, link);
    fcntl(client, F_SETFL, O_NONBLOCK);
    fcntl(server, F_SETFL, O_NONBLOCK);
    connection->ways[UP] = (struct way){.from = client, .to = server};
    connection->ways[DOWN] = (struct way){.from = server, .to = client};
    for (int i = 0; i < 2; i++)
        connection->ways[i].last = &connection->ways[i].first;
    connection->opens = now + 2 * link->half_trip;
    link->connections[link->count++] = connection;
    link->accepted++;
}

/* Reads a piece from a sender. Returns the bytes, 0 if there are none, -1 if the connection broke.
 */
static long leave(struct link *link, struct connection *connection, int direction, int64_t now)
{
    struct way *way = &connection->ways[direction];
    struct lane *lane = &link->lanes[direction];
    size_t most = piece_size(link);
    struct piece *piece = malloc(sizeof *piece + most);
    ssize_t got = piece ? recv(way->from, piece->data, most, 0) : -1;

    if (got < 0) {
        bool later = errno == EAGAIN || errno == EINTR;

        free(piece);
        return later ? 0 : -1;
    }
    if (got == 0)
        way->ended = true;
    if (direction == UP)
        requests_feed(&connection->requests, piece->data, (size_t)got, link->requests);
    lane->bytes += (uint64_t)got;
    piece->next = NULL;
    piece->size = (size_t)got;
    piece->written = 0;
    piece->due = now + link->half_trip;
    if (link->rate > 0) {
        lane->credit -= (double)got;
        if (lane->credit < 0)
            piece->due += (int64_t)(-lane->credit / link->rate * (double)SECOND);
    }
    *way->last = piece;
    way->last = &piece->next;
    way->flying += piece->size;
    return got;
}

/* Writes the arrived bytes. Returns -1 if the receiver has closed. */
static int arrive(struct way *way, int64_t now)
{
    while (way->first && way->first->due <= now) {
        struct piece *piece = way->first;
        ssize_t put;

        if (piece->size == 0) {
            shutdown(way->to, SHUT_WR);
            way->shut = true;
        } else {
            put = send(way->to, piece->data + piece->written, piece->size - piece->written,
                       MSG_NOSIGNAL);
            if (put < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -1;
            piece->written += (size_t)put;
            way->flying -= (size_t)put;
            if (piece->written < piece->size)
                return 0;
        }
        way->first = piece->next;
        if (!way->first)
            way->last = &way->first;
        free(piece);
    }
    return 0;
}

/* ---- all connections ---- */

/* One round: every connection gets one turn in each direction. Returns whether bytes moved. */
static bool go_round(struct link *link, int64_t now)
{
    bool moved = false;

    link->turn++;
    for (unsigned i = 0; i < link->count;) {
        unsigned number = (i + link->turn) % link->count;
        struct connection *connection = link->connections[number];
        bool broken = false;

        for (int way = 0; way < 2 && !broken; way++) {
            if (may_leave(link, connection, way, now)) {
                long got = leave(link, connection, way, now);

                broken = got < 0;
                moved |= got > 0;
            }
            broken |= arrive(&connection->ways[way], now) != 0;
        }
        if (broken || (connection->ways[UP].shut && connection->ways[DOWN].shut))
            drop(link, number, broken);
        else
            i++;
    }
    return moved;
}

static void sample(struct link *link, int64_t now)
{
    if (!link->samples || now < link->next_sample)
        return;
    fprintf(link->samples, "%.3f %llu %llu\n", (double)(now - link->began) / (double)SECOND,
            (unsigned long long)link->lanes[UP].bytes, (unsigned long long)link->lanes[DOWN].bytes);
    link->next_sample = now + SAMPLE;
}

static void cut_one(struct link *link, int64_t now)
{
    if (link->cut == 0 || now < link->next_cut)
        return;
    link->next_cut = now + (int64_t)((double)link->cut * (0.5 + random_share(link)));
    if (link->count > 0) {
        drop(link, (unsigned)(random_share(link) * link->count), true);
        link->cuts++;
    }
}

static void earlier(int64_t *when, int64_t candidate)
{
    if (candidate < *when)
        *when = candidate;
}

/* Waits until a connection may be ready. */
static void wait_for_work(struct link *link, int64_t now)
{
    static struct pollfd polled[2 * CONNECTIONS_MAX * 2 + 1];
    int64_t until = now + SECOND;
    nfds_t count = 0;
    struct timespec left;

    polled[count++] = (struct pollfd){.fd = link->listener, .events = POLLIN};
    for (unsigned i = 0; i < link->count; i++) {
        struct connection *connection = link->connections[i];

        if (now < connection->opens)
            earlier(&until, connection->opens);
        for (int n = 0; n < 2; n++) {
            struct way *way = &connection->ways[n];

            if (may_leave(link, connection, n, now))
                polled[count++] = (struct pollfd){.fd = way->from, .events = POLLIN};
            else if (!way->ended && link->rate > 0 && link->lanes[n].credit <= 0)
                earlier(&until,
                        now + 1000 +
                            (int64_t)(-link->lanes[n].credit / link->rate * (double)SECOND));
            if (way->first && way->first->due <= now)
                polled[count++] = (struct pollfd){.fd = way->to, .events = POLLOUT};
            else if (way->first)
                earlier(&until, way->first->due);
        }
    }
    if (link->samples)
        earlier(&until, link->next_sample);
    if (link->cut)
        earlier(&until, link->next_cut);
    if (until < now)
        until = now;
    left = (struct timespec){(until - now) / SECOND, (until - now) % SECOND};
    if (ppoll(polled, count, &left, NULL) > 0 && polled[0].revents & POLLIN)
        welcome(link, now_ns());
}

static void run(struct link *link)
{
    link->began = link->refilled = now_ns();
    link->next_sample = link->began;
    link->next_cut = link->began + link->cut;
    while (!ended) {
        int64_t now = now_ns();

        refill(link, now);
        sample(link, now);
        cut_one(link, now);
        if (!go_round(link, now))
            wait_for_work(link, now_ns());
    }
}

static int listen_on(const struct link *link, uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = small_buffers(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), link);
    int one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 128) != 0) {
        perror("link: the port");
        exit(1);
    }
    return fd;
}

static FILE *open_file(const char *path)
{
    FILE *file = fopen(path, "w");

    if (!file) {
        perror(path);
        exit(1);
    }
    return file;
}

static bool read_options(struct link *link, int argc, char **argv)
{
    static const struct option options[] = {
        {"rate", required_argument, NULL, 'r'},
        {"trip", required_argument, NULL, 't'},
        {"cut", required_argument, NULL, 'c'},
        {"seed", required_argument, NULL, 's'},
        {"samples", required_argument, NULL, 'a'},
        {"requests", required_argument, NULL, 'q'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        switch (option) {
        case 'r':
            link->rate = strtod(optarg, NULL) / 8;
            break;
        case 't':
            link->half_trip = (int64_t)(strtod(optarg, NULL) * (double)SECOND / 2000);
            break;
        case 'c':
            link->cut = (int64_t)(strtod(optarg, NULL) * (double)SECOND);
            break;
        case 's':
            link->random = strtoull(optarg, NULL, 10) * 2 + 1;
            break;
        case 'a':
            link->samples = open_file(optarg);
            break;
        case 'q':
            link->requests = open_file(optarg);
            break;
        default:
            return false;
        }
    return argc - optind == 2;
}

int main(int argc, char **argv)
{
    static struct link link = {.random = 0x9e3779b97f4a7c15};
    struct sigaction action = {.sa_handler = on_signal};

    if (!read_options(&link, argc, argv)) {
        fprintf(stderr, "usage: link [--rate BITS] [--trip MS] [--cut SECONDS] [--seed N]\n"
                        "            [--samples FILE] [--requests FILE] PORT TARGET\n");
        return 2;
    }
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    link.target = (uint16_t)strtoul(argv[optind + 1], NULL, 10);
    link.listener = listen_on(&link, (uint16_t)strtoul(argv[optind], NULL, 10));
    printf("ready\n");
    fflush(stdout);
    run(&link);
    while (link.count > 0)
        drop(&link, 0, true);
    if (link.samples)
        fclose(link.samples);
    if (link.requests)
        fclose(link.requests);
    printf("{\"up\": %llu, \"down\": %llu, \"connections\": %llu, \"cuts\": %llu, "
           "\"requests\": %llu}\n",
           (unsigned long long)link.lanes[UP].bytes, (unsigned long long)link.lanes[DOWN].bytes,
           (unsigned long long)link.accepted, (unsigned long long)link.cuts,
           (unsigned long long)link.request_count);
    return 0;
}
