/*
 * provider - holds the current set of credentials of a store and keeps it fresh. All functions are
 * thread-safe.
 *
 * The first set is fetched by provider_create, on its thread. Later ones are fetched by one thread
 * of the provider, which starts when the first fetch is due. A fetch becomes due in provider_get or
 * provider_reject, by the rules of refresh_plan.h: without requests, nothing is refreshed. No
 * function but provider_create and provider_destroy blocks.
 */
#ifndef S3DOCK_CREDENTIALS_PROVIDER_H
#define S3DOCK_CREDENTIALS_PROVIDER_H

#include <stdbool.h>
#include <stdint.h>

#include "credentials/credentials.h"

struct err;

struct provider_source {
    /* Fetches a set: reads files, runs programs, sends requests. 0: in `out`. SOURCE_ABSENT (1):
     * none is configured. `may_ask`: the user may be asked on the terminal; only in
     * provider_create. `rejected`: the access key that the store has refused since the last call,
     * or NULL. Calls do not overlap. */
    int (*resolve)(void *arg, bool may_ask, const char *rejected, struct credentials *out,
                   struct err *err);
    /* Returns the wall clock, ns. NULL: clock_wall. */
    int64_t (*now)(void *arg);
    /* Makes a running or later `resolve` return soon, with cancelled.*. NULL: not needed. */
    void (*stop)(void *arg);
    void *arg; /* borrowed; valid as long as the provider exists */
};

struct credential_provider;

/* Fetches the first set. If the source is absent, the set is anonymous. NULL: the source failed, or
 * returned a set that has expired (auth.answer). */
struct credential_provider *provider_create(const struct provider_source *source, struct err *err);
/* Makes a provider of one set that never changes. The set is copied. */
struct credential_provider *provider_of_set(const struct credentials *set, struct err *err);
/* Calls `stop` and joins the thread, if it has started. Takes NULL. */
void provider_destroy(struct credential_provider *provider);

/* A user's copy of the set. Begin with {0}; wipe it with credentials_finish(&copy.set). */
struct provider_copy {
    unsigned serial; /* of the set; 0: no copy yet */
    struct credentials set;
};

enum provider_answer {
    PROVIDER_READY = 0, /* the copy is the current set, and may be used */
    PROVIDER_WAIT = 1,  /* a fetch runs or is due; the watcher is called after it */
};

/* Updates the copy if the set has changed. Fails with the error of the last fetch, if the set may
 * not be used any more. */
int provider_get(struct credential_provider *provider, struct provider_copy *copy, struct err *err);
/* Notes that the store has refused the set of this serial. Nothing happens if another one is
 * current. Otherwise provider_get returns PROVIDER_WAIT until the provider has another set. It
 * fails with auth.rejected if the source returned the same set again. */
void provider_reject(struct credential_provider *provider, unsigned serial);
/* Returns whether a fetch runs or is about to. */
bool provider_is_fetching(struct credential_provider *provider);
/* Sets the store's clock minus ours, ns. */
void provider_set_clock(struct credential_provider *provider, int64_t offset);
/* Sets a function that is called after each fetch, on the thread of the provider, under its lock.
 * It must not call the provider. NULL: none; after the return it does not run any more. */
void provider_watch(struct credential_provider *provider, void (*changed)(void *arg), void *arg);

#endif
