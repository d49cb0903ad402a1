/*
 * The program is tied to this process, and its pipes are read while it runs. The signals that stop
 * s3dock interrupt each wait, so a cancel reaches the program at once.
 */
#include "flow/run.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/file.h"
#include "os/memory.h"
#include "os/process.h"
#include "os/wait.h"

/* The child's ends of pipes and files; -1: the child inherits the descriptor of this process. */
struct ends {
    int in, out, err;
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

/* ---- start ---- */

static int not_started(const char *program, int reason, struct err *err)
{
    err_errno(err, reason, "program", "cannot run %s", program);
    if (reason == ENOENT)
        err_hint(err, "is it installed, and in PATH?");
    return ERR_FAIL;
}

static int start_program(const struct run_options *run, const struct ends *ends, long *process,
                         struct err *err)
{
    char program[PATH_MAX];
    const struct os_start start = {
        .path = program,
        .argv = run->argv,
        .env = run->env ? run->env : os_environment(),
        .folder = run->folder,
        .in = ends->in,
        .out = ends->out >= 0 ? ends->out : STDERR_FILENO,
        .err = ends->err,
        .tied = true,
    };
    int reason = ENOENT;

    if (run_find(run->argv[0], program, sizeof program))
        reason = os_process_start(&start, process);
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

    if (os_pipe(both, false))
        return -1;
    *ours = both[0];
    *theirs = both[1];
    return 0;
}

/* Makes a file in memory, which the program can read at any speed. */
static int make_input(struct view input, int *fd, struct err *err)
{
    *fd = OS_EMPTY;
    if (!input.size)
        return 0;
    *fd = os_memory_file();
    if (*fd < 0)
        return err_errno(err, errno, "program", "cannot make the input of a program");
    if (file_write_all(*fd, input.data, input.size, "the input of a program", err))
        return ERR_FAIL;
    return lseek(*fd, 0, SEEK_SET) == 0
               ? 0
               : err_errno(err, errno, "program", "cannot rewind the input of a program");
}

static int make_ends(const struct run_options *run, struct ends *ends, struct pipes *pipes,
                     struct err *err)
{
    *ends = (struct ends){.in = -1, .out = -1, .err = -1};
    *pipes = (struct pipes){{-1, -1}};
    if (!run->output)
        return 0;
    if (make_pipe(&pipes->fd[0], &ends->out) || make_pipe(&pipes->fd[1], &ends->err))
        return err_errno(err, errno, "program", "cannot make a pipe to %s", run->argv[0]);
    return make_input(run->input, &ends->in, err);
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
static void wait_for_output(const struct run_options *run, struct pipes *pipes, long process)
{
    struct os_wait waits[2] = {{.fd = pipes->fd[0], .want = OS_READABLE},
                               {.fd = pipes->fd[1], .want = OS_READABLE}};

    if (pipes->fd[0] < 0 && pipes->fd[1] < 0) {
        os_process_wait(process, CANCEL_TICK);
        return;
    }
    os_wait(waits, 2, CANCEL_TICK);
    for (int which = 0; which < 2; which++)
        if (waits[which].has)
            read_end(run, pipes, which);
}

/* ---- the end ---- */

/* Sends the signal of `cancel` once and notes the time in *asked; later sends SIGKILL. */
static void stop_program(long process, const struct cancel *cancel, int64_t *asked)
{
    if (!*asked) {
        *asked = clock_monotonic();
        os_process_signal(process, false, atomic_load(&cancel->signal));
    } else if (clock_monotonic() - *asked > RUN_PATIENCE_MS * NS_PER_MS) {
        os_process_signal(process, false, SIGKILL);
    }
}

static int took_too_long(const struct run_options *run, struct err *err)
{
    return err_set(err, ERR_LOCAL, "program", "%s did not end within %ju s", run->argv[0],
                   (uintmax_t)(run->limit / NS_PER_S));
}

static int wait_for(long process, const struct run_options *run, struct pipes *pipes, int *code,
                    struct err *err)
{
    int64_t asked = 0, began = clock_monotonic();
    enum os_process_state state;
    bool late = false;

    while ((state = os_process_state(process, code)) == OS_PROCESS_RUNS) {
        if (cancel_requested(run->cancel))
            stop_program(process, run->cancel, &asked);
        late = run->limit && clock_monotonic() - began > run->limit;
        if (late)
            os_process_signal(process, false, SIGKILL);
        wait_for_output(run, pipes, process);
    }
    if (state == OS_PROCESS_LOST)
        return err_errno(err, ECHILD, "program", "cannot wait for %s", run->argv[0]);
    read_rest(run, pipes);
    if (cancel_check(run->cancel, err))
        return ERR_FAIL;
    return late && *code == 128 + SIGKILL ? took_too_long(run, err) : 0;
}

static int run_to_end(const struct run_options *run, int *code, struct err *err)
{
    struct pipes pipes;
    struct ends ends;
    long process = -1;
    int failed = make_ends(run, &ends, &pipes, err) || start_program(run, &ends, &process, err);

    close_ends(&ends);
    failed = failed || wait_for(process, run, &pipes, code, err);
    close_end(&pipes.fd[0]);
    close_end(&pipes.fd[1]);
    return failed ? ERR_FAIL : 0;
}

int run_program(const struct run_options *run, int *code, struct err *err)
{
    struct sigaction usual = {.sa_handler = SIG_DFL}, was;
    int failed;

    if (cancel_check(run->cancel, err))
        return ERR_FAIL;
    /* The parent may have ignored SIGCHLD; then no exit code would arrive. */
    sigaction(SIGCHLD, &usual, &was);
    failed = run_to_end(run, code, err);
    sigaction(SIGCHLD, &was, NULL);
    return failed ? ERR_FAIL : 0;
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
    char **own = os_environment(), **out;
    size_t count = 0, more = 0, used = 0;

    while (own[count])
        count++;
    while (changes[more])
        more++;
    out = calloc(count + more + 1, sizeof *out);
    if (!out)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (!is_changed(own[i], changes))
            out[used++] = own[i];
    for (size_t i = 0; i < more; i++)
        if (strchr(changes[i], '='))
            out[used++] = (char *)changes[i];
    return out;
}
