/*
 * fake_s3 - starts and stops tests/kit/fake_s3.py from a cmocka test. The server ends with the test
 * program. Tests without further arguments share one server, which fake_start empties.
 */
#ifndef S3DOCK_TESTS_KIT_FAKE_S3_H
#define S3DOCK_TESTS_KIT_FAKE_S3_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kit/quick_retry.h"

struct fake_s3 {
    char dir[64], port_file[96], script[96], log[96], url[64];
    pid_t pid;
    int port;
};

static struct fake_s3 fake_shared;

/* Arguments that start a separate server. Rules such as stall and refuse need it: late requests may
 * follow, and the next test would count them. */
static const char *const FAKE_ALONE[] = {NULL};

static inline void fake_pause_ms(long ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static inline void fake_write(const char *path, const char *content)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(content, file);
    fclose(file);
}

static inline void fake_exec(const struct fake_s3 *fake, const char *const more[])
{
    const char *argv[32] = {"python3",       "-I",       "-S",         NULL,    "--port-file",
                            fake->port_file, "--script", fake->script, "--log", fake->log,
                            "--part-min",    "1000"};
    char program[512];
    int count = 12;

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failing test leaves no server */
    snprintf(program, sizeof program, "%s/../kit/fake_s3.py", getenv("S3DOCK_TEST_DATA"));
    argv[3] = program;
    for (int i = 0; more && more[i]; i++)
        argv[count++] = more[i];
    execvp("python3", (char *const *)argv);
    _exit(127);
}

static inline void fake_launch(struct fake_s3 *fake, const char *rules, const char *const more[])
{
    char port[16] = "";
    bool tls = more && more[0] && strcmp(more[0], "--tls") == 0;

    assert_non_null(getenv("S3DOCK_TEST_DATA"));
    snprintf(fake->dir, sizeof fake->dir, "/tmp/s3dock-test-XXXXXX");
    assert_non_null(mkdtemp(fake->dir));
    snprintf(fake->port_file, sizeof fake->port_file, "%s/port", fake->dir);
    snprintf(fake->script, sizeof fake->script, "%s/script", fake->dir);
    snprintf(fake->log, sizeof fake->log, "%s/log", fake->dir);
    fake_write(fake->script, rules);
    fake->pid = fork();
    assert_true(fake->pid >= 0);
    if (fake->pid == 0)
        fake_exec(fake, more);
    for (int i = 0; i < 12000 && access(fake->port_file, R_OK) != 0; i++)
        fake_pause_ms(10);
    FILE *file = fopen(fake->port_file, "r");
    assert_non_null(file);
    assert_non_null(fgets(port, sizeof port, file));
    fclose(file);
    fake->port = atoi(port);
    snprintf(fake->url, sizeof fake->url, "%s://127.0.0.1:%d", tls ? "https" : "http", fake->port);
}

/* Empties the bucket and the log, and starts a new script. */
static inline void fake_reset(const struct fake_s3 *fake, const char *rules)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)fake->port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const char *format = "{\"load\": \"\", \"rules\": %s}";
    char answer[4096] = "";
    size_t used = 0;
    ssize_t got;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    dprintf(fd, "POST /.fake HTTP/1.1\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
            strlen(format) - 2 + strlen(rules));
    dprintf(fd, format, rules);
    while ((got = read(fd, answer + used, sizeof answer - 1 - used)) > 0)
        used += (size_t)got;
    close(fd);
    assert_memory_equal(answer, "HTTP/1.1 200", 12);
    assert_int_equal(truncate(fake->log, 0), 0);
}

static inline void fake_end(struct fake_s3 *fake)
{
    kill(fake->pid, SIGKILL);
    waitpid(fake->pid, NULL, 0);
    unlink(fake->port_file);
    unlink(fake->script);
    unlink(fake->log);
    rmdir(fake->dir);
}

static inline void fake_end_shared(void)
{
    fake_end(&fake_shared);
}

/* `rules`: the script, a JSON list. `more`: arguments of a separate server, or NULL. */
static inline void fake_start(struct fake_s3 *fake, const char *rules, const char *const more[])
{
    if (more) {
        fake_launch(fake, rules, more);
        return;
    }
    if (!fake_shared.pid) {
        fake_launch(&fake_shared, "[]", NULL);
        atexit(fake_end_shared);
    }
    fake_reset(&fake_shared, rules);
    *fake = fake_shared;
}

static inline void fake_stop(struct fake_s3 *fake)
{
    if (fake->pid != fake_shared.pid)
        fake_end(fake);
}

/* Returns the number of logged requests that contain both words. */
static inline int fake_logged(const struct fake_s3 *fake, const char *word, const char *other)
{
    static char line[65536];
    FILE *file = fopen(fake->log, "r");
    int count = 0;

    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        count += strstr(line, word) && strstr(line, other);
    fclose(file);
    return count;
}

#endif
