/*
 * fake_docker - starts and stops tests/kit/fake_docker.py from a test.
 */
#ifndef S3DOCK_TESTS_FAKE_DOCKER_H
#define S3DOCK_TESTS_FAKE_DOCKER_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct fake_docker {
    pid_t pid;
    int leash; /* the server ends when this is closed */
    int port;  /* 0 on a socket */
    char folder[64];
    char socket[96];
};

/* Runs in the child. Does not return. */
static inline void fake_docker_exec(const char *listen, const char *profile, const char *behave,
                                    const char *cert, const char *key)
{
    const char *data = getenv("S3DOCK_TEST_DATA");
    char script[4096];

    snprintf(script, sizeof script, "%s/../kit/fake_docker.py", data ? data : "tests/golden");
    if (cert)
        execlp("python3", "python3", "-I", "-S", script, listen, "--profile", profile, "--behave",
               behave, "--tls", cert, key, (char *)NULL);
    else
        execlp("python3", "python3", "-I", "-S", script, listen, "--profile", profile, "--behave",
               behave, (char *)NULL);
    _exit(127);
}

/* Starts the server on a unix socket, or (with `tcp`) on a port. Aborts if it does not start. */
static inline struct fake_docker fake_docker_start_tls(const char *profile, const char *behave,
                                                       int tcp, const char *cert, const char *key)
{
    struct fake_docker fake = {.folder = "/tmp/s3dock-fake-XXXXXX"};
    int in[2], out[2];
    char line[64] = "";

    if (!mkdtemp(fake.folder) || pipe(in) < 0 || pipe(out) < 0)
        abort();
    snprintf(fake.socket, sizeof fake.socket, "%s/docker.sock", fake.folder);
    fake.pid = fork();
    if (fake.pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[0]);
        close(in[1]);
        close(out[0]);
        close(out[1]);
        fake_docker_exec(tcp ? "tcp" : fake.socket, profile, behave, cert, key);
    }
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
    if (fake.pid < 0 || sscanf(line, "ready %d", &fake.port) != 1) {
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
    waitpid(fake->pid, NULL, 0);
    unlink(fake->socket);
    rmdir(fake->folder);
}

#endif
