#include "move/transfer.h"

#include <sys/resource.h>
#include <unistd.h>

unsigned transfer_jobs(unsigned jobs)
{
    long cores;

    if (jobs != TRANSFER_JOBS_AUTO)
        return jobs;
    cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > TRANSFER_JOBS_MAX ? TRANSFER_JOBS_MAX : (unsigned)cores;
}

uint64_t transfer_peak_memory(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return 0;
#ifdef __APPLE__
    return (uint64_t)usage.ru_maxrss;
#else
    return (uint64_t)usage.ru_maxrss * 1024;
#endif
}

void transfer_report(const struct transfer_options *options,
                     const struct transfer_progress *progress)
{
    if (options->progress)
        options->progress(options->progress_arg, progress);
}
