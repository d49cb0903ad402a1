/*
 * The flag is the number of the signal, so that the message can name it. A lock-free atomic is the
 * only variable that a signal handler may share with other threads.
 */
#include "flow/cancel.h"

#include <signal.h>

#include "base/err.h"

_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler writes it");

void cancel_init(struct cancel *cancel)
{
    atomic_init(&cancel->signal, 0);
}

void cancel_request(struct cancel *cancel, int signal)
{
    int none = 0;

    atomic_compare_exchange_strong(&cancel->signal, &none, signal ? signal : SIGINT);
}

bool cancel_requested(const struct cancel *cancel)
{
    return cancel && atomic_load(&cancel->signal) != 0;
}

int cancel_check(const struct cancel *cancel, struct err *err)
{
    int signal = cancel ? atomic_load(&cancel->signal) : 0;

    switch (signal) {
    case 0:
        return 0;
    case SIGINT:
        return err_set(err, ERR_CANCELLED, "signal", "interrupted by SIGINT");
    case SIGTERM:
        return err_set(err, ERR_CANCELLED, "signal", "interrupted by SIGTERM");
    case SIGHUP:
        return err_set(err, ERR_CANCELLED, "signal", "interrupted by SIGHUP");
    default:
        return err_set(err, ERR_CANCELLED, "signal", "interrupted by signal %d", signal);
    }
}
