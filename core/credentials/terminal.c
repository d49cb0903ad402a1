/*
 * The terminal is opened by its name, so that redirected standard streams do not matter. Reads
 * happen after a wait, and a cancel is checked at each tick.
 */
#include "credentials/terminal.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aws/system.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "flow/cancel.h"
#include "os/memory.h"
#include "os/terminal.h"
#include "os/wait.h"

static int fail_line(struct err *err, const char *why)
{
    return err_set(err, ERR_LOCAL, "input", "cannot read from the terminal: %s", why);
}

/* Waits for input. The terminal gives whole lines. */
static int wait_for_input(int fd, const struct cancel *cancel, struct err *err)
{
    do
        if (cancel_check(cancel, err) < 0)
            return ERR_FAIL;
    while (os_wait_one(fd, OS_READABLE, CANCEL_TICK) <= 0);
    return 0;
}

static int read_line(int fd, const struct cancel *cancel, char *out, size_t size, struct err *err)
{
    size_t used = 0;
    ssize_t got;

    out[0] = '\0';
    while (!strchr(out, '\n')) {
        if (used + 1 == size)
            return fail_line(err, "the line is too long");
        if (wait_for_input(fd, cancel, err) < 0)
            return ERR_FAIL;
        got = read(fd, out + used, size - 1 - used);
        if (got == 0)
            return fail_line(err, "end of input");
        if (got < 0 && errno != EINTR && errno != EAGAIN)
            return fail_line(err, strerror(errno));
        used += got > 0 ? (size_t)got : 0;
        out[used] = '\0';
    }
    out[strcspn(out, "\r\n")] = '\0';
    return 0;
}

static int ask_terminal(int fd, const char *prompt, const struct cancel *cancel, char *out,
                        size_t size, struct err *err)
{
    int echo = os_terminal_echo(fd, false), failed;

    if (echo < 0)
        return fail_line(err, strerror(errno));
    failed = file_write_all(fd, prompt, strlen(prompt), "the terminal", err);
    if (failed == 0)
        failed = read_line(fd, cancel, out, size, err);
    os_terminal_echo(fd, echo);
    if (failed == 0)
        return file_write_all(fd, "\n", 1, "the terminal", err);
    os_wipe(out, size);
    return ERR_FAIL;
}

int terminal_ask(const char *prompt, const struct cancel *cancel, char *out, size_t size,
                 struct err *err)
{
    int fd = os_terminal_open(), result;

    if (fd < 0)
        return SYSTEM_ABSENT;
    result = ask_terminal(fd, prompt, cancel, out, size, err);
    close(fd);
    return result;
}
