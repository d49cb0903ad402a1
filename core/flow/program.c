/*
 * Nothing here changes a state of the process, unlike flow/run: other threads may transfer data
 * meanwhile. The parent polls the pipes and checks the child at each tick, because a grandchild can
 * keep a pipe open after the end of the child.
 */
#include "flow/program.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "flow/cancel.h"
#include "flow/run.h"
#include "os/memory.h"
#include "os/process.h"
#include "os/wait.h"

#define BLOCK_SIZE    (4 * KIB)
#define BLOCKS_MAX    64 /* read before the limits are checked again */
#define PATIENCE      (500 * NS_PER_MS)
#define END_POLL_TIME (10 * NS_PER_MS)

struct child {
    const struct program *program;
    long process;
    int output[2], errors[2]; /* pipes: [0] is of the parent; -1: none, or closed */
};

/* ---- errors ---- */

static const char *title_of(const struct program *program)
{
    return program->what ? program->what : program->argv[0];
}

/* Sets an error of the program: "WHAT, then the text". */
__attribute__((format(printf, 3, 4))) static int
program_failed(const struct program *program, struct err *err, const char *fmt, ...)
{
    char text[256];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (program->family == ERR_NONE)
        return err_set(err, ERR_LOCAL, "program", "%s %s", title_of(program), text);
    return err_set(err, program->family, program->code, "%s %s", title_of(program), text);
}

static int not_started(const struct program *program, int reason, struct err *err)
{
    program_failed(program, err, "cannot be run: %s", strerror(reason));
    if (reason == ENOENT && !program->line)
        err_hint(err, "is it installed, and in PATH?");
    return ERR_FAIL;
}

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
    const struct program *program = child->program;

    if ((program->output && os_pipe(child->output, false) != 0) ||
        (program->errors && !program->on_terminal && os_pipe(child->errors, false) != 0))
        return err_errno(err, errno, "program", "cannot make a pipe to %s", title_of(program));
    return 0;
}

/* Adds the bytes that fit. */
static void add_beginning(struct text *text, const char *data, size_t size)
{
    size_t room = text->max - text->size;

    text_add(text, data, size < room ? size : room);
}

/* Adds the bytes, and drops the oldest ones if the text is full. */
static void add_end(struct text *text, const char *data, size_t size)
{
    size_t keep = size < text->max ? text->max - size : 0;

    if (size > text->max) {
        data += size - text->max;
        size = text->max;
    }
    if (text->size > keep) {
        memmove(text->data, text->data + text->size - keep, keep);
        text_cut(text, keep);
    }
    text_add(text, data, size);
}

static void take_output(const struct program *program, const char *data, size_t size)
{
    text_add(program->output, data, size);
}

static void take_errors(const struct program *program, const char *data, size_t size)
{
    if (program->keep_end)
        add_end(program->errors, data, size);
    else
        add_beginning(program->errors, data, size);
}

/* Reads the available bytes. Closes the pipe at its end. */
static void drain(const struct program *program, int *fd,
                  void (*take)(const struct program *program, const char *data, size_t size))
{
    char block[BLOCK_SIZE];
    ssize_t got;

    for (int i = 0; i < BLOCKS_MAX && *fd >= 0; i++) {
        got = read(*fd, block, sizeof block);
        if (got > 0)
            take(program, block, (size_t)got);
        else if (got < 0 && errno == EAGAIN)
            break;
        else if (got == 0 || errno != EINTR)
            close_end(fd);
    }
    os_wipe(block, sizeof block);
}

static void drain_pipes(struct child *child)
{
    drain(child->program, &child->output[0], take_output);
    drain(child->program, &child->errors[0], take_errors);
}

/* ---- start ---- */

/* Without a pipe, standard output goes to the same place as standard error. A redirected standard
 * input is data for s3dock. On a terminal the program stays in the foreground group, so that it can
 * read and gets Ctrl-C. */
static int spawn_program(struct child *child, const char *path, const char *const *argv)
{
    const struct program *program = child->program;
    int errors = child->errors[1];
    const struct os_start start = {
        .path = path,
        .argv = argv,
        .env = program->env ? program->env : os_environment(),
        .folder = program->folder,
        .in = program->on_terminal && isatty(STDIN_FILENO) ? -1 : OS_EMPTY,
        .out = child->output[1] >= 0 ? child->output[1]
               : errors >= 0         ? errors
                                     : STDERR_FILENO,
        .err = errors,
        .leads_group = !program->on_terminal,
    };

    return os_process_start(&start, &child->process);
}

/* Returns an errno, or 0. */
static int spawn(struct child *child)
{
    const struct program *program = child->program;
    const char *const shell[] = {"sh", "-c", program->line, NULL};
    char path[PATH_MAX];

    if (program->line)
        return spawn_program(child, "/bin/sh", shell);
    if (!run_find(program->argv[0], path, sizeof path))
        return ENOENT;
    return spawn_program(child, path, program->argv);
}

static int start_child(struct child *child, struct err *err)
{
    int failed;

    if (open_pipes(child, err) < 0)
        return ERR_FAIL;
    failed = spawn(child);
    close_end(&child->output[1]);
    close_end(&child->errors[1]);
    return failed ? not_started(child->program, failed, err) : 0;
}

/* ---- end ---- */

static int check_output(const struct program *program, struct err *err)
{
    if (!program->output || !program->output->failed)
        return 0;
    return program_failed(program, err, "printed more than %zu KiB", program->output->max / KIB);
}

static int took_too_long(const struct program *program, struct err *err)
{
    program_failed(program, err, "did not end within %.9g s",
                   (double)program->limit / (double)NS_PER_S);
    return program->late_hint ? err_hint(err, "%s", program->late_hint) : ERR_FAIL;
}

static int check_limits(const struct child *child, int64_t began, struct err *err)
{
    const struct program *program = child->program;

    if (cancel_check(program->cancel, err) < 0 || check_output(program, err) < 0)
        return ERR_FAIL;
    if (program->on_terminal || !program->limit || clock_monotonic() - began <= program->limit)
        return 0;
    return took_too_long(program, err);
}

/* Waits for output or a tick; a child without pipes is about to end. */
static void wait_for_output(const struct child *child)
{
    struct os_wait waits[2] = {{.fd = child->output[0], .want = OS_READABLE},
                               {.fd = child->errors[0], .want = OS_READABLE}};
    bool open = child->output[0] >= 0 || child->errors[0] >= 0;

    os_wait(waits, 2, open ? CANCEL_TICK : END_POLL_TIME);
}

/* Sends SIGTERM first, so that a program can restore the echo of the terminal. */
static void stop_child(const struct child *child)
{
    bool group = !child->program->on_terminal;
    int64_t asked = clock_monotonic();
    int code;

    os_process_signal(child->process, group, SIGTERM);
    while (os_process_state(child->process, &code) == OS_PROCESS_RUNS) {
        if (clock_monotonic() - asked > PATIENCE)
            os_process_signal(child->process, group, SIGKILL);
        os_nap(END_POLL_TIME);
    }
    if (group)
        os_process_signal(child->process, group, SIGKILL); /* the rest of the group */
}

static int wait_for_end(struct child *child, int *code, struct err *err)
{
    const struct program *program = child->program;
    int64_t began = clock_monotonic();
    enum os_process_state state;

    while ((state = os_process_state(child->process, code)) == OS_PROCESS_RUNS) {
        drain_pipes(child);
        if (check_limits(child, began, err) < 0) {
            stop_child(child);
            return ERR_FAIL;
        }
        if (program->wake)
            program->wake(program->arg);
        wait_for_output(child);
    }
    if (state == OS_PROCESS_LOST)
        return program_failed(program, err, "has an unknown exit code: SIGCHLD is ignored");
    drain_pipes(child);
    return check_output(program, err);
}

int program_run(const struct program *program, int *code, struct err *err)
{
    struct child child = {.program = program, .output = {-1, -1}, .errors = {-1, -1}};
    int failed;

    *code = 0;
    if (cancel_check(program->cancel, err) < 0)
        return ERR_FAIL;
    failed = start_child(&child, err);
    if (failed == 0)
        failed = wait_for_end(&child, code, err);
    close_pipes(&child);
    return failed;
}
