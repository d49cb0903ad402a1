/*
 * The keys of events sort by the minute, which is too coarse: a month is read whole, and its events
 * are sorted by what their own timestamps say.
 */
#include "catalog/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "catalog/fetch.h"
#include "catalog/walk.h"

#define MARK "-promotion-"

struct month {
    const char *env;
    char **keys;
    struct history_event *events;
    size_t count, room;
    struct text *warnings;
    bool failed; /* no memory */
};

static void warn(struct month *m, size_t at, const char *why)
{
    text_printf(m->warnings, "%s: %s\n", m->keys[at], why);
}

static struct history_event *next_event(struct month *m)
{
    if (m->count == m->room) {
        size_t room = m->room ? m->room * 2 : 16;
        struct history_event *events = realloc(m->events, room * sizeof *events);

        if (!events)
            return NULL;
        m->events = events;
        m->room = room;
    }
    return &m->events[m->count];
}

static void take(void *arg, size_t at, enum store_answer answer, struct view text,
                 const struct err *why)
{
    struct month *m = arg;
    struct history_event *event;
    struct err err;

    if (answer == STORE_FAILED)
        warn(m, at, why->text);
    else if (answer != STORE_DONE)
        warn(m, at, "it is not there");
    if (answer != STORE_DONE || m->failed)
        return;
    event = next_event(m);
    if (!event) {
        m->failed = true;
    } else if (audit_parse(text, &event->event, &err)) {
        warn(m, at, err.text);
    } else if (event->event.type == AUDIT_PROMOTION &&
               (!m->env || strcmp(event->event.promotion.environment, m->env) == 0)) {
        event->key = m->keys[at];
        event->when = 0;
        clock_parse_rfc3339(event->event.timestamp, &event->when);
        m->count++;
    }
}

static int newest_first(const void *a, const void *b)
{
    const struct history_event *left = a, *right = b;

    if (left->when != right->when)
        return left->when < right->when ? 1 : -1;
    return strcmp(right->key, left->key);
}

/* Keeps the keys of promotions, in front. */
static size_t choose(struct walk *walk)
{
    size_t count = 0;

    for (size_t i = 0; i < walk->count; i++) {
        char *key = walk->keys[i];

        if (!strstr(key, MARK))
            continue;
        walk->keys[i] = walk->keys[count];
        walk->keys[count++] = key;
    }
    return count;
}

/* 1: enough. */
static int read_month(struct store *store, const char *prefix, const char *env, history_fn *each,
                      void *arg, struct text *warnings, struct err *err)
{
    struct walk walk = {0};
    struct month m = {.env = env, .warnings = warnings};
    int answer = walk_run(&walk, store, prefix, '/', err);

    walk_warn(&walk, prefix, warnings);
    m.keys = walk.keys;
    if (answer == 0)
        answer = fetch_run(store, walk.keys, choose(&walk), take, &m, err);
    if (answer == 0 && m.failed)
        answer = err_memory(err, "the history");
    if (m.count)
        qsort(m.events, m.count, sizeof *m.events, newest_first);
    for (size_t i = 0; answer == 0 && i < m.count; i++)
        answer = each(arg, &m.events[i]) ? 1 : 0;
    free(m.events);
    walk_finish(&walk);
    return answer;
}

int history_read(struct store *store, const char *app, const char *env, history_fn *each, void *arg,
                 struct text *warnings, struct err *err)
{
    char prefix[KEY_MAX];
    struct walk months = {0};
    int answer;

    snprintf(prefix, sizeof prefix, "audit/%s/", app);
    answer = walk_run(&months, store, prefix, '/', err);
    walk_warn(&months, prefix, warnings);
    for (size_t i = months.count; answer == 0 && i > 0; i--) {
        const char *month = months.keys[i - 1];

        if (month[strlen(month) - 1] == '/')
            answer = read_month(store, month, env, each, arg, warnings, err);
    }
    walk_finish(&months);
    return answer < 0 ? ERR_FAIL : 0;
}
