/*
 * The keys of events contain the minute, which does not order events of one minute. So a month is
 * read whole, and its events are sorted by their timestamps.
 */
#include "catalog/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/err.h"
#include "catalog/fetch.h"
#include "catalog/strings.h"
#include "catalog/walk.h"
#include "catalog/warnings.h"

#define MARK "-promotion-"

/* An event to be sorted by time. Its document is parsed again when the event is reported. */
struct stored {
    int64_t when;
    const char *text; /* the document, in `strings` */
    const char *key;
};

struct month {
    const char *app, *env;
    char **keys;
    struct stored *events;
    size_t count, room;
    struct strings strings;
    struct text *warnings;
    struct err *err;
    bool failed; /* no memory */
};

static void add_warning(struct month *m, size_t at, const char *why)
{
    warnings_add(m->warnings, "%s: %s", m->keys[at], why);
}

/* Keeps the event as audit_write spells it, which bounds its size. */
static int add_event(struct month *m, size_t at, const struct audit_event *event)
{
    _cleanup_text_ struct text text = {0};
    struct stored *stored;

    text_init(&text, FETCH_DOCUMENT_MAX);
    audit_write(event, &text);
    if (text_check(&text, "an event", m->err))
        return ERR_FAIL;
    if (!array_reserve(&m->events, &m->room, m->count, sizeof *m->events))
        return err_memory(m->err, "the history");
    stored = &m->events[m->count];
    *stored = (struct stored){.key = m->keys[at]};
    clock_parse_rfc3339(event->timestamp, &stored->when);
    stored->text = strings_keep(&m->strings, text.data, m->err);
    if (!stored->text)
        return ERR_FAIL;
    m->count++;
    return 0;
}

/* Returns why the event is none of the promotions of the application; NULL: it is one. A reader
 * that passes over a promotion would take an older one for the newest. */
static const char *fault_of(const struct month *m, const struct audit_event *event)
{
    if (event->type != AUDIT_PROMOTION)
        return "the event is no promotion, although its key states one";
    if (!event->timestamp[0])
        return "the audit event: member timestamp is missing";
    if (!event->promotion.environment[0])
        return "the audit event: member environment is missing";
    if (event->app_name[0] && strcmp(event->app_name, m->app) != 0)
        return "the event belongs to another application";
    return NULL;
}

static void take_event(void *arg, size_t at, enum store_answer answer, struct view text,
                       const struct err *why)
{
    struct month *m = arg;
    struct audit_event event;
    const char *fault;
    struct err err;

    if (answer == STORE_FAILED)
        warnings_add_error(m->warnings, m->keys[at], why);
    else if (answer != STORE_DONE)
        add_warning(m, at, "it does not exist");
    if (answer != STORE_DONE || m->failed)
        return;
    fault = audit_parse(text, &event, &err) ? err.text : fault_of(m, &event);
    if (fault)
        add_warning(m, at, fault);
    else if (!m->env || strcmp(event.promotion.environment, m->env) == 0)
        m->failed = add_event(m, at, &event) != 0;
}

static int newest_first(const void *a, const void *b)
{
    const struct stored *left = a, *right = b;

    if (left->when != right->when)
        return left->when < right->when ? 1 : -1;
    return strcmp(right->key, left->key);
}

/* Reports the events. Returns 1 if the callback has enough. */
static int report_events(struct month *m, history_fn *each, void *arg)
{
    struct err ignored;

    for (size_t i = 0; i < m->count; i++) {
        struct history_event event = {.when = m->events[i].when, .key = m->events[i].key};

        if (audit_parse(view_str(m->events[i].text), &event.event, &ignored))
            continue;
        if (each(arg, &event))
            return 1;
    }
    return 0;
}

/* Moves the keys of promotions to the front and returns their number. */
static size_t select_promotions(struct walk *walk)
{
    size_t count = 0;

    for (size_t i = 0; i < walk->count; i++) {
        char *key = walk->keys[i];

        if (!strstr(strrchr(key, '/'), MARK)) /* the name of an application may have it, too */
            continue;
        walk->keys[i] = walk->keys[count];
        walk->keys[count++] = key;
    }
    return count;
}

/* Reads and reports the events of a month. Returns 1 if the callback has enough. */
static int read_month(struct store *store, const char *prefix, const char *app, const char *env,
                      history_fn *each, void *arg, struct text *warnings, struct err *err)
{
    struct walk walk = {0};
    struct month m = {.app = app, .env = env, .warnings = warnings, .err = err};
    int answer = walk_run(&walk, store, prefix, '/', err);

    walk_warn(&walk, prefix, warnings);
    m.keys = walk.keys;
    if (answer == 0)
        answer = fetch_run(store, walk.keys, select_promotions(&walk), take_event, &m, err);
    if (m.failed)
        answer = ERR_FAIL;
    if (m.count)
        qsort(m.events, m.count, sizeof *m.events, newest_first);
    if (answer == 0)
        answer = report_events(&m, each, arg);
    free(m.events);
    strings_finish(&m.strings);
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
            answer = read_month(store, month, app, env, each, arg, warnings, err);
    }
    walk_finish(&months);
    return answer < 0 ? ERR_FAIL : 0;
}
