/*
 * The thread waits until a fetch is wanted, runs the source without the lock, and stores the result
 * under it. Users never wait for the lock longer than for a copy of the set.
 */
#include "credentials/provider.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/codes.h"
#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "credentials/refresh_plan.h"
#include "credentials/source.h"
#include "flow/thread.h"

struct credential_provider {
    struct provider_source source; /* without `resolve`: the set never changes */
    pthread_mutex_t lock;          /* of all below */
    pthread_cond_t wake;           /* wanted, closing */
    pthread_t thread;
    bool started, wanted, closing; /* wanted: until the fetch has ended */

    struct credentials set;
    unsigned serial;
    struct refresh_plan plan;
    struct err failure; /* of the last fetch */
    int64_t clock_offset;
    uint64_t seed;
    void (*changed)(void *arg);
    void *changed_arg;
};

static int64_t now_of(const struct credential_provider *provider)
{
    const struct provider_source *source = &provider->source;

    return (source->now ? source->now(source->arg) : clock_wall()) + provider->clock_offset;
}

static bool is_temporary(const struct err *err)
{
    return err->family == ERR_NETWORK || err_is(err, ERR_AUTH, CODE_SOURCE) ||
           err_is(err, ERR_AUTH, CODE_PROCESS);
}

/* ---- the result of a fetch ---- */

static void set_current(struct credential_provider *provider, const struct credentials *fresh)
{
    provider->set = *fresh;
    provider->serial++;
    provider->failure.text[0] = '\0';
    refresh_plan_begin(&provider->plan, now_of(provider), fresh->expiry,
                       random_next(&provider->seed), fresh->kind == CREDENTIALS_INSTANCE);
}

/* The issuer's clock counts until the store has responded: the expiry is a time of that clock. */
static void learn_clock(struct credential_provider *provider, const struct credentials *fresh)
{
    if (!provider->clock_offset)
        provider->clock_offset = fresh->clock_offset;
}

static int check_expiry(const struct credentials *fresh, int64_t now, struct err *err)
{
    char until[CLOCK_RFC3339_SIZE];

    if (!fresh->expiry || fresh->expiry > now)
        return 0;
    clock_rfc3339(fresh->expiry, until);
    err_set(err, ERR_AUTH, CODE_ANSWER, "%s gave credentials that have expired already, at %s",
            fresh->source, until);
    return err_hint(err,
                    "get new ones at their source, or set this machine's clock if it is wrong");
}

/* Turns an absent source into a failure: there was a set before. */
static int check_fresh(const struct credential_provider *provider, int answer,
                       const struct credentials *fresh, struct err *err)
{
    if (answer == SOURCE_ABSENT)
        return err_set(err, ERR_AUTH, CODE_NO_CREDENTIALS, "%s has no credentials any more",
                       provider->set.source);
    if (answer != SOURCE_FOUND || check_expiry(fresh, now_of(provider), err))
        return ERR_FAIL;
    if (provider->plan.rejected && credentials_equal(fresh, &provider->set))
        return err_set(err, ERR_AUTH, CODE_REJECTED,
                       "the store refused the credentials of %s, and there are no new ones",
                       provider->set.source);
    return 0;
}

static void note_failure(struct credential_provider *provider, bool temporary)
{
    refresh_plan_failed(&provider->plan, now_of(provider), temporary);
}

static void log_new_set(const struct credentials *fresh)
{
    char until[CLOCK_RFC3339_SIZE];

    clock_rfc3339(fresh->expiry / NS_PER_S * NS_PER_S, until);
    log_info("using new credentials of %s%s%s", fresh->source,
             fresh->expiry ? ", valid until " : "", fresh->expiry ? until : "");
}

/* Logs the failure. Only for debugging: a failure that provider_get returns, and a repeated one. */
static void log_failure(const struct credential_provider *provider, bool known)
{
    bool fatal = refresh_plan_use(&provider->plan, now_of(provider)) == REFRESH_FAIL;
    bool quiet = known || fatal || provider->failure.family == ERR_CANCELLED;

    log_print(quiet ? LOG_DEBUG : LOG_INFO, "no new credentials: %s", provider->failure.text);
}

static void store_result(struct credential_provider *provider, int answer,
                         const struct credentials *fresh, struct err *err)
{
    learn_clock(provider, fresh);
    if (check_fresh(provider, answer, fresh, err)) {
        bool known = strcmp(err->text, provider->failure.text) == 0;

        provider->failure = *err;
        note_failure(provider, is_temporary(err));
        log_failure(provider, known);
    } else if (credentials_equal(fresh, &provider->set) && fresh->expiry <= provider->plan.expiry) {
        note_failure(provider, true); /* the source has no newer set yet */
    } else {
        set_current(provider, fresh);
        log_new_set(fresh);
    }
}

/* ---- the thread ---- */

/* Called with the lock, which is released for the time of the fetch. */
static void fetch(struct credential_provider *provider)
{
    const struct provider_source *source = &provider->source;
    char rejected[sizeof provider->set.access_key] = "";
    struct credentials fresh = {0};
    struct err err = {0};
    int answer;

    if (provider->plan.rejected)
        memcpy(rejected, provider->set.access_key, sizeof rejected);
    pthread_mutex_unlock(&provider->lock);
    answer = source->resolve(source->arg, false, rejected[0] ? rejected : NULL, &fresh, &err);
    pthread_mutex_lock(&provider->lock);
    store_result(provider, answer, &fresh, &err);
    credentials_finish(&fresh);
    provider->wanted = false;
    if (provider->changed)
        provider->changed(provider->changed_arg);
}

static void *run_fetches(void *arg)
{
    struct credential_provider *provider = arg;

    pthread_mutex_lock(&provider->lock);
    while (!provider->closing) {
        if (provider->wanted)
            fetch(provider);
        else
            pthread_cond_wait(&provider->wake, &provider->lock);
    }
    pthread_mutex_unlock(&provider->lock);
    return NULL;
}

static void want_fetch(struct credential_provider *provider)
{
    if (provider->wanted || refresh_plan_due(&provider->plan) > now_of(provider))
        return;
    if (!provider->source.resolve) {
        struct err err;
        store_result(provider, SOURCE_FOUND, &provider->set, &err);
        return;
    }
    if (!provider->started && thread_run(&provider->thread, run_fetches, provider,
                                         "the thread of the credentials", &provider->failure)) {
        note_failure(provider, true);
        return;
    }
    provider->started = provider->wanted = true;
    pthread_cond_signal(&provider->wake);
}

/* ---- making one ---- */

static struct credential_provider *make_provider(const struct provider_source *source,
                                                 struct err *err)
{
    struct credential_provider *provider = calloc(1, sizeof *provider);
    struct err ignored;

    if (!provider) {
        err_memory(err, "the credentials");
        return NULL;
    }
    provider->source = *source;
    pthread_mutex_init(&provider->lock, NULL);
    pthread_cond_init(&provider->wake, NULL);
    if (random_fill(&provider->seed, sizeof provider->seed, &ignored))
        provider->seed = (uint64_t)clock_monotonic();
    return provider;
}

struct credential_provider *provider_create(const struct provider_source *source, struct err *err)
{
    struct credential_provider *provider = make_provider(source, err);
    struct credentials first = {0};
    int answer;

    if (!provider)
        return NULL;
    answer = source->resolve(source->arg, true, NULL, &first, err);
    learn_clock(provider, &first);
    if (answer == SOURCE_ABSENT ||
        (answer == SOURCE_FOUND && !check_expiry(&first, now_of(provider), err))) {
        set_current(provider, &first);
    } else {
        provider_destroy(provider);
        provider = NULL;
    }
    credentials_finish(&first);
    return provider;
}

struct credential_provider *provider_of_set(const struct credentials *set, struct err *err)
{
    struct credential_provider *provider = make_provider(&(struct provider_source){0}, err);

    if (provider)
        set_current(provider, set);
    return provider;
}

static void stop_thread(struct credential_provider *provider)
{
    pthread_mutex_lock(&provider->lock);
    provider->closing = true;
    pthread_cond_signal(&provider->wake);
    pthread_mutex_unlock(&provider->lock);
    if (provider->source.stop)
        provider->source.stop(provider->source.arg);
    pthread_join(provider->thread, NULL);
}

void provider_destroy(struct credential_provider *provider)
{
    if (!provider)
        return;
    if (provider->started)
        stop_thread(provider);
    pthread_cond_destroy(&provider->wake);
    pthread_mutex_destroy(&provider->lock);
    credentials_finish(&provider->set);
    free(provider);
}

/* ---- for users ---- */

int provider_get(struct credential_provider *provider, struct provider_copy *copy, struct err *err)
{
    int answer = PROVIDER_READY;

    pthread_mutex_lock(&provider->lock);
    want_fetch(provider);
    switch (refresh_plan_use(&provider->plan, now_of(provider))) {
    case REFRESH_USE:
        if (copy->serial != provider->serial) {
            copy->set = provider->set;
            copy->serial = provider->serial;
        }
        break;
    case REFRESH_WAIT:
        answer = PROVIDER_WAIT;
        break;
    case REFRESH_FAIL:
        *err = provider->failure;
        answer = ERR_FAIL;
        break;
    }
    pthread_mutex_unlock(&provider->lock);
    return answer;
}

void provider_reject(struct credential_provider *provider, unsigned serial)
{
    pthread_mutex_lock(&provider->lock);
    if (serial == provider->serial && !provider->plan.rejected) {
        refresh_plan_reject(&provider->plan);
        want_fetch(provider);
    }
    pthread_mutex_unlock(&provider->lock);
}

bool provider_is_fetching(struct credential_provider *provider)
{
    bool fetching;

    pthread_mutex_lock(&provider->lock);
    fetching = provider->wanted;
    pthread_mutex_unlock(&provider->lock);
    return fetching;
}

void provider_set_clock(struct credential_provider *provider, int64_t offset)
{
    pthread_mutex_lock(&provider->lock);
    provider->clock_offset = offset;
    pthread_mutex_unlock(&provider->lock);
}

void provider_watch(struct credential_provider *provider, void (*changed)(void *arg), void *arg)
{
    pthread_mutex_lock(&provider->lock);
    provider->changed = changed;
    provider->changed_arg = arg;
    pthread_mutex_unlock(&provider->lock);
}
