/*
 * The log is read from the newest event backwards. Each rollback cancels one promotion before it,
 * so the search skips one promotion for each rollback. The target that the first remaining
 * promotion replaced is the result.
 */
#include "catalog/previous.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "catalog/history.h"
#include "catalog/resolve.h"

struct search {
    struct previous **sorted; /* by environment */
    size_t count, open;
};

static int by_environment(const void *a, const void *b)
{
    return strcmp((*(struct previous *const *)a)->env, (*(struct previous *const *)b)->env);
}

/* Returns the first place whose environment is not before `env`. */
static size_t find_place(const struct search *search, const char *env)
{
    size_t low = 0, high = search->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(search->sorted[middle]->env, env) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

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
    const char *env = at->event.promotion.environment;
    struct search *search = arg;

    for (size_t i = find_place(search, env); i < search->count; i++) {
        struct previous *p = search->sorted[i];

        if (strcmp(p->env, env) != 0)
            break;
        if (p->done)
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
    struct search search = {.count = count, .open = count};
    int failed;

    if (count == 0)
        return 0;
    search.sorted = malloc(count * sizeof(struct previous *));
    if (!search.sorted)
        return err_memory(err, "the environments of an application");
    for (size_t i = 0; i < count; i++)
        search.sorted[i] = &wanted[i];
    qsort(search.sorted, count, sizeof(struct previous *), by_environment);
    failed = history_read(store, app, count == 1 ? wanted->env : NULL, each_event, &search,
                          warnings, err);
    free(search.sorted);
    if (failed)
        return ERR_FAIL;
    for (size_t i = 0; i < count; i++) /* the log begins too late */
        if (!wanted[i].done && wanted[i].seen)
            wanted[i].answer = PREVIOUS_UNKNOWN;
    return 0;
}
