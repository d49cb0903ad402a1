/*
 * The child tells why it could not become the program through a pipe that closes by itself when it
 * could. While it runs we sleep in sigtimedwait() for SIGCHLD: that is blocked, so none is missed,
 * while the signals that ask us to stop are not and interrupt the sleep.
 */
#include "cli/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"

/* ---- in the child: only what is allowed between fork and exec ---- */

static void become(const struct run *run, pid_t parent, const sigset_t *mask, int report)
{
    struct sigaction usual = {.sa_handler = SIG_DFL};
    char **env = run->env ? (char **)run->env : environ;
    int reason;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(127); /* the parent was gone before it could be asked for */
    sigaction(SIGPIPE, &usual, NULL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    if (dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
        execvpe(run->argv[0], (char *const *)run->argv, env);
    reason = errno;
    if (write(report, &reason, sizeof reason) < 0) {
        /* the exit code says enough */
    }
    _exit(127);
}

/* ---- in the parent ---- */

/* An errno from the child, or 0 when it became the program. */
static int read_report(int fd)
{
    int reason = 0;
    ssize_t got;

    do
        got = read(fd, &reason, sizeof reason);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof reason ? reason : 0;
}

static int not_started(const char *program, int reason, struct err *err)
{
    err_errno(err, reason, "program", "cannot run %s", program);
    if (reason == ENOENT)
        err_hint(err, "is it installed, and in PATH?");
    return ERR_FAIL;
}

static int start(const struct run *run, const sigset_t *mask, pid_t *pid, struct err *err)
{
    pid_t parent = getpid();
    sigset_t all, before;
    int report[2], reason;

    if (pipe2(report, O_CLOEXEC))
        return err_errno(err, errno, "program", "a pipe to %s", run->argv[0]);
    /* a handler of ours must not run in the child */
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    *pid = fork();
    if (*pid == 0)
        become(run, parent, mask, report[1]);
    reason = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(report[1]);
    if (*pid > 0)
        reason = read_report(report[0]);
    close(report[0]);
    if (*pid > 0 && reason)
        waitpid(*pid, NULL, 0);
    return *pid < 0 || reason ? not_started(run->argv[0], reason, err) : 0;
}

/* Asks once, then insists. Remembers in *asked when it asked. */
static void stop(pid_t pid, const struct cancel *cancel, int64_t *asked)
{
    if (!*asked) {
        *asked = clock_monotonic();
        kill(pid, atomic_load(&cancel->signal));
    } else if (clock_monotonic() - *asked > RUN_PATIENCE_MS * NS_PER_MS) {
        kill(pid, SIGKILL);
    }
}

static int wait_for(pid_t pid, const struct run *run, const sigset_t *child, int *status,
                    struct err *err)
{
    const struct timespec tick = {.tv_nsec = CANCEL_TICK};
    int64_t asked = 0;
    pid_t ended;

    while ((ended = waitpid(pid, status, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)) {
        if (cancel_requested(run->cancel))
            stop(pid, run->cancel, &asked);
        sigtimedwait(child, NULL, &tick);
    }
    if (ended < 0)
        return err_errno(err, errno, "program", "waiting for %s", run->argv[0]);
    return cancel_check(run->cancel, err);
}

int run_program(const struct run *run, int *code, struct err *err)
{
    struct sigaction usual = {.sa_handler = SIG_DFL}, was;
    sigset_t child, mask;
    int status = 0, failed;
    pid_t pid = -1;

    if (cancel_check(run->cancel, err))
        return ERR_FAIL;
    /* Who started us may have had SIGCHLD ignored; then there would be no status to wait for. */
    sigaction(SIGCHLD, &usual, &was);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &mask);
    failed = start(run, &mask, &pid, err) || wait_for(pid, run, &child, &status, err);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    sigaction(SIGCHLD, &was, NULL);
    if (failed)
        return ERR_FAIL;
    *code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return 0;
}

/* ---- environment ---- */

static bool is_changed(const char *variable, const char *const *changes)
{
    size_t size = strcspn(variable, "=");

    for (; *changes; changes++)
        if (strcspn(*changes, "=") == size && !memcmp(*changes, variable, size))
            return true;
    return false;
}

char **run_environment(const char *const *changes)
{
    size_t count = 0, more = 0, used = 0;
    char **out;

    while (environ[count])
        count++;
    while (changes[more])
        more++;
    out = calloc(count + more + 1, sizeof *out);
    if (!out)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (!is_changed(environ[i], changes))
            out[used++] = environ[i];
    for (size_t i = 0; i < more; i++)
        if (strchr(changes[i], '='))
            out[used++] = (char *)changes[i];
    return out;
}
