/*
 * A signal sets the cancel flag, which every wait of the program checks. The program then ends in
 * the usual way: it aborts uploads, removes temporary files and reports the reason. The handler
 * also starts a timer. When the timer expires, or on a second signal, the process ends immediately.
 * An unfinished upload that is left then is not visible as an object of the bucket.
 *
 * SIGINT is handled even if it was ignored at the start: shells ignore it for background jobs, and
 * CI runners stop their jobs with it.
 *
 * The handlers call async-signal-safe functions only.
 */
#include "cli/signals.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "flow/cancel.h"
#include "os/clock.h"

/* A handler gets no other argument, so these are global. */
static struct cancel *asked;
static volatile sig_atomic_t first_signal;
static struct view last_words;
static int last_words_fd;

static void leave_now(int signal)
{
    /* a failure cannot be reported */
    ssize_t written = write(last_words_fd, last_words.data, last_words.size);

    (void)written;
    _exit(128 + signal);
}

static void on_signal(int signal)
{
    int saved = errno;

    if (first_signal)
        leave_now(first_signal);
    first_signal = signal;
    cancel_request(asked, signal);
    os_alarm(SIGNALS_PATIENCE_MS * NS_PER_MS);
    errno = saved;
}

static void on_alarm(int signal)
{
    (void)signal;
    leave_now(first_signal ? first_signal : SIGINT);
}

static void handle(int signal, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

void signals_install(struct cancel *cancel)
{
    struct sigaction was;

    asked = cancel;
    handle(SIGPIPE, SIG_IGN);
    handle(SIGCHLD, SIG_DFL);
    handle(SIGALRM, on_alarm);
    handle(SIGINT, on_signal);
    handle(SIGTERM, on_signal);
    if (sigaction(SIGHUP, NULL, &was) || was.sa_handler != SIG_IGN)
        handle(SIGHUP, on_signal);
}

void signals_last_words(int fd, struct view words)
{
    last_words_fd = fd;
    last_words = words;
}

void signals_die_of(int signal)
{
    sigset_t one;

    handle(signal, SIG_DFL);
    sigemptyset(&one);
    sigaddset(&one, signal);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
    raise(signal);
    _exit(128 + signal);
}
