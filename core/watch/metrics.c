/*
 * Every family has a HELP and a TYPE line and then one line for each entry. The file is replaced
 * whole, so that the collector never reads half of it.
 */
#include "watch/metrics.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"

#define FILE_MAX (1 << 20)

static const char *const POLL_NAMES[METRICS_POLLS] = {"same", "changed", "absent", "malformed",
                                                      "failed"};
static const char *const RUN_NAMES[METRICS_RUNS] = {"deployed", "failed", "rolled_back", "down",
                                                    "error"};

static void add_head(struct text *out, const char *name, const char *type, const char *help)
{
    text_printf(out, "# HELP s3dock_%s %s\n# TYPE s3dock_%s %s\n", name, help, name, type);
}

/* Names of applications and environments contain no character that must be escaped. */
static void add_labels(struct text *out, const char *name, const struct metrics_entry *entry)
{
    text_printf(out, "s3dock_%s{app=\"%s\",env=\"%s\"", name, entry->app, entry->env);
}

static void add_counts(struct text *out, const char *name, const struct metrics_entry *entry,
                       const char *const *names, const uint64_t *counts, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        add_labels(out, name, entry);
        text_printf(out, ",result=\"%s\"} %" PRIu64 "\n", names[i], counts[i]);
    }
}

static const struct gauge {
    const char *name, *help;
    size_t at; /* of a double in struct metrics_entry */
} GAUGES[] = {
    {"watch_last_success_timestamp_seconds", "Time of the last poll with a response of the bucket.",
     offsetof(struct metrics_entry, last_success)},
    {"watch_backoff_seconds", "Wait because of the last failure; 0: there was none.",
     offsetof(struct metrics_entry, backoff)},
    {"deploy_behind", "1: the environment leads to another image than that which serves.",
     offsetof(struct metrics_entry, behind)},
    {"deploy_held", "1: a rollback on this host holds the environment.",
     offsetof(struct metrics_entry, held)},
    {"deploy_down", "1: nothing serves.", offsetof(struct metrics_entry, down)},
    {"deploy_last_duration_seconds", "Duration of the last deployment.",
     offsetof(struct metrics_entry, last_duration)},
    {"deploy_gap_seconds", "Time without service in the last deployment.",
     offsetof(struct metrics_entry, gap)},
    {"deploy_current_since_timestamp_seconds", "The image serves since then; 0: not known.",
     offsetof(struct metrics_entry, since)},
    {"disk_blocked", "1: a deployment waits for room on the disk.",
     offsetof(struct metrics_entry, blocked)},
};

static double read_number(const struct metrics_entry *entry, const struct gauge *gauge)
{
    double number;

    memcpy(&number, (const char *)entry + gauge->at, sizeof number);
    return number;
}

static void write_gauge(const struct gauge *gauge, const struct metrics_entry *entries,
                        unsigned count, struct text *out)
{
    add_head(out, gauge->name, "gauge", gauge->help);
    for (unsigned i = 0; i < count; i++) {
        add_labels(out, gauge->name, &entries[i]);
        text_printf(out, "} %.12g\n", read_number(&entries[i], gauge));
    }
}

static void write_images(const struct metrics_entry *entries, unsigned count, struct text *out)
{
    add_head(out, "deploy_info", "gauge", "The image that serves.");
    for (unsigned i = 0; i < count; i++) {
        if (!entries[i].image[0])
            continue;
        add_labels(out, "deploy_info", &entries[i]);
        text_printf(out, ",image=\"%s\"} 1\n", entries[i].image);
    }
}

void metrics_write(const struct metrics_entry *entries, unsigned count, struct text *out)
{
    add_head(out, "watch_polls_total", "counter", "Polls of the pointer, by result.");
    for (unsigned i = 0; i < count; i++)
        add_counts(out, "watch_polls_total", &entries[i], POLL_NAMES, entries[i].polls,
                   METRICS_POLLS);
    add_head(out, "deploy_total", "counter", "Deployments, by result.");
    for (unsigned i = 0; i < count; i++)
        add_counts(out, "deploy_total", &entries[i], RUN_NAMES, entries[i].runs, METRICS_RUNS);
    for (size_t i = 0; i < ARRAY_SIZE(GAUGES); i++)
        write_gauge(&GAUGES[i], entries, count, out);
    write_images(entries, count, out);
}

int metrics_store(const struct metrics_entry *entries, unsigned count, const char *path,
                  struct err *err)
{
    _cleanup_text_ struct text text = {0};

    text_init(&text, FILE_MAX);
    metrics_write(entries, count, &text);
    if (text_check(&text, "the metrics", err))
        return ERR_FAIL;
    return file_replace(path, text_view(&text), 0644, err);
}
