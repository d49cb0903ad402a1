/*
 * posix_spawn cannot tie a program to this process, so a tied one is forked. If exec fails, the
 * child writes errno into a pipe, which closes by itself if exec succeeds.
 *
 * A process descriptor (pidfd, since 5.3) is readable when the process has ended. An older kernel
 * makes the wait a series of naps.
 */
#include "os/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/posix/process.h"

#define NAP         (10 * NS_PER_MS)
#define NOT_STARTED 127 /* exit code; the report has the reason */

/* ---- the child: only async-signal-safe calls between fork and exec ---- */

static bool use_end(int from, int to)
{
    if (from == OS_EMPTY)
        from = open("/dev/null", O_RDONLY | O_CLOEXEC);
    else if (from < 0)
        return true;
    return from >= 0 && dup2(from, to) >= 0;
}

static void exec_program(const struct os_start *start, pid_t parent, int report)
{
    struct sigaction usual = {.sa_handler = SIG_DFL};
    sigset_t none;
    int reason;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(NOT_STARTED); /* the parent ended before prctl() */
    sigaction(SIGPIPE, &usual, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (use_end(start->in, STDIN_FILENO) && use_end(start->out, STDOUT_FILENO) &&
        use_end(start->err, STDERR_FILENO) && (!start->leads_group || setpgid(0, 0) == 0) &&
        (!start->folder || chdir(start->folder) == 0))
        execvpe(start->path, (char *const *)start->argv, start->env);
    reason = errno;
    if (write(report, &reason, sizeof reason) < 0) {
        /* the exit code remains */
    }
    _exit(NOT_STARTED);
}

/* ---- the parent ---- */

/* Returns the errno of the child, or 0 if the program was started. */
static int read_report(int fd)
{
    int reason = 0;
    ssize_t got;

    do
        got = read(fd, &reason, sizeof reason);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof reason ? reason : 0;
}

/* Returns the child, or -errno. */
static pid_t fork_child(const struct os_start *start, int report)
{
    pid_t parent = getpid(), child;
    sigset_t all, before;
    int reason;

    /* Signal handlers of this process must not run in the child. */
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    child = fork();
    if (child == 0)
        exec_program(start, parent, report);
    reason = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    return child < 0 ? -reason : child;
}

static int start_tied(const struct os_start *start, long *process)
{
    int report[2], reason;
    pid_t child;

    if (pipe2(report, O_CLOEXEC))
        return errno;
    child = fork_child(start, report[1]);
    close(report[1]);
    reason = child < 0 ? -child : read_report(report[0]);
    close(report[0]);
    if (child > 0 && reason)
        waitpid(child, NULL, 0);
    if (!reason)
        *process = child;
    return reason;
}

int os_process_start(const struct os_start *start, long *process)
{
    return start->tied ? start_tied(start, process) : os_spawn(start, process);
}

void os_process_wait(long process, int64_t ns)
{
    struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, (pid_t)process, 0), .events = POLLIN};

    if (end.fd < 0 && ns > NAP)
        ns = NAP;
    poll(&end, 1, (int)(ns / NS_PER_MS));
    if (end.fd >= 0)
        close(end.fd);
}

int os_pipe(int ends[2], bool wait)
{
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    if (!wait)
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return 0;
}

void os_process_guard(void)
{
    prctl(PR_SET_DUMPABLE, 0);
}
