/*
 * Creates and frees the state of a run, and passes notices to its observer.
 */
#include "deploy/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int run_init(struct run *run, struct deploy_host *host, const struct deploy_options *options,
             struct deploy_result *result, struct err *err)
{
    const struct deployment *deployment = options->deployment;

    memset(run, 0, sizeof *run);
    run->options = options;
    run->host = host;
    run->result = result;
    run->container_max = deployment->unit_count * UNIT_CONTAINERS_MAX;
    run->containers = calloc(run->container_max, sizeof *run->containers);
    if (!run->containers)
        return err_memory(err, "the list of containers");
    run->unit_count = deployment->unit_count;
    result->unit_count = deployment->unit_count;
    for (unsigned i = 0; i < run->unit_count; i++) {
        struct deploy_unit *unit = &run->units[i];

        unit->at = i;
        unit->spec = &deployment->units[i];
        unit->report = &result->units[i];
        labels_deploy(unit->label, deployment->app, deployment->env, unit->spec->unit);
        str_copy(unit->report->unit, sizeof unit->report->unit, unit->spec->unit);
        str_copy(unit->report->name, sizeof unit->report->name, unit->spec->name);
    }
    return 0;
}

void run_finish(struct run *run)
{
    free(run->containers);
    run->containers = NULL;
}

void run_phase(const struct run *run, const char *phase, const char *unit)
{
    const struct deploy_observer *observer = &run->options->observer;

    if (observer->phase)
        observer->phase(observer->arg, phase, unit);
}

void run_note(const struct run *run, const char *fmt, ...)
{
    const struct deploy_observer *observer = &run->options->observer;
    char text[1024];
    va_list args;

    if (!observer->note)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    observer->note(observer->arg, text);
}

void run_warn(const struct run *run, const char *fmt, ...)
{
    const struct deploy_observer *observer = &run->options->observer;
    char text[1024];
    va_list args;

    if (!observer->warn)
        return;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    observer->warn(observer->arg, text);
}

void run_warn_of(const struct run *run, const char *what, const struct err *failure)
{
    run_warn(run, "%s: %s", what, failure->text);
}

int run_continue(const struct run *run, const char *what, const struct err *failure,
                 struct err *err)
{
    if (failure->family == ERR_CANCELLED) {
        *err = *failure;
        return ERR_FAIL;
    }
    run_warn_of(run, what, failure);
    return 0;
}

int64_t run_now(const struct run *run)
{
    return run->host->table->now(run->host);
}

int run_sleep(const struct run *run, int64_t ns, struct err *err)
{
    const struct deploy_observer *observer = &run->options->observer;

    while (ns > 0) {
        int64_t step = ns < NS_PER_S ? ns : NS_PER_S;

        if (observer->wake)
            observer->wake(observer->arg);
        if (run->host->table->sleep(run->host, step, err))
            return ERR_FAIL;
        ns -= step;
    }
    return 0;
}

int run_save_journal(struct run *run, struct err *err)
{
    return journal_save(run->host, &run->journal, err);
}
