/*
 * Each wait is for one process, so that no child of other code of the process is taken.
 */
#include "os/process.h"

#include <errno.h>
#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ; /* POSIX declares it in no header */

enum os_process_state os_process_state(long process, int *code)
{
    int status;
    pid_t ended;

    do
        ended = waitpid((pid_t)process, &status, WNOHANG);
    while (ended < 0 && errno == EINTR);
    if (ended <= 0)
        return ended == 0 ? OS_PROCESS_RUNS : OS_PROCESS_LOST;
    *code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return OS_PROCESS_ENDED;
}

void os_process_signal(long process, bool group, int signal)
{
    kill((pid_t)(group ? -process : process), signal);
}

char **os_environment(void)
{
    return environ;
}
