/*
 * process - starts other programs, and waits for their end.
 */
#ifndef S3DOCK_OS_PROCESS_H
#define S3DOCK_OS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#define OS_EMPTY (-2) /* a standard input without a byte */

struct os_start {
    const char *path; /* of the program; PATH is not searched */
    const char *const *argv;
    char *const *env;
    const char *folder; /* its working directory; NULL: that of this process */
    /* Become its descriptors 0, 1 and 2; -1: those of this process. `in` may be OS_EMPTY. */
    int in, out, err;
    bool leads_group; /* it leads a process group of its own */
    /* It gets SIGTERM when the thread that started it ends, if the system can do that. For a
     * process with one thread. */
    bool tied;
};

/* Starts a program and stores its number. No signal is blocked in it, and SIGPIPE has its usual
 * effect. Returns 0, or an errno. */
int os_process_start(const struct os_start *start, long *process);

/* LOST: this process ignores SIGCHLD, or is not the parent. */
enum os_process_state { OS_PROCESS_RUNS, OS_PROCESS_ENDED, OS_PROCESS_LOST };
/* Returns the state of a started program without waiting. ENDED, once: stores its exit code, or 128
 * + the signal that ended it. */
enum os_process_state os_process_state(long process, int *code);

/* Waits until the program may have ended, at most `ns`. A signal ends the wait, too. */
void os_process_wait(long process, int64_t ns);

/* Sends a signal to a program, or to the group that it leads. */
void os_process_signal(long process, bool group, int signal);

/* Makes a pipe: ends[0] is read, ends[1] is written, both are close-on-exec. `wait` is false: reads
 * of ends[0] do not wait. Returns -1 and errno on failure. */
int os_pipe(int ends[2], bool wait);

/* The environment of this process: "NAME=VALUE", and NULL at the end. */
char **os_environment(void);

/* Forbids other processes of this user to read the memory of this one, and core files of it. */
void os_process_guard(void);

#endif
