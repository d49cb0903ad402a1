/*
 * If exec fails, the child writes errno into a pipe, which closes by itself if exec succeeds. While
 * the program runs, this process sleeps in sigtimedwait() for SIGCHLD. That signal is blocked, so
 * none is missed; the signals that stop s3dock are not blocked and interrupt the sleep.
 */
#include "flow/run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/file.h"

/* The child's ends of pipes and files; -1: the child inherits the descriptor of this process. */
struct ends {
    int in, out, err;
    int report;
};

/* ---- PATH ---- */

static bool is_program(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

bool run_find(const char *program, char *out, size_t size)
{
    const char *path = getenv("PATH");

    if (strchr(program, '/'))
        return str_copy(out, size, program);
    for (path = path ? path : "/usr/local/bin:/usr/bin:/bin"; *path; path += *path == ':') {
        size_t length = strcspn(path, ":");
        int used = snprintf(out, size, "%.*s/%s", (int)length, path, program);

        if (*path == '/' && used > 0 && (size_t)used < size && is_program(out))
            return true;
        path += length;
    }
    return false;
}

/* ---- the child: only async-signal-safe calls between fork and exec ---- */

static bool use_ends(const struct run_options *run, const struct ends *ends)
{
    if (ends->in >= 0 && dup2(ends->in, STDIN_FILENO) < 0)
        return false;
    if (ends->err >= 0 && dup2(ends->err, STDERR_FILENO) < 0)
        return false;
    if (dup2(ends->out >= 0 ? ends->out : STDERR_FILENO, STDOUT_FILENO) < 0)
        return false;
    return !run->folder || chdir(run->folder) == 0;
}

static void exec_program(const struct run_options *run, const char *program, pid_t parent,
                         const sigset_t *mask, const struct ends *ends)
{
    struct sigaction usual = {.sa_handler = SIG_DFL};
    char **env = run->env ? (char **)run->env : environ;
    int reason;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(127); /* the parent ended before prctl() */
    sigaction(SIGPIPE, &usual, NULL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    if (use_ends(run, ends))
        execvpe(program, (char *const *)run->argv, env);
    reason = errno;
    if (write(ends->report, &reason, sizeof reason) < 0) {
        /* the exit code remains */
    }
    _exit(127);
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

static int not_started(const char *program, int reason, struct err *err)
{
    err_errno(err, reason, "program", "cannot run %s", program);
    if (reason == ENOENT)
        err_hint(err, "is it installed, and in PATH?");
    return ERR_FAIL;
}

static int fork_child(const struct run_options *run, const char *program, const sigset_t *mask,
                      const struct ends *ends, pid_t *pid)
{
    pid_t parent = getpid();
    sigset_t all, before;
    int reason;

    /* Signal handlers of this process must not run in the child. */
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    *pid = fork();
    if (*pid == 0)
        exec_program(run, program, parent, mask, ends);
    reason = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    return *pid < 0 ? reason : 0;
}

static int start_program(const struct run_options *run, const sigset_t *mask, struct ends *ends,
                         pid_t *pid, struct err *err)
{
    char program[PATH_MAX];
    int report[2], reason;

    if (!run_find(run->argv[0], program, sizeof program))
        return not_started(run->argv[0], ENOENT, err);
    if (pipe2(report, O_CLOEXEC))
        return err_errno(err, errno, "program", "cannot make a pipe to %s", run->argv[0]);
    ends->report = report[1];
    reason = fork_child(run, program, mask, ends, pid);
    close(report[1]);
    if (*pid > 0)
        reason = read_report(report[0]);
    close(report[0]);
    if (*pid > 0 && reason)
        waitpid(*pid, NULL, 0);
    return reason ? not_started(run->argv[0], reason, err) : 0;
}

/* ---- output ---- */

#define PIPE_STEP (64 * KIB)

/* The ends of this process: 0 standard output, 1 standard error; -1 after the end of the output. */
struct pipes {
    int fd[2];
};

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_ends(struct ends *ends)
{
    close_end(&ends->in);
    close_end(&ends->out);
    close_end(&ends->err);
}

static int make_pipe(int *ours, int *theirs)
{
    int both[2];

    if (pipe2(both, O_CLOEXEC))
        return -1;
    fcntl(both[0], F_SETFL, O_NONBLOCK);
    *ours = both[0];
    *theirs = both[1];
    return 0;
}

/* Makes a file in memory, which the program can read at any speed. */
static int make_input(struct view input, struct err *err)
{
    int fd =
        input.size ? memfd_create("input", MFD_CLOEXEC) : open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_errno(err, errno, "program", "the input of a program");
    if (input.size && (file_write_all(fd, input.data, input.size, "the input of a program", err) ||
                       lseek(fd, 0, SEEK_SET) != 0)) {
        close(fd);
        return ERR_FAIL;
    }
    return fd;
}

static int make_ends(const struct run_options *run, struct ends *ends, struct pipes *pipes,
                     struct err *err)
{
    *ends = (struct ends){.in = -1, .out = -1, .err = -1, .report = -1};
    *pipes = (struct pipes){{-1, -1}};
    if (!run->output)
        return 0;
    if (make_pipe(&pipes->fd[0], &ends->out) || make_pipe(&pipes->fd[1], &ends->err))
        return err_errno(err, errno, "program", "cannot make a pipe to %s", run->argv[0]);
    ends->in = make_input(run->input, err);
    return ends->in < 0 ? ERR_FAIL : 0;
}

static void keep_errors(struct text *errors, const char *data, size_t size)
{
    size_t room = errors->max - errors->size;

    text_add(errors, data, size < room ? size : room);
}

/* Reads available output. Returns false if there is no more for now. */
static bool read_end(const struct run_options *run, struct pipes *pipes, int which)
{
    char block[PIPE_STEP];
    ssize_t got = read(pipes->fd[which], block, sizeof block);

    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return errno == EINTR;
    if (got <= 0) {
        close_end(&pipes->fd[which]);
        return false;
    }
    if (which == 0)
        run->output->take(run->output->arg, view_of(block, (size_t)got));
    else
        keep_errors(run->output->errors, block, (size_t)got);
    return true;
}

static void read_rest(const struct run_options *run, struct pipes *pipes)
{
    for (int which = 0; which < 2; which++)
        while (pipes->fd[which] >= 0 && read_end(run, pipes, which))
            ;
}

/* Waits for a tick, or until the program prints or ends. */
static void wait_for_output(const struct run_options *run, struct pipes *pipes,
                            const sigset_t *child)
{
    const struct timespec tick = {.tv_nsec = CANCEL_TICK};
    struct pollfd polls[2] = {{.fd = pipes->fd[0], .events = POLLIN},
                              {.fd = pipes->fd[1], .events = POLLIN}};

    if (pipes->fd[0] < 0 && pipes->fd[1] < 0) {
        sigtimedwait(child, NULL, &tick);
        return;
    }
    poll(polls, 2, (int)(CANCEL_TICK / NS_PER_MS));
    for (int which = 0; which < 2; which++)
        if (pipes->fd[which] >= 0 && polls[which].revents)
            read_end(run, pipes, which);
}

/* ---- the end ---- */

/* Sends the signal of `cancel` once and notes the time in *asked; later sends SIGKILL. */
static void stop_program(pid_t pid, const struct cancel *cancel, int64_t *asked)
{
    if (!*asked) {
        *asked = clock_monotonic();
        kill(pid, atomic_load(&cancel->signal));
    } else if (clock_monotonic() - *asked > RUN_PATIENCE_MS * NS_PER_MS) {
        kill(pid, SIGKILL);
    }
}

static int took_too_long(const struct run_options *run, struct err *err)
{
    return err_set(err, ERR_LOCAL, "program", "%s did not end within %ju s", run->argv[0],
                   (uintmax_t)(run->limit / NS_PER_S));
}

static int wait_for(pid_t pid, const struct run_options *run, struct pipes *pipes,
                    const sigset_t *child, int *status, struct err *err)
{
    int64_t asked = 0, began = clock_monotonic();
    bool late = false;
    pid_t ended;

    while ((ended = waitpid(pid, status, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)) {
        if (cancel_requested(run->cancel))
            stop_program(pid, run->cancel, &asked);
        late = run->limit && clock_monotonic() - began > run->limit;
        if (late)
            kill(pid, SIGKILL);
        wait_for_output(run, pipes, child);
    }
    if (ended < 0)
        return err_errno(err, errno, "program", "cannot wait for %s", run->argv[0]);
    read_rest(run, pipes);
    if (cancel_check(run->cancel, err))
        return ERR_FAIL;
    return late && WIFSIGNALED(*status) ? took_too_long(run, err) : 0;
}

static int run_to_end(const struct run_options *run, const sigset_t *mask, const sigset_t *child,
                      int *status, struct err *err)
{
    struct pipes pipes;
    struct ends ends;
    pid_t pid = -1;
    int failed = make_ends(run, &ends, &pipes, err) || start_program(run, mask, &ends, &pid, err);

    close_ends(&ends);
    failed = failed || wait_for(pid, run, &pipes, child, status, err);
    close_end(&pipes.fd[0]);
    close_end(&pipes.fd[1]);
    return failed ? ERR_FAIL : 0;
}

int run_program(const struct run_options *run, int *code, struct err *err)
{
    struct sigaction usual = {.sa_handler = SIG_DFL}, was;
    sigset_t child, mask;
    int status = 0, failed;

    if (cancel_check(run->cancel, err))
        return ERR_FAIL;
    /* The parent may have ignored SIGCHLD; then waitpid would get no status. */
    sigaction(SIGCHLD, &usual, &was);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &mask);
    failed = run_to_end(run, &mask, &child, &status, err);
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

    for (; *changes; changes++) {
        size_t name = strcspn(*changes, "=*");

        if (!strncmp(*changes, variable, name) && ((*changes)[name] == '*' || name == size))
            return true;
    }
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
