/* A new thread inherits the signal mask of its creator, so the mask is set for the moment of the
 * creation: no signal can arrive in the thread before it has blocked them. */
#include "flow/thread.h"

#include <signal.h>

#include "base/err.h"

int thread_run(pthread_t *thread, void *(*run)(void *arg), void *arg, const char *what,
               struct err *err)
{
    sigset_t all, before;
    int failed;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(thread, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed ? err_errno(err, failed, "thread", "cannot start %s", what) : 0;
}
