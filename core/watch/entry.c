/*
 * The state of one entry, and the reports about it. All functions are called by the loop.
 */
#include "watch/entry.h"

#include <stdio.h>
#include <string.h>

static const char *const STATES[] = {
    [WATCH_STARTING] = "starting",   [WATCH_CURRENT] = "current", [WATCH_BEHIND] = "behind",
    [WATCH_TROUBLE] = "trouble",     [WATCH_BLOCKED] = "blocked", [WATCH_HELD] = "held",
    [WATCH_FAILED] = "failed",       [WATCH_DOWN] = "down",       [WATCH_NO_POINTER] = "no pointer",
    [WATCH_MALFORMED] = "malformed",
};

void watch_entry_init(struct watch_entry *entry, const char *app, const char *env)
{
    *entry = (struct watch_entry){.settled = true};
    str_copy(entry->app, sizeof entry->app, app);
    str_copy(entry->env, sizeof entry->env, env);
    str_copy(entry->metrics.app, sizeof entry->metrics.app, app);
    str_copy(entry->metrics.env, sizeof entry->metrics.env, env);
}

int64_t entry_now(const struct watch *watch)
{
    return watch->host->now(watch->host->arg);
}

uint64_t entry_random(const struct watch *watch)
{
    return watch->host->random(watch->host->arg);
}

double entry_wall(const struct watch *watch)
{
    int64_t seconds = watch->host->wall(watch->host->arg) / NS_PER_S;

    return (double)seconds;
}

unsigned entry_index(const struct watch *watch, const struct watch_entry *entry)
{
    return (unsigned)(entry - watch->entries);
}

/* ---- reports ---- */

/* Reports a failure when it begins or changes, not at each try. */
void entry_report_failure(const struct watch *watch, const struct watch_entry *entry, char last[64],
                          const struct err *err)
{
    char code[64];

    snprintf(code, sizeof code, "%s.%s", err_family_name(err->family), err->code);
    if (strcmp(last, code) == 0)
        return;
    str_copy(last, 64, code);
    watch->host->warn(watch->host->arg, entry_index(watch, entry), err);
}

void entry_report_recovery(const struct watch *watch, const struct watch_entry *entry,
                           char last[64], const char *text)
{
    if (last[0])
        watch->host->note(watch->host->arg, entry_index(watch, entry), text);
    last[0] = '\0';
}

int entry_report(const struct watch *watch, const struct watch_entry *entry, const char *name,
                 const char *image, const char *previous, const struct err *why, struct err *err)
{
    struct watch_event event = {.event = name,
                                .entry = entry,
                                .image_ref = image,
                                .previous_ref = previous,
                                .pointer_etag = entry->wanted.change,
                                .err = why};

    return watch->host->report(watch->host->arg, &event, err);
}

int entry_report_of(const struct watch *watch, const struct watch_entry *entry, const char *name,
                    const char *previous, const char *pointer_etag, struct err *err)
{
    struct watch_event event = {.event = name,
                                .entry = entry,
                                .image_ref = entry->served,
                                .previous_ref = previous,
                                .pointer_etag = pointer_etag};

    return watch->host->report(watch->host->arg, &event, err);
}

/* ---- states ---- */

const char *entry_wanted_ref(const struct watch_entry *entry)
{
    return entry->wanted.change[0] ? entry->wanted.resolved.image.ref : "";
}

bool entry_serves_wanted(const struct watch_entry *entry)
{
    return entry->wanted.change[0] && strcmp(entry->served, entry_wanted_ref(entry)) == 0;
}

/* Nothing is to be done until the pointer changes. */
void entry_settle(struct watch_entry *entry, enum watch_state state)
{
    entry->settled = true;
    entry->state = state;
    entry->working[0] = '\0';
    entry->converges = 0;
    entry->work.due = INT64_MAX;
    entry->work.failures = 0;
    entry->work.backoff = 0;
}

void entry_set_served(const struct watch *watch, struct watch_entry *entry, const char *image)
{
    bool is_known = entry->served[0] != '\0';

    if (!strcmp(entry->served, image))
        return;
    str_copy(entry->served, sizeof entry->served, image);
    if (!watch->host->deploy)
        return;
    str_copy(entry->metrics.image, sizeof entry->metrics.image, image);
    entry->metrics.since = is_known ? entry_wall(watch) : 0;
}

/* Makes the image of a poll the wanted one. */
void entry_want(const struct watch *watch, struct watch_entry *entry,
                const struct watch_target *target)
{
    int64_t now = entry_now(watch);
    bool serves;

    entry->wanted = *target;
    serves = entry_serves_wanted(entry);
    /* An environment that is set again may mean another image of the same name. The run finds it
     * out, or the pull. */
    if (target->demanded && watch->host->deploy)
        entry->unrecorded = true;
    else if (target->demanded)
        serves = false;
    if (serves && !entry->unrecorded) {
        entry_settle(entry, WATCH_CURRENT);
        return;
    }
    entry->pulled = serves;
    entry->settled = false;
    entry->state = WATCH_BEHIND;
    entry->working[0] = '\0';
    entry->work = (struct schedule){.interval = watch->options->interval, .due = now};
    entry->act_at = now;
    if (watch->options->splay && !serves)
        entry->act_at +=
            schedule_splay(watch->options->machine, target->change, watch->options->splay);
}

void entry_want_nothing(struct watch_entry *entry, enum watch_state state)
{
    entry->wanted.change[0] = '\0';
    entry_settle(entry, state);
}

void watch_summary(const struct watch_entry *entries, unsigned count, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (unsigned i = 0; i < count && used < size; i++) {
        const struct watch_entry *entry = &entries[i];
        const char *tag = strchr(entry->served, ':');
        int length = snprintf(out + used, size - used, "%s%s/%s %s%s%s", i ? ", " : "", entry->app,
                              entry->env, STATES[entry->state], tag ? " " : "", tag ? tag + 1 : "");

        used += length > 0 ? (size_t)length : 0;
    }
}
