/*
 * thread - starts threads that receive no signals.
 */
#ifndef S3DOCK_FLOW_THREAD_H
#define S3DOCK_FLOW_THREAD_H

#include <pthread.h>

struct err;

/* Starts a thread in which all signals are blocked, so that the main thread receives them. `what`
 * names the thread in the error, local.thread. The caller joins it. */
int thread_run(pthread_t *thread, void *(*run)(void *arg), void *arg, const char *what,
               struct err *err);

#endif
