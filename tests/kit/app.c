/*
 * The application of the deployment tests: a small HTTP server in one static file.
 *
 * Its environment decides how it behaves:
 *
 *   GEN=WORD          the generation, in every response
 *   PORT=8080         the port
 *   START_DELAY=S     listens after S seconds
 *   CRASH_AFTER=S     exits after S seconds, with EXIT_CODE (default 1)
 *   EXIT_CODE=N       without CRASH_AFTER: exits at once
 *   UNHEALTHY=yes     /healthz responds with 503
 *   REDIRECT=yes      /healthz responds with 301
 *   ONLY_HOST=NAME    /healthz responds with 403 to every other Host header
 *   LOCK=FILE         holds an exclusive lock on FILE, or exits with code 75
 *   ONCE=FILE         creates FILE, or exits with code 76 if it exists: the container does not start twice
 *   EAT=MB            takes so much memory after the start
 *   TERM_MODE=MODE    what it does on SIGTERM:
 *       drain   (default) closes the listener, finishes requests, ends
 *       now     ends at once
 *       close   closes the listener, and does not end
 *       ignore  nothing
 *
 * A second SIGTERM counts as a fault of the sender: it prints "second SIGTERM" and exits with code
 * 99.
 *
 * Paths: / and all others: one line. /healthz. /slow?S: the same after S seconds. /stream?N: N
 * lines, one each 100 ms, then "end". /ws: switches protocols and returns every byte. /big?N: N
 * bytes. /exit?N: exits with code N. Every response repeats the header X-Id of its request.
 *
 * app --health: asks the own /healthz, for a HEALTHCHECK. Exit code 0 or 1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX   16384
#define STACK_SIZE 131072
#define TICK_MS    50

struct request {
    char head[HEAD_MAX];
    char path[1024], argument[256], id[64];
    bool closes; /* the client wants the end of the connection */
};

static char host[64];
static const char *gen;
static atomic_int connections;
static atomic_bool draining;
static volatile sig_atomic_t signals;

/* ---- helpers ---- */

static const char *option(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value && *value ? value : otherwise;
}

static bool is_on(const char *name)
{
    return strcmp(option(name, ""), "yes") == 0;
}

static void pause_for(double seconds)
{
    struct timespec time = {.tv_sec = (time_t)seconds};

    time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
    while (nanosleep(&time, &time) != 0 && errno == EINTR)
        ;
}

/* Prints one line. Lines of several threads do not mix. */
__attribute__((format(printf, 1, 2))) static void note(const char *fmt, ...)
{
    char line[512];
    va_list args;
    int size = snprintf(line, sizeof line, "gen %s: ", gen);

    va_start(args, fmt);
    size += vsnprintf(line + size, sizeof line - (size_t)size - 1, fmt, args);
    va_end(args);
    line[size++] = '\n';
    if (write(STDOUT_FILENO, line, (size_t)size) < 0) {
        /* the log is not read */
    }
}

_Noreturn static void end(int code)
{
    note("ends with code %d", code);
    _exit(code);
}

static bool send_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        data += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* ---- requests ---- */

static void copy_header(const char *head, const char *name, char *out, size_t size)
{
    const char *found = strcasestr(head, name);

    out[0] = '\0';
    if (!found)
        return;
    found += strlen(name);
    found += strspn(found, " ");
    snprintf(out, size, "%.*s", (int)strcspn(found, "\r\n"), found);
}

/* Reads the head of a request. Returns false at the end of the connection, and between two requests
 * when the program ends. */
static bool read_head(int fd, struct request *request)
{
    size_t size = 0;

    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        ssize_t got;

        if (poll(&wait, 1, TICK_MS) == 0) {
            if (size == 0 && atomic_load(&draining))
                return false;
            continue;
        }
        got = recv(fd, request->head + size, HEAD_MAX - 1 - size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        size += (size_t)got;
        request->head[size] = '\0';
        if (strstr(request->head, "\r\n\r\n"))
            return true;
        if (size == HEAD_MAX - 1)
            return false;
    }
}

static bool read_request(int fd, struct request *request)
{
    char connection[64], *question;

    if (!read_head(fd, request) || sscanf(request->head, "%*15s %1023s", request->path) != 1)
        return false;
    request->argument[0] = '\0';
    question = strchr(request->path, '?');
    if (question) {
        snprintf(request->argument, sizeof request->argument, "%s", question + 1);
        *question = '\0';
    }
    copy_header(request->head, "\r\nX-Id:", request->id, sizeof request->id);
    copy_header(request->head, "\r\nConnection:", connection, sizeof connection);
    request->closes = strcasestr(connection, "close") || strstr(request->head, " HTTP/1.0\r\n");
    return true;
}

/* ---- responses ---- */

/* Sends a response with a head. Returns true if the connection stays open. */
static bool respond(int fd, const struct request *request, const char *status, const char *more,
                    const char *body, size_t size)
{
    bool closes = request->closes || atomic_load(&draining);
    char head[1024];
    int used = snprintf(
        head, sizeof head,
        "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nX-Gen: %s\r\nX-Host: "
        "%s\r\nX-Id: %s\r\n%s%s\r\n",
        status, size, gen, host, request->id, more, closes ? "Connection: close\r\n" : "");

    return send_all(fd, head, (size_t)used) && send_all(fd, body, size) && !closes;
}

static bool respond_line(int fd, const struct request *request, const char *status,
                         const char *more)
{
    char body[256];
    int size = snprintf(body, sizeof body, "gen=%s host=%s id=%s\n", gen, host, request->id);

    return respond(fd, request, status, more, body, (size_t)size);
}

static bool respond_health(int fd, const struct request *request)
{
    const char *only = option("ONLY_HOST", NULL);
    char asked[256];

    copy_header(request->head, "\r\nHost:", asked, sizeof asked);
    if (is_on("UNHEALTHY"))
        return respond(fd, request, "503 Service Unavailable", "", "no database\n", 12);
    if (is_on("REDIRECT"))
        return respond_line(fd, request, "301 Moved Permanently",
                            "Location: https://shop.example.com/\r\n");
    if (only && strcmp(asked, only) != 0)
        return respond(fd, request, "403 Forbidden", "", "wrong host\n", 11);
    return respond_line(fd, request, "200 OK", "");
}

static bool send_chunk(int fd, const char *line)
{
    char chunk[512];
    int size = snprintf(chunk, sizeof chunk, "%zx\r\n%s\r\n", strlen(line), line);

    return send_all(fd, chunk, (size_t)size);
}

static bool respond_stream(int fd, const struct request *request)
{
    long lines = request->argument[0] ? strtol(request->argument, NULL, 10) : 20;
    char head[512], line[256];

    snprintf(head, sizeof head,
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Gen: %s\r\nX-Host: %s\r\nX-Id: "
             "%s\r\n\r\n",
             gen, host, request->id);
    if (!send_all(fd, head, strlen(head)))
        return false;
    for (long i = 0; i < lines; i++) {
        snprintf(line, sizeof line, "%ld gen=%s\n", i, gen);
        if (!send_chunk(fd, line))
            return false;
        pause_for(0.1);
    }
    return send_chunk(fd, "end\n") && send_chunk(fd, "") && !request->closes &&
           !atomic_load(&draining);
}

static bool respond_big(int fd, const struct request *request)
{
    size_t size = strtoul(request->argument, NULL, 10);
    char *body = size <= 16 * 1024 * 1024 ? malloc(size + 1) : NULL;
    bool stays;

    if (!body)
        return false;
    memset(body, 'x', size);
    stays = respond(fd, request, "200 OK", "", body, size);
    free(body);
    return stays;
}

/* Returns every byte until the client closes. */
static bool switch_protocols(int fd, const struct request *request)
{
    char head[512], piece[4096];
    ssize_t got;

    snprintf(head, sizeof head,
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nX-Gen: %s\r\nX-Host: "
             "%s\r\nX-Id: %s\r\n\r\n",
             gen, host, request->id);
    if (!send_all(fd, head, strlen(head)))
        return false;
    while ((got = recv(fd, piece, sizeof piece, 0)) > 0)
        if (!send_all(fd, piece, (size_t)got))
            break;
    return false;
}

static bool answer(int fd, const struct request *request)
{
    if (strcmp(request->path, "/healthz") == 0)
        return respond_health(fd, request);
    if (strcmp(request->path, "/stream") == 0)
        return respond_stream(fd, request);
    if (strcmp(request->path, "/big") == 0)
        return respond_big(fd, request);
    if (strcmp(request->path, "/ws") == 0)
        return switch_protocols(fd, request);
    if (strcmp(request->path, "/exit") == 0)
        end((int)strtol(request->argument, NULL, 10));
    if (strcmp(request->path, "/slow") == 0)
        pause_for(strtod(request->argument, NULL));
    return respond_line(fd, request, "200 OK", "");
}

/* ---- connections ---- */

static void *serve(void *arg)
{
    int fd = (int)(intptr_t)arg, on = 1;
    struct request *request = malloc(sizeof *request);

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    while (request && read_request(fd, request) && answer(fd, request))
        ;
    free(request);
    /* Unread bytes would turn the close into a reset. */
    shutdown(fd, SHUT_WR);
    close(fd);
    atomic_fetch_sub(&connections, 1);
    return NULL;
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_ANY)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 1024) != 0) {
        note("cannot listen on port %u: %s", port, strerror(errno));
        end(1);
    }
    return fd;
}

/* Returns false if no client waits. */
static bool accept_one(int listener, const pthread_attr_t *attributes)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    pthread_t thread;

    if (fd < 0)
        return false;
    atomic_fetch_add(&connections, 1);
    if (pthread_create(&thread, attributes, serve, (void *)(intptr_t)fd) != 0) {
        atomic_fetch_sub(&connections, 1);
        close(fd);
    }
    return true;
}

/* ---- life ---- */

static void on_term(int number)
{
    (void)number;
    signals++;
}

/* Reports a second SIGTERM, which a deployment must never send. */
static void check_second_signal(void)
{
    if (signals > 1) {
        note("second SIGTERM");
        end(99);
    }
}

static void take_lock(void)
{
    const char *path = option("LOCK", NULL);
    int fd;

    if (!path)
        return;
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0) {
        note("the lock %s is held: %s", path, strerror(errno));
        end(75);
    }
}

/* A file of an earlier start of the same container is in the way. */
static void start_once(void)
{
    const char *path = option("ONCE", NULL);

    if (path && open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644) < 0) {
        note("%s is in the way: %s", path, strerror(errno));
        end(76);
    }
}

static void *crash_later(void *arg)
{
    pause_for(strtod(arg, NULL));
    end((int)strtol(option("EXIT_CODE", "1"), NULL, 10));
}

static void take_memory(void)
{
    size_t size = strtoul(option("EAT", "0"), NULL, 10) * 1024 * 1024;
    volatile char *memory = size ? malloc(size) : NULL;

    for (size_t at = 0; memory && at < size; at += 4096)
        memory[at] = 1;
}

static void prepare(void)
{
    const char *crash = option("CRASH_AFTER", NULL);
    pthread_t thread;

    take_lock();
    start_once();
    if (!crash && option("EXIT_CODE", NULL))
        end((int)strtol(option("EXIT_CODE", "1"), NULL, 10));
    if (crash)
        pthread_create(&thread, NULL, crash_later, (void *)crash);
    pause_for(strtod(option("START_DELAY", "0"), NULL));
    take_memory();
}

static void accept_for_a_tick(int listener, const pthread_attr_t *attributes)
{
    struct pollfd wait = {.fd = listener, .events = POLLIN};

    if (poll(&wait, 1, TICK_MS) > 0)
        accept_one(listener, attributes);
}

static void stop_serving(int listener, const pthread_attr_t *attributes)
{
    const char *mode = option("TERM_MODE", "drain");
    bool stays = strcmp(mode, "close") == 0;

    note("SIGTERM, %d connections", atomic_load(&connections));
    if (strcmp(mode, "now") == 0)
        end(0);
    while (strcmp(mode, "ignore") == 0) {
        accept_for_a_tick(listener, attributes);
        check_second_signal();
    }
    /* A close of the listener would reset the clients that wait. */
    while (accept_one(listener, attributes))
        ;
    close(listener);
    atomic_store(&draining, !stays);
    while (atomic_load(&connections) > 0 || stays) {
        pause_for(0.01);
        check_second_signal();
    }
    note("drained");
    end(0);
}

/* ---- health ---- */

static int ask_health(uint16_t port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const char *request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char got[16] = "";

    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        !send_all(fd, request, strlen(request)) || recv(fd, got, 12, MSG_WAITALL) != 12) {
        printf("no answer: %s\n", strerror(errno));
        return 1;
    }
    printf("%s\n", got);
    return strcmp(got, "HTTP/1.1 200") == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    uint16_t port = (uint16_t)strtoul(option("PORT", "8080"), NULL, 10);
    struct sigaction action = {.sa_handler = on_term};
    pthread_attr_t attributes;
    int listener;

    gen = option("GEN", "0");
    if (argc > 1 && strcmp(argv[1], "--health") == 0)
        return ask_health(port);
    gethostname(host, sizeof host - 1);
    sigaction(SIGTERM, &action, NULL);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    prepare();
    listener = listen_on(port);
    note("ready");
    while (!signals)
        accept_for_a_tick(listener, &attributes);
    stop_serving(listener, &attributes);
}
