/*
 * The store counts since it was opened, so a transfer has its own numbers by a difference.
 */
#include "transfer/transfer.h"

#include "base/clock.h"
#include "os/machine.h"

unsigned transfer_jobs(unsigned jobs)
{
    unsigned cores;

    if (jobs != TRANSFER_JOBS_AUTO)
        return jobs;
    cores = os_processors();
    return cores > TRANSFER_JOBS_MAX ? TRANSFER_JOBS_MAX : cores;
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
    stats->peak_memory_bytes = os_peak_memory();
}

void transfer_report(const struct transfer_options *options,
                     const struct transfer_progress *progress)
{
    if (options->progress)
        options->progress(options->progress_arg, progress);
}
