/*
 * The log is read from the newest event backwards. Each rollback cancels one promotion before it,
 * so the search skips one promotion for each rollback. The target that the first remaining
 * promotion replaced is the answer.
 */
#include "catalog/previous.h"

#include <stdio.h>
#include <string.h>

#include "catalog/history.h"
#include "catalog/resolve.h"

struct search {
    struct previous *wanted;
    size_t count, open;
};

/* Returns true if the event set the environment to its current target. */
static bool explains_target(const struct audit_event *event, const struct pointer *now)
{
    const struct audit_promotion *details = &event->promotion;
    char version[NAME_VERSION_MAX], tag[sizeof event->app_name + NAME_VERSION_MAX];
    struct image_name image;

    if (resolve_version_of(event->app_name, now, version)) {
        snprintf(tag, sizeof tag, "%s:%s", event->app_name, version);
        return strcmp(details->source, tag) == 0;
    }
    return resolve_image_of(event->app_name, now, &image) &&
           strcmp(details->source, image.ref) == 0;
}

static void step_back(struct previous *p, const struct audit_event *event)
{
    const struct audit_promotion *details = &event->promotion;

    if (event->overtaken)
        return;
    if (!p->begun && !explains_target(event, p->now)) {
        p->answer = PREVIOUS_UNKNOWN;
        p->done = true;
        return;
    }
    p->begun = true;
    if (details->rollback) {
        p->taken_back++;
        return;
    }
    if (p->taken_back) {
        p->taken_back--;
        return;
    }
    p->answer = details->previous_target[0] ? PREVIOUS_FOUND : PREVIOUS_NONE;
    str_copy(p->target, sizeof p->target, details->previous_target);
    p->done = true;
}

static int each_event(void *arg, const struct history_event *at)
{
    struct search *search = arg;

    for (size_t i = 0; i < search->count; i++) {
        struct previous *p = &search->wanted[i];

        if (p->done || strcmp(p->env, at->event.promotion.environment) != 0)
            continue;
        p->seen = true;
        step_back(p, &at->event);
        search->open -= p->done;
    }
    return search->open == 0;
}

int previous_find(struct store *store, const char *app, struct previous *wanted, size_t count,
                  struct text *warnings, struct err *err)
{
    struct search search = {.wanted = wanted, .count = count, .open = count};

    if (count == 0)
        return 0;
    if (history_read(store, app, count == 1 ? wanted->env : NULL, each_event, &search, warnings,
                     err))
        return ERR_FAIL;
    for (size_t i = 0; i < count; i++) /* the log begins too late */
        if (!wanted[i].done && wanted[i].seen)
            wanted[i].answer = PREVIOUS_UNKNOWN;
    return 0;
}
