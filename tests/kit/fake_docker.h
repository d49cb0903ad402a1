/*
 * fake_docker - starts and stops tests/kit/fake_docker.py from a test.
 */
#ifndef S3DOCK_TESTS_FAKE_DOCKER_H
#define S3DOCK_TESTS_FAKE_DOCKER_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct fake_docker {
    pid_t pid;
    int leash; /* the server ends when this is closed */
    int port;  /* 0 on a socket */
    char folder[64];
    char socket[96];
};

/* The program that starts the servers of this test. It ends with the test. */
static inline int fake_docker_starter(void)
{
    static int channel = -1;
    const char *data = getenv("S3DOCK_TEST_DATA");
    char script[4096];
    int pair[2];

    if (channel >= 0)
        return channel;
    snprintf(script, sizeof script, "%s/../kit/fork_server.py", data ? data : "tests/golden");
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        abort();
    if (fork() == 0) {
        dup2(pair[1], 0);
        execlp("python3", "python3", "-I", "-S", script, "fake_docker", (char *)NULL);
        _exit(127);
    }
    close(pair[1]);
    return channel = pair[0];
}

/* Asks for a server with these arguments, up to NULL, and these descriptors. Returns its pid. */
static inline pid_t fake_docker_ask(const char *const argv[], int in, int out)
{
    union {
        char bytes[CMSG_SPACE(2 * sizeof(int))];
        struct cmsghdr align;
    } control = {{0}};
    char words[4096], answer[32] = "";
    struct iovec part = {.iov_base = words};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    const int files[2] = {in, out};
    int channel = fake_docker_starter();

    for (int i = 0; argv[i]; i++) {
        size_t size = strlen(argv[i]) + 1;

        if (part.iov_len + size > sizeof words)
            abort();
        memcpy(words + part.iov_len, argv[i], size);
        part.iov_len += size;
    }
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof files);
    memcpy(CMSG_DATA(header), files, sizeof files);
    if (sendmsg(channel, &message, MSG_NOSIGNAL) < 0 ||
        recv(channel, answer, sizeof answer - 1, 0) <= 0) {
        fprintf(stderr, "tests/kit/fork_server.py does not start\n");
        abort();
    }
    return (pid_t)atoi(answer);
}

/* Starts the server on a unix socket, or (with `tcp`) on a port. Aborts if it does not start. */
static inline struct fake_docker fake_docker_start_tls(const char *profile, const char *behave,
                                                       int tcp, const char *cert, const char *key)
{
    struct fake_docker fake = {.folder = "/tmp/s3dock-fake-XXXXXX"};
    const char *const argv[] = {tcp ? "tcp" : fake.socket, "--profile", profile, "--behave", behave,
                                cert ? "--tls" : NULL,     cert,        key,     NULL};
    int in[2], out[2];
    char line[64] = "";

    if (!mkdtemp(fake.folder) || pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
        abort();
    snprintf(fake.socket, sizeof fake.socket, "%s/docker.sock", fake.folder);
    fake.pid = fake_docker_ask(argv, in[0], out[1]);
    close(in[0]);
    close(out[1]);
    fake.leash = in[1];
    for (size_t used = 0; used + 1 < sizeof line && !strchr(line, '\n');) {
        ssize_t got = read(out[0], line + used, sizeof line - 1 - used);

        if (got <= 0)
            break;
        used += (size_t)got;
    }
    close(out[0]);
    if (sscanf(line, "ready %d", &fake.port) != 1) {
        fprintf(stderr, "the fake daemon does not start\n");
        abort();
    }
    return fake;
}

static inline struct fake_docker fake_docker_start(const char *profile, const char *behave, int tcp)
{
    return fake_docker_start_tls(profile, behave, tcp, NULL, NULL);
}

/* Sends a JSON object to the server, see fake_docker.py, and stores its response in `answer` (or
 * NULL). The server listens on a unix socket. */
static inline void fake_docker_control(const struct fake_docker *fake, const char *words,
                                       char *answer, size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char read_back[4096] = "";
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t used = 0;

    snprintf(address.sun_path, sizeof address.sun_path, "%s", fake->socket);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
        dprintf(fd, "POST /.fake HTTP/1.1\r\nContent-Length: %zu\r\n\r\n%s", strlen(words), words) <
            0)
        abort();
    for (ssize_t got; used + 1 < sizeof read_back; used += (size_t)got) {
        got = read(fd, read_back + used, sizeof read_back - 1 - used);
        if (got <= 0)
            break;
    }
    close(fd);
    if (!strstr(read_back, " 200 "))
        abort();
    if (answer)
        snprintf(answer, size, "%s", strstr(read_back, "\r\n\r\n"));
}

static inline void fake_docker_stop(struct fake_docker *fake)
{
    close(fake->leash);
    kill(fake->pid, SIGKILL);
    unlink(fake->socket);
    rmdir(fake->folder);
}

#endif
