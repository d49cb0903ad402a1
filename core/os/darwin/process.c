/*
 * macOS ends no program together with its parent: `tied` has no effect. The kernel queue reports
 * the end of a process.
 *
 * A pipe gets its flag after it is made. A program that another thread starts in between does not
 * inherit it, because of the flag that os/posix/process sets.
 */
#include "os/process.h"

#include <fcntl.h>
#include <sys/event.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/posix/process.h"

#define NAP INT64_C(10000000) /* ns */

int os_process_start(const struct os_start *start, long *process)
{
    return os_spawn(start, process);
}

static struct timespec timespec_of(int64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
}

/* A process that has ended is refused (ESRCH), and the wait is over. */
void os_process_wait(long process, int64_t ns)
{
    struct timespec limit = timespec_of(ns), nap = timespec_of(ns < NAP ? ns : NAP);
    int queue = kqueue();
    struct kevent end;

    if (queue < 0) {
        nanosleep(&nap, NULL);
        return;
    }
    EV_SET(&end, process, EVFILT_PROC, EV_ADD | EV_ONESHOT, NOTE_EXIT, 0, NULL);
    kevent(queue, &end, 1, &end, 1, &limit);
    close(queue);
}

int os_pipe(int ends[2], bool wait)
{
    if (pipe(ends) != 0)
        return -1;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    if (!wait)
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return 0;
}

/* macOS lets only a debugger that the user has allowed read the memory of another process. */
void os_process_guard(void)
{
    const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
}
