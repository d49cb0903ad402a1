/*
 * /proc/PID/stat holds the parent and the start time. All processes are read, because the kernel's
 * list of children is an option of its configuration.
 */
#include "deploy/traffic/proxy_workers.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/file.h"

#define PROCESSES_MAX 100000
#define STAT_PARENT   4 /* numbers of the fields, as in proc(5) */
#define STAT_STARTED  22

struct process {
    char state;
    int64_t parent;
    uint64_t started;
};

/* Reads the beginning of a file of a process. */
static bool read_process_file(int64_t pid, const char *name, char *out, size_t size)
{
    char path[64];
    ssize_t got;
    int fd;

    snprintf(path, sizeof path, "/proc/%" PRId64 "/%s", pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    got = read(fd, out, size - 1);
    close(fd);
    out[got > 0 ? got : 0] = '\0';
    return got > 0;
}

/* The name of the program is in parentheses and may contain any character. */
static bool read_process(int64_t pid, struct process *out)
{
    char line[1024], *at, *end;
    int field = STAT_PARENT;

    *out = (struct process){0};
    if (!read_process_file(pid, "stat", line, sizeof line))
        return false;
    at = strrchr(line, ')');
    if (!at || at[1] != ' ' || !at[2])
        return false;
    out->state = at[2];
    for (at += 3; field <= STAT_STARTED && *at == ' '; field++, at = end) {
        unsigned long long value = strtoull(at, &end, 10);

        if (end == at)
            return false;
        if (field == STAT_PARENT)
            out->parent = (int64_t)value;
        out->started = value;
    }
    return field > STAT_STARTED;
}

static bool read_pid(const char *pid_file, int64_t *pid)
{
    _cleanup_text_ struct text text = {0};
    struct err err;

    text_init(&text, 64);
    if (file_read(pid_file, &text, &err) != FILE_OK)
        return false;
    *pid = strtoll(text.data, NULL, 10);
    return *pid > 1; /* the children of process 1 are every daemon of the host */
}

static bool add_worker(struct proxy_workers *out, int64_t pid, uint64_t started)
{
    struct proxy_worker *worker = &out->list[out->count];

    if (out->count == PROXY_WORKERS_MAX)
        return false;
    *worker = (struct proxy_worker){.pid = pid, .started = started};
    read_process_file(pid, "cmdline", worker->title, sizeof worker->title);
    out->count++;
    return true;
}

static bool find_children(DIR *proc, int64_t parent, struct proxy_workers *out)
{
    const struct dirent *entry;
    struct process process;

    for (unsigned i = 0; (entry = readdir(proc)); i++) {
        int64_t pid = strtoll(entry->d_name, NULL, 10);

        if (i > PROCESSES_MAX)
            return false;
        if (!isdigit((unsigned char)entry->d_name[0]) || !read_process(pid, &process))
            continue;
        if (process.parent == parent && process.state != 'Z' &&
            !add_worker(out, pid, process.started))
            return false;
    }
    return true;
}

bool proxy_workers_find(const char *pid_file, struct proxy_workers *out)
{
    struct process parent;
    int64_t pid;
    DIR *proc;
    bool found;

    out->count = 0;
    if (!read_pid(pid_file, &pid) || !read_process(pid, &parent))
        return false;
    proc = opendir("/proc");
    if (!proc)
        return false;
    found = find_children(proc, pid, out);
    closedir(proc);
    if (!found)
        out->count = 0;
    return found;
}

static bool is_running(const struct proxy_worker *worker)
{
    struct process process;

    return read_process(worker->pid, &process) && process.started == worker->started &&
           process.state != 'Z';
}

unsigned proxy_workers_running(const struct proxy_workers *workers)
{
    unsigned running = 0;

    for (unsigned i = 0; i < workers->count; i++)
        running += is_running(&workers->list[i]);
    return running;
}

unsigned proxy_workers_unchanged(const struct proxy_workers *workers)
{
    char title[sizeof workers->list[0].title];
    unsigned unchanged = 0;

    for (unsigned i = 0; i < workers->count; i++) {
        const struct proxy_worker *worker = &workers->list[i];

        if (is_running(worker) && read_process_file(worker->pid, "cmdline", title, sizeof title))
            unchanged += strcmp(title, worker->title) == 0;
    }
    return unchanged;
}

bool proxy_workers_has_new(const struct proxy_workers *now, const struct proxy_workers *before)
{
    for (unsigned i = 0; i < now->count; i++) {
        bool known = false;

        for (unsigned j = 0; j < before->count && !known; j++)
            known = before->list[j].pid == now->list[i].pid &&
                    before->list[j].started == now->list[i].started;
        if (!known)
            return true;
    }
    return false;
}
