/*
 * fake_s3 - starts and stops tests/kit/fake_s3.py from a cmocka test. It goes when the test goes.
 */
#ifndef S3DOCK_TESTS_KIT_FAKE_S3_H
#define S3DOCK_TESTS_KIT_FAKE_S3_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct fake_s3 {
    char dir[64], port_file[96], script[96], log[96], url[64];
    pid_t pid;
};

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

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failing test leaves nobody behind */
    snprintf(program, sizeof program, "%s/../kit/fake_s3.py", getenv("S3DOCK_TEST_DATA"));
    argv[3] = program;
    for (int i = 0; more && more[i]; i++)
        argv[count++] = more[i];
    execvp("python3", (char *const *)argv);
    _exit(127);
}

/* `rules`: the script, a JSON list. `more`: further arguments, or NULL. */
static inline void fake_start(struct fake_s3 *fake, const char *rules, const char *const more[])
{
    char port[16] = "";
    bool tls = more && strcmp(more[0], "--tls") == 0;

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
    for (int i = 0; i < 1000 && access(fake->port_file, R_OK) != 0; i++)
        fake_pause_ms(10);
    FILE *file = fopen(fake->port_file, "r");
    assert_non_null(file);
    assert_non_null(fgets(port, sizeof port, file));
    fclose(file);
    snprintf(fake->url, sizeof fake->url, "%s://127.0.0.1:%s", tls ? "https" : "http", port);
}

static inline void fake_stop(struct fake_s3 *fake)
{
    kill(fake->pid, SIGKILL);
    waitpid(fake->pid, NULL, 0);
    unlink(fake->port_file);
    unlink(fake->script);
    unlink(fake->log);
    rmdir(fake->dir);
}

/* How many logged requests contain both words. */
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
