/*
 * The peak of memory is Linux's own figure where it exists: getrusage counts memory that the parent
 * process had before it started this program.
 */
#include "transfer/transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"

unsigned transfer_jobs(unsigned jobs)
{
    long cores;

    if (jobs != TRANSFER_JOBS_AUTO)
        return jobs;
    cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > TRANSFER_JOBS_MAX ? TRANSFER_JOBS_MAX : (unsigned)cores;
}

/* Returns the peak of memory; 0: this system does not report it. */
static uint64_t high_water_mark(void)
{
    char line[128];
    unsigned long long kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "re");

    if (!file)
        return 0;
    while (!kilobytes && fgets(line, sizeof line, file))
        if (strncmp(line, "VmHWM:", 6) == 0)
            kilobytes = strtoull(line + 6, NULL, 10);
    fclose(file);
    return (uint64_t)kilobytes * 1024;
}

static uint64_t peak_memory(void)
{
    struct rusage usage;
    uint64_t peak = high_water_mark();

    if (peak || getrusage(RUSAGE_SELF, &usage) != 0)
        return peak;
#ifdef __APPLE__
    return (uint64_t)usage.ru_maxrss;
#else
    return (uint64_t)usage.ru_maxrss * 1024;
#endif
}

void transfer_start(struct transfer_start *start, struct store *store)
{
    start->monotonic = clock_monotonic();
    store_stats(store, &start->store);
}

void transfer_count(struct transfer_stats *stats, const struct transfer_start *start,
                    struct store *store)
{
    struct store_stats now;

    store_stats(store, &now);
    stats->uploaded_bytes = now.sent - start->store.sent;
    stats->downloaded_bytes = now.received - start->store.received;
    stats->requests = now.requests - start->store.requests;
    stats->retries = now.retries - start->store.retries;
    stats->seconds = (double)(clock_monotonic() - start->monotonic) / (double)NS_PER_S;
    stats->peak_memory_bytes = peak_memory();
}

void transfer_report(const struct transfer_options *options,
                     const struct transfer_progress *progress)
{
    if (options->progress)
        options->progress(options->progress_arg, progress);
}
