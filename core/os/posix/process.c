/*
 * posix_spawn changes no state of the process: other threads may transfer data meanwhile. Each wait
 * is for one process, so that no child of other code of the process is taken.
 */
#include "os/posix/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/process.h"

extern char **environ; /* NOLINT(readability-redundant-declaration): POSIX has no header for it */

/* ---- the start ---- */

/* macOS closes in the program every descriptor that no action names. There, pipes and sockets get
 * their close-on-exec only after they are made. */
#ifdef POSIX_SPAWN_CLOEXEC_DEFAULT
static int keep_end(posix_spawn_file_actions_t *actions, int fd)
{
    return posix_spawn_file_actions_addinherit_np(actions, fd);
}
#else
#define POSIX_SPAWN_CLOEXEC_DEFAULT 0
static int keep_end(posix_spawn_file_actions_t *actions, int fd)
{
    (void)actions, (void)fd;
    return 0;
}
#endif

static int add_end(posix_spawn_file_actions_t *actions, int from, int to)
{
    if (from == OS_EMPTY)
        return posix_spawn_file_actions_addopen(actions, to, "/dev/null", O_RDONLY, 0);
    return from < 0 ? keep_end(actions, to) : posix_spawn_file_actions_adddup2(actions, from, to);
}

static int set_descriptors(posix_spawn_file_actions_t *actions, const struct os_start *start)
{
    int failed = add_end(actions, start->in, STDIN_FILENO);

    if (failed == 0)
        failed = add_end(actions, start->out, STDOUT_FILENO);
    if (failed == 0)
        failed = add_end(actions, start->err, STDERR_FILENO);
    if (failed == 0 && start->folder)
        failed = posix_spawn_file_actions_addchdir_np(actions, start->folder);
    return failed;
}

/* Below nohup, SIGHUP stays ignored. */
static int set_attributes(posix_spawnattr_t *attributes, const struct os_start *start)
{
    sigset_t none, pipe;
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_CLOEXEC_DEFAULT;
    int failed;

    sigemptyset(&none);
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    failed = posix_spawnattr_setsigmask(attributes, &none);
    if (failed == 0)
        failed = posix_spawnattr_setsigdefault(attributes, &pipe);
    if (failed == 0 && start->leads_group)
        failed = posix_spawnattr_setpgroup(attributes, 0);
    if (start->leads_group)
        flags |= POSIX_SPAWN_SETPGROUP;
    return failed ? failed : posix_spawnattr_setflags(attributes, flags);
}

static int spawn_with(const struct os_start *start, posix_spawn_file_actions_t *actions,
                      posix_spawnattr_t *attributes, long *process)
{
    int failed = set_descriptors(actions, start);
    pid_t pid;

    if (failed == 0)
        failed = set_attributes(attributes, start);
    if (failed == 0)
        failed = posix_spawn(&pid, start->path, actions, attributes, (char *const *)start->argv,
                             start->env);
    if (failed == 0)
        *process = pid;
    return failed;
}

int os_spawn(const struct os_start *start, long *process)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failed = posix_spawn_file_actions_init(&actions);

    if (failed)
        return failed;
    failed = posix_spawnattr_init(&attributes);
    if (failed == 0) {
        failed = spawn_with(start, &actions, &attributes, process);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

/* ---- the end ---- */

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
