/*
 * posix_spawn and waitpid(pid) change no state of the process, unlike flow/run: other threads may
 * transfer data meanwhile. The parent polls the pipes and checks the child at each tick, because a
 * grandchild can keep a pipe open after the end of the child.
 */
#include "credentials/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "flow/cancel.h"

#define BLOCK_SIZE    (4 * KIB)
#define BLOCKS_MAX    64 /* read before the limits are checked again */
#define PATIENCE      (500 * NS_PER_MS)
#define END_POLL_TIME (10 * NS_PER_MS)

struct child {
    const struct helper *helper;
    pid_t pid;
    int output[2], errors[2]; /* pipes: [0] is of the parent; -1: none, or closed */
};

/* ---- pipes ---- */

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_pipes(struct child *child)
{
    for (int i = 0; i < 2; i++) {
        close_end(&child->output[i]);
        close_end(&child->errors[i]);
    }
}

static int open_pipes(struct child *child, struct err *err)
{
    if (pipe2(child->output, O_CLOEXEC) != 0 ||
        (!child->helper->on_terminal && pipe2(child->errors, O_CLOEXEC) != 0))
        return err_errno(err, errno, "program", "cannot make a pipe to credential_process");
    fcntl(child->output[0], F_SETFL, O_NONBLOCK);
    if (child->errors[0] >= 0)
        fcntl(child->errors[0], F_SETFL, O_NONBLOCK);
    return 0;
}

/* Adds the first bytes that fit. */
static void add_beginning(struct text *text, const char *data, size_t size)
{
    size_t room = text->max - text->size;

    text_add(text, data, size < room ? size : room);
}

/* Reads the available bytes. Closes the pipe at its end. */
static void drain(int *fd, struct text *to, bool all)
{
    char block[BLOCK_SIZE];
    ssize_t got;

    for (int i = 0; i < BLOCKS_MAX && *fd >= 0; i++) {
        got = read(*fd, block, sizeof block);
        if (got > 0 && all)
            text_add(to, block, (size_t)got);
        else if (got > 0)
            add_beginning(to, block, (size_t)got);
        else if (got < 0 && errno == EAGAIN)
            break;
        else if (got == 0 || errno != EINTR)
            close_end(fd);
    }
    explicit_bzero(block, sizeof block);
}

static void drain_pipes(struct child *child)
{
    drain(&child->output[0], child->helper->output, true);
    drain(&child->errors[0], child->helper->errors, false);
}

/* ---- start ---- */

static int set_descriptors(posix_spawn_file_actions_t *actions, const struct child *child)
{
    int failed = posix_spawn_file_actions_adddup2(actions, child->output[1], STDOUT_FILENO);

    if (failed == 0 && child->errors[1] >= 0)
        failed = posix_spawn_file_actions_adddup2(actions, child->errors[1], STDERR_FILENO);
    /* A redirected standard input is data for s3dock. */
    if (failed == 0 && !isatty(STDIN_FILENO))
        failed = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    return failed;
}

/* Threads of s3dock block all signals, and s3dock ignores SIGPIPE: both are reset for the program.
 * Below nohup, SIGHUP stays ignored. On a terminal the program stays in the foreground group, so
 * that it can read and gets Ctrl-C. */
static int set_attributes(posix_spawnattr_t *attributes, bool on_terminal)
{
    sigset_t none, pipe;
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    int failed;

    sigemptyset(&none);
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    failed = posix_spawnattr_setsigmask(attributes, &none);
    if (failed == 0)
        failed = posix_spawnattr_setsigdefault(attributes, &pipe);
    if (failed == 0 && !on_terminal)
        failed = posix_spawnattr_setpgroup(attributes, 0);
    if (!on_terminal)
        flags |= POSIX_SPAWN_SETPGROUP;
    return failed ? failed : posix_spawnattr_setflags(attributes, flags);
}

static int spawn(struct child *child)
{
    const char *const argv[] = {"sh", "-c", child->helper->line, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failed = posix_spawn_file_actions_init(&actions);

    if (failed)
        return failed;
    failed = posix_spawnattr_init(&attributes);
    if (failed == 0) {
        failed = set_descriptors(&actions, child);
        if (failed == 0)
            failed = set_attributes(&attributes, child->helper->on_terminal);
        if (failed == 0)
            failed = posix_spawn(&child->pid, "/bin/sh", &actions, &attributes, (char *const *)argv,
                                 child->helper->env);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

static int start_child(struct child *child, struct err *err)
{
    int failed;

    if (open_pipes(child, err) < 0)
        return ERR_FAIL;
    failed = spawn(child);
    close_end(&child->output[1]);
    close_end(&child->errors[1]);
    if (failed)
        return err_set(err, ERR_AUTH, CODE_PROCESS, "cannot run /bin/sh for credential_process: %s",
                       strerror(failed));
    return 0;
}

/* ---- end ---- */

static int check_output(const struct helper *helper, struct err *err)
{
    if (!helper->output->failed)
        return 0;
    return err_set(err, ERR_AUTH, CODE_PROCESS, "it printed more than %zu KiB",
                   helper->output->max / KIB);
}

static int check_limits(const struct child *child, int64_t began, struct err *err)
{
    const struct helper *helper = child->helper;

    if (cancel_check(helper->cancel, err) < 0 || check_output(helper, err) < 0)
        return ERR_FAIL;
    if (helper->on_terminal || clock_monotonic() - began <= helper->limit)
        return 0;
    err_set(err, ERR_AUTH, CODE_PROCESS, "it did not end within %jd s",
            (intmax_t)(helper->limit / NS_PER_S));
    return err_hint(err,
                    "it may wait for input or a browser: run the command on a terminal, or log in "
                    "with the program first");
}

/* Waits for output or a tick; a child without pipes is about to end. */
static void wait_for_output(const struct child *child)
{
    struct pollfd polls[2] = {{.fd = child->output[0], .events = POLLIN},
                              {.fd = child->errors[0], .events = POLLIN}};
    bool open = child->output[0] >= 0 || child->errors[0] >= 0;

    poll(polls, 2, (int)((open ? CANCEL_TICK : END_POLL_TIME) / NS_PER_MS));
}

static bool has_ended(const struct child *child, int *status)
{
    pid_t ended;

    do
        ended = waitpid(child->pid, status, WNOHANG);
    while (ended < 0 && errno == EINTR);
    return ended != 0;
}

/* Sends SIGTERM first, so that a program can restore the echo of the terminal. */
static void stop_child(const struct child *child)
{
    pid_t whom = child->helper->on_terminal ? child->pid : -child->pid;
    int64_t asked = clock_monotonic();
    int status;

    kill(whom, SIGTERM);
    while (!has_ended(child, &status)) {
        if (clock_monotonic() - asked > PATIENCE)
            kill(whom, SIGKILL);
        poll(NULL, 0, (int)(END_POLL_TIME / NS_PER_MS));
    }
    if (!child->helper->on_terminal)
        kill(whom, SIGKILL); /* the rest of the group */
}

static int wait_for_end(struct child *child, int *status, struct err *err)
{
    int64_t began = clock_monotonic();

    while (!has_ended(child, status)) {
        drain_pipes(child);
        if (check_limits(child, began, err) < 0) {
            stop_child(child);
            return ERR_FAIL;
        }
        wait_for_output(child);
    }
    drain_pipes(child);
    return check_output(child->helper, err);
}

int helper_run(const struct helper *helper, int *code, struct err *err)
{
    struct child child = {.helper = helper, .output = {-1, -1}, .errors = {-1, -1}};
    int status = 0, failed = start_child(&child, err);

    if (failed == 0)
        failed = wait_for_end(&child, &status, err);
    close_pipes(&child);
    *code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return failed;
}
