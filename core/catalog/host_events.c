/*
 * The documents arrive in any order, so the events of all hosts are collected and sorted.
 */
#include "catalog/host_events.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/log.h"
#include "catalog/deployed_list.h"

static int add_event(struct host_events *events, const char *host,
                     const struct deployed_event *event, struct err *err)
{
    struct host_event *item;

    if (!array_reserve(&events->items, &events->room, events->count, sizeof *events->items))
        return err_memory(err, "the events of hosts");
    item = &events->items[events->count];
    *item = (struct host_event){.when = 0};
    (void)clock_parse_rfc3339(event->at, &item->when);
    item->at = strings_keep(&events->strings, event->at, err);
    item->host = strings_keep(&events->strings, host, err);
    item->result = strings_keep(&events->strings, event->result, err);
    item->image_ref = strings_keep(&events->strings, event->image_reference, err);
    item->error_code = strings_keep(&events->strings, event->error_code, err);
    if (!item->at || !item->host || !item->result || !item->image_ref || !item->error_code)
        return ERR_FAIL;
    events->count++;
    return 0;
}

static int take_host(void *arg, const struct deployed *deployed, struct err *err)
{
    struct host_events *events = arg;
    int failed = 0;

    for (unsigned i = 0; !failed && i < deployed->event_count; i++)
        failed = add_event(events, deployed->host, &deployed->events[i], err);
    return failed;
}

static int newest_first(const void *a, const void *b)
{
    const struct host_event *left = a, *right = b;

    if (left->when != right->when)
        return left->when < right->when ? 1 : -1;
    return strcmp(left->host, right->host);
}

int host_events_read(struct store *store, const char *app, const char *env, struct host_events *out,
                     struct text *warnings, struct err *err)
{
    struct deployed_list list;

    *out = (struct host_events){.items = NULL};
    if (deployed_list_read(store, app, env, &list, take_host, out, warnings, err)) {
        if (!err_is(err, ERR_AUTH, CODE_DENIED))
            return ERR_FAIL;
        log_debug("the events of hosts are left out: %s", err->text);
    }
    if (out->count)
        qsort(out->items, out->count, sizeof *out->items, newest_first);
    return 0;
}

void host_events_finish(struct host_events *events)
{
    strings_finish(&events->strings);
    free(events->items);
    *events = (struct host_events){.items = NULL};
}
